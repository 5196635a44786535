"""Contributions: the wish, its end, and the legs of the money that came.

Dr cash at the provider     what arrived after the fee
Dr fee expense              what the provider kept
   Cr fee income            what the payer paid on top, to cover the fee
   Cr savings of the member what they contributed
"""

from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from core.db import Session
from core.money import Money
from ledger import audit, errors
from ledger.models import OPEN_STATES, Transaction
from ledger.postings import Cause, Leg, Posted, post


def check_amount(amount: Money, largest: Money) -> None:
    """Raises `AmountNotPositive` or `AmountAboveLimit`."""
    if amount.amount_minor <= 0:
        raise errors.AmountNotPositive
    if amount.amount_minor > largest.amount_minor:
        raise errors.AmountAboveLimit(largest)


def begin(
    session: Session, group_id: int, user_id: int, amount: Money, key: str, at: datetime, cause: Cause
) -> Transaction:
    """Writes a pending contribution. `key` is unique in the group: the same wish twice is one transaction.

    Raises `IdempotencyConflict` when the key stands for another member's or another amount's contribution.
    """
    statement = insert(Transaction).values(
        group_id=group_id,
        user_id=user_id,
        kind="contribution",
        currency=amount.currency,
        amount_minor=amount.amount_minor,
        idempotency_key=key,
        channel=cause.channel,
        message_id=cause.message_id,
        created_at=at,
    )
    made = session.scalars(
        statement.on_conflict_do_nothing(index_elements=["group_id", "idempotency_key"]).returning(Transaction)
    ).one_or_none()
    if made is not None:
        return made
    known = session.scalars(
        select(Transaction).where(Transaction.group_id == group_id, Transaction.idempotency_key == key)
    ).one()
    if (known.user_id, known.currency, known.amount_minor) != (user_id, amount.currency, amount.amount_minor):
        raise errors.IdempotencyConflict(key)
    return known


def mark_processing(session: Session, transaction_id: int) -> None:
    """The payer went to pay. Nothing changes when the contribution has already ended."""
    transaction = _locked(session, transaction_id)
    if transaction.state == "pending":
        transaction.state = "processing"


def end(session: Session, transaction_id: int, state: str, reason: str, at: datetime, cause: Cause) -> bool:
    """Ends an open contribution without money: state failed, expired or cancelled. False when it had ended before."""
    # The group first and the row second, as a posting locks them too.
    session.execute(_LOCK_GROUP, {"transaction": transaction_id})
    transaction = _locked(session, transaction_id)
    if transaction.state not in OPEN_STATES:
        return False
    transaction.state, transaction.failure = state, reason
    data = {"transaction": transaction_id, "reason": reason}
    audit.record(session, transaction.group_id, f"contribution_{state}", data, at, cause)
    return True


def complete(
    session: Session,
    transaction: Transaction,
    provider: str,
    gross_minor: int,
    fee_minor: int,
    at: datetime,
    cause: Cause,
) -> Posted:
    """Posts a paid contribution: `gross_minor` was paid, of which the provider kept `fee_minor`.

    Raises what `ledger.postings.post` raises.
    """
    if fee_minor < 0 or gross_minor < transaction.amount_minor:
        raise errors.Unbalanced("less was paid than is credited")
    legs = [
        Leg("cash", fee_minor - gross_minor, provider=provider),
        Leg("fee_expense", -fee_minor),
        Leg("fee_income", gross_minor - transaction.amount_minor),
        Leg("savings", transaction.amount_minor, user_id=transaction.user_id),
    ]
    return post(session, transaction.id, legs, at, cause)


def _locked(session: Session, transaction_id: int) -> Transaction:
    """The row as it stands now, found by its key alone: a condition on the state may cost a scan of all open ones."""
    return session.get_one(Transaction, transaction_id, with_for_update=True, populate_existing=True)


_LOCK_GROUP = text("SELECT pg_advisory_xact_lock(group_id) FROM transactions WHERE id = :transaction")
