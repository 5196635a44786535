"""The bot's work in the background: what members hear about events, and delivering it."""

from bot import announcing, delivery
from core import clock, db, outbox


@outbox.job
def deliver(payload: outbox.Payload) -> None:
    """Sends one message of the log."""
    delivery.deliver(payload["notification"])


@outbox.job
def contribution_completed(payload: outbox.Payload) -> None:
    """The payer's receipt and the officers' notes."""
    with db.session() as session:
        announcing.contribution_completed(session, payload["transaction"], clock.now())
        session.commit()


@outbox.job
def contribution_ended(payload: outbox.Payload) -> None:
    """The payer hears that a contribution failed or was closed."""
    with db.session() as session:
        announcing.contribution_ended(session, payload["transaction"], clock.now())
        session.commit()


@outbox.job
def payment_held(payload: outbox.Payload) -> None:
    """The payer and the officers hear that a person is checking a payment."""
    with db.session() as session:
        announcing.payment_held(session, payload["checkout"], clock.now())
        session.commit()
