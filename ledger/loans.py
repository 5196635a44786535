"""Loans: quoted by the group's rules, asked for, decided, handed over, given up. Money moves only by postings.

asked → approved → active → settled | written_off; or refused, or cancelled. Everything that changes a loan takes the
group's lock first, so that two payments never pay off the same instalment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from sqlalchemy import func, select, update

from core import clock
from core.db import Session
from core.money import Money
from ledger import (
    approvals,
    audit,
    charging,
    errors,
    falling_due,
    groups,
    guaranteeing,
    instalments,
    legs,
    paying_off,
    reading,
    reversals,
    schedules,
    transactions,
)
from ledger.audit import Cause
from ledger.legs import Allocation
from ledger.models import OPEN_STATES, Approval, Group, Instalment, Loan, Transaction
from ledger.postings import Leg, Movement, Posted, post, record
from ledger.schedules import Method, Period, Schedule, Terms

OPEN = ("asked", "approved", "active")


@dataclass(frozen=True, slots=True)
class Quote:
    """What a loan would be: its schedule, if it were paid out on that day."""

    schedule: Schedule


def quote(
    session: Session,
    group: Group,
    user_id: int,
    principal: Money,
    periods: int,
    period: str | None,
    on: date,
    provider: str,
) -> Quote:
    """What the loan costs by the group's rules, once it is clear that the group may and can lend it.

    `provider` is where the money would come from. Raises `AmountNotPositive`, `OtherPeriod`, `TermTooLong`,
    `TooManyLoans`, `AboveSavingsLimit`, `NotEnoughCash`, or what `schedules.draw_up` raises.
    """
    if period is not None and period != group.loan_period:
        raise errors.OtherPeriod(group.loan_period)
    if periods > group.loan_max_periods:
        raise errors.TermTooLong(group.loan_max_periods)
    schedule = schedules.draw_up(_terms_of_rules(group, principal, periods, on))
    _check_limits(session, group, user_id, principal)
    cash = reading.available(session, group.id, user_id, group.currency, provider).cash
    if principal.amount_minor > cash.amount_minor:
        raise errors.NotEnoughCash(cash)
    return Quote(schedule)


def ask(session: Session, group: Group, user_id: int, quoted: Quote, reason: str, at: datetime, cause: Cause) -> Loan:
    """Writes down what a member asks for, with its terms as they are now. One that waits for guarantors makes way.

    Raises `TooManyLoans` or `AboveSavingsLimit` when it is no longer possible since it was quoted.
    """
    transactions.lock_group(session, group.id)
    for waiting in _of(session, group.id, user_id, ("asked",)):
        if waiting.approval_id is None:
            cancel(session, waiting, at, cause)
    terms = quoted.schedule.terms
    _check_limits(session, group, user_id, terms.principal)
    number = session.scalar(select(func.coalesce(func.max(Loan.number), 0)).where(Loan.group_id == group.id)) or 0
    loan = Loan(
        group_id=group.id,
        number=number + 1,
        user_id=user_id,
        reason=reason,
        principal_minor=terms.principal.amount_minor,
        rate_percent=terms.rate_percent,
        periods=terms.periods,
        method=terms.method,
        period=terms.period,
        rounding_minor=terms.rounding_unit,
        instalment_multiple_minor=terms.instalment_multiple,
        grace_days=group.loan_grace_days,
        penalty_percent=group.loan_penalty_percent,
        penalty_base=group.loan_penalty_base,
        asked_at=at,
    )
    session.add(loan)
    session.flush()
    data = {
        "loan": loan.id,
        "member": user_id,
        "principal": loan.principal_minor,
        "rate_percent": f"{loan.rate_percent:f}",
        "periods": loan.periods,
        "period": loan.period,
        "method": loan.method,
    }
    audit.record(session, group.id, "loan_asked", data, at, cause)
    return loan


def schedule(loan: Loan, currency: str, start: date) -> Schedule:
    """The loan's schedule if it begins on this day, or has begun then."""
    return schedules.draw_up(terms(loan, currency, start))


def terms(loan: Loan, currency: str, start: date) -> Terms:
    """What was agreed, as the loan has it."""
    return Terms(
        principal=Money(loan.principal_minor, currency),
        rate_percent=loan.rate_percent,
        periods=loan.periods,
        method=cast(Method, loan.method),
        start=start,
        period=cast(Period, loan.period),
        rounding_unit=loan.rounding_minor,
        instalment_multiple=loan.instalment_multiple_minor,
    )


def active(session: Session, group_id: int, user_id: int) -> list[Loan]:
    """The member's loans that are being paid back, the oldest first."""
    return _of(session, group_id, user_id, ("active",))


def approve(session: Session, loan: Loan, approval_id: int) -> None:
    """The group has said yes. Nothing changes when it is approved already; raises `NoLoan` in any other state."""
    _change(session, loan, ("asked",), "approved", approval_id=approval_id)


def refuse(session: Session, loan: Loan, at: datetime, cause: Cause) -> None:
    """The group has said no, or the question was taken back: guarantors' savings are free again.

    Nothing changes when it is refused already; raises `NoLoan` in any other state.
    """
    _end(session, loan, ("asked",), "refused", at, cause)


