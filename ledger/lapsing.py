"""What nobody goes on with ends: loans that were never paid out, and guarantees that nobody answers.

An open wish holds things: a place in the borrower's limit, other members' savings. Each of these has its last day.
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from core.db import Session
from ledger import guaranteeing, loans, transactions
from ledger.audit import Cause
from ledger.models import Approval, Guarantee, Loan, Transaction

PAID_WITHIN = timedelta(days=30)
"""As long as a vote may be tried again."""
READY_WITHIN = timedelta(days=14)
ANSWERED_WITHIN = timedelta(days=7)
BY_THE_CLOCK = Cause(actor_id=None, channel="clock")


def end_loans(session: Session, at: datetime, limit: int) -> list[int]:
    """Cancels loans that were decided 30 days ago and not paid out, and those that never got as far as a vote in 14.

    The loans that it ended. One whose money is under way, or in the box to be handed over, goes on.
    """
    handed = select(Transaction.id).where(
        Transaction.group_id == Loan.group_id,
        Transaction.approval_id == Loan.approval_id,
        Transaction.state.in_(("pending", "processing", "completed")),
    )
    decided = select(Loan.id).join(Approval, (Approval.group_id == Loan.group_id) & (Approval.id == Loan.approval_id))
    unpaid = decided.where(Loan.state == "approved", Approval.decided_at <= at - PAID_WITHIN, ~handed.exists())
    unready = select(Loan.id).where(
        Loan.state == "asked", Loan.approval_id.is_(None), Loan.asked_at <= at - READY_WITHIN
    )
    found = select(Loan).where(Loan.id.in_(unpaid.union(unready))).order_by(Loan.group_id, Loan.id).limit(limit)
    ended = list[int]()
    for loan in session.scalars(found).all():
        transactions.lock_group(session, loan.group_id)
        session.refresh(loan)
        goes_on = loan.state == "asked" and loan.approval_id is not None  # The last guarantor was faster.
        if loan.state in ("asked", "approved") and not goes_on and not loans.money_under_way(session, loan):
            loans.cancel(session, loan, at, BY_THE_CLOCK)
            ended.append(loan.id)
    return ended


def end_guarantees(session: Session, at: datetime, limit: int) -> list[tuple[int, int]]:
    """Takes a week of silence for a no, so that the borrower can name another: (loan, member) of each."""
    silent = (
        select(Guarantee)
        .where(Guarantee.state == "asked", Guarantee.asked_at <= at - ANSWERED_WITHIN)
        .order_by(Guarantee.group_id, Guarantee.loan_id, Guarantee.user_id)
        .limit(limit)
    )
    ended = list[tuple[int, int]]()
    for guarantee in session.scalars(silent).all():
        transactions.lock_group(session, guarantee.group_id)
        session.refresh(guarantee)
        if guarantee.state != "asked" or guarantee.asked_at > at - ANSWERED_WITHIN:
            continue  # Answered, or asked again, in the meantime.
        loan = session.get_one(Loan, guarantee.loan_id)
        guaranteeing.answer_guarantee(session, loan, guarantee.user_id, False, at, BY_THE_CLOCK)
        ended.append((loan.id, guarantee.user_id))
    return ended
