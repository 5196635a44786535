"""What falls due is charged: interest on its day, a penalty once an instalment is late. `falling_due` says how much."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, func, or_, select

from core.db import Session
from core.money import Money
from ledger import falling_due, instalments, legs, transactions
from ledger.audit import Cause
from ledger.falling_due import Kind
from ledger.models import Approval, Group, Instalment, Loan
from ledger.postings import Movement, record


@dataclass(frozen=True, slots=True)
class Charged:
    """One charge. `kind`: interest or penalty; `number` is the instalment's."""

    kind: str
    number: int
    amount: Money


def due_loans(session: Session, on: date, limit: int) -> Sequence[tuple[int, int]]:
    """(group, loan) of the loans with something to charge on this day, those first that have waited longest.

    Not those about which a group votes whether to write them off: what it votes about stays as it was asked. If it says
    no, what has fallen due meanwhile is charged then.
    """
    being_given_up = select(Approval.id).where(
        Approval.group_id == Loan.group_id,
        Approval.kind == "write_off",
        Approval.state == "open",
        Approval.details["loan"].as_integer() == Loan.id,
    )
    rows = session.execute(
        select(Loan.group_id, Loan.id)
        .join(Instalment, and_(Instalment.group_id == Loan.group_id, Instalment.loan_id == Loan.id))
        .where(
            Loan.state == "active",
            ~being_given_up.exists(),
            Instalment.settled_at.is_(None),
            or_(
                and_(Instalment.due <= on, Instalment.interest_is_charged.is_(False)),
                and_(Instalment.due + Loan.grace_days < on, Instalment.penalty_is_charged.is_(False)),
            ),
        )
        .group_by(Loan.group_id, Loan.id)
        .order_by(func.min(Instalment.due), Loan.id)
        .limit(limit)
    )
    return [(group_id, loan_id) for group_id, loan_id in rows]


def charge_due(session: Session, group_id: int, loan_id: int, on: date, at: datetime, cause: Cause) -> list[Charged]:
    """Charges what has fallen due by this day; what was charged before is not charged again."""
    transactions.lock_group(session, group_id)
    loan = session.get_one(Loan, loan_id, populate_existing=True)
    if loan.group_id != group_id or loan.state != "active":
        return []
    rows = instalments.of(session, loan)
    by_number = {row.number: row for row in rows}
    fallen = falling_due.by(loan, rows, on)
    loan.defaulted_principal_minor = fallen.defaulted_principal
    loan.charged_since_default_minor = fallen.charged_since_default
    charged = list[Charged]()
    for each in fallen.charges:
        row = by_number[each.number]
        if each.kind == "interest":
            row.interest_charged_minor, row.interest_is_charged = each.amount_minor, True
        else:
            row.penalty_minor, row.penalty_is_charged = each.amount_minor, True
        if each.amount_minor:
            amount = Money(each.amount_minor, _currency(session, group_id))
            _book(session, loan, each.kind, each.number, amount, at, cause)
            charged.append(Charged(each.kind, each.number, amount))
    session.flush()
    return charged


def interest(session: Session, loan: Loan, row: Instalment, amount_minor: int, at: datetime, cause: Cause) -> None:
    """Charges the interest of an instalment before its day, because a payment has reached it.

    `amount_minor` is what may be charged of it (`paying_off` has looked at the limit). Nothing is booked for nothing.
    """
    row.interest_charged_minor, row.interest_is_charged = amount_minor, True
    if loan.defaulted_principal_minor is not None:
        loan.charged_since_default_minor += amount_minor
    if amount_minor:
        amount = Money(amount_minor, _currency(session, loan.group_id))
        _book(session, loan, "interest", row.number, amount, at, cause)


def _book(session: Session, loan: Loan, kind: Kind, number: int, amount: Money, at: datetime, cause: Cause) -> None:
    moved = legs.interest if kind == "interest" else legs.penalty
    movement = Movement(
        group_id=loan.group_id,
        kind=kind,
        amount=amount,
        legs=moved(loan.user_id, amount.amount_minor),
        key=f"{kind}:{loan.id}:{number}",
        user_id=loan.user_id,
    )
    record(session, movement, at, cause)


def _currency(session: Session, group_id: int) -> str:
    return session.scalars(select(Group.currency).where(Group.id == group_id)).one()
