"""The vocabulary of the bot's tests: somebody who writes, a message on its way to them, the rows behind it."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot import dialogue, outgoing
from bot.models import ChannelIdentity, Dialogue, InboundMessage, Notification
from bot.talk import Answer, Incoming
from core import clock, db
from core.db import Session
from core.outbox import OutboxRow
from ledger.models import User

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
_numbers = itertools.count(10_000)


def new_phone() -> str:
    return f"+2547130{next(_numbers) % 100_000:05d}"  # Others than those of the payments' actors.


def plain(answer: Answer) -> str:
    """The channel's way of putting an answer, left out."""
    return answer.text


@dataclass
class Talker:
    """Somebody who writes, at the time `at`; each message is handled as if in a process of its own."""

    session: Session
    channel: str = "sms"
    phone: str | None = field(default_factory=new_phone)
    at: datetime = AT
    address: str = ""
    reply: str = ""

    def says(self, text: str, message_id: str | None = None, **more: Any) -> "Talker":
        message = self.message(text, message_id, **more)
        self.reply = dialogue.respond(self.session, message, self.at, more.get("render", plain))
        self.session.flush()
        self.session.expunge_all()
        self.at += timedelta(seconds=1)
        return self

    def message(self, text: str, message_id: str | None = None, **more: Any) -> Incoming:
        return Incoming(
            provider="twilio",
            message_id=message_id or f"SM{next(_numbers)}",
            channel=more.get("channel", self.channel),
            address=self.address or self.phone or "",
            phone=self.phone,
            text=text,
            media=more.get("media", ()),
            opt=more.get("opt"),
        )

    def expects(self, *words: str) -> "Talker":
        for word in words:
            assert word in self.reply, f"{word!r} is not in {self.reply!r}"
        return self

    def waits(self, **span: float) -> "Talker":
        self.at += timedelta(**span)
        return self

    def is_known(self, name: str = "Ama") -> "Talker":
        self.says("hi").expects("What is your name?")
        return self.says(name).expects(name)

    def founds(self, name: str = "Umoja") -> str:
        """Creates a group; returns its code."""
        self.says(f"create {name}").expects("is ready")
        return next(word.strip("*.") for word in self.reply.split() if word.strip("*.").startswith(name.upper()[:5]))

    def row(self) -> User:
        address = self.address or self.phone or ""
        found = select(User).join(ChannelIdentity).where(ChannelIdentity.address.matches(address))
        return self.session.scalars(found).first() or User()

    def dialogue(self) -> Dialogue | None:
        return self.session.get(Dialogue, self.row().id)

    def inbound(self) -> list[InboundMessage]:
        found = select(InboundMessage).where(InboundMessage.user_id == self.row().id).order_by(InboundMessage.id)
        return list(self.session.scalars(found))


@dataclass(frozen=True)
class Reader:
    """Somebody to whom messages go, committed."""

    user_id: int
    channel: str
    address: str


def a_reader(
    channel: str = "sms", wrote: timedelta | None = timedelta(hours=1), phone: str | None = "", **identity: Any
) -> Reader:
    """A member who last wrote that long ago; `phone` None is one whose number WhatsApp hides."""
    number = new_phone() if phone == "" else phone
    address = number or f"KE.{next(_numbers)}"
    with db.session() as session:
        user = User(phone=number, name="Ama")
        session.add(user)
        session.flush()
        last = None if wrote is None else clock.now() - wrote
        session.add(
            ChannelIdentity(user_id=user.id, channel=channel, address=address, last_inbound_at=last, **identity)
        )
        session.commit()
        return Reader(user.id, channel, address)


def also_on(reader: Reader, channel: str, wrote: timedelta, **identity: Any) -> None:
    """The same member on another channel, too."""
    with db.session() as session:
        last = clock.now() - wrote
        session.add(
            ChannelIdentity(
                user_id=reader.user_id, channel=channel, address=reader.address, last_inbound_at=last, **identity
            )
        )
        session.commit()


def a_message(reader: Reader, name: str = "Ama", key: str | None = None) -> int:
    """A message to the member, queued and committed; its number in the log."""
    with db.session() as session:
        dedupe_key = key or f"test:{next(_numbers)}"
        outgoing.notify(
            session,
            reader.user_id,
            "name-saved",
            {"name": name},
            group_id=None,
            dedupe_key=dedupe_key,
            at=clock.now(),
        )
        session.commit()
        return session.scalars(select(Notification.id).where(Notification.dedupe_key == dedupe_key)).one()


def log_of(notification_id: int) -> Notification:
    with db.session() as session:
        return session.get_one(Notification, notification_id)


def messages_to(reader: Reader) -> list[Notification]:
    with db.session() as session:
        found = select(Notification).where(Notification.user_id == reader.user_id).order_by(Notification.id)
        return list(session.scalars(found))


def identity_of(reader: Reader) -> ChannelIdentity:
    with db.session() as session:
        return session.scalars(
            select(ChannelIdentity).where(
                ChannelIdentity.channel == reader.channel, ChannelIdentity.address.matches(reader.address)
            )
        ).one()


def work(kind: str = "") -> list[dict[str, Any]]:
    """The payloads of the work of a kind, committed."""
    with db.session() as session:
        rows = session.execute(select(OutboxRow.kind, OutboxRow.payload).order_by(OutboxRow.id))
        return [payload for found, payload in rows if kind in found]


def committed(change: Callable[[Session], Any]) -> Any:
    with db.session() as session:
        result = change(session)
        session.commit()
        return result
