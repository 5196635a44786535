"""Charges without a checkout: prompts on a phone, codes to dial, accounts to pay into, with Paystack's answers."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.actors import Driver, Paystack
from tests.sandbox.product import RecordingProduct, eventually

PATH = "/webhooks/payment/paystack"
PHONE = "+254712345678"
MPESA = {"currency": "KES", "mobile_money": {"phone": PHONE, "provider": "mpesa"}}
TELECEL = {"currency": "GHS", "mobile_money": {"phone": "+233201234567", "provider": "vod"}}
GTBANK = {"currency": "NGN", "ussd": {"type": "737"}}
TRANSFER: dict[str, Any] = {"currency": "NGN", "bank_transfer": {}}


def asked(reference: str, way: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"email": "m1@members.test", "amount": 50_700, "reference": reference, **way, **more}


def events(product: RecordingProduct, count: int) -> list[dict[str, Any]]:
    eventually(lambda: len(product.of(PATH)) >= count)
    return [json.loads(call.body) for call in product.of(PATH)]


def test_a_prompt_is_answered_on_the_phone(paystack: Paystack, driver: Driver, product: RecordingProduct) -> None:
    first = paystack.gives("/charge", asked("gw-1", MPESA, metadata={"member": "m1"}))
    assert first == {
        "reference": "gw-1",
        "status": "pay_offline",
        "display_text": "Please complete authorization process on your mobile phone",
    }
    assert paystack.gives("/charge/gw-1") == {"reference": "gw-1", "status": "pending"}
    assert (paystack.verifies("gw-1")["status"], paystack.verifies("gw-1")["channel"]) == ("pending", "mobile_money")
    [prompt] = driver.inbox(PHONE)
    assert prompt["text"] == "M-PESA: pay KES 507 to GroupWallet? Enter your PIN to pay."
    [listed] = driver.get("/sandbox/payments?phone=%2B254712345678")["payments"]
    assert (listed["reference"], listed["status"], listed["channel"]) == ("gw-1", "open", "mobile_money")

    driver.post("/sandbox/payments/gw-1/pay")
    assert driver.inbox(PHONE)[1]["text"] == "M-PESA: you paid KES 507 to GroupWallet. Reference gw-1."
    paid = paystack.gives("/charge/gw-1")
    assert (paid["status"], paid["amount"], paid["fees"], paid["metadata"]) == (
        "success",
        50_700,
        761,
        {"member": "m1"},
    )
    [event] = events(product, 1)
    assert (event["event"], event["data"]["source"]["entry_point"]) == ("charge.success", "charge")
    assert driver.get("/sandbox/payments")["payments"] == []


@pytest.mark.parametrize(("action", "status"), [("decline", "failed"), ("abandon", "abandoned")])
def test_a_charge_that_ended_cannot_be_paid_any_more(
    action: str, status: str, paystack: Paystack, driver: Driver
) -> None:
    paystack.gives("/charge", asked("gw-1", MPESA))
    assert driver.post(f"/sandbox/payments/gw-1/{action}")["status"] == status
    assert driver.post("/sandbox/payments/gw-1/pay")["status"] == status
    assert paystack.gives("/charge/gw-1")["status"] == status
    assert driver.get("/sandbox/payments")["payments"] == []


def test_a_prompt_fails_after_three_minutes(paystack: Paystack, driver: Driver, product: RecordingProduct) -> None:
    paystack.gives("/charge", asked("gw-1", MPESA))
    driver.post("/sandbox/clock", {"forward": "170s"})
    assert paystack.verifies("gw-1")["status"] == "pending"
    driver.post("/sandbox/clock", {"forward": "15s"})
    failed = paystack.verifies("gw-1")
    assert (failed["status"], failed["gateway_response"]) == ("failed", "Transaction timed out")
    assert driver.post("/sandbox/payments/gw-1/pay")["status"] == "failed"
    assert product.of(PATH) == []


def test_a_paybill_payment_has_an_account_to_pay_to(paystack: Paystack, driver: Driver) -> None:
    way = {"currency": "KES", "mobile_money": {"phone": "254712345678", "provider": "mpesa_offline"}}
    first = paystack.gives("/charge", asked("gw-1", way))
    assert (first["status"], first["account_number"]) == ("pay_offline", "4084333")
    assert isinstance(first["account_reference"], int)
    [prompt] = driver.inbox(PHONE)
    assert prompt["text"].endswith(f"Use Pay Bill 4084333, account {first['account_reference']}.")


def test_telecel_asks_for_a_voucher_until_it_is_right(
    paystack: Paystack, driver: Driver, product: RecordingProduct
) -> None:
    first = paystack.gives("/charge", asked("gw-1", TELECEL))
    assert (first["status"], "*110#" in first["display_text"]) == ("send_otp", True)
    assert paystack.verifies("gw-1")["status"] == "ongoing"
    assert paystack.gives("/charge/gw-1") == first
    assert "Your voucher code is 123456." in driver.inbox("+233201234567")[0]["text"]
    assert paystack.refuses("/charge/submit_otp", {"reference": "gw-1", "otp": "000000"}) == "invalid_otp"
    paid = paystack.gives("/charge/submit_otp", {"reference": "gw-1", "otp": "123456"})
    assert (paid["status"], paid["reference"], paid["currency"]) == ("success", "gw-1", "GHS")
    assert events(product, 1)[0]["data"]["reference"] == "gw-1"
    again = {"reference": "gw-1", "otp": "123456"}
    assert paystack.refuses("/charge/submit_otp", again) == "invalid_transaction_status"
    assert paystack.refuses("/charge/submit_otp", {"reference": "none", "otp": "1"}, 404) == "transaction_not_found"


@pytest.mark.parametrize("kind", ["737", "919", "822", "966"])
def test_a_ussd_code_is_told(kind: str, paystack: Paystack, driver: Driver) -> None:
    first = paystack.gives("/charge", asked("gw-1", {"currency": "NGN", "ussd": {"type": kind}}))
    assert first["status"] == "pay_offline"
    assert first["ussd_code"].startswith(f"*{kind}*33*4*") and first["ussd_code"] in first["display_text"]
    [listed] = driver.get("/sandbox/payments")["payments"]
    assert listed["instructions"]["ussd_code"] == first["ussd_code"]
    driver.post("/sandbox/payments/gw-1/pay")
    paid = paystack.verifies("gw-1")
    assert (paid["status"], paid["channel"], paid["authorization"]["card_type"]) == ("success", "ussd", "offline")


def test_a_transfer_pays_its_temporary_account(paystack: Paystack, driver: Driver) -> None:
    first = paystack.gives("/charge", asked("gw-1", TRANSFER, metadata={"phone": "08031234567"}))
    assert first["status"] == "pending_bank_transfer"
    assert set(first["bank"]) == {"slug", "name", "id"} and first["account_name"]
    assert len(first["account_number"]) == 10 and first["account_expires_at"].endswith("Z")
    assert paystack.verifies("gw-1")["status"] == "ongoing"
    paying = {"account_number": first["account_number"], "amount_minor": 50_700}
    assert driver.post("/sandbox/transfers-in", paying, 201) == {"reference": "gw-1", "status": "success"}
    paid = paystack.verifies("gw-1")
    assert (paid["status"], paid["channel"]) == ("success", "bank_transfer")
    assert paid["authorization"]["receiver_bank_account_number"] == first["account_number"]
    assert "you paid NGN 507" in driver.inbox("+2348031234567")[0]["text"]
    driver.post("/sandbox/transfers-in", paying, 404)


def test_another_amount_into_a_temporary_account_goes_back(
    paystack: Paystack, driver: Driver, product: RecordingProduct
) -> None:
    first = paystack.gives("/charge", asked("gw-1", TRANSFER))
    paying = {"account_number": first["account_number"], "amount_minor": 30_000}
    assert driver.post("/sandbox/transfers-in", paying, 201)["status"] == "rejected"
    [event] = events(product, 1)
    assert (event["event"], event["data"]["bank_transfer"]["amount"]) == ("bank.transfer.rejected", "30000")
    assert paystack.verifies("gw-1")["status"] == "ongoing"


def test_a_temporary_account_expires(paystack: Paystack, driver: Driver) -> None:
    until = (datetime.now(UTC) + timedelta(minutes=20)).isoformat()
    way = {"currency": "NGN", "bank_transfer": {"account_expires_at": until}}
    first = paystack.gives("/charge", asked("gw-1", way))
    driver.post("/sandbox/clock", {"forward": "21m"})
    paying = {"account_number": first["account_number"], "amount_minor": 50_700}
    driver.post("/sandbox/transfers-in", paying, 404)
    assert paystack.verifies("gw-1")["status"] == "failed"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"mobile_money": {"phone": PHONE, "provider": "mtn"}}, "invalid_provider"),
        ({"mobile_money": {"phone": PHONE, "provider": "pigeon"}}, "invalid_provider"),
        ({"mobile_money": {"phone": "12", "provider": "mpesa"}}, "invalid_phone"),
        ({"mobile_money": None}, "invalid_params"),
        ({"mobile_money": None, "ussd": {"type": "737"}}, "invalid_ussd"),
        ({"mobile_money": None, "bank_transfer": {}}, "unsupported_currency"),
        ({"amount": 1}, "amount_below_minimum"),
        ({"email": "nobody"}, "invalid_email_address"),
        ({"reference": "a_b"}, "invalid_reference"),
    ],
)
def test_charges_that_are_turned_down(fields: dict[str, Any], code: str, paystack: Paystack) -> None:
    assert paystack.refuses("/charge", {**asked("gw-1", MPESA), **fields}) == code
    assert paystack.gives("/transaction") == []


@pytest.mark.parametrize("until", ["2999-01-01T00:00:00Z", "2001-01-01T00:00:00Z", "tomorrow"])
def test_an_account_lives_between_a_quarter_and_eight_hours(until: str, paystack: Paystack) -> None:
    way = {"currency": "NGN", "bank_transfer": {"account_expires_at": until}}
    assert paystack.refuses("/charge", asked("gw-1", way)) == "invalid_params"


def test_a_used_reference_charges_nobody(paystack: Paystack, driver: Driver) -> None:
    paystack.opens("gw-1")
    assert paystack.refuses("/charge", asked("gw-1", MPESA)) == "duplicate_reference"
    assert driver.inbox(PHONE) == []
    assert paystack.get("/charge/gw-1").status_code == 404


def test_a_clock_that_is_set_back_leaves_no_charge_open(paystack: Paystack, driver: Driver) -> None:
    driver.post("/sandbox/clock", {"forward": "3d"})
    paystack.gives("/charge", asked("gw-1", MPESA))
    driver.post("/sandbox/clock", {"reset": True})
    assert eventually(lambda: paystack.verifies("gw-1")["status"] == "failed")


# --- standing accounts ----------------------------------------------------------------------------------------------


def account_of(paystack: Paystack, **more: Any) -> dict[str, Any]:
    told = {"email": "m1@members.test", "first_name": "Ngozi", "last_name": "Okafor", "phone": "+2348031234567"}
    code = paystack.gives("/customer", told)["customer_code"]
    account: dict[str, Any] = paystack.gives("/dedicated_account", {"customer": code, **more})
    return account


def test_a_customer_has_one_standing_account_at_a_bank(paystack: Paystack) -> None:
    account = account_of(paystack, preferred_bank="titan-paystack")
    assert account["bank"]["slug"] == "titan-paystack" and account["account_name"] == "GROUPWALLET/NGOZI OKAFOR"
    assert (account["currency"], account["assigned"], account["active"]) == ("NGN", True, True)
    assert account["customer"]["email"] == "m1@members.test" and len(account["account_number"]) == 10
    assert account_of(paystack)["account_number"] == account["account_number"]
    assert account_of(paystack, preferred_bank="wema-bank")["account_number"] != account["account_number"]
    ghana = account_of(paystack, preferred_bank="access-bank-ghana")
    assert ghana["currency"] == "GHS"
    assert len(paystack.gives("/dedicated_account")) == 3
    assert [row["id"] for row in paystack.gives("/dedicated_account?currency=GHS")] == [ghana["id"]]
    assert len(paystack.gives(f"/dedicated_account?customer={account['customer']['id']}")) == 3
    assert paystack.gives("/dedicated_account?customer=1") == []
    assert paystack.gives(f"/dedicated_account/{ghana['id']}")["account_number"] == ghana["account_number"]


def test_without_a_bank_it_is_one_of_the_customers_country(paystack: Paystack) -> None:
    code = paystack.gives("/customer", {"email": "m2@members.test", "phone": "+233201234567"})["customer_code"]
    assert paystack.gives("/dedicated_account", {"customer": code})["currency"] == "GHS"


def test_whatever_comes_into_a_standing_account_is_a_payment(
    paystack: Paystack, driver: Driver, product: RecordingProduct
) -> None:
    account, before = account_of(paystack), paystack.balance("NGN")
    for amount in (100_000, 250_000):
        paying = {"account_number": account["account_number"], "amount_minor": amount, "sender_name": "NGOZI OKAFOR"}
        assert driver.post("/sandbox/transfers-in", paying, 201)["status"] == "success"
    first, second = [event["data"] for event in events(product, 2)]
    assert (first["amount"], second["amount"], first["channel"]) == (100_000, 250_000, "dedicated_nuban")
    assert first["reference"] != second["reference"] and first["fees"] == 1_000
    assert first["authorization"]["receiver_bank_account_number"] == account["account_number"]
    assert first["authorization"]["sender_name"] == "NGOZI OKAFOR"
    assert first["customer"]["email"] == "m1@members.test"
    assert [row["reference"] for row in paystack.gives("/transaction")] == [second["reference"], first["reference"]]
    assert paystack.balance("NGN") == before + 350_000 - 3_500


@pytest.mark.parametrize(("number", "what"), [("0123456789", "success"), ("0123450000", "failed")])
def test_an_assignment_is_told_by_an_event(
    number: str, what: str, paystack: Paystack, product: RecordingProduct
) -> None:
    body = {"email": "m1@members.test", "first_name": "Jane", "last_name": "Doe", "phone": "+2348100000000"}
    body |= {"preferred_bank": "test-bank", "country": "NG", "account_number": number}
    response = paystack.post("/dedicated_account/assign", body)
    assert response.json() == {"status": True, "message": "Assign dedicated account in progress"}
    [event] = events(product, 1)
    assert event["event"] == f"dedicatedaccount.assign.{what}"
    assert (event["data"]["dedicated_account"] is None) == (what == "failed")
    assert event["data"]["identification"] == {"status": what}
    assert paystack.refuses("/dedicated_account/assign", {**body, "country": "KE"}) == "invalid_params"
    assert paystack.refuses("/dedicated_account/assign", {**body, "phone": None}) == "missing_params"


def test_accounts_are_refused_to_unknown_customers_and_banks(paystack: Paystack, driver: Driver) -> None:
    assert paystack.refuses("/dedicated_account", {"customer": "CUS_nobody"}) == "customer_not_found"
    code = paystack.gives("/customer", {"email": "m1@members.test"})["customer_code"]
    body = {"customer": code, "preferred_bank": "pigeon"}
    assert paystack.refuses("/dedicated_account", body) == "invalid_preferred_bank"
    assert paystack.refuses("/customer", {"email": "nobody"}) == "invalid_email_address"
    driver.post("/sandbox/transfers-in", {"account_number": "1", "amount_minor": 5}, 404)
    driver.post("/sandbox/transfers-in", {"account_number": "1"}, 400)
