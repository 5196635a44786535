"""The bot's work in the background: what members hear about events, and delivering it."""

import functools
from collections.abc import Callable
from datetime import datetime

from bot import (
    announcing,
    announcing_cash,
    announcing_charges,
    announcing_group,
    announcing_loans,
    announcing_returns,
    announcing_votes,
    delivery,
    issuing,
    standing_accounts,
)
from core import clock, db, outbox
from core.db import Session
from core.outbox import Payload


def _telling(tell: Callable[[Session, Payload, datetime], None]) -> Callable[[int], None]:
    """A job that has members told something: `tell` with a session of its own, committed."""

    @functools.wraps(tell)
    def work(payload: Payload) -> None:
        with db.session() as session:
            tell(session, payload, clock.now())
            session.commit()

    return outbox.job(work)


@outbox.job
def deliver(payload: Payload) -> None:
    """Sends one message of the log."""
    delivery.deliver(payload["notification"])


@_telling
def contribution_completed(session: Session, payload: Payload, at: datetime) -> None:
    """The payer's receipt and the officers' notes."""
    announcing.contribution_completed(session, payload["transaction"], at)


@_telling
def contribution_ended(session: Session, payload: Payload, at: datetime) -> None:
    """The payer hears that a contribution or a repayment failed or was closed."""
    announcing_charges.ended(session, payload["transaction"], at)


@_telling
def charge_started(session: Session, payload: Payload, at: datetime) -> None:
    """The payer hears what to dial, or where to pay in."""
    announcing_charges.started(session, payload["checkout"], at)


@_telling
def otp_refused(session: Session, payload: Payload, at: datetime) -> None:
    """The payer hears that a code was not the right one."""
    announcing_charges.otp_refused(session, payload["checkout"], at)


@_telling
def standing_answered(session: Session, payload: Payload, at: datetime) -> None:
    """A member hears their own account number, or that there is none."""
    standing_accounts.answered(session, payload["account"], at)


@outbox.job
def issue(payload: Payload) -> None:
    """A statement, a receipt or a chart on its way to whoever asked."""
    issuing.issue(payload)


@_telling
def reversed(session: Session, payload: Payload, at: datetime) -> None:  # noqa: A001
    """Every member hears what an officer has reversed, and why."""
    announcing.reversed_by_officer(session, payload["transaction"], payload["receipt"], at)


@_telling
def weekly_seal(session: Session, payload: Payload, at: datetime) -> None:
    """The members of a group get its seal of the week."""
    announcing.weekly_seal(session, payload["group"], payload["week"], at)


@_telling
def payment_held(session: Session, payload: Payload, at: datetime) -> None:
    """The payer and the officers hear that a person is checking a payment."""
    announcing.payment_held(session, payload["checkout"], at)


@_telling
def vote_opened(session: Session, payload: Payload, at: datetime) -> None:
    """Ballots for everybody who may vote."""
    announcing_votes.opened(session, payload["group"], payload["approval"], at)


@_telling
def vote_reminder(session: Session, payload: Payload, at: datetime) -> None:
    """Once more to those who have not voted."""
    announcing_votes.reminder(session, payload["group"], payload["approval"], at)


@_telling
def vote_ended(session: Session, payload: Payload, at: datetime) -> None:
    """How the group has decided."""
    announcing_votes.ended(session, payload["group"], payload["approval"], payload["result"], at)


@_telling
def paid_out(session: Session, payload: Payload, at: datetime) -> None:
    """Everybody hears that money has left, and by which vote."""
    announcing_votes.paid_out(session, payload["transaction"], at)


@_telling
def payout_failed(session: Session, payload: Payload, at: datetime) -> None:
    """A payout did not arrive, or came back."""
    announcing_votes.payout_failed(session, payload["transaction"], at)


@_telling
def cash_due(session: Session, payload: Payload, at: datetime) -> None:
    """The officers hear what to hand over from the box."""
    announcing_votes.cash_due(session, payload["transaction"], at)


@_telling
def account_checked(session: Session, payload: Payload, at: datetime) -> None:
    """A member is asked whether the payout account is right."""
    announcing_votes.account_checked(session, payload["account"], payload["problem"], at)


@_telling
def account_changed(session: Session, payload: Payload, at: datetime) -> None:
    """The group hears of a new payout account."""
    announcing_votes.account_changed(session, payload["account"], at)


@_telling
def account_stopped(session: Session, payload: Payload, at: datetime) -> None:
    """The group hears that a change of account was stopped."""
    announcing_votes.account_stopped(session, payload["account"], at)


@_telling
def member_gone(session: Session, payload: Payload, at: datetime) -> None:
    """Whoever left or was removed hears it, and the others of somebody who left."""
    announcing_group.member_gone(
        session,
        payload["group"],
        payload["member"],
        payload["status"],
        payload["key"],
        at,
        knows=payload["knows"],
    )


