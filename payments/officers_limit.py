"""What officers may give back without a vote: the group's limit, over all that they gave back or reversed in a month.

Whoever calls this holds the group's lock, where the answer has to last.
"""

from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased

from core.db import Session
from core.money import Money
from ledger import errors, reversals
from ledger.models import OPEN_STATES, Approval, Group, Transaction

LIMIT_FOR = timedelta(days=30)
BY_VOTE = "vote"
BROUGHT_BACK = ("withdrawal", "payout", "loan_disbursement", "chargeback")
"""What a provider may reverse by itself, which is nobody's decision; officers reverse none of these."""


def refuse_above(session: Session, wanted: Transaction, at: datetime) -> None:
    """Raises `NeedsVote` where officers would give back more than their share of the group's money in 30 days.

    It is a share of what the group had before they did, so that what they gave back does not count twice.
    """
    group = session.get_one(Group, wanted.group_id)
    under_way, gone = _given_without_vote(session, wanted, at)
    share = reversals.officers_limit(session, group.id).amount_minor + gone * group.reversal_limit_percent // 100
    left = max(share - under_way - gone, 0)
    if wanted.amount_minor > left:
        raise errors.NeedsVote(Money(left, wanted.currency))


def _given_without_vote(session: Session, wanted: Transaction, at: datetime) -> tuple[int, int]:
    """What officers alone give back, and gave back or reversed, in 30 days, in minor units; `wanted` is not counted."""
    mistake = aliased(Transaction)
    voted = select(Approval.id).where(
        Approval.group_id == Transaction.group_id,
        Approval.kind == "reversal",
        Approval.state == "passed",
        Approval.details["transaction"].as_integer() == Transaction.reverses_id,
    )
    reversed_by_officers = (Transaction.kind == "reversal") & mistake.kind.not_in(BROUGHT_BACK) & ~voted.exists()
    refunded_by_officers = (Transaction.kind == "refund") & (Transaction.channel != BY_VOTE)
    rows = session.execute(
        select(Transaction.state, func.sum(Transaction.amount_minor))
        .outerjoin(mistake, (mistake.group_id == Transaction.group_id) & (mistake.id == Transaction.reverses_id))
        .where(
            Transaction.group_id == wanted.group_id,
            Transaction.id != wanted.id,
            Transaction.created_at > at - LIMIT_FOR,
            or_(Transaction.state == "completed", Transaction.state.in_(OPEN_STATES) & Transaction.has_reservations),
            or_(reversed_by_officers, refunded_by_officers),
        )
        .group_by(Transaction.state)
    )
    sums = {state: int(amount) for state, amount in rows}
    gone = sums.pop("completed", 0)
    return sum(sums.values()), gone
