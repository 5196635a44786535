"""What becomes of coming transfers and refunds: ordered beforehand, the usual end otherwise."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from sandbox.flutterwave.tables import FlwPlan

TRANSFER, REFUND = "transfer", "refund"
SUCCESS, FAILED_END, REVERSED_END, PENDING_END = "success", "failed", "reversed", "pending"
OUTCOMES = {
    TRANSFER: (SUCCESS, FAILED_END, REVERSED_END, PENDING_END),
    REFUND: (SUCCESS, FAILED_END, PENDING_END),
}


@dataclass(frozen=True)
class Next:
    outcome: str
    delay_seconds: float
    message: str | None = None


def next_outcome(session: Session, kind: str, usual_seconds: float) -> Next:
    """Use up one of the oldest plan."""
    plan = session.scalar(select(FlwPlan).where(FlwPlan.kind == kind).order_by(FlwPlan.id).limit(1))
    if plan is None:
        return Next(SUCCESS, usual_seconds)
    found = Next(plan.outcome, usual_seconds if plan.delay_seconds is None else plan.delay_seconds, plan.message)
    if plan.count is not None:
        plan.count -= 1
        if plan.count == 0:
            session.delete(plan)
    return found
