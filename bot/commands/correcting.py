"""Mistakes: an officer reverses a receipt with a reason, and everybody hears of it."""

import re

from bot.talk import Answer, Talk
from core import outbox
from ledger import errors, reversals
from ledger.models import OFFICERS

MOST_REASON = 120


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
    try:
        with talk.session.begin_nested():
            done = reversals.by_officer(talk.session, group.id, number, reason, talk.at, talk.cause)
    except errors.NeedsVote as error:
        return talk.answer("reverse-needs-vote", number=number, limit=str(error.limit))
    except (errors.ReversalError, errors.InsufficientFunds, errors.TransactionClosed) as error:
        return talk.answer(f"reverse-{error.code}", number=number)
    if done is None:
        return talk.answer("receipt-unknown", group=group.name, number=f"R-{number}")
    if not done.posted.replayed:
        payload = {"transaction": done.posted.transaction_id, "receipt": number}
        outbox.put(talk.session, "bot.reversed", payload, f"reversed:{done.posted.transaction_id}")
    return talk.answer("reversed", number=number, new=done.posted.receipt_number, seal=done.posted.seal)


def _reason(text: str) -> str:
    """What everybody will read: one line, without links."""
    return re.sub(r"\s+", " ", re.sub(r"\S*(?:://|www\.)\S*", "", text)).strip(" .,:;-")[:MOST_REASON]
