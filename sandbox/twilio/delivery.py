"""The way of an outgoing message: into the phone's inbox, and its status reports back to the product.

Reports of one message keep their order; reports of different messages overtake each other, as they do in life.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import func, select

from sandbox.people import ensure_person
from sandbox.store import Json, Message
from sandbox.twilio.account import API_VERSION, SMS, WHATSAPP, Address, new_sid
from sandbox.twilio.webhook import post_signed
from sandbox.world import World

SESSION_WINDOW = timedelta(hours=24)
PAUSE_SECONDS = 0.02
OPTED_OUT, OUTSIDE_WINDOW, BAD_TEMPLATE, NOT_ON_WHATSAPP = 21610, 63016, 63013, 63024


@dataclass(frozen=True)
class Outgoing:
    """A message that Twilio has taken."""

    sender: Address
    recipient: Address
    body: str
    origin: str
    media: list[Json] = field(default_factory=list)
    buttons: list[Json] = field(default_factory=list)
    status_callback: str | None = None
    messaging_service_sid: str | None = None
    error_code: int | None = None  # the message will not reach the phone, for this reason


def dispatch(world: World, outgoing: Outgoing) -> Message:
    """Put a message into its inbox (or keep it as failed) and report its fate behind the caller's back."""
    message = world.inbox.write(
        sid=new_sid("MM" if outgoing.media else "SM"),
        channel=outgoing.recipient.channel,
        direction="in",
        origin=outgoing.origin,
        sender=str(outgoing.sender),
        recipient=str(outgoing.recipient),
        phone=outgoing.recipient.number,
        body=outgoing.body,
        media=outgoing.media,
        buttons=outgoing.buttons,
        status="queued",
        error_code=outgoing.error_code,
        messaging_service_sid=outgoing.messaging_service_sid,
    )
    world.later(lambda: _report(world, message.id, outgoing.status_callback))
    return message


def is_opted_out(world: World, recipient: Address) -> bool:
    if recipient.channel != SMS:
        return False
    with world.store.begin() as session:
        return ensure_person(session, recipient.number).sms_opted_out


def has_no_whatsapp(world: World, recipient: Address) -> bool:
    with world.store.begin() as session:
        return recipient.channel == WHATSAPP and ensure_person(session, recipient.number).phone_kind == "feature"


def is_outside_window(world: World, recipient: Address) -> bool:
    """Whether free-form text is too late on WhatsApp: 24 h after the phone's last message there, or never one."""
    if recipient.channel != WHATSAPP:
        return False
    last_inbound = select(func.max(Message.at)).where(
        Message.phone == recipient.number, Message.channel == WHATSAPP, Message.direction == "out"
    )
    with world.store.begin() as session:
        last: datetime | None = session.scalar(last_inbound)
    return last is None or world.clock.now() - last > SESSION_WINDOW


def _report(world: World, message_id: int, status_callback: str | None) -> None:
    with world.store.begin() as session:
        message = session.get_one(Message, message_id)
    if message.error_code is not None:
        statuses = ["failed"]
    elif message.channel == WHATSAPP:
        statuses = ["sent", "delivered", "read"]
    else:
        statuses = ["sent", "delivered"]
    for status in statuses:
        time.sleep(PAUSE_SECONDS)
        with world.store.begin() as session:
            stored = session.get_one(Message, message_id)
            stored.status, stored.updated_at = status, world.clock.now()
        if status_callback:
            _call_back(world, message, status, status_callback)


def _call_back(world: World, message: Message, status: str, url: str) -> None:
    if world.faults.loses_webhook("twilio", urlsplit(url).path):
        return
    sid = message.sid or ""
    params = {
        "AccountSid": world.config.twilio_account_sid,
        "ApiVersion": API_VERSION,
        "From": message.sender,
        "MessageSid": sid,
        "MessageStatus": status,
        "SmsSid": sid,
        "SmsStatus": status,
        "To": message.recipient,
    }
    if message.messaging_service_sid:
        params["MessagingServiceSid"] = message.messaging_service_sid
    if message.channel == WHATSAPP:
        params["ChannelPrefix"] = WHATSAPP
        params["ChannelToAddress"] = message.recipient.removeprefix("whatsapp:")
    if status == "failed" and message.error_code is not None:
        params["ErrorCode"] = str(message.error_code)
    answer = post_signed(url, params, world.config.twilio_auth_token)
    if answer.error:
        world.record_webhook_error("twilio", f"{sid} {status}", url, answer.status, answer.error)