def cancel(session: Session, loan: Loan, at: datetime, cause: Cause) -> None:
    """The member no longer wants it: before the group was asked, or instead of trying a payout that failed again.

    An open vote about it is the caller's to end. Raises `NoLoan` when the money is under way, or the loan has begun.
    """
    transactions.lock_group(session, loan.group_id)
    session.refresh(loan)
    if money_under_way(session, loan):
        raise errors.NoLoan
    _end(session, loan, ("asked", "approved"), "cancelled", at, cause)


def money_under_way(session: Session, loan: Loan) -> bool:
    """Whether a payout of this loan is open: on its way, or to be handed over from the box."""
    if loan.approval_id is None:
        return False
    under_way = select(Transaction.id).where(
        Transaction.group_id == loan.group_id,
        Transaction.approval_id == loan.approval_id,
        Transaction.state.in_(OPEN_STATES),
    )
    return session.scalar(under_way.limit(1)) is not None


def begin_disbursement(
    session: Session, loan: Loan, provider: str, fee_minor: int, key: str, at: datetime, cause: Cause
) -> Transaction:
    """Reserves the money of an approved loan, and the provider's fee, which the group bears.

    A vote may be tried again for weeks, so the borrower's savings are looked at once more. Raises `NoLoan` (also when
    they are no member any more), `AboveSavingsLimit`, `AlreadyCarriedOut`, or `InsufficientFunds`.
    """
    transactions.lock_group(session, loan.group_id)
    session.refresh(loan)
    if loan.state != "approved" or groups.membership(session, loan.group_id, loan.user_id) is None:
        raise errors.NoLoan
    group = _group(session, loan)
    amount = Money(loan.principal_minor, group.currency)
    others = [other for other in _of(session, group.id, loan.user_id, OPEN) if _counts(other) and other.id != loan.id]
    limit = _limit(session, group, loan.user_id, others)
    if amount.amount_minor > limit.amount_minor:
        raise errors.AboveSavingsLimit(limit)
    transaction = transactions.begin(
        session, loan.group_id, "loan_disbursement", loan.user_id, amount, key, at, cause, loan.reason, loan.approval_id
    )
    held = [Leg("cash", loan.principal_minor + fee_minor, provider=provider)]
    transactions.reserve(session, loan.group_id, transaction.id, held, at, cause)
    return transaction


def complete_disbursement(
    session: Session, transaction: Transaction, provider: str, fee_minor: int, on: date, at: datetime, cause: Cause
) -> Posted:
    """The member has the money: posted, and the schedule begins on `on`. The same call again changes nothing."""
    transactions.lock_group(session, transaction.group_id)
    loan = session.scalars(
        select(Loan).where(Loan.group_id == transaction.group_id, Loan.approval_id == transaction.approval_id),
        execution_options={"populate_existing": True},
    ).one()
    moved = legs.loan_disbursement(loan.user_id, provider, loan.principal_minor, fee_minor)
    posted = post(session, loan.group_id, transaction.id, moved, at, cause)
    if posted.replayed:
        return posted
    loan.state, loan.started_on, loan.disbursement_id = "active", on, transaction.id
    for each in schedule(loan, transaction.currency, on).instalments:
        # A loan that came back and went out again has its rows already; their days and amounts are those of today.
        session.merge(
            Instalment(
                group_id=loan.group_id,
                loan_id=loan.id,
                number=each.number,
                due=each.due,
                principal_minor=each.principal.amount_minor,
                interest_minor=each.interest.amount_minor,
            )
        )
    session.flush()
    return posted


def undo_disbursement(session: Session, loan: Loan, reason: str, at: datetime, cause: Cause) -> Posted:
    """The provider has brought the money back: reversed, and the loan is approved as before.

    Raises `NoLoan` when something of it was charged or paid back since: a person has to look at it.
    """
    transactions.lock_group(session, loan.group_id)
    session.refresh(loan)
    rows = instalments.of(session, loan)
    if loan.state != "active" or any(row.interest_is_charged or row.paid_principal_minor for row in rows):
        raise errors.NoLoan
    transaction = session.get_one(Transaction, loan.disbursement_id)
    posted = reversals.undo(session, transaction, reason, at, cause)
    loan.state, loan.started_on = "approved", None
    session.flush()
    return posted


def held_by_guarantors(session: Session, loan: Loan) -> int:
    """What members' savings still stand for of this loan, in minor units."""
    return sum(guarantee.held_minor for guarantee in guaranteeing.of(session, loan, ("held",)))


def write_off_amount(session: Session, loan: Loan, on: date) -> Money:
    """What the group would lose: principal, penalties and the interest that has fallen due, less what guarantors pay.

    Interest that has not fallen due is not lost: it was never earned. Nothing when guarantors stand for all of it, and
    a vote then has no amount. Raises `NoLoan` for a loan that is not being paid back.
    """
    owed = _lost(session, loan, on)
    held = min(held_by_guarantors(session, loan), owed.total)
    return Money(owed.total - held, _group(session, loan).currency)


