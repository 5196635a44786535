"""The phones' inboxes: what is written to them, and how a reader waits for the next message.

Every message, of every channel and in both directions, is written here and nowhere else.
"""

import threading
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from bot.channels import gsm7
from sandbox.clock import SandboxClock
from sandbox.people import ensure_person
from sandbox.store import Json, Message, Store

# A flat price so that a long text visibly costs more; the real ones differ per country and change.
SMS_SEGMENT_COST_USD = Decimal("0.0250")
WHATSAPP_COST_USD = Decimal("0.0050")
PAGE_SIZE = 500


class Inbox:
    def __init__(self, store: Store, clock: SandboxClock) -> None:
        self._store = store
        self._clock = clock
        self._written = threading.Condition()

    def write(
        self,
        *,
        channel: str,
        direction: str,
        origin: str,
        sender: str,
        recipient: str,
        phone: str | None,
        body: str,
        status: str,
        sid: str | None = None,
        subject: str | None = None,
        media: Sequence[Json] = (),
        buttons: Sequence[Json] = (),
        error_code: int | None = None,
        messaging_service_sid: str | None = None,
    ) -> Message:
        """Keep a message; one with an error code was accepted but never reached the phone."""
        now = self._clock.now()
        segments = gsm7.segments(body) if channel == "sms" else 1
        message = Message(
            sid=sid,
            phone=phone,
            channel=channel,
            direction=direction,
            origin=origin,
            sender=sender,
            recipient=recipient,
            body=body,
            subject=subject,
            segments=segments,
            encoding=gsm7.encoding(body),
            media=list(media),
            buttons=list(buttons),
            cost=_cost(channel, segments) if direction == "in" and error_code is None else None,
            status=status,
            error_code=error_code,
            arrived=error_code is None,
            messaging_service_sid=messaging_service_sid,
            at=now,
            updated_at=now,
        )
        # One writer at a time, so that ids become visible in their order and `after=ID` misses nothing.
        with self._written:
            with self._store.begin() as session:
                if phone:
                    ensure_person(session, phone)
                session.add(message)
            self._written.notify_all()
        return message

    def read(self, phone: str, after: int = 0, everything: bool = False) -> list[Message]:
        """What reached the phone after a message id, oldest first; `everything` adds what it sent itself."""
        query = select(Message).where(Message.phone == phone, Message.id > after, Message.arrived)
        if not everything:
            query = query.where(Message.direction == "in")
        with self._store.begin() as session:
            return list(session.scalars(query.order_by(Message.id).limit(PAGE_SIZE)))

    def wait_for(self, phone: str, channel: str, after: int, timeout_seconds: float) -> list[Message]:
        """The messages that reached the phone on a channel, as soon as there is one; [] when the time is over."""
        deadline = time.monotonic() + timeout_seconds
        with self._written:
            while True:
                found = [message for message in self.read(phone, after) if message.channel == channel]
                left_seconds = deadline - time.monotonic()
                if found or left_seconds <= 0:
                    return found
                self._written.wait(left_seconds)


def message_json(message: Message) -> dict[str, Any]:
    shown = {
        "id": message.id,
        "sid": message.sid,
        "channel": message.channel,
        "direction": message.direction,
        "from": message.sender,
        "to": message.recipient,
        "text": message.body,
        "segments": message.segments,
        "encoding": message.encoding,
        "cost": message.cost,
        "media": message.media,
        "buttons": message.buttons,
        "status": message.status,
        "at": message.at.isoformat(),
    }
    return shown if message.subject is None else {**shown, "subject": message.subject}


def _cost(channel: str, segments: int) -> str | None:
    if channel == "sms":
        return f"{SMS_SEGMENT_COST_USD * segments} USD"
    return f"{WHATSAPP_COST_USD} USD" if channel == "whatsapp" else None
