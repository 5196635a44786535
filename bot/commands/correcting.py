"""Mistakes: an officer reverses a receipt with a reason, and everybody hears of it; above the limit the group votes.

Said back first (`bot.confirming`): the sender of an SMS can be forged, so the words alone move nothing.
"""

import re

from bot import asking, confirming, requests
from bot.talk import Answer, GroupView, Talk
from core import outbox
from core.money import Money
from ledger import errors, groups, receipts, reversals
from ledger.approvals import Subject
from ledger.models import OFFICERS
from ledger.names import brief


def reverse(talk: Talk, rest: str) -> Answer:
    """`reverse R-12 wrong member`: for officers, within the group's limit; above it the group is asked."""
    group = talk.group()
    if group.role not in OFFICERS:
        return talk.answer("reverse-only-officers", group=group.name)
    match = re.match(r"\s*(?:r(?:eceipt)?[\s-]*)?(\d{1,9})\b[\s,:.-]*(.*)", rest, re.I | re.S)
    if match is None:
        return talk.answer("reverse-how")
    number, reason = int(match[1]), requests.one_line(match[2])
    if len(reason) < 3:
        return talk.answer("reverse-why", number=number)
    found = receipts.find(talk.session, group.id, number)
    if found is None:
        return talk.answer("receipt-unknown", group=group.name, number=f"R-{number}")
    limit = None
    try:
        reversals.check(talk.session, group.id, number)
    except errors.NeedsVote as error:
        limit = str(error.limit)
    except errors.ReversalError as error:
        return talk.answer(f"reverse-{error.code}", number=number)
    name = groups.names(talk.session, [found.user_id]).get(found.user_id or 0, group.name)
    words = talk.say(
        "reverse-confirm", number=number, amount=str(found.amount), name=name, reason=reason, limit=limit or "none"
    )
    return confirming.ask(
        talk, "correcting.confirm", words, group=group.id, number=number, reason=reason, vote=limit is not None
    )


def take_confirmation(talk: Talk) -> Answer:
    """The officer's own word."""
    group = confirming.confirmed(talk)
    if isinstance(group, Answer):
        return group
    if group.role not in OFFICERS:
        return talk.answer("reverse-only-officers", group=group.name)
    slots = talk.slots
    if slots["vote"]:
        return _ask_the_group(talk, group, slots["number"], slots["reason"])
    return _reverse(talk, group, slots["number"], slots["reason"])


def _reverse(talk: Talk, group: GroupView, number: int, reason: str) -> Answer:
    try:
        with talk.session.begin_nested():
            done = reversals.by_officer(talk.session, group.id, number, reason, talk.at, talk.cause)
    except errors.NeedsVote:
        return _ask_the_group(talk, group, number, reason)  # The group's money has shrunk since.
    except (errors.ReversalError, errors.InsufficientFunds, errors.TransactionClosed) as error:
        return talk.answer(f"reverse-{error.code}", number=number)
    payload = {"transaction": done.posted.transaction_id, "receipt": number}
    outbox.put(talk.session, "bot.reversed", payload, f"reversed:{done.posted.transaction_id}")
    return talk.answer("reversed", number=number, new=done.posted.receipt_number, seal=done.posted.seal)


def _ask_the_group(talk: Talk, view: GroupView, number: int, reason: str) -> Answer:
    try:
        transaction = reversals.check(talk.session, view.id, number, officers_alone=False)
    except errors.ReversalError as error:
        return talk.answer(f"reverse-{error.code}", number=number)
    amount = Money(transaction.amount_minor, view.currency)
    names = groups.names(talk.session, [talk.user_id, transaction.user_id])
    subject = Subject(
        "reversal",
        user_id=transaction.user_id,
        amount=amount,
        reason=reason,
        details={"transaction": transaction.id, "receipt": number},
        facts={
            "name": brief(names.get(talk.user_id, "?")),
            "payee": brief(names.get(transaction.user_id or 0, view.name)),
            "amount": str(amount),
            "receipt": str(number),
            "reason": reason,
        },
    )
    return asking.ask(talk, view, subject)
