"""Paying back: what is owed today, what a payment would do, and what it does once it is there."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import select

from core.db import Session
from core.money import Money
from ledger import charging, errors, guaranteeing, instalments, legs, loans, paying_off, transactions
from ledger.audit import Cause
from ledger.legs import Allocation
from ledger.models import OPEN_STATES, Group, Instalment, Loan, Transaction
from ledger.paying_off import PayOff
from ledger.postings import Movement, Posted, post, record


@dataclass(frozen=True, slots=True)
class Owed:
    """Where a loan stands on a day: `principal` is all that is left of it, `settle` what it takes to be done with it.

    `overdue` is what is late or due today, since `overdue_since` (None when nothing is); `next_amount` falls due on
    `next_due`, and is what is overdue when no instalment follows.
    """

    principal: Money
    overdue: Money
    overdue_since: date | None
    next_amount: Money
    next_due: date
    settle: Money


@dataclass(frozen=True, slots=True)
class RepaymentPlan:
    """What a payment would pay off. `surplus` is more than is owed and goes to the savings."""

    amount: Money
    paid: Allocation
    surplus: Money
    settles: bool


def owed(session: Session, loan: Loan, on: date) -> Owed:
    """What the member owes on this day, also what the book has not charged yet. Raises `NoLoan` for a settled one."""
    currency = _currency(session, loan)
    rows, parts, room = _state(session, loan)
    if not parts:
        raise errors.NoLoan
    late = [part for part in parts if part.due < on]
    coming = [part for part in parts if part.due >= on] or late[-1:]
    return Owed(
        principal=Money(sum(row.principal_minor - row.paid_principal_minor for row in rows), currency),
        overdue=Money(sum(part.total for part in late), currency),
        overdue_since=late[0].due if late else None,
        next_amount=Money(coming[0].total, currency),
        next_due=coming[0].due,
        settle=Money(paying_off.to_settle(parts, on, room), currency),
    )


def plan_repayment(session: Session, loan: Loan, amount: Money | None, on: date) -> RepaymentPlan:
    """What this amount (None is all that is owed) would pay off today.

    Raises `NoLoan`, `AmountNotPositive`, or `PaysTooMuch` where the group refuses more than is owed.
    """
    currency = _currency(session, loan)
    rule = session.scalars(select(Group.overpayment).where(Group.id == loan.group_id)).one()
    _, parts, room = _state(session, loan)
    if loan.state != "active" or not parts:
        raise errors.NoLoan
    settle = paying_off.to_settle(parts, on, room)
    if amount is None:
        amount = Money(settle, currency)
    if amount.amount_minor <= 0:
        raise errors.AmountNotPositive
    if amount.amount_minor > settle and rule == "refuse":
        raise errors.PaysTooMuch(Money(settle, currency))
    done = paying_off.pay_off(parts, amount.amount_minor, on, room)
    return RepaymentPlan(amount, done.paid, Money(done.surplus, currency), done.settles)


def complete_repayment(
    session: Session,
    transaction: Transaction,
    provider: str,
    gross_minor: int,
    fee_minor: int,
    on: date,
    at: datetime,
    cause: Cause,
) -> Posted:
    """Posts a repayment that has arrived: the member's oldest loan first, and what is over goes to their savings.

    What it pays is decided now, by what is owed now. Posted before, it answers the first result. Raises what `post`
    raises.
    """
    transactions.lock_group(session, transaction.group_id)
    session.refresh(transaction)
    if transaction.state not in OPEN_STATES:
        return loans.receipt_of(session, transaction)
    user_id = transaction.user_id or 0
    paid, left = Allocation(), transaction.amount_minor
    for loan in loans.active(session, transaction.group_id, user_id):
        if left:
            done = _pay(session, loan, left, on, at, cause)
            paid, left = _added(paid, done.paid), done.surplus
    whole = replace(paid, surplus=left)
    moved = legs.repayment(user_id, provider, whole, gross_minor, fee_minor)
    return post(session, transaction.group_id, transaction.id, moved, at, cause)


def repay_from_savings(
    session: Session, loan: Loan, amount: Money | None, on: date, at: datetime, cause: Cause, key: str
) -> Posted:
    """The member pays (None: all that is owed) out of their savings; never more than is owed, and once for each key.

    Raises `NoLoan`, `AmountNotPositive`, or `InsufficientFunds` when that much is not free.
    """
    transactions.lock_group(session, loan.group_id)
    session.refresh(loan)
    before = select(Transaction).where(Transaction.group_id == loan.group_id, Transaction.idempotency_key == key)
    if (known := session.scalar(before)) is not None:
        return loans.receipt_of(session, known)  # Else the loan's rows would be paid again, and the book not.
    plan = plan_repayment(session, loan, None, on)
    if amount is not None and amount.amount_minor < plan.amount.amount_minor:
        plan = plan_repayment(session, loan, amount, on)
    done = _pay(session, loan, plan.amount.amount_minor, on, at, cause)
    movement = Movement(
        group_id=loan.group_id,
        kind="transfer",
        amount=plan.amount,
        legs=legs.transfer(loan.user_id, done.paid),
        key=key,
        user_id=loan.user_id,
    )
    return record(session, movement, at, cause)


def _pay(session: Session, loan: Loan, amount: int, on: date, at: datetime, cause: Cause) -> PayOff:
    """Pays off what this amount can, in the loan's own rows; the caller posts it in the same transaction."""
    charging.charge_due(session, loan.group_id, loan.id, on, at, cause)
    rows, parts, room = _state(session, loan)
    done = paying_off.pay_off(parts, amount, on, room)
    by_number, currency = {row.number: row for row in rows}, _currency(session, loan)
    for part in done.parts:
        row = by_number[part.number]
        if not row.interest_is_charged and (part.charges or not done.settles):
            charging.interest(session, loan, row, part.charges, currency, at, cause)
    instalments.apply(rows, done, at)
    if all(row.settled_at is not None for row in rows):
        loan.state, loan.ended_at = "settled", at
    session.flush()
    guaranteeing.release(session, loan, at, cause)
    return done


def _state(session: Session, loan: Loan) -> tuple[list[Instalment], list[paying_off.Part], int]:
    rows = instalments.of(session, loan)
    return rows, instalments.parts(loan, rows), instalments.room(loan)


def _added(one: Allocation, other: Allocation) -> Allocation:
    return Allocation(
        one.penalty + other.penalty,
        one.fee + other.fee,
        one.interest + other.interest,
        one.principal + other.principal,
    )


def _currency(session: Session, loan: Loan) -> str:
    return session.scalars(select(Group.currency).where(Group.id == loan.group_id)).one()
