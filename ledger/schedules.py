"""Schedules: what a loan costs and when each part of it falls due, and what a repayment pays off. Only arithmetic.

Nothing here touches the database or computes in floats. A rate is an exact fraction until it becomes money, so that a
tie is a tie, and then it is rounded half to even. The last instalment clears the balance.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from core.money import MAX_MINOR, Money
from ledger import errors
from ledger.legs import Allocation

Method = Literal["declining_equal", "declining_principal", "flat"]
Period = Literal["weekly", "monthly"]

MAX_PERIODS = 520
MAX_EVERY = 52
MAX_RATE_PERCENT = 100
# More than any division of decimals yields (10 / 12 has 28), and few enough that 520 periods stay quick.
MAX_RATE_DECIMALS = 40


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed. The first instalment is due one period after `start`, the day on which the member gets the loan.

    `rate_percent` is for one instalment: 2 % a month paid back every two months (`every=2`) is 4. Interest and
    instalments are rounded to `rounding_unit`; every instalment but the last is a multiple of `instalment_multiple`.
    Both are minor units, and None is the currency's smallest.
    """

    principal: Money
    rate_percent: Decimal
    periods: int
    method: Method
    start: date
    period: Period = "monthly"
    every: int = 1
    rounding_unit: int | None = None
    instalment_multiple: int | None = None

    @property
    def rate(self) -> Fraction:
        """The rate for one instalment as an exact part of the balance."""
        return Fraction(self.rate_percent) / 100

    @property
    def unit(self) -> int:
        """What interest is rounded to, in minor units."""
        return 1 if self.rounding_unit is None else self.rounding_unit


@dataclass(frozen=True, slots=True)
class Instalment:
    """Number 1 is the first; `total` is to be paid by `due`, and `balance` is the principal that is owed after it."""

    number: int
    due: date
    principal: Money
    interest: Money
    total: Money
    balance: Money


@dataclass(frozen=True, slots=True)
class Schedule:
    """The instalments of a loan; their principals add up to what was lent, exactly."""

    terms: Terms
    instalments: tuple[Instalment, ...]

    @property
    def interest(self) -> Money:
        """What the loan costs."""
        return self.total - self.terms.principal

    @property
    def total(self) -> Money:
        """What is paid back."""
        return Money(sum(each.total.amount_minor for each in self.instalments), self.terms.principal.currency)


def draw_up(terms: Terms) -> Schedule:
    """The schedule of a loan on these terms, as long as nobody is late.

    Interest is round(balance × rate), and for `flat` round(P × rate). The equal instalment is
    round(P·r / (1 − (1+r)^−n)); the other methods pay round(P / n) back each time. A multiple changes how much of an
    instalment is principal.
    Raises `AmountNotPositive`, `AmountTooLarge` and every `LoanError`.
    """
    _check(terms)
    parts = list(_parts(terms))
    if sum(principal + interest for principal, interest in parts) > MAX_MINOR:
        raise errors.AmountTooLarge("what would be paid back is beyond what a ledger entry can hold")
    return Schedule(terms, tuple(_instalments(terms, parts)))


def due_date(terms: Terms, number: int) -> date:
    """When instalment `number` is due. Each is counted from the start, so 31 Jan leads to 28 Feb and then to 31 Mar.

    Raises `DueDateOutOfRange` where the calendar ends.
    """
    steps = number * terms.every
    try:
        return terms.start + timedelta(weeks=steps) if terms.period == "weekly" else _months_later(terms.start, steps)
    except (OverflowError, ValueError) as error:
        raise errors.DueDateOutOfRange("the last instalment would be due after the year 9999") from error


def allocate(paid: int, owed: Allocation) -> Allocation:
    """What a payment pays off, in minor units: penalties, fees, interest, principal, and the rest is `surplus`.

    The order is fixed, so that nobody can argue about it afterwards. Raises `AmountNotPositive` for a payment below
    zero, and `Unbalanced` for a surplus, which nobody can owe.
    """
    _check_payment(paid)
    if owed.surplus:
        raise errors.Unbalanced("only what is owed can be paid off")
    penalty = min(paid, owed.penalty)
    fee = min(paid - penalty, owed.fee)
    interest = min(paid - penalty - fee, owed.interest)
    principal = min(paid - penalty - fee - interest, owed.principal)
    return Allocation(penalty, fee, interest, principal, paid - penalty - fee - interest - principal)


def allocate_oldest_first(paid: int, owed: Iterable[Allocation]) -> tuple[list[Allocation], int]:
    """What pays off each instalment, where the first one is the oldest, and what is left over when all are paid.

    The oldest is cleared whole, its principal too, before anything goes to the next. Minor units; raises as `allocate`.
    """
    _check_payment(paid)
    parts, left = list[Allocation](), paid
    for instalment in owed:
        part = allocate(left, instalment)
        parts.append(Allocation(part.penalty, part.fee, part.interest, part.principal))
        left = part.surplus
    return parts, left


