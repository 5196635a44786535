"""Reconciliation: a provider's lists of some days beside our books, what is missing posted, the rest written down.

Lists are read day by day, and one day beyond on both sides: memory stays the same for any span, and its edges make no
difference. What a list seems to lack is asked about by its reference before anybody is told.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from core import clock, db, outbox
from core.db import Session
from core.money import Money
from payments import booked, comparing, differences, doubts, providers, remedies, watching
from payments.booked import PAGE
from payments.comparing import Booked, Finding
from payments.models import DIFFERENCES
from payments.provider import Outcome, Provider
from payments.provider_records import Record, RecordKind

NIGHTLY_HOUR = 2
NIGHTLY_DAYS = 3
WEEKLY_DAYS = 30
"""On Mondays: what was taken back or mended long after it was made is found by no short span."""
ONE_DAY = timedelta(days=1)
SETTLEMENT, BALANCE = "settlement", "balance"
PARTS: tuple[str, ...] = (*comparing.KINDS, SETTLEMENT, BALANCE)
"""What is compared by itself: a job for each, so that a large day fits a job's time-out."""

log = logging.getLogger(__name__)

Say = Callable[[str], None]


@dataclass
class Report:
    """What came of it: how many of each list were compared, what was posted now, which lists could not be read.

    `open` is how many differences of this provider are open, of any day; `new` how many of them were found now.
    """

    provider: str
    compared: dict[str, int] = field(default_factory=dict)
    posted: list[Finding] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    open: int = 0
    new: int = 0


@dataclass
class _Run:
    provider: Provider
    first: date
    last: date
    at: datetime
    report: Report
    say: Say
    asked: int = 0

    def covers(self, moment: datetime) -> bool:
        return self.first <= moment.astimezone(UTC).date() <= self.last

    def days(self) -> Iterator[date]:
        """Those of the span, and one more on both sides."""
        for number in range((self.last - self.first).days + 3):
            yield self.first + (number - 1) * ONE_DAY


def reconcile(provider_name: str, first: date, last: date, say: Say = lambda _: None) -> Report:
    """Compares the days from `first` to `last` (included, in UTC) with everything the provider lists.

    `say` is told how far it has come. Nothing is lost when it stops halfway: it may be run again at any time.
    """
    run = _Run(providers.by_name(provider_name), first, last, clock.now(), Report(provider_name), say)
    for part in PARTS:
        _compare(run, part)
    return _counted(run, tuple(DIFFERENCES))


def work_through(provider_name: str, part: str, day: date) -> None:
    """One part of the nightly work, small enough for a job. Raises `TryAgain` when something could not be read."""
    run = _Run(providers.by_name(provider_name), day, day, clock.now(), Report(provider_name), lambda _: None)
    _compare(run, part)
    report = _counted(run, _kinds_of(part))
    fields = {
        "provider": provider_name,
        "part": part,
        "day": day.isoformat(),
        "compared": report.compared,
        "posted": len(report.posted),
        "open": report.open,
    }
    if report.new:
        log.error("the provider's books and ours differ: see `payments differences`", extra=fields)
    else:
        log.info("reconciled", extra=fields)
    if report.unread:
        raise outbox.TryAgain(f"not read: {', '.join(report.unread)}")


def sweep() -> int:
    """Puts the nightly work out, once a day for each provider, part and day that is compared; returns how many days."""
    now = clock.now()
    if now.hour < NIGHTLY_HOUR:
        return 0
    today = now.date()
    span = WEEKLY_DAYS if today.weekday() == 0 else NIGHTLY_DAYS
    days = [today - back * ONE_DAY for back in range(span, 0, -1)]
    with db.session() as session:
        for provider in providers.configured():
            parts = [(part, day) for day in days for part in PARTS if part != BALANCE]
            for part, day in [*parts, (BALANCE, today)]:  # What lies there now is of no other day.
                payload = {"provider": provider.name, "kind": part, "day": day.isoformat()}
                outbox.put(session, "payments.reconcile", payload, f"reconcile:{provider.name}:{part}:{day}:{today}")
        session.commit()
    return len(days)


def _compare(run: _Run, part: str) -> None:
    if part == SETTLEMENT:
        _compare_settlements(run)
    elif part == BALANCE:
        if not watching.look(run.provider):
            run.report.unread.append("balance")
    else:
        _compare_list(run, next(kind for kind in comparing.KINDS if kind == part))


