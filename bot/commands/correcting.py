"""Mistakes: an officer reverses a receipt with a reason, and everybody hears of it.

Asked first, with a code that only the officer's own phone gets to see: the sender of an SMS can be forged, so the words
alone move nothing.
"""

import re
import secrets
from datetime import timedelta

from bot.talk import Answer, GroupView, Talk
from core import outbox
from ledger import errors, groups, receipts, reversals
from ledger.models import OFFICERS

MOST_REASON = 120
MOST_WRONG_CODES = 3
CODE_LIFETIME = timedelta(minutes=10)


def reverse(talk: Talk, rest: str) -> Answer:
    """`reverse R-12 wrong member`: for officers, within the group's limit."""
    group = talk.group()
    if group.role not in OFFICERS:
        return talk.answer("reverse-only-officers", group=group.name)
    match = re.match(r"\s*(?:r(?:eceipt)?[\s-]*)?(\d{1,9})\b[\s,:.-]*(.*)", rest, re.I | re.S)
    if match is None:
        return talk.answer("reverse-how")
    number, reason = int(match[1]), _reason(match[2])
    if len(reason) < 3:
        return talk.answer("reverse-why", number=number)
    found = receipts.find(talk.session, group.id, number)
    if found is None:
        return talk.answer("receipt-unknown", group=group.name, number=f"R-{number}")
    try:
        reversals.check(talk.session, group.id, number)
    except errors.ReversalError as error:
        return _refused(talk, number, error)
    code = f"{secrets.randbelow(9_000) + 1_000}"
    name = groups.names(talk.session, [found.user_id]).get(found.user_id or 0, group.name)
    words = talk.say("reverse-confirm", number=number, amount=str(found.amount), name=name, reason=reason, code=code)
    until = (talk.at + CODE_LIFETIME).timestamp()
    return talk.ask(
        "correcting.code", words, group=group.id, number=number, reason=reason, code=code, until=until, wrong=0
    )


def take_code(talk: Talk) -> Answer:
    """The answer to "reply with the code": the right one reverses, three wrong ones or ten minutes stop it."""
    slots = talk.slots
    if talk.at.timestamp() > slots["until"]:
        return talk.answer("reverse-expired", number=slots["number"])
    if re.sub(r"\D", "", talk.incoming.text) != slots["code"]:
        wrong = slots["wrong"] + 1
        if wrong >= MOST_WRONG_CODES:
            return talk.answer("reverse-stopped")
        return talk.ask("correcting.code", talk.say("reverse-wrong-code"), **(slots | {"wrong": wrong}))
    group = next((each for each in talk.groups if each.id == slots["group"]), None)
    if group is None or group.role not in OFFICERS:
        return talk.answer("reverse-only-officers", group=group.name if group else "")
    return _reverse(talk, group, slots["number"], slots["reason"])


def _reverse(talk: Talk, group: GroupView, number: int, reason: str) -> Answer:
    try:
        with talk.session.begin_nested():
            done = reversals.by_officer(talk.session, group.id, number, reason, talk.at, talk.cause)
    except (errors.ReversalError, errors.InsufficientFunds, errors.TransactionClosed) as error:
        return _refused(talk, number, error)
    payload = {"transaction": done.posted.transaction_id, "receipt": number}
    outbox.put(talk.session, "bot.reversed", payload, f"reversed:{done.posted.transaction_id}")
    return talk.answer("reversed", number=number, new=done.posted.receipt_number, seal=done.posted.seal)


def _refused(talk: Talk, number: int, error: errors.PostingError) -> Answer:
    if isinstance(error, errors.NeedsVote):
        return talk.answer("reverse-needs-vote", number=number, limit=str(error.limit))
    return talk.answer(f"reverse-{error.code}", number=number)


def _reason(text: str) -> str:
    """What everybody will read: one line, without links."""
    return re.sub(r"\s+", " ", re.sub(r"\S*(?:://|www\.)\S*", "", text)).strip(" .,:;-")[:MOST_REASON]
