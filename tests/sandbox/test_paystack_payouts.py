"""Paystack's payouts, as a client of its documentation meets them: banks, accounts, recipients, transfers, events."""

import hashlib
import hmac
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import requests

from core.money import Money
from payments.provider import AccountDetails, Outcome, PayoutOrder
from payments.providers.paystack import Paystack as ProductPaystack
from sandbox.config import SandboxConfig
from sandbox.paystack.fees import transfer_fee_of
from sandbox.serve import SandboxServer
from tests.sandbox.actors import Driver, Paystack
from tests.sandbox.product import RecordingProduct, eventually

PATH = "/webhooks/payment/paystack"
REFERENCE = "gwp-0000000000000001"
OTHER = "gwp-0000000000000002"
PHONE = "+254712345678"
WALLET = {
    "type": "mobile_money",
    "name": "Wanjiru Kamau",
    "account_number": "0712345678",
    "bank_code": "MPESA",
    "currency": "KES",
}
GTBANK = {
    "type": "nuban",
    "name": "Ngozi",
    "account_number": "8031234567",
    "bank_code": "058",
    "currency": "NGN",
}


class Payer:
    """A client that pays out of the Paystack balance."""

    def __init__(self, paystack: Paystack, driver: Driver) -> None:
        self.paystack = paystack
        self.driver = driver

    def posts(self, path: str, body: dict[str, Any], timeout: float = 5.0) -> requests.Response:
        url = f"{self.paystack.base_url}{path}"
        return requests.post(url, json=body, headers=self.paystack.headers, timeout=timeout)

    def gets(self, path: str, status: int = 200) -> Any:
        response = self.paystack.get(path)
        assert response.status_code == status, response.text
        return response.json()

    def knows(self, account: dict[str, str]) -> str:
        return str(self.posts("/transferrecipient", account).json()["data"]["recipient_code"])

    def sends(
        self, reference: str = REFERENCE, account: dict[str, str] = WALLET, timeout: float = 5.0, **fields: Any
    ) -> requests.Response:
        body = {
            "source": "balance",
            "amount": 500_000,
            "currency": account["currency"],
            "recipient": self.knows(account),
            "reference": reference,
            "reason": "Umoja",
            **fields,
        }
        return self.posts("/transfer", body, timeout)

    def pays(self, reference: str = REFERENCE, account: dict[str, str] = WALLET, **fields: Any) -> dict[str, Any]:
        response = self.sends(reference, account, **fields)
        assert response.status_code == 200, response.text
        data: dict[str, Any] = response.json()["data"]
        return data

    def verifies(self, reference: str = REFERENCE) -> dict[str, Any]:
        data: dict[str, Any] = self.gets(f"/transfer/verify/{reference}")["data"]
        return data

    def becomes(self, status: str, reference: str = REFERENCE) -> dict[str, Any]:
        """The transfer as soon as it has this status."""
        eventually(lambda: self.verifies(reference)["status"] == status)
        found = self.verifies(reference)
        assert found["status"] == status
        return found

    def orders(self, outcome: str, **more: Any) -> None:
        self.driver.post("/sandbox/transfers/next", {"outcome": outcome, **more}, 201)

    def balance(self, currency: str = "KES") -> int:
        return int(next(row["balance"] for row in self.gets("/balance")["data"] if row["currency"] == currency))


@pytest.fixture
def config(config: SandboxConfig) -> SandboxConfig:
    """Payouts are pending for a moment only, because the tests wait for them."""
    return replace(config, transfer_seconds=0.05)


@pytest.fixture
def payer(paystack: Paystack, driver: Driver) -> Payer:
    return Payer(paystack, driver)


def events(product: RecordingProduct, count: int) -> list[dict[str, Any]]:
    eventually(lambda: len(product.of(PATH)) >= count)
    return [json.loads(call.body) for call in product.of(PATH)]


def names(product: RecordingProduct, count: int) -> list[str]:
    return [event["event"] for event in events(product, count)]


