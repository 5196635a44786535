"""Our side of a comparison: checkouts, payouts, refunds, disputes as `Booked`, found by name or, in pages, by time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, false, func, null, or_, select

from core.db import Session
from core.money import Money
from ledger.models import Group, Transaction
from payments import comparing
from payments.comparing import Booked
from payments.held import LET_GO
from payments.models import Checkout, Collection, Dispute, Payout, Refund
from payments.outcomes import Outcome
from payments.paid import NOT_BOOKED
from payments.provider_records import Record, RecordKind

PAGE = 500

# When the provider may first have heard of it. What is paid into a standing account is written down afterwards.
MADE_AT: dict[RecordKind, ColumnElement[datetime]] = {
    "collection": func.least(Checkout.created_at, func.coalesce(Checkout.paid_at, Checkout.created_at)),
    "payout": func.coalesce(Payout.submitted_at, Payout.created_at),
    "refund": func.coalesce(Refund.submitted_at, Refund.created_at),
}


def find(session: Session, provider: str, kind: RecordKind, records: Sequence[Record]) -> dict[str, Booked]:
    """Ours to each of these records, by the name that `comparing.name_of` gives it."""
    references = {record.reference for record in records if record.reference}
    ids = {record.id for record in records}
    if kind == "refund":
        of_these = or_(Refund.provider_id.in_(ids), Checkout.reference.in_(references))
        paired = comparing.pair_refunds(records, _read(session, _refunds(provider).where(of_these), kind))
        return _given_back_by_hand(session, provider, records, references) | paired
    if kind == "dispute":
        rows = _read(session, _disputes(provider).where(Dispute.provider_id.in_(ids)), kind)
        known = {row.provider_id: row for row in rows}
        return {
            comparing.name_of(kind, record.reference, record.id): known[record.id]
            for record in records
            if record.id in known
        }
    if kind == "collection":
        rows = _read(session, _checkouts(provider).where(Checkout.reference.in_(references)), kind)
    else:
        rows = _read(session, _payouts(provider).where(Payout.reference.in_(references)), kind)
    return {row.reference: row for row in rows}


def named(session: Session, provider: str, kind: RecordKind, reference: str) -> Booked | None:
    """The collection or payout with this reference of ours, as it stands now."""
    statement = _checkouts(provider) if kind == "collection" else _payouts(provider)
    table = Checkout if kind == "collection" else Payout
    return next(iter(_read(session, statement.where(table.reference == reference), kind)), None)


def refund(session: Session, provider: str, provider_id: str) -> Booked | None:
    """Our refund that the provider calls so, whether it still lists it or not."""
    statement = _refunds(provider).where(Refund.provider_id == provider_id)
    return next(iter(_read(session, statement, "refund")), None)


def settled(
    session: Session, provider: str, kind: RecordKind, start: datetime, end: datetime, after: int = 0
) -> list[Booked]:
    """A page of what stands as paid in our books and was made from `start` to `end` (excluded), by id after `after`."""
    if kind == "dispute":
        return []
    tables: dict[RecordKind, tuple[Select[Any], Any]] = {
        "collection": (_checkouts(provider), Checkout),
        "payout": (_payouts(provider), Payout),
        "refund": (_refunds(provider), Refund),
    }
    statement, table = tables[kind]
    made_at = MADE_AT[kind]
    page = statement.where(table.state == "paid", table.id > after, made_at >= start, made_at < end)
    return _read(session, page.order_by(table.id).limit(PAGE), kind)


def groups(session: Session, provider: str, references: set[str]) -> dict[str, int]:
    """Whose payments these are, by the reference of the collection; those that are not ours are left out."""
    known = select(Checkout.reference, Checkout.group_id).where(
        Checkout.provider == provider, Checkout.reference.in_(references)
    )
    return {row.reference: row.group_id for row in session.execute(known)}


def _given_back_by_hand(
    session: Session, provider: str, records: Sequence[Record], references: set[str]
) -> dict[str, Booked]:
    """The refunds of payments that an operator let go: never booked, so what goes back of them is as it should be."""
    known = select(Checkout).where(Checkout.provider == provider, Checkout.reference.in_(references), _was_let_go())
    let_go = {checkout.reference: checkout for checkout in session.scalars(known)}
    found = {}
    for record in records:
        checkout = let_go.get(record.reference)
        if checkout is not None and record.outcome in (Outcome.SUCCEEDED, Outcome.PENDING):
            name = comparing.name_of("refund", record.reference, record.id)
            found[name] = Booked(
                "refund", 0, checkout.group_id, record.reference, "paid", record.amount, None, record.at, record.at,
                record.id,
            )  # fmt: skip
    return found


def _was_let_go() -> ColumnElement[bool]:
    return (Checkout.state == "reversed") & (Checkout.provider_status == LET_GO)


def _read(session: Session, statement: Select[Any], kind: RecordKind) -> list[Booked]:
    return [
        Booked(
            kind=kind,
            id=row.id,
            group_id=row.group_id,
            reference=row.reference,
            state=row.state,
            amount=Money(row.amount_minor, row.currency),
            fee=None if row.charged_minor is None else Money(row.charged_minor, row.currency),
            made_at=row.made_at,
            changed_at=row.changed_at,
            provider_id=row.provider_id,
            given_back=row.given_back,
            remark=row.remark or "",
        )
        for row in session.execute(statement)
    ]


def _checkouts(provider: str) -> Select[Any]:
    refunded = exists().where(Refund.checkout_id == Checkout.id, Refund.state != "failed")
    paid_minor = func.coalesce(Checkout.paid_minor, Collection.gross_minor, Transaction.amount_minor)
    lost = select(func.sum(Dispute.amount_minor)).where(Dispute.checkout_id == Checkout.id, Dispute.state != "won")
    # A part that was disputed does not explain why all of it was taken back.
    disputed = func.coalesce(lost.correlate(Checkout).scalar_subquery(), 0) >= paid_minor
    columns = {
        "reference": Checkout.reference,
        # What is held since it was taken back is still booked as paid; what was let go never was.
        "state": case(
            (Checkout.held_reason.startswith(NOT_BOOKED), "paid"), (_was_let_go(), LET_GO), else_=Checkout.state
        ),
        "currency": Transaction.currency,
        "amount_minor": paid_minor,
        "charged_minor": Checkout.charged_minor,
        "made_at": MADE_AT["collection"],
        "changed_at": func.coalesce(Checkout.paid_at, Checkout.created_at),
        "provider_id": Checkout.provider_id,
        "given_back": or_(refunded, disputed),
        "remark": Checkout.held_reason,
    }
    return (
        _columns(Checkout, columns)
        .join(Transaction, Transaction.id == Checkout.transaction_id)
        .outerjoin(Collection, Collection.transaction_id == Checkout.transaction_id)
        .where(Checkout.provider == provider)
    )


def _payouts(provider: str) -> Select[Any]:
    sent_at = MADE_AT["payout"]
    columns = {
        "reference": Payout.reference,
        "state": Payout.state,
        "currency": Group.currency,
        "amount_minor": Payout.amount_minor,
        "charged_minor": Payout.fee_charged_minor,
        "made_at": sent_at,
        "changed_at": func.coalesce(Payout.ended_at, sent_at),
        "provider_id": null(),
        "given_back": false(),
        "remark": Payout.held_reason,
    }
    return _columns(Payout, columns).join(Group, Group.id == Payout.group_id).where(Payout.provider == provider)


def _refunds(provider: str) -> Select[Any]:
    sent_at = MADE_AT["refund"]
    columns = {
        "made_at": sent_at,
        "changed_at": func.coalesce(Refund.ended_at, sent_at),
        "remark": Refund.held_reason,
    }
    return _of_a_checkout(Refund, provider, columns)


def _disputes(provider: str) -> Select[Any]:
    columns = {
        "made_at": Dispute.created_at,
        "changed_at": func.coalesce(Dispute.ended_at, Dispute.created_at),
        "remark": null(),
    }
    return _of_a_checkout(Dispute, provider, columns)


def _of_a_checkout(table: type[Refund | Dispute], provider: str, columns: dict[str, Any]) -> Select[Any]:
    columns |= {
        "reference": Checkout.reference,
        "state": table.state,
        "currency": Group.currency,
        "amount_minor": table.amount_minor,
        "charged_minor": null(),
        "provider_id": table.provider_id,
        "given_back": false(),
    }
    return (
        _columns(table, columns)
        .join(Checkout, Checkout.id == table.checkout_id)
        .join(Group, Group.id == table.group_id)
        .where(table.provider == provider)
    )


def _columns(table: type[Checkout | Payout | Refund | Dispute], columns: dict[str, Any]) -> Select[Any]:
    named = (column.label(name) for name, column in columns.items())
    return select(table.id, table.group_id, *named).select_from(table)
