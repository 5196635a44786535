"""The way of one message: taken in, answered by a command or by whoever asked the last question, written down.

All in the caller's one transaction, with the member's row locked: a retry finds the stored answer, and two messages
of a member are handled one after the other.
"""

import dataclasses
from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

from sqlalchemy import bindparam, text, update
from sqlalchemy.dialects.postgresql import JSONB

from bot import confirming, payways, understanding
from bot.commands import ANSWERED, ANSWERS, COMMANDS, basics, choosing, joining, paying_by, voting, vouchers
from bot.errors import NeedsGroup
from bot.models import ChannelIdentity
from bot.talk import QUESTION_LIFETIME, Answer, GroupView, Incoming, Talk
from bot.understanding import Understood
from core import phone
from core.db import Session
from ledger import codes
from ledger.models import OFFICERS, User

LONGEST_TEXT = 500
STORED_TEXT = 2_000


def respond(session: Session, incoming: Incoming, at: datetime, render: Callable[[Answer], str]) -> str:
    """The answer to a message, as `render` puts it for the channel; the very same for the same message id."""
    row = session.execute(_RECEIVE, _received(incoming, at)).one()
    if row.inbound_id is None:
        return str(row.answer)
    talk = Talk(
        session=session,
        at=at,
        incoming=incoming,
        user_id=row.user_id,
        phone=User.phone.of(row),
        name=User.name.of(row),
        language=row.language,
        groups=[GroupView(**group) for group in row.groups],
        group_id=row.group_id,
        question=row.question if row.asked_at and at - row.asked_at < QUESTION_LIFETIME else None,
        slots=row.slots,
        wrong_codes=[moment for moment in row.wrong_codes if moment > (at - QUESTION_LIFETIME).timestamp()],
    )
    before = (row.question, row.slots, row.group_id, row.wrong_codes)
    answer = _opt(talk, row.identity_id, opted_out=row.opted_out)
    if answer is None:
        answer = decide(talk)
        if answer.then is not None:
            answer = _go_on(talk, answer)
    rendered = render(answer)
    _write_down(talk, answer, before, row.inbound_id, rendered)
    return rendered


def decide(talk: Talk) -> Answer:
    """The answer to the text alone: an unusable one, one that answers the open question, or a command."""
    unusable = basics.unusable(talk, LONGEST_TEXT)
    if unusable is not None:
        return unusable
    understood = understanding.read(talk.incoming.text, talk.language)
    if talk.name is None:
        return joining.first_contact(talk, understood)
    ballot = voting.read(talk.incoming.text)
    answered = voting.answer(talk, ballot, ANSWERED) if ballot else None
    if answered is not None:
        return answered
    try:
        return _answer_or_command(talk, understood)
    except NeedsGroup:
        return choosing.ask_group(talk)


def _go_on(talk: Talk, answer: Answer) -> Answer:
    """Does what the member wanted before we had to ask something, once, as if they had just written it."""
    talk.incoming = dataclasses.replace(talk.incoming, text=answer.then or "")
    talk.question, talk.slots = None, {}
    return decide(talk)


def _answer_or_command(talk: Talk, understood: Understood) -> Answer:
    talk.command = understood.command
    if understood.command == "cancel":
        return basics.cancel(talk)
    if understood.command == "help":
        words = talk.say("help")
        if any(group.role in OFFICERS for group in talk.groups):
            words = talk.say("help-officers", help=words)
        return Answer(words, question=talk.question, slots=talk.slots)
    if talk.question == "joining.code" and codes.find(talk.incoming.text):
        understood = Understood(None)  # "SAVE 7K3M9Q" is a code here, whatever its first word means elsewhere.
    if understood.command is None and (talk.question is None or talk.question.endswith(".amount")):
        told = vouchers.bare(talk)
        if told is not None:
            return told
    if talk.question in ANSWERS and _is_for_the_question(talk, understood):
        talk.command = f"answer:{talk.question}"
        return ANSWERS[talk.question](talk)
    if understood.command is None:
        return voting.not_understood(talk)
    if not understood.sure and understood.command in understanding.MONEY_COMMANDS:
        return COMMANDS[f"{understood.command}?"](talk, understood.rest)
    answer = COMMANDS[understood.command](talk, understood.rest)
    if understood.command in choosing.LOOKS and answer.question is None:
        # Somebody who only looks something up has not left their question.
        return dataclasses.replace(answer, question=talk.question, slots=talk.slots)
    return answer


