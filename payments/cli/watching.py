"""Commands for the operator: `flask --app wsgi payments reconcile`, `differences`, `settle-difference`, `balances`.

The provider's books beside ours. Asking is always safe: nothing is posted that the provider does not confirm.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import click
from sqlalchemy import select

from core import clock, db
from core.cli import Commands
from core.money import Money
from ledger.models import Group
from payments import differences, providers, reconciling, watching
from payments.differences import OpenDifference
from payments.models import Difference
from payments.reconciling import Report
from payments.watching import Place

DAYS = 3
GROUPS_SHOWN = 50
DAY = click.DateTime(["%Y-%m-%d"])

log = logging.getLogger(__name__)


@click.group(cls=Commands)
def payments() -> None:
    """The providers' books beside ours: what is different, what lies there, and what to do about it."""


@payments.command()
@click.option("--from", "first", type=DAY, help=f"The first day, in UTC; default the last {DAYS} days.")
@click.option("--to", "last", type=DAY, help="The last day, included; default today.")
@click.option("--provider", "name", type=click.Choice(providers.NAMES), help="One provider only.")
def reconcile(first: datetime | None, last: datetime | None, name: str | None) -> None:
    """Compares everything, posts what was missed, and lists what is different. Safe at any time."""
    until = last.date() if last else clock.now().date()
    since = first.date() if first else until - timedelta(days=DAYS - 1)
    if since > until:
        raise click.UsageError(f"--from {since} is after --to {until}")
    reports = [_reconcile(each, since, until) for each in _named(name)]
    with db.session() as session:
        rows = differences.open_now(session, provider=name)
    _show(rows)
    for report in reports:
        click.echo(_summary(report))
    if rows or any(report.unread for report in reports):
        raise click.exceptions.Exit(1)


@payments.command(name="differences")
@click.option("--group", "code", metavar="CODE", help="Those of one group only, by its code.")
def list_open(code: str | None) -> None:
    """Every difference that is open, the newest last, and what to do about each kind."""
    with db.session() as session:
        group_id = session.scalar(select(Group.id).where(Group.code == code.upper())) if code else None
        if code and group_id is None:
            raise click.UsageError(f"there is no group {code}")
        rows = differences.open_now(session, group_id=group_id)
        count = differences.count_open(session, group_id=group_id)
    _show(rows)
    click.echo(_counted(count, "difference", "open"))


@payments.command(name="settle-difference")
@click.argument("difference_id", metavar="ID", type=int)
@click.option("--because", metavar="TEXT", required=True, help="What you found out; it is kept with the difference.")
def settle_difference(difference_id: int, because: str) -> None:
    """Ends a difference by your word. It stays ended unless its amounts change."""
    reason = because.strip()
    if not reason or reason in (differences.GONE, differences.POSTED) or reason.startswith(differences.CORRECTED):
        raise click.UsageError("say in your own words why it is settled")
    with db.session() as session:
        if not differences.end(session, difference_id, reason, clock.now()):
            raise click.ClickException(f"there is no open difference {difference_id}: see `payments differences`")
        row = session.get_one(Difference, difference_id)
        session.commit()
    fields = {"difference": difference_id, "kind": row.kind, "reference": row.reference, "reason": reason}
    log.warning("an operator settled a difference", extra=fields)
    click.echo(f"{difference_id}: {row.kind} {row.reference} is settled")


