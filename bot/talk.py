"""One message and everything a command needs to answer it; what a command gives back."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date

from bot import texts
from bot.errors import NeedsGroup
from core.db import Session
from ledger.audit import Cause
from ledger.models import User

QUESTION_LIFETIME = timedelta(hours=24)
LONGEST_LINES = 170


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message in no provider's terms. `phone` is E.164, None where a channel hides it; `address` always answers."""

    provider: str
    message_id: str
    channel: str
    address: str
    phone: str | None
    text: str
    media: tuple[str, ...] = ()
    opt: str | None = None
    """"out" or "in" when the text is an opt-out or opt-in word of the channel."""


@dataclass(frozen=True, slots=True)
class GroupView:
    """One of the member's groups."""

    id: int
    code: str
    name: str
    currency: str
    time_zone: str
    country: str
    role: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply, and the question that stays open after it; media are addresses of pictures.

    `then` is a text to handle next, as if the member had just sent it: what they wanted before they were asked.
    """

    text: str
    media: tuple[str, ...] = ()
    question: str | None = None
    slots: dict[str, Any] = field(default_factory=dict)
    then: str | None = None


@dataclass
class Talk:
    """The conversation at this message. Commands may set `group_id` (the choice sticks) and `wrong_codes`.

    `wrong_codes` holds the moments (Unix seconds) at which the member guessed a code in the last day.
    """

    session: Session
    at: datetime
    incoming: Incoming
    user_id: int
    phone: str | None
    name: str | None
    language: str
    groups: list[GroupView]
    group_id: int | None
    question: str | None
    slots: dict[str, Any]
    wrong_codes: list[float]
    command: str | None = None
    kept: str | None = None
    """What is kept of the message instead of its text, where that is a secret."""

    @property
    def channel(self) -> str:
        return self.incoming.channel

    @property
    def cause(self) -> Cause:
        """Who and what stands in the audit log for what this message does."""
        return Cause(self.user_id, self.channel, self.incoming.message_id)

    def say(self, key: str, **values: Any) -> str:
        """The sentence `key` in the member's language, fit for the channel."""
        return texts.say(self.language, self.channel, key, **values)

    def answer(self, key: str, **values: Any) -> Answer:
        return Answer(self.say(key, **values))

    def ask(self, question: str, text: str, **slots: Any) -> Answer:
        """An answer that waits for one: `question` names who handles the next message ("contribute.amount")."""
        return Answer(text, question=question, slots=slots)

    def user(self) -> User:
        """The member's row, for commands that change it."""
        return self.session.get_one(User, self.user_id)

    def group(self) -> GroupView:
        """The group this message is about: the chosen one, or the only one. Raises `NeedsGroup`."""
        for group in self.groups:
            if group.id == self.group_id or len(self.groups) == 1:
                return group
        raise NeedsGroup

    def day(self, day: date) -> str:
        """A day with its year, as people write it ("22 Nov 2026")."""
        return format_date(day, "d MMM y", locale=self.language)

    def lines(self, lines: list[str], more: bool) -> str:
        """The end of a list, with dots before it when there is more; on SMS no more than goes well with the rest."""
        while self.channel == "sms" and len(lines) > 1 and len("\n".join(lines)) > LONGEST_LINES:
            lines, more = lines[1:], True
        return "\n".join(["...", *lines] if more else lines)

    def date(self, moment: datetime, time_zone: str) -> str:
        """A day as people write it ("22 Nov"), in the group's time zone."""
        return format_date(moment.astimezone(ZoneInfo(time_zone)), "d MMM", locale=self.language)
