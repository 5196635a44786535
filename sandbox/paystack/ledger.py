"""Paystack's balance: a float that it begins with, and every change since then as a row.

Collections come in less their fees; transfers go out with theirs and come back whole when they fail. Refunds, lost
disputes and reversals take out what the payer gets back, and Paystack keeps its fee.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, literal, select
from sqlalchemy.orm import Session

from sandbox.paystack.banks import COUNTRIES
from sandbox.paystack.resources import INTEGRATION, iso
from sandbox.paystack.tables import Dispute, LedgerEntry, Refund
from sandbox.store import Float, Payment, Store, Transfer
from sandbox.world import World

# A transfer of these statuses has left the balance.
DEBITED = ("pending", "received", "success")


def balances(world: World, session: Session) -> dict[str, int]:
    """Per currency, in subunits."""
    found = floats(world, session)
    changes = select(LedgerEntry.currency, func.sum(LedgerEntry.difference)).group_by(LedgerEntry.currency)
    for currency, difference in session.execute(changes):
        found[currency] = found.get(currency, 0) + int(difference)
    return found


def floats(world: World, session: Session) -> dict[str, int]:
    found = dict.fromkeys(COUNTRIES, world.config.paystack_float_minor)
    found.update({row.currency: row.amount for row in session.scalars(select(Float))})
    return found


@contextmanager
def balance_locked(world: World) -> Iterator[Session]:
    """Nobody else spends from the balance, or uses the same reference, until this is committed."""
    with world.store.begin() as session:
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext("sandbox.balance"))))
        yield session


def book_collection(session: Session, payment: Payment, now: datetime) -> None:
    _book(session, payment.currency, payment.amount - (payment.fees or 0), "", "Transaction", payment.id, now)


def book_reversal(session: Session, payment: Payment, amount: int, now: datetime) -> None:
    _book(session, payment.currency, -amount, "Reversed", "Transaction", payment.id, now)


def book_transfer(session: Session, transfer: Transfer, status_before: str, now: datetime) -> None:
    """What a transfer's change of status does to the balance, if anything; "" is the status before there was any."""
    was, is_now = status_before in DEBITED, transfer.status in DEBITED
    whole = transfer.amount + transfer.fee
    if was != is_now:
        reason = transfer.reason or ""
        _book(session, transfer.currency, -whole if is_now else whole, reason, "Transfer", transfer.id, now)


def book_refund(session: Session, refund: Refund, now: datetime) -> None:
    """A new refund takes its amount out, a failed one gives it back."""
    difference = refund.amount if refund.status == "failed" else -refund.amount
    _book(session, refund.currency, difference, refund.merchant_note, "Refund", refund.id, now)


def book_lost_dispute(session: Session, dispute: Dispute, amount: int, now: datetime) -> None:
    _book(session, dispute.currency, -amount, "Chargeback", "Dispute", dispute.id, now)


def rest_of(session: Session, payment: Payment) -> int:
    """What the payer has not got back yet, in subunits; what is on its way counts as got."""
    if payment.status != "success":
        return 0
    refunded = select(func.sum(Refund.amount)).where(Refund.payment_id == payment.id, Refund.status != "failed")
    lost = select(func.sum(Dispute.amount)).where(Dispute.payment_id == payment.id, Dispute.resolution.is_not(None))
    lost = lost.where(Dispute.resolution != "declined")
    return payment.amount - int(session.scalar(refunded) or 0) - int(session.scalar(lost) or 0)


def entry_resource(world: World, session: Session, entry: LedgerEntry) -> dict[str, Any]:
    until_then = select(func.sum(LedgerEntry.difference)).where(
        LedgerEntry.currency == entry.currency, LedgerEntry.id <= entry.id
    )
    return {
        "integration": INTEGRATION,
        "domain": "test",
        "balance": floats(world, session).get(entry.currency, 0) + int(session.scalar(until_then) or 0),
        "currency": entry.currency,
        "difference": entry.difference,
        "reason": entry.reason,
        "model_responsible": entry.model,
        "model_row": entry.row,
        "id": entry.id,
        "createdAt": iso(entry.created_at),
        "updatedAt": iso(entry.created_at),
    }


def open_ledger(store: Store) -> None:
    """Write the rows that a laptop's database lacks because it is older than this table."""
    columns = ["currency", "difference", "reason", "model", "row", "created_at"]
    net = Payment.amount - func.coalesce(Payment.fees, 0)
    collected = select(Payment.currency, net, literal(""), literal("Transaction"), Payment.id, Payment.paid_at)
    whole = -(Transfer.amount + Transfer.fee)
    sent = select(Transfer.currency, whole, literal(""), literal("Transfer"), Transfer.id, Transfer.created_at)
    with store.begin() as session:
        if session.scalar(select(LedgerEntry.id).limit(1)) is not None:
            return
        for rows in (collected.where(Payment.status == "success"), sent.where(Transfer.status.in_(DEBITED))):
            session.execute(insert(LedgerEntry).from_select(columns, rows))


def _book(session: Session, currency: str, difference: int, reason: str, model: str, row: int, now: datetime) -> None:
    entry = LedgerEntry(currency=currency, difference=difference, reason=reason, model=model, row=row, created_at=now)
    session.add(entry)