# --- banks and accounts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "types", "code", "name"),
    [
        ("currency=NGN", {"nuban"}, "058", "Guaranty Trust Bank"),
        ("currency=KES", {"mobile_money", "mobile_money_business", "kepss"}, "MPESA", "M-PESA"),
        ("currency=KES&type=kepss", {"kepss"}, "68", "Equity Bank"),
        ("country=ghana&type=mobile_money", {"mobile_money"}, "VOD", "Telecel Cash"),
        ("currency=GHS&type=ghipss", {"ghipss"}, "040100", "GCB Bank Limited"),
        ("country=south%20africa", {"basa"}, "470010", "Capitec Bank Limited"),
    ],
)
def test_the_banks_of_a_country_have_its_codes(payer: Payer, query: str, types: set[str], code: str, name: str) -> None:
    banks = payer.gets(f"/bank?{query}")["data"]
    assert {bank["type"] for bank in banks} == types
    [bank] = [bank for bank in banks if bank["code"] == code]
    assert (bank["name"], bank["active"], bank["is_deleted"]) == (name, True, False)
    assert bank["id"] and bank["slug"] and bank["country"]


def test_banks_come_in_pages_and_behind_cursors(payer: Payer) -> None:
    everything = [bank["code"] for bank in payer.gets("/bank?currency=NGN")["data"]]
    second = payer.gets("/bank?currency=NGN&perPage=5&page=2")
    assert [bank["code"] for bank in second["data"]] == everything[5:10]
    assert second["meta"]["total"] == len(everything)
    found, cursor = [], ""
    for _ in range(10):
        body = payer.gets(f"/bank?currency=NGN&perPage=5&use_cursor=true&next={cursor}")
        found += [bank["code"] for bank in body["data"]]
        cursor = body["meta"]["next"]
        if cursor is None:
            break
    assert found == everything
    for wrong in ("no", "Zm9vOjE=", "%FF"):
        assert payer.gets(f"/bank?use_cursor=true&next={wrong}", 400)["code"] == "invalid_params"


def test_payouts_need_the_secret_key(payer: Payer) -> None:
    url = f"{payer.paystack.base_url}/transfer/verify/{REFERENCE}"
    assert requests.get(url, headers={"Authorization": "Bearer sk_other"}, timeout=5).status_code == 401


def test_an_account_has_the_name_of_the_person_with_that_phone(payer: Payer, driver: Driver) -> None:
    driver.person(e164="+2348031234567", name="Ngozi")
    driver.person(e164="+233551234987", name="Ama Mensah")
    found = payer.gets("/bank/resolve?account_number=8031234567&bank_code=999992")["data"]
    assert found["account_number"] == "8031234567" and found["account_name"].endswith(" NGOZI") and found["bank_id"]
    found = payer.gets("/bank/resolve?account_number=0551234987&bank_code=MTN")["data"]
    assert found["account_name"] == "AMA MENSAH"


def test_a_strangers_account_has_always_the_same_name(payer: Payer) -> None:
    first, second, other = (
        payer.gets(f"/bank/resolve?account_number={number}&bank_code=058")["data"]["account_name"]
        for number in ("0123456789", "0123456789", "0123456780")
    )
    assert first == second != other and first == first.upper() and " " in first


@pytest.mark.parametrize(
    ("number", "bank_code", "status", "code"),
    [
        ("0123450000", "058", 422, "unresolved_account"),
        ("012345678", "058", 422, "unresolved_account"),
        ("01234567ab", "058", 422, "unresolved_account"),
        ("", "058", 422, "unresolved_account"),
        ("0123456789", "999", 400, "invalid_bank_code"),
        ("0712345678", "MPESA", 400, "invalid_bank_code"),
        ("4060000001", "470010", 400, "invalid_bank_code"),
    ],
)
def test_accounts_without_a_name(payer: Payer, number: str, bank_code: str, status: int, code: str) -> None:
    body = payer.gets(f"/bank/resolve?account_number={number}&bank_code={bank_code}", status)
    assert (body["status"], body["type"], body["code"]) == (False, "validation_error", code)
    if status == 422:
        assert body["message"] == "Could not resolve account name. Check parameters or try again."


# --- recipients -----------------------------------------------------------------------------------------------------


