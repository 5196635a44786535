"""Guarantees: members who stand for a part of somebody's loan. Their savings are held, never moved, until it fails.

As the principal is paid back, what is held shrinks with it; each share is rounded up, so that what is left of the loan
is always covered.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from core.db import Session
from core.money import Money
from ledger import audit, errors, groups, instalments, legs, reading, transactions
from ledger.audit import Cause
from ledger.legs import CASH_BOX, Allocation
from ledger.models import Group, Guarantee, Loan, Transaction
from ledger.postings import Leg, Posted, post


def name_guarantor(session: Session, loan: Loan, user_id: int, at: datetime, cause: Cause) -> Guarantee:
    """Notes that a member is asked to stand for their share of the loan.

    Raises `GuaranteeError`: guarantor_self, guarantor_twice, guarantor_not_member, guarantor_savings (too little that
    is free), guarantors_enough.
    """
    transactions.lock_group(session, loan.group_id)
    group = session.get_one(Group, loan.group_id)
    known = of(session, loan)
    standing = [guarantee for guarantee in known if guarantee.state in ("asked", "held")]
    if user_id == loan.user_id:
        raise errors.GuaranteeError("guarantor_self")
    if any(guarantee.user_id == user_id for guarantee in known):
        raise errors.GuaranteeError("guarantor_twice")
    if user_id not in {member.user_id for member in groups.members(session, loan.group_id)}:
        raise errors.GuaranteeError("guarantor_not_member")
    if len(standing) >= group.loan_guarantors:
        raise errors.GuaranteeError("guarantors_enough")
    share = _share(loan, group.loan_guarantors, len(standing))
    free = reading.available(session, group.id, user_id, group.currency, CASH_BOX).own
    if free.amount_minor < share:
        raise errors.GuaranteeError("guarantor_savings")
    guarantee = Guarantee(
        group_id=loan.group_id, loan_id=loan.id, user_id=user_id, amount_minor=share, state="asked", asked_at=at
    )
    session.add(guarantee)
    session.flush()
    audit.record(session, group.id, "guarantor_named", {"loan": loan.id, "member": user_id}, at, cause)
    return guarantee


def answer_guarantee(
    session: Session, loan: Loan, user_id: int, says_yes: bool, at: datetime, cause: Cause
) -> Guarantee:
    """The member answers: yes holds their savings, no leaves the place free for another.

    Raises `GuaranteeError` (guarantor_none) when they are not asked any more, `InsufficientFunds` when their savings
    are not free now.
    """
    transactions.lock_group(session, loan.group_id)
    guarantee = session.get(Guarantee, (loan.group_id, loan.id, user_id), populate_existing=True)
    if guarantee is None or guarantee.state != "asked":
        raise errors.GuaranteeError("guarantor_none")
    guarantee.answered_at = at
    if not says_yes:
        guarantee.state = "refused"
        session.flush()
        return guarantee
    currency = session.scalars(select(Group.currency).where(Group.id == loan.group_id)).one()
    share, key = Money(guarantee.amount_minor, currency), f"guarantee:{loan.id}:{user_id}"
    held = transactions.begin(session, loan.group_id, "guarantee", user_id, share, key, at, cause)
    transactions.reserve(session, loan.group_id, held.id, [Leg("savings", share.amount_minor, user_id)], at, cause)
    guarantee.state, guarantee.held_minor, guarantee.transaction_id = "held", share.amount_minor, held.id
    session.flush()
    return guarantee


def guarantors_ready(session: Session, loan: Loan) -> bool:
    """Whether as many stand for the loan as its group wants, for all of it."""
    return sum(guarantee.held_minor for guarantee in of(session, loan, ("held",))) >= loan.principal_minor


def of(session: Session, loan: Loan, states: Sequence[str] | None = None) -> list[Guarantee]:
    """The loan's guarantees, in these states or all."""
    found = select(Guarantee).where(Guarantee.group_id == loan.group_id, Guarantee.loan_id == loan.id)
    if states is not None:
        found = found.where(Guarantee.state.in_(states))
    return list(session.scalars(found.order_by(Guarantee.user_id), execution_options={"populate_existing": True}))


def release(session: Session, loan: Loan, at: datetime, cause: Cause) -> None:
    """Gives back what is no longer needed: each holds its part of what is left of the principal, rounded up."""
    left = instalments.outstanding(session, loan) if loan.state == "active" else 0
    for guarantee in of(session, loan, ("held",)):
        needed = -(-guarantee.amount_minor * left // loan.principal_minor)
        if needed == 0:
            _let_go(session, guarantee, "paid back", at, cause)
        elif needed < guarantee.held_minor:
            part = Leg("savings", guarantee.held_minor - needed, guarantee.user_id)
            transactions.release(session, loan.group_id, guarantee.transaction_id or 0, part, at, cause)
            guarantee.held_minor = needed
    session.flush()


def free(session: Session, loan: Loan, why: str, at: datetime, cause: Cause) -> None:
    """The loan will not be: everything that is held for it is free again, and nobody is asked any more."""
    for guarantee in of(session, loan, ("asked", "held")):
        if guarantee.state == "held":
            _let_go(session, guarantee, why, at, cause)
        else:
            guarantee.state = "released"
    session.flush()


def call_in(session: Session, loan: Loan, at: datetime, cause: Cause) -> list[Posted]:
    """The loan has failed: each guarantor's savings pay what they stand for, off its principal."""
    posted = list[Posted]()
    for guarantee in of(session, loan, ("held",)):
        moved = legs.guarantee(guarantee.user_id, loan.user_id, Allocation(principal=guarantee.held_minor))
        posted.append(post(session, loan.group_id, guarantee.transaction_id or 0, moved, at, cause))
        guarantee.state, guarantee.held_minor = "used", 0
    session.flush()
    return posted


def _let_go(session: Session, guarantee: Guarantee, why: str, at: datetime, cause: Cause) -> None:
    transaction = session.get_one(Transaction, guarantee.transaction_id)
    transactions.end(session, guarantee.group_id, transaction.id, "cancelled", why, at, cause)
    guarantee.state, guarantee.held_minor = "released", 0


def _share(loan: Loan, guarantors: int, place: int) -> int:
    """The principal over all guarantors, in whole minor units; the first ones bear the rest of the division."""
    each, over = divmod(loan.principal_minor, guarantors)
    return each + (1 if place < over else 0)
