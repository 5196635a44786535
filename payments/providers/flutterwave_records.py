"""What Flutterwave has written down (https://developer.flutterwave.com/v3.0/reference): lists, settlements, refunds.

Their lists take whole days, in a zone that they do not name: a day more is asked for on both sides, and what was not
made in the time asked for is left out. A list that cannot be read to its end, or a row that cannot be read, makes the
whole answer UNKNOWN: half a list would look like differences.
"""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR
from typing import Any

from core.money import Money
from payments.outcomes import Outcome
from payments.provider_records import (
    BalancesAnswer,
    Record,
    RecordKind,
    RecordsAnswer,
    RefundAnswer,
    RefundOrder,
    Settlement,
    SettlementsAnswer,
)
from payments.providers.flutterwave_http import (
    UNREADABLE,
    Answer,
    FlutterwaveHTTP,
    fee_from_wire,
    from_wire,
    moment,
    moment_or_none,
    text,
    to_wire,
)
from payments.providers.flutterwave_payouts import TRANSFER_STATUSES

# A transaction's own status. "reversed" is in none of their guides and is left to `verify`, which says what was paid.
STATUSES = {
    "successful": Outcome.SUCCEEDED,
    "failed": Outcome.DECLINED,
    "pending": Outcome.PENDING,
    "success-pending-validation": Outcome.PENDING,
}

# …/v3.0/docs/refunds: plain "completed" only says that it was taken on; the money is back when a channel is named.
REFUND_STATUSES = {
    "completed": Outcome.PENDING,
    "new": Outcome.PENDING,
    "pending": Outcome.PENDING,
    "processing": Outcome.PENDING,
    "pending-momo": Outcome.PENDING,
    "completed-bank-transfer": Outcome.SUCCEEDED,
    "completed-momo": Outcome.SUCCEEDED,
    "completed-mpgs": Outcome.SUCCEEDED,
    "completed-offline": Outcome.SUCCEEDED,
    "completed-preauth": Outcome.SUCCEEDED,
    "failed": Outcome.DECLINED,
}

# …/v3.0/docs/chargebacks: "declined" is our own word against the payer's, and "accepted" that we gave in.
DISPUTE_STATUSES = {
    "initiated": Outcome.PENDING,
    "declined": Outcome.PENDING,
    "won": Outcome.SUCCEEDED,
    "lost": Outcome.DECLINED,
    "accepted": Outcome.DECLINED,
}

PATHS: dict[RecordKind, str] = {
    "collection": "/transactions",
    "payout": "/transfers",
    "refund": "/refunds",
    "dispute": "/chargebacks",
}

MAX_PAGES = 500

# Words of HTTP 400 that surely come before a refund is made.
REFUND_REFUSED = ("insufficient", "not enough", "more than", "greater than", "exceed", "is required", "not refundable")

UNKNOWN = Outcome.UNKNOWN


