"""What Flutterwave writes down: lists, refunds, chargebacks, settlements, and a balance that is their exact sum."""

import random
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sandbox.config import SandboxConfig
from tests.sandbox.actors import Driver
from tests.sandbox.flutterwave import Flutterwave, events
from tests.sandbox.product import RecordingProduct, eventually

CONTROL = "/sandbox/flutterwave"


@pytest.fixture
def config(config: SandboxConfig) -> SandboxConfig:
    return replace(config, transfer_seconds=0.05)


@pytest.fixture
def flutterwave(config: SandboxConfig, driver: Driver) -> Flutterwave:
    return Flutterwave(config, driver)


def paid(flutterwave: Flutterwave, tx_ref: str, **fields: Any) -> dict[str, Any]:
    flutterwave.opens(tx_ref, **fields)
    return flutterwave.pays(tx_ref)


def refunded(flutterwave: Flutterwave, tx_id: int, **asked: Any) -> dict[str, Any]:
    data: dict[str, Any] = flutterwave.post(f"/transactions/{tx_id}/refund", asked)["data"]
    return data


# --- lists ----------------------------------------------------------------------------------------------------------


def test_transactions_are_listed_newest_first_in_pages(flutterwave: Flutterwave, driver: Driver) -> None:
    for number in range(11):
        paid(flutterwave, f"gw-{number}")
    flutterwave.opens("gw-late", currency="NGN")
    driver.post("/sandbox/clock", {"forward": "3d"})
    # It begins with the first attempt to pay, however old the checkout is.
    flutterwave.pays("gw-late")
    body, second = flutterwave.get("/transactions"), flutterwave.get("/transactions?page=2")
    assert [row["tx_ref"] for row in body["data"]] == ["gw-late", *(f"gw-{number}" for number in range(10, 1, -1))]
    assert second["meta"] == {"page_info": {"total": 12, "current_page": 2, "total_pages": 2}}
    [one] = flutterwave.get("/transactions?tx_ref=gw-3&status=successful")["data"]
    assert (one["customer_email"], one["amount_settled"], "customer" in one) == ("m1@members.test", 4855, False)
    assert flutterwave.get("/transactions?status=failed")["data"] == []
    today = driver.get("/sandbox/clock")["now"][:10]
    [late] = flutterwave.get(f"/transactions?from={today}&to={today}")["data"]
    assert late["tx_ref"] == "gw-late" and flutterwave.get(f"/transactions?currency=NGN&from={today}")["data"] == [late]
    assert flutterwave.get("/transactions?from=yesterday", 400)["status"] == "error"


# --- refunds --------------------------------------------------------------------------------------------------------


def test_a_refund_is_taken_on_and_then_arrives(
    flutterwave: Flutterwave, driver: Driver, product: RecordingProduct
) -> None:
    transaction = paid(flutterwave, "gw-1")
    before = flutterwave.balance()
    flutterwave.orders("refunds", "pending", count=None)
    answer = flutterwave.post(f"/transactions/{transaction['id']}/refund", {"amount": 1200.5, "comments": "twice"})
    data = answer["data"]
    assert (answer["message"], data["status"]) == ("Transaction refund initiated", "completed")
    assert (data["tx_id"], data["flw_ref"], data["amount_refunded"]) == (
        transaction["id"],
        transaction["flw_ref"],
        1200.5,
    )
    assert flutterwave.balance() == before - 1200.5
    assert flutterwave.get(f"/refunds/{data['id']}")["data"]["status"] == "completed"
    driver.post(f"{CONTROL}/refunds/{data['id']}/complete")
    assert flutterwave.get(f"/refunds/{data['id']}")["data"]["status"] == "completed-momo"
    event = events(product, 2)[1]
    assert (event["event"], event["data"]["id"], event["data"]["amount_refunded"]) == (
        "refund.completed",
        data["id"],
        1200.5,
    )
    assert (event["data"]["tx_id"], event["data"]["tx_ref"]) == (transaction["id"], "gw-1")
    driver.post(f"{CONTROL}/refunds/{data['id']}/fail", status=409)
    driver.post(f"{CONTROL}/refunds/{data['id']}/steal", status=404)
    driver.post(f"{CONTROL}/refunds/1/fail", status=404)
    assert driver.post(f"{CONTROL}/webhooks/{data['id']}/resend", status=202)["event"] == "refund.completed"