def _counted(run: _Run, kinds: Sequence[str]) -> Report:
    with db.session() as session:
        run.report.open = differences.count_open(session, run.provider.name)
        run.report.new = differences.count_open(session, run.provider.name, since=run.at, kinds=kinds)
    return run.report


def _kinds_of(part: str) -> tuple[str, ...]:
    """The differences that a part finds."""
    if part == BALANCE:
        return ("balance",)
    if part == SETTLEMENT:
        return ("settlement_sum", *comparing.KINDS["collection"])
    return next(kinds for kind, kinds in comparing.KINDS.items() if kind == part)


def _compare_list(run: _Run, kind: RecordKind) -> None:
    """Theirs beside ours, day by day; then ours of the day before, of which they should have told by now."""
    named: dict[date, set[str] | None] = {}
    run.report.compared[kind] = 0
    for day in run.days():
        named[day] = _compare_day(run, kind, day)
        before = day - ONE_DAY
        around = [named.get(other) for other in (before - ONE_DAY, before, day)]
        if run.first <= before <= run.last and None not in around:
            _look_for_ours(run, kind, before, set().union(*(names or () for names in around)))
        named.pop(before - ONE_DAY, None)
    run.say(f"{run.provider.name}: {kind}s … {run.report.compared[kind]:,} compared")


def _compare_day(run: _Run, kind: RecordKind, day: date) -> set[str] | None:
    """Every name in their list of that day, which is compared on the way; None when it could not be read."""
    start = datetime.combine(day, time(), UTC)
    if start > run.at:
        return set()
    answer = run.provider.records(kind, start, start + ONE_DAY)
    if answer.outcome is not Outcome.SUCCEEDED:
        run.report.unread.append(f"{kind}s of {day} ({answer.detail})")
        return None
    _compare_records(run, kind, answer.records)
    run.say(f"{run.provider.name}: {kind}s of {day}: {len(answer.records):,}")
    names = comparing.by_name(answer.records).keys()
    return {*names, *(record.id for record in answer.records if kind == "refund")}


def _compare_records(run: _Run, kind: RecordKind, records: Sequence[Record]) -> None:
    """Compares those of the span, by their day or ours."""
    for page in _pages(comparing.by_name(records)):
        with db.session() as session:
            ours = booked.find(session, run.provider.name, kind, [record for _, theirs in page for record in theirs])
        covered, found = set[str](), list[Finding]()
        for name, theirs in page:
            own = ours.get(name)
            moments = [record.at for record in theirs] + ([own.made_at] if own else [])
            if not any(map(run.covers, moments)) or comparing.too_young(own, theirs, run.at):
                continue
            run.report.compared[kind] += 1
            sure = _without_doubt(run, comparing.compare(kind, own, theirs))
            if sure is not None:
                covered |= {name} | ({comparing.name_of(kind, own.reference, theirs[0].id)} if own else set())
                found += sure
        _write(run, kind, covered, found)


def _look_for_ours(run: _Run, kind: RecordKind, day: date, theirs: set[str]) -> None:
    """What stands as paid here and is in none of their lists around that day."""
    start, after = datetime.combine(day, time(), UTC), 0
    while True:
        with db.session() as session:
            rows = booked.settled(session, run.provider.name, kind, start, start + ONE_DAY, after)
        if not rows:
            return
        after = rows[-1].id
        covered, found = set[str](), list[Finding]()
        for row in rows:
            if theirs & _names(row) or comparing.too_young(row, (), run.at):
                continue
            sure = _without_doubt(run, comparing.compare(kind, row, ()))
            if sure is not None:
                covered |= _names(row)
                found += sure
        _write(run, kind, covered, found)


def _compare_settlements(run: _Run) -> None:
    """Each settlement's total, and whether every collection in it is booked."""
    start, end = datetime.combine(run.first, time(), UTC), datetime.combine(run.last, time(), UTC) + ONE_DAY
    answer = run.provider.settlements(start, end)
    run.report.compared["settlement"] = 0
    if answer.outcome is not Outcome.SUCCEEDED:
        run.report.unread.append(f"settlements ({answer.detail})")
        return
    for settlement in answer.settlements:
        held = run.provider.settled(settlement.id, settlement.total.currency)
        if held.outcome is not Outcome.SUCCEEDED:
            run.report.unread.append(f"settlement {settlement.id} ({held.detail})")
            continue
        found = comparing.settlement(settlement, held.records)
        _keep(run, ("settlement_sum",), {settlement.id}, [found] if found else [])
        _look_for_theirs(run, held.records)
        run.report.compared["settlement"] += 1
    run.say(f"{run.provider.name}: settlements … {run.report.compared['settlement']:,} compared")


