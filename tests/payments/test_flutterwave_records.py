"""Flutterwave's lists and refunds: the contract of every provider, and what is Flutterwave's own."""

from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar

from core.money import Money
from payments.provider import Outcome
from payments.provider_records import RefundAnswer, RefundOrder
from payments.providers.flutterwave_payouts import TRANSFER_STATUSES
from payments.providers.flutterwave_records import DISPUTE_STATUSES, REFUND_STATUSES, STATUSES
from tests.payments.contract import REFERENCE
from tests.payments.flutterwave_speech import (
    NO_TRANSACTION,
    PAGE_SIZE,
    SECRET,
    error,
    flutterwave,
    good,
    number,
    shelf,
    transaction,
)
from tests.payments.records_contract import END, START, Books, RecordsContract
from tests.payments.servers import Heard, Reply, scripted
from tests.payments.test_flutterwave import Flutterwaves

TRANSACTION = 5_200_000_001
ONE_PAGE = {"page_info": {"total": 1, "current_page": 1, "total_pages": 1}}


class TestFlutterwaveRecords(Flutterwaves, RecordsContract):
    record_statuses: ClassVar = {
        "collection": STATUSES | {"reversed": Outcome.DECLINED},
        "payout": TRANSFER_STATUSES,
        "refund": REFUND_STATUSES,
        "dispute": DISPUTE_STATUSES,
    }
    money = ("KES", "NGN", "UGX", "XOF")
    page_size = PAGE_SIZE

    def shelf(self, books: Books, endless: bool = False) -> Callable[[Heard], Reply]:
        return shelf(books, endless)

    def refund_answers(self, order: RefundOrder) -> tuple[tuple[Reply, RefundAnswer], ...]:
        known = ((refunded(order, status), outcome, status) for status, outcome in REFUND_STATUSES.items())
        return (
            *((reply, RefundAnswer(outcome, status, "75923")) for reply, outcome, status in known),
            (refunded(order, "brand_new"), RefundAnswer(Outcome.UNKNOWN, "brand_new", "75923")),
            (good({"status": "completed"}), RefundAnswer(Outcome.UNKNOWN, "the answer has no id")),
        )

    def before_refund(self, order: RefundOrder) -> tuple[Reply, ...]:
        return (good(transaction("successful", order.reference, order.amount)),)

    def refused_refunds(self) -> tuple[Reply, ...]:
        return (
            error(400, "Insufficient balance to process refund"),
            error(400, "Refund amount cannot be greater than the transaction amount"),
            error(403, "Forbidden"),
        )

    def unclear_refunds(self) -> tuple[Reply, ...]:
        return (
            error(400, "Transaction was already refunded"),
            error(400, "An error occurred"),
            error(404, "Not here"),
            error(409, "already refunded"),
            error(200, "Insufficient balance"),
        )

    def check_refund_request(self, heard: Heard, order: RefundOrder) -> None:
        assert (heard.method, heard.path) == ("POST", f"/transactions/{TRANSACTION}/refund")
        assert heard.headers["authorization"] == f"Bearer {SECRET}"
        assert heard.json == {"amount": number(order.amount), "comments": order.reason}


ORDER = RefundOrder(REFERENCE, Money(50_000, "KES"), "Paid twice")


def refunded(order: RefundOrder, status: str) -> Reply:
    return good(
        {
            "id": 75923,
            "tx_id": TRANSACTION,
            "flw_ref": "URF_1577867664541_3572735",
            "amount_refunded": number(order.amount),
            "status": status,
            "destination": "payment_source",
            "meta": {"source": "availablebalance"},
            "created_at": "2026-03-14T09:30:00.000Z",
        }
    )