@payments.command()
@click.option("--group", "code", metavar="CODE", help="What one group has at each place, by its code.")
def balances(code: str | None) -> None:
    """What lies at each provider, beside what our books say and what of it is promised; and whose money it is."""
    for provider in providers.configured():
        if not watching.look(provider):
            click.echo(f"{provider.name} gave no answer: what it said last is shown", err=True)
    with db.session() as session:
        rows = watching.kept(session)
        sent = {name: watching.books_at(session, name) for name in {row.provider for row in rows}}
        places = watching.places(session)
    table: list[tuple[str, ...]] = [("provider", "balance", "in our books", "promised", "on its way out", "asked", "")]
    for row in rows:
        leaving = sent[row.provider].get(row.currency, watching.Books()).sent_minor
        amounts = (row.balance_minor, row.booked_minor, row.reserved_minor, leaving)
        asked = f"{differences.age(row.asked_at, clock.now())} ago"
        shown = (str(Money(amount, row.currency)) for amount in amounts)
        table.append((row.provider, *shown, asked, _judged(*amounts)))
    _print_table(table, right=(1, 2, 3, 4, 5))
    _show_places([place for place in places if code is None or place.group_code == code.upper()])


def _show_places(places: Sequence[Place]) -> None:
    """Whose money lies where: a payout can be made only from what lies at the account's provider."""
    if not places:
        return
    table: list[tuple[str, ...]] = [("group", "lies at", "amount", "promised", "")]
    scattered = {code for code, many in Counter(place.group_code for place in places).items() if many > 1}
    for place in sorted(places, key=lambda each: each.group_code not in scattered)[:GROUPS_SHOWN]:
        remark = "lies at more than one place" if place.group_code in scattered else ""
        table.append((place.group_code, place.provider, str(place.held), str(place.reserved), remark))
    click.echo()
    _print_table(table, right=(2, 3))
    if len(places) > GROUPS_SHOWN:
        click.echo(f"and {len(places) - GROUPS_SHOWN:,} more: --group CODE shows one")


def _named(name: str | None) -> list[str]:
    known = [provider.name for provider in providers.configured()]
    if name is not None and name not in known:
        raise click.ClickException(f"{name} has no settings")
    return [name] if name else known


def _reconcile(name: str, since: date, until: date) -> Report:
    """Progress, and what was mended, go to standard error: the table alone can be kept."""
    report = reconciling.reconcile(name, since, until, lambda line: click.echo(line, err=True))
    for line in report.unread:
        click.echo(f"{name}: not read: {line}", err=True)
    return report


def _show(rows: Sequence[OpenDifference]) -> None:
    """The table, and below it what to do about each kind that is in it."""
    if not rows:
        return
    now = clock.now()
    table: list[tuple[str, ...]] = [("id", "age", "provider", "what", "reference", "group", "ours", "theirs", "")]
    for row in rows:
        money = ("-" if amount is None else str(amount) for amount in (row.ours, row.theirs))
        age = differences.age(row.first_seen_at, now)
        table.append(
            (str(row.id), age, row.provider, row.kind, row.reference, row.group_code or "-", *money, row.detail)
        )
    _print_table(table, right=(0, 1, 6, 7))
    click.echo()
    for kind, action in {row.kind: row.action for row in rows}.items():
        click.echo(f"{kind}: {action}")
    click.echo()


def _print_table(table: Sequence[tuple[str, ...]], right: Sequence[int]) -> None:
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        cells = (
            cell.rjust(widths[column]) if column in right else cell.ljust(widths[column])
            for column, cell in enumerate(row)
        )
        click.echo("  ".join(cells).rstrip())


def _summary(report: Report) -> str:
    compared = ", ".join(_counted(count, kind) for kind, count in report.compared.items())
    webhooks = _counted(len(report.posted), "missing webhook")
    line = f"{report.provider}: {compared} compared; {webhooks} found and posted; "
    line += _counted(report.open, "difference", "open")
    return line + (f"; {_counted(len(report.unread), 'list')} not read, run it again" if report.unread else "")


def _counted(count: int, noun: str, rest: str = "") -> str:
    plural = noun if count == 1 else f"{noun}s"
    return f"{count:,} {plural} {rest}".rstrip()


def _judged(balance: int, booked: int, promised: int, leaving: int) -> str:
    """In minor units. What is on its way out may have left the provider, and stands in our books until it has ended."""
    if balance < promised - leaving:
        return "payouts would fail"
    return "below our books" if balance < booked - leaving else "ok"
