"""What falls due of a loan by a day, in the order of the days: interest on its own, a penalty once it is late.

Only arithmetic, in minor units; nothing here opens the book. So it is the same whether somebody looked every day or
after a month, and a member can be told today what the book will charge tonight.

In duplum (Kenya's Banking Act, section 44A): from the first late instalment on, interest and penalties together never
exceed the principal that was owed then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal

from ledger.models import Instalment, Loan
from ledger.paying_off import UNLIMITED

Kind = Literal["interest", "penalty"]


@dataclass(frozen=True, slots=True)
class Charge:
    """Interest or a penalty of instalment `number`; nothing, where the law or a rate of 0 leaves nothing of it."""

    kind: Kind
    number: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class FallenDue:
    """What the book has not charged yet, the oldest first, and where the loan stands once it has.

    `defaulted_principal` is what was owed when the loan became late, None while it never was.
    """

    charges: Sequence[Charge]
    defaulted_principal: int | None
    charged_since_default: int

    @property
    def room(self) -> int:
        """How much interest and penalty may still be charged, in minor units."""
        return room(self.defaulted_principal, self.charged_since_default)

    def of(self, kind: Kind, number: int) -> int | None:
        """What falls due of this instalment; None when that was charged before, or has not fallen due."""
        return next((each.amount_minor for each in self.charges if (each.kind, each.number) == (kind, number)), None)


def room(defaulted_principal: int | None, charged_since_default: int) -> int:
    """How much may still be charged of a loan that has been late, by the in duplum rule; else no limit."""
    return UNLIMITED if defaulted_principal is None else max(defaulted_principal - charged_since_default, 0)


def by(loan: Loan, rows: Sequence[Instalment], on: date) -> FallenDue:
    """What has fallen due of these instalments of the loan by this day, and is not charged yet."""
    owing = [row for row in rows if row.settled_at is None]
    events = [(row.due, row.number, "interest", row) for row in owing if not row.interest_is_charged]
    events += [(_late_on(loan, row), row.number, "penalty", row) for row in owing if not row.penalty_is_charged]
    defaulted, since = loan.defaulted_principal_minor, loan.charged_since_default_minor
    interest, charges = dict[int, int](), list[Charge]()
    # "interest" before "penalty" on the same day, by the alphabet; an instalment is due before it is late.
    for day, number, kind, row in sorted(events, key=lambda event: (event[0], event[2], event[1])):
        if day > on:
            break
        if kind == "interest":
            amount = interest[number] = min(row.interest_minor, room(defaulted, since))
            charges.append(Charge("interest", number, amount))
        else:
            if defaulted is None:
                defaulted = sum(each.principal_minor - each.paid_principal_minor for each in owing)
            amount = min(_penalty(loan, row, interest.get(number, 0)), room(defaulted, since))
            charges.append(Charge("penalty", number, amount))
        if defaulted is not None:
            since += amount
    return FallenDue(charges, defaulted, since)


def _late_on(loan: Loan, row: Instalment) -> date:
    """The first day on which the instalment is late by more than the days of grace; never, where the calendar ends."""
    last_day = date.max - timedelta(days=loan.grace_days + 1)
    return row.due + timedelta(days=loan.grace_days + 1) if row.due <= last_day else date.max


def _penalty(loan: Loan, row: Instalment, interest: int) -> int:
    """Of what is overdue of this instalment alone; `interest` has just fallen due and is not in its row yet."""
    overdue = row.principal_minor - row.paid_principal_minor
    if loan.penalty_base == "instalment":
        overdue += row.interest_charged_minor - row.paid_interest_minor + interest
    unit = loan.rounding_minor or 1
    # Half to even, as `round` does with fractions.
    return round(Fraction(overdue) * Fraction(loan.penalty_percent) / 100 / unit) * unit
