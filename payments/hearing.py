"""What follows from a provider's webhook: a question to that provider, never a posting by its own word."""

from sqlalchemy import select

from core import db, outbox
from payments import collections, disputing, payouts, references, refunding, standing
from payments.models import Checkout, Payout, ProviderEvent, Refund
from payments.provider import Outcome


def follow(event_id: int) -> None:
    """Asks about what a stored event is about. One about a reference that is not ours (of another product) ends here.

    Raises `TryAgain` when the provider sent word of a success that it does not confirm yet.
    """
    with db.session() as session:
        event = session.get_one(ProviderEvent, event_id)
        checkout_id = session.scalar(
            select(Checkout.id).where(Checkout.provider == event.provider, Checkout.reference == event.reference)
        )
        payout_id = session.scalar(
            select(Payout.id).where(Payout.provider == event.provider, Payout.reference == event.reference)
        )
        refund_id = session.scalar(
            select(Refund.id).where(Refund.provider == event.provider, Refund.provider_id == event.object_id)
        )
    if event.about == "refund" and not event.reference:
        if refund_id is not None:  # Flutterwave names the refund alone.
            refunding.verify(refund_id)
    elif event.about == "refund":
        refunding.hear(event.provider, event.reference, event.object_id)
    elif event.about == "dispute":
        disputing.hear(event.provider, event.reference, event.object_id)
    elif payout_id is not None:
        payouts.verify(payout_id)
    elif checkout_id is not None:
        outcome = collections.verify(checkout_id, again=not event.announces_success)
        if event.announces_success and outcome is Outcome.PENDING:
            raise outbox.TryAgain("announced as paid, but not confirmed yet")
    elif event.about == "collection" and event.announces_success and event.reference:
        if references.is_ours(event.reference):
            return  # Of another environment: what it may be, reconciliation will say.
        standing.take_inflow(event.provider, event.reference)
