"""Requests for money as people write them: "10000 to Baraka for school fees", "20000 for 3 months because the roof".

Only takes a sentence apart; amounts are read by `bot.amounts`, and nothing here guesses.
"""

import re
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from ledger.groups import Member

# A ballot names a group, two people, an account and a reason, and must fit two SMS with the longest of each.
MOST_REASON = 55

_REASON = re.compile(r"(?:^|\s)(?:because(?:\s+of)?|since|for|so that|reason:?|:)\s+(?P<reason>\S.*)$", re.I | re.S)
_PERIODS = re.compile(
    r"(?:^|\s)(?:for|over|in|within)?\s*(?P<count>\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
    r"\s*(?P<unit>weeks?|wks?|months?|mnths?|mths?|years?|yrs?)\b\s*",
    re.I,
)
_CASH = re.compile(r"(?:^|\s)(?:in\s+|as\s+|by\s+)?cash\b", re.I)
_PAYEE = re.compile(r"(?:^|\s)to\s+(?P<payee>\S.*)$", re.I | re.S)
_SAVINGS = re.compile(r"(?:^|\s)(?:from|out of|with)\s+(?:my\s+)?savings?\b", re.I)
_LINKS = re.compile(r"\S*(?:://|www\.)\S*")
WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


@dataclass(frozen=True, slots=True)
class Request:
    """The parts of a request, as they were written; "" or None for what was not said. `unit` is weekly or monthly."""

    amount: str
    reason: str = ""
    payee: str = ""
    periods: int | None = None
    unit: str | None = None
    cash: bool = False
    from_savings: bool = False


def read(text: str) -> Request:
    """Takes a request apart. Years become months; whatever stands before the first keyword is the amount."""
    text = re.sub(r"\s+", " ", text).strip()
    periods, unit, text = _take_periods(text)
    reason, text = _take(_REASON, text, "reason")
    if periods is None and reason:  # "20000 for the roof over 3 months": the time may stand behind the reason.
        periods, unit, reason = _take_periods(reason)
    cash, text = _take(_CASH, text)
    from_savings, text = _take(_SAVINGS, text)
    payee, text = _take(_PAYEE, text, "payee")
    if not cash and payee:
        cash, payee = _take(_CASH, payee)
    amount, payee = text.strip(" ,.;"), payee.strip(" ,.;")
    return Request(amount, one_line(reason), payee, periods, unit, bool(cash), bool(from_savings))


def one_line(text: str) -> str:
    """What everybody will read: one line, without links, no longer than an SMS bears."""
    kept = re.sub(r"\s+", " ", _LINKS.sub("", text)).strip(" .,:;-")
    return kept if len(kept) <= MOST_REASON else kept[: MOST_REASON - 1].rsplit(" ", 1)[0]


def named(members: list[Member], text: str) -> list[Member]:
    """The members whom a name may mean: exactly one when it is clear, several or none when it is not."""
    said = text.casefold().strip(" .,!")
    exact = [member for member in members if member.name.casefold() == said]
    if exact:
        return exact
    first = [member for member in members if said and said == member.name.casefold().split(" ")[0]]
    if first:
        return first
    names = [member.name.casefold() for member in members]
    near = process.extract(said, names, scorer=fuzz.ratio, score_cutoff=85, limit=2)
    return [members[index] for _, _, index in near]


def _take(pattern: re.Pattern[str], text: str, group: int | str = 0) -> tuple[str, str]:
    """(what was found, the text without it)."""
    match = pattern.search(text)
    if match is None:
        return "", text
    return match[group].strip(), f"{text[: match.start()]} {text[match.end() :]}".strip()


def _take_periods(text: str) -> tuple[int | None, str | None, str]:
    match = _PERIODS.search(text)
    if match is None:
        return None, None, text
    said = match["count"].casefold()
    count = int(said) if said.isdecimal() else WORDS.index(said) + 1 if said in WORDS else 1
    unit = match["unit"].casefold()
    weekly, yearly = unit.startswith("w"), unit.startswith("y")
    rest = f"{text[: match.start()]} {text[match.end() :]}".strip()
    return count * (12 if yearly else 1), "weekly" if weekly else "monthly", rest
