"""Flutterwave's payments, as a client of its documentation and a payer meet them."""

from typing import Any

import pytest
import requests

from sandbox.config import SandboxConfig
from sandbox.flutterwave.fees import rate_of
from tests.sandbox.actors import Driver
from tests.sandbox.flutterwave import PHONE, Flutterwave, events, heard
from tests.sandbox.product import RecordingProduct, eventually

NOTHING_FOUND = {"status": "error", "message": "No transaction was found for this id", "data": None}


@pytest.fixture
def flutterwave(config: SandboxConfig, driver: Driver) -> Flutterwave:
    return Flutterwave(config, driver)


@pytest.mark.parametrize("key", ["", "Bearer FLWSECK_TEST-other", "Basic FLWSECK_TEST-sandbox"])
def test_without_the_secret_key_nothing_is_told(flutterwave: Flutterwave, key: str) -> None:
    headers = {"Authorization": key} if key else {}
    for path in ("/balances", "/transactions", "/no/such/thing"):
        response = requests.get(f"{flutterwave.base_url}{path}", headers=headers, timeout=5)
        if path != "/no/such/thing":
            assert response.status_code == 401
        assert response.json()["status"] == "error" and response.json()["data"] is None


# --- the hosted checkout --------------------------------------------------------------------------------------------


def test_a_checkout_is_no_transaction_until_somebody_pays(flutterwave: Flutterwave, config: SandboxConfig) -> None:
    answer = flutterwave.opens("gw-1")
    assert (answer["status"], answer["message"]) == ("success", "Hosted Link")
    assert answer["data"]["link"].startswith(f"{config.public_url}/flutterwave/checkout/")
    assert flutterwave.get("/transactions/verify_by_reference?tx_ref=gw-1", 400) == NOTHING_FOUND
    assert flutterwave.get("/transactions")["data"] == []
    paid = flutterwave.pays("gw-1")
    assert (paid["status"], paid["tx_ref"], paid["amount"], paid["currency"]) == ("successful", "gw-1", 5000, "KES")
    assert (paid["charged_amount"], paid["app_fee"], paid["amount_settled"]) == (5000, 145, 4855)
    assert (paid["payment_type"], paid["narration"]) == ("mpesa", "Umoja")
    assert paid["customer"]["email"] == "m1@members.test" and paid["id"] > 2**31
    assert flutterwave.get(f"/transactions/{paid['id']}/verify")["data"] == paid
    assert flutterwave.get("/transactions/1/verify", 400) == NOTHING_FOUND


def test_the_checkout_pays_and_returns_to_the_product(flutterwave: Flutterwave) -> None:
    link = flutterwave.link("gw-1", amount=5000.5)
    page = requests.get(link, timeout=5)
    assert page.status_code == 200 and "KES 5,000.50" in page.text and "gw-1" in page.text
    paid = requests.post(link, data={"action": "pay"}, allow_redirects=False, timeout=5)
    number = flutterwave.verifies("gw-1")["id"]
    assert paid.status_code == 302
    assert paid.headers["Location"] == (
        f"http://product.test/p/abc?lang=en&status=successful&tx_ref=gw-1&transaction_id={number}"
    )
    assert "Paid" in requests.get(link, timeout=5).text


def test_a_payer_who_walks_away_may_come_back(flutterwave: Flutterwave) -> None:
    link = flutterwave.link("gw-1", currency="UGX")
    left = requests.post(link, data={"action": "abandon"}, allow_redirects=False, timeout=5).text
    assert "Not finished" in left and "status=cancelled&amp;tx_ref=gw-1" in left and "transaction_id" not in left
    assert "Pay UGX 5,000</button>" in requests.get(link, timeout=5).text
    declined = requests.post(link, data={"action": "decline"}, timeout=5).text
    assert "Declined" in declined and flutterwave.verifies("gw-1")["status"] == "failed"
    assert requests.post(link, data={"action": "steal"}, timeout=5).status_code == 400
    assert requests.get(f"{link}x", timeout=5).status_code == 404


