"""Paystack's own lists (transactions, transfers, refunds, disputes, settlements), its balances, and refunds.

A list is all of it or UNKNOWN: a row that cannot be read, a page that does not come, or more pages than any group has
make it worthless for reconciliation. Paystack's `from` and `to` are not trusted to the second; what was made outside of
the asked time is left out here.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from payments.provider import Outcome
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
from payments.providers.paystack_http import (
    UNREADABLE,
    Answer,
    PaystackHTTP,
    amount_in,
    from_wire,
    inner,
    instant,
    moment,
    to_wire,
    whole,
    word,
)
from payments.providers.paystack_payouts import TRANSFER_STATUSES, fee_of

LISTS: dict[RecordKind, str] = {
    "collection": "/transaction",
    "payout": "/transfer",
    "refund": "/refund",
    "dispute": "/dispute",
}

COLLECTION_STATUSES = {
    "success": Outcome.SUCCEEDED,
    "failed": Outcome.DECLINED,
    "reversed": Outcome.DECLINED,
    "abandoned": Outcome.PENDING,
    "ongoing": Outcome.PENDING,
    "pending": Outcome.PENDING,
    "processing": Outcome.PENDING,
    "queued": Outcome.PENDING,
}

REFUND_STATUSES = {
    "pending": Outcome.PENDING,
    "processing": Outcome.PENDING,
    # Paystack could not reach the payer's account and waits for another one to be named.
    "needs-attention": Outcome.PENDING,
    "processed": Outcome.SUCCEEDED,
    "failed": Outcome.DECLINED,
}

# A dispute that waits for somebody; how one ended is its `resolution`, not its status.
OPEN_DISPUTES = {"awaiting-merchant-feedback", "awaiting-bank-feedback", "pending"}
RESOLUTIONS = {
    "declined": Outcome.SUCCEEDED,
    "merchant-accepted": Outcome.DECLINED,
    "auto-accepted": Outcome.DECLINED,
}

# Refunds may be listed with no more than the transaction's number, whose reference is then asked for.
MAX_LOOKUPS = 500


class _Unanswered(Exception):
    """A question beside the list was not answered, so that the list is not complete; `.outcome`."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome


