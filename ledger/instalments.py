"""A loan's instalments as they stand in the book: what was charged, what is paid, what is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from core.db import Session
from ledger.falling_due import FallenDue
from ledger.models import Instalment, Loan
from ledger.paying_off import Part, PayOff


@dataclass(frozen=True, slots=True)
class Unpaid:
    """What of an instalment is owed again, in minor units, because the payment was taken back."""

    principal: int
    interest: int
    penalty: int

    @property
    def total(self) -> int:
        return self.principal + self.interest + self.penalty


def of(session: Session, loan: Loan) -> list[Instalment]:
    """All of them, the first one first, as the database has them now."""
    found = select(Instalment).where(Instalment.group_id == loan.group_id, Instalment.loan_id == loan.id)
    return list(session.scalars(found.order_by(Instalment.number), execution_options={"populate_existing": True}))


def parts(loan: Loan, rows: Sequence[Instalment], fallen: FallenDue) -> list[Part]:
    """What is left of each that is not settled, once everything that has `fallen` due is charged."""
    begins = [loan.started_on or date.min, *(row.due for row in rows)]
    return [_part(row, begins[place], fallen) for place, row in enumerate(rows) if row.settled_at is None]


def outstanding(session: Session, loan: Loan) -> int:
    """What is left of the principal, in minor units; all of it before it was paid out."""
    if loan.state != "active":
        return loan.principal_minor
    return sum(row.principal_minor - row.paid_principal_minor for row in of(session, loan))


def apply(rows: Sequence[Instalment], paid: PayOff, at: datetime) -> None:
    """Writes down what a payment has paid off; what it charged first has been written down already."""
    by_number = {row.number: row for row in rows}
    for part in paid.parts:
        row = by_number[part.number]
        row.paid_penalty_minor += part.paid.penalty
        row.paid_interest_minor += part.paid.interest
        row.paid_principal_minor += part.paid.principal
        if paid.settles:
            row.interest_is_charged = True  # What was not charged by now never will be.
        if is_paid(row):
            row.settled_at = at


def owe_again(row: Instalment, unpaid: Unpaid, paid_at: datetime | None) -> None:
    """Writes down that this much of what was paid at `paid_at` is not paid any more.

    Interest that was let go because that payment settled the loan early is charged in its time after all.
    """
    row.paid_principal_minor -= unpaid.principal
    row.paid_interest_minor -= unpaid.interest
    row.paid_penalty_minor -= unpaid.penalty
    if unpaid.principal and row.settled_at == paid_at and not row.interest_charged_minor:
        row.interest_is_charged = False
    row.settled_at = None


def give_up(rows: Sequence[Instalment], at: datetime) -> None:
    """Ends the instalments of a loan that was written off: what the group gave up then is not owed any more."""
    for row in rows:
        if row.settled_at is None:
            row.paid_principal_minor, row.paid_penalty_minor = row.principal_minor, row.penalty_minor
            row.paid_interest_minor = row.interest_charged_minor
            row.interest_is_charged = row.penalty_is_charged = True
            row.settled_at = at


def is_paid(row: Instalment) -> bool:
    """Whether nothing is left of it."""
    return (
        row.interest_is_charged
        and row.paid_principal_minor == row.principal_minor
        and row.paid_interest_minor == row.interest_charged_minor
        and row.paid_penalty_minor == row.penalty_minor
    )


def _part(row: Instalment, begins: date, fallen: FallenDue) -> Part:
    coming = fallen.of("interest", row.number)
    charged = row.interest_is_charged or coming is not None
    in_the_book = row.interest_charged_minor - row.paid_interest_minor
    return Part(
        number=row.number,
        begins=begins,
        due=row.due,
        principal=row.principal_minor - row.paid_principal_minor,
        interest=in_the_book + (coming or 0) if charged else row.interest_minor,
        penalty=row.penalty_minor - row.paid_penalty_minor + (fallen.of("penalty", row.number) or 0),
        charged=charged,
    )
