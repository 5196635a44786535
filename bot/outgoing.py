"""Messages to people who did not just write: put into the log and the outbox, never sent from here."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert

from bot import texts
from bot.channels import gsm7
from bot.models import ChannelIdentity, Notification
from bot.texts import Sentence
from core import outbox, phone
from core.db import Session
from core.fields import values_of
from ledger.models import User

Button = tuple[Sentence, str]
"""What stands on a button, and the payload that comes back when it is pressed."""
AGAIN = ":again"
AGAIN_AFTER = timedelta(minutes=15)


def notify(
    session: Session,
    user_id: int,
    key: str,
    values: dict[str, Any],
    *,
    group_id: int | None,
    dedupe_key: str,
    at: datetime,
    media_url: str | None = None,
    buttons: list[Button] | None = None,
    known_since: datetime | None = None,
) -> None:
    """Tells a member something, on the channel they last wrote from. The same `dedupe_key` is told once.

    `buttons` are for WhatsApp; the words must be enough without them. With `known_since`, the moment of a message of
    theirs that was answered with the same, it goes to all their other channels: what somebody who took over one phone
    would like to hide. Who opted out everywhere, or has never written to us, is told nothing.
    """
    identities = session.scalars(
        select(ChannelIdentity)
        .where(
            ChannelIdentity.user_id == user_id,
            ChannelIdentity.opted_out_at.is_(None),
            ChannelIdentity.last_inbound_at.is_not(None),
        )
        .order_by(ChannelIdentity.last_inbound_at.desc())
        .limit(1 if known_since is None else None)
    ).all()
    for place, identity in enumerate(identities):
        if identity.last_inbound_at == known_since:
            continue  # Their last word there is what we have answered.
        unique_key = dedupe_key if place == 0 else f"{dedupe_key}:{identity.channel}:{identity.id}"
        _queue(session, identity, key, values, group_id, unique_key, at, media_url, buttons)


def channel_of(session: Session, user_id: int) -> str | None:
    """The channel on which `notify` would reach the member."""
    return session.scalar(
        select(ChannelIdentity.channel)
        .where(
            ChannelIdentity.user_id == user_id,
            ChannelIdentity.opted_out_at.is_(None),
            ChannelIdentity.last_inbound_at.is_not(None),
        )
        .order_by(ChannelIdentity.last_inbound_at.desc())
        .limit(1)
    )


def invite(session: Session, number: str, values: dict[str, Any], *, group_id: int, at: datetime) -> bool:
    """The one SMS to somebody who was invited (E.164) and may never have heard of us. False when they opted out."""
    # Looked for before it is made: an insert would wait for somebody who is writing to us at this moment, and they may
    # be waiting for our group.
    user_id = session.scalar(select(User.id).where(User.phone.matches(number)))
    if user_id is None:
        stranger = values_of(User(phone=number, country=phone.country(number)))
        session.execute(insert(User).values(stranger).on_conflict_do_nothing())
        user_id = session.scalars(select(User.id).where(User.phone.matches(number))).one()
    identity = _identity(session, "sms", number)
    if identity is None:
        sms = values_of(ChannelIdentity(user_id=user_id, channel="sms", address=number))
        session.execute(insert(ChannelIdentity).values(sms).on_conflict_do_nothing())
        identity = session.scalars(_at_address("sms", number)).one()
    if identity.opted_out_at is not None:
        return False
    _queue(session, identity, "invitation", values, group_id, f"invitation:{group_id}:{user_id}", at)
    return True


def again_by_sms(session: Session, failed: Notification, number: str, at: datetime) -> None:
    """The same words by SMS, for a member whom WhatsApp does not reach."""
    identity = _identity(session, "sms", number)
    if identity is None:
        identity = ChannelIdentity(user_id=failed.user_id, channel="sms", address=number)
        session.add(identity)
    elif identity.opted_out_at is not None:
        return
    body = gsm7.transliterated(failed.body.replace("*", ""))
    _insert(session, identity, failed.kind, body, failed.group_id, f"{failed.dedupe_key}:sms", at)


def again_later(session: Session, failed: Notification, at: datetime) -> None:
    """The same message once more, after a failure that passes: a phone switched off, a channel that is crowded."""
    if failed.dedupe_key.endswith(AGAIN):
        return
    identity = session.scalars(_at_address(failed.channel, failed.address)).one()
    key = failed.dedupe_key + AGAIN
    _insert(session, identity, failed.kind, failed.body, failed.group_id, key, at, AGAIN_AFTER)


def _identity(session: Session, channel: str, address: str) -> ChannelIdentity | None:
    return session.scalar(_at_address(channel, address))


def _at_address(channel: str, address: str) -> Select[ChannelIdentity]:
    return select(ChannelIdentity).where(ChannelIdentity.channel == channel, ChannelIdentity.address.matches(address))


def _queue(
    session: Session,
    identity: ChannelIdentity,
    key: str,
    values: dict[str, Any],
    group_id: int | None,
    dedupe_key: str,
    at: datetime,
    media_url: str | None = None,
    buttons: list[Button] | None = None,
) -> None:
    language = session.get_one(User, identity.user_id).language
    shown = [[texts.say(language, identity.channel, title.key), payload] for title, payload in buttons or []]
    body = texts.say(language, identity.channel, key, **values)
    _insert(session, identity, key, body, group_id, dedupe_key, at, media_url=media_url, buttons=shown or None)


def _insert(
    session: Session,
    identity: ChannelIdentity,
    kind: str,
    body: str,
    group_id: int | None,
    dedupe_key: str,
    at: datetime,
    delay: timedelta = outbox.NO_DELAY,
    media_url: str | None = None,
    buttons: list[list[str]] | None = None,
) -> None:
    message = Notification(
        group_id=group_id,
        user_id=identity.user_id,
        channel=identity.channel,
        address=identity.address,
        kind=kind,
        body=body,
        dedupe_key=dedupe_key,
        segments=gsm7.segments(body) if identity.channel == "sms" else 1,
        created_at=at,
        # Pictures and papers are for WhatsApp; a text message carries the words alone.
        media_url=media_url if identity.channel == "whatsapp" else None,
        buttons=buttons if identity.channel == "whatsapp" else None,
    )
    statement = insert(Notification).values(values_of(message))
    made = session.scalar(statement.on_conflict_do_nothing().returning(Notification.id))
    if made is not None:
        outbox.put(session, "bot.deliver", {"notification": made}, f"deliver:{made}", delay)