class FlutterwaveRecords(FlutterwaveHTTP):
    """The part of the adapter that looks things up and gives money back."""

    def records(self, kind: RecordKind, start: datetime, end: datetime, currency: str | None = None) -> RecordsAnswer:
        """GET /transactions, /transfers, /refunds or /chargebacks, every page."""
        query = _days(start, end) | ({"currency": currency} if currency else {})
        answer = self._every_page(PATHS[kind], query)
        if answer.outcome is not Outcome.SUCCEEDED:
            return RecordsAnswer(answer.outcome, (), answer.detail)
        return self._read(kind, answer.rows, start, end, currency)

    def settlements(self, start: datetime, end: datetime) -> SettlementsAnswer:
        """GET /settlements, every page; `at` is when a settlement was put together."""
        answer = self._every_page("/settlements", _days(start, end))
        if answer.outcome is not Outcome.SUCCEEDED:
            return SettlementsAnswer(answer.outcome, (), answer.detail)
        try:
            found = tuple(map(_settlement, answer.rows))
        except UNREADABLE as error:
            return SettlementsAnswer(UNKNOWN, (), f"unreadable: {type(error).__name__}")
        return SettlementsAnswer(Outcome.SUCCEEDED, tuple(each for each in found if start <= each.at < end), "ok")

    def settled(self, settlement_id: str, currency: str) -> RecordsAnswer:
        """GET /settlements/{id}. `amount` is what each payer gave, `at` is a day: the answer tells no more."""
        answer = self._call("GET", f"/settlements/{settlement_id}")
        if answer.outcome is Outcome.DECLINED:
            return RecordsAnswer(UNKNOWN, (), answer.detail)
        if answer.outcome is not Outcome.SUCCEEDED:
            return RecordsAnswer(answer.outcome, (), answer.detail)
        rows = answer.data.get("transactions", [])
        if not isinstance(rows, list):
            return RecordsAnswer(UNKNOWN, (), "unreadable")
        try:
            found = tuple(_settled(row, currency) for row in rows)
        except UNREADABLE as error:
            return RecordsAnswer(UNKNOWN, (), f"unreadable: {type(error).__name__}")
        return RecordsAnswer(Outcome.SUCCEEDED, found, "ok")

    def balances(self) -> BalancesAnswer:
        """GET /balances: `available_balance`, from which payouts are made; `ledger_balance` is not settled yet."""
        answer = self._call("GET", "/balances", expects=list)
        if answer.outcome is Outcome.DECLINED:
            return BalancesAnswer(UNKNOWN, (), answer.detail)
        if answer.outcome is not Outcome.SUCCEEDED:
            return BalancesAnswer(answer.outcome, (), answer.detail)
        try:
            rows = [_row(row) for row in answer.rows]
            found = tuple(from_wire(row["available_balance"], row["currency"], ROUND_FLOOR) for row in rows)
        except UNREADABLE as error:
            return BalancesAnswer(UNKNOWN, (), f"unreadable: {type(error).__name__}")
        return BalancesAnswer(Outcome.SUCCEEDED, found, "ok")

    def refund(self, order: RefundOrder) -> RefundAnswer:
        """POST /transactions/{id}/refund, once. The id is looked up first; where nobody knows it, UNKNOWN too."""
        looked_up = self._look_up(order.reference)
        if looked_up.not_found:
            return RefundAnswer(Outcome.DECLINED, "not_found")
        if looked_up.outcome is Outcome.DECLINED:
            return RefundAnswer(UNKNOWN, looked_up.detail)
        if looked_up.outcome is not Outcome.SUCCEEDED:
            return RefundAnswer(looked_up.outcome, looked_up.detail)
        data, number = looked_up.data, text(looked_up.data.get("id"))
        if not number.isdecimal() or data.get("tx_ref") != order.reference:
            return RefundAnswer(UNKNOWN, "unreadable")
        if data.get("currency") != order.amount.currency:
            return RefundAnswer(Outcome.DECLINED, "another_currency")
        body = {"amount": to_wire(order.amount), "comments": order.reason}
        answer = self._call("POST", f"/transactions/{number}/refund", body, reference=order.reference)
        if answer.outcome is Outcome.DECLINED:
            return _refused(answer)
        if answer.outcome is not Outcome.SUCCEEDED:
            return RefundAnswer(answer.outcome, answer.detail)
        status, refund_id = text(answer.data.get("status")), text(answer.data.get("id"))
        outcome = REFUND_STATUSES.get(status, UNKNOWN)
        if not refund_id and outcome is not Outcome.DECLINED:
            return RefundAnswer(UNKNOWN, "the answer has no id")
        return RefundAnswer(outcome, status, refund_id or None)

    def refunds_of(self, reference: str) -> RecordsAnswer:
        """GET /refunds since the payment was begun, every page, of which its own are taken.

        They are not asked for by the `id` of the transaction: were that understood as another id, a refund would look
        as if it had never been made, and be made again.
        """
        looked_up = self._look_up(reference)
        if looked_up.outcome is not Outcome.SUCCEEDED:
            outcome = UNKNOWN if looked_up.outcome is Outcome.DECLINED else looked_up.outcome
            return RecordsAnswer(outcome, (), looked_up.detail)
        number, begun_at = text(looked_up.data.get("id")), moment_or_none(looked_up.data.get("created_at"))
        if not number.isdecimal() or looked_up.data.get("tx_ref") != reference or begun_at is None:
            return RecordsAnswer(UNKNOWN, (), "unreadable")
        answer = self._every_page("/refunds", {"from": _day(begun_at, -1)})
        if answer.outcome is not Outcome.SUCCEEDED:
            return RecordsAnswer(answer.outcome, (), answer.detail)
        try:
            found = [_refund(row, looked_up.data) for row in answer.rows if _transaction_of(_row(row)) == number]
        except UNREADABLE as error:
            return RecordsAnswer(UNKNOWN, (), f"unreadable: {type(error).__name__}")
        return RecordsAnswer(Outcome.SUCCEEDED, tuple(found), "ok")

    def dispute(self, dispute_id: str) -> RecordsAnswer:
        """GET /chargebacks, every page: their `id` is once that of the chargeback and once that of the transaction."""
        answer = self._every_page("/chargebacks", {})
        if answer.outcome is not Outcome.SUCCEEDED:
            return RecordsAnswer(answer.outcome, (), answer.detail)
        ours = [row for row in answer.rows if isinstance(row, dict) and text(row.get("id")) == dispute_id]
        return self._read("dispute", ours)

    def _every_page(self, path: str, query: dict[str, str]) -> Answer:
        """All rows, each once: pages move while they are read. A refusal is UNKNOWN, as it says nothing about rows."""
        found: dict[str, Any] = {}
        for page in range(1, MAX_PAGES + 1):
            answer = self._call("GET", path, query=query | {"page": str(page)}, expects=list)
            if answer.outcome is Outcome.DECLINED:
                return Answer(UNKNOWN, answer.detail)
            if answer.outcome is not Outcome.SUCCEEDED:
                return answer
            known = len(found)
            for row in answer.rows:
                if not isinstance(row, dict) or not text(row.get("id")):
                    return Answer(UNKNOWN, "unreadable row")
                found[text(row["id"])] = row
            told = answer.meta.get("page_info")
            pages = told.get("total_pages") if isinstance(told, dict) else None
            # Without a count, the last page is the one that brings nothing new.
            if page >= pages if isinstance(pages, int) else len(found) == known:
                return Answer(Outcome.SUCCEEDED, "ok", rows=list(found.values()))
            if isinstance(pages, int) and pages > MAX_PAGES:
                break
        return Answer(UNKNOWN, f"more than {MAX_PAGES} pages")

    def _read(
        self,
        kind: RecordKind,
        rows: list[Any],
        start: datetime | None = None,
        end: datetime | None = None,
        currency: str | None = None,
    ) -> RecordsAnswer:
        """The rows as records, of that time and currency only."""
        found: list[Record] = []
        transactions: dict[str, Answer] = {}
        try:
            for row in rows:
                at = moment(_row(row).get("created_at") or row.get("createdAt"))
                if (start and at < start) or (end and at >= end):
                    continue
                if kind in ("collection", "payout"):
                    record = _collection(row) if kind == "collection" else _payout(row)
                else:
                    number = _transaction_of(row)
                    transaction = transactions.get(number) or self._transaction(number, row)
                    if transaction.outcome is not Outcome.SUCCEEDED:
                        return RecordsAnswer(transaction.outcome, (), transaction.detail)
                    transactions[number] = transaction
                    record = (_refund if kind == "refund" else _dispute)(row, transaction.data)
                if currency in (None, record.amount.currency):
                    found.append(record)
        except UNREADABLE as error:
            return RecordsAnswer(UNKNOWN, (), f"unreadable: {type(error).__name__}")
        return RecordsAnswer(Outcome.SUCCEEDED, tuple(found), "ok")

    def _transaction(self, number: str, row: dict[str, Any]) -> Answer:
        """GET /transactions/{id}/verify: whose a refund or dispute is; most rows tell no reference, or no currency."""
        if not number.isdecimal():
            return Answer(UNKNOWN, "unreadable row")
        if row.get("tx_ref") and row.get("currency"):
            return Answer(Outcome.SUCCEEDED, "ok", data=row)
        answer = self._call("GET", f"/transactions/{number}/verify")
        return Answer(UNKNOWN, answer.detail) if answer.outcome is Outcome.DECLINED else answer


