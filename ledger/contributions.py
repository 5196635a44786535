"""Contributions: what a member may promise, and what is posted when their money came."""

from datetime import datetime

from core.db import Session
from core.money import Money
from ledger import errors, legs, transactions
from ledger.audit import Cause
from ledger.models import Transaction
from ledger.postings import Posted, post


def check_amount(amount: Money, largest: Money) -> None:
    """Raises `AmountNotPositive` or `AmountAboveLimit`."""
    if amount.amount_minor <= 0:
        raise errors.AmountNotPositive
    if amount.amount_minor > largest.amount_minor:
        raise errors.AmountAboveLimit(largest)


def begin(
    session: Session, group_id: int, user_id: int | None, amount: Money, key: str, at: datetime, cause: Cause
) -> Transaction:
    """Writes a pending contribution. Raises `IdempotencyConflict` when `key` stands for another one."""
    return transactions.begin(session, group_id, "contribution", user_id, amount, key, at, cause)


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
    moved = legs.contribution(transaction.user_id, provider, transaction.amount_minor, gross_minor, fee_minor)
    return post(session, transaction.group_id, transaction.id, moved, at, cause)
