"""What falls due: interest on its day, a penalty once an instalment is late; never more than the law allows.

In duplum (Kenya's Banking Act, section 44A): from the first late instalment on, interest and penalties together never
exceed the principal that was owed then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from sqlalchemy import and_, or_, select

from core.db import Session
from core.money import Money
from ledger import instalments, legs, transactions
from ledger.audit import Cause
from ledger.models import Group, Instalment, Loan
from ledger.postings import Leg, Movement, record


@dataclass(frozen=True, slots=True)
class Charged:
    """One charge. `kind`: interest or penalty; `number` is the instalment's."""

    kind: str
    number: int
    amount: Money


def due_loans(session: Session, on: date, limit: int) -> Sequence[tuple[int, int]]:
    """(group, loan) of the loans with something to charge on this day."""
    rows = session.execute(
        select(Loan.group_id, Loan.id)
        .join(Instalment, and_(Instalment.group_id == Loan.group_id, Instalment.loan_id == Loan.id))
        .where(
            Loan.state == "active",
            Instalment.settled_at.is_(None),
            or_(
                and_(Instalment.due <= on, Instalment.interest_is_charged.is_(False)),
                and_(Instalment.due + Loan.grace_days < on, Instalment.penalty_is_charged.is_(False)),
            ),
        )
        .distinct()
        .limit(limit)
    )
    return [(group_id, loan_id) for group_id, loan_id in rows]


def charge_due(session: Session, group_id: int, loan_id: int, on: date, at: datetime, cause: Cause) -> list[Charged]:
    """Charges what has fallen due by this day; what was charged before is not charged again."""
    transactions.lock_group(session, group_id)
    loan = session.get_one(Loan, loan_id, populate_existing=True)
    if loan.group_id != group_id or loan.state != "active":
        return []
    currency = session.scalars(select(Group.currency).where(Group.id == group_id)).one()
    rows = [row for row in instalments.of(session, loan) if row.settled_at is None]
    charged = list[Charged]()
    for row in rows:
        if _is_late(loan, row, on) and loan.defaulted_principal_minor is None:
            loan.defaulted_principal_minor = instalments.outstanding(session, loan)
        if row.due <= on and not row.interest_is_charged:
            amount = interest(session, loan, row, row.interest_minor, currency, at, cause)
            charged += [Charged("interest", row.number, Money(amount, currency))] if amount else []
            if instalments.is_paid(row):
                row.settled_at = at  # One without interest whose principal was paid in advance.
    for row in rows:
        if _is_late(loan, row, on) and not row.penalty_is_charged:
            amount = _penalty(session, loan, row, currency, at, cause)
            charged += [Charged("penalty", row.number, Money(amount, currency))] if amount else []
    session.flush()
    return charged


def interest(
    session: Session, loan: Loan, row: Instalment, amount: int, currency: str, at: datetime, cause: Cause
) -> int:
    """Charges the interest of an instalment, as much of it as may be; what was charged, in minor units."""
    amount = min(amount, instalments.room(loan))
    row.interest_charged_minor, row.interest_is_charged = amount, True
    moved = legs.interest(loan.user_id, amount)
    _charge(session, loan, "interest", row.number, amount, moved, currency, at, cause)
    return amount


def _penalty(session: Session, loan: Loan, row: Instalment, currency: str, at: datetime, cause: Cause) -> int:
    overdue = row.principal_minor - row.paid_principal_minor
    if loan.penalty_base == "instalment":
        overdue += row.interest_charged_minor - row.paid_interest_minor
    unit = loan.rounding_minor or 1
    # Half to even, as `round` does with fractions.
    wanted = round(Fraction(overdue) * Fraction(loan.penalty_percent) / 100 / unit) * unit
    amount = min(wanted, instalments.room(loan))
    row.penalty_minor, row.penalty_is_charged = amount, True
    moved = legs.penalty(loan.user_id, amount)
    _charge(session, loan, "penalty", row.number, amount, moved, currency, at, cause)
    return amount


def _charge(
    session: Session, loan: Loan, kind: str, number: int, amount: int, moved: list[Leg], currency: str, at: datetime,
    cause: Cause,
) -> None:  # fmt: skip
    if not amount:
        return
    if loan.defaulted_principal_minor is not None:
        loan.charged_since_default_minor += amount
    movement = Movement(
        group_id=loan.group_id,
        kind=kind,
        amount=Money(amount, currency),
        legs=moved,
        key=f"{kind}:{loan.id}:{number}",
        user_id=loan.user_id,
    )
    record(session, movement, at, cause)


def _is_late(loan: Loan, row: Instalment, on: date) -> bool:
    return row.settled_at is None and row.due + timedelta(days=loan.grace_days) < on
