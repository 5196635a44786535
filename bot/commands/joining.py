"""From a stranger to a member: a name first, then a group's code."""

import re

from sqlalchemy import select

from bot import outgoing
from bot.talk import Answer, Talk
from bot.understanding import Understood
from core.db import Session
from ledger import errors, groups
from ledger.models import Group, Invitation, User

WRONG_CODES_A_DAY = 5
# What a stranger wanted before we asked for their name; a greeting or a call for help has been answered by then.
WORTH_COMING_BACK_TO = frozenset({"join", "create"})
_INTRODUCTION = re.compile(r"^(my name is|my name's|i am called|i am|i'm|name is|this is|it is|it's|call me)\s+", re.I)


def first_contact(talk: Talk, understood: Understood) -> Answer:
    """Somebody without a name: greet and ask for it, or take it. What they came to do is done right after."""
    is_command = understood.sure and understood.command is not None
    introduced = understood.command == "name" and _read_name(_without_is(understood.rest)) is not None
    if introduced or (talk.question == "joining.name" and not is_command):
        return take_name(talk)
    then = talk.incoming.text if is_command and understood.command in WORTH_COMING_BACK_TO else talk.slots.get("then")
    slots = {"then": then} if then else {}
    if talk.question == "joining.name":
        return talk.ask("joining.name", talk.say("name-unreadable"), **slots)
    invitation = _invitation(talk.session, talk.phone)
    if invitation is None:
        return talk.ask("joining.name", talk.say("welcome"), **slots)
    group, inviter = invitation
    words = talk.say("welcome-invited", group=group.name, inviter=inviter)
    return talk.ask("joining.name", words, **slots)


def take_name(talk: Talk) -> Answer:
    """The answer to "what is your name?"."""
    name = _read_name(talk.incoming.text)
    if name is None:
        return talk.ask("joining.name", talk.say("name-unreadable"), **talk.slots)
    talk.user().name = talk.name = name
    if "then" in talk.slots:
        return Answer("", then=talk.slots["then"])
    invitation = _invitation(talk.session, talk.phone)
    if invitation is not None:
        group, _ = invitation
        return talk.answer("name-saved-invited", name=name, group=group.name, code=group.code)
    return talk.answer("name-saved" if talk.groups else "name-saved-no-group", name=name)


def rename(talk: Talk, rest: str) -> Answer:
    """`my name is Ama`: a new name for a known member."""
    name = _read_name(_without_is(rest))
    if name is None:
        return talk.ask("joining.name", talk.say("name-unreadable"))
    talk.user().name = talk.name = name
    return talk.answer("name-saved", name=name)


def join(talk: Talk, rest: str) -> Answer:
    """`join UMOJA-7K3M9Q`."""
    if not rest:
        return talk.ask("joining.code", talk.say("ask-code"))
    if len(talk.wrong_codes) >= WRONG_CODES_A_DAY:
        return talk.answer("too-many-codes")
    try:
        group = groups.by_code(talk.session, rest)
    except errors.UnknownCode:
        talk.wrong_codes = [*talk.wrong_codes, talk.at.timestamp()]
        return talk.ask("joining.code", talk.say("unknown-code"))
    try:
        groups.join(talk.session, group, talk.user_id, talk.at, talk.cause)
    except errors.AlreadyMember:
        talk.group_id = group.id
        return talk.answer("already-member", group=group.name)
    except errors.Removed:
        return talk.answer("join-removed", group=group.name)
    except errors.GroupFull:
        return talk.answer("group-full", group=group.name, limit=group.member_limit)
    talk.group_id, talk.wrong_codes = group.id, []
    count = groups.count_members(talk.session, group.id)
    _tell_officers(talk, group, count)
    return talk.answer("joined", group=group.name, name=talk.name, count=count)


def take_code(talk: Talk) -> Answer:
    """The answer to "which code?"."""
    return join(talk, talk.incoming.text)


def _tell_officers(talk: Talk, group: Group, count: int) -> None:
    for officer_id in groups.officers(talk.session, group.id):
        outgoing.notify(
            talk.session,
            officer_id,
            "joined-note",
            {"name": talk.name, "group": group.name, "count": count},
            group_id=group.id,
            dedupe_key=f"joined:{group.id}:{talk.user_id}:{talk.incoming.message_id}:{officer_id}",
            at=talk.at,
        )


def _invitation(session: Session, phone: str | None) -> tuple[Group, str] | None:
    if phone is None:
        return None
    row = session.execute(
        select(Group, User)
        .join(Invitation, Invitation.group_id == Group.id)
        .join(User, User.id == Invitation.invited_by)
        .where(Invitation.phone.matches(phone))
        .order_by(Invitation.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else (row[0], row[1].name or "")


def _without_is(text: str) -> str:
    return re.sub(r"^is\b\s*", "", text, flags=re.I)


def _read_name(text: str) -> str | None:
    # No dots: a name that looks like an address would become a link in the messages of others.
    name = re.sub(r"[^\w\s'’-]|_", " ", _INTRODUCTION.sub("", text.strip()))
    name = re.sub(r"\s+", " ", name).strip(" -'’")
    letters = sum(char.isalpha() for char in name)
    if letters < 2 or len(name) > 40 or len(name.split()) > 4 or re.search(r"\d", text):
        return None
    return name.title() if name.islower() or name.isupper() else name
