"""What a group decides about itself: its rules, who holds which office, and who no longer belongs to it.

Whoever goes is settled first: what they owe is paid from their savings, and what they ask or are asked about is void.
What then remains of their savings stays theirs in the book until it is paid out.
"""

from datetime import datetime

from sqlalchemy import select

from core import clock, outbox
from core.db import Session
from core.money import Money
from ledger import approvals, errors, groups, guaranteeing, loans, reading, repaying, rules, transactions
from ledger.audit import Cause
from ledger.legs import CASH_BOX
from ledger.models import OPEN_STATES, Approval, Group, Guarantee, Loan, Membership, Transaction

OUTWARD = ("withdrawal", "cash_out", "loan_disbursement")
"""Movements that bring money to a member: whoever goes must have received theirs before."""


def carry_out(session: Session, approval: Approval, at: datetime, cause: Cause) -> None:
    """Carries out a vote about a rule, a role or a removal that has passed.

    Raises `StaleVersion` when the rule is no longer what the group was told, `RuleOutOfRange`, or `GoverningError`. A
    removal pays nothing out: `Approval.amount_minor` of it is what the payments package pays afterwards. With
    `details.gone` it was asked about somebody who had gone already, and is about their savings only.
    """
    transactions.lock_group(session, approval.group_id)
    group = session.get_one(Group, approval.group_id, populate_existing=True)
    if approval.kind == "rule":
        _change_rule(session, group, approval, at, cause)
    elif approval.kind == "role":
        _give_office(session, group, approval, at, cause)
    else:
        _remove(session, group, approval, at, cause)


def check_office(session: Session, group_id: int, user_id: int, role: str) -> Membership:
    """The membership of whoever may get this role. Raises `GoverningError`: not_a_member, or last_chair."""
    belonging = _member(session, group_id, user_id)
    if belonging.role == "chair" and role != "chair" and len(holders(session, group_id, "chair")) == 1:
        raise errors.GoverningError("last_chair")
    return belonging


def holders(session: Session, group_id: int, role: str) -> list[Membership]:
    """Who holds an office now."""
    found = select(Membership).where(
        Membership.group_id == group_id, Membership.role == role, Membership.status == "active"
    )
    return list(session.scalars(found.order_by(Membership.id), execution_options={"populate_existing": True}))


def check_going(session: Session, group: Group, user_id: int, at: datetime) -> Money:
    """What would be left of the savings of a member who goes, after what they owe.

    Raises `GoverningError`: not_a_member, last_chair (unless nobody else is left), stands_for_others, money_under_way
    or still_owes.
    """
    belonging = _member(session, group.id, user_id)
    alone = groups.count_members(session, group.id) == 1
    if belonging.role == "chair" and not alone and len(holders(session, group.id, "chair")) == 1:
        raise errors.GoverningError("last_chair")
    if groups.stands_for(session, group.id, user_id):
        raise errors.GoverningError("stands_for_others")
    _check_nothing_under_way(session, group.id, user_id)
    saved = reading.available(session, group.id, user_id, group.currency, CASH_BOX).own
    left = saved - _to_settle(session, group, user_id, at)
    if left.amount_minor < 0:
        raise errors.GoverningError("still_owes")
    return left


def check_gone(session: Session, group: Group, user_id: int) -> Money:
    """What somebody who is no member any more still has in the group. Raises `GoverningError`: money_under_way."""
    _check_nothing_under_way(session, group.id, user_id)
    return reading.available(session, group.id, user_id, group.currency, CASH_BOX).own


def leave(session: Session, group: Group, user_id: int, at: datetime, cause: Cause) -> None:
    """A member to whom nothing is to be paid goes at once. Raises what `check_going` raises."""
    transactions.lock_group(session, group.id)
    check_going(session, group, user_id, at)
    _end(session, group, _member(session, group.id, user_id), "left", at, cause, knows=True)


def settle_debts(session: Session, approval: Approval, at: datetime, cause: Cause) -> None:
    """Pays from their savings what a member who goes still owes. Nothing happens when they owe nothing.

    Raises `GoverningError` (still_owes), or what the repayment raises.
    """
    group = session.get_one(Group, approval.group_id)
    on = clock.day_at(at, group.time_zone)
    for loan in loans.active(session, group.id, approval.user_id or 0):
        repaying.repay_from_savings(session, loan, None, on, at, cause, f"going:{approval.id}:{loan.id}")
    if groups.owes(session, group.id, approval.user_id or 0, group.currency).amount_minor:
        raise errors.GoverningError("still_owes")


def settled(session: Session, approval: Approval, at: datetime, cause: Cause) -> bool:
    """The savings of a member who leaves have been paid to them: they go. False when something is left to settle.

    Called after a completed withdrawal whose vote has `details.leaving`; `details.rest_minor` is what of their savings
    cannot be sent, a few cents. What they saved or were lent meanwhile keeps them in the group.
    """
    transactions.lock_group(session, approval.group_id)
    group, user_id = session.get_one(Group, approval.group_id), approval.user_id or 0
    belonging = groups.membership(session, group.id, user_id)
    if belonging is None:
        return False
    try:
        with session.begin_nested():
            settle_debts(session, approval, at, cause)
            left = check_going(session, group, user_id, at)
    except errors.LedgerError:
        return False
    if left.amount_minor > approval.details.get("rest_minor", 0):
        return False
    _end(session, group, belonging, "left", at, cause)
    return True