def fee_kept(data: dict[str, Any], paid: Money) -> Money:
    """What they kept of `paid`, the amount that was asked for. Raises `ValueError`, `MoneyError`.

    It is what is missing from `amount_settled`, which is what we get: of 2,500 with `app_fee` 35 the sample settles
    2,462.37, as the tax on the fee is in no other field, and of 100,000 with 1,400 only 98,550, as there was a stamp
    duty. Where the account lets the payer bear the fee, `charged_amount` has it on top, all of `amount` is settled, and
    this is nothing. Before anything is settled it is `app_fee` and `merchant_fee`, less what was charged on top.
    """
    settled = data.get("amount_settled")
    if settled is not None:
        left = from_wire(settled, paid.currency, ROUND_FLOOR)
        if 0 < left.amount_minor <= paid.amount_minor:
            return paid - left
    kept = Money(0, paid.currency)
    for name in ("app_fee", "merchant_fee"):
        if data.get(name) is not None:
            kept += fee_from_wire(data[name], paid.currency)
    charged = data.get("charged_amount")
    on_top = paid - paid if charged is None else from_wire(charged, paid.currency, ROUND_FLOOR) - paid
    return Money(max(kept.amount_minor - max(on_top.amount_minor, 0), 0), paid.currency)


def _days(start: datetime, end: datetime) -> dict[str, str]:
    return {"from": _day(start, -1), "to": _day(end, 1)}


