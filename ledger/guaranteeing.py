"""Guarantees: members who stand for a part of somebody's loan. Their savings are held, never moved, until it fails.

As the principal is paid back, what is held shrinks with it; each share is rounded up, so that what is left of the loan
is always covered.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from core.db import Session
from core.money import Money
from ledger import audit, errors, groups, instalments, legs, paying_off, reading, schedules, transactions
from ledger.audit import Cause
from ledger.legs import CASH_BOX, Allocation
from ledger.models import Group, Guarantee, Loan, Transaction
from ledger.postings import Leg, Movement, Posted, post, record


def name_guarantor(session: Session, loan: Loan, user_id: int, at: datetime, cause: Cause) -> Guarantee:
    """Notes that a member is asked to stand for their share of the loan; who has not answered yet is asked again.

    Raises `NoLoan` for one that is not asked for any more, or `GuaranteeError`: guarantor_self, guarantor_twice,
    guarantor_not_member, guarantor_savings (too little that is free), guarantors_enough.
    """
    transactions.lock_group(session, loan.group_id)
    session.refresh(loan)
    if loan.state != "asked":
        raise errors.NoLoan
    group = session.get_one(Group, loan.group_id)
    known = of(session, loan)
    standing = [guarantee for guarantee in known if guarantee.state in ("asked", "held")]
    if user_id == loan.user_id:
        raise errors.GuaranteeError("guarantor_self")
    before = next((guarantee for guarantee in known if guarantee.user_id == user_id), None)
    if before is not None and before.state == "asked":
        before.asked_at = at
        session.flush()
        return before
    if before is not None:
        raise errors.GuaranteeError("guarantor_twice")
    if user_id not in {member.user_id for member in groups.members(session, loan.group_id)}:
        raise errors.GuaranteeError("guarantor_not_member")
    share = _share(loan, group.loan_guarantors, standing)
    if not share:
        raise errors.GuaranteeError("guarantors_enough")
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
    session.refresh(loan)
    if guarantee is None or guarantee.state != "asked" or (says_yes and loan.state != "asked"):
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
    """Whether members stand for all of the loan, or its group wants none to."""
    wanted = session.scalars(select(Group.loan_guarantors).where(Group.id == loan.group_id)).one()
    held = sum(guarantee.held_minor for guarantee in of(session, loan, ("held",)))
    return wanted == 0 or held >= loan.principal_minor


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


def call_in(
    session: Session, loan: Loan, owed: Allocation, at: datetime, cause: Cause
) -> tuple[list[Posted], Allocation]:
    """The loan has failed: each guarantor's savings pay what they stand for, in the usual order.

    Answers the postings and what is left of `owed`. Shares are rounded up, so the last guarantor may pay a bit less.
    """
    posted, left = list[Posted](), owed
    for guarantee in of(session, loan, ("held",)):
        paid = schedules.allocate(min(guarantee.held_minor, left.total), left)
        if not paid.total:
            _let_go(session, guarantee, "nothing is left to pay", at, cause)
            continue
        posted.append(_pay(session, loan, guarantee, paid, at, cause))
        guarantee.state, guarantee.held_minor = "used", 0
        left = paying_off.less(left, paid)
    session.flush()
    return posted, left


def _pay(session: Session, loan: Loan, guarantee: Guarantee, paid: Allocation, at: datetime, cause: Cause) -> Posted:
    """Posts what a guarantor pays, under a receipt that says just that.

    The open transaction says what they stood for at first; when a part of it has been set free since, it ends, and what
    is paid is a transaction of its own.
    """
    moved = legs.guarantee(guarantee.user_id, loan.user_id, paid)
    if paid.total == guarantee.amount_minor:
        return post(session, loan.group_id, guarantee.transaction_id or 0, moved, at, cause)
    transactions.end(session, loan.group_id, guarantee.transaction_id or 0, "cancelled", "called in", at, cause)
    currency = session.scalars(select(Group.currency).where(Group.id == loan.group_id)).one()
    movement = Movement(
        group_id=loan.group_id,
        kind="guarantee",
        amount=Money(paid.total, currency),
        legs=moved,
        key=f"guarantee_called:{loan.id}:{guarantee.user_id}",
        user_id=guarantee.user_id,
    )
    return record(session, movement, at, cause)


def _let_go(session: Session, guarantee: Guarantee, why: str, at: datetime, cause: Cause) -> None:
    transaction = session.get_one(Transaction, guarantee.transaction_id)
    transactions.end(session, guarantee.group_id, transaction.id, "cancelled", why, at, cause)
    guarantee.state, guarantee.held_minor = "released", 0


def _share(loan: Loan, guarantors: int, standing: Sequence[Guarantee]) -> int:
    """What the next one stands for: what nobody does yet, over those who are still to be named, in whole minor units.

    So the shares add up to the principal whoever refuses, also when the group changes its rule meanwhile; the first
    ones bear the rest of the division. Nothing when all of it is stood for.
    """
    left = loan.principal_minor - sum(guarantee.amount_minor for guarantee in standing)
    return -(-left // max(guarantors - len(standing), 1))
