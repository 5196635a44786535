"""Asking somebody to join: one SMS to their number, never a second one; and one to whom the group wants back."""

from bot import outgoing
from bot.commands.creating import join_link
from bot.talk import Answer, Talk
from core import phone
from core.errors import PhoneError
from ledger import errors, groups


def invite(talk: Talk, rest: str) -> Answer:
    """`invite 0712 345 678`."""
    group = talk.group()
    if not rest:
        return talk.answer("ask-phone")
    try:
        number = phone.parse(rest, group.country)
    except PhoneError:
        return talk.answer("phone-unreadable")
    values = {"phone": number, "group": group.name, "code": group.code, "link": join_link(group.code)}
    removed = groups.removed(talk.session, group.id, number)
    try:
        new = groups.invite(talk.session, group.id, talk.user_id, number, talk.at, talk.cause)
    except errors.AlreadyMember:
        return talk.answer("invited-member", **values)
    except errors.Removed:
        return talk.answer("invited-removed", **values)
    except errors.TooManyInvitations:
        return talk.answer("invited-too-many", **values)
    if not new:
        return talk.answer("invited-before", **values)
    invitation = values | {"inviter": talk.name}
    if removed is not None:  # They know us, and have had the one SMS for strangers.
        key = f"invitation:{group.id}:{removed}:{talk.incoming.message_id}"
        outgoing.notify(talk.session, removed, "invitation", invitation, group_id=group.id, dedupe_key=key, at=talk.at)
        return talk.answer("invited-again", **values)
    sent = outgoing.invite(talk.session, number, invitation, group_id=group.id, at=talk.at)
    return talk.answer("invited" if sent else "invited-opted-out", **values)