def _day(at: datetime, days_later: int) -> str:
    return f"{at.astimezone(UTC) + timedelta(days=days_later):%Y-%m-%d}"


def _row(row: Any) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise ValueError("no row")
    return row


def _collection(row: dict[str, Any]) -> Record:
    """Raises what `UNREADABLE` holds, as all that read a row."""
    status = text(row["status"])
    outcome = STATUSES.get(status, Outcome.DECLINED if status == "reversed" else UNKNOWN)
    amount = from_wire(row["amount"], row["currency"])
    fee = fee_kept(row, amount) if outcome is Outcome.SUCCEEDED else None
    return Record(
        "collection", _id(row), text(row.get("tx_ref")), amount, fee, outcome, status, moment(row["created_at"])
    )


def _payout(row: dict[str, Any]) -> Record:
    status = text(row["status"])
    outcome = TRANSFER_STATUSES.get(status, UNKNOWN)
    amount = from_wire(row["amount"], row["currency"])
    is_paid = outcome is Outcome.SUCCEEDED and row.get("fee") is not None
    fee = fee_from_wire(row["fee"], amount.currency) if is_paid else None
    at = moment(row["created_at"])
    return Record("payout", _id(row), text(row.get("reference")), amount, fee, outcome, status, at)


def _refund(row: Any, transaction: dict[str, Any]) -> Record:
    row = _row(row)
    status = text(row["status"])
    refunded = next((row[name] for name in ("amount_refunded", "AmountRefunded", "amount") if name in row), None)
    amount = from_wire(refunded, row.get("currency") or transaction["currency"])
    at = moment(row.get("created_at") or row.get("createdAt"))
    reference, outcome = text(transaction["tx_ref"]), REFUND_STATUSES.get(status, UNKNOWN)
    return Record("refund", _id(row), reference, amount, None, outcome, status, at)


def _dispute(row: dict[str, Any], transaction: dict[str, Any]) -> Record:
    status = text(row["status"])
    amount = from_wire(row["amount"], row.get("currency") or transaction["currency"])
    due_at = moment(row["due_date"]) if row.get("due_date") else None
    outcome = DISPUTE_STATUSES.get(status, UNKNOWN)
    at = moment(row["created_at"])
    return Record("dispute", _id(row), text(transaction["tx_ref"]), amount, None, outcome, status, at, due_at=due_at)


def _settlement(row: Any) -> Settlement:
    row = _row(row)
    kept = (row[name] for name in ("app_fee", "merchant_fee", "stampduty_charge") if row.get(name) is not None)
    fees = sum((fee_from_wire(each, row["currency"]).amount_minor for each in kept), 0)
    total = from_wire(row["gross_amount"], row["currency"])
    return Settlement(_id(row), total, Money(fees, total.currency), text(row["status"]), moment(row["created_at"]))


def _settled(row: Any, currency: str) -> Record:
    row = _row(row)
    amount = from_wire(row["charged_amount"], row.get("currency") or currency)
    fee = amount - from_wire(row["settlement_amount"], amount.currency, ROUND_FLOOR)
    status, at = text(row["status"]), moment(row["transaction_date"])
    outcome = STATUSES.get(status, UNKNOWN)
    return Record("collection", _id(row), text(row.get("tx_ref")), amount, fee, outcome, status, at)


def _id(row: dict[str, Any]) -> str:
    if found := text(row["id"]):
        return found
    raise ValueError("no id")


def _transaction_of(row: dict[str, Any]) -> str:
    names = ("transaction_id", "TransactionId", "tx_id")
    return next((found for name in names if (found := text(row.get(name)))), "")


def _refused(answer: Answer) -> RefundAnswer:
    """A refused refund: DECLINED only when it was surely not made."""
    if answer.http_status in (401, 403):
        return RefundAnswer(Outcome.DECLINED, answer.detail)
    if answer.http_status in (400, 422) and any(words in answer.message for words in REFUND_REFUSED):
        is_low = "insufficient" in answer.message or "not enough" in answer.message
        return RefundAnswer(Outcome.DECLINED, "insufficient_balance" if is_low else "invalid_order")
    return RefundAnswer(UNKNOWN, f"refused with {answer.detail}")
