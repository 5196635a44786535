"""The operator's corner in one answer, and bank transfers into the accounts of either provider."""

from typing import Any

import pytest

from sandbox.config import SandboxConfig
from tests.sandbox.actors import Driver, Paystack
from tests.sandbox.flutterwave import Flutterwave

PHONE = "+254712345678"
MPESA = {"amount": 50_800, "currency": "KES", "mobile_money": {"phone": PHONE, "provider": "mpesa"}}


@pytest.fixture
def flutterwave(config: SandboxConfig, driver: Driver) -> Flutterwave:
    return Flutterwave(config, driver)


def rows(driver: Driver, part: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = driver.get("/sandbox/desk")[part]
    return found


def names(row: dict[str, Any]) -> list[str]:
    return [action["name"] for action in row["actions"]]


def does(driver: Driver, row: dict[str, Any], name: str, status: int = 200) -> None:
    [path] = [action["path"] for action in row["actions"] if action["name"] == name]
    driver.post(path, status=status)


def charges(paystack: Paystack, reference: str, **asked: Any) -> Any:
    return paystack.gives("/charge", {"email": "m1@members.test", "reference": reference, **MPESA, **asked})


def test_the_desk_of_a_new_sandbox_is_empty(driver: Driver) -> None:
    empty = dict.fromkeys(("payments", "refunds", "disputes", "to_settle", "standing_accounts", "faults"), [])
    assert driver.get("/sandbox/desk") == empty


def test_a_paid_prompt_can_be_disputed_and_the_dispute_lost(driver: Driver, paystack: Paystack) -> None:
    charges(paystack, "gw-charge-00000001")
    driver.post("/sandbox/payments/gw-charge-00000001/pay")
    [paid] = rows(driver, "payments")
    assert (paid["provider"], paid["amount"], paid["phone"], paid["status"]) == (
        "paystack",
        "KES 508",
        PHONE,
        "success",
    )
    assert driver.get("/sandbox/desk")["to_settle"] == ["KES"]
    does(driver, paid, "Open a dispute", 201)
    [dispute] = rows(driver, "disputes")
    assert names(dispute) == ["Lose", "Win", "Remind"]
    does(driver, dispute, "Lose")
    [dispute] = rows(driver, "disputes")
    assert (dispute["status"], dispute["actions"]) == ("merchant-accepted", [])


def test_a_refund_offers_what_its_status_allows(driver: Driver, paystack: Paystack) -> None:
    charges(paystack, "gw-charge-00000001")
    driver.post("/sandbox/payments/gw-charge-00000001/pay")
    paystack.gives("/refund", {"transaction": "gw-charge-00000001", "amount": 20_000})
    [refund] = rows(driver, "refunds")
    assert names(refund) == ["Begin", "Process", "Fail", "Needs attention"]
    does(driver, refund, "Needs attention")
    assert names(rows(driver, "refunds")[0]) == ["Process", "Fail"]
    does(driver, refund, "Process")
    assert (rows(driver, "refunds")[0]["status"], rows(driver, "refunds")[0]["actions"]) == ("processed", [])


def test_payments_of_both_providers_stand_together(
    driver: Driver, paystack: Paystack, flutterwave: Flutterwave
) -> None:
    charges(paystack, "gw-charge-00000001")
    driver.post("/sandbox/payments/gw-charge-00000001/pay")
    flutterwave.charges("mpesa", "gw-2")
    flutterwave.pays("gw-2")
    first, second = rows(driver, "payments")
    assert (first["provider"], second["provider"]) == ("flutterwave", "paystack")
    does(driver, first, "Send its event again", 202)
    does(driver, first, "Open a chargeback")
    [chargeback] = rows(driver, "disputes")
    does(driver, chargeback, "Win")
    does(driver, first, "Reverse")
    assert (rows(driver, "payments")[0]["status"], rows(driver, "payments")[0]["actions"]) == ("reversed", [])


def test_a_refund_at_flutterwave_can_be_completed(driver: Driver, flutterwave: Flutterwave) -> None:
    flutterwave.orders("refunds", "pending")
    flutterwave.charges("mpesa", "gw-2")
    flutterwave.post(f"/transactions/{flutterwave.pays('gw-2')['id']}/refund", {"amount": 100})
    [refund] = rows(driver, "refunds")
    assert names(refund) == ["Complete", "Fail"]
    does(driver, refund, "Complete")
    assert rows(driver, "refunds")[0]["status"] == "completed-momo"


def test_faults_on_order_and_standing_accounts_are_told(driver: Driver, paystack: Paystack) -> None:
    driver.orders_fault("flutterwave", "late_webhooks", 2)
    customer = {"email": "m1@members.test", "first_name": "Ama", "last_name": "B", "phone": "+2348031234567"}
    code = paystack.gives("/customer", customer)["customer_code"]
    account = paystack.gives("/dedicated_account", {"customer": code, "preferred_bank": "titan-paystack"})
    desk = driver.get("/sandbox/desk")
    assert desk["faults"] == [{"target": "flutterwave", "kind": "late_webhooks", "count": 2}]
    [standing] = desk["standing_accounts"]
    assert (standing["account_number"], standing["phone"]) == (account["account_number"], "+2348031234567")
    assert (standing["bank"], standing["currency"]) == ("Titan Paystack", "NGN")
    sent = {"account_number": account["account_number"], "amount_minor": 250_050, "sender_name": "Ama"}
    driver.post("/sandbox/transfers-in", sent, 201)
    [paid] = rows(driver, "payments")
    assert (paid["amount"], paid["phone"]) == ("NGN 2,500.50", "+2348031234567")


def test_a_prompt_tells_who_asks_and_until_when(driver: Driver, paystack: Paystack, flutterwave: Flutterwave) -> None:
    charges(paystack, "gw-charge-00000001")
    [prompt] = driver.get("/sandbox/payments")["payments"]
    assert (prompt["sender"], prompt["step"], prompt["kind"]) == ("M-PESA", "pay_offline", "mobile_money")
    assert prompt["ends_at"] > prompt["created_at"]
    flutterwave.charges("mpesa", "gw-2")
    [prompt] = driver.get("/sandbox/flutterwave/transactions")["transactions"]
    assert (prompt["sender"], prompt["is_open"], prompt["phone"]) == ("M-PESA", True, PHONE)


def test_a_prompt_is_gone_after_180_seconds_of_the_clock(
    driver: Driver, paystack: Paystack, flutterwave: Flutterwave
) -> None:
    charges(paystack, "gw-charge-00000001")
    flutterwave.charges("mpesa", "gw-2")
    driver.post("/sandbox/clock", {"forward": "181s"})
    assert driver.get("/sandbox/payments")["payments"] == []
    [over] = driver.get("/sandbox/flutterwave/transactions")["transactions"]
    assert (over["status"], over["is_open"]) == ("failed", False)


def test_a_transfer_pays_flutterwaves_account_with_the_exact_amount(driver: Driver, flutterwave: Flutterwave) -> None:
    told = flutterwave.charges("bank_transfer", "gw-2", amount=3000, currency="NGN", expires=3600)
    account = told["meta"]["authorization"]["transfer_account"]
    less = driver.post("/sandbox/transfers-in", {"account_number": account, "amount_minor": 299_999}, 201)
    assert less == {"reference": "gw-2", "status": "rejected"}
    paid = driver.post("/sandbox/transfers-in", {"account_number": account, "amount_minor": 300_000}, 201)
    assert paid == {"reference": "gw-2", "status": "successful"}
    assert flutterwave.verifies("gw-2")["status"] == "successful"


def test_an_account_of_flutterwave_closes_in_time(driver: Driver, flutterwave: Flutterwave) -> None:
    told = flutterwave.charges("bank_transfer", "gw-2", amount=3000, currency="NGN", expires=3600)
    driver.post("/sandbox/clock", {"forward": "61m"})
    [over] = driver.get("/sandbox/flutterwave/transactions")["transactions"]
    assert not over["is_open"]
    account = told["meta"]["authorization"]["transfer_account"]
    driver.post("/sandbox/transfers-in", {"account_number": account, "amount_minor": 300_000}, 404)