def test_a_used_reference_is_refused(flutterwave: Flutterwave) -> None:
    flutterwave.opens("gw-1")
    again = flutterwave.opens("gw-1", 400, amount=9000)
    assert again["message"].startswith("Transaction Reference already exist.")
    assert flutterwave.charges("mpesa", "gw-1", 400)["message"] == again["message"]
    assert flutterwave.pays("gw-1")["amount"] == 5000


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"tx_ref": ""}, "tx_ref"),
        ({"tx_ref": "x" * 101}, "tx_ref"),
        ({"amount": None}, "amount"),
        ({"amount": 0}, "amount"),
        ({"amount": "12a"}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": 10.005}, "amount"),
        ({"amount": 10.5, "currency": "UGX"}, "amount"),
        ({"currency": "EUR"}, "Currency"),
        ({"redirect_url": None}, "redirect_url"),
        ({"customer": None}, "customer"),
        ({"customer": {"email": "nobody"}}, "email"),
    ],
)
def test_checkouts_that_are_turned_down(flutterwave: Flutterwave, fields: dict[str, Any], word: str) -> None:
    answer = flutterwave.opens(**{"tx_ref": "gw-1", "status": 400, **fields})
    assert answer["status"] == "error" and word in answer["message"] and answer["data"] is None


# --- charges --------------------------------------------------------------------------------------------------------


def test_mpesa_waits_for_the_phone_without_an_address(flutterwave: Flutterwave, driver: Driver) -> None:
    answer = flutterwave.charges("mpesa", "gw-1")
    data = answer["data"]
    assert (answer["message"], data["status"], data["auth_model"]) == ("Charge initiated", "pending", "LIPA_MPESA")
    assert (data["amount"], data["app_fee"], data["auth_url"], "meta" in answer) == (507, 14.71, "N/A", False)
    assert flutterwave.verifies("gw-1")["status"] == "pending"
    [prompt] = driver.inbox(PHONE)
    assert prompt["text"] == "Pay KES 507 to GroupWallet? Enter your M-PESA PIN to approve."
    assert (prompt["from"], prompt["channel"]) == ("M-PESA", "money")
    [shown] = driver.get("/sandbox/flutterwave/transactions?phone=%2B254712345678")["transactions"]
    assert (shown["reference"], shown["phone"], shown["amount"]) == ("gw-1", PHONE, "KES 507")
    paid = flutterwave.pays("gw-1")
    assert (paid["status"], paid["amount"], paid["app_fee"], paid["amount_settled"]) == (
        "successful",
        507,
        14.71,
        492.29,
    )
    assert driver.inbox(PHONE)[1]["text"] == "You paid KES 507 to GroupWallet (M-PESA)."


@pytest.mark.parametrize(
    ("type_", "currency", "more"),
    [
        ("mobile_money_ghana", "GHS", {"network": "MTN"}),
        ("mobile_money_uganda", "UGX", {"network": "mtn"}),
        ("mobile_money_rwanda", "RWF", {"order_id": "o-1"}),
        ("mobile_money_zambia", "ZMW", {"order_id": "o-1"}),
    ],
)
def test_most_mobile_money_leads_to_a_page(
    flutterwave: Flutterwave, type_: str, currency: str, more: dict[str, Any]
) -> None:
    answer = flutterwave.charges(type_, "gw-1", currency=currency, phone_number="0551234987", **more)
    authorization = answer["meta"]["authorization"]
    assert (authorization["mode"], "data" in answer) == ("redirect", False)
    assert f"Pay {currency} 507" in requests.get(authorization["redirect"], timeout=5).text
    requests.post(authorization["redirect"], data={"action": "pay"}, timeout=5)
    paid = flutterwave.verifies("gw-1")
    assert (paid["status"], paid["currency"], paid["amount"]) == ("successful", currency, 507)


def test_francs_are_asked_for_on_the_phone(flutterwave: Flutterwave) -> None:
    asked = {"currency": "XOF", "country": "CI", "phone_number": "2250700000020"}
    answer = flutterwave.charges("mobile_money_franco", "gw-1", **asked)
    assert answer["meta"] == {"authorization": {"mode": "callback", "redirect_url": None}}
    assert (answer["data"]["status"], answer["data"]["app_fee"]) == ("pending", 13)


def test_ussd_answers_with_a_code_to_dial(flutterwave: Flutterwave, driver: Driver) -> None:
    answer = flutterwave.charges("ussd", "gw-1", currency="NGN", account_bank="058")
    code = answer["data"]["payment_code"]
    assert answer["meta"] == {"authorization": {"mode": "ussd", "note": f"*566*002*{code}#"}}
    assert answer["data"]["status"] == "pending" and answer["data"]["app_fee"] == 10.14
    [shown] = driver.get("/sandbox/flutterwave/transactions")["transactions"]
    assert shown["ussd_code"] == f"*566*002*{code}#"


