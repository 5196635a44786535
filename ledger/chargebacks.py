"""Chargebacks: a provider takes a payment back, asked or not. What it had paid off of a loan is owed again.

The rest the member's savings bear as far as they go; what is missing there is the group's loss. While somebody disputes
a payment, what would be taken is held.
"""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func, select

from core.db import Session
from core.money import Money
from ledger import errors, legs, owing_again, postings, reading, receipts, repaying, reversals, transactions
from ledger.audit import Cause
from ledger.models import OPEN_STATES, Entry, Reservation, Transaction, Wallet
from ledger.postings import Leg, Movement, Posted

WHY = "the payment service took it back"
WHY_RETURNED = "the payment service brought it back"
RETURNED = "returned:"
"""How the key of a repayment begins that a provider had taken back, and brought back: the member has paid it again."""


def begin(
    session: Session, payment: Transaction, amount: Money, provider: str, key: str, at: datetime, cause: Cause
) -> Transaction | None:
    """Holds what of `amount` is free of the payer's savings and of the cash at the provider; nothing moves.

    None when nothing is free. The same key again is the same transaction. Raises what `transactions.begin` raises.
    """
    transactions.lock_group(session, payment.group_id)
    payer = payment.user_id or 0
    free = reading.available(session, payment.group_id, payer, payment.currency, provider)
    rest = amount.amount_minor - owing_again.share(session, payment, amount.amount_minor, standing(session, payment))
    holds = [
        Leg("savings", min(free.own.amount_minor, rest), payer),
        Leg("cash", min(free.cash.amount_minor, amount.amount_minor), provider=provider),
    ]
    known = _known(session, payment.group_id, key)
    if known is not None or not any(leg.amount_minor for leg in holds):
        return known
    held = transactions.begin(
        session, payment.group_id, "chargeback", payment.user_id, amount, key, at, cause, WHY, returns_id=payment.id
    )
    taken = [leg for leg in holds if leg.amount_minor]
    transactions.reserve(session, payment.group_id, held.id, taken, at, cause)
    session.refresh(held)
    return held


def take(
    session: Session,
    payment: Transaction,
    amount: Money,
    provider: str,
    key: str,
    at: datetime,
    cause: Cause,
    held: Transaction | None = None,
) -> Posted:
    """Posts that `amount` of a payment is gone; with what was `held` for it, if that is about as much.

    Taken before under this key, it answers the first result. Raises `InsufficientFunds` when the cash is not there,
    `NoLoan` when what it had paid off cannot be owed again, `NotPaidIn` when so much is not left of the payment, or
    what `post` raises; nothing has changed then, if the caller rolls back to where it was before.
    """
    transactions.lock_group(session, payment.group_id)
    known = held or _known(session, payment.group_id, key)
    if known is not None and known.state not in OPEN_STATES:
        return _receipt_of(session, known)
    payer = payment.user_id or 0
    free = reading.available(session, payment.group_id, payer, payment.currency, provider).own.amount_minor
    mine = _held_savings(session, known)
    owed = owing_again.owe(session, payment, amount.amount_minor, standing(session, payment))
    from_savings = min(amount.amount_minor - owed.total, free + mine)
    moved = legs.chargeback(payer, provider, amount.amount_minor, from_savings, owed)
    if known is not None and known.amount_minor == amount.amount_minor:
        return postings.post(session, payment.group_id, known.id, moved, at, cause)
    if known is not None:  # Another amount went back in the end than was asked for.
        transactions.end(session, payment.group_id, known.id, "cancelled", "another amount went back", at, cause)
        key = f"{key}:{amount.amount_minor}"
    movement = Movement(payment.group_id, "chargeback", amount, moved, key, payment.user_id, WHY, returns_id=payment.id)
    return postings.record(session, movement, at, cause)


def release(session: Session, held: Transaction, at: datetime, cause: Cause) -> bool:
    """The payment stays ours: what was held is free again. False when it had ended before."""
    return transactions.end(session, held.group_id, held.id, "cancelled", "decided for the group", at, cause)


def give_back(session: Session, taken: Transaction, provider: str, on: date, at: datetime, cause: Cause) -> Posted:
    """The provider has brought back what it had taken: the opposite is posted, once.

    Where something is owed again since, the member has paid again: what is owed on this day shrinks, and the rest is
    their savings. Raises what `undo` or `complete_repayment` raises.
    """
    transactions.lock_group(session, taken.group_id)
    if not owing_again.is_of(session, taken):
        return reversals.undo(session, taken, WHY_RETURNED, at, cause)
    credited = Money(
        taken.amount_minor - lost(session, taken), taken.currency
    )  # The group's loss is the group's again.
    key = f"{RETURNED}{taken.id}"
    again = transactions.begin(
        session, taken.group_id, "repayment", taken.user_id, credited, key, at, cause, WHY_RETURNED
    )
    return repaying.complete_repayment(session, again, provider, taken.amount_minor, 0, on, at, cause)


def standing(session: Session, payment: Transaction) -> Sequence[Transaction]:
    """What was taken back of a payment, and was not brought back since; the first one first."""
    found = select(Transaction).where(
        Transaction.group_id == payment.group_id,
        Transaction.returns_id == payment.id,
        Transaction.kind == "chargeback",
        Transaction.state == "completed",
    )
    taken = session.scalars(found.order_by(Transaction.id), execution_options={"populate_existing": True}).all()
    return [each for each in taken if _known(session, each.group_id, f"{RETURNED}{each.id}") is None]


def lost(session: Session, taken: Transaction) -> int:
    """What of a chargeback the group has lost, in minor units."""
    found = (
        select(func.coalesce(-func.sum(Entry.amount_minor), 0))
        .join(Wallet, (Wallet.group_id == Entry.group_id) & (Wallet.id == Entry.wallet_id))
        .where(Entry.group_id == taken.group_id, Entry.transaction_id == taken.id, Wallet.kind == "bad_debt")
    )
    return int(session.scalar(found) or 0)


def _known(session: Session, group_id: int, key: str) -> Transaction | None:
    found = select(Transaction).where(Transaction.group_id == group_id, Transaction.idempotency_key == key)
    return session.scalar(found, execution_options={"populate_existing": True})


def _held_savings(session: Session, held: Transaction | None) -> int:
    if held is None:
        return 0
    found = (
        select(func.coalesce(func.sum(Reservation.amount_minor), 0))
        .join(Wallet, (Wallet.group_id == Reservation.group_id) & (Wallet.id == Reservation.wallet_id))
        .where(
            Reservation.group_id == held.group_id,
            Reservation.transaction_id == held.id,
            Reservation.state == "held",
            Wallet.kind == "savings",
        )
    )
    return int(session.scalar(found) or 0)


def _receipt_of(session: Session, taken: Transaction) -> Posted:
    found = receipts.of_transaction(session, taken.group_id, taken.id)
    if found is None:
        raise errors.TransactionClosed
    return Posted(taken.id, found.number, found.seal.line, found.seal.short, replayed=True)
