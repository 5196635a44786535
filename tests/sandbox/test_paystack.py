"""Paystack's API and checkout, as a client of its documentation meets them."""

from typing import Any

import pytest
import requests

from sandbox.config import SandboxConfig
from sandbox.paystack.fees import fee_of
from tests.sandbox.actors import Driver, Paystack

CALLBACK = "http://product.test/p/abc?lang=en"


def test_a_payment_is_opened_with_a_checkout_of_its_own(paystack: Paystack, config: SandboxConfig) -> None:
    response = paystack.initialize(reference="gw-0000000000000001", metadata={"member": "m1"})
    body = response.json()
    assert (response.status_code, body["status"], body["message"]) == (200, True, "Authorization URL created")
    assert body["data"]["reference"] == "gw-0000000000000001"
    code = body["data"]["access_code"]
    assert body["data"]["authorization_url"] == f"{config.public_url}/paystack/checkout/{code}"


TURNED_DOWN: list[tuple[dict[str, Any], str]] = [
    ({"email": "nobody"}, "invalid_email_address"),
    ({"email": None}, "invalid_email_address"),
    ({"amount": 299}, "amount_below_minimum"),
    ({"amount": 4999, "currency": "NGN"}, "amount_below_minimum"),
    ({"amount": 12.5}, "invalid_amount"),
    ({"amount": -5}, "invalid_amount"),
    ({"amount": True}, "invalid_amount"),
    ({"amount": "12a"}, "invalid_amount"),
    ({"currency": "EUR"}, "unsupported_currency"),
    ({"reference": "a_b"}, "invalid_reference"),
    ({"reference": "a b"}, "invalid_reference"),
    ({"channels": ["pigeon"]}, "invalid_channels"),
]


def test_what_paystack_turns_down(paystack: Paystack) -> None:
    for fields, code in TURNED_DOWN:
        response = paystack.initialize(**fields)
        body = response.json()
        assert (response.status_code, body["status"], body["code"]) == (400, False, code), fields
        assert body["type"] == "validation_error"
        assert body["meta"]["nextStep"]


def test_a_used_reference_is_a_duplicate(paystack: Paystack) -> None:
    paystack.opens("gw-1")
    response = paystack.initialize(reference="gw-1", amount=900_000)
    assert (response.status_code, response.json()["code"]) == (400, "duplicate_reference")
    assert paystack.verifies("gw-1")["amount"] == 500_000


def test_without_the_secret_key_nothing_is_told(paystack: Paystack) -> None:
    response = requests.get(f"{paystack.base_url}/balance", headers={"Authorization": "Bearer sk_other"}, timeout=5)
    assert response.status_code == 401
    assert response.json() == {
        "status": False,
        "message": "Invalid key",
        "meta": {"nextStep": "Ensure that you provide the correct authorization key for the request"},
        "type": "validation_error",
        "code": "invalid_Key",
    }


def test_an_unknown_reference_is_404(paystack: Paystack) -> None:
    response = paystack.get("/transaction/verify/nothing")
    assert (response.status_code, response.json()["code"]) == (404, "transaction_not_found")
    assert paystack.get("/no/such/thing").json()["status"] is False


def test_a_payment_is_abandoned_until_someone_pays(paystack: Paystack, driver: Driver) -> None:
    paystack.opens("gw-1", metadata={"member": "m1"})
    opened = paystack.verifies("gw-1")
    assert (opened["status"], opened["paid_at"], opened["fees"]) == ("abandoned", None, None)
    assert driver.post("/sandbox/payments/gw-1/pay") == {"reference": "gw-1", "status": "success"}
    paid = paystack.verifies("gw-1")
    assert (paid["status"], paid["amount"], paid["requested_amount"]) == ("success", 500_000, 500_000)
    assert (paid["fees"], paid["channel"], paid["currency"]) == (7_500, "mobile_money", "KES")
    assert paid["metadata"] == {"member": "m1"} and paid["customer"]["email"] == "m1@members.test"
    assert paid["authorization"]["channel"] == "mobile_money" and paid["gateway_response"] == "Approved"
    assert paid["id"] > 2**32 and paid["paid_at"].endswith("Z")


def test_metadata_sent_as_json_text_comes_back_parsed(paystack: Paystack) -> None:
    paystack.opens("gw-1", metadata='{"member":"m1"}')
    paystack.opens("gw-2")
    assert paystack.verifies("gw-1")["metadata"] == {"member": "m1"}
    assert paystack.verifies("gw-2")["metadata"] == ""


def test_the_checkout_pays_and_returns_to_the_product(paystack: Paystack) -> None:
    url = paystack.opens("gw-1", callback_url=CALLBACK)["authorization_url"]
    page = requests.get(url, timeout=5)
    assert page.status_code == 200 and "KES 5,000.00" in page.text and "gw-1" in page.text
    paid = requests.post(url, data={"action": "pay"}, allow_redirects=False, timeout=5)
    assert paid.status_code == 302
    assert paid.headers["Location"] == "http://product.test/p/abc?lang=en&trxref=gw-1&reference=gw-1"
    assert paystack.verifies("gw-1")["status"] == "success"
    assert "Paid" in requests.get(url, timeout=5).text


def test_the_checkout_declines(paystack: Paystack) -> None:
    url = paystack.opens("gw-1", callback_url=CALLBACK)["authorization_url"]
    page = requests.post(url, data={"action": "decline"}, timeout=5)
    assert "Declined" in page.text and "product.test/p/abc" in page.text
    declined = paystack.verifies("gw-1")
    assert (declined["status"], declined["gateway_response"]) == ("failed", "Declined")


