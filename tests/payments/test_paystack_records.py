"""Paystack's lists, balances and refunds: the contract of every provider, and what is Paystack's own."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

import pytest

from core.money import Money
from payments.provider import Outcome
from payments.provider_records import Record, RecordKind, RefundAnswer, RefundOrder
from payments.providers.paystack_http import ROWS_PER_PAGE, instant
from payments.providers.paystack_payouts import TRANSFER_STATUSES
from payments.providers.paystack_records import COLLECTION_STATUSES, MAX_LOOKUPS, REFUND_STATUSES
from tests.payments.contract import REFERENCE
from tests.payments.records_contract import END, RECEIVER, START, Books, RecordsContract
from tests.payments.servers import Heard, Reply, scripted
from tests.payments.speech import SECRET, envelope, error, paystack
from tests.payments.test_paystack import Speaks

PATHS: dict[str, RecordKind] = {
    "/transaction": "collection",
    "/transfer": "payout",
    "/refund": "refund",
    "/dispute": "dispute",
}


class TestPaystackRecords(Speaks, RecordsContract):
    record_statuses: ClassVar = {
        "collection": COLLECTION_STATUSES,
        "payout": TRANSFER_STATUSES,
        "refund": REFUND_STATUSES,
        "dispute": dict.fromkeys(("awaiting-merchant-feedback", "awaiting-bank-feedback", "pending"), Outcome.PENDING),
    }
    money: ClassVar = ("KES", "NGN", "XOF")
    page_size = ROWS_PER_PAGE

    def shelf(self, books: Books, endless: bool = False) -> Callable[[Heard], Reply]:
        return Shelf(books, endless)

    def refund_answers(self, order: RefundOrder) -> tuple[tuple[Reply, RefundAnswer], ...]:
        return (
            *(
                (taken(status, order.reference), RefundAnswer(outcome, status, "3018284"))
                for status, outcome in REFUND_STATUSES.items()
            ),
            (taken("brand_new", order.reference), RefundAnswer(Outcome.UNKNOWN, "brand_new", "3018284")),
        )

    def refused_refunds(self) -> tuple[Reply, ...]:
        return (
            error(400, "transaction_not_found", "Transaction not found"),
            Reply({"status": False, "message": "Transaction has been fully reversed"}, 400),
            Reply({"status": False, "message": "Refund amount is more than what is left"}, 422),
        )

    def unclear_refunds(self) -> tuple[Reply, ...]:
        return (
            Reply({"status": False, "message": "No", "type": "api_error", "code": "unknown"}, 400),
            Reply({"status": False, "message": "No", "type": "processor_error", "code": "unknown"}, 400),
            Reply({"status": False, "data": {"status": "pending"}}),
            Reply({"status": False, "message": "Conflict"}, 409),
            taken("pending", "gw-18-fedcba9876543210"),
            envelope({"status": "pending"}),
        )

    def check_refund_request(self, heard: Heard, order: RefundOrder) -> None:
        assert (heard.method, heard.path) == ("POST", "/refund")
        assert heard.headers["authorization"] == f"Bearer {SECRET}"
        assert heard.json == {
            "transaction": order.reference,
            "amount": int(order.amount.major * 100),
            "currency": order.amount.currency,
            "merchant_note": order.reason,
        }


class Shelf:
    """Paystack with these books: its lists page by page, its payments by reference and number, its disputes."""

    def __init__(self, books: Books, endless: bool = False) -> None:
        self.books, self.endless = books, endless
        # A refund may be of a payment that the books do not hold; it has a number all the same.
        references = dict.fromkeys(record.reference for record in books.records)
        self.numbers = {reference: 5_900_000_000 + count for count, reference in enumerate(references)}
        for record in books.records:
            if record.kind == "collection":
                self.numbers[record.reference] = int(record.id)

    def __call__(self, heard: Heard) -> Reply:
        parts = heard.route.strip("/").split("/")
        if heard.route in PATHS:
            return self.page(heard, [self.row(record) for record in self.of(PATHS[heard.route], heard)])
        if parts[0] == "settlement":
            rows = [self.row(record) for record in self.of("collection", heard)]
            return self.page(heard, rows if len(parts) == 3 else [settlement(told) for told in self.books.settlements])
        if heard.route == "/balance":
            return envelope(
                [{"currency": money.currency, "balance": int(money.major * 100)} for money in self.books.balances]
            )
        kind: RecordKind = "dispute" if parts[0] == "dispute" else "collection"
        for record in self.books.records:
            names = (record.id,) if kind == "dispute" else (record.reference, str(self.numbers[record.reference]))
            if parts[-1] in names and (record.kind == kind or parts[1] != "verify"):
                return envelope(self.row(record) if record.kind == kind else {"reference": record.reference})
        return error(404, f"{'dispute' if kind == 'dispute' else 'transaction'}_not_found")

    def of(self, kind: RecordKind, heard: Heard) -> list[Record]:
        wanted = heard.query.get("transaction")
        return [
            record
            for record in self.books.records
            if record.kind == kind and wanted in (None, str(self.numbers[record.reference]))
        ]

    def page(self, heard: Heard, rows: list[Any]) -> Reply:
        per_page, page = int(heard.query["perPage"]), int(heard.query["page"])
        meta = {"total": len(rows), "perPage": per_page, "page": page, "pageCount": -(-len(rows) // per_page)}
        if self.endless:
            return Reply({"status": True, "message": "ok", "data": rows, "meta": meta | {"pageCount": page + 1}})
        shown = rows[(page - 1) * per_page : page * per_page]
        return Reply({"status": True, "message": "ok", "data": shown, "meta": meta})

    def row(self, record: Record) -> dict[str, Any]:
        hundredths, currency = int(record.amount.major * 100), record.amount.currency
        row = {"id": int(record.id), "status": record.status, "amount": hundredths, "currency": currency}
        if record.kind == "collection":
            fee = None if record.fee is None else int(record.fee.major * 100)
            return row | {"reference": record.reference, "created_at": instant(record.at), "fees": fee}
        if record.kind == "payout":
            return row | {"reference": record.reference, "createdAt": instant(record.at)}
        if record.kind == "refund":
            return row | {"transaction": self.numbers[record.reference], "createdAt": instant(record.at)}
        paid = {"id": 1, "reference": record.reference, "amount": hundredths, "currency": currency}
        return {
            "id": int(record.id),
            "refund_amount": hundredths,
            "currency": currency,
            "status": record.status,
            "resolution": None,
            "transaction": paid,
            "dueAt": None,
            "createdAt": instant(record.at),
        }


def settlement(told: Any) -> dict[str, Any]:
    """As PaystackOSS/doc-code-snippets has it, `settlements/list`."""
    total, fees = int(told.total.major * 100), int(told.fees.major * 100)
    return {
        "id": int(told.id),
        "status": told.status,
        "currency": told.total.currency,
        "total_amount": total - fees,
        "effective_amount": total - fees,
        "total_fees": fees,
        "total_processed": total,
        "settlement_date": instant(told.at),
        "createdAt": instant(told.at),
    }


def taken(status: str, reference: str) -> Reply:
    paid = {"id": 1004723697, "reference": reference, "amount": 10000}
    return envelope({"transaction": paid, "status": status, "currency": "NGN", "amount": 10000, "id": 3018284})


def listed(*rows: dict[str, Any]) -> Reply:
    meta = {"total": len(rows), "perPage": 100, "page": 1, "pageCount": 1}
    return Reply({"status": True, "message": "ok", "data": list(rows), "meta": meta})


MADE = "2026-03-14T12:00:00.000Z"
PAID = {"id": 1, "reference": REFERENCE, "amount": 39_100, "currency": "NGN"}
DISPUTE = {
    "id": 2867,
    "refund_amount": None,
    "currency": None,
    "status": "resolved",
    "resolution": "declined",
    "transaction": PAID,
    "dueAt": "2026-03-16T18:00:00.000Z",
    "createdAt": MADE,
}


@pytest.mark.parametrize(
    ("status", "resolution", "outcome"),
    [
        ("resolved", "declined", Outcome.SUCCEEDED),
        ("resolved", "merchant-accepted", Outcome.DECLINED),
        ("resolved", "auto-accepted", Outcome.DECLINED),
        ("archived", "declined", Outcome.SUCCEEDED),
        ("archived", None, Outcome.UNKNOWN),
        ("resolved", None, Outcome.UNKNOWN),
        ("pending", None, Outcome.PENDING),
    ],
)
def test_how_a_dispute_ended_is_its_resolution(status: str, resolution: str | None, outcome: Outcome) -> None:
    with scripted(envelope(DISPUTE | {"status": status, "resolution": resolution})) as server:
        (record,) = paystack(server.url).dispute("2867").records
        assert (record.outcome, record.status) == (outcome, status)


def test_a_dispute_without_an_amount_is_about_the_whole_payment_and_has_a_day_by_which_to_answer() -> None:
    with scripted(listed(DISPUTE, DISPUTE | {"id": 2, "refund_amount": 100, "currency": "NGN"})) as server:
        records = paystack(server.url).records("dispute", START, END, "NGN").records
        assert [record.amount for record in records] == [Money(39_100, "NGN"), Money(100, "NGN")]
        assert records[0].due_at == datetime.fromisoformat("2026-03-16T18:00:00Z")
        assert paystack(server.url).records("dispute", START, END, "KES").records == ()


def test_a_list_is_asked_for_with_its_time_and_page() -> None:
    with scripted(listed()) as server:
        for kind in ("collection", "payout", "refund", "dispute"):
            paystack(server.url).records(kind, START, END)
            assert PATHS[server.heard[-1].route] == kind
            assert server.heard[-1].query == {
                "from": "2026-03-14T00:00:00.000Z",
                "to": "2026-03-15T00:00:00.000Z",
                "perPage": str(ROWS_PER_PAGE),
                "page": "1",
            }


def test_pages_without_a_count_are_read_until_one_is_empty() -> None:
    """A page may hold fewer rows than were asked for and not be the last."""
    rows = [{"id": number, "status": "success", **PAID, "created_at": MADE} for number in (1, 2, 3)]
    pages = [Reply({"status": True, "message": "ok", "data": [row]}) for row in rows]
    pages = [Reply({**page.body, "data": [{**rows[at], "id": at + 1}]}) for at, page in enumerate(pages)]
    with scripted(*pages, envelope([])) as server:
        answer = paystack(server.url).records("collection", START, END)
        assert (answer.outcome, len(answer.records), len(server.heard)) == (Outcome.SUCCEEDED, 3, 4)


def test_a_row_that_moved_to_the_next_page_meanwhile_is_one_record() -> None:
    row = {"status": "success", **PAID, "created_at": MADE}
    with scripted(*[Reply({"status": True, "data": [row], "meta": {"pageCount": 2}})] * 2) as server:
        assert len(paystack(server.url).records("collection", START, END).records) == 1


def test_a_payment_into_a_standing_account_and_its_fee_are_in_the_list() -> None:
    into = {"channel": "dedicated_nuban", "receiver_bank_account_number": RECEIVER}
    row = {"status": "success", **PAID, "created_at": MADE, "fees": 391, "channel": "dedicated_nuban"}
    with scripted(listed(row | {"authorization": into})) as server:
        (record,) = paystack(server.url).records("collection", START, END).records
        assert (record.receiver, record.fee) == (RECEIVER, Money(391, "NGN"))


def test_a_paid_transfer_tells_its_fee() -> None:
    row = {"status": "success", **PAID, "createdAt": MADE, "fee_charged": 1_000}
    with scripted(listed(row, row | {"id": 2, "status": "pending", "fee_charged": 0})) as server:
        records = paystack(server.url).records("payout", START, END).records
        assert [record.fee for record in records] == [Money(1_000, "NGN"), None]


REFUND = {"id": 747_680, "amount": 10_000, "currency": "NGN", "status": "processed", "createdAt": MADE}


@pytest.mark.parametrize(
    "named",
    [{"transaction": PAID}, {"transaction": 7, "transaction_reference": REFERENCE}],
)
def test_a_refund_that_names_its_payment_is_not_asked_about(named: dict[str, Any]) -> None:
    with scripted(listed(REFUND | named)) as server:
        (record,) = paystack(server.url).records("refund", START, END).records
        assert (record.reference, record.outcome, len(server.heard)) == (REFERENCE, Outcome.SUCCEEDED, 1)


def test_a_payment_of_several_refunds_is_asked_about_once_and_one_they_do_not_know_has_no_reference() -> None:
    rows = [REFUND | {"id": number, "transaction": 7} for number in (1, 2)]
    with scripted(listed(*rows), envelope(PAID)) as server:
        records = paystack(server.url).records("refund", START, END).records
        assert [record.reference for record in records] == [REFERENCE, REFERENCE]
        assert [heard.route for heard in server.heard] == ["/refund", "/transaction/7"]
        server.answers(listed(*rows), error(404, "transaction_not_found"))
        assert {record.reference for record in paystack(server.url).records("refund", START, END).records} == {""}


def test_where_a_refunds_payment_cannot_be_asked_about_there_is_no_list() -> None:
    for trouble in (Reply("", 502), error(401, "invalid_Key")):
        with scripted(listed(REFUND | {"transaction": 7}), trouble) as server:
            answer = paystack(server.url).records("refund", START, END)
            assert (answer.outcome, answer.records) == (Outcome.UNKNOWN, ())


def test_more_refunds_than_can_be_asked_about_are_no_list() -> None:
    rows = [REFUND | {"id": number, "transaction": number} for number in range(1, MAX_LOOKUPS + 2)]
    with scripted(listed(*rows), envelope(PAID)) as server:
        assert paystack(server.url).records("refund", START, END).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("change", [{"amount": 1.5}, {"currency": None}, {"created_at": None}, {"id": None}])
def test_one_row_that_cannot_be_read_makes_the_list_incomplete(change: dict[str, Any]) -> None:
    row = {"status": "success", **PAID, "created_at": MADE}
    with scripted(listed(row, row | {"id": 2} | change)) as server:
        for currency in (None, "NGN"):
            answer = paystack(server.url).records("collection", START, END, currency)
            assert (answer.outcome, answer.records) == (Outcome.UNKNOWN, ())


def test_the_refunds_of_a_payment_are_asked_for_by_its_number() -> None:
    order = replace(TestPaystackRecords().a_record("collection", 0), id="77")
    refund = replace(TestPaystackRecords().a_record("refund", 5), reference=REFERENCE)
    with scripted(Shelf(Books((order, refund)))) as server:
        assert paystack(server.url).refunds_of(REFERENCE).records[0].id == refund.id
        assert [heard.route for heard in server.heard] == [f"/transaction/verify/{REFERENCE}", "/refund"]
        assert server.heard[1].query["transaction"] == "77"
