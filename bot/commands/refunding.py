"""Refunds: an officer has a payment given back through the payment service, never alone.

Another officer confirms it from their own phone. Where there is none, or above what officers may reverse, the group
votes. Said back first (`bot.confirming`): the sender of an SMS can be forged, so the words alone move nothing.
"""

import re

from bot import asking, confirming, requests
from bot.commands import officing
from bot.models import Challenge
from bot.talk import Answer, GroupView, Talk
from core import outbox
from core.money import Money
from ledger import errors, groups
from ledger.approvals import Subject
from ledger.groups import Member
from ledger.models import OFFICERS, Group, Transaction
from ledger.names import brief
from payments import refunding
from payments.errors import NotRefundable
from payments.paid import Payment

Refusal = (errors.ReversalError, errors.InsufficientFunds, NotRefundable)


def refund(talk: Talk, rest: str) -> Answer:
    """`refund R-12 paid twice`: for officers."""
    view = talk.group()
    if (refused := officing.not_an_officer(talk, view)) is not None:
        return refused
    match = re.match(r"\s*(?:r(?:eceipt)?[\s-]*)?(\d{1,9})\b[\s,:.-]*(.*)", rest, re.I | re.S)
    if match is None:
        return talk.answer("refund-how")
    number, reason = int(match[1]), requests.one_line(match[2])
    if len(reason) < 3:
        return talk.answer("refund-why", number=f"R-{number}")
    try:
        payment = refunding.check(talk.session, view.id, number, officers_alone=False)
    except Refusal as error:
        return _refused(talk, view, number, error.code)
    witness = _witness(talk, view, payment, number)
    words = talk.say(
        "refund-confirm",
        number=f"R-{number}",
        amount=str(_amount(payment.transaction)),
        name=_name(talk, payment.transaction),
        reason=reason,
        witness="none" if witness is None else brief(witness.name),
    )
    return confirming.ask(talk, "refunding.confirm", words, group=view.id, number=number, reason=reason)


def take_confirmation(talk: Talk) -> Answer:
    """The officer's own word: now another officer is asked, or the group."""
    view = confirming.confirmed(talk)
    if isinstance(view, Answer):
        return view
    if (refused := officing.not_an_officer(talk, view)) is not None:
        return refused
    number, reason = talk.slots["number"], talk.slots["reason"]
    try:
        payment = refunding.check(talk.session, view.id, number, officers_alone=False)
        witness = _witness(talk, view, payment, number)
        if witness is None:
            return _ask_the_group(talk, view, payment, number, reason)
        asked = refunding.ask(talk.session, payment, reason, talk.at, talk.cause)
    except Refusal as error:
        return _refused(talk, view, number, error.code)
    payload = {"transaction": asked.id, "witness": witness.user_id, "receipt": number}
    outbox.put(talk.session, "bot.refund_asked", payload, f"refund_asked:{asked.id}")
    return talk.answer("refund-asked", witness=brief(witness.name), amount=str(_amount(asked)))


def answered(talk: Talk, challenge: Challenge, says_yes: bool) -> Answer:
    """The other officer's word: yes puts it to work, no ends it."""
    asked = talk.session.get_one(Transaction, challenge.subject_id, populate_existing=True)
    group, amount = talk.session.get_one(Group, challenge.group_id), str(_amount(asked))
    belonging = groups.membership(talk.session, group.id, talk.user_id)
    if belonging is None or belonging.role not in OFFICERS:
        return talk.answer("refund-no-officer", group=group.name)
    if not says_yes:
        if not refunding.refuse(talk.session, asked.id, talk.at, talk.cause):
            return talk.answer("refund-over")
        _tell_it_ended(talk, asked)
        return talk.answer("refund-refused", group=group.name, amount=amount)
    try:
        with talk.session.begin_nested():
            refunding.confirm(talk.session, asked.id, talk.at, talk.cause)
    except errors.TransactionClosed:
        return talk.answer("refund-over")
    except (errors.LedgerError, NotRefundable):
        # It was used, or went back, or the group's limit is below it by now: whoever wants it asks anew, and hears why.
        if refunding.refuse(talk.session, asked.id, talk.at, talk.cause, refunding.CHANGED):
            _tell_it_ended(talk, asked)
        return talk.answer("refund-impossible", group=group.name, amount=amount)
    return talk.answer("refund-confirmed", amount=amount, name=_name(talk, asked))


def _witness(talk: Talk, view: GroupView, payment: Payment, number: int) -> Member | None:
    """Who confirms: another officer who is not the payer, the treasurer first; None where the group has to vote."""
    try:
        refunding.check(talk.session, view.id, number)
    except errors.NeedsVote:
        return None
    others = [
        each
        for each in groups.members(talk.session, view.id)
        if each.role in OFFICERS and each.user_id not in (talk.user_id, payment.transaction.user_id)
    ]
    return min(others, key=lambda each: each.role != "treasurer", default=None)


def _ask_the_group(talk: Talk, view: GroupView, payment: Payment, number: int, reason: str) -> Answer:
    amount = _amount(payment.transaction)
    names = groups.names(talk.session, [talk.user_id])
    subject = Subject(
        "reversal",
        user_id=payment.transaction.user_id,
        amount=amount,
        reason=reason,
        details={"transaction": payment.transaction.id, "receipt": number, "refund": True},
        facts={
            "name": brief(names.get(talk.user_id, "?")),
            "payee": _name(talk, payment.transaction),
            "amount": str(amount),
            "receipt": str(number),
            "reason": reason,
        },
    )
    said = asking.ask(talk, view, subject)
    try:
        refunding.check(talk.session, view.id, number, officers_alone=False)
    except NotRefundable:
        return talk.answer("refund-confirmed", amount=str(amount), name=_name(talk, payment.transaction))
    return said


def _refused(talk: Talk, view: GroupView, number: int, code: str) -> Answer:
    if code == "unknown_receipt":
        return talk.answer("receipt-unknown", group=view.name, number=f"R-{number}")
    return talk.answer(f"refund-no-{code}", number=f"R-{number}")


def _tell_it_ended(talk: Talk, asked: Transaction) -> None:
    outbox.put(talk.session, "bot.refund_ended", {"transaction": asked.id}, f"refund_ended:{asked.id}")


def _amount(transaction: Transaction) -> Money:
    return Money(transaction.amount_minor, transaction.currency)


def _name(talk: Talk, transaction: Transaction) -> str:
    payer = transaction.user_id or 0
    return brief(groups.names(talk.session, [payer]).get(payer, "?"))
