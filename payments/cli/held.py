"""Commands about payments that are held: `flask --app wsgi payments held`, `payments book` and `payments let-go`."""

import logging

import click

from core import clock, db
from ledger.errors import LedgerError
from payments import errors, held
from payments.cli.watching import payments

log = logging.getLogger(__name__)

BECAUSE = click.option("--because", metavar="TEXT", required=True, help="What you saw at the provider; it is logged.")


@payments.command(name="held")
def list_held() -> None:
    """Payments that wait for a person: another amount, another currency, a fee that cannot be."""
    now = clock.now()
    with db.session() as session:
        waiting = held.waiting(session)
    for payment in waiting:
        hours = int((now - payment.since).total_seconds() // 3600)
        came = payment.came or "another currency"
        click.echo(
            f"{payment.reference}  {payment.provider}  {payment.group_code}  asked {payment.asked}, came {came}  "
            f"since {hours} h  {payment.reason}"
        )
    click.echo(f"{len(waiting)} held")


@payments.command()
@click.argument("reference")
@BECAUSE
def book(reference: str, because: str) -> None:
    """Asks the provider once more and books what came, for the member who paid."""
    try:
        credited = held.book(reference)
    except errors.NotHeld:
        raise click.ClickException(f"no payment {reference} is held: see `payments held`") from None
    except errors.ProviderUnavailable as error:
        raise click.ClickException(f"{error}; nothing was booked") from None
    except LedgerError as error:
        raise click.ClickException(f"the ledger refuses it ({error.code}): {error}; nothing was booked") from None
    log.warning("an operator booked a held payment", extra={"reference": reference, "reason": because})
    click.echo(f"{reference}: {credited} booked; the member is told")


@payments.command(name="let-go")
@click.argument("reference")
@BECAUSE
@click.option("--anyway", is_flag=True, help="Though the provider says that it was paid, or says nothing.")
def let_go(reference: str, because: str, anyway: bool) -> None:
    """Ends a held payment that you have given back at the provider, or that never came.

    The provider is asked first. If it turns out to be there after all, reconciliation says so, and `payments book`
    books it.
    """
    try:
        held.let_go(reference, anyway=anyway)
    except errors.NotHeld:
        raise click.ClickException(f"no payment {reference} is held: see `payments held`") from None
    except errors.ProviderUnavailable as error:
        why = "give it back there first, or see what is true there and say --anyway"
        raise click.ClickException(f"{error}; nothing was changed: {why}") from None
    said = {"reference": reference, "reason": because, "anyway": anyway}
    log.warning("an operator let a held payment go", extra=said)
    click.echo(f"{reference}: ended, nothing was booked; the member is told")