def _change_rule(session: Session, group: Group, approval: Approval, at: datetime, cause: Cause) -> None:
    name = approval.details["rule"]
    if name not in rules.RULES:
        raise errors.UnknownRule(name)
    if rules.written(getattr(group, name)) != approval.details["from"]:
        raise errors.StaleVersion(group.version)  # The group said yes to a change of something else.
    wanted = {name: rules.read_back(name, approval.details["to"])}
    rules.change(session, group, group.version, wanted, at, cause)


def _give_office(session: Session, group: Group, approval: Approval, at: datetime, cause: Cause) -> None:
    role = approval.details["role"]
    belonging = check_office(session, group.id, approval.user_id or 0, role)
    if role != "member":
        for holder in holders(session, group.id, role):
            if holder.user_id != belonging.user_id:
                groups.change_role(session, holder, "member", at, cause)
    if belonging.role != role:
        groups.change_role(session, belonging, role, at, cause)


def _remove(session: Session, group: Group, approval: Approval, at: datetime, cause: Cause) -> None:
    user_id = approval.user_id or 0
    if approval.details.get("gone"):  # The vote is about what is still theirs, and about nothing else.
        if groups.membership(session, group.id, user_id) is not None:
            raise errors.SubjectChanged
        check_gone(session, group, user_id)
        return
    check_going(session, group, user_id, at)
    settle_debts(session, approval, at, cause)
    _end(session, group, _member(session, group.id, user_id), "removed", at, cause)


def _end(
    session: Session,
    group: Group,
    belonging: Membership,
    status: str,
    at: datetime,
    cause: Cause,
    *,
    knows: bool = False,
) -> None:
    """Ends the membership with what they asked and what was asked about them; the bot tells, and takes codes back.

    With `knows` whoever goes has just been told in answer to their own word.
    """
    groups.end_membership(session, belonging, status, at, cause)
    for approval in approvals.open_ones(session, group.id):
        about = {approval.asked_by, approval.user_id, approval.details.get("payee")}
        if belonging.user_id in about:
            _void(session, approval, at, cause)
    _leave_lending(session, group.id, belonging.user_id, at, cause)
    key = f"member_gone:{group.id}:{belonging.user_id}:{at.isoformat()}"
    payload = {"group": group.id, "member": belonging.user_id, "status": status, "knows": knows, "key": key}
    outbox.put(session, "bot.member_gone", payload, key)


def _void(session: Session, approval: Approval, at: datetime, cause: Cause) -> None:
    """As `payments.deciding.end` does it, for the packages on this side of the payments."""
    if not approvals.close(session, approval.group_id, approval.id, "void", "member_left", at, cause):
        return
    if approval.kind == "loan":
        loan = session.scalars(select(Loan).where(Loan.approval_id == approval.id)).one()
        loans.refuse(session, loan, at, cause)
    payload = {"group": approval.group_id, "approval": approval.id, "result": ""}
    outbox.put(session, "bot.vote_ended", payload, f"vote_ended:{approval.id}")


def _leave_lending(session: Session, group_id: int, user_id: int, at: datetime, cause: Cause) -> None:
    """They stand for nobody and wait for no guarantors any more; borrowers hear that they must find another."""
    asked = select(Loan).join(Guarantee, Guarantee.loan_id == Loan.id)
    asked = asked.where(Guarantee.group_id == group_id, Guarantee.user_id == user_id, Guarantee.state == "asked")
    for loan in session.scalars(asked.order_by(Loan.id)).all():
        guaranteeing.answer_guarantee(session, loan, user_id, False, at, cause)
        payload = {"loan": loan.id, "member": user_id, "yes": False}
        outbox.put(session, "bot.guarantee_answered", payload, f"guarantee_answered:{loan.id}:{user_id}:False")
    # Also one that was decided and never arrived: its payout is over, or they could not go.
    undecided = Loan.state.in_(("asked", "approved"))
    own = select(Loan).where(Loan.group_id == group_id, Loan.user_id == user_id, undecided)
    for loan in session.scalars(own.order_by(Loan.id), execution_options={"populate_existing": True}).all():
        loans.cancel(session, loan, at, cause)


def _check_nothing_under_way(session: Session, group_id: int, user_id: int) -> None:
    under_way = select(Transaction.id).where(
        Transaction.group_id == group_id,
        Transaction.user_id == user_id,
        Transaction.state.in_(OPEN_STATES),
        Transaction.kind.in_(OUTWARD),
    )
    if session.scalar(under_way.limit(1)) is not None:
        raise errors.GoverningError("money_under_way")


def _to_settle(session: Session, group: Group, user_id: int, at: datetime) -> Money:
    """What they would have to pay today to owe nothing: with the interest of loans that the book does not know yet."""
    on = clock.day_at(at, group.time_zone)
    settle = [repaying.owed(session, loan, on).settle for loan in loans.active(session, group.id, user_id)]
    booked = groups.owes(session, group.id, user_id, group.currency)
    return max(sum(settle, Money(0, group.currency)), booked, key=lambda money: money.amount_minor)


def _member(session: Session, group_id: int, user_id: int) -> Membership:
    belonging = groups.membership(session, group_id, user_id)
    if belonging is None:
        raise errors.GoverningError("not_a_member")
    return belonging
