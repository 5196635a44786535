"""Amounts as people write them. Anything that could mean two numbers is refused, never guessed."""

import re
import unicodedata
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
SHARED_WORDS = dict.fromkeys(("shilling", "shillings", "sh", "shs", "/=", "/-"), "KES UGX TZS")
MULTIPLIERS = {"": 1, "k": 1_000, "m": 1_000_000}
# Behind an amount these change what it means, so it is asked for again.
CHANGES_THE_AMOUNT = re.compile(
    r"\b(hundreds?|thousands?|millions?|billion|grand|lakh|crore|dozen|half|quarter|double|twice|times|percent|per|each"
    r"|cents?|kobo|pesewas?|dollars?|euros?|pounds?|bucks?|one|two|three|four|five|six|seven|eight|nine|ten|twenty|thirty"
    r"|forty|fifty|sixty|seventy|eighty|ninety|or|minus|plus|less)\b"
)

_WORD = r"(?:/[=-]|[^\W\d_]*(?:[₦₵¢$][^\W\d_]*)?\.?)"
_AMOUNT = re.compile(rf"(?P<before>{_WORD})\s*(?P<sign>[-+−]?)\s*(?P<number>\d[\d.,' ]*)(?P<after>.*)", re.S)
_AFTER = re.compile(rf"(?P<suffix>[kKmM](?![^\W_]))?\s*(?P<word>{_WORD})(?P<rest>.*)", re.S)
_PLAIN = re.compile(r"\d+")
_DECIMALS = re.compile(r"\d+\.\d{1,2}")
# A group of three never follows a lone nought: 0,500 may be a half.
_COMMAS = re.compile(r"(?!0)\d{1,3}(,\d{3})+(\.\d{1,2})?")
_SPACES = re.compile(r"(?!0)\d{1,3}( \d{3})+(\.\d{1,2})?")


@dataclass(frozen=True, slots=True)
class Reading:
    """Either `money`, or the `problem` that a person can be told about; `rest` is what stood behind the amount."""

    money: Money | None = None
    problem: Problem | None = None
    rest: str = ""


def read(text: str, currency: str) -> Reading:
    """The amount at the start of `text`, in a group that saves in `currency`.

    Understood: 5000 · 5,000 · 5 000 · 5000.50 · 5k · 2.5k · ₦5000 · ksh 500 · 500/= · 5000 please.
    Refused: 5.000,50 · 5.000 · 1,5 · 5 thousand · 5k5 · 5000-6000 · 50 dollars.
    """
    stripped = re.sub(r"\s", " ", text).strip(" *_\"'“”")
    if not stripped:
        return Reading(problem="missing")
    match = _AMOUNT.fullmatch(stripped)
    if match is None:
        return Reading(problem="unreadable")
    if match["sign"] in ("-", "−"):
        return Reading(problem="not_positive")
    suffix, after_word, rest = _split_after(match["number"], match["after"])
    for word in filter(None, (match["before"].lower(), after_word)):
        problem = _check_currency(word, currency)
        if problem is not None:
            return Reading(problem=problem)
    number = _number(match["number"].strip(" .,"), suffix)
    if number is None or _changes_the_amount(rest):
        return Reading(problem="ambiguous")
    return _as_money(number * MULTIPLIERS[suffix], currency, rest.strip(" .,!*_"))


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
    if suffix:
        return Decimal(digits) if re.fullmatch(r"\d{1,3}\.\d{1,2}", digits) else None  # 2.5k
    if _DECIMALS.fullmatch(digits):
        return Decimal(digits)
    if _COMMAS.fullmatch(digits) or _SPACES.fullmatch(digits):
        return Decimal(re.sub(r"[, ]", "", digits))
    return None


def _split_after(number: str, after: str) -> tuple[str, str, str]:
    """What follows the figures: k or m, a currency word, and the rest as it was written."""
    gap = " " if number[-1:] in " ,." else ""
    match = _AFTER.fullmatch(after)
    if match is None:
        return "", "", gap + after
    word = match["word"].lower()
    if word in CURRENCY_WORDS or word in SHARED_WORDS or word.rstrip(".") in CURRENCY_WORDS:
        known = word if word in CURRENCY_WORDS or word in SHARED_WORDS else word.rstrip(".")
        return (match["suffix"] or "").lower(), known, match["rest"]
    suffix = match["suffix"] or ""
    return suffix.lower(), "", ("" if suffix else gap) + after[len(suffix) :]


def _changes_the_amount(rest: str) -> bool:
    """Whether what follows may be a part of the amount: glued to it, figures, money signs, or words like thousand."""
    if any(char.isnumeric() or unicodedata.category(char) == "Sc" for char in rest):
        return True
    glued = re.match(r"[^\s]*", rest)
    if glued and not all(char in "*_.,!?)\"'”" or unicodedata.category(char) == "So" for char in glued[0]):
        return True
    return CHANGES_THE_AMOUNT.search(rest.casefold()) is not None


def _check_currency(word: str, currency: str) -> Problem | None:
    if word in SHARED_WORDS:
        return None if currency in SHARED_WORDS[word].split() else "other_currency"
    if word in CURRENCY_WORDS:
        return None if CURRENCY_WORDS[word] == currency else "other_currency"
    return "other_currency" if "$" in word else "unreadable"
