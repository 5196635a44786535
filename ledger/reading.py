"""What members and officers read: balances and the latest lines."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text

from core.db import Session
from core.money import Money
from ledger.models import Receipt, Transaction


@dataclass(frozen=True, slots=True)
class Balances:
    """A member's own savings, the money the group holds, and what the member wants to pay in and has not paid yet.

    `open` are contributions; `paying` counts repayments of a loan with them.
    """

    own: Money
    group: Money
    open: Money
    paying: Money


@dataclass(frozen=True, slots=True)
class Available:
    """What may still be promised: of the member's savings, and of the group's money at one place.

    `own_held` is what of the savings is held for something; `group` is all the money that the group has anywhere.
    """

    own: Money
    own_held: Money
    cash: Money
    group: Money


@dataclass(frozen=True, slots=True)
class Line:
    """One of a member's own transactions; `receipt_number` only when it was posted."""

    at: datetime
    kind: str
    state: str
    amount: Money
    receipt_number: int | None


def balances(session: Session, group_id: int, user_id: int, currency: str) -> Balances:
    """Own savings, group's cash and what the member has not paid yet, in one query."""
    row = session.execute(_BALANCES, {"group": group_id, "user": user_id}).one()
    return Balances(*(Money(amount, currency) for amount in row))


def available(session: Session, group_id: int, user_id: int, currency: str, provider: str) -> Available:
    """What this member could take out through this provider (or the cash box) at this moment."""
    row = session.execute(_AVAILABLE, {"group": group_id, "user": user_id, "provider": provider}).one()
    return Available(*(Money(amount, currency) for amount in row))


def own_lines(session: Session, group_id: int, user_id: int, limit: int) -> list[Line]:
    """The member's newest transactions in the group, newest first."""
    rows = session.execute(
        select(Transaction, Receipt.number)
        .outerjoin(Receipt, Receipt.transaction_id == Transaction.id)
        .where(Transaction.group_id == group_id, Transaction.user_id == user_id)
        .order_by(Transaction.id.desc())
        .limit(limit)
    )
    return [
        Line(t.completed_at or t.created_at, t.kind, t.state, Money(t.amount_minor, t.currency), number)
        for t, number in rows
    ]


# Cash is an asset, so its balance is negative: what the group holds is its opposite.
_BALANCES = text("""
    SELECT book.*, wish.*
      FROM (SELECT CAST(coalesce(sum(balance_minor) FILTER (WHERE kind = 'savings' AND user_id = :user), 0) AS bigint)
                       AS own,
                   CAST(coalesce(-sum(balance_minor) FILTER (WHERE kind = 'cash'), 0) AS bigint) AS held
              FROM wallets WHERE group_id = :group) book,
           (SELECT CAST(coalesce(sum(amount_minor) FILTER (WHERE kind = 'contribution'), 0) AS bigint) AS open,
                   CAST(coalesce(sum(amount_minor), 0) AS bigint) AS paying
              FROM transactions
             WHERE group_id = :group AND user_id = :user AND state IN ('pending', 'processing')
               AND kind IN ('contribution', 'repayment')) wish""")

_AVAILABLE = text("""
    SELECT CAST(coalesce(sum(available_minor) FILTER (WHERE kind = 'savings' AND owner_id = :user), 0) AS bigint),
           CAST(coalesce(sum(reserved_minor) FILTER (WHERE kind = 'savings' AND owner_id = :user), 0) AS bigint),
           CAST(coalesce(sum(available_minor) FILTER (WHERE kind = 'cash' AND provider = :provider), 0) AS bigint),
           CAST(coalesce(-sum(balance_minor) FILTER (WHERE kind = 'cash'), 0) AS bigint)
      FROM wallets WHERE group_id = :group""")