def test_a_recipient_is_told_once(payer: Payer) -> None:
    first = payer.posts("/transferrecipient", WALLET)
    again = payer.posts("/transferrecipient", {**WALLET, "name": "Somebody else"})
    assert (first.status_code, again.status_code) == (201, 200)
    data = first.json()["data"]
    assert again.json()["data"] == data
    assert data["recipient_code"].startswith("RCP_") and data["active"] is True and data["is_deleted"] is False
    assert (data["type"], data["name"], data["currency"]) == ("mobile_money", "Wanjiru Kamau", "KES")
    assert data["details"] == {
        "authorization_code": None,
        "account_number": "0712345678",
        "account_name": None,
        "bank_code": "MPESA",
        "bank_name": "M-PESA",
    }


def test_many_calls_at_once_make_one_recipient(payer: Payer) -> None:
    with ThreadPoolExecutor(8) as callers:
        assert len(set(callers.map(lambda _: payer.knows(WALLET), range(8)))) == 1


def test_a_nigerian_recipient_has_the_name_at_the_bank(payer: Payer, driver: Driver) -> None:
    driver.person(e164="+2348031234567", name="Ngozi Okafor")
    details = payer.posts("/transferrecipient", GTBANK).json()["data"]["details"]
    assert (details["account_name"], details["bank_name"]) == ("NGOZI OKAFOR", "Guaranty Trust Bank")


@pytest.mark.parametrize(
    ("account", "code"),
    [
        ({**WALLET, "name": " "}, "missing_params"),
        ({**WALLET, "account_number": None}, "missing_params"),
        ({**WALLET, "bank_code": ""}, "missing_params"),
        ({**WALLET, "type": "pigeon"}, "invalid_params"),
        ({**WALLET, "bank_code": "NOBANK"}, "invalid_bank_code"),
        ({**WALLET, "currency": None}, "invalid_bank_code"),  # without one it is naira
        ({**WALLET, "currency": "GHS"}, "invalid_bank_code"),
        ({**GTBANK, "type": "kepss"}, "invalid_bank_code"),
        ({**WALLET, "account_number": "12"}, "invalid_account_number"),
        ({**WALLET, "account_number": "+256712345678"}, "invalid_account_number"),
        ({**GTBANK, "account_number": "80312x4567"}, "invalid_account_number"),
        ({**GTBANK, "account_number": "8031230000"}, "invalid_account_number"),
    ],
)
def test_recipients_that_are_turned_down(payer: Payer, account: dict[str, Any], code: str) -> None:
    response = payer.posts("/transferrecipient", account)
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert response.json()["meta"]["nextStep"]


# --- transfers ------------------------------------------------------------------------------------------------------


def test_a_transfer_is_pending_and_then_paid(payer: Payer, driver: Driver) -> None:
    payer.orders("success", delay_seconds=60)
    response = payer.sends()
    data = response.json()["data"]
    assert response.json()["message"] == "Transfer has been queued"
    assert (data["status"], data["amount"], data["currency"]) == ("pending", 500_000, "KES")
    assert (data["reference"], data["source"], data["reason"]) == (REFERENCE, "balance", "Umoja")
    assert data["transfer_code"].startswith("TRF_") and isinstance(data["recipient"], int) and data["id"] > 2**32
    pending = payer.verifies()
    assert (pending["status"], pending["fee_charged"], pending["transferred_at"]) == ("pending", 0, None)
    driver.post("/sandbox/clock", {"forward": "1m"})
    paid = payer.verifies()
    assert paid["status"] == "success"
    assert (paid["fee_charged"], paid["fees_breakdown"], paid["amount"]) == (4_000, None, 500_000)
    assert paid["recipient"]["details"]["account_number"] == "0712345678" and paid["transferred_at"].endswith("Z")
    assert payer.gets(f"/transfer/{paid['transfer_code']}")["data"] == paid
    assert payer.gets(f"/transfer/{paid['id']}")["data"] == paid


TURNED_DOWN: list[tuple[dict[str, Any], str]] = [
    ({"source": "card"}, "invalid_source"),
    ({"amount": 0}, "invalid_amount"),
    ({"amount": -5}, "invalid_amount"),
    ({"amount": 12.5}, "invalid_amount"),
    ({"amount": True}, "invalid_amount"),
    ({"amount": "many"}, "invalid_amount"),
    ({"recipient": "RCP_nobody"}, "invalid_transfer_recipient"),
    ({"recipient": None}, "invalid_transfer_recipient"),
    ({"currency": "GHS"}, "invalid_currency"),
    ({"currency": None}, "invalid_currency"),
    ({"reference": "too-short"}, "invalid_reference"),
    ({"reference": "GWP-0000000000000001"}, "invalid_reference"),
    ({"reference": "gwp.0000000000000001"}, "invalid_reference"),
    ({"reference": "g" * 51}, "invalid_reference"),
]


