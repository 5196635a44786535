"""Major units outside, minor units inside: reading and writing Flutterwave's amounts and moments."""

from datetime import UTC, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from core.errors import MoneyError
from core.money import Money, minor_digits
from sandbox.flutterwave.envelope import FlutterwaveError

# The country of each currency that is collected and paid out here.
COUNTRY = {
    "NGN": "NG",
    "GHS": "GH",
    "KES": "KE",
    "ZAR": "ZA",
    "UGX": "UG",
    "RWF": "RW",
    "XOF": "CI",
    "XAF": "CM",
    "TZS": "TZ",
    "ZMW": "ZM",
    "USD": "US",
}
MAX_MINOR = 10**13


def number(minor: int, currency: str) -> int | float:
    """Major units as a JSON number."""
    return json_number(Money(minor, currency).major)


def json_number(major: Decimal) -> int | float:
    """Whole where it can be; a float of at most 15 digits is written as exactly these digits."""
    return int(major) if major == major.to_integral_value() else float(major)


def read_minor(value: Any, currency: str, name: str = "amount") -> int:
    """Minor units of an amount sent as a number or as its text.

    Raises:
        FlutterwaveError: it is no positive amount of this currency.
    """
    is_given = isinstance(value, (int, str, Decimal)) and not isinstance(value, bool) and str(value).strip() != ""
    if not is_given:
        raise FlutterwaveError(f"{name} is required")
    try:
        minor = Money.of_major(Decimal(str(value).strip()), currency).amount_minor
    except (InvalidOperation, MoneyError) as error:
        raise FlutterwaveError(f"{name} must be a valid number") from error
    if not 0 < minor <= MAX_MINOR:
        raise FlutterwaveError(f"{name} must be greater than 0")
    return minor


def read_currency(value: Any, usual: str = "NGN") -> str:
    """
    Raises:
        FlutterwaveError: it is none that is collected here.
    """
    currency = str(value or usual).upper()
    if currency not in COUNTRY:
        raise FlutterwaveError("Currency not supported")
    return currency


def same_major(minor: int, currency: str, other: str) -> int:
    """As many minor units of another currency as have the same figure in major units, cut to what it has."""
    return int(Money(minor, currency).major.scaleb(minor_digits(other)))


def shown(minor: int, currency: str) -> str:
    """`KES 5,000`, and `KES 5,000.50` where there are cents."""
    return str(Money(minor, currency))


def iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def read_moment(text: str, is_end: bool = False) -> datetime:
    """A day or a moment; a day as an end is all of it.

    Raises:
        FlutterwaveError: it is neither.
    """
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise FlutterwaveError(f"'{text}' is not a valid date") from error
    if is_end and len(text) == len("2020-01-01"):
        moment = datetime.combine(moment.date(), time.max)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