def _look_for_theirs(run: _Run, settled: Sequence[Record]) -> None:
    """What was settled and is not booked, of whatever day; amounts and fees are compared by the list of collections."""
    for page in _pages(comparing.by_name(settled)):
        with db.session() as session:
            ours = booked.find(
                session, run.provider.name, "collection", [each for _, theirs in page for each in theirs]
            )
        missing = [
            finding
            for name, theirs in page
            if not comparing.too_young(ours.get(name), theirs, run.at)
            for finding in _without_doubt(run, comparing.compare("collection", ours.get(name), theirs)) or ()
            if finding.kind in ("collection_missed", "collection_unknown")
        ]
        _write(run, "collection", set(), missing)


def _without_doubt(run: _Run, found: list[Finding]) -> list[Finding] | None:
    """What they lack by their list is asked about by its reference: a list may be late, or leave something out.

    None when they give no answer: then nothing is known, neither that it is different nor that it is not.
    """
    if not doubts.about(found) or run.asked >= doubts.ASKED_AT_MOST:
        return found
    run.asked += 1
    sure = doubts.ask(run.provider, found)
    if sure is None:
        run.report.unread.append(found[0].reference)
    return sure


def _write(run: _Run, kind: RecordKind, covered: set[str], found: Sequence[Finding]) -> None:
    """The rows first, then what can be mended at once; what is gone after that ends as found and posted."""
    noted = _keep(run, comparing.KINDS[kind], covered, found)
    for finding, difference_id in noted:
        if not remedies.attempt(run.provider.name, finding) or finding.record is None:
            continue
        with db.session() as session:
            own = booked.find(session, run.provider.name, kind, [finding.record]).values()
            left = comparing.compare(kind, next(iter(own), None), [finding.record])
            if finding.kind in (each.kind for each in left):
                continue
            differences.end(session, difference_id, differences.POSTED, clock.now())
            session.commit()
        run.report.posted.append(finding)
        run.say(f"{run.provider.name}: found and posted: {_told(finding)}")


def _keep(run: _Run, kinds: Sequence[str], covered: set[str], found: Iterable[Finding]) -> list[tuple[Finding, int]]:
    """Writes the rows, and ends those that are gone; returns the findings that nobody has settled, with their rows."""
    with db.session() as session:
        found = _with_groups(session, run.provider.name, list(found))
        noted = [(finding, differences.note(session, run.provider.name, finding, run.at)) for finding in found]
        still = {(finding.kind, finding.reference) for finding in found}
        differences.end_gone(session, run.provider.name, kinds, covered, still, run.at)
        session.commit()
    return [(finding, row_id) for finding, row_id in noted if row_id is not None]


def _with_groups(session: Session, provider: str, found: list[Finding]) -> list[Finding]:
    """A refund or dispute that is not in our books is still about a payment of some group."""
    about = {each.record.reference for each in found if each.group_id is None and each.record is not None}
    known = booked.groups(session, provider, about) if about else {}
    return [
        replace(each, group_id=known.get(each.record.reference)) if each.group_id is None and each.record else each
        for each in found
    ]


def _names(row: Booked) -> set[str]:
    """Under which of their names a row of ours may stand."""
    names = {comparing.name_of(row.kind, row.reference, row.provider_id)}
    return names | {row.provider_id} if row.kind == "refund" and row.provider_id else names


def _pages(records: dict[str, list[Record]]) -> Iterator[list[tuple[str, list[Record]]]]:
    pairs = list(records.items())
    for start in range(0, len(pairs), PAGE):
        yield pairs[start : start + PAGE]


def _told(finding: Finding) -> str:
    amount = finding.theirs_minor if finding.theirs_minor is not None else finding.ours_minor or 0
    return f"{finding.kind} {finding.reference} {Money(amount, finding.currency)}"
