"""The words, dates and figures of one document, in its language."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal

from bot import texts
from bot.documents.lettering import printable
from core.money import Money, minor_digits

CHANNEL = "document"
MINUS = "\u2212"


@dataclass(frozen=True)
class Words:
    """`cents` says whether figures have decimals: all of one document or none, so that columns line up."""

    language: str
    cents: bool = False

    @cached_property
    def locale(self) -> Locale:
        """How dates and figures are written: English where the sentences are English too."""
        try:
            return Locale.parse(texts.spoken(self.language), sep="-")
        except (UnknownLocaleError, ValueError):
            return Locale.parse(texts.FALLBACK)

    def say(self, key: str, **values: Any) -> str:
        """The sentence `key` with these values, in letters that the font has."""
        return printable(texts.say(self.language, CHANNEL, key, **values))

    def day(self, on: date) -> str:
        """`1 Sep 2026`."""
        return format_date(on, "d MMM y", locale=self.locale)

    def figure(self, amount: Money) -> str:
        """The bare figure: `12,500`, `−76.15`."""
        digits = minor_digits(amount.currency) if self.cents else 0
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        written: str = format_decimal(amount.major, format=pattern, locale=self.locale)
        return printable(written.replace("-", MINUS))

    def money(self, amount: Money) -> str:
        """The figure with its currency, which no line break tears apart: `KES 12,500`."""
        return f"{amount.currency}\u00a0{self.figure(amount)}"


def has_cents(*amounts: Money) -> bool:
    """Whether any of the amounts is not whole."""
    return any(amount.major % 1 for amount in amounts)
