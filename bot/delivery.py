"""What happens to a queued message: sent once, followed by its status, or carried on by another channel.

The API for sending has no idempotency key. So a message is marked as being sent before the call; when nobody knows
how the call ended (a time-out, a killed worker), Twilio is asked for the message before it is sent again.
"""

import logging
from datetime import datetime, timedelta

from sqlalchemy import select, update

from bot import outgoing
from bot.channels import twilio
from bot.models import ChannelIdentity, Notification
from core import clock, db, outbox
from core.db import Session
from core.settings import settings
from ledger.models import User

WHATSAPP_WINDOW = timedelta(hours=24)

log = logging.getLogger(__name__)


def deliver(notification_id: int) -> None:
    """Sends one message unless it was sent. Raises `TryAgain` when it could not be, or when that is not known."""
    with db.session() as session:
        notification = session.get_one(Notification, notification_id, with_for_update=True, populate_existing=True)
        if notification.status not in ("queued", "sending"):
            return
        sending_since = notification.sending_at if notification.status == "sending" else None
        if sending_since is None and not _prepare(session, notification, clock.now()):
            session.commit()
            return
        session.commit()
    found = None if sending_since is None else _find(notification, sending_since)
    result = (
        twilio.Sent("sent", found)
        if found
        else twilio.send(
            notification.channel,
            notification.address,
            notification.body,
            f"{settings().public_base_url}/webhooks/twilio/status?n={notification_id}",
            notification.template_sid,
            notification.media_url,
            notification.buttons if notification.template_sid == _choice_sid() else None,
        )
    )
    with db.session() as session:
        notification = session.get_one(Notification, notification_id, with_for_update=True, populate_existing=True)
        again = _take_result(session, notification, result, clock.now())
        session.commit()
    if again:
        raise outbox.TryAgain(f"{result.outcome}: {result.error_code}")


def status_changed(session: Session, notification_id: int, status: str, error_code: str, message_id: str) -> None:
    """A status callback. Unknown statuses and those that come late are ignored."""
    known = twilio.STATUSES.get(status)
    notification = session.get(Notification, notification_id, with_for_update=True, populate_existing=True)
    if known is None or notification is None:
        return
    notification.provider_message_id = notification.provider_message_id or message_id or None
    news = _advance(notification, *known, clock.now())
    if news and known[0] == "failed" and error_code:
        _remedy(session, notification, error_code, clock.now())


def _prepare(session: Session, notification: Notification, at: datetime) -> bool:
    """Marks the message as being sent. False when it may not go out on its channel (any more)."""
    identity = session.scalars(
        select(ChannelIdentity).where(
            ChannelIdentity.channel == notification.channel, ChannelIdentity.address.matches(notification.address)
        )
    ).one()
    if identity.opted_out_at is not None:
        notification.status, notification.error_code = "suppressed", "opted_out"
        return False
    outside = identity.last_inbound_at is None or at - identity.last_inbound_at >= WHATSAPP_WINDOW
    if notification.channel == "whatsapp" and outside:
        template_sid = settings().twilio_content_sids.get("notice")
        if template_sid is None:
            notification.status = "suppressed"
            _remedy(session, notification, "63016", at)
            return False
        notification.template_sid = template_sid
    elif notification.buttons:
        # Inside the window a template with buttons needs nobody's approval; without one the words alone must do.
        notification.template_sid = _choice_sid()
    notification.status, notification.sending_at = "sending", at
    return True


def _choice_sid() -> str | None:
    return settings().twilio_content_sids.get("choice")


def _find(notification: Notification, since: datetime) -> str | None:
    """The id under which Twilio has this message, unless that id stands for another message of our log."""
    try:
        found = twilio.find_sent(notification.channel, notification.address, notification.body, since)
    except twilio.NO_ANSWER as error:
        raise outbox.TryAgain(f"nobody knows whether it was sent: {type(error).__name__}") from error
    with db.session() as session:
        known = session.scalars(
            select(Notification.provider_message_id).where(Notification.provider_message_id.in_(found))
        ).all()
    return next((message_id for message_id in found if message_id not in known), None)


def _take_result(session: Session, notification: Notification, result: twilio.Sent, at: datetime) -> bool:
    """Writes how the send ended; True when it must be tried again."""
    if result.outcome == "sent":
        notification.provider_message_id = result.message_id
        notification.sent_at = notification.sent_at or at
        _advance(notification, "sent", 3, at)
    elif result.outcome == "refused":
        return _remedy(session, notification, result.error_code or "", at)
    elif result.outcome == "not_sent":
        notification.status, notification.sending_at = "queued", None
        return True
    return result.outcome == "unknown"


def _remedy(session: Session, notification: Notification, error_code: str, at: datetime) -> bool:
    """What to do about an error code; True when the same message must be tried again."""
    remedy = twilio.REMEDIES.get(error_code, "operator")
    if remedy == "operator":
        log.error(
            "messages are refused: check the account, the sender and its permissions",
            extra={"error_code": error_code, "notification": notification.id, "channel": notification.channel},
        )
    if remedy in ("retry", "operator") and notification.provider_message_id is None:
        # A wrong token must not cost anybody their receipt: it waits until somebody has put things right.
        notification.status, notification.sending_at = "queued", None
        return True
    notification.error_code = error_code
    if remedy == "retry":
        outgoing.again_later(session, notification, at)
    if notification.status != "suppressed":
        notification.status, notification.rank = "failed", 4
    if remedy == "sms":
        number = session.get_one(User, notification.user_id).phone
        if number is not None:
            outgoing.again_by_sms(session, notification, number, at)
    elif remedy == "opted_out":
        session.execute(
            update(ChannelIdentity)
            .where(
                ChannelIdentity.channel == notification.channel, ChannelIdentity.address.matches(notification.address)
            )
            .values(opted_out_at=at)
        )
    return False


def _advance(notification: Notification, status: str, rank: int, at: datetime) -> bool:
    """Takes a status that is further along than the one we have; False for any other, which is old news."""
    if rank <= notification.rank:
        return False
    notification.status, notification.rank = status, rank
    if status in ("delivered", "read"):
        notification.delivered_at = notification.delivered_at or at
    return True