def write_off(session: Session, loan: Loan, approval_id: int, at: datetime, cause: Cause) -> list[Posted]:
    """The group gives the loan up, as it has voted: first guarantors pay what they stand for, the rest is lost.

    Raises `NoLoan`, `NotVoted` when that vote is not one that has passed about this loan, or `SubjectChanged` when
    something was paid or charged since it was asked: the group must vote again.
    """
    transactions.lock_group(session, loan.group_id)
    session.refresh(loan)
    approval = approvals.find(session, loan.group_id, approval_id)
    if approval is None or not _allows_writing_off(approval, loan):
        raise errors.NotVoted
    group = _group(session, loan)
    asked_on = clock.day_at(approval.opened_at, group.time_zone)
    if write_off_amount(session, loan, asked_on).amount_minor != (approval.amount_minor or 0):
        raise errors.SubjectChanged
    # What the vote has counted may have fallen due since the clock last charged anything.
    charging.charge_due(session, loan.group_id, loan.id, asked_on, at, cause)
    posted, rest = guaranteeing.call_in(session, loan, _lost(session, loan, asked_on), at, cause)
    if rest.total:
        movement = Movement(
            group_id=loan.group_id,
            kind="write_off",
            amount=Money(rest.total, group.currency),
            legs=legs.write_off(loan.user_id, rest),
            key=f"write_off:{loan.id}:{approval_id}",  # What is owed again may be given up once more.
            user_id=loan.user_id,
            reason=approval.reason,
            approval_id=approval_id,
        )
        posted.append(record(session, movement, at, cause))
    loan.state, loan.ended_at = "written_off", at
    session.flush()
    return posted


def _lost(session: Session, loan: Loan, on: date) -> Allocation:
    """What stands in the book against the loan once everything that has fallen due by this day is charged."""
    if loan.state != "active":
        raise errors.NoLoan
    rows = instalments.of(session, loan)
    parts = instalments.parts(loan, rows, falling_due.by(loan, rows, on))
    return paying_off.added(
        Allocation(penalty=part.penalty, interest=part.interest if part.charged else 0, principal=part.principal)
        for part in parts
    )


def _allows_writing_off(approval: Approval, loan: Loan) -> bool:
    """The database asks the same of a movement; but nothing may be lost, when guarantors stand for all of it."""
    about_it = approval.kind == "write_off" and approval.details.get("loan") == loan.id
    return about_it and approval.state == "passed"


def _terms_of_rules(group: Group, principal: Money, periods: int, on: date) -> Terms:
    return Terms(
        principal=principal,
        rate_percent=group.loan_rate_percent,
        periods=periods,
        method=cast(Method, group.loan_method),
        start=on,
        period=cast(Period, group.loan_period),
        rounding_unit=group.loan_rounding_minor,
        instalment_multiple=group.loan_instalment_multiple_minor,
    )


def _check_limits(session: Session, group: Group, user_id: int, principal: Money) -> None:
    """Raises `TooManyLoans` or `AboveSavingsLimit` when the member may not ask for that much now."""
    others = [loan for loan in _of(session, group.id, user_id, OPEN) if _counts(loan)]
    if len(others) >= group.loans_open_max:
        raise errors.TooManyLoans
    limit = _limit(session, group, user_id, others)
    if principal.amount_minor > limit.amount_minor:
        raise errors.AboveSavingsLimit(limit)


def _counts(loan: Loan) -> bool:
    """One that still waits for its guarantors does not: asking anew replaces it."""
    return loan.state != "asked" or loan.approval_id is not None


def _limit(session: Session, group: Group, user_id: int, others: Sequence[Loan]) -> Money:
    """What the member may borrow now: a multiple of their savings, less what they owe or have been promised."""
    saved = reading.balances(session, group.id, user_id, group.currency).own
    owing = sum(instalments.outstanding(session, loan) for loan in others)
    return Money(saved.amount_minor * group.loan_savings_multiple - owing, group.currency)


def _of(session: Session, group_id: int, user_id: int, states: Sequence[str]) -> list[Loan]:
    found = select(Loan).where(Loan.group_id == group_id, Loan.user_id == user_id, Loan.state.in_(states))
    return list(session.scalars(found.order_by(Loan.id), execution_options={"populate_existing": True}))


def _change(session: Session, loan: Loan, before: Sequence[str], after: str, **values: object) -> bool:
    """False when it was in that state already. Raises `NoLoan` when it is in none of these."""
    transactions.lock_group(session, loan.group_id)
    changed = update(Loan).where(Loan.id == loan.id, Loan.state.in_(before)).values(state=after, **values)
    done = session.scalar(changed.returning(Loan.id)) is not None
    session.refresh(loan)
    if loan.state != after:
        raise errors.NoLoan
    return done


def _end(session: Session, loan: Loan, before: Sequence[str], state: str, at: datetime, cause: Cause) -> None:
    if _change(session, loan, before, state, ended_at=at):
        guaranteeing.free(session, loan, state, at, cause)
        audit.record(session, loan.group_id, f"loan_{state}", {"loan": loan.id}, at, cause)


def _group(session: Session, loan: Loan) -> Group:
    return session.get_one(Group, loan.group_id)