def test_transfers_that_are_turned_down(payer: Payer) -> None:
    for fields, code in TURNED_DOWN:
        response = payer.sends(**fields)
        assert (response.status_code, response.json()["code"]) == (400, code), fields
        assert response.json()["type"] == "validation_error"
    assert payer.gets("/transfer")["data"] == []


def test_a_used_reference_is_never_paid_again(payer: Payer) -> None:
    first = payer.pays()
    again = payer.sends(amount=900_000)
    body = again.json()
    assert (again.status_code, body["code"]) == (400, "duplicate_transfer_reference")
    assert "already exists" in body["message"] and body["meta"]["nextStep"]
    assert payer.verifies()["transfer_code"] == first["transfer_code"] and payer.verifies()["amount"] == 500_000


def test_the_same_reference_at_the_same_moment_pays_once(payer: Payer) -> None:
    before = payer.balance()
    with ThreadPoolExecutor(8) as callers:
        statuses = sorted(callers.map(lambda _: payer.sends().status_code, range(8)))
    assert statuses == [200] + [400] * 7
    assert payer.balance() == before - 504_000


def test_an_unknown_transfer_is_404(payer: Payer) -> None:
    for path in (f"/transfer/verify/{REFERENCE}", "/transfer/TRF_nobody", "/transfer/1"):
        body = payer.gets(path, 404)
        assert (body["message"], body["code"]) == ("Transfer not found", "transfer_not_found")


def test_the_balance_pays_for_transfers_and_their_fees(payer: Payer, driver: Driver) -> None:
    driver.post("/sandbox/float", {"currency": "KES", "amount_minor": 1_008_000})
    payer.orders("failed", delay_seconds=600)
    payer.pays()
    assert payer.balance() == 504_000
    assert payer.sends(OTHER, amount=500_100).json()["code"] == "insufficient_balance"
    payer.pays(OTHER)
    assert payer.balance() == 0
    refused = payer.sends("gwp-0000000000000003", amount=1)
    assert (refused.status_code, refused.json()["code"]) == (400, "insufficient_balance")
    assert refused.json()["message"] == "Your balance is not enough to fulfil this request"
    driver.post("/sandbox/clock", {"forward": "10m"})
    assert payer.verifies()["status"] == "failed" and payer.balance() == 504_000
    payer.becomes("success", OTHER)
    driver.post(f"/sandbox/transfers/{OTHER}/reverse")
    assert payer.balance() == 1_008_000
    answer = driver.post("/sandbox/float", {"currency": "KES", "amount_minor": None})
    assert answer["balance_minor"] == driver.config.paystack_float_minor


def test_collections_can_be_paid_out(payer: Payer, driver: Driver) -> None:
    driver.post("/sandbox/float", {"currency": "KES", "amount_minor": 0})
    assert payer.sends().json()["code"] == "insufficient_balance"
    payer.paystack.opens("gw-1", amount=600_000)
    driver.post("/sandbox/payments/gw-1/pay")
    payer.pays()
    assert payer.balance() == 600_000 - 9_000 - 500_000 - 4_000


@pytest.mark.parametrize(
    ("amount", "currency", "type_", "fee"),
    [
        (500_000, "NGN", "nuban", 1_000),
        (500_001, "NGN", "nuban", 2_500),
        (999_999, "NGN", "nuban", 2_500),
        (1_000_000, "NGN", "nuban", 7_500),
        (5_000_001, "NGN", "nuban", 10_000),
        (10_000, "GHS", "mobile_money", 100),
        (10_000, "GHS", "ghipss", 800),
        (150_000, "KES", "mobile_money", 2_000),
        (150_001, "KES", "mobile_money", 4_000),
        (2_000_001, "KES", "mobile_money", 6_000),
        (1_000_000, "KES", "kepss", 8_000),
        (1_000_001, "KES", "kepss", 14_000),
        (10_000, "ZAR", "basa", 300),
    ],
)
def test_transfer_fees_are_those_of_the_price_list(amount: int, currency: str, type_: str, fee: int) -> None:
    assert transfer_fee_of(amount, currency, type_) == fee


