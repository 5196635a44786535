"""The command about money that the operator has moved: `flask --app wsgi payments moved`."""

import logging
from decimal import Decimal, InvalidOperation

import click
from sqlalchemy import select

from core import clock, db
from core.errors import MoneyError
from core.money import Money
from ledger.errors import AmountNotPositive, InsufficientFunds
from ledger.models import Group
from payments import moving
from payments.cli.watching import payments

PLACE = click.Choice(moving.PLACES)

log = logging.getLogger(__name__)


@payments.command()
@click.option("--group", "code", metavar="CODE", required=True, help="Whose money it is, by the group's code.")
@click.option("--from", "source", type=PLACE, required=True, help="Where it lay.")
@click.option("--to", "target", type=PLACE, required=True, help="Where it lies now.")
@click.option("--amount", "text", metavar="AMOUNT", required=True, help="How much, in the group's currency: 1000.50")
@click.option("--because", metavar="TEXT", required=True, help="Why and how; it stands in the group's book.")
def moved(code: str, source: str, target: str, text: str, because: str) -> None:
    """Writes down what you have moved between providers, or between a provider and your bank. It moves nothing itself.

    What the move cost you is not the group's.
    """
    if source == target:
        raise click.UsageError("--from and --to are the same place")
    if not because.strip():
        raise click.UsageError("say in your own words why it was moved")
    with db.session() as session:
        group = session.scalar(select(Group).where(Group.code == code.upper()))
        if group is None:
            raise click.UsageError(f"there is no group {code}")
        try:
            amount = Money.of_major(Decimal(text.replace(",", "")), group.currency)
        except (InvalidOperation, MoneyError):
            raise click.UsageError(f"{text} is no amount of {group.currency}") from None
        free = moving.free_at(session, group, source)
        try:
            posted = moving.write_down(session, group, source, target, amount, because.strip(), clock.now())
        except AmountNotPositive:
            raise click.UsageError("nothing was moved") from None
        except InsufficientFunds:
            raise click.ClickException(f"{group.code} has {free} free at {source}; nothing was written down") from None
        session.commit()
    fields = {"group": group.id, "source": source, "target": target, "amount": str(amount), "reason": because}
    if posted.replayed:
        click.echo(f"{group.code}: that stood in its book already, as R-{posted.receipt_number}; nothing was changed")
        return
    log.warning("an operator moved money", extra=fields)
    click.echo(f"{group.code}: {amount} lies at {target} now, no longer at {source}; R-{posted.receipt_number}")