def test_the_checkout_is_abandoned_and_opened_again(paystack: Paystack) -> None:
    url = paystack.opens("gw-1", callback_url=CALLBACK, metadata={"cancel_action": "http://product.test/no"})[
        "authorization_url"
    ]
    page = requests.post(url, data={"action": "abandon"}, timeout=5)
    assert "http://product.test/no" in page.text
    assert paystack.verifies("gw-1")["status"] == "abandoned"
    assert 'value="pay"' in requests.get(url, timeout=5).text


def test_an_unknown_checkout_or_action_is_refused(paystack: Paystack, config: SandboxConfig) -> None:
    assert requests.get(f"{config.public_url}/paystack/checkout/none", timeout=5).status_code == 404
    url = paystack.opens("gw-1")["authorization_url"]
    assert requests.post(url, data={"action": "steal"}, timeout=5).status_code == 400


def test_a_second_pay_changes_nothing(paystack: Paystack, driver: Driver) -> None:
    paystack.opens("gw-1")
    driver.post("/sandbox/payments/gw-1/pay")
    before = paystack.verifies("gw-1")
    assert driver.post("/sandbox/payments/gw-1/pay", {"amount_minor": 1})["status"] == "success"
    assert driver.post("/sandbox/payments/gw-1/decline")["status"] == "success"
    assert paystack.verifies("gw-1") == before


def test_the_provider_can_be_made_to_report_something_else(paystack: Paystack, driver: Driver) -> None:
    paystack.opens("gw-1")
    driver.post("/sandbox/payments/gw-1/pay", {"amount_minor": 100, "currency": "NGN"})
    paid = paystack.verifies("gw-1")
    assert (paid["amount"], paid["currency"], paid["requested_amount"]) == (100, "NGN", 500_000)


def test_payments_are_listed_in_pages(paystack: Paystack, driver: Driver) -> None:
    for number in range(5):
        paystack.opens(f"gw-{number}")
    driver.post("/sandbox/payments/gw-2/pay")
    body = paystack.get("/transaction?perPage=2&page=2").json()
    assert [payment["reference"] for payment in body["data"]] == ["gw-2", "gw-1"]
    assert body["meta"] | {"total_volume": 0} == {
        "total": 5,
        "total_volume": 0,
        "skipped": 2,
        "perPage": 2,
        "page": 2,
        "pageCount": 3,
    }
    assert [payment["reference"] for payment in paystack.get("/transaction?status=success").json()["data"]] == ["gw-2"]
    assert paystack.get("/transaction?from=2999-01-01T00:00:00.000Z").json()["data"] == []
    assert len(paystack.get("/transaction?to=2999-01-01").json()["data"]) == 5
    assert paystack.get("/transaction?from=yesterday").status_code == 400


def test_the_balance_grows_by_what_was_paid_less_fees(
    paystack: Paystack, driver: Driver, config: SandboxConfig
) -> None:
    untouched = dict.fromkeys(("GHS", "KES", "NGN", "ZAR"), config.paystack_float_minor)
    assert balances(paystack) == untouched
    paystack.opens("gw-1")
    paystack.opens("gw-2", currency="GHS", amount=10_000)
    for reference in ("gw-1", "gw-2"):
        driver.post(f"/sandbox/payments/{reference}/pay")
    assert balances(paystack) == untouched | {
        "GHS": config.paystack_float_minor + 9_805,
        "KES": config.paystack_float_minor + 492_500,
    }


def balances(paystack: Paystack) -> dict[str, int]:
    return {row["currency"]: row["balance"] for row in paystack.get("/balance").json()["data"]}


@pytest.mark.parametrize(
    ("amount", "currency", "channel", "fee"),
    [
        (100_000, "NGN", "card", 1_500),
        (249_999, "NGN", "card", 3_750),
        (250_000, "NGN", "card", 13_750),
        (12_666_600, "NGN", "card", 199_999),
        (20_000_000, "NGN", "card", 200_000),
        (1_000_000, "NGN", "dedicated_nuban", 10_000),
        (4_000_000, "NGN", "dedicated_nuban", 30_000),
        (10_000, "GHS", "mobile_money", 195),
        (100_000, "KES", "mobile_money", 1_500),
        (100_000, "KES", "card", 2_900),
        (10_000, "ZAR", "card", 390),
    ],
)
def test_fees_are_those_of_the_price_list(amount: int, currency: str, channel: str, fee: int) -> None:
    assert fee_of(amount, currency, channel) == fee


def test_the_phones_see_open_payments(paystack: Paystack, driver: Driver) -> None:
    paystack.opens("gw-1", metadata={"phone": "+254712345678"})
    paystack.opens("gw-2")
    paystack.opens("gw-3")
    driver.post("/sandbox/payments/gw-3/decline")
    assert [p["reference"] for p in driver.get("/sandbox/payments")["payments"]] == ["gw-2", "gw-1"]
    [mine] = driver.get("/sandbox/payments?phone=%2B254712345678")["payments"]
    assert (mine["reference"], mine["amount"], mine["amount_minor"]) == ("gw-1", "KES 5,000.00", 500_000)
    assert (mine["status"], mine["phone"]) == ("open", "+254712345678")
    assert [p["status"] for p in driver.get("/sandbox/payments?all=1")["payments"]] == ["failed", "open", "open"]
    assert "no payment" in driver.post("/sandbox/payments/none/pay", status=404)["error"]
    driver.post("/sandbox/payments/gw-1/steal", status=404)