def test_bank_transfer_answers_with_an_account_that_closes(flutterwave: Flutterwave, driver: Driver) -> None:
    answer = flutterwave.charges("bank_transfer", "gw-1", currency="NGN", expires=600)
    account = answer["meta"]["authorization"]
    assert (account["mode"], account["transfer_amount"], "data" in answer) == ("banktransfer", "507.00", False)
    assert (
        len(account["transfer_account"]) == 10 and account["transfer_bank"] and account["account_expiration"] > 10**12
    )
    driver.post("/sandbox/clock", {"forward": "11m"})
    driver.post("/sandbox/flutterwave/transactions/gw-1/pay", status=409)
    assert flutterwave.verifies("gw-1")["status"] == "pending"


@pytest.mark.parametrize(
    ("type_", "fields", "word"),
    [
        ("pigeon", {}, "payment type"),
        ("mpesa", {"currency": "NGN"}, "KES"),
        ("mpesa", {"phone_number": ""}, "phone_number"),
        ("mpesa", {"phone_number": "12"}, "phone number"),
        ("mpesa", {"network": "MTN"}, "SAFARICOM"),
        ("mobile_money_rwanda", {"phone_number": "250788123456"}, "order_id"),
        ("mobile_money_franco", {"phone_number": "2250700000020"}, "country"),
        ("ussd", {}, "account_bank"),
        ("ussd", {"account_bank": "999"}, "bank code"),
        ("bank_transfer", {"expires": -1}, "expires"),
    ],
)
def test_charges_that_are_turned_down(flutterwave: Flutterwave, type_: str, fields: dict[str, Any], word: str) -> None:
    answer = flutterwave.charges(type_, "gw-1", 400, **fields)
    assert answer["status"] == "error" and word in answer["message"]


# --- what becomes of payments ---------------------------------------------------------------------------------------


def test_a_prompt_that_nobody_answers_fails_and_may_still_be_paid_late(
    flutterwave: Flutterwave, driver: Driver, product: RecordingProduct
) -> None:
    flutterwave.charges("mpesa", "gw-1")
    driver.post("/sandbox/flutterwave/transactions/gw-1/abandon")
    assert flutterwave.verifies("gw-1")["status"] == "pending"
    driver.post("/sandbox/clock", {"forward": "4m"})
    failed = flutterwave.verifies("gw-1")
    assert (failed["status"], failed["amount_settled"]) == ("failed", None)
    flutterwave.pays("gw-1")
    assert [event["data"]["status"] for event in events(product, 2)] == ["failed", "successful"]


def test_a_payment_is_paid_once_and_told_once(
    flutterwave: Flutterwave, driver: Driver, product: RecordingProduct, config: SandboxConfig
) -> None:
    flutterwave.opens("gw-1", meta={"member": "m1"})
    flutterwave.pays("gw-1")
    flutterwave.pays("gw-1")
    driver.post("/sandbox/flutterwave/transactions/gw-1/decline")
    [event] = events(product, 1)
    verified = flutterwave.verifies("gw-1")
    assert (event["event"], event["event.type"]) == ("charge.completed", "MPESA_TRANSACTION")
    for key in ("id", "tx_ref", "flw_ref", "amount", "charged_amount", "app_fee", "currency", "status", "customer"):
        assert event["data"][key] == verified[key], key
    assert verified["status"] == "successful" and verified["meta"] == {"member": "m1"}
    headers = {name.lower(): value for name, value in heard(product, 1)[0].headers.items()}
    assert headers["verif-hash"] == config.flutterwave_secret_hash


def test_a_declined_prompt_is_told_and_a_declined_card_is_not(
    flutterwave: Flutterwave, driver: Driver, product: RecordingProduct
) -> None:
    flutterwave.opens("gw-1", currency="NGN")
    driver.post("/sandbox/flutterwave/transactions/gw-1/decline")
    flutterwave.charges("mpesa", "gw-2")
    driver.post("/sandbox/flutterwave/transactions/gw-2/decline")
    [event] = events(product, 1)
    assert (event["data"]["tx_ref"], event["data"]["status"]) == ("gw-2", "failed")
    driver.post("/sandbox/flutterwave/webhooks/gw-1/resend", status=409)
    driver.post("/sandbox/flutterwave/webhooks/gw-2/resend", status=202)
    assert len(events(product, 2)) == 2
    driver.post("/sandbox/flutterwave/webhooks/gw-3/resend", status=404)


