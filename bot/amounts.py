"""Amounts as people write them. Anything that could mean two numbers is refused, never guessed."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from core.errors import MoneyError
from core.money import Money

Problem = Literal["missing", "unreadable", "ambiguous", "not_positive", "too_fine", "other_currency", "too_large"]

# Signs and words of currencies as members write them; "$" is left out, since it means several.
CURRENCY_WORDS = {
    "kes": "KES", "ksh": "KES", "kshs": "KES", "ksh.": "KES", "kshs.": "KES", "bob": "KES",
    "ngn": "NGN", "₦": "NGN", "n": "NGN", "naira": "NGN",
    "ghs": "GHS", "₵": "GHS", "gh₵": "GHS", "gh¢": "GHS", "ghc": "GHS", "cedi": "GHS", "cedis": "GHS",
    "zar": "ZAR", "r": "ZAR", "rand": "ZAR", "rands": "ZAR",
    "ugx": "UGX", "ush": "UGX", "tzs": "TZS", "tsh": "TZS", "rwf": "RWF", "frw": "RWF",
    "xof": "XOF", "cfa": "XOF", "fcfa": "XOF", "usd": "USD",
}  # fmt: skip
SHARED_WORDS = {"shilling": "KES UGX TZS", "shillings": "KES UGX TZS", "sh": "KES UGX TZS", "/=": "KES UGX TZS"}
MULTIPLIERS = {"": 1, "k": 1_000, "m": 1_000_000}

_WORD = r"(?:/=|[^\W\d_]*[₦₵¢$]?[^\W\d_]*\.?)"
_AMOUNT = re.compile(
    rf"(?P<before>{_WORD})\s*(?P<sign>[-+−]?)\s*(?P<number>\d[\d.,' \u00a0\u202f]*)(?P<after>.*)", re.S
)
_PLAIN = re.compile(r"\d+")
_DECIMALS = re.compile(r"\d+\.\d{1,2}")
_COMMAS = re.compile(r"\d{1,3}(,\d{3})+(\.\d{1,2})?")
_SPACES = re.compile(r"\d{1,3}([ \u00a0\u202f]\d{3})+(\.\d{1,2})?")


@dataclass(frozen=True, slots=True)
class Reading:
    """Either `money`, or the `problem` that a person can be told about; `rest` is what stood behind the amount."""

    money: Money | None = None
    problem: Problem | None = None
    rest: str = ""


def read(text: str, currency: str) -> Reading:
    """The amount at the start of `text`, in a group that saves in `currency`.

    Understood: 5000 · 5,000 · 5 000 · 5000.50 · 5k · 2.5k · ₦5000 · ksh 500 · 500/= . Refused: 5.000,50 · 5.000 · 1,5.
    """
    stripped = text.strip()
    if not stripped:
        return Reading(problem="missing")
    match = _AMOUNT.fullmatch(stripped)
    if match is None:
        return Reading(problem="unreadable")
    if match["sign"] in ("-", "−"):
        return Reading(problem="not_positive")
    suffix, after_word, rest = _split_after(match["after"])
    for word in filter(None, (match["before"].lower(), after_word)):
        problem = _check_currency(word, currency)
        if problem is not None:
            return Reading(problem=problem)
    number = _number(match["number"].strip(" \u00a0\u202f"), suffix)
    if number is None:
        return Reading(problem="ambiguous")
    return _as_money(number * MULTIPLIERS[suffix], currency, rest)


def _as_money(number: Decimal, currency: str, rest: str) -> Reading:
    if number <= 0:
        return Reading(problem="not_positive")
    if number >= 10**13:
        return Reading(problem="too_large")
    try:
        return Reading(money=Money.of_major(number, currency), rest=rest)
    except MoneyError:
        return Reading(problem="too_fine")


def _number(digits: str, suffix: str) -> Decimal | None:
    if _PLAIN.fullmatch(digits):
        return Decimal(digits)
    if suffix and re.fullmatch(r"\d{1,3}\.\d{1,2}", digits):
        return Decimal(digits)  # 2.5k
    if suffix:
        return None
    if _DECIMALS.fullmatch(digits):
        return Decimal(digits)
    if _COMMAS.fullmatch(digits) or _SPACES.fullmatch(digits):
        return Decimal(re.sub(r"[, \u00a0\u202f]", "", digits))
    return None


def _split_after(after: str) -> tuple[str, str, str]:
    """What follows the figures: k or m, a currency word, and the rest of the sentence."""
    match = re.fullmatch(
        r"(?P<suffix>[kKmM](?![^\W\d_]))?\s*(?P<word>/=|[^\W\d_]*[₦₵]?\.?)\s*(?P<rest>.*)", after, re.S
    )
    if match is None:
        return "", "", after.strip()
    word = match["word"].lower()
    known = word in CURRENCY_WORDS or word in SHARED_WORDS
    rest = match["rest"] if known else f"{match['word']} {match['rest']}"
    return (match["suffix"] or "").lower(), word if known else "", rest.strip(" .!")


def _check_currency(word: str, currency: str) -> Problem | None:
    if word in SHARED_WORDS:
        return None if currency in SHARED_WORDS[word].split() else "other_currency"
    if word in CURRENCY_WORDS:
        return None if CURRENCY_WORDS[word] == currency else "other_currency"
    return "other_currency" if "$" in word else "unreadable"
