"""Reading what a collection is asked for: the fields that opening a checkout and charging a payer have in common."""

import re
import secrets
from typing import Any

from sandbox.paystack.envelope import invalid
from sandbox.paystack.fees import CURRENCIES

MINIMUM = {"NGN": 50_00, "GHS": 10, "ZAR": 1_00, "KES": 3_00, "XOF": 1_00, "USD": 2_00}
MAX_AMOUNT = 10**13
SUBUNITS = 100
REFERENCE = re.compile(r"[A-Za-z0-9.=-]{1,100}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def currency_of(asked: dict[str, Any]) -> str:
    """Without one it is naira."""
    currency = str(asked.get("currency") or "NGN").upper()
    if currency not in CURRENCIES:
        raise invalid("unsupported_currency", "Currency not supported by merchant", "Send a currency you accept")
    return currency


def reference_of(asked: dict[str, Any]) -> str:
    given = asked.get("reference")
    if not given:
        return secrets.token_hex(5)
    if not isinstance(given, str) or not REFERENCE.fullmatch(given):
        raise invalid(
            "invalid_reference",
            "Invalid transaction reference",
            "Only -, ., = and alphanumeric characters are allowed in a reference",
        )
    return given


def email_of(asked: dict[str, Any]) -> str:
    given = asked.get("email")
    if not isinstance(given, str) or not EMAIL.fullmatch(given):
        raise invalid("invalid_email_address", "Invalid Email Address Passed", "Provide a valid email address")
    return given


def amount_of(asked: dict[str, Any], currency: str) -> int:
    amount = whole_amount(asked.get("amount"))
    if amount < MINIMUM[currency]:
        raise invalid(
            "amount_below_minimum",
            f"Amount is below the minimum of {currency} {MINIMUM[currency] / SUBUNITS:.2f}",
            "Send an amount that is not below the minimum of the currency",
        )
    return amount


def whole_amount(given: object) -> int:
    """A whole number of subunits, which forms and careless clients send as text."""
    text = str(given) if isinstance(given, (int, str)) and not isinstance(given, bool) else ""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= MAX_AMOUNT:
        raise invalid("invalid_amount", "Invalid Amount Sent", "Send a whole number of subunits")
    return int(text)
