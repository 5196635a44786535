"""Payments' work in the background: each job takes an outbox id, calls one function, and is safe to run twice."""

import logging

from sqlalchemy import select

from core import db, outbox
from payments import accounts, collections, payouts
from payments.models import Checkout, Payout, ProviderEvent
from payments.provider import Outcome

TAKEN_BACK = ("refund.processed", "charge.dispute.create")

log = logging.getLogger(__name__)


@outbox.job
def verify(payload: outbox.Payload) -> None:
    """Asks the provider about one checkout."""
    collections.verify(payload["checkout"])


@outbox.job
def read_event(payload: outbox.Payload) -> None:
    """Follows a webhook's hint. One about a reference that is not ours (another environment's) ends here.

    Raises `TryAgain` when the provider sent word of a success that it does not confirm yet.
    """
    with db.session() as session:
        event = session.get_one(ProviderEvent, payload["event"])
        checkout_id = session.scalar(
            select(Checkout.id).where(Checkout.provider == event.provider, Checkout.reference == event.reference)
        )
        payout_id = session.scalar(
            select(Payout.id).where(Payout.provider == event.provider, Payout.reference == event.reference)
        )
    if payout_id is not None:
        payouts.verify(payout_id)
    if checkout_id is None:
        return
    if event.event_key.startswith(TAKEN_BACK):
        log.error(
            "money was refunded or is disputed at the provider: the books do not know of it",
            extra={"reference": event.reference, "kind": event.event_key.split(":")[0]},
        )
    outcome = collections.verify(checkout_id)
    if event.event_key.startswith("charge.success") and outcome is Outcome.PENDING:
        raise outbox.TryAgain("announced as paid, but not confirmed yet")


@outbox.job
def expire(payload: outbox.Payload) -> None:
    """Ends a contribution whose pay link ran out."""
    collections.expire(payload["collection"])


@outbox.job
def check_account(payload: outbox.Payload) -> None:
    """Asks the provider about the account that a member wants their money on."""
    accounts.check(payload["account"])


@outbox.job
def submit_payout(payload: outbox.Payload) -> None:
    """Sends a payout that is reserved."""
    payouts.submit(payload["payout"])


@outbox.job
def verify_payout(payload: outbox.Payload) -> None:
    """Asks the provider what became of a payout."""
    payouts.verify(payload["payout"])
