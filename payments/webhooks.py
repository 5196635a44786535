"""Providers' webhooks: verify the raw bytes, keep the event once, answer at once. The work is a job.

And their question before a payout is made, whether it is ours: yes only for one that is being sent, to the cent.
"""

import logging

from flask import Blueprint, abort, request
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from core import clock, db, outbox
from core.fields import values_of
from core.money import Money
from ledger.models import Group
from payments import providers
from payments.models import Payout, ProviderEvent
from payments.provider import Provider

BEING_SENT = ("submitting", "pending", "unknown")

blueprint = Blueprint("payment_webhooks", __name__)
log = logging.getLogger(__name__)


@blueprint.post("/webhooks/payment/<provider_name>")
def receive(provider_name: str) -> tuple[str, int]:
    """Always 200 for a signed event, known or not: a provider's retry would bring nothing new."""
    body = request.get_data()
    event = _provider(provider_name).read_event(body, _headers())
    with db.session() as session:
        hint = ProviderEvent(
            provider=provider_name,
            event_key=event.key,
            reference=event.reference,
            about=event.about,
            object_id=event.id,
            announces_success=event.announces_success,
            body=body.decode(errors="replace"),
            received_at=clock.now(),
        )
        statement = insert(ProviderEvent).values(values_of(hint))
        event_id = session.scalar(statement.on_conflict_do_nothing().returning(ProviderEvent.id))
        if event_id is not None:
            outbox.put(session, "payments.read_event", {"event": event_id}, f"event:{event_id}")
        session.commit()
    return "", 200


@blueprint.post("/webhooks/payment/<provider_name>/approval")
def approve(provider_name: str) -> tuple[str, int]:
    """200 lets the provider make the payout, 400 stops it."""
    asked = _provider(provider_name).read_approval(request.get_data(), _headers())
    with db.session() as session:
        row = session.execute(
            select(Payout.amount_minor, Group.currency)
            .join(Group, Group.id == Payout.group_id)
            .where(Payout.provider == provider_name, Payout.reference == asked.reference, Payout.state.in_(BEING_SENT))
        ).one_or_none()
    ours = row is not None and asked.amount == Money(row.amount_minor, row.currency)
    if not ours:
        log.error(
            "a payout that is not ours was stopped", extra={"provider": provider_name, "reference": asked.reference}
        )
    return ("", 200) if ours else ("", 400)


def _provider(name: str) -> Provider:
    try:
        return providers.by_name(name)
    except KeyError:
        abort(404)


def _headers() -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}
