"""Commands for the operator at night: `flask --app wsgi payouts list`, `ask`, `otp` and `failed`.

A payout that is held waits for a person, and so does one that cannot be sent; their money stays reserved. Asking the
provider is always safe; to call one failed is a decision that stands in the group's book, for a payout that is sent
again would pay twice.
"""

import logging

import click
from sqlalchemy import select

from core import clock, db
from core.cli import Commands
from core.money import Money
from ledger import audit
from ledger.audit import Cause
from ledger.models import Group
from payments import paying, providers
from payments import payouts as sending
from payments.models import UNDER_WAY, Payout
from payments.provider import Outcome

OPEN = (*UNDER_WAY, "held")

log = logging.getLogger(__name__)


@click.group(cls=Commands)
def payouts() -> None:
    """Money on its way to members: what is under way or held, and what to do about it."""


@payouts.command(name="list")
def list_open() -> None:
    """Every payout that has not ended, the oldest first."""
    now = clock.now()
    with db.session() as session:
        rows = session.execute(
            select(Payout, Group.code, Group.currency)
            .join(Group, Group.id == Payout.group_id)
            .where(Payout.state.in_(OPEN))
            .order_by(Payout.created_at)
        ).all()
    for payout, code, currency in rows:
        hours = int((now - payout.created_at).total_seconds() // 3600)
        why = payout.held_reason or payout.provider_status or ("not sent yet" if _was_never_sent(payout) else "")
        if _waits_for_otp(payout):
            why = f"waits for a one-time password: payouts otp {payout.reference} CODE"
        amount = Money(payout.amount_minor, currency)
        click.echo(f"{payout.reference}  {code}  {amount}  {payout.state} since {hours} h  {why}".rstrip())
    click.echo(f"{len(rows)} under way or held")


@payouts.command()
@click.argument("reference")
def ask(reference: str) -> None:
    """Asks the provider what became of a payout, and writes down what it says. Safe at any time."""
    before = _find(reference)
    sending.verify(before.id)
    after = _find(reference)
    click.echo(f"{reference}: {before.state} -> {after.state}, the provider says: {after.provider_status}")


@payouts.command()
@click.argument("reference")
@click.argument("code")
def otp(reference: str, code: str) -> None:
    """Gives the provider the one-time password that it sent to the account's owner, so that the payout goes on."""
    payout = _find(reference)
    if not _waits_for_otp(payout) or payout.transfer_code is None:
        raise click.ClickException(f"{reference} is {payout.state} and waits for no password")
    answer = providers.by_name(payout.provider).finish_payout(payout.transfer_code, code)
    log.info("an operator gave a one-time password", extra={"payout": payout.id, "outcome": answer.outcome.value})
    if answer.outcome is Outcome.DECLINED:
        raise click.ClickException(f"{payout.provider} says that the password is wrong: give the newest one")
    if answer.outcome is Outcome.NOT_SENT:
        raise click.ClickException(f"{payout.provider} was not reached ({answer.status}): try again")
    sending.verify(payout.id)
    after = _find(reference)
    click.echo(f"{reference}: {after.state}, the provider says: {after.provider_status}")


@payouts.command()
@click.argument("reference")
@click.option("--because", metavar="TEXT", required=True, help="What you saw at the provider; it stands in the log.")
def failed(reference: str, because: str) -> None:
    """Ends a payout that is held, or was never sent: its money is free, and the group may try again.

    Only when the provider has surely not paid it.
    """
    payout_id = _find(reference).id
    with db.session() as session:
        payout = paying.lock(session, payout_id)  # A worker may be sending it at this moment.
        if payout.state != "held" and not _was_never_sent(payout):
            raise click.ClickException(
                f"{reference} is {payout.state}; only a held payout, or one that was never sent, may be called failed"
            )
        cause = Cause(actor_id=None, channel="operator", message_id=reference)
        now = clock.now()
        paying.fail(session, payout_id, "called failed by the operator", now, because)
        audit.record(session, payout.group_id, "payout_called_failed", {"payout": payout_id}, now, cause)
        session.commit()
    log.warning("an operator called a payout failed", extra={"payout": payout_id, "reason": because})
    click.echo(f"{reference}: failed, its money is free again; the members concerned are told")


def _waits_for_otp(payout: Payout) -> bool:
    return payout.provider_status == "otp" and payout.state in OPEN


def _was_never_sent(payout: Payout) -> bool:
    return payout.state == "reserved" and payout.submitted_at is None


def _find(reference: str) -> Payout:
    with db.session() as session:
        payout = session.scalar(select(Payout).where(Payout.reference == reference))
    if payout is None:
        raise click.ClickException(f"there is no payout {reference}: see `payouts list`")
    return payout
