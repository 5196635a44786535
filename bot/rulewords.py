"""The group's rules as people write and read them: one table, from a word to its column and how to read it.

Values are read strictly: what could mean something else is refused with an example, never guessed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot import amounts
from bot.talk import Talk
from core.money import Money
from ledger import rules
from ledger.models import Group

NO_LIMIT = frozenset({"none", "no", "no limit", "unlimited", "any", "off", "0"})
EXAMPLE_MAJOR = 1_000
"""What the price of a loan is shown with, in major units."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`read(text, currency)` gives the column's value or raises `ValueError`; `unit` says how it is put into words."""

    column: str
    read: Callable[[str, str], Any]
    unit: str = "word"


def find(text: str) -> tuple[str, str]:
    """(the rule's word, what stood behind it) at the start of a text; ("", text) when it is no rule."""
    said = re.sub(r"\s+", " ", text).strip(" .:!")
    for word in sorted(RULE_WORDS, key=len, reverse=True):
        match = re.match(rf"{word}\b[\s:=]*(?:(?:to|is)\s+)?(.*)", said, re.I)
        if match:
            return word, match[1].strip()
    first, _, rest = said.partition(" ")
    known = ALSO.get(first.casefold())
    return (known, rest) if known else ("", said)


def name_of(talk: Talk, word: str) -> str:
    """The rule's name in a sentence: "the interest on loans"."""
    return talk.say("rule-name", rule=key_of(word))


def key_of(word: str) -> str:
    """The word as the texts know it."""
    return word.replace(" ", "_")


def value_of(word: str, group: Group) -> rules.Written:
    """The rule's value now, as a vote writes it down."""
    return rules.written(getattr(group, RULE_WORDS[word].column))


def words_of(talk: Talk, word: str, value: rules.Written, currency: str) -> str:
    """A value as people say it: "2 %", "KES 50,000", "no limit", "2 days"."""
    rule = RULE_WORDS[word]
    if value is None:
        return talk.say("rule-value", unit="word", value="off" if word in ("rounding", "multiple") else "none", count=0)
    if isinstance(value, bool):
        return talk.say("rule-value", unit="word", value="yes" if value else "no", count=0)
    if rule.unit == "money":
        return str(Money(int(value), currency))
    if rule.unit == "hours" and int(value) % 24 == 0 and int(value) > 24:
        return talk.say("rule-value", unit="days", value="", count=int(value) // 24)
    return talk.say("rule-value", unit=rule.unit, value=value, count=int(value) if value.isdecimal() else 0)


def example(rate: Decimal, currency: str) -> tuple[Money, Money]:
    """(borrowed, what it costs for one period): a percentage says little to whoever has never borrowed."""
    borrowed = Money.of_major(Decimal(EXAMPLE_MAJOR), currency)
    return borrowed, Money(int((borrowed.amount_minor * rate / 100).to_integral_value()), currency)


def _whole(low: int, high: int) -> Callable[[str, str], int]:
    def read(text: str, _: str) -> int:
        match = re.fullmatch(r"(\d{1,4})\s*(?:x|times|months?|weeks?|periods?|days?|loans?|members?|people|%)?", text)
        if match is None or not low <= int(match[1]) <= high:
            raise ValueError(text)
        return int(match[1])

    return read


def _percent(text: str, _: str) -> Decimal:
    match = re.fullmatch(
        r"(\d{1,3}(?:\.\d{1,4})?)\s*(?:%|percent|per cent)?(?:\s*(?:a|per|every)\s+(?:month|week))?", text
    )
    if match is None or Decimal(match[1]) > 100:
        raise ValueError(text)
    return Decimal(match[1])


def _one_of(**words: str) -> Callable[[str, str], str]:
    def read(text: str, _: str) -> str:
        if text not in words:
            raise ValueError(text)
        return words[text]

    return read


def _method(text: str, _: str) -> str:
    known = {"flat": "flat", "equal": "declining_equal", "principal": "declining_principal"}
    for word, method in known.items():
        if word == text.removeprefix("declining").strip(" _-"):
            return method
    raise ValueError(text)


def _yes_or_no(text: str, _: str) -> bool:
    if text not in ("yes", "no", "y", "n"):
        raise ValueError(text)
    return text.startswith("y")


def _hours(text: str, _: str) -> int:
    match = re.fullmatch(r"(\d{1,3})\s*(h|hours?|hrs?|d|days?)?", text)
    hours = int(match[1]) * (24 if (match[2] or "h").startswith("d") else 1) if match else 0
    if not 1 <= hours <= 336:
        raise ValueError(text)
    return hours


def _money(text: str, currency: str) -> int | None:
    if text in NO_LIMIT:
        return None
    amount = amounts.read(text, currency)
    if amount.money is None or amount.rest:
        raise ValueError(text)
    return amount.money.amount_minor


# The word that an officer writes behind "rule"; the same words name the rules in rule-name and rule-may (texts).
RULE_WORDS: dict[str, Rule] = {
    "interest": Rule("loan_rate_percent", _percent, "percent"),
    "method": Rule("loan_method", _method),
    "period": Rule("loan_period", _one_of(weekly="weekly", monthly="monthly", week="weekly", month="monthly")),
    "term": Rule("loan_max_periods", _whole(1, 520), "number"),
    "limit": Rule("loan_savings_multiple", _whole(1, 100), "times"),
    "guarantors": Rule("loan_guarantors", _whole(0, 10), "number"),
    "grace": Rule("loan_grace_days", _whole(0, 60), "days"),
    "penalty": Rule("loan_penalty_percent", _percent, "percent"),
    "penalty of": Rule("loan_penalty_base", _one_of(principal="principal", instalment="instalment")),
    "rounding": Rule("loan_rounding_minor", _money, "money"),
    "multiple": Rule("loan_instalment_multiple_minor", _money, "money"),
    "loans": Rule("loans_open_max", _whole(1, 20), "number"),
    "overpayment": Rule("overpayment", _one_of(refuse="refuse", refused="refuse", savings="savings")),
    "vote": Rule("vote_hours", _hours, "hours"),
    "abstain": Rule("beneficiary_abstains", _yes_or_no),
    "fee": Rule("fee_bearer", _one_of(group="group", member="payer", payer="payer")),
    "largest contribution": Rule("contribution_max_minor", _money, "money"),
    "largest withdrawal": Rule("withdrawal_max_minor", _money, "money"),
    "reversal": Rule("reversal_limit_percent", _whole(0, 100), "percent"),
    "members": Rule("member_limit", _whole(1, 500), "number"),
}
ALSO = {"rate": "interest", "fees": "fee", "votes": "vote", "reversals": "reversal", "guarantor": "guarantors"}