def _check_payment(paid: int) -> None:
    if paid < 0:
        raise errors.AmountNotPositive("nobody pays less than nothing")


def _check(terms: Terms) -> None:
    """Everything that is wrong before a single number is computed."""
    rate = terms.rate_percent
    if terms.principal.amount_minor <= 0:
        raise errors.AmountNotPositive("a loan is more than nothing")
    if not 1 <= terms.periods <= MAX_PERIODS:
        raise errors.PeriodsOutOfRange(f"a loan has 1 to {MAX_PERIODS} instalments, not {terms.periods}")
    if not 1 <= terms.every <= MAX_EVERY:
        raise errors.PeriodsOutOfRange(f"an instalment is due every 1 to {MAX_EVERY} weeks or months")
    if not rate.is_finite() or not 0 <= rate <= MAX_RATE_PERCENT:
        raise errors.RateOutOfRange(f"a rate is 0 to {MAX_RATE_PERCENT} % for each instalment")
    if _decimals(rate) > MAX_RATE_DECIMALS:
        raise errors.RateOutOfRange(f"a rate has {MAX_RATE_DECIMALS} decimals at most")
    if terms.unit < 1:
        raise errors.RoundingOutOfRange("a rounding unit is more than nothing")
    if terms.instalment_multiple is not None and terms.instalment_multiple < 1:
        raise errors.RoundingOutOfRange("an instalment multiple is more than nothing")


def _decimals(number: Decimal) -> int:
    """How many are written; of a finite number the exponent is always a whole one."""
    return -int(number.as_tuple().exponent)


def _parts(terms: Terms) -> Iterator[tuple[int, int]]:
    """Principal and interest of each instalment, in minor units. Raises `RoundingTooCoarse`."""
    balance, charged = terms.principal.amount_minor, 0
    equal_instalment = _equal_instalment(terms)
    for number in range(1, terms.periods + 1):
        last = number == terms.periods
        interest = _flat_interest(terms, charged, last) if terms.method == "flat" else _interest(terms, balance)
        principal = balance if last else _principal(terms, equal_instalment, interest)
        # Also finds the loan that is paid back too early: what is left for the last instalment is not positive then.
        if principal <= 0:
            raise errors.RoundingTooCoarse(number)
        yield principal, interest
        balance, charged = balance - principal, charged + interest


def _equal_instalment(terms: Terms) -> int:
    """P·r / (1 − (1+r)^−n), multiplied out so that there is one exact division; P / n where money costs nothing."""
    growth = (1 + terms.rate) ** terms.periods
    share = terms.rate * growth / (growth - 1) if terms.rate else Fraction(1, terms.periods)
    return _rounded(terms.principal.amount_minor * share, terms.instalment_multiple or terms.unit)


def _interest(terms: Terms, balance: int) -> int:
    return _rounded(balance * terms.rate, terms.unit)


def _flat_interest(terms: Terms, charged: int, last: bool) -> int:
    """The same each time, until the whole loan's interest is charged; the last instalment brings what is missing.

    So the total is what was promised, round(P·r·n), and never n roundings away from it.
    """
    whole = _rounded(terms.principal.amount_minor * terms.rate * terms.periods, terms.unit)
    return whole - charged if last else min(_interest(terms, terms.principal.amount_minor), whole - charged)


def _principal(terms: Terms, equal_instalment: int, interest: int) -> int:
    """What an instalment that is not the last pays back."""
    if terms.method == "declining_equal":
        return equal_instalment - interest
    share = Fraction(terms.principal.amount_minor, terms.periods)
    if terms.instalment_multiple is None:
        return _rounded(share, terms.unit)
    return _rounded(share + interest, terms.instalment_multiple) - interest


def _instalments(terms: Terms, parts: list[tuple[int, int]]) -> Iterator[Instalment]:
    balance, currency = terms.principal, terms.principal.currency
    for number, (principal_minor, interest_minor) in enumerate(parts, start=1):
        principal, interest = Money(principal_minor, currency), Money(interest_minor, currency)
        balance -= principal
        yield Instalment(number, due_date(terms, number), principal, interest, principal + interest, balance)


def _rounded(amount: Fraction, step: int) -> int:
    """To the nearest multiple of `step`, and half-way to the even one, as `round` does with fractions."""
    return round(amount / step) * step


def _months_later(start: date, count: int) -> date:
    """The same day of a later month, or that month's last day."""
    years, month = divmod(start.month - 1 + count, 12)
    year = start.year + years
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))
