"""Limits as the adapters keep them: smallest and largest in major units, by currency or by currency and account."""

from collections.abc import Hashable, Mapping
from decimal import Decimal
from typing import TypeVar

from core.money import Money
from payments.errors import UnsupportedCurrency

Key = TypeVar("Key", bound=Hashable)


def read(limits: Mapping[Key, tuple[str, str]], key: Key, currency: str) -> tuple[Money, Money]:
    """The smallest and the largest amount under this key. Raises `UnsupportedCurrency` where there is none."""
    if key not in limits:
        raise UnsupportedCurrency(str(key))
    smallest, largest = limits[key]
    return Money.of_major(Decimal(smallest), currency), Money.of_major(Decimal(largest), currency)
