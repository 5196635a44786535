"""What comes after a payment: refunds, disputes, reversals, settlements; and a balance that is exact to the kobo."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sandbox.config import SandboxConfig
from sandbox.serve import SandboxServer
from tests.sandbox.actors import Driver, Paystack
from tests.sandbox.product import RecordingProduct, eventually

PATH = "/webhooks/payment/paystack"
PAID, FEE = 500_000, 7_500
ACCOUNT = {
    "type": "mobile_money",
    "name": "Wanjiru Kamau",
    "account_number": "0712345678",
    "bank_code": "MPESA",
    "currency": "KES",
}


@pytest.fixture
def config(config: SandboxConfig) -> SandboxConfig:
    return replace(config, transfer_seconds=0.05)


def pays(paystack: Paystack, driver: Driver, reference: str = "gw-1", **fields: Any) -> dict[str, Any]:
    paystack.opens(reference, **fields)
    driver.post(f"/sandbox/payments/{reference}/pay")
    return paystack.verifies(reference)


def sends(paystack: Paystack, reference: str, amount: int = 100_000) -> dict[str, Any]:
    recipient = paystack.post("/transferrecipient", ACCOUNT).json()["data"]["recipient_code"]
    order = {"source": "balance", "amount": amount, "currency": "KES", "recipient": recipient, "reference": reference}
    sent: dict[str, Any] = paystack.gives("/transfer", order)
    return sent


def events(product: RecordingProduct, prefix: str, count: int) -> list[dict[str, Any]]:
    def found() -> list[dict[str, Any]]:
        told = [json.loads(call.body) for call in product.of(PATH)]
        return [event for event in told if event["event"].startswith(prefix)]

    eventually(lambda: len(found()) >= count)
    return found()


# --- refunds --------------------------------------------------------------------------------------------------------


def test_a_refund_goes_its_way(paystack: Paystack, driver: Driver, product: RecordingProduct) -> None:
    payment, before = pays(paystack, driver), paystack.balance()
    made = paystack.gives("/refund", {"transaction": "gw-1", "amount": "120000", "merchant_note": "left the group"})
    assert (made["status"], made["amount"], made["currency"]) == ("pending", 120_000, "KES")
    assert (made["transaction"]["reference"], made["merchant_note"]) == ("gw-1", "left the group")
    assert paystack.balance() == before - 120_000
    path = f"/sandbox/refunds/{made['id']}"
    assert driver.post(f"{path}/begin")["status"] == "processing"
    assert driver.post(f"{path}/process") == {"id": made["id"], "status": "processed"}
    driver.post(f"{path}/fail", status=409)
    driver.post(f"{path}/steal", status=404)
    driver.post("/sandbox/refunds/1/process", status=404)
    found = paystack.gives(f"/refund/{made['id']}")
    assert (found["status"], found["transaction"], found["deducted_amount"]) == ("processed", payment["id"], 120_000)
    told = events(product, "refund.", 3)
    assert [event["event"] for event in told] == ["refund.pending", "refund.processing", "refund.processed"]
    assert [event["data"]["amount"] for event in told] == ["120000"] * 3
    assert {event["data"]["transaction_reference"] for event in told} == {"gw-1"}
    assert paystack.balance() == before - 120_000 and paystack.verifies("gw-1")["status"] == "success"


def test_a_failed_refund_gives_the_money_back(paystack: Paystack, driver: Driver, product: RecordingProduct) -> None:
    pays(paystack, driver)
    before = paystack.balance()
    made = paystack.gives("/refund", {"transaction": "gw-1"})
    assert (made["amount"], paystack.balance()) == (PAID, before - PAID)
    assert driver.post(f"/sandbox/refunds/{made['id']}/attention")["status"] == "needs-attention"
    assert paystack.balance() == before - PAID
    driver.post(f"/sandbox/refunds/{made['id']}/fail")
    assert paystack.balance() == before
    told = events(product, "refund.", 3)
    assert [event["event"] for event in told] == ["refund.pending", "refund.needs-attention", "refund.failed"]
    assert [event["data"]["amount"] for event in told] == [str(PAID), PAID, PAID]
    assert told[1]["data"]["id"] == str(made["id"])
    paystack.gives("/refund", {"transaction": "gw-1"})


def test_no_more_goes_back_than_was_paid(paystack: Paystack, driver: Driver) -> None:
    payment = pays(paystack, driver)
    assert paystack.refuses("/refund", {"transaction": "gw-1", "amount": PAID + 1}) == "invalid_amount"
    paystack.gives("/refund", {"transaction": payment["id"], "amount": 400_000})
    assert paystack.refuses("/refund", {"transaction": "gw-1", "amount": 100_001}) == "invalid_amount"
    paystack.gives("/refund", {"transaction": "gw-1"})
    assert paystack.refuses("/refund", {"transaction": "gw-1"}) == "transaction_reversed"
    paystack.opens("gw-2")
    assert paystack.refuses("/refund", {"transaction": "gw-2"}) == "invalid_transaction_status"
    assert paystack.refuses("/refund", {"transaction": "none"}, 404) == "transaction_not_found"
    pays(paystack, driver, "gw-3")
    assert paystack.refuses("/refund", {"transaction": "gw-3", "currency": "NGN"}) == "invalid_currency"
    assert paystack.refuses("/refund", {"transaction": "gw-3", "amount": 0}) == "invalid_amount"


def test_refunds_are_found_by_transaction_currency_and_day(paystack: Paystack, driver: Driver) -> None:
    payment = pays(paystack, driver)
    pays(paystack, driver, "gw-2", currency="GHS", amount=10_000)
    for reference in ("gw-1", "gw-2"):
        paystack.gives("/refund", {"transaction": reference})

    def amounts(query: str) -> list[int]:
        return [refund["amount"] for refund in paystack.gives(f"/refund?{query}")]

    assert amounts("") == [10_000, PAID]
    assert amounts("transaction=gw-1") == amounts(f"transaction={payment['id']}") == amounts("reference=gw-1") == [PAID]
    assert amounts("currency=GHS") == [10_000]
    assert amounts("from=2999-01-01") == [] and len(amounts("to=2999-01-01")) == 2
    assert paystack.get("/refund/1").status_code == 404


def test_a_transaction_that_is_refunded_whole_may_be_shown_as_reversed(paystack: Paystack, driver: Driver) -> None:
    pays(paystack, driver)
    before = paystack.balance()
    made = paystack.gives("/refund", {"transaction": "gw-1"})
    driver.post(f"/sandbox/refunds/{made['id']}/process", {"marks_reversed": True})
    assert (paystack.verifies("gw-1")["status"], paystack.balance()) == ("reversed", before - PAID)


# --- disputes and reversals -----------------------------------------------------------------------------------------


def test_a_lost_dispute_takes_its_amount(paystack: Paystack, driver: Driver, product: RecordingProduct) -> None:
    payment, before = pays(paystack, driver), paystack.balance()
    opened = driver.post("/sandbox/payments/gw-1/dispute", {"amount_minor": 200_000}, 201)
    found = paystack.gives(f"/dispute/{opened['id']}")
    assert (found["status"], found["refund_amount"], found["category"]) == (
        "awaiting-merchant-feedback",
        200_000,
        "chargeback",
    )
    assert found["transaction"]["reference"] == "gw-1" and paystack.balance() == before
    driver.post(f"/sandbox/disputes/{opened['id']}/remind")
    driver.post(f"/sandbox/disputes/{opened['id']}/lose")
    assert paystack.balance() == before - 200_000
    driver.post(f"/sandbox/disputes/{opened['id']}/lose")
    driver.post(f"/sandbox/disputes/{opened['id']}/win", status=409)
    assert paystack.balance() == before - 200_000
    resolved = paystack.gives(f"/dispute/{opened['id']}")
    assert (resolved["status"], resolved["resolution"]) == ("resolved", "merchant-accepted")
    told = events(product, "charge.dispute.", 3)
    assert [event["event"].rsplit(".", 1)[1] for event in told] == ["create", "remind", "resolve"]
    assert told[2]["data"]["resolution"] == "merchant-accepted" and told[0]["data"]["id"] == opened["id"]
    assert [row["id"] for row in paystack.gives(f"/dispute?transaction={payment['id']}")] == [opened["id"]]
    assert paystack.gives("/dispute?status=awaiting-merchant-feedback") == []
    assert paystack.gives("/dispute?from=2999-01-01") == []
    assert paystack.refuses("/refund", {"transaction": "gw-1", "amount": 300_001}) == "invalid_amount"


def test_a_won_dispute_leaves_the_money(paystack: Paystack, driver: Driver, product: RecordingProduct) -> None:
    pays(paystack, driver)
    before = paystack.balance()
    opened = driver.post("/sandbox/payments/gw-1/dispute", status=201)
    assert opened["amount_minor"] == PAID
    assert driver.post(f"/sandbox/disputes/{opened['id']}/win")["resolution"] == "declined"
    assert paystack.balance() == before
    assert events(product, "charge.dispute.resolve", 1)[0]["data"]["resolution"] == "declined"


def test_what_was_refunded_meanwhile_is_not_lost_again(paystack: Paystack, driver: Driver) -> None:
    pays(paystack, driver)
    before = paystack.balance()
    opened = driver.post("/sandbox/payments/gw-1/dispute", status=201)
    paystack.gives("/refund", {"transaction": "gw-1", "amount": 450_000})
    driver.post(f"/sandbox/disputes/{opened['id']}/lose")
    assert paystack.balance() == before - PAID
    driver.post("/sandbox/payments/gw-1/dispute", status=409)


def test_disputes_need_a_paid_transaction(paystack: Paystack, driver: Driver) -> None:
    paystack.opens("gw-1")
    driver.post("/sandbox/payments/gw-1/dispute", status=409)
    driver.post("/sandbox/payments/none/dispute", status=404)
    pays(paystack, driver, "gw-2")
    driver.post("/sandbox/payments/gw-2/dispute", {"amount_minor": PAID + 1}, status=400)
    driver.post("/sandbox/disputes/1/lose", status=404)
    assert paystack.get("/dispute/1").status_code == 404


def test_a_reversed_transaction_leaves_the_balance_and_tells_nobody(
    paystack: Paystack, driver: Driver, product: RecordingProduct
) -> None:
    start = paystack.balance()
    pays(paystack, driver)
    assert driver.post("/sandbox/payments/gw-1/reverse")["status"] == "reversed"
    driver.post("/sandbox/payments/gw-1/reverse")
    reversed_ = paystack.verifies("gw-1")
    assert (reversed_["status"], reversed_["amount"], reversed_["fees"]) == ("reversed", PAID, FEE)
    assert paystack.balance() == start - FEE
    assert driver.post("/sandbox/payments/gw-1/pay")["status"] == "reversed"
    pays(paystack, driver, "gw-2")
    assert [event["data"]["reference"] for event in events(product, "", 2)] == ["gw-1", "gw-2"]
    paystack.opens("gw-3")
    driver.post("/sandbox/payments/gw-3/reverse", status=409)


def test_a_fault_reverses_a_payment_later(paystack: Paystack, driver: Driver) -> None:
    start = paystack.balance()
    driver.orders_fault("paystack", "reversed_later", seconds=7_200)
    assert pays(paystack, driver)["status"] == "success"
    assert paystack.balance() == start + PAID - FEE
    driver.post("/sandbox/clock", {"forward": "3h"})
    assert paystack.verifies("gw-1")["status"] == "reversed"
    assert paystack.balance() == start - FEE


def test_a_fault_makes_the_provider_take_another_amount_or_currency(paystack: Paystack, driver: Driver) -> None:
    driver.orders_fault("paystack", "wrong_amount")
    driver.orders_fault("paystack", "wrong_currency")
    start, naira = paystack.balance(), paystack.balance("NGN")
    wrong = pays(paystack, driver)
    assert (wrong["amount"], wrong["requested_amount"]) == (PAID // 2, PAID)
    assert paystack.balance() == start + PAID // 2 - FEE // 2
    assert pays(paystack, driver, "gw-2")["currency"] == "NGN"
    assert paystack.balance("NGN") == naira + PAID - 10_000 - FEE
    assert pays(paystack, driver, "gw-3")["amount"] == PAID


# --- settlements and the ledger -------------------------------------------------------------------------------------


def test_a_settlement_groups_what_was_paid(paystack: Paystack, driver: Driver) -> None:
    for reference in ("gw-1", "gw-2"):
        pays(paystack, driver, reference)
    pays(paystack, driver, "gw-3", currency="GHS", amount=10_000)
    paystack.opens("gw-4")
    before = paystack.balance()
    made = driver.post("/sandbox/settle", {"currency": "KES"}, 201)
    assert (made["total_processed"], made["total_fees"]) == (2 * PAID, 2 * FEE)
    assert made["total_amount"] == made["effective_amount"] == 2 * (PAID - FEE)
    assert paystack.balance() == before
    assert paystack.gives("/settlement") == [made]
    assert paystack.gives("/settlement?from=2999-01-01") == []
    settled = paystack.gives(f"/settlement/{made['id']}/transactions")
    assert [payment["reference"] for payment in settled] == ["gw-2", "gw-1"]
    driver.post("/sandbox/settle", {"currency": "KES"}, 409)
    driver.post("/sandbox/settle", {"currency": "EUR"}, 400)


def test_the_ledger_tells_every_change_of_the_balance(paystack: Paystack, driver: Driver) -> None:
    start = paystack.balance()
    for reference in ("gw-1", "gw-2", "gw-3"):
        pays(paystack, driver, reference)
    driver.post("/sandbox/transfers/next", {"outcome": "failed"}, 201)
    for reference in ("gwp-0000000000000001", "gwp-0000000000000002"):
        sends(paystack, reference)
        eventually(lambda: not paystack.gives("/transfer?status=pending"))
    refunds = [paystack.gives("/refund", {"transaction": "gw-1", "amount": amount})["id"] for amount in (1_000, 2_000)]
    driver.post(f"/sandbox/refunds/{refunds[0]}/fail")
    lost = driver.post("/sandbox/payments/gw-2/dispute", {"amount_minor": 3_000}, 201)["id"]
    driver.post(f"/sandbox/disputes/{lost}/lose")
    driver.post("/sandbox/payments/gw-3/reverse")

    entries = list(reversed(paystack.gives("/balance/ledger?perPage=100")))
    net, whole = PAID - FEE, 102_000
    assert [(entry["model_responsible"], entry["difference"]) for entry in entries] == [
        ("Transaction", net),
        ("Transaction", net),
        ("Transaction", net),
        ("Transfer", -whole),
        ("Transfer", whole),
        ("Transfer", -whole),
        ("Refund", -1_000),
        ("Refund", -2_000),
        ("Refund", 1_000),
        ("Dispute", -3_000),
        ("Transaction", -PAID),
    ]
    running = start
    for entry in entries:
        running += entry["difference"]
        assert entry["balance"] == running
    assert paystack.balance() == running == start + 3 * PAID - 3 * FEE - whole - 2_000 - 3_000 - PAID


def test_a_list_gives_everything_in_pages(paystack: Paystack, driver: Driver) -> None:
    for number in range(5):
        pays(paystack, driver, f"gw-{number}")
    seen = [
        row["reference"]
        for page in (1, 2, 3)
        for row in paystack.gives(f"/transaction?status=success&perPage=2&page={page}&from=2001-01-01&to=2999-01-01")
    ]
    assert seen == [f"gw-{number}" for number in (4, 3, 2, 1, 0)]
    assert len(paystack.gives("/balance/ledger?perPage=3&page=2")) == 2


# --- approval of transfers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "status"), [(200, "pending"), (400, "rejected"), (500, "rejected")])
def test_a_transfer_is_made_only_when_it_is_approved(
    answer: int,
    status: str,
    start_sandbox: Callable[..., SandboxServer],
    config: SandboxConfig,
    product: RecordingProduct,
) -> None:
    start_sandbox(transfer_approval_url=f"{product.url}/approve", transfer_seconds=60.0)
    paystack = Paystack(config)
    before = paystack.balance()
    product.statuses = [answer]
    sent = sends(paystack, "gwp-0000000000000001")
    [call] = product.of("/approve")
    asked = json.loads(call.body)["data"]
    assert (asked["reference"], asked["amount"], asked["currency"]) == ("gwp-0000000000000001", 100_000, "KES")
    assert asked["recipient"]["details"]["account_number"] == "0712345678"
    assert "x-paystack-signature" in {name.lower() for name in call.headers}
    assert sent["status"] == status
    assert paystack.gives("/transfer/verify/gwp-0000000000000001")["status"] == status
    assert paystack.balance() == before - (102_000 if status == "pending" else 0)


def test_nobody_is_asked_about_a_transfer_that_is_turned_down(
    start_sandbox: Callable[..., SandboxServer], config: SandboxConfig, product: RecordingProduct
) -> None:
    start_sandbox(transfer_approval_url=f"{product.url}/approve")
    paystack = Paystack(config)
    order = {"source": "balance", "amount": 1, "recipient": "RCP_none", "reference": "gwp-0000000000000001"}
    assert paystack.refuses("/transfer", order) == "invalid_transfer_recipient"
    assert product.heard == []
