"""A loan's schedule on the command line, before anybody asks for the loan: `flask --app wsgi loan-quote --help`.

It computes and prints. It never opens the database, so it can be tried anywhere.
"""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args

import click

from core.errors import MoneyError
from core.money import Money
from ledger import schedules
from ledger.errors import LedgerError
from ledger.schedules import Instalment, Method, Period, Schedule, Terms

# Bounded, since the exponent of a decimal can be longer than the memory of a machine.
_FIGURES = re.compile(r"[-+]?([0-9]{1,20}(\.[0-9]{1,40})?|\.[0-9]{1,40})")
_COLUMNS = ("principal", "interest", "total", "balance")


class Figures(click.ParamType[Decimal]):
    """A number as plain figures: 12000, 0.05."""

    name = "number"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        if not _FIGURES.fullmatch(value):
            self.fail(f"{value!r} is no number: write it like 12000 or 0.05, without commas or spaces", param, ctx)
        return Decimal(value)


@click.command("loan-quote")
@click.option("--principal", type=Figures(), required=True, help="How much is lent, in major units: 12000.")
@click.option("--currency", metavar="CODE", required=True, help="Its ISO 4217 code: KES, UGX.")
@click.option("--rate", type=Figures(), required=True, help="Percent for one instalment: 2 is 2 % each time.")
@click.option("--periods", type=int, required=True, help=f"How many instalments, 1 to {schedules.MAX_PERIODS}.")
@click.option("--method", type=click.Choice(get_args(Method)), required=True, help="How interest is computed.")
@click.option("--rounding-unit", type=Figures(), help="What interest and instalments are rounded to: 0.05, 10.")
@click.option("--instalment-multiple", type=Figures(), help="Every instalment but the last is a multiple of this.")
@click.option(
    "--period",
    type=click.Choice(get_args(Period)),
    default="monthly",
    show_default=True,
    help="The time between two instalments.",
)
@click.option("--every", type=int, default=1, show_default=True, help="An instalment every so many weeks or months.")
@click.option(
    "--start", metavar="YYYY-MM-DD", type=click.DateTime(["%Y-%m-%d"]), help="When it is paid out; default today."
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def loan_quote(
    principal: Decimal,
    currency: str,
    rate: Decimal,
    periods: int,
    method: Method,
    rounding_unit: Decimal | None,
    instalment_multiple: Decimal | None,
    period: Period,
    every: int,
    start: datetime | None,
    as_json: bool,
) -> None:
    """Shows what a loan would cost and when each instalment would be due."""
    try:
        lent = Money.of_major(principal, currency.upper())
        unit = _minor(rounding_unit, lent.currency)
        multiple = _minor(instalment_multiple, lent.currency)
        day = (start or datetime.now(UTC)).date()
        schedule = schedules.draw_up(Terms(lent, rate, periods, method, day, period, every, unit, multiple))
    except (MoneyError, LedgerError) as error:
        raise click.UsageError(str(error)) from error
    click.echo(_as_json(schedule) if as_json else _as_table(schedule))


def _minor(amount: Decimal | None, currency: str) -> int | None:
    return None if amount is None else Money.of_major(amount, currency).amount_minor


def _as_json(schedule: Schedule) -> str:
    return json.dumps({"instalments": [_fields(instalment) for instalment in schedule.instalments]})


def _fields(instalment: Instalment) -> dict[str, int | str]:
    amounts = {name: f"{getattr(instalment, name).major:f}" for name in _COLUMNS}
    return {"number": instalment.number, "due": instalment.due.isoformat(), **amounts}


def _as_table(schedule: Schedule) -> str:
    """For people: amounts below each other, then what the loan costs as money, since a percentage hides that."""
    head = ["#", "due", *_COLUMNS]
    rows = [[str(row.number), row.due.isoformat(), *_figures(row)] for row in schedule.instalments]
    lent, cost, total = schedule.terms.principal, schedule.interest, schedule.total
    foot = ["", "all", *(f"{money.major:,f}" for money in (lent, cost, total)), ""]
    table = [head, *rows, foot]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    return "\n".join([*lines, "", f"Borrowed {lent}, paid back {total}: the loan costs {cost}."])


def _figures(row: Instalment) -> list[str]:
    """With all decimals of the currency, also noughts, so that they stand below each other."""
    return [f"{getattr(row, name).major:,f}" for name in _COLUMNS]
