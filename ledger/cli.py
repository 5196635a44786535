"""Commands for the operator: `flask --app wsgi ledger verify` and `flask --app wsgi ledger export --group CODE`."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from sqlalchemy import select

from core import clock, db
from core.cli import Commands
from ledger import exporting, verifying
from ledger.models import Group
from ledger.verifying import Fault, Span

SILENT_SECONDS = 2


@click.group(cls=Commands)
def ledger() -> None:
    """The groups' books: prove that they are right, and hand them out."""


@ledger.command()
@click.option("--group", "code", metavar="CODE", help="One group only, by its code.")
@click.option("--seal", "known_seals", metavar="SEAL", multiple=True, help="A seal that somebody kept; needs --group.")
def verify(code: str | None, known_seals: tuple[str, ...]) -> None:
    """Computes everything in the books again, and says exactly what is wrong."""
    if known_seals and code is None:
        raise click.UsageError("a seal belongs to one group: say which with --group")
    group_id = None if code is None else _group_id(code)
    tally = _Tally(time.monotonic())
    for span in verifying.spans() if group_id is None else [Span(group_id, group_id)]:
        for fault in _faults(span, known_seals, tally):
            tally.faults += 1
            click.echo(f"group {fault.group_id}, {fault.where}: {fault.detail} ({fault.what})")
        tally.show_progress()
    click.echo(tally.summary())
    if tally.faults:
        raise click.exceptions.Exit(1)


@ledger.command()
@click.option("--group", "code", metavar="CODE", required=True, help="The group's code.")
@click.option("--to", "folder", metavar="FOLDER", type=click.Path(path_type=Path), help="Where to; default CODE-book.")
def export(code: str, folder: Path | None) -> None:
    """Writes a group's whole book into a folder that tools/verify_book.py can check without this product."""
    group_id = _group_id(code)
    target = folder or Path(f"{code.upper()}-book")
    try:
        with verifying.snapshot() as session:
            book = exporting.export(session, group_id, target, clock.now())
    except FileExistsError as error:
        raise click.ClickException(f"{target} is there already, and an export overwrites nothing") from error
    click.echo(f"{target}: {book.lines:,} lines, {book.entries:,} entries, seal {book.seal}")


@dataclass
class _Tally:
    """What was looked at so far; says so on standard error when it takes longer."""

    started: float
    groups: int = 0
    entries: int = 0
    faults: int = 0
    shown: float = 0

    def show_progress(self) -> None:
        if time.monotonic() - max(self.shown, self.started) > SILENT_SECONDS:
            self.shown = time.monotonic()
            click.echo(f"{self.groups:,} groups, {self.entries:,} entries so far …", err=True)

    def summary(self) -> str:
        rate = self.entries / (time.monotonic() - self.started)
        counts = [_counted(self.groups, "group", "groups"), _counted(self.entries, "entry", "entries")]
        counts.append(_counted(self.faults, "fault", "faults"))
        return f"{', '.join(counts)} ({rate:,.0f} entries per second)"


def _faults(span: Span, known_seals: Sequence[str], tally: _Tally) -> Iterator[Fault]:
    with verifying.snapshot() as session:
        tally.groups += verifying.count_groups(session, span)
        tally.entries += verifying.count_entries(session, span)
        yield from verifying.faults(session, span)
        try:
            yield from verifying.missing_seals(session, span.first, known_seals)
        except ValueError as error:
            raise click.UsageError(str(error)) from error


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _group_id(code: str) -> int:
    with db.session() as session:
        group_id = session.scalar(select(Group.id).where(Group.code == code.upper()))
    if group_id is None:
        raise click.UsageError(f"there is no group {code}")
    return group_id
