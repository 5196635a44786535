"""Contributions: the wish, its end, and the legs of the money that came.

Dr cash at the provider     what arrived after the fee
Dr fee expense              what the provider kept
   Cr fee income            what the payer paid on top, to cover the fee
   Cr savings of the member what they contributed
"""

from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from core.db import Session
from core.money import Money
from ledger import audit, errors
from ledger.models import OPEN_STATES, Transaction, Wallet
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
    session.execute(
        update(Transaction)
        .where(Transaction.id == transaction_id, Transaction.state == "pending")
        .values(state="processing")
    )


def end(session: Session, transaction_id: int, state: str, reason: str, at: datetime, cause: Cause) -> bool:
    """Ends an open contribution without money: state failed, expired or cancelled. False when it had ended before."""
    session.execute(_LOCK, {"transaction": transaction_id})
    ended = session.execute(
        update(Transaction)
        .where(Transaction.id == transaction_id, Transaction.state.in_(OPEN_STATES))
        .values(state=state, failure=reason)
        .returning(Transaction.group_id)
    ).one_or_none()
    if ended is None:
        return False
    audit.record(
        session, ended.group_id, f"contribution_{state}", {"transaction": transaction_id, "reason": reason}, at, cause
    )
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
    session.execute(_LOCK, {"transaction": transaction.id})
    _open_cash_wallet(session, transaction.group_id, provider, transaction.currency)
    legs = [
        Leg("cash", fee_minor - gross_minor, provider=provider),
        Leg("fee_expense", -fee_minor),
        Leg("fee_income", gross_minor - transaction.amount_minor),
        Leg("savings", transaction.amount_minor, user_id=transaction.user_id),
    ]
    return post(session, transaction.id, legs, at, cause)


def _open_cash_wallet(session: Session, group_id: int, provider: str, currency: str) -> None:
    statement = insert(Wallet).values(group_id=group_id, kind="cash", provider=provider, currency=currency)
    session.execute(statement.on_conflict_do_nothing())


_LOCK = text("SELECT pg_advisory_xact_lock(group_id) FROM transactions WHERE id = :transaction")
