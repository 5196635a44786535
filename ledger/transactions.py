"""An open transaction's life before its money moves: begun, under way, holding what it will take, ended without money.

Every function that reserves or ends locks the group first, as a posting does, so the three never see each other half
done.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from core.db import Session
from core.money import Money
from ledger import errors
from ledger.audit import Cause
from ledger.models import Transaction
from ledger.postings import CAUSE, LEGS, Leg, call, columns, ledger_error


def begin(
    session: Session,
    group_id: int,
    kind: str,
    user_id: int | None,
    amount: Money,
    key: str,
    at: datetime,
    cause: Cause,
    reason: str | None = None,
    approval_id: int | None = None,
    returns_id: int | None = None,
) -> Transaction:
    """Writes a pending transaction. `key` is unique in the group: the same wish twice is one transaction.

    `approval_id` is the vote that allows it, `returns_id` the payment that a refund or a chargeback gives back. Raises
    `IdempotencyConflict` when the key stands for another movement, `AlreadyCarriedOut` when the vote has another
    transaction that is open or completed, or `NotPaidIn` when of the payment not so much is left to give back.
    """
    statement = insert(Transaction).values(
        group_id=group_id,
        user_id=user_id,
        kind=kind,
        currency=amount.currency,
        amount_minor=amount.amount_minor,
        idempotency_key=key,
        channel=cause.channel,
        message_id=cause.message_id,
        created_at=at,
        reason=reason,
        approval_id=approval_id,
        returns_id=returns_id,
    )
    try:
        with session.begin_nested() if approval_id or returns_id else nullcontext():
            made = session.scalars(
                statement.on_conflict_do_nothing(index_elements=["group_id", "idempotency_key"]).returning(Transaction)
            ).one_or_none()
    except DBAPIError as error:
        raise ledger_error(error) from error
    if made is not None:
        return made
    known = session.scalars(
        select(Transaction).where(Transaction.group_id == group_id, Transaction.idempotency_key == key)
    ).one()
    before = (known.kind, known.user_id, known.currency, known.amount_minor, known.reason)
    allowed_by = (known.approval_id, known.returns_id)
    if (*before, *allowed_by) != (kind, user_id, amount.currency, amount.amount_minor, reason, approval_id, returns_id):
        raise errors.IdempotencyConflict(key)
    return known


def lock_group(session: Session, group_id: int) -> None:
    """Waits for the group's lock, which every function of the book takes first, and holds it to the end."""
    session.execute(_LOCK, {"group": group_id})


def mark_processing(session: Session, transaction_id: int) -> None:
    """Its money is on the way. Nothing changes when the transaction has already ended."""
    # Found by its key alone: a condition on the state may cost a scan of all open ones.
    transaction = session.get_one(Transaction, transaction_id, with_for_update=True, populate_existing=True)
    if transaction.state == "pending":
        transaction.state = "processing"
        session.flush()


def reserve(
    session: Session, group_id: int, transaction_id: int, holds: Sequence[Leg], at: datetime, cause: Cause
) -> bool:
    """Promises money to an open transaction: `holds` name wallets and positive amounts (minor units).

    Its posting settles the promise, its end releases it. False when it holds exactly that already. Raises
    `AmountNotPositive`, `InsufficientFunds`, `UnknownWallet`, `TransactionClosed`, `NotVoted`, `NotPaidIn`, or
    `IdempotencyConflict` when it has promised something else before: a transaction promises once, even if all of it was
    given back.
    """
    taken = columns(holds)
    if not taken["amounts"] or min(taken["amounts"]) <= 0:
        raise errors.AmountNotPositive
    row = call(session, _RESERVE, group_id, cause, at, taken | {"transaction": transaction_id})
    return bool(row.reserved)


def release(session: Session, group_id: int, transaction_id: int, part: Leg, at: datetime, cause: Cause) -> None:
    """Gives back a part of what an open transaction holds on one wallet. Raises `NotHeld`."""
    values = {
        "transaction": transaction_id,
        "kind": part.kind,
        "owner": part.user_id or 0,
        "provider": part.provider,
        "amount": part.amount_minor,
    }
    call(session, _RELEASE, group_id, cause, at, values)


def end(
    session: Session, group_id: int, transaction_id: int, state: str, reason: str, at: datetime, cause: Cause
) -> bool:
    """Ends an open transaction without money: state failed, expired or cancelled; what it held is free again.

    False when it had ended before.
    """
    values = {"transaction": transaction_id, "state": state, "reason": reason}
    return bool(call(session, _END, group_id, cause, at, values).ended)


_LOCK = text("SELECT pg_advisory_xact_lock(:group)")

_RESERVE = f"SELECT * FROM reserve_funds(%(group)s, %(transaction)s, {CAUSE}, {LEGS})"  # noqa: S608

_RELEASE = f"""SELECT release_part(%(group)s, %(transaction)s, %(kind)s, %(owner)s, %(provider)s, %(amount)s,
    {CAUSE})"""  # noqa: S608

_END = f"""SELECT end_transaction(%(group)s, %(transaction)s, %(state)s, %(reason)s,
    {CAUSE}) AS ended"""  # noqa: S608
