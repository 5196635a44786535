"""Entries per second of `flask --app wsgi ledger verify`, over one large group and over many small ones."""

import resource
import time
from statistics import median

from sqlalchemy import text

from benchmarks import people
from benchmarks.people import AMOUNT, Member
from benchmarks.reporting import emit, progress
from benchmarks.rounds import Effort
from core import db
from ledger import verifying
from ledger.verifying import Span
from sandbox.house import House

MEMBERS_EACH = 8
ENTRIES_EACH = 4
BOOKED_AT_ONCE = 2_000
KIBIBYTES_A_MEGABYTE = 1_000_000 / 1024


def measure(house: House, effort: Effort) -> None:
    """A line for the groups alone, and one with a large group beside them that has as many entries as all of them."""
    groups, booked_each = effort.paying_groups, 2 * effort.paying_groups
    progress(f"{groups * booked_each * ENTRIES_EACH:,} entries in {groups} groups")
    members = people.settle(groups, MEMBERS_EACH)
    span = Span(min(member.group_id for member in members), max(member.group_id for member in members))
    for member in {member.group_id: member for member in members}.values():
        _book(member, booked_each)
    _measure(span, "many", effort.rounds)
    progress(f"{groups * booked_each * ENTRIES_EACH:,} more in one of them")
    _book(members[0], groups * booked_each)
    _measure(span, "one large", effort.rounds)


def _measure(span: Span, spread: str, rounds: int) -> None:
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    progress(f"Verify, groups: {spread}")
    measured = [_verify(span) for _ in range(rounds)]
    peak_kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    emit(
        bench="verify",
        groups=spread,
        entries=measured[0][0],
        rate=median(rate for _, rate in measured),
        peak_mb=peak_kibibytes / KIBIBYTES_A_MEGABYTE,
    )


def _verify(span: Span) -> tuple[int, float]:
    """How many entries there are, and how many of them were verified per second. Raises `RuntimeError` for a fault."""
    started = time.perf_counter()
    with verifying.snapshot() as session:
        entries = verifying.count_entries(session, span)
        for fault in verifying.faults(session, span):
            raise RuntimeError(f"a fault in a book that nobody touched: {fault}")
    return entries, entries / (time.perf_counter() - started)


def _book(member: Member, count: int) -> None:
    """So many contributions of the member, by the ledger's own function, called on the server."""
    legs = people.legs(member.user_id)
    columns = {
        "kinds": [leg.kind for leg in legs],
        "owners": [leg.user_id or 0 for leg in legs],
        "providers": [leg.provider for leg in legs],
        "amounts": [leg.amount_minor for leg in legs],
    }
    fixed = {"group": member.group_id, "user": member.user_id, "currency": AMOUNT.currency}
    for first in range(0, count, BOOKED_AT_ONCE):
        with db.session() as session:
            session.execute(
                _BOOK, columns | fixed | {"amount": AMOUNT.amount_minor, "count": min(BOOKED_AT_ONCE, count - first)}
            )
            session.commit()


_BOOK = text("""
    SELECT count(*) FROM generate_series(1, :count) n CROSS JOIN LATERAL record_transaction(
        :group, :user, 'contribution', :currency, :amount, gen_random_uuid() || '-' || n, NULL, NULL, NULL, NULL, now(),
        :user, 'whatsapp', NULL, :kinds, :owners, :providers, :amounts)""")