@_telling
def cash_asked(session: Session, payload: Payload, at: datetime) -> None:
    """The other side is asked whether cash was handed over as an officer wrote it down."""
    announcing_cash.asked(
        session, payload["transaction"], payload["officer"], payload["witness"], payload["message"], at
    )


@_telling
def cash_ended(session: Session, payload: Payload, at: datetime) -> None:
    """Everybody concerned hears that cash does not count, or is not handed over any more."""
    announcing_cash.ended(session, payload["transaction"], at)


@_telling
def cash_missing(session: Session, payload: Payload, at: datetime) -> None:
    """The officers hear that a payee has not got the cash."""
    announcing_cash.missing(session, payload["transaction"], payload["challenge"], at)


@_telling
def guarantee_asked(session: Session, payload: Payload, at: datetime) -> None:
    """A member is asked whether they stand for a loan."""
    announcing_loans.guarantee_asked(session, payload["loan"], payload["member"], at)


@_telling
def guarantee_answered(session: Session, payload: Payload, at: datetime) -> None:
    """The borrower hears what a guarantor said."""
    announcing_loans.guarantee_answered(session, payload["loan"], payload["member"], payload["yes"], at)


@_telling
def loan_vote_opened(session: Session, payload: Payload, at: datetime) -> None:
    """The borrower hears that the group votes now."""
    announcing_loans.vote_opened(session, payload["loan"], payload["approval"], at)


@_telling
def repayment_completed(session: Session, payload: Payload, at: datetime) -> None:
    """The payer's receipt and the officers' notes about a loan that is being paid back."""
    announcing_loans.repayment_completed(session, payload["transaction"], at)


@_telling
def penalty_charged(session: Session, payload: Payload, at: datetime) -> None:
    """A member hears that a penalty was added."""
    announcing_loans.penalty_charged(session, payload["loan"], payload["amount"], at, payload.get("number"))


@_telling
def loan_ended(session: Session, payload: Payload, at: datetime) -> None:
    """A loan will not be: the borrower hears it when the clock ended it, and guarantors that they are free."""
    announcing_loans.ended(session, payload["loan"], at, lapsed=payload["lapsed"])


@_telling
def guarantee_lapsed(session: Session, payload: Payload, at: datetime) -> None:
    """The borrower hears that a guarantor has not answered."""
    announcing_loans.guarantee_lapsed(session, payload["loan"], payload["member"], at)


@_telling
def refund_asked(session: Session, payload: Payload, at: datetime) -> None:
    """Another officer is asked whether a payment is to be given back."""
    announcing_returns.refund_asked(session, payload["transaction"], payload["witness"], payload["receipt"], at)


@_telling
def refund_ended(session: Session, payload: Payload, at: datetime) -> None:
    """The officers hear that a payment is not given back after all."""
    announcing_returns.refund_ended(session, payload["transaction"], at)


@_telling
def refund_begun(session: Session, payload: Payload, at: datetime) -> None:
    """A payment is on its way back."""
    announcing_returns.refund_begun(session, payload["refund"], at)


@_telling
def refunded(session: Session, payload: Payload, at: datetime) -> None:
    """A payment is back with who paid it."""
    announcing_returns.refunded(session, payload["refund"], at)


@_telling
def refund_failed(session: Session, payload: Payload, at: datetime) -> None:
    """A payment could not be given back."""
    announcing_returns.refund_failed(session, payload["refund"], at)


@_telling
def refund_held(session: Session, payload: Payload, at: datetime) -> None:
    """A person has to look at a refund."""
    announcing_returns.refund_held(session, payload["refund"], at)


@_telling
def refund_slow(session: Session, payload: Payload, at: datetime) -> None:
    """A refund takes longer."""
    announcing_returns.refund_slow(session, payload["refund"], at)


@_telling
def dispute_opened(session: Session, payload: Payload, at: datetime) -> None:
    """The officers hear that a payer's bank wants a payment back."""
    announcing_returns.dispute_opened(session, payload["dispute"], at)


@_telling
def dispute_won(session: Session, payload: Payload, at: datetime) -> None:
    """The officers hear that a disputed payment stays in the group."""
    announcing_returns.dispute_won(session, payload["dispute"], at)


@_telling
def charged_back(session: Session, payload: Payload, at: datetime) -> None:
    """Everybody hears that a payment was taken back."""
    announcing_returns.charged_back(session, payload["transaction"], payload["checkout"], at)


@_telling
def return_held(session: Session, payload: Payload, at: datetime) -> None:
    """The officers hear that money was taken back which the book cannot show yet."""
    announcing_returns.return_held(session, payload["checkout"], at)
