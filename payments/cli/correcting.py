"""Commands that make the books true again: `flask --app wsgi payments correct` and `payments dispute`."""

import logging

import click
from sqlalchemy import select

from core import clock, db
from core.outbox import TryAgain
from ledger.audit import Cause
from ledger.errors import LedgerError
from payments import correcting, correcting_returns, disputing, errors
from payments.cli.held import BECAUSE
from payments.cli.watching import payments
from payments.correcting import Corrected
from payments.errors import NotCorrectable
from payments.models import Checkout, Dispute, Payout

log = logging.getLogger(__name__)


@payments.command()
@click.argument("reference")
@BECAUSE
def correct(reference: str, because: str) -> None:
    """Asks the provider about a difference once more, and posts what is true.

    REFERENCE is the difference's: of a payment, a payout, or, with a slash, of a refund.
    """
    try:
        done = _correct(reference, because)
    except NotCorrectable as error:
        raise click.ClickException(f"{error}; nothing was changed") from None
    except (errors.ProviderUnavailable, TryAgain) as error:
        raise click.ClickException(f"{error}; nothing was changed: try again later") from None
    except LedgerError as error:
        raise click.ClickException(_refused(error)) from None
    for each in done:
        log.warning(
            "an operator corrected the books", extra={"reference": reference, "kind": each.kind, "reason": because}
        )
        click.echo(f"{reference}: {each.kind}: {each.told}")
    if not done:
        click.echo(f"{reference}: the provider and the books agree; nothing was changed")


@payments.command()
@click.argument("dispute_id", metavar="ID", type=int)
@click.argument("end", type=click.Choice(["won", "lost"]))
@BECAUSE
def dispute(dispute_id: int, end: str, because: str) -> None:
    """Writes down how a dispute ended that the provider does not tell us of; ID is that of `payments returns`."""
    cause = Cause(actor_id=None, channel="operator", message_id=str(dispute_id))
    call = disputing.called_won if end == "won" else disputing.called_lost
    with db.session() as session:
        if session.get(Dispute, dispute_id) is None:
            raise click.ClickException(f"there is no dispute {dispute_id}: see `payments returns`")
        try:
            posted = call(session, dispute_id, clock.now(), cause)
        except LedgerError as error:
            raise click.ClickException(_refused(error)) from None
        except errors.NotRefundable as error:
            raise click.ClickException(f"{error.code}: a refund of it is under way, that has to end first") from None
        session.commit()
    log.warning("an operator ended a dispute", extra={"dispute": dispute_id, "end": end, "reason": because})
    money = f"{posted} posted as {'brought back' if end == 'won' else 'gone'}" if posted else "nothing had to be posted"
    click.echo(f"dispute {dispute_id}: {end}; {money}; the members concerned are told")


def _correct(reference: str, because: str) -> list[Corrected]:
    name, slash, own_id = reference.partition("/")
    with db.session() as session:
        is_payment = session.scalar(select(Checkout.id).where(Checkout.reference == name)) is not None
        is_payout = session.scalar(select(Payout.id).where(Payout.reference == name)) is not None
    if is_payment and slash:
        return correcting_returns.refund(name, own_id, because)
    if is_payment:
        return correcting.collection(name, because)
    if is_payout and not slash:
        return correcting.payout(name, because)
    raise click.ClickException(
        f"nothing here is called {reference}, so there is nothing to correct: find out at the provider what it is, "
        "then `payments settle-difference`"
    )


def _refused(error: LedgerError) -> str:
    hint = ""
    if error.code == "insufficient_funds":
        hint = ": the money has been used, or lies elsewhere (`payments balances`, `payments moved`)"
    return f"the ledger refuses it ({error.code}){hint}; nothing was changed"
