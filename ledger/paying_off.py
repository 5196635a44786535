"""What a payment pays off, instalment by instalment. Only arithmetic, in minor units; nothing here opens the book.

Oldest instalment first and whole before the next; within one, penalties → interest → principal. The interest of an
instalment that is not due yet is charged when a payment reaches it. Whoever pays all of it off early pays the interest
of the period that is running, and none of the periods that have not begun (docs/decisions/0015).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from ledger import schedules
from ledger.legs import Allocation

UNLIMITED = 2**62


@dataclass(frozen=True, slots=True)
class Part:
    """What is left of one instalment, whose period began on the day `begins`.

    `interest` is what is unpaid of it when it is `charged`, so that it stands in the book; else what the period costs.
    """

    number: int
    begins: date
    due: date
    principal: int
    interest: int
    penalty: int
    charged: bool

    @property
    def total(self) -> int:
        return self.principal + self.interest + self.penalty


@dataclass(frozen=True, slots=True)
class PaidPart:
    """What a payment does to one instalment: interest that it charges first, and what it then pays off."""

    number: int
    charges: int
    paid: Allocation


@dataclass(frozen=True, slots=True)
class PayOff:
    """What a payment does to a loan. `settles`: nothing is left, and interest that was not charged never will be."""

    parts: Sequence[PaidPart]
    surplus: int
    settles: bool

    @property
    def paid(self) -> Allocation:
        """All of it together, without the surplus."""
        return added(part.paid for part in self.parts)


def to_settle(parts: Sequence[Part], on: date, room: int = UNLIMITED) -> int:
    """What it takes to be done with the loan on this day.

    `room` is how much interest may still be charged (in duplum): nobody is asked for more than the law allows.
    """
    return sum(part.penalty + part.principal + interest for part, interest in _settling(parts, on, room))


def pay_off(parts: Sequence[Part], amount: int, on: date, room: int = UNLIMITED) -> PayOff:
    """What `amount` pays off; what is more than everything is `surplus`."""
    if amount >= to_settle(parts, on, room):
        settled = [
            PaidPart(
                part.number,
                0 if part.charged else interest,
                Allocation(penalty=part.penalty, interest=interest, principal=part.principal),
            )
            for part, interest in _settling(parts, on, room)
        ]
        return PayOff(settled, amount - sum(each.paid.total for each in settled), settles=True)
    paid, left = list[PaidPart](), amount
    for part, owed in zip(parts, by_schedule(parts, room), strict=True):
        if not left:
            break
        taken = schedules.allocate(left, owed)
        left = taken.surplus
        charges = 0 if part.charged else owed.interest
        paid.append(PaidPart(part.number, charges, Allocation(taken.penalty, 0, taken.interest, taken.principal)))
    return PayOff(paid, left, settles=False)


def by_schedule(parts: Sequence[Part], room: int = UNLIMITED) -> Sequence[Allocation]:
    """What each part takes to be paid, if all are paid in their order; `room` as above."""
    owed = list[Allocation]()
    for part in parts:
        interest = part.interest if part.charged else min(part.interest, room)
        room -= 0 if part.charged else interest
        owed.append(Allocation(penalty=part.penalty, interest=interest, principal=part.principal))
    return owed


def added(allocations: Iterable[Allocation]) -> Allocation:
    """All of them together."""
    each = list(allocations)
    return Allocation(
        sum(one.penalty for one in each),
        sum(one.fee for one in each),
        sum(one.interest for one in each),
        sum(one.principal for one in each),
        sum(one.surplus for one in each),
    )


def less(owed: Allocation, paid: Allocation) -> Allocation:
    """What is left of `owed` after a payment that was no surplus. Raises `AmountNotPositive` when more was paid."""
    return Allocation(
        owed.penalty - paid.penalty,
        owed.fee - paid.fee,
        owed.interest - paid.interest,
        owed.principal - paid.principal,
    )


def _settling(parts: Sequence[Part], on: date, room: int) -> Sequence[tuple[Part, int]]:
    """Each part with the interest that settling it today costs."""
    found = list[tuple[Part, int]]()
    for part in parts:
        if part.charged:
            found.append((part, part.interest))
            continue
        interest = min(part.interest, room) if part.begins < on else 0
        room -= interest
        found.append((part, interest))
    return found