def test_no_more_is_refunded_than_was_paid(flutterwave: Flutterwave, driver: Driver) -> None:
    number = paid(flutterwave, "gw-1")["id"]
    flutterwave.orders("refunds", "pending", count=None)
    first = refunded(flutterwave, number, amount="3000")
    flutterwave.post(f"/transactions/{number}/refund", {"amount": 2000.01}, 400)
    driver.post(f"{CONTROL}/refunds/{first['id']}/fail")
    assert flutterwave.get(f"/refunds/{first['id']}")["data"]["status"] == "failed"
    assert refunded(flutterwave, number)["amount_refunded"] == 5000
    flutterwave.post(f"/transactions/{number}/refund", {"amount": 1}, 400)
    flutterwave.post("/transactions/1/refund", {"amount": 1}, 400)
    flutterwave.charges("mpesa", "gw-2")
    pending = flutterwave.verifies("gw-2")["id"]
    flutterwave.post(f"/transactions/{pending}/refund", {"amount": 1}, 400)
    driver.post(f"{CONTROL}/float", {"currency": "NGN", "amount_minor": 0})
    poor = paid(flutterwave, "gw-3", currency="NGN")["id"]
    assert "balance" in flutterwave.post(f"/transactions/{poor}/refund", {"amount": 5000}, 400)["message"]


def test_refunds_are_listed_and_end_as_ordered(flutterwave: Flutterwave) -> None:
    number, other = paid(flutterwave, "gw-1")["id"], paid(flutterwave, "gw-2", currency="NGN")["id"]
    flutterwave.orders("refunds", "failed", delay_seconds=0)
    failed = refunded(flutterwave, number, amount=100)["id"]
    arrived = refunded(flutterwave, other, amount=200)["id"]
    eventually(lambda: flutterwave.get(f"/refunds/{arrived}")["data"]["status"] == "completed-mpgs")
    rows = [(row["id"], row["status"], row["currency"]) for row in flutterwave.get("/refunds")["data"]]
    assert rows == [(arrived, "completed-mpgs", "NGN"), (failed, "failed", "KES")]
    assert [row["id"] for row in flutterwave.get(f"/refunds?id={number}")["data"]] == [failed]
    assert flutterwave.get("/refunds?from=2999-01-01")["data"] == []
    flutterwave.get("/refunds/1", 404)


# --- chargebacks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decision", "status", "lost"), [("accept", "accepted", 5000), ("win", "won", 0), ("lose", "lost", 5000)]
)
def test_a_chargeback_holds_the_money_until_it_is_decided(
    flutterwave: Flutterwave, driver: Driver, decision: str, status: str, lost: int
) -> None:
    transaction = paid(flutterwave, "gw-1")
    before = flutterwave.balance()
    assert flutterwave.get("/chargebacks")["data"] == []
    opened = driver.post(f"{CONTROL}/transactions/gw-1/chargeback")
    [listed] = flutterwave.get("/chargebacks?status=initiated")["data"]
    assert listed == opened and listed["flw_ref"] == transaction["flw_ref"]
    assert (listed["amount"], listed["stage"], listed["transaction_id"]) == (5000, "new", transaction["id"])
    held = flutterwave.get("/balances/KES")["data"]
    assert (held["available_balance"], held["ledger_balance"]) == (before - 5000, before)
    driver.post(f"{CONTROL}/transactions/gw-1/chargeback", status=409)
    driver.post(f"{CONTROL}/chargebacks/{opened['id']}/{decision}")
    driver.post(f"{CONTROL}/chargebacks/{opened['id']}/{decision}", status=409)
    [decided] = flutterwave.get(f"/chargebacks?id={opened['id']}")["data"]
    assert decided["status"] == status and flutterwave.balance() == before - lost
    driver.post(f"{CONTROL}/chargebacks/1/accept", status=404)
    driver.post(f"{CONTROL}/chargebacks/{opened['id']}/steal", status=404)


# --- settlements and balances ---------------------------------------------------------------------------------------


