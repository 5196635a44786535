"""Commands for the operator: `flask --app wsgi fields status` and `flask --app wsgi fields rotate`.

They speak of every sealed field whose model is loaded, so they belong to an application that loads them all.
"""

import sys
from typing import Any

import click
from sqlalchemy.exc import OperationalError

from core import rotation
from core.errors import SettingsError
from core.fields import Sealed, all_fields
from core.settings import settings


class Commands(click.Group):
    """A group of commands that need settings and database: what is wrong with those is told without a traceback."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except SettingsError as error:
            raise click.ClickException(str(error)) from error
        except OperationalError as error:
            reason = str(error.orig).strip().splitlines()[0]
            raise click.ClickException(f"the database does not answer; check DATABASE_URL. {reason}") from error


@click.group(cls=Commands)
def fields() -> None:
    """Names, phones and other sealed fields: which keys they are under, and a new key for them."""


@fields.command()
def status() -> None:
    """How many values are sealed under each key."""
    known = settings().field_keys
    for sealed in all_fields():
        for key_id, count in rotation.counts(sealed).items():
            note = "current" if key_id == settings().field_key_id else "" if key_id in known else "MISSING"
            click.echo(f"{sealed.subject:<28} {key_id:<16} {count:>10,}  {note}".rstrip())


@fields.command()
def rotate() -> None:
    """Seals everything anew that is not under the current key (FIELD_KEY_ID). Safe to run twice, and while in use."""
    broken = [line for sealed in all_fields() for line in _rotate(sealed)]
    for line in broken:
        click.echo(line, err=True)
    if broken:
        raise click.ClickException(f"{len(broken):,} values do not open and were left as they are")


def _rotate(sealed: Sealed[Any]) -> list[str]:
    """Shows a bar on a terminal, and then one line with the number; returns what is wrong with which row."""
    current = settings().field_key_id
    waiting = sum(count for key_id, count in rotation.counts(sealed).items() if key_id != current)
    resealed, broken = 0, list[str]()
    with click.progressbar(length=waiting, label=sealed.subject, file=sys.stderr) as bar:
        for batch in rotation.rotate(sealed):
            resealed += batch.resealed
            broken += batch.broken
            bar.update(batch.looked_at)
    click.echo(f"{sealed.subject:<28} {resealed:>10,} sealed under {current}")
    return broken
