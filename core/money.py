"""Money: whole minor units of one ISO 4217 currency. Never a float, never two currencies in one sum."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Self

from babel.numbers import format_decimal, get_currency_precision, list_currencies

from core.errors import MoneyError

MAX_MINOR = 2**63 - 1


@cache
def minor_digits(currency: str) -> int:
    """How many decimals the currency has: 2 for KES, 0 for UGX, RWF and XOF. Raises `MoneyError` for unknown codes."""
    if currency not in list_currencies():
        raise MoneyError(f"{currency!r} is not an ISO 4217 currency")
    return get_currency_precision(currency)


@dataclass(frozen=True, slots=True)
class Money:
    """`amount_minor` in minor units (cents, kobo; whole shillings for UGX), which may be negative."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount_minor, int) or isinstance(self.amount_minor, bool):
            raise MoneyError(f"an amount is a whole number of minor units, not {self.amount_minor!r}")
        if abs(self.amount_minor) > MAX_MINOR:
            raise MoneyError("the amount is beyond what a ledger entry can hold")
        minor_digits(self.currency)

    @classmethod
    def of_major(cls, amount: Decimal, currency: str) -> Self:
        """From major units: `Decimal("76.15"), "KES"` is 7,615 minor. Raises `MoneyError` for a fraction of a cent."""
        if not amount.is_finite():
            raise MoneyError(f"{amount} is no amount")
        numerator, denominator = amount.as_integer_ratio()  # exact, where scaleb() rounds to 28 digits
        minor, rest = divmod(numerator * 10 ** minor_digits(currency), denominator)
        if rest:
            raise MoneyError(f"{amount} has more decimals than {currency}")
        return cls(minor, currency)

    @property
    def major(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.amount_minor).scaleb(-minor_digits(self.currency))

    @property
    def plain(self) -> str:
        """The bare figures as a member would type them: `5000`, `76.15`."""
        return f"{self.major:f}" if self.major % 1 else f"{int(self.major)}"

    @property
    def figures(self) -> str:
        """For people, where the currency is known: `5,000`, `76.15`; decimals only where there are some."""
        digits = minor_digits(self.currency) if self.major % 1 else 0
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return format_decimal(self.major, format=pattern, locale="en")

    def __add__(self, other: Self) -> "Money":
        return Money(self.amount_minor + self._same_currency(other), self.currency)

    def __sub__(self, other: Self) -> "Money":
        return Money(self.amount_minor - self._same_currency(other), self.currency)

    def __str__(self) -> str:
        """For people: `KES 5,000`, `KES 76.15`; decimals only where there are some."""
        return f"{self.currency} {self.figures}"

    def _same_currency(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise MoneyError(f"{self.currency} and {other.currency} cannot be added")
        return other.amount_minor
