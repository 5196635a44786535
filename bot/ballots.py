"""Ballots in words: the question of a vote as it was frozen, its short name, and where it stands."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from bot.texts import Sentence
from ledger import approvals
from ledger.models import Approval

SHORT_DATE = "EEE d MMM HH:mm"


def question(approval: Approval) -> Sentence:
    """What the group is asked, as it was frozen."""
    return Sentence(f"vote-{_about(approval)}", approvals.facts_of(approval))


def short(approval: Approval) -> Sentence:
    """The vote's name in a list or a result."""
    return Sentence(f"short-{_about(approval)}", approvals.facts_of(approval))


def tally(approval: Approval) -> dict[str, Any]:
    """The figures that every message about a vote may use."""
    counted = approvals.tally_of(approval)
    return {"yes": counted.yes, "no": counted.no, "eligible": counted.eligible, "needed": counted.needed}


def moment(at: datetime, time_zone: str, language: str) -> str:
    """A moment as people of the group read a clock: "Fri 27 Nov 09:30"."""
    return format_datetime(at, SHORT_DATE, tzinfo=ZoneInfo(time_zone), locale=language)


def _about(approval: Approval) -> str:
    """What the words speak of: a payment at a provider is not reversed, it is given back."""
    return "refund" if approval.details.get("refund") else approval.kind
