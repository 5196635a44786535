"""Loans in words: a schedule as few words as the channel bears, what a payment pays, what is left."""

from datetime import date

from babel.dates import format_date

from bot import texts
from bot.texts import Sentence
from core import clock
from core.money import Money
from ledger.legs import Allocation
from ledger.repaying import Owed
from ledger.schedules import Schedule

ALL_LINES = 6
"""Up to so many instalments are listed one by one on WhatsApp."""


def schedule(drawn: Schedule, channel: str, language: str) -> Sentence:
    """When what is to be paid: each line where there is room, the pattern of it elsewhere."""
    instalments, start = drawn.instalments, drawn.terms.start
    first, last = instalments[0], instalments[-1]
    if len(instalments) == 1:
        return Sentence("schedule-one", {"total": str(first.total), "first": day(first.due, language, start)})
    if channel != "sms" and len(instalments) <= ALL_LINES:
        lines = [
            texts.say(
                language,
                channel,
                "schedule-line",
                row=each.number,
                date=day(each.due, language, start),
                amount=str(each.total),
            )
            for each in instalments
        ]
        return Sentence("schedule-lines", {"lines": "\n".join(lines)})
    values = {
        "count": len(instalments),
        "amount": str(first.total),
        "first": day(first.due, language, start),
        "until": day(last.due, language, start),
    }
    if all(each.total == first.total for each in instalments):
        return Sentence("schedule-same", values)
    values["last"] = str(last.total)
    equal = all(each.total == first.total for each in instalments[:-1])
    return Sentence("schedule-equal" if equal else "schedule-falling", values)


def parts(paid: Allocation, currency: str, channel: str, language: str) -> str:
    """What a payment pays off: "KES 400 interest, KES 4,600 loan"."""
    said = [
        texts.say(language, channel, f"part-{name}", amount=str(Money(amount, currency)))
        for name, amount in (
            ("penalty", paid.penalty),
            ("fee", paid.fee),
            ("interest", paid.interest),
            ("principal", paid.principal),
        )
        if amount
    ]
    return ", ".join(said)


def left(owed: Owed | None, language: str) -> Sentence:
    """What is still owed, after a payment; None when nothing is."""
    if owed is None:
        return Sentence("left-nothing")
    if owed.overdue_since is not None:
        values = {"principal": str(owed.principal), "overdue": str(owed.overdue)}
        return Sentence("left-late", values)
    values = {"principal": str(owed.principal), "next": str(owed.next_amount), "date": day(owed.next_due, language)}
    return Sentence("left-some", values)


def day(due: date, language: str, seen_from: date | None = None) -> str:
    """A day of a schedule: "24 Dec", with its year when that is not the year of `seen_from` (None: of today)."""
    year = (seen_from or clock.now()).year
    return format_date(due, "d MMM" if due.year == year else "d MMM y", locale=language)
