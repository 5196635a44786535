"""Commands about money on its way back: `flask --app wsgi payments returns` and `payments refund-failed`."""

import logging
from datetime import datetime

import click
from sqlalchemy import select

from core import clock, db
from core.money import Money
from ledger import audit
from ledger.audit import Cause
from ledger.models import Group
from payments import refunded
from payments.cli.watching import payments
from payments.models import Checkout, Dispute, Refund
from payments.models.words import REFUND_OPEN

log = logging.getLogger(__name__)


@payments.command(name="returns")
def list_open() -> None:
    """Refunds that have not ended, and disputes that are open or held, the oldest first."""
    now = clock.now()
    refunds = select(Refund, Checkout.reference, Group).where(Refund.state.in_(REFUND_OPEN))
    disputes = select(Dispute, Checkout.reference, Group).where(Dispute.state.in_(("open", "held")))
    with db.session() as session:
        found = [_refund(now, *row) for row in session.execute(refunds.join(Checkout).join(Group)).tuples()]
        found += [_dispute(now, *row) for row in session.execute(disputes.join(Checkout).join(Group)).tuples()]
    for _, line in sorted(found):
        click.echo(line)
    click.echo(f"{len(found)} on their way back, disputed or held")


@payments.command(name="refund-failed")
@click.argument("refund_id", type=int)
@click.option("--because", metavar="TEXT", required=True, help="What you saw at the provider; it stands in the log.")
def call_failed(refund_id: int, because: str) -> None:
    """Ends a refund that is held: its money is free again. Only when the provider has surely not given it back."""
    with db.session() as session:
        known = session.get(Refund, refund_id)
        refund = refunded.lock(session, refund_id) if known else None
        if refund is None or refund.state != "held":
            raise click.ClickException(f"no refund {refund_id} is held: see `payments returns`")
        now = clock.now()
        refunded.fail(session, refund_id, "called failed by the operator", now, because)
        cause = Cause(actor_id=None, channel="operator", message_id=str(refund_id))
        audit.record(session, refund.group_id, "refund_called_failed", {"refund": refund_id}, now, cause)
        session.commit()
    log.warning("an operator called a refund failed", extra={"refund": refund_id, "reason": because})
    click.echo(f"refund {refund_id}: failed, its money is free again; the members concerned are told")


def _refund(now: datetime, refund: Refund, reference: str, group: Group) -> tuple[datetime, str]:
    return _line(now, "refund", refund, reference, group, refund.held_reason or refund.provider_status or "")


def _dispute(now: datetime, dispute: Dispute, reference: str, group: Group) -> tuple[datetime, str]:
    why = dispute.provider_status or ""
    if dispute.due_at is not None:
        why = f"answer it at the provider by {dispute.due_at:%Y-%m-%d %H:%M} UTC; {why}".rstrip("; ")
    return _line(now, "dispute", dispute, reference, group, why)


def _line(
    now: datetime, what: str, row: Refund | Dispute, reference: str, group: Group, why: str
) -> tuple[datetime, str]:
    amount, days = Money(row.amount_minor, group.currency), (now - row.created_at).days
    told = f"{what} {row.id}  {reference}  {group.code}  {amount}  {row.state} since {days} d  {why}"
    return row.created_at, told.rstrip()
