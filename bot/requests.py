"""Requests for money as people write them: "10000 to Baraka for school fees", "20000 for 3 months because the roof".

Only takes a sentence apart; amounts are read by `bot.amounts`, and nothing here guesses: what could mean two things is
left for a question. A request is written down between questions in one clear form (`Request.text`).
"""

import re
import unicodedata
from dataclasses import dataclass, replace

from rapidfuzz import fuzz, process

from ledger.groups import Member
from ledger.names import brief

# A ballot names a group, two people, an account and a reason, and must fit two SMS with the longest of each.
MOST_REASON = 55
FEWEST_LETTERS = 3
ONESELF = ("me", "myself", "own", "mpesa", "m-pesa", *(f"my {word}" for word in ("account", "phone", "mpesa", "bank")))
# "withdraw 5000 to buy seeds" says what for, not to whom.
VERBS = re.compile(
    r"(?:attend|build|bury|buy|clear|cover|do|feed|finish|fix|get|give|go|have|help|hire|make|marry|open|pay|plant|replace"
    r"|repair|send|settle|start|stock|support|take|travel|treat|use|visit)\b",
    re.I,
)
COUNTING = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
NUMBERS = {word: number for number, word in enumerate(COUNTING, start=1)} | {"a": 1, "an": 1}

_POLITE = re.compile(r"(?:^|[\s,])(?:please|pls|plz|kindly|thanks|thank you)[\s.!]*$", re.I)
_STRONG = re.compile(r"(?:^|\s)(?:because(?:\s+of)?|since|so that|reason)\b\s*[:,]?\s*(?P<rest>\S.*)$", re.I | re.S)
_FOR = re.compile(r"(?:^|\s)for\s+(?P<rest>\S.*)$", re.I | re.S)
_MARK = re.compile(r"(?<=\d)\s*(?::|,\s|\s-\s)\s*(?P<rest>[^\d\s].*)$", re.S)
_COUNT = r"(?P<count>\d{1,3}|half\s+an?|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_UNIT = r"(?P<unit>weeks?|wks?|months?|mnths?|mths?|years?|yrs?)(?![\w'’])"
_PERIODS = re.compile(rf"(?:(?:for|over|in|within)\s+)?\b{_COUNT}\s*{_UNIT}", re.I)
_AT_END = re.compile(rf"(?:^|\s)(?:over|in|within|for)\s+{_COUNT}\s*{_UNIT}\s*$", re.I)
_CASH = re.compile(r"(?:^|\s)(?:in|as|by)\s+cash(?=\s|$)|(?:^|\s)cash$", re.I)
_PAYEE = re.compile(r"(?:^|\s)to\s+(?P<payee>\S.*)$", re.I | re.S)
_SAVINGS = re.compile(r"(?:^|\s)(?:from|out of|with)\s+(?:my\s+)?savings?(?=\s|$)", re.I)
_AMOUNT_LAST = re.compile(r"^(?P<name>.*\D)\s+(?P<amount>\S*\d\S*)$", re.S)
_LINKS = re.compile(r"\S*(?:://|www\.)\S*")
_LEADING = re.compile(r"^(?:for|because(?:\s+of)?|since|to)\s+", re.I)


@dataclass(frozen=True, slots=True)
class Request:
    """The parts of a request, as they were written; "" or None for what was not said. `unit` is weekly or monthly.

    `payee` is "" for oneself.
    """

    amount: str = ""
    reason: str = ""
    payee: str = ""
    periods: int | None = None
    unit: str | None = None
    cash: bool = False
    from_savings: bool = False

    @property
    def text(self) -> str:
        """The request written out again, so that it is read as it was meant."""
        periods = f"for {self.periods} {'weeks' if self.unit == 'weekly' else 'months'}" if self.periods else ""
        payee = f"to {self.payee}" if self.payee else ""
        cash, reason = "in cash" if self.cash else "", f"because {self.reason}" if self.reason else ""
        return " ".join(part for part in (self.amount, payee, cash, periods, reason) if part)


def merged(before: Request, now: Request) -> Request:
    """The request with what was said since: an answer may bring more than was asked for."""
    return Request(
        amount=now.amount or before.amount,
        reason=now.reason or before.reason,
        payee=now.payee or before.payee,
        periods=now.periods or before.periods,
        unit=now.unit or before.unit,
        cash=now.cash or before.cash,
        from_savings=now.from_savings or before.from_savings,
    )


def read(text: str) -> Request:
    """Takes a request apart that has no time in it: whatever stands before the first keyword is the amount."""
    text = _without_politeness(text)
    reason, text = _take(_STRONG, text, "rest")
    if not reason:
        reason, text = _take(_FOR, text, "rest")
    if not reason:
        reason, text = _take(_MARK, text, "rest")
    return _read_rest(Request(reason=reason), text)


def read_loan(text: str) -> Request:
    """Takes a request for a loan apart: "for" may begin a time or a reason; a reason is left as it is.

    Years become months, half a year six of them.
    """
    text = _without_politeness(text)
    reason, text = _take(_STRONG, text, "rest")
    periods, unit, text = _take_periods(text, _PERIODS)
    if not reason:
        reason, text = _take(_FOR, text, "rest")
        if periods is None:  # "for the roof over 3 months"
            periods, unit, reason = _take_periods(reason, _AT_END)
    return _read_rest(Request(reason=reason, periods=periods, unit=unit), text)


def periods(said: str, unit: str) -> tuple[int, str] | None:
    """How long, as an answer: "3", "3 months", "half a year"; `unit` (weekly, monthly) is that of a bare number."""
    said = _without_politeness(said).strip(" .!").casefold()
    said = re.sub(r"^(?:for|over|in)\s+", "", said)
    number = int(said) if said.isdecimal() and len(said) <= 3 else NUMBERS.get(said)
    if number is not None:
        return number, unit
    match = _PERIODS.fullmatch(said)
    return _counted(match) if match else None


def one_line(text: str) -> str:
    """What everybody will read: one line, without links, pictures and politeness, no longer than an SMS bears."""
    kept = "".join(char for char in _LINKS.sub("", text) if unicodedata.category(char) not in ("So", "Cs", "Cn"))
    kept = _LEADING.sub("", _without_politeness(kept).strip(" .,:;-"))
    return kept if len(kept) <= MOST_REASON else kept[: MOST_REASON - 1].rsplit(" ", 1)[0]


def is_reason(text: str) -> bool:
    """Whether it says something: at least three letters."""
    return sum(char.isalpha() for char in text) >= FEWEST_LETTERS and text.casefold() not in ("yes", "no", "ok", "okay")


def named(members: list[Member], text: str) -> list[Member]:
    """The members whom a name may mean: exactly one when it is clear, several or none when it is not."""
    said = " ".join(text.casefold().split()).strip(" .,!")
    if not said:
        return []
    for name_of in (lambda name: name, lambda name: brief(name), lambda name: name.split(" ")[0]):
        exact = [member for member in members if name_of(member.name.casefold()) == said]
        if exact:
            return exact
    begun = [member for member in members if member.name.casefold().startswith(f"{said} ")]
    if begun:
        return begun
    names = [member.name.casefold() for member in members]
    near = process.extract(said, names, scorer=fuzz.ratio, score_cutoff=85, limit=2)
    return [members[index] for _, _, index in near]


def _read_rest(found: Request, text: str) -> Request:
    """The amount, the payee and the place of the money, out of what stands before the reason."""
    reason = found.reason
    cash, text = _take(_CASH, text)
    if not cash:
        cash, reason = _take(_CASH, reason) if reason.casefold().endswith(" cash") else ("", reason)
    from_savings, text = _take(_SAVINGS, text)
    payee, text = _take(_PAYEE, text, "payee")
    if VERBS.match(payee):
        reason, payee = f"{payee} for {reason}" if reason else payee, ""
    amount, payee = text.strip(" ,.;:"), payee.strip(" ,.;")
    turned = _AMOUNT_LAST.match(payee)
    if not amount and turned:
        payee, amount = turned["name"].strip(), turned["amount"]
    if payee.casefold() in ONESELF:
        payee = ""
    return replace(
        found, amount=amount, reason=one_line(reason), payee=payee, cash=bool(cash), from_savings=bool(from_savings)
    )


def _without_politeness(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    while (shorter := _POLITE.sub("", text).strip()) != text:
        text = shorter
    return text


def _take(pattern: re.Pattern[str], text: str, group: int | str = 0) -> tuple[str, str]:
    """(what was found, the text without it)."""
    match = pattern.search(text)
    if match is None:
        return "", text
    return match[group].strip(), f"{text[: match.start()]} {text[match.end() :]}".strip()


def _take_periods(text: str, pattern: re.Pattern[str]) -> tuple[int | None, str | None, str]:
    match = pattern.search(text)
    if match is None:
        return None, None, text
    count, unit = _counted(match)
    return count, unit, f"{text[: match.start()]} {text[match.end() :]}".strip()


def _counted(match: re.Match[str]) -> tuple[int, str]:
    said, unit = " ".join(match["count"].casefold().split()), match["unit"].casefold()
    if unit.startswith("w"):
        return (int(said) if said.isdecimal() else NUMBERS.get(said, 1)), "weekly"
    months = 12 if unit.startswith("y") else 1
    if said.startswith("half"):
        return max(months // 2, 1), "monthly"
    return (int(said) if said.isdecimal() else NUMBERS.get(said, 1)) * months, "monthly"
