"""Paying back: what is owed today, what a payment would do, and what it does once it is there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import select

from core.db import Session
from core.money import Money
from ledger import (
    charging,
    errors,
    falling_due,
    guaranteeing,
    instalments,
    legs,
    loans,
    paying_off,
    receipts,
    transactions,
)
from ledger.audit import Cause
from ledger.legs import Allocation
from ledger.models import OPEN_STATES, Group, Instalment, Loan, Transaction
from ledger.paying_off import Part, PayOff
from ledger.postings import Movement, Posted, post, record


@dataclass(frozen=True, slots=True)
class Owed:
    """Where a loan stands on a day: `principal` is all that is left of it, `settle` what it takes to be done with it.

    `overdue` is what fell due before that day, the oldest of it on `overdue_since` (None when nothing did), and
    `overdue_parts` says of what it consists, in minor units. `next_amount` falls due on `next_due`, that day or later;
    when no instalment follows, it is what is overdue. `remaining` is what is still paid in all by the schedule.
    """

    principal: Money
    overdue: Money
    overdue_parts: Allocation
    overdue_since: date | None
    next_amount: Money
    next_due: date
    remaining: Money
    settle: Money


@dataclass(frozen=True, slots=True)
class RepaymentPlan:
    """What a payment would pay off. `surplus` is more than is owed and goes to the savings; `settles` the loan."""

    amount: Money
    paid: Allocation
    surplus: Money
    settles: bool


def owed(session: Session, loan: Loan, on: date) -> Owed:
    """What the member owes on this day, also what the book has not charged yet.

    Raises `NoLoan` for a loan that is not being paid back.
    """
    _, parts, room = _state(session, loan, on)
    amounts = dict(zip(parts, paying_off.by_schedule(parts, room), strict=True))
    late, coming = [part for part in parts if part.due < on], [part for part in parts if part.due >= on]
    overdue = paying_off.added(amounts[part] for part in late)
    remaining = paying_off.added(amounts.values())
    currency = _currency(session, loan)
    return Owed(
        principal=Money(remaining.principal, currency),
        overdue=Money(overdue.total, currency),
        overdue_parts=overdue,
        overdue_since=late[0].due if late else None,
        next_amount=Money(amounts[coming[0]].total if coming else overdue.total, currency),
        next_due=coming[0].due if coming else late[-1].due,
        remaining=Money(remaining.total, currency),
        settle=Money(paying_off.to_settle(parts, on, room), currency),
    )


def plan_repayment(session: Session, loan: Loan, amount: Money | None, on: date) -> RepaymentPlan:
    """What this amount (None: all that is owed of this loan) would pay off today; the member's other loans come after.

    Raises `NoLoan`, `AmountNotPositive`, or `PaysTooMuch` where the group refuses more than is owed.
    """
    currency = _currency(session, loan)
    rule = session.scalars(select(Group.overpayment).where(Group.id == loan.group_id)).one()
    _, parts, room = _state(session, loan, on)
    settle = paying_off.to_settle(parts, on, room)
    if amount is None:
        amount = Money(settle, currency)
    if amount.amount_minor <= 0:
        raise errors.AmountNotPositive
    done = paying_off.pay_off(parts, amount.amount_minor, on, room)
    paid, left, most = [done.paid], done.surplus, settle
    others = loans.active(session, loan.group_id, loan.user_id) if left else []
    for _, parts, room in (_state(session, other, on) for other in others if other.id != loan.id):
        more = paying_off.pay_off(parts, left, on, room)
        paid.append(more.paid)
        left, most = more.surplus, most + paying_off.to_settle(parts, on, room)
    if left and rule == "refuse":
        raise errors.PaysTooMuch(Money(most, currency))
    return RepaymentPlan(amount, paying_off.added(paid), Money(left, currency), done.settles)


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
        return _receipt_of(session, transaction)
    user_id = transaction.user_id or 0
    paid, left = list[Allocation](), transaction.amount_minor
    for loan in loans.active(session, transaction.group_id, user_id):
        if left:
            done = _pay(session, loan, left, on, at, cause)
            paid.append(done.paid)
            left = done.surplus
    whole = replace(paying_off.added(paid), surplus=left)
    moved = legs.repayment(user_id, provider, whole, gross_minor, fee_minor)
    return post(session, transaction.group_id, transaction.id, moved, at, cause)


def repay_from_savings(
    session: Session, loan: Loan, amount: Money | None, on: date, at: datetime, cause: Cause, key: str
) -> Posted:
    """The member pays (None: all that is owed) out of their savings; never more than is owed, and once for each key.

    Raises `NoLoan`, `AmountNotPositive`, `InsufficientFunds` when that much is not free, or `IdempotencyConflict` when
    the key stands for another movement.
    """
    transactions.lock_group(session, loan.group_id)
    session.refresh(loan)
    before = select(Transaction).where(Transaction.group_id == loan.group_id, Transaction.idempotency_key == key)
    if (known := session.scalar(before)) is not None:
        if (known.kind, known.user_id) != ("transfer", loan.user_id):
            raise errors.IdempotencyConflict(key)
        return _receipt_of(session, known)  # Else the loan's rows would be paid again, and the book not.
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
    rows, parts, room = _state(session, loan, on)
    done = paying_off.pay_off(parts, amount, on, room)
    by_number = {row.number: row for row in rows}
    for part in done.parts:
        row = by_number[part.number]
        if not row.interest_is_charged and (part.charges or not done.settles):
            charging.interest(session, loan, row, part.charges, at, cause)
    instalments.apply(rows, done, at)
    if all(row.settled_at is not None for row in rows):
        loan.state, loan.ended_at = "settled", at
    session.flush()
    guaranteeing.release(session, loan, at, cause)
    return done


def _state(session: Session, loan: Loan, on: date) -> tuple[Sequence[Instalment], Sequence[Part], int]:
    """The rows, what is left of them with everything that has fallen due, and how much may still be charged then."""
    rows = instalments.of(session, loan) if loan.state == "active" else []
    fallen = falling_due.by(loan, rows, on)
    parts = instalments.parts(loan, rows, fallen)
    if not parts:
        raise errors.NoLoan
    return rows, parts, fallen.room


def _receipt_of(session: Session, transaction: Transaction) -> Posted:
    """What posting a completed transaction answered. Raises `TransactionClosed` for one that ended without money."""
    found = receipts.of_transaction(session, transaction.group_id, transaction.id)
    if found is None:
        raise errors.TransactionClosed
    return Posted(transaction.id, found.number, found.seal.line, found.seal.short, replayed=True)


def _currency(session: Session, loan: Loan) -> str:
    return session.scalars(select(Group.currency).where(Group.id == loan.group_id)).one()
