"""The bot's work in the background: what members hear about events, and delivering it."""

from bot import announcing, delivery, issuing
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
def issue(payload: outbox.Payload) -> None:
    """A statement, a receipt or a chart on its way to whoever asked."""
    issuing.issue(payload)


@outbox.job
def reversed(payload: outbox.Payload) -> None:  # noqa: A001
    """Every member hears what an officer has reversed, and why."""
    with db.session() as session:
        announcing.reversed_by_officer(session, payload["transaction"], payload["receipt"], clock.now())
        session.commit()


@outbox.job
def weekly_seal(payload: outbox.Payload) -> None:
    """The members of a group get its seal of the week."""
    with db.session() as session:
        announcing.weekly_seal(session, payload["group"], payload["week"], clock.now())
        session.commit()


@outbox.job
def payment_held(payload: outbox.Payload) -> None:
    """The payer and the officers hear that a person is checking a payment."""
    with db.session() as session:
        announcing.payment_held(session, payload["checkout"], clock.now())
        session.commit()