def _is_for_the_question(talk: Talk, understood: Understood) -> bool:
    """Whether the text answers the open question, though it may begin like a command."""
    if understood.command is None or confirming.is_answer(talk):
        return True
    if talk.question == paying_by.QUESTION and payways.names_a_way(talk.incoming.text):
        return True  # "link" and "account" are commands elsewhere.
    if talk.question in choosing.TAKES_WORDS:  # A reason in one's own words: only a look at something interrupts it.
        return bool(understood.rest) or not understood.sure or understood.command not in choosing.LOOKS
    return talk.question in (choosing.TAKES_ANY_TEXT if understood.sure else choosing.TAKES_A_WORD)


def _opt(talk: Talk, identity_id: int, opted_out: bool) -> Answer | None:
    """Opt-out and opt-in words. On SMS Twilio has answered them itself, so we say nothing there."""
    if talk.incoming.opt is None or (talk.incoming.opt == "in" and not opted_out):
        return None
    leaving = talk.incoming.opt == "out"
    talk.session.execute(
        update(ChannelIdentity)
        .where(ChannelIdentity.id == identity_id)
        .values(opted_out_at=talk.at if leaving else None)
    )
    talk.command = "stop" if leaving else "start"
    if talk.channel == "sms" and talk.incoming.text.strip().isalpha():
        return Answer("")  # The bare word is Twilio's: it has answered. With a full stop behind it, it has not.
    return talk.answer("opted-out" if leaving else "opted-in")


def _received(incoming: Incoming, at: datetime) -> dict[str, object]:
    # Sealed before it is known whether we know them: the database has no key, and a question first costs a round trip.
    uid = uuid4()
    return {
        "provider": incoming.provider,
        "message": incoming.message_id,
        "channel": incoming.channel,
        **ChannelIdentity.address.columns(incoming.address, channel=incoming.channel),
        "uid": uid,
        **User.phone.columns(incoming.phone, uid=uid),
        "country": phone.country(incoming.phone) if incoming.phone else "ZZ",
        "body": incoming.text[:STORED_TEXT],
        "media": list(incoming.media),
        "at": at,
    }


def _write_down(talk: Talk, answer: Answer, before: tuple[object, ...], inbound_id: int, rendered: str) -> None:
    """Keeps the answer with its message and, when the conversation has moved on, where it stands: one round trip."""
    values = {"inbound": inbound_id, "answer": rendered, "command": talk.command, "kept": talk.kept}
    unchanged = (answer.question, answer.slots, talk.group_id, talk.wrong_codes) == before
    if unchanged and answer.question is None:  # A question that is asked again starts its day again.
        talk.session.execute(_KEEP_ANSWER, values)
        return
    talk.session.execute(
        _KEEP_ANSWER_AND_DIALOGUE,
        values
        | {
            "user": talk.user_id,
            "question": answer.question,
            "slots": answer.slots,
            "group": talk.group_id,
            "wrong_codes": talk.wrong_codes,
            "at": talk.at,
        },
    )


_RECEIVE = text("""
    SELECT * FROM receive_message(:provider, :message, :channel, :address_index, :address_sealed, :uid, :phone_index,
                                  :phone_sealed, :country, :body, :media, :at)
""").bindparams(bindparam("media", type_=JSONB))

# `kept` stands for a text that is a secret: nobody reads it in the log of messages afterwards.
_KEEP_ANSWER = text("""
    UPDATE inbound_messages SET answer = :answer, command = :command, body = coalesce(CAST(:kept AS text), body)
     WHERE id = :inbound
""")

_KEEP_ANSWER_AND_DIALOGUE = text("""
    WITH kept AS (UPDATE inbound_messages SET answer = :answer, command = :command,
                         body = coalesce(CAST(:kept AS text), body) WHERE id = :inbound)
    INSERT INTO dialogues (user_id, question, slots, group_id, wrong_codes, asked_at)
    VALUES (:user, :question, :slots, :group, :wrong_codes, :at)
    ON CONFLICT (user_id) DO UPDATE SET question = EXCLUDED.question, slots = EXCLUDED.slots,
        group_id = EXCLUDED.group_id, wrong_codes = EXCLUDED.wrong_codes, asked_at = EXCLUDED.asked_at
""").bindparams(bindparam("slots", type_=JSONB), bindparam("wrong_codes", type_=JSONB))
