"""Providers' webhooks: verify the raw bytes, keep the event once, answer at once. The work is a job."""

from flask import Blueprint, request
from sqlalchemy.dialects.postgresql import insert

from core import clock, db, outbox
from core.fields import values_of
from payments import providers
from payments.models import ProviderEvent

blueprint = Blueprint("payment_webhooks", __name__)


@blueprint.post("/webhooks/payment/<any(paystack):provider_name>")
def receive(provider_name: str) -> tuple[str, int]:
    """Always 200 for a signed event, known or not: a provider's retry would bring nothing new."""
    body = request.get_data()
    headers = {name.lower(): value for name, value in request.headers.items()}
    event = providers.by_name(provider_name).read_event(body, headers)
    with db.session() as session:
        hint = ProviderEvent(
            provider=provider_name,
            event_key=event.key,
            reference=event.reference,
            body=body.decode(errors="replace"),
            received_at=clock.now(),
        )
        statement = insert(ProviderEvent).values(values_of(hint))
        event_id = session.scalar(statement.on_conflict_do_nothing().returning(ProviderEvent.id))
        if event_id is not None:
            outbox.put(session, "payments.read_event", {"event": event_id}, f"event:{event_id}")
        session.commit()
    return "", 200
