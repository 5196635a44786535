"""The bot's work in the background: what members hear about events, and delivering it."""

from bot import announcing, announcing_cash, announcing_group, announcing_loans, announcing_votes, delivery, issuing
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


@outbox.job
def vote_opened(payload: outbox.Payload) -> None:
    """Ballots for everybody who may vote."""
    with db.session() as session:
        announcing_votes.opened(session, payload["group"], payload["approval"], clock.now())
        session.commit()


@outbox.job
def vote_reminder(payload: outbox.Payload) -> None:
    """Once more to those who have not voted."""
    with db.session() as session:
        announcing_votes.reminder(session, payload["group"], payload["approval"], clock.now())
        session.commit()


@outbox.job
def vote_ended(payload: outbox.Payload) -> None:
    """How the group has decided."""
    with db.session() as session:
        announcing_votes.ended(session, payload["group"], payload["approval"], payload["result"], clock.now())
        session.commit()


@outbox.job
def paid_out(payload: outbox.Payload) -> None:
    """Everybody hears that money has left, and by which vote."""
    with db.session() as session:
        announcing_votes.paid_out(session, payload["transaction"], clock.now())
        session.commit()


@outbox.job
def payout_failed(payload: outbox.Payload) -> None:
    """A payout did not arrive, or came back."""
    with db.session() as session:
        announcing_votes.payout_failed(session, payload["transaction"], clock.now())
        session.commit()


@outbox.job
def cash_due(payload: outbox.Payload) -> None:
    """The officers hear what to hand over from the box."""
    with db.session() as session:
        announcing_votes.cash_due(session, payload["transaction"], clock.now())
        session.commit()


@outbox.job
def account_checked(payload: outbox.Payload) -> None:
    """A member is asked whether the payout account is right."""
    with db.session() as session:
        announcing_votes.account_checked(session, payload["account"], payload["problem"], clock.now())
        session.commit()


@outbox.job
def account_changed(payload: outbox.Payload) -> None:
    """The group hears of a new payout account."""
    with db.session() as session:
        announcing_votes.account_changed(session, payload["account"], clock.now())
        session.commit()


@outbox.job
def account_stopped(payload: outbox.Payload) -> None:
    """The group hears that a change of account was stopped."""
    with db.session() as session:
        announcing_votes.account_stopped(session, payload["account"], clock.now())
        session.commit()


@outbox.job
def member_gone(payload: outbox.Payload) -> None:
    """Whoever left or was removed hears it, and the others of somebody who left."""
    with db.session() as session:
        announcing_group.member_gone(
            session,
            payload["group"],
            payload["member"],
            payload["status"],
            payload["key"],
            clock.now(),
            knows=payload["knows"],
        )
        session.commit()


@outbox.job
def cash_asked(payload: outbox.Payload) -> None:
    """The other side is asked whether cash was handed over as an officer wrote it down."""
    with db.session() as session:
        announcing_cash.asked(
            session, payload["transaction"], payload["officer"], payload["witness"], payload["message"], clock.now()
        )
        session.commit()


@outbox.job
def cash_ended(payload: outbox.Payload) -> None:
    """Payer and officers hear that cash was not confirmed."""
    with db.session() as session:
        announcing_cash.ended(session, payload["transaction"], clock.now())
        session.commit()


@outbox.job
def cash_missing(payload: outbox.Payload) -> None:
    """The officers hear that a payee has not got the cash."""
    with db.session() as session:
        announcing_cash.missing(session, payload["transaction"], payload["challenge"], clock.now())
        session.commit()


@outbox.job
def guarantee_asked(payload: outbox.Payload) -> None:
    """A member is asked whether they stand for a loan."""
    with db.session() as session:
        announcing_loans.guarantee_asked(session, payload["loan"], payload["member"], clock.now())
        session.commit()


@outbox.job
def guarantee_answered(payload: outbox.Payload) -> None:
    """The borrower hears what a guarantor said."""
    with db.session() as session:
        announcing_loans.guarantee_answered(session, payload["loan"], payload["member"], payload["yes"], clock.now())
        session.commit()


@outbox.job
def loan_vote_opened(payload: outbox.Payload) -> None:
    """The borrower hears that the group votes now."""
    with db.session() as session:
        announcing_loans.vote_opened(session, payload["loan"], payload["approval"], clock.now())
        session.commit()


@outbox.job
def repayment_completed(payload: outbox.Payload) -> None:
    """The payer's receipt and the officers' notes about a loan that is being paid back."""
    with db.session() as session:
        announcing_loans.repayment_completed(session, payload["transaction"], clock.now())
        session.commit()


@outbox.job
def penalty_charged(payload: outbox.Payload) -> None:
    """A member hears that a penalty was added."""
    with db.session() as session:
        announcing_loans.penalty_charged(session, payload["loan"], payload["amount"], clock.now())
        session.commit()