class PaystackRecords(PaystackHTTP):
    """The part of the adapter that looks things up and gives money back."""

    def records(self, kind: RecordKind, start: datetime, end: datetime, currency: str | None = None) -> RecordsAnswer:
        """GET /transaction, /transfer, /refund or /dispute."""
        listed = self._pages(LISTS[kind], _between(start, end))
        known: dict[str, str] = {}

        def read(row: dict[str, Any]) -> Record | None:
            # The currency of a dispute may be told only with the payment.
            is_asked_for = not currency or (row["currency"] or inner(row, "transaction")["currency"]) == currency
            if not is_asked_for or not start <= _made_at(row) < end:
                return None
            return _refund(row, self._reference_of(row, known)) if kind == "refund" else READERS[kind](row)

        return self._read(listed, read)

    def settlements(self, start: datetime, end: datetime) -> SettlementsAnswer:
        """GET /settlement."""
        listed = self._pages("/settlement", _between(start, end))
        if listed.outcome is not Outcome.SUCCEEDED:
            return SettlementsAnswer(listed.outcome, (), listed.detail)
        try:
            found = {settlement.id: settlement for settlement in map(_settlement, map(_object, listed.rows))}
        except UNREADABLE as error:
            return SettlementsAnswer(Outcome.UNKNOWN, (), f"unreadable: {type(error).__name__}")
        within = tuple(settlement for settlement in found.values() if start <= settlement.at < end)
        return SettlementsAnswer(Outcome.SUCCEEDED, within, "ok")

    def settled(self, settlement_id: str, currency: str) -> RecordsAnswer:
        """GET /settlement/{id}/transactions."""
        listed = self._pages(f"/settlement/{quote(settlement_id, safe='')}/transactions", {})
        return self._read(listed, lambda row: _collection(row) if row["currency"] == currency else None)

    def balances(self) -> BalancesAnswer:
        """GET /balance."""
        answer = self._call("GET", "/balance", expects=list)
        if answer.outcome is not Outcome.SUCCEEDED:
            return BalancesAnswer(_not_about_it(answer), (), answer.detail)
        try:
            return BalancesAnswer(Outcome.SUCCEEDED, tuple(amount_in(row, "balance") for row in answer.rows), "ok")
        except UNREADABLE as error:
            return BalancesAnswer(Outcome.UNKNOWN, (), f"unreadable: {type(error).__name__}")

    def refund(self, order: RefundOrder) -> RefundAnswer:
        """POST /refund, once."""
        body = {
            "transaction": order.reference,
            "amount": to_wire(order.amount),
            "currency": order.amount.currency,
            "merchant_note": order.reason,
        }
        answer = self._call("POST", "/refund", body, reference=order.reference)
        if answer.outcome is Outcome.DECLINED:
            is_final = answer.key_refused or answer.about_the_request
            return RefundAnswer(Outcome.DECLINED if is_final else Outcome.UNKNOWN, answer.detail)
        if answer.outcome is not Outcome.SUCCEEDED:
            return RefundAnswer(answer.outcome, answer.detail)
        theirs = inner(answer.data, "transaction").get("reference", order.reference)
        refund_id = word(answer.data.get("id"))
        if theirs != order.reference or refund_id is None:
            return RefundAnswer(Outcome.UNKNOWN, "the answer is about another payment, or names no refund")
        status = word(answer.data.get("status")) or ""
        return RefundAnswer(REFUND_STATUSES.get(status, Outcome.UNKNOWN), status, refund_id)

    def refunds_of(self, reference: str) -> RecordsAnswer:
        """GET /refund?transaction={id}; the id by GET /transaction/verify. A payment they do not know is UNKNOWN."""
        paid = self._call("GET", f"/transaction/verify/{quote(reference, safe='')}", reference=reference)
        if paid.outcome is not Outcome.SUCCEEDED:
            return RecordsAnswer(_not_about_it(paid), (), paid.detail)
        number = word(paid.data.get("id"))
        if number is None:
            return RecordsAnswer(Outcome.UNKNOWN, (), "the payment has no id")
        listed = self._pages("/refund", {"transaction": number})

        def its_own(row: dict[str, Any]) -> Record | None:
            theirs = row["transaction"]
            is_its_own = word(theirs.get("id") if isinstance(theirs, dict) else theirs) == number
            return _refund(row, reference) if is_its_own else None

        return self._read(listed, its_own)

    def dispute(self, dispute_id: str) -> RecordsAnswer:
        """GET /dispute/{id}."""
        answer = self._call("GET", f"/dispute/{quote(dispute_id, safe='')}")
        if answer.not_found:
            return RecordsAnswer(Outcome.SUCCEEDED, (), "not_found")
        if answer.outcome is not Outcome.SUCCEEDED:
            return RecordsAnswer(_not_about_it(answer), (), answer.detail)
        one = Answer(Outcome.SUCCEEDED, "ok", rows=[answer.data])
        return self._read(one, _dispute)

    def _read(self, listed: Answer, read: Callable[[dict[str, Any]], Record | None]) -> RecordsAnswer:
        """The rows as records, each once: while pages are read, a new row may push others to the next page."""
        if listed.outcome is not Outcome.SUCCEEDED:
            return RecordsAnswer(listed.outcome, (), listed.detail)
        try:
            found = {record.id: record for record in map(read, map(_object, listed.rows)) if record}
        except _Unanswered as error:
            return RecordsAnswer(error.outcome, (), str(error))
        except UNREADABLE as error:
            return RecordsAnswer(Outcome.UNKNOWN, (), f"unreadable: {type(error).__name__}")
        return RecordsAnswer(Outcome.SUCCEEDED, tuple(found.values()), "ok")

    def _reference_of(self, row: dict[str, Any], known: dict[str, str]) -> str:
        """Our reference of the payment that a refund gives back; `known` by its number. Raises `_Unanswered`."""
        told = word(row.get("transaction_reference")) or word(inner(row, "transaction").get("reference"))
        number = word(row.get("transaction"))
        if told or number is None:
            return told or ""
        if number not in known:
            if len(known) == MAX_LOOKUPS:
                raise _Unanswered(Outcome.UNKNOWN, f"more than {MAX_LOOKUPS} payments to ask about")
            paid = self._call("GET", f"/transaction/{quote(number, safe='')}")
            if paid.outcome is not Outcome.SUCCEEDED and not paid.not_found:
                raise _Unanswered(_not_about_it(paid), paid.detail)
            known[number] = word(paid.data.get("reference")) or ""
        return known[number]