def test_a_settlement_adds_up_a_day(flutterwave: Flutterwave, driver: Driver) -> None:
    numbers = [paid(flutterwave, f"gw-{number}")["id"] for number in range(3)]
    refunded(flutterwave, numbers[0], amount=1000)
    paid(flutterwave, "gw-ngn", currency="NGN")
    body = flutterwave.get("/settlements")
    assert body["meta"]["page_info"] == {"total": 2, "current_page": 1, "total_pages": 1, "page_size": 20}
    [kes] = [row for row in body["data"] if row["currency"] == "KES"]
    assert (kes["gross_amount"], kes["app_fee"], kes["refund"], kes["net_amount"]) == (15000, 435, 1000, 13565)
    assert (kes["transaction_count"], kes["meta"], kes["status"]) == (3, numbers, "pending")
    one = flutterwave.get(f"/settlements/{kes['id']}")["data"]
    assert [row["settlement_amount"] for row in one["transactions"]] == [4855, 4855, 4855]
    assert one["meta"] == "[" + ",".join(map(str, numbers)) + "]"
    driver.post("/sandbox/clock", {"forward": "2d"})
    assert flutterwave.get(f"/settlements/{kes['id']}")["data"]["status"] == "completed"
    assert flutterwave.get("/settlements?from=2999-01-01")["data"] == []
    day = kes["transaction_date"][:10]
    assert len(flutterwave.get(f"/settlements?from={day}&to={day}")["data"]) == 2
    flutterwave.get("/settlements/1", 404)


def test_every_currency_has_a_balance_of_its_own(flutterwave: Flutterwave, config: SandboxConfig) -> None:
    body = flutterwave.get("/balances")
    assert body["message"] == "Wallet balances fetched"
    assert {row["currency"] for row in body["data"]} >= {"NGN", "GHS", "KES", "ZAR", "UGX", "RWF", "XOF"}
    for row in body["data"]:
        assert row["available_balance"] == row["ledger_balance"] == config.flutterwave_float
    assert flutterwave.get("/balances/kes")["data"]["currency"] == "KES"
    flutterwave.get("/balances/EUR", 400)


def test_the_balance_is_the_exact_sum_of_all_that_happened(flutterwave: Flutterwave, driver: Driver) -> None:
    """Counted by hand in decimals from what the API told about each payment, payout and refund."""
    chance = random.Random(20_261_124)
    flutterwave.orders("transfers", "pending", count=None)
    flutterwave.orders("refunds", "pending", count=None)
    expected = Decimal(driver.config.flutterwave_float)
    for number in range(40):
        amount, reference = chance.randint(100, 9_999_999) / 100, f"gw-{number}"
        if chance.random() < 0.5:
            told = paid(flutterwave, reference, amount=amount, currency="NGN")
            expected += exact(told["amount_settled"])
            expected += after_payment(flutterwave, driver, chance, told)
        else:
            told = flutterwave.sends(
                reference, amount=amount, currency="NGN", account_bank="058", account_number="8031234567"
            )["data"]
            action = chance.choice(("success", "fail", "reverse"))
            for step in ("success", "reverse") if action == "reverse" else (action,):
                driver.post(f"{CONTROL}/transfers/{reference}/{step}")
            if action == "success":
                # The fee is told with a fraction of a kobo, which is rounded up.
                expected -= exact(told["amount"]) + exact(told["fee"]).quantize(Decimal("0.01"), "ROUND_CEILING")
        assert exact(flutterwave.balance("NGN")) == expected, number


def after_payment(flutterwave: Flutterwave, driver: Driver, chance: random.Random, told: dict[str, Any]) -> Decimal:
    """What may happen to a payment later, and what it does to the balance."""
    what = chance.choice(("nothing", "refund", "failed refund", "chargeback", "reverse"))
    if what == "reverse":
        driver.post(f"{CONTROL}/transactions/{told['tx_ref']}/reverse")
        return -exact(told["amount_settled"])
    if what == "chargeback":
        driver.post(f"{CONTROL}/transactions/{told['tx_ref']}/chargeback")
        return -exact(told["amount"])
    if what == "nothing":
        return Decimal(0)
    refund = refunded(flutterwave, told["id"], amount=0.5)
    driver.post(f"{CONTROL}/refunds/{refund['id']}/{'complete' if what == 'refund' else 'fail'}")
    return Decimal("-0.5") if what == "refund" else Decimal(0)


def exact(number: int | float) -> Decimal:
    """A JSON number is the digits that were written."""
    return Decimal(str(number))
