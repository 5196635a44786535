"""Everything that can be computed again: entries, balances, reservations, chain, receipts. Says exactly what is wrong.

The work is done by the server, for many groups at once (`ledger.checks`); only faults come back. It only reads, and
must see one moment of a book: run it in a `snapshot()`, else a posting between two checks looks like a fault.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import text

from core import db
from core.db import Session
from ledger import checks, seals

FAULTS_A_CHECK = 1_000
GROUPS_AT_ONCE = 200
ENTRIES_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. `what` is a code, `where` names the row, `detail` what was found and what expected."""

    group_id: int
    what: str
    where: str
    detail: str


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive groups that are verified together: a statement costs about as much for many small as for one."""

    first: int
    last: int


def verify(session: Session, group_id: int, known_seals: Sequence[str] = ()) -> Iterator[Fault]:
    """What is wrong in one group's book, and which seals that somebody kept do not stand in it.

    Raises `ValueError` for what is no seal.
    """
    yield from faults(session, Span(group_id, group_id))
    yield from missing_seals(session, group_id, known_seals)


def faults(session: Session, span: Span) -> Iterator[Fault]:
    """What is wrong in these groups' books, check by check; at most 1,000 faults of one check, then a note of more."""
    values = {"first": span.first, "last": span.last, "limit": FAULTS_A_CHECK + 1, **checks.CONSTANTS}
    for check in checks.ALL:
        found = session.execute(text(f"{check} LIMIT :limit"), values).all()
        yield from (Fault(*row) for row in found[:FAULTS_A_CHECK])
        if len(found) > FAULTS_A_CHECK:
            yield Fault(found[-1][0], "more", "the rest of the book", f"more than {FAULTS_A_CHECK:,} faults like these")


def missing_seals(session: Session, group_id: int, known_seals: Sequence[str]) -> Iterator[Fault]:
    """The seals (short or in full) that no line of the group's book has. Raises `ValueError` for what is no seal.

    Somebody who may write everything can compute the whole chain anew; only a seal that was kept elsewhere shows it.
    """
    for seal in known_seals:
        start = seals.read(seal)
        if start is None:
            raise ValueError(f"{seal} is no seal")
        if not seals.stands(session, group_id, start):
            yield Fault(group_id, "seal", f"seal {seal}", "no line has it: the book was another one when it was given")


def count_groups(session: Session, span: Span) -> int:
    """How many groups these are."""
    return int(session.execute(_COUNT_GROUPS, {"first": span.first, "last": span.last}).scalar_one())


def count_entries(session: Session, span: Span) -> int:
    """How many entries these groups have."""
    return int(session.execute(_COUNT, {"first": span.first, "last": span.last}).scalar_one())


def spans(groups_at_once: int = GROUPS_AT_ONCE) -> Iterator[Span]:
    """All groups, in spans of at most 200 of them, each ending with the group that makes it 100,000 entries."""
    after = 0
    while True:
        with db.session() as session:
            row = session.execute(
                _NEXT_SPAN, {"after": after, "groups": groups_at_once, "entries": ENTRIES_AT_ONCE}
            ).one()
        if row.first is None:
            return
        yield Span(row.first, row.last)
        after = row.last


@contextmanager
def snapshot() -> Iterator[Session]:
    """A session that sees one moment, cannot write, and has the time and the memory that whole books take."""
    with db.snapshot() as session:
        for setting, value in _SETTINGS.items():
            session.execute(text(f"SET LOCAL {setting} = {value}"))
        yield session


# Every check reads all rows of its groups. A nested loop would be a bet on statistics that a young table does not have.
_SETTINGS = {"statement_timeout": "'30min'", "work_mem": "'64MB'", "enable_nestloop": "off", "jit": "off"}

_COUNT_GROUPS = text("SELECT count(*) FROM groups WHERE id BETWEEN :first AND :last")

_COUNT = text("SELECT count(*) FROM entries WHERE group_id BETWEEN :first AND :last")

# A wallet's version counts its entries: near enough to divide the work by.
_NEXT_SPAN = text("""
    SELECT min(id) AS first, max(id) AS last
      FROM (SELECT id, number, sum(entries) OVER (ORDER BY id) - entries AS entries_before
              FROM (SELECT id, row_number() OVER (ORDER BY id) AS number,
                           (SELECT coalesce(sum(version), 0) FROM wallets WHERE group_id = groups.id) AS entries
                      FROM groups WHERE id > :after ORDER BY id LIMIT :groups) g) g
     WHERE number = 1 OR entries_before < :entries""")