def test_transfers_are_listed_in_pages(payer: Payer) -> None:
    references = [f"gwp-000000000000000{number}" for number in range(4)]
    payer.orders("pending", count=3)
    for reference in references:
        payer.pays(reference)
    payer.becomes("success", references[3])
    body = payer.gets("/transfer?perPage=2&page=2")
    assert [transfer["reference"] for transfer in body["data"]] == [references[1], references[0]]
    assert (body["meta"]["total"], body["meta"]["pageCount"], body["meta"]["page"]) == (4, 2, 2)
    assert [row["reference"] for row in payer.gets("/transfer?status=success")["data"]] == [references[3]]
    assert payer.gets("/transfer?from=2999-01-01T00:00:00.000Z")["data"] == []
    assert len(payer.gets("/transfer?to=2999-01-01")["data"]) == 4
    assert payer.gets("/transfer?from=yesterday", 400)["code"] == "invalid_params"


def test_a_transfer_that_waits_for_a_password_is_finalized(payer: Payer) -> None:
    before = payer.balance()
    payer.orders("otp")
    response = payer.sends()
    code = response.json()["data"]["transfer_code"]
    assert response.json()["data"]["status"] == "otp" and "OTP" in response.json()["message"]
    assert payer.balance() == before
    wrong = payer.posts("/transfer/finalize_transfer", {"transfer_code": code, "otp": "654321"})
    unknown = payer.posts("/transfer/finalize_transfer", {"transfer_code": "TRF_nobody", "otp": "123456"})
    assert (wrong.status_code, unknown.json()["message"]) == (400, "Transfer code is invalid")
    right = payer.posts("/transfer/finalize_transfer", {"transfer_code": code, "otp": "123456"})
    assert right.json()["data"]["status"] == "pending"
    payer.becomes("success")
    assert payer.posts("/transfer/finalize_transfer", {"transfer_code": code, "otp": "123456"}).status_code == 400


# --- what becomes of transfers --------------------------------------------------------------------------------------


def test_the_outcome_of_coming_transfers_can_be_ordered(payer: Payer, driver: Driver) -> None:
    payer.orders("failed", count=2)
    payer.orders("abandoned")
    references = [f"gwp-000000000000000{number}" for number in range(4)]
    for reference in references:
        payer.pays(reference)
    for reference, status in zip(references, ("failed", "failed", "abandoned", "success"), strict=True):
        payer.becomes(status, reference)
    for wrong in ({"outcome": "lost"}, {"outcome": "failed", "count": 0}, {"outcome": "failed", "delay_seconds": -1}):
        driver.post("/sandbox/transfers/next", wrong, 400)
    payer.orders("failed", count=None)
    assert driver.post("/sandbox/transfers/next", {"outcome": "none"}, 201) == {"next": []}


def test_a_transfer_without_delay_is_paid_in_the_answer(payer: Payer) -> None:
    payer.orders("success", delay_seconds=0)
    assert payer.pays()["status"] == "success"


def test_a_pending_transfer_can_be_moved(payer: Payer, driver: Driver) -> None:
    payer.orders("pending", count=2)
    for reference, action, status in ((REFERENCE, "success", "success"), (OTHER, "fail", "failed")):
        payer.pays(reference)
        assert driver.post(f"/sandbox/transfers/{reference}/{action}") == {"reference": reference, "status": status}
        driver.post(f"/sandbox/transfers/{reference}/{action}")
    driver.post(f"/sandbox/transfers/{OTHER}/success", status=409)
    driver.post(f"/sandbox/transfers/{REFERENCE}/fail", status=409)
    assert driver.post(f"/sandbox/transfers/{REFERENCE}/reverse")["status"] == "reversed"
    driver.post("/sandbox/transfers/none/success", status=404)
    driver.post(f"/sandbox/transfers/{REFERENCE}/steal", status=404)


