"""Flutterwave's banks, transfers and balances, as a client of its documentation meets them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import requests

from sandbox.config import SandboxConfig
from sandbox.flutterwave.fees import told_transfer_fee, transfer_fee_of
from sandbox.serve import SandboxServer
from tests.sandbox.actors import Driver
from tests.sandbox.flutterwave import GTBANK, PHONE, WALLET, Flutterwave, events
from tests.sandbox.product import RecordingProduct, eventually

NO_FUNDS = "DISBURSE FAILED: Insufficient funds in customer wallet"


@pytest.fixture
def config(config: SandboxConfig) -> SandboxConfig:
    """Payouts are pending for a moment only, because the tests wait for them."""
    return replace(config, transfer_seconds=0.05)


@pytest.fixture
def flutterwave(config: SandboxConfig, driver: Driver) -> Flutterwave:
    return Flutterwave(config, driver)


# --- banks and accounts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "code", "name"),
    [
        ("NG", "044", "Access Bank"),
        ("NG", "057", "Zenith Bank"),
        ("ng", "058", "Guaranty Trust Bank"),
        ("GH", "MTN", "MTN"),
        ("GH", "GH280100", "Access Bank Ghana"),
        ("KE", "MPS", "M-PESA"),
        ("KE", "68", "Equity Bank"),
        ("ZA", "470010", "Capitec Bank Limited"),
        ("UG", "MPS", "Mobile Money"),
    ],
)
def test_the_banks_of_a_country_have_its_codes(flutterwave: Flutterwave, country: str, code: str, name: str) -> None:
    body = flutterwave.get(f"/banks/{country}")
    [bank] = [bank for bank in body["data"] if bank["code"] == code]
    assert (body["message"], bank["name"]) == ("Banks fetched successfully", name)
    assert isinstance(bank["id"], int)
    assert flutterwave.get("/banks/XX", 400)["status"] == "error"


def test_an_account_has_the_name_of_the_person_with_that_phone(flutterwave: Flutterwave, driver: Driver) -> None:
    driver.person(e164="+2348031234567", name="Ngozi Okafor")
    found = flutterwave.post("/accounts/resolve", GTBANK)
    assert found["message"] == "Account details fetched"
    assert found["data"] == {"account_number": "8031234567", "account_name": "NGOZI OKAFOR"}
    for number, bank in (("0123450000", "058"), ("0123456789", "999"), ("0712345678", "MPS")):
        answer = flutterwave.post("/accounts/resolve", {"account_number": number, "account_bank": bank}, 400)
        assert answer["message"] == "Sorry, recipient account could not be validated. Please try again"


# --- transfers ------------------------------------------------------------------------------------------------------


def test_a_transfer_is_new_then_pending_then_successful(flutterwave: Flutterwave, driver: Driver) -> None:
    flutterwave.orders("transfers", "success", delay_seconds=100)
    answer = flutterwave.sends("gwp-1", currency="NGN", beneficiary_name="Ngozi", **GTBANK)
    data = answer["data"]
    assert (answer["message"], data["status"], data["complete_message"]) == ("Transfer Queued Successfully", "NEW", "")
    assert (data["amount"], data["fee"], data["currency"], data["debit_currency"]) == (5000, 10.75, "NGN", "NGN")
    assert (data["reference"], data["narration"], data["bank_code"]) == ("gwp-1", "Umoja", "058")
    assert (data["bank_name"], data["full_name"]) == ("Guaranty Trust Bank", "Ngozi")
    assert (data["requires_approval"], data["is_approved"], data["meta"]) == (0, 1, None)
    driver.post("/sandbox/clock", {"forward": "60s"})
    assert flutterwave.transfer("gwp-1")["status"] == "PENDING"
    driver.post("/sandbox/clock", {"forward": "60s"})
    ended = flutterwave.get(f"/transfers/{data['id']}")["data"]
    assert (ended["status"], ended["complete_message"]) == ("SUCCESSFUL", "Transaction was successful")
    assert flutterwave.get("/transfers/1", 404)["status"] == "error"


def test_a_used_reference_is_refused_and_pays_nothing(flutterwave: Flutterwave) -> None:
    flutterwave.sends("gwp-1")
    again = flutterwave.sends("gwp-1", 400, amount=900)
    assert again == {"status": "error", "message": "Transfer with reference already exists", "data": None}
    assert flutterwave.becomes("SUCCESSFUL", "gwp-1")["amount"] == 5000


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": 10.001}, "amount"),
        ({"currency": "EUR"}, "Currency"),
        ({"debit_currency": "NGN"}, "debit_currency"),
        ({"account_bank": ""}, "account_bank"),
        ({"account_bank": "058"}, "bank code"),
        ({"account_number": ""}, "account_number"),
        ({"account_number": "12"}, "account number"),
        ({"account_bank": "68", "account_number": "12x"}, "account number"),
    ],
)
def test_transfers_that_are_turned_down(flutterwave: Flutterwave, fields: dict[str, Any], word: str) -> None:
    answer = flutterwave.sends("gwp-1", 400, **fields)
    assert answer["status"] == "error" and word in answer["message"]
    assert flutterwave.get("/transfers?reference=gwp-1")["data"] == []


def test_a_balance_too_low_is_told_by_a_failed_transfer(
    flutterwave: Flutterwave, driver: Driver, product: RecordingProduct
) -> None:
    driver.post("/sandbox/flutterwave/float", {"currency": "KES", "amount_minor": 504_000})
    assert flutterwave.balance() == 5040
    assert flutterwave.sends("gwp-1", amount=5000.01)["data"]["status"] == "NEW"
    assert flutterwave.becomes("FAILED", "gwp-1")["complete_message"] == NO_FUNDS
    flutterwave.sends("gwp-2")
    flutterwave.becomes("SUCCESSFUL", "gwp-2")
    assert flutterwave.balance() == 0
    assert {event["data"]["status"] for event in events(product, 2)} == {"FAILED", "SUCCESSFUL"}
    for wrong in (
        {"currency": "KES"},
        {"currency": "EUR", "amount_minor": 5},
        {"currency": "KES", "amount_minor": "5"},
    ):
        driver.post("/sandbox/flutterwave/float", wrong, 400)
    driver.post("/sandbox/flutterwave/float", {"currency": "KES", "amount_minor": None})
    assert flutterwave.balance() == driver.config.flutterwave_float - 5040


def test_money_under_way_is_missing_from_the_balance(flutterwave: Flutterwave, driver: Driver) -> None:
    driver.post("/sandbox/flutterwave/float", {"currency": "KES", "amount_minor": 1_007_999})
    flutterwave.orders("transfers", "success", delay_seconds=100)
    flutterwave.sends("gwp-1")
    assert (flutterwave.transfer("gwp-1")["status"], flutterwave.balance()) == ("NEW", 5039.99)
    driver.post("/sandbox/clock", {"forward": "60s"})
    assert (flutterwave.transfer("gwp-1")["status"], flutterwave.balance()) == ("PENDING", 5039.99)
    flutterwave.sends("gwp-2")
    assert flutterwave.becomes("FAILED", "gwp-2")["complete_message"] == NO_FUNDS
    driver.post("/sandbox/flutterwave/transfers/gwp-1/fail")
    assert flutterwave.balance() == 10079.99


def test_many_calls_with_one_reference_make_one_transfer(flutterwave: Flutterwave) -> None:
    before = flutterwave.balance()
    body = {"amount": 5000, "currency": "KES", "reference": "gwp-1", **WALLET}

    def sends(_: int) -> int:
        url = f"{flutterwave.base_url}/transfers"
        return requests.post(url, json=body, headers=flutterwave.headers, timeout=15).status_code

    with ThreadPoolExecutor(8) as callers:
        assert sorted(callers.map(sends, range(8))) == [200, *[400] * 7]
    flutterwave.becomes("SUCCESSFUL", "gwp-1")
    assert flutterwave.balance() == before - 5040


def test_a_wallet_without_a_name_is_taken_and_fails(flutterwave: Flutterwave) -> None:
    flutterwave.sends("gwp-1", beneficiary_name=None)
    assert flutterwave.becomes("FAILED", "gwp-1")["complete_message"] == "beneficiary_name is required"


def test_a_failed_transfer_is_retried_under_a_new_reference(flutterwave: Flutterwave) -> None:
    flutterwave.orders("transfers", "failed", message="DISBURSE FAILED: Bank is down")
    number = flutterwave.sends("gwp-1")["data"]["id"]
    assert flutterwave.becomes("FAILED", "gwp-1")["complete_message"] == "DISBURSE FAILED: Bank is down"
    again = flutterwave.post(f"/transfers/{number}/retries", {})["data"]
    assert again["id"] != number and again["reference"] != "gwp-1" and again["status"] == "NEW"
    flutterwave.becomes("SUCCESSFUL", again["reference"])
    assert flutterwave.transfer("gwp-1")["status"] == "FAILED"
    flutterwave.post(f"/transfers/{again['id']}/retries", {}, 400)
    flutterwave.post("/transfers/1/retries", {}, 404)


def test_transfers_are_listed_newest_first_in_pages(flutterwave: Flutterwave) -> None:
    references = [f"gwp-{number:02d}" for number in range(12)]
    flutterwave.orders("transfers", "pending", count=11)
    for reference in references:
        flutterwave.sends(reference)
    flutterwave.becomes("SUCCESSFUL", references[11])
    first, second = flutterwave.get("/transfers"), flutterwave.get("/transfers?page=2")
    assert [row["reference"] for row in first["data"] + second["data"]] == references[::-1]
    assert second["meta"] == {"page_info": {"total": 12, "current_page": 2, "total_pages": 2}}
    assert [row["reference"] for row in flutterwave.get("/transfers?status=successful")["data"]] == references[11:]
    assert flutterwave.get("/transfers?from=2999-01-01")["data"] == []
    assert flutterwave.get("/transfers?from=2020-01-01&to=2999-01-01")["meta"]["page_info"]["total"] == 12
    assert flutterwave.get("/transfers?from=yesterday", 400)["status"] == "error"


@pytest.mark.parametrize(
    ("amount", "currency", "is_wallet", "told", "taken"),
    [
        ("5000", "NGN", False, "10.75", 1_075),
        # The fee that is published has a fraction of a kobo; the balance has none.
        ("12500", "NGN", False, "26.875", 2_688),
        ("50000.01", "NGN", False, "53.75", 5_375),
        ("100000", "UGX", True, "1000", 1_000),
        ("200001", "UGX", True, "2400.012", 2_401),
        ("100", "UGX", False, "5000", 5_000),
        ("1500", "KES", True, "20", 2_000),
        ("1500", "KES", False, "100", 10_000),
    ],
)
def test_transfer_fees_are_those_of_the_price_list(
    amount: str, currency: str, is_wallet: bool, told: str, taken: int
) -> None:
    assert told_transfer_fee(Decimal(amount), currency, is_wallet) == Decimal(told)
    assert transfer_fee_of(Decimal(amount), currency, is_wallet) == taken


def test_the_fee_of_a_transfer_can_be_asked_for(flutterwave: Flutterwave) -> None:
    body = flutterwave.get("/transfers/fee?amount=12500&currency=NGN&type=account")
    assert body["data"] == [{"currency": "NGN", "fee_type": "value", "fee": 26.875}]
    assert flutterwave.get("/transfers/fee?amount=1500&currency=KES&type=mobilemoney")["data"][0]["fee"] == 20
    flutterwave.get("/transfers/fee?amount=1500&currency=USD", 400)
    flutterwave.get("/transfers/fee?currency=NGN", 400)


# --- what becomes of transfers --------------------------------------------------------------------------------------


def test_a_pending_transfer_can_be_moved(flutterwave: Flutterwave, driver: Driver, product: RecordingProduct) -> None:
    before = flutterwave.balance()
    flutterwave.orders("transfers", "pending", count=2)
    for reference, action, status in (("gwp-1", "success", "SUCCESSFUL"), ("gwp-2", "fail", "FAILED")):
        flutterwave.sends(reference)
        moved = driver.post(f"/sandbox/flutterwave/transfers/{reference}/{action}")
        assert moved == {"reference": reference, "status": status}
        driver.post(f"/sandbox/flutterwave/transfers/{reference}/{action}")
    assert flutterwave.balance() == before - 5040
    driver.post("/sandbox/flutterwave/transfers/gwp-2/success", status=409)
    assert driver.post("/sandbox/flutterwave/transfers/gwp-1/reverse")["status"] == "FAILED"
    driver.post("/sandbox/flutterwave/transfers/gwp-1/reverse")
    assert flutterwave.transfer("gwp-1")["complete_message"] == "DISBURSE FAILED: Transaction was reversed"
    assert flutterwave.balance() == before
    told = [(event["data"]["reference"], event["data"]["status"]) for event in events(product, 3)]
    assert told == [("gwp-1", "SUCCESSFUL"), ("gwp-2", "FAILED"), ("gwp-1", "FAILED")]
    driver.post("/sandbox/flutterwave/transfers/none/success", status=404)
    driver.post("/sandbox/flutterwave/transfers/gwp-1/steal", status=404)


def test_the_outcome_of_coming_transfers_can_be_ordered(flutterwave: Flutterwave, driver: Driver) -> None:
    flutterwave.orders("transfers", "failed", count=2)
    flutterwave.orders("transfers", "reversed")
    for number in range(4):
        flutterwave.sends(f"gwp-{number}")
    for number, status in enumerate(("FAILED", "FAILED", "FAILED", "SUCCESSFUL")):
        flutterwave.becomes(status, f"gwp-{number}")
    for wrong in ({"outcome": "lost"}, {"outcome": "failed", "count": 0}, {"outcome": "failed", "delay_seconds": -1}):
        driver.post("/sandbox/flutterwave/transfers/next", wrong, 400)
    driver.post("/sandbox/flutterwave/pigeons/next", {"outcome": "failed"}, 404)
    flutterwave.orders("transfers", "failed", count=None)
    assert driver.post("/sandbox/flutterwave/transfers/next", {"outcome": "none"}, 201) == {"next": []}


def test_a_transfer_without_delay_has_ended_when_the_answer_still_says_new(
    flutterwave: Flutterwave, product: RecordingProduct
) -> None:
    flutterwave.orders("transfers", "success", delay_seconds=0)
    assert flutterwave.sends("gwp-1")["data"]["status"] == "NEW"
    [event] = events(product, 1)
    assert (event["event"], event["event.type"]) == ("transfer.completed", "Transfer")
    told = flutterwave.transfer("gwp-1")
    for key in ("id", "status", "reference", "amount", "fee", "currency", "complete_message", "account_number"):
        assert event["data"][key] == told[key], key
    assert event["data"]["fullname"] == told["full_name"] == "Wanjiru Kamau"


def test_a_restart_forgets_no_transfer_and_no_plan(
    start_sandbox: Callable[..., SandboxServer], config: SandboxConfig
) -> None:
    first = start_sandbox()
    flutterwave = Flutterwave(config, Driver(config))
    flutterwave.orders("transfers", "failed", count=2, delay_seconds=60)
    flutterwave.sends("gwp-1")
    flutterwave.charges("mpesa", "gw-1")
    first.stop()
    start_sandbox()
    flutterwave.sends("gwp-2")
    flutterwave.driver.post("/sandbox/clock", {"forward": "2m"})
    assert [flutterwave.transfer(reference)["status"] for reference in ("gwp-1", "gwp-2")] == ["FAILED", "FAILED"]
    assert flutterwave.pays("gw-1")["status"] == "successful"


def test_a_timeout_pays_and_tells_before_the_answer(
    flutterwave: Flutterwave, driver: Driver, product: RecordingProduct
) -> None:
    driver.orders_fault("flutterwave", "timeout", path="/transfers", seconds=2)
    body = {"amount": 5000, "currency": "KES", "reference": "gwp-1", "account_bank": "MPS", "account_number": PHONE}
    with pytest.raises(requests.ReadTimeout):
        flutterwave.post("/transfers", {**body, "beneficiary_name": "Wanjiru"}, timeout=0.4)
    assert [event["data"]["status"] for event in events(product, 1)] == ["SUCCESSFUL"]
    assert flutterwave.transfer("gwp-1")["status"] == "SUCCESSFUL"


# --- phones ---------------------------------------------------------------------------------------------------------


def test_the_owner_of_a_wallet_sees_the_money(flutterwave: Flutterwave, driver: Driver) -> None:
    flutterwave.sends("gwp-1", amount=5000.5)
    [message] = eventually(lambda: driver.inbox(PHONE))
    assert message["text"] == "You received KES 5,000.50 from GroupWallet (M-PESA): Umoja"
    driver.post("/sandbox/flutterwave/transfers/gwp-1/reverse")
    assert driver.inbox(PHONE)[1]["text"] == "KES 5,000.50 from GroupWallet was taken back (M-PESA)."
    [mine] = driver.get("/sandbox/flutterwave/transfers?phone=%2B254712345678")["transfers"]
    assert (mine["reference"], mine["amount"], mine["fee_minor"], mine["phone"]) == (
        "gwp-1",
        "KES 5,000.50",
        4_000,
        PHONE,
    )
    assert driver.get("/sandbox/flutterwave/transfers?phone=%2B254700000000")["transfers"] == []