def test_what_is_reported_can_differ_from_what_was_asked(flutterwave: Flutterwave, driver: Driver) -> None:
    for reference in ("gw-1", "gw-2", "gw-3"):
        flutterwave.opens(reference)
    less = flutterwave.pays("gw-1", amount_minor=400_000)
    assert (less["amount"], less["currency"]) == (4000, "KES")
    other = flutterwave.pays("gw-2", currency="UGX")
    assert (other["amount"], other["currency"]) == (5000, "UGX")
    # Who pays the fee is a setting of the merchant: `amount` stays what was asked for.
    on_top = flutterwave.pays("gw-3", fee_on_top=True)
    assert (on_top["amount"], on_top["charged_amount"], on_top["amount_settled"]) == (5000, 5145, 5000)
    for wrong in ({"currency": "EUR"}, {"amount": 5}, {"fee_on_top": 1}, {"amount_minor": "5"}):
        driver.post("/sandbox/flutterwave/transactions/gw-3/pay", wrong, 400)
    driver.post("/sandbox/flutterwave/transactions/gw-3/steal", status=404)
    driver.post("/sandbox/flutterwave/transactions/none/pay", status=404)


@pytest.mark.parametrize(
    ("kind", "amount", "currency"), [("wrong_amount", 2500, "KES"), ("wrong_currency", 5000, "UGX")]
)
def test_a_fault_changes_what_is_taken(
    flutterwave: Flutterwave, driver: Driver, kind: str, amount: int, currency: str
) -> None:
    driver.orders_fault("flutterwave", kind)
    flutterwave.opens("gw-1")
    flutterwave.opens("gw-2")
    wrong, right = flutterwave.pays("gw-1"), flutterwave.pays("gw-2")
    assert (wrong["amount"], wrong["currency"]) == (amount, currency)
    assert (right["amount"], right["currency"]) == (5000, "KES")


def test_a_payment_can_be_reversed_now_or_later(flutterwave: Flutterwave, driver: Driver) -> None:
    before = flutterwave.balance()
    driver.orders_fault("flutterwave", "reversed_later", seconds=3600)
    flutterwave.charges("mpesa", "gw-1")
    flutterwave.charges("mpesa", "gw-2")
    assert (flutterwave.pays("gw-1")["status"], flutterwave.pays("gw-2")["status"]) == ("successful", "successful")
    driver.post("/sandbox/clock", {"forward": "61m"})
    assert flutterwave.verifies("gw-1")["status"] == "reversed"
    driver.post("/sandbox/flutterwave/transactions/gw-2/reverse")
    driver.post("/sandbox/flutterwave/transactions/gw-2/reverse")
    assert flutterwave.verifies("gw-2")["status"] == "reversed" and flutterwave.balance() == before
    texts = eventually(lambda: [m["text"] for m in driver.inbox(PHONE) if "came back" in m["text"]])
    assert texts == ["KES 507 that you paid to GroupWallet came back (M-PESA)."] * 2
    flutterwave.charges("mpesa", "gw-3")
    driver.post("/sandbox/flutterwave/transactions/gw-3/reverse", status=409)


def test_calls_can_fail_and_payers_are_spared(flutterwave: Flutterwave, driver: Driver) -> None:
    link = flutterwave.link("gw-1")
    driver.orders_fault("flutterwave", "http_500", path="/payments")
    assert requests.post(link, data={"action": "pay"}, allow_redirects=False, timeout=5).status_code == 302
    response = requests.post(f"{flutterwave.base_url}/payments", json={}, headers=flutterwave.headers, timeout=5)
    assert response.status_code == 500
    flutterwave.opens("gw-2")


@pytest.mark.parametrize(
    ("amount", "currency", "payment_type", "fee", "kept"),
    [
        (1_500_00, "NGN", "card", 30_00, 32_25),
        (507_00, "NGN", "ussd", 10_14, 10_91),
        (100_000_00, "NGN", "card", 2_000_00, 2_150_00),
        (900_000_00, "NGN", "bank_transfer", 2_000_00, 2_150_00),
        (10_00, "KES", "mpesa", 29, 29),
        (507_00, "KES", "mpesa", 14_71, 14_71),
        (10_00, "KES", "card", 32, 32),
        (150_00, "GHS", "mobilemoneygh", 3_75, 3_75),
        (100_000, "UGX", "mobilemoneyug", 3_000, 3_000),
        (50, "XOF", "mobilemoneysn", 2, 2),
        (100_00, "ZAR", "card", 2_90, 2_90),
    ],
)
def test_fees_are_those_of_the_price_list(amount: int, currency: str, payment_type: str, fee: int, kept: int) -> None:
    rate = rate_of(currency, payment_type)
    assert (rate.fee_of(amount), rate.kept_of(amount)) == (fee, kept)


def test_the_tax_on_a_nigerian_fee_is_missing_from_what_is_settled(flutterwave: Flutterwave) -> None:
    flutterwave.opens("gw-1", currency="NGN", amount=2500)
    paid = flutterwave.pays("gw-1")
    assert (paid["amount"], paid["app_fee"], paid["amount_settled"]) == (2500, 50, 2446.25)