def test_a_refund_is_asked_for_only_of_the_payment_that_was_meant() -> None:
    paid = transaction("successful", REFERENCE, Money(50_000, "KES"))
    for looked_up, outcome in (
        (NO_TRANSACTION, Outcome.DECLINED),
        (good(paid | {"currency": "UGX"}), Outcome.DECLINED),
        (good(paid | {"tx_ref": "gw-18-fedcba9876543210"}), Outcome.UNKNOWN),
        (good(paid | {"id": "7/../../transfers"}), Outcome.UNKNOWN),
        (good(paid | {"id": None}), Outcome.UNKNOWN),
        (error(401, "Invalid authorization key"), Outcome.UNKNOWN),
    ):
        with scripted(looked_up) as server:
            assert flutterwave(server.url).refund(ORDER).outcome is outcome
            assert [heard.method for heard in server.heard] == ["GET"]


def test_days_are_asked_for_with_one_to_spare_on_both_sides() -> None:
    with scripted(shelf(Books())) as server:
        flutterwave(server.url).records("collection", START, END, "KES")
        assert server.heard[0].query == {"from": "2026-03-13", "to": "2026-03-16", "currency": "KES", "page": "1"}


def test_a_refund_in_the_shape_of_their_webhooks_is_read_too() -> None:
    row = {
        "id": 89074,
        "AmountRefunded": 500,
        "status": "completed-momo",
        "TransactionId": TRANSACTION,
        "createdAt": "2026-03-14T10:00:00.000Z",
    }
    with scripted(good([row], ONE_PAGE), good(transaction("successful", REFERENCE, Money(50_000, "KES")))) as server:
        answer = flutterwave(server.url).records("refund", START, END)
        assert [(record.reference, record.amount) for record in answer.records] == [(REFERENCE, Money(50_000, "KES"))]
        assert server.heard[1].path == f"/transactions/{TRANSACTION}/verify"


def test_a_page_that_moved_while_it_was_read_lists_nothing_twice() -> None:
    rows = [transaction("successful", REFERENCE, Money(50_000, "KES")) | {"id": n} for n in range(1, 14)]
    rows = [row | {"created_at": "2026-03-14T10:00:00.000Z"} for row in rows]
    told = {"page_info": {"total": 13, "current_page": 1, "total_pages": 2}}
    with scripted(good(rows[:10], told), good(rows[9:], told)) as server:
        assert len(flutterwave(server.url).records("collection", START, END).records) == 13


def test_a_list_without_a_count_is_read_until_a_page_brings_nothing_new() -> None:
    rows = [transaction("successful", REFERENCE, Money(50_000, "KES"), at=START + timedelta(hours=1))]
    with scripted(good(rows), good([])) as server:
        answer = flutterwave(server.url).records("collection", START, END)
        assert (answer.outcome, len(answer.records), len(server.heard)) == (Outcome.SUCCEEDED, 1, 2)


def test_a_list_of_too_many_pages_is_given_up_at_once() -> None:
    rows = [transaction("successful", REFERENCE, Money(50_000, "KES"))]
    with scripted(good(rows, {"page_info": {"total_pages": 10**30}})) as server:
        assert flutterwave(server.url).records("collection", START, END).outcome is Outcome.UNKNOWN
        assert len(server.heard) == 1


def test_what_was_kept_of_a_settlement_has_every_kind_of_fee() -> None:
    row = {
        "id": 41748,
        "currency": "NGN",
        "gross_amount": 122000,
        "app_fee": 2108,
        "merchant_fee": 10.5,
        "stampduty_charge": 50,
        "refund": 20114,
        "status": "completed",
        "created_at": "2026-03-14T01:30:00.000Z",
    }
    with scripted(good([row], ONE_PAGE)) as server:
        (settlement,) = flutterwave(server.url).settlements(START, END).settlements
    assert (settlement.total, settlement.fees) == (Money(12_200_000, "NGN"), Money(216_850, "NGN"))


def test_a_fraction_of_a_kobo_cannot_be_paid_out() -> None:
    rows = [{"currency": "NGN", "available_balance": 253125.826}, {"currency": "UGX", "available_balance": -0.5}]
    with scripted(good(rows)) as server:
        assert flutterwave(server.url).balances().balances == (Money(25_312_582, "NGN"), Money(-1, "UGX"))
