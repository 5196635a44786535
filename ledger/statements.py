"""Statements: what a member or the whole group had, what moved, and what there was at the end.

A page is found by index whatever the length of the book; the sums read the entries of the asked period only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, text

from core.db import Session
from core.money import Money

PAGE = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One movement. `amount` is positive for money that came in, `balance` is what there was after it.

    `user_id` is whom it is about, None for the group itself; `is_reversed` when a later line took it back.
    """

    at: datetime
    kind: str
    user_id: int | None
    receipt_number: int
    amount: Money
    balance: Money
    is_reversed: bool


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next page goes on: after this receipt, with this balance (minor units)."""

    receipt_number: int
    balance_minor: int


@dataclass(frozen=True, slots=True)
class Page:
    """Lines in the order of the book; `next` is None on the last page."""

    lines: tuple[Line, ...]
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class Statement:
    """The period from `since` to before `until`: its sums, and its first page."""

    since: datetime
    until: datetime
    opening: Money
    closing: Money
    total_in: Money
    total_out: Money
    first: Page


@dataclass(frozen=True, slots=True)
class Account:
    """Whose statement it is: a member's savings, or for None the money that the group holds wherever it lies.

    Of the group's, what only changes owner inside is left out: a loan paid off from savings moves no money.
    """

    group_id: int
    currency: str
    user_id: int | None = None

    @property
    def columns(self) -> dict[str, Any]:
        """How the queries below find its wallets; cash is an asset, so its sign is turned."""
        found = {"kind": "cash", "owner": 0, "sign": -1} if self.user_id is None else {"kind": "savings", "sign": 1}
        return {"owner": self.user_id, "group": self.group_id} | found


def read(session: Session, account: Account, since: datetime, until: datetime, limit: int = PAGE) -> Statement:
    """The statement of a period. Three round trips, two of them down an index."""
    values = account.columns | {"since": since, "until": until}
    sums = session.execute(_SUMS, values).one()
    opening = balance_at(session, account, since)
    return Statement(
        since=since,
        until=until,
        opening=opening,
        closing=opening + Money(sums.came - sums.went, account.currency),
        total_in=Money(sums.came, account.currency),
        total_out=Money(sums.went, account.currency),
        first=page(session, account, since, until, Cursor(0, opening.amount_minor), limit),
    )


def page(
    session: Session, account: Account, since: datetime, until: datetime, after: Cursor, limit: int = PAGE
) -> Page:
    """The lines of a period that follow a cursor."""
    values = {"since": since, "until": until, "after": after.receipt_number, "limit": limit + 1}
    rows = session.execute(_PAGE, account.columns | values).all()
    lines, balance = [], after.balance_minor
    for row in rows[:limit]:
        balance += row.amount
        lines.append(_line(row, balance, account.currency))
    more = len(rows) > limit
    return Page(tuple(lines), Cursor(lines[-1].receipt_number, balance) if more else None)


def everything(session: Session, account: Account, since: datetime, until: datetime) -> Iterator[Line]:
    """All lines of a period, page by page."""
    after: Cursor | None = Cursor(0, balance_at(session, account, since).amount_minor)
    while after is not None:
        found = page(session, account, since, until, after)
        yield from found.lines
        after = found.next


def newest(session: Session, account: Account, since: datetime, until: datetime, limit: int) -> list[Line]:
    """The newest lines of a period, newest first, with the balance after each: one round trip, so one moment."""
    rows = session.execute(_NEWEST, account.columns | {"since": since, "until": until, "limit": limit}).all()
    lines, balance = [], rows[0].closing if rows else 0
    for row in rows:
        lines.append(_line(row, balance, account.currency))
        balance -= row.amount
    return lines


def balance_at(session: Session, account: Account, moment: datetime) -> Money:
    """What there was just before `moment`."""
    found = session.execute(_BALANCE_AT, account.columns | {"moment": moment}).scalar_one()
    return Money(found, account.currency)


def daily_balances(
    session: Session, account: Account, since: datetime, until: datetime, time_zone: str
) -> list[tuple[date, int]]:
    """What there was at the end of each day (in the zone) on which something moved, in minor units."""
    values = account.columns | {"since": since, "until": until, "zone": time_zone}
    balance = balance_at(session, account, since).amount_minor
    points = []
    for row in session.execute(_DAILY, values):
        balance += row.amount
        points.append((row.day, balance))
    return points


def _line(row: Row[Any], balance_minor: int, currency: str) -> Line:
    return Line(
        at=row.at,
        kind=row.kind,
        user_id=row.user_id,
        receipt_number=row.number,
        amount=Money(row.amount, currency),
        balance=Money(balance_minor, currency),
        is_reversed=row.state == "reversed",
    )


_BEFORE = """
    SELECT CAST(:sign * coalesce(sum((
        SELECT e.balance_after_minor FROM entries e
         WHERE e.group_id = w.group_id AND e.wallet_id = w.id AND e.created_at < {moment}
         ORDER BY e.created_at DESC, e.wallet_version DESC LIMIT 1)), 0) AS bigint)
      FROM wallets w WHERE w.group_id = :group AND w.kind = :kind AND w.owner_id = :owner"""

_BALANCE_AT = text(_BEFORE.format(moment=":moment"))

_SUMS = text("""
    SELECT CAST(coalesce(sum(moved) FILTER (WHERE moved > 0), 0) AS bigint) AS came,
           CAST(coalesce(-sum(moved) FILTER (WHERE moved < 0), 0) AS bigint) AS went
      FROM (SELECT :sign * sum(e.amount_minor) AS moved
              FROM wallets w JOIN entries e ON e.group_id = w.group_id AND e.wallet_id = w.id
             WHERE w.group_id = :group AND w.kind = :kind AND w.owner_id = :owner
               AND e.created_at >= :since AND e.created_at < :until
             GROUP BY e.transaction_id) each""")

_DAILY = text("""
    SELECT CAST(e.created_at AT TIME ZONE :zone AS date) AS day, CAST(:sign * sum(e.amount_minor) AS bigint) AS amount
      FROM wallets w JOIN entries e ON e.group_id = w.group_id AND e.wallet_id = w.id
     WHERE w.group_id = :group AND w.kind = :kind AND w.owner_id = :owner
       AND e.created_at >= :since AND e.created_at < :until
     GROUP BY day ORDER BY day""")

# Of each wallet no more than a page is read, down its index; a group holds cash in two or three places.
_LINES = """
    SELECT line.number, line.at, t.kind, t.user_id, t.state, line.amount{more}
      FROM (SELECT moved.number, min(moved.at) AS at, moved.transaction_id,
                   CAST(:sign * sum(moved.amount_minor) AS bigint) AS amount
              FROM wallets w
             CROSS JOIN LATERAL (
                SELECT r.number, e.created_at AS at, e.transaction_id, e.amount_minor
                  FROM entries e
                  JOIN receipts r ON r.group_id = e.group_id AND r.transaction_id = e.transaction_id
                 WHERE e.group_id = w.group_id AND e.wallet_id = w.id {period}
                 ORDER BY e.created_at {order}, e.wallet_version {order} LIMIT :limit) moved
             WHERE w.group_id = :group AND w.kind = :kind AND w.owner_id = :owner
             GROUP BY moved.number, moved.transaction_id ORDER BY moved.number {order} LIMIT :limit) line
      JOIN transactions t ON t.group_id = :group AND t.id = line.transaction_id
     ORDER BY line.number {order}"""

_PAGE = text(
    _LINES.format(
        more="",
        order="ASC",
        period="""AND e.created_at < :until AND r.number > :after
                 AND e.created_at >= greatest(CAST(:since AS timestamptz),
            (SELECT issued_at FROM receipts WHERE group_id = :group AND number = :after))""",
    )
)

_NEWEST = text(
    _LINES.format(
        more=f", ({_BEFORE.format(moment=':until')}) AS closing",
        order="DESC",
        period="AND e.created_at >= :since AND e.created_at < :until",
    )
)