def test_the_clock_brings_a_transfer_to_its_end(payer: Payer, driver: Driver) -> None:
    payer.orders("success", delay_seconds=86_400)
    payer.pays()
    driver.post("/sandbox/clock", {"forward": "23h"})
    assert payer.verifies()["status"] == "pending"
    driver.post("/sandbox/clock", {"forward": "2h"})
    assert payer.verifies()["status"] == "success"


def test_a_clock_that_is_set_back_leaves_no_transfer_pending(payer: Payer, driver: Driver) -> None:
    driver.post("/sandbox/clock", {"forward": "3d"})
    payer.orders("success", delay_seconds=60)
    payer.pays()
    driver.post("/sandbox/clock", {"reset": True})
    payer.becomes("success")


def test_a_restart_forgets_no_transfer_and_no_plan(
    start_sandbox: Callable[..., SandboxServer], config: SandboxConfig
) -> None:
    first = start_sandbox()
    payer = Payer(Paystack(config), Driver(config))
    payer.orders("failed", count=2, delay_seconds=60)
    payer.pays()
    first.stop()
    start_sandbox()
    payer.pays(OTHER)
    payer.driver.post("/sandbox/clock", {"forward": "2m"})
    assert [payer.verifies(reference)["status"] for reference in (REFERENCE, OTHER)] == ["failed", "failed"]


# --- events ---------------------------------------------------------------------------------------------------------


def test_a_paid_transfer_is_told_with_a_signature_over_the_bytes(
    payer: Payer, product: RecordingProduct, config: SandboxConfig
) -> None:
    payer.pays(reason="Áma ₦")
    [event] = events(product, 1)
    [call] = product.of(PATH)
    digest = hmac.new(config.paystack_secret_key.encode(), call.body, hashlib.sha512).hexdigest()
    assert {name.lower(): value for name, value in call.headers.items()}["x-paystack-signature"] == digest
    assert event["event"] == "transfer.success"
    verified = payer.verifies()
    for key in ("id", "status", "reference", "amount", "currency", "transfer_code", "recipient", "fee_charged"):
        assert event["data"][key] == verified[key], key


def test_failed_and_reversed_transfers_are_told_and_others_are_not(payer: Payer, product: RecordingProduct) -> None:
    payer.orders("blocked")
    payer.pays("gwp-0000000000000000")
    payer.becomes("blocked", "gwp-0000000000000000")
    payer.orders("failed")
    payer.pays()
    assert names(product, 1) == ["transfer.failed"]
    payer.orders("reversed")
    payer.pays(OTHER)
    assert names(product, 3) == ["transfer.failed", "transfer.success", "transfer.reversed"]
    assert payer.verifies(OTHER)["status"] == "reversed" and payer.verifies(OTHER)["fee_charged"] == 0


def test_an_event_of_a_transfer_comes_until_it_is_taken_and_can_be_sent_twice(
    payer: Payer, driver: Driver, product: RecordingProduct
) -> None:
    product.statuses = [500]
    payer.pays()
    assert names(product, 2) == ["transfer.success"] * 2
    assert driver.post(f"/sandbox/webhooks/{REFERENCE}/resend", status=202)["event"] == "transfer.success"
    assert names(product, 3) == ["transfer.success"] * 3
    payer.orders("pending")
    payer.pays(OTHER)
    driver.post(f"/sandbox/webhooks/{OTHER}/resend", status=409)


def test_a_lost_event_of_a_transfer_is_never_sent(payer: Payer, driver: Driver, product: RecordingProduct) -> None:
    driver.orders_fault("paystack", "lose_webhooks", count=1)
    payer.pays()
    payer.becomes("success")
    payer.pays(OTHER)
    assert [event["data"]["reference"] for event in events(product, 1)] == [OTHER]


# --- faults ---------------------------------------------------------------------------------------------------------


def test_a_timeout_pays_and_tells_before_the_answer(payer: Payer, driver: Driver, product: RecordingProduct) -> None:
    driver.orders_fault("paystack", "timeout", path="/transfer")
    payer.knows(WALLET)
    with pytest.raises(requests.ReadTimeout):
        payer.sends(timeout=0.4)
    assert names(product, 1) == ["transfer.success"]
    assert payer.verifies()["status"] == "success"


