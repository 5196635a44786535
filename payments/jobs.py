"""Payments' work in the background: each job takes an outbox id, calls one function, and is safe to run twice."""

from sqlalchemy import select

from core import db, outbox
from payments import collections
from payments.models import Checkout, ProviderEvent


@outbox.job
def verify(payload: outbox.Payload) -> None:
    """Asks the provider about one checkout."""
    collections.verify(payload["checkout"])


@outbox.job
def read_event(payload: outbox.Payload) -> None:
    """Follows a webhook's hint. One about a reference that is not ours (another environment's) ends here."""
    with db.session() as session:
        event = session.get_one(ProviderEvent, payload["event"])
        checkout_id = session.scalar(
            select(Checkout.id).where(Checkout.provider == event.provider, Checkout.reference == event.reference)
        )
    if checkout_id is not None:
        collections.verify(checkout_id)


@outbox.job
def expire(payload: outbox.Payload) -> None:
    """Ends a contribution whose pay link ran out."""
    collections.expire(payload["collection"])