def receiver_of(data: Mapping[str, Any]) -> str | None:
    """The standing account that a transaction was paid into."""
    authorization = inner(data, "authorization")
    if "dedicated_nuban" not in (data.get("channel"), authorization.get("channel")):
        return None
    return word(authorization.get("receiver_bank_account_number"))


def _between(start: datetime, end: datetime) -> dict[str, str]:
    return {"from": instant(start), "to": instant(end)}


def _not_about_it(answer: Answer) -> Outcome:
    """A refusal to be asked says nothing about what was asked."""
    return Outcome.UNKNOWN if answer.outcome is Outcome.DECLINED else answer.outcome


def _made_at(row: Mapping[str, Any]) -> datetime:
    at = moment(row.get("created_at")) or moment(row.get("createdAt"))
    if at is None:
        raise ValueError("no time")
    return at


def _object(row: Any) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise ValueError("no object")
    return row


def _own_id(row: Mapping[str, Any]) -> str:
    named = word(row["id"])
    if named is None:
        raise ValueError("no id")
    return named


def _collection(row: Mapping[str, Any]) -> Record:
    status = word(row.get("status")) or ""
    outcome, amount = COLLECTION_STATUSES.get(status, Outcome.UNKNOWN), amount_in(row)
    fees = row.get("fees") if status in ("success", "reversed") else None
    return Record(
        kind="collection",
        id=_own_id(row),
        reference=word(row.get("reference")) or "",
        amount=amount,
        fee=None if fees is None else from_wire(whole(fees), amount.currency, round_up=True),
        outcome=outcome,
        status=status,
        at=_made_at(row),
        receiver=receiver_of(row),
    )


def _payout(row: Mapping[str, Any]) -> Record:
    status = word(row.get("status")) or ""
    outcome, amount = TRANSFER_STATUSES.get(status, Outcome.UNKNOWN), amount_in(row)
    return Record(
        kind="payout",
        id=_own_id(row),
        reference=word(row.get("reference")) or "",
        amount=amount,
        fee=fee_of(row, outcome, amount.currency),
        outcome=outcome,
        status=status,
        at=_made_at(row),
    )


def _refund(row: Mapping[str, Any], reference: str) -> Record:
    status = word(row.get("status")) or ""
    return Record(
        kind="refund",
        id=_own_id(row),
        reference=reference,
        amount=amount_in(row),
        fee=None,
        outcome=REFUND_STATUSES.get(status, Outcome.UNKNOWN),
        status=status,
        at=_made_at(row),
    )


def _dispute(row: Mapping[str, Any]) -> Record:
    """What is disputed is `refund_amount`; where the bank has named none, the whole payment."""
    status, paid = word(row.get("status")) or "", inner(row, "transaction")
    ended = RESOLUTIONS.get(str(row.get("resolution")), Outcome.UNKNOWN)
    currency = str(row.get("currency") or paid["currency"])
    named = row.get("refund_amount")
    disputed = paid["amount"] if named is None else named
    return Record(
        kind="dispute",
        id=_own_id(row),
        reference=word(paid.get("reference")) or word(row.get("transaction_reference")) or "",
        amount=from_wire(whole(disputed), currency),
        fee=None,
        outcome=Outcome.PENDING if status in OPEN_DISPUTES else ended,
        status=status,
        at=_made_at(row),
        due_at=moment(row.get("dueAt")),
    )


READERS: dict[RecordKind, Callable[[Mapping[str, Any]], Record]] = {
    "collection": _collection,
    "payout": _payout,
    "dispute": _dispute,
}


def _settlement(row: Mapping[str, Any]) -> Settlement:
    """`total_processed` is what the collections came to, `total_fees` what was kept of it."""
    currency = str(row["currency"])
    return Settlement(
        id=_own_id(row),
        total=from_wire(whole(row["total_processed"]), currency),
        fees=from_wire(whole(row["total_fees"]), currency, round_up=True),
        status=word(row.get("status")) or "",
        at=_made_at(row),
    )