def test_a_refused_or_broken_call_pays_nothing(payer: Payer, driver: Driver) -> None:
    recipient = payer.knows(WALLET)
    driver.orders_fault("paystack", "refuse", path="/transfer", method="POST")
    payer.gets(f"/transfer/verify/{REFERENCE}", 404)
    with pytest.raises(requests.ConnectionError):
        payer.posts("/transfer", {"recipient": recipient})
    driver.orders_fault("paystack", "http_500", path="/transfer")
    assert payer.sends().status_code == 500
    payer.gets(f"/transfer/verify/{REFERENCE}", 404)
    payer.pays()


# --- phones ---------------------------------------------------------------------------------------------------------


def test_the_owner_of_a_wallet_sees_the_money(payer: Payer, driver: Driver) -> None:
    driver.person(e164=PHONE, name="Wanjiru")
    payer.pays(amount=500_050)
    [message] = eventually(lambda: driver.inbox(PHONE))
    assert message["text"] == "You received KES 5,000.50 from GroupWallet (M-PESA): Umoja"
    assert (message["from"], message["channel"], message["cost"]) == ("M-PESA", "money", None)
    driver.post(f"/sandbox/transfers/{REFERENCE}/reverse")
    assert driver.inbox(PHONE)[1]["text"] == "KES 5,000.50 from GroupWallet was taken back (M-PESA)."


def test_a_bank_account_is_seen_on_the_phone_of_its_number(payer: Payer, driver: Driver) -> None:
    payer.pays(account=GTBANK)
    payer.becomes("success")
    assert driver.get("/sandbox/people") == []
    driver.person(e164="+2348031234567", name="Ngozi")
    payer.pays(OTHER, account=GTBANK)
    [message] = eventually(lambda: driver.inbox("+2348031234567"))
    assert message["text"] == "You received NGN 5,000 from GroupWallet (Guaranty Trust Bank): Umoja"


def test_a_failed_payout_shows_on_no_phone(payer: Payer, driver: Driver) -> None:
    driver.person(e164=PHONE, name="Wanjiru")
    payer.orders("failed")
    payer.pays()
    payer.becomes("failed")
    assert driver.inbox(PHONE) == []


def test_payouts_are_listed_by_phone(payer: Payer, driver: Driver) -> None:
    payer.orders("pending", count=None)
    payer.pays()
    payer.pays(OTHER, {**WALLET, "account_number": "+254798765432", "name": "Otieno"})
    found = driver.get("/sandbox/transfers")["transfers"]
    assert [transfer["reference"] for transfer in found] == [OTHER, REFERENCE]
    [mine] = driver.get("/sandbox/transfers?phone=%2B254712345678")["transfers"]
    assert (mine["reference"], mine["status"], mine["phone"]) == (REFERENCE, "pending", PHONE)
    assert (mine["amount"], mine["amount_minor"], mine["fee_minor"]) == ("KES 5,000", 500_000, 4_000)
    assert (mine["account_number"], mine["bank"], mine["name"]) == ("0712345678", "M-PESA", "Wanjiru Kamau")


def test_the_products_own_client_pays_out(payer: Payer, config: SandboxConfig) -> None:
    provider = ProductPaystack(f"{config.public_url}/paystack", config.paystack_secret_key)
    for currency in ("KES", "NGN", "GHS", "ZAR"):
        assert {bank.kind for bank in provider.banks(currency).banks} == set(provider.account_kinds(currency))
    assert provider.holder("0123456789", "058").outcome is Outcome.SUCCEEDED
    assert provider.holder("0123450000", "058").outcome is Outcome.DECLINED
    account = AccountDetails("mobile_money", "MPESA", PHONE, "Wanjiru Kamau", "KES")
    recipient = provider.recipient(account)
    assert recipient.code == payer.knows(WALLET)
    amount = Money(500_000, "KES")
    assert provider.verify_payout(REFERENCE).status == "not_found"
    order = PayoutOrder(reference=REFERENCE, amount=amount, recipient_code=str(recipient.code), reason="Umoja")
    assert provider.send_payout(order).outcome is Outcome.PENDING
    payer.becomes("success")
    paid = provider.verify_payout(REFERENCE)
    assert (paid.outcome, paid.amount, paid.fee) == (
        Outcome.SUCCEEDED,
        amount,
        provider.payout_fee(amount, "mobile_money"),
    )
    assert provider.send_payout(order).outcome is Outcome.UNKNOWN
