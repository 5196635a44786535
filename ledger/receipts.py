"""Receipts: the numbered proof of one posting, and the seal under the book as it stood then."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from core.db import Session
from core.money import Money
from ledger import seals
from ledger.seals import Seal


@dataclass(frozen=True, slots=True)
class Issued:
    """A receipt with what it is for. `reversed_by` is the number of the receipt that took it back."""

    number: int
    at: datetime
    kind: str
    user_id: int | None
    amount: Money
    reason: str | None
    seal: Seal
    reversed_by: int | None


def find(session: Session, group_id: int, number: int | None = None) -> Issued | None:
    """The group's receipt with this number, the newest without one; None when there is none."""
    row = session.execute(_FIND, {"group": group_id, "number": number}).one_or_none()
    if row is None:
        return None
    return Issued(
        number=row.number,
        at=row.issued_at,
        kind=row.kind,
        user_id=row.user_id,
        amount=Money(row.amount_minor, row.currency),
        reason=row.reason,
        seal=seals.of(row),
        reversed_by=row.reversed_by,
    )


def of_transaction(session: Session, group_id: int, transaction_id: int) -> Issued | None:
    """The receipt of a posted transaction."""
    number = session.scalar(_NUMBER, {"group": group_id, "transaction": transaction_id})
    return None if number is None else find(session, group_id, number)


def at_line(session: Session, group_id: int, line: int) -> int | None:
    """The number of the receipt that the chain's line wrote; None for a line about something else."""
    number: int | None = session.scalar(_AT_LINE, {"group": group_id, "line": line})
    return number


_FIND = text("""
    SELECT r.number, r.issued_at, t.kind, t.user_id, t.amount_minor, t.currency, t.reason, a.seq, a.at, a.action,
           a.hash, (SELECT undone.number FROM transactions u
                      JOIN receipts undone ON undone.group_id = u.group_id AND undone.transaction_id = u.id
                     WHERE u.reverses_id = t.id) AS reversed_by
      FROM receipts r
      JOIN transactions t ON t.group_id = r.group_id AND t.id = r.transaction_id
      JOIN audit_log a ON a.group_id = r.group_id AND a.seq = r.seq
     WHERE r.group_id = :group
       AND r.number = coalesce(CAST(:number AS integer), (SELECT max(number) FROM receipts WHERE group_id = :group))""")

_AT_LINE = text("""
    SELECT r.number FROM audit_log a
      JOIN receipts r ON r.group_id = a.group_id AND r.seq = a.seq
                     AND r.number = CAST(CAST(a.data AS jsonb) ->> 'receipt' AS integer)
     WHERE a.group_id = :group AND a.seq = :line""")

_NUMBER = text("SELECT number FROM receipts WHERE group_id = :group AND transaction_id = :transaction")
