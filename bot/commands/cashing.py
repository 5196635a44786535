"""Cash: an officer writes down what came into the box or left it, and the other side confirms from their own phone.

Nobody confirms their own word: what an officer writes about themself is confirmed by another officer.
"""

import re
from dataclasses import dataclass

from bot import amounts, confirming, naming
from bot.commands import officing
from bot.models import Challenge
from bot.talk import Answer, GroupView, Talk
from core import outbox
from core.money import Money
from ledger import cash as box
from ledger import errors, groups
from ledger.groups import Member
from ledger.models import OFFICERS, OPEN_STATES, Group, Transaction
from ledger.names import brief
from payments import paying

LISTED = 4

_WAY = re.compile(r"^(?P<amount>.+?)\s+(?:in\s+cash\s+)?(?P<way>from|to)\s+(?P<name>\S.*)$", re.I | re.S)
_LOAN = re.compile(r"\s+(?:for|towards|on|to)\s+(?:(?:the|his|her|their|a)\s+)?loan\b.*$", re.I | re.S)


@dataclass(frozen=True, slots=True)
class Handed:
    """One side of the box: `way` is "in" or "out"; `witness` is who confirms, the member themself if they can."""

    way: str
    amount: Money
    member: Member
    witness: Member
    for_loan: bool = False
    transaction_id: int | None = None


def cash(talk: Talk, rest: str) -> Answer:
    """`cash 500 from Baraka`, `cash 500 from Baraka for loan`, `cash 2000 to Baraka`."""
    view = talk.group()
    refused = officing.not_an_officer(talk, view)
    if refused is not None:
        return refused
    found = _WAY.match(rest.strip())
    if found is None:
        return talk.answer("cash-how")
    amount = amounts.read(found["amount"], view.currency)
    if amount.money is None:
        return talk.answer("cash-how")
    name, for_loan = _LOAN.sub("", found["name"]), _LOAN.search(found["name"]) is not None
    way = "in" if found["way"].casefold() == "from" else "out"
    member = naming.member(talk, view, name, _gone(talk, view) if way == "out" else ())
    if isinstance(member, Answer):
        return member
    handed = _checked(talk, view, way, amount.money, member, for_loan)
    if isinstance(handed, Answer):
        return handed
    words = talk.say(
        f"cash-{way}-confirm",
        group=view.name,
        amount=str(handed.amount),
        payee=brief(member.name),
        loan="yes" if for_loan else "no",
        witness="same" if handed.witness.user_id == member.user_id else brief(handed.witness.name),
    )
    slots = {"group": view.id, "member": member.user_id, "amount_minor": handed.amount.amount_minor}
    return confirming.ask(talk, "cashing.confirm", words, **slots, way=way, loan=for_loan)


def take_confirmation(talk: Talk) -> Answer:
    """The officer's own word: now the other side is asked."""
    view = confirming.confirmed(talk)
    if isinstance(view, Answer):
        return view
    slots = talk.slots
    refused = officing.not_an_officer(talk, view)
    if refused is not None:
        return refused
    people = [*groups.members(talk.session, view.id), *_gone(talk, view)]
    member = next((each for each in people if each.user_id == slots["member"]), None)
    if member is None:
        return talk.answer("no-such-member", name="?", group=view.name)
    amount = Money(slots["amount_minor"], view.currency)
    handed = _checked(talk, view, slots["way"], amount, member, slots["loan"])
    if isinstance(handed, Answer):
        return handed
    transaction_id = handed.transaction_id
    if transaction_id is not None and not box.claim(
        talk.session, talk.session.get_one(Transaction, transaction_id, populate_existing=True)
    ):
        return talk.answer("cash-over")
    if transaction_id is None:
        transaction_id = box.receive(
            talk.session, view.id, member.user_id, amount, talk.at, talk.cause, for_loan=handed.for_loan
        ).id
    payload = {
        "transaction": transaction_id,
        "officer": talk.user_id,
        "witness": handed.witness.user_id,
        "message": talk.incoming.message_id,
    }
    key = f"cash_asked:{transaction_id}:{talk.incoming.message_id}"
    outbox.put(talk.session, "bot.cash_asked", payload, key)
    return talk.answer(f"cash-{handed.way}-asked", payee=brief(handed.witness.name), amount=str(amount))


def answered_in(talk: Talk, challenge: Challenge, says_yes: bool) -> Answer:
    """The payer's word: yes posts it, no ends it."""
    transaction = talk.session.get_one(Transaction, challenge.subject_id, populate_existing=True)
    group = talk.session.get_one(Group, challenge.group_id)
    amount = str(Money(transaction.amount_minor, transaction.currency))
    if not _is_member(talk, group):
        return talk.answer("vote-left")
    if transaction.state != "pending":
        return talk.answer("cash-over")
    payload = {"transaction": transaction.id}
    if not says_yes:
        box.refuse(talk.session, transaction, talk.at, talk.cause)
        outbox.put(talk.session, "bot.cash_ended", payload, f"cash_ended:{transaction.id}")
        return talk.answer("cash-in-refused", group=group.name, amount=amount)
    try:
        with talk.session.begin_nested():
            box.confirm(talk.session, transaction, talk.at, talk.cause)
    except errors.LedgerError:
        # Only a repayment can have become impossible meanwhile: it was settled, or less is owed.
        box.refuse(talk.session, transaction, talk.at, talk.cause)
        outbox.put(talk.session, "bot.cash_ended", payload, f"cash_ended:{transaction.id}")
        return talk.answer("cash-in-impossible", group=group.name, amount=amount)
    job = "repayment_completed" if transaction.kind == "repayment" else "contribution_completed"
    outbox.put(talk.session, f"bot.{job}", payload, f"{job}:{transaction.id}")
    return talk.answer("cash-in-confirmed", group=group.name, amount=amount)


def answered_out(talk: Talk, challenge: Challenge, says_yes: bool) -> Answer:
    """The payee's word: yes posts what the officer handed out; no leaves it open, and the officers hear."""
    transaction = talk.session.get_one(Transaction, challenge.subject_id, populate_existing=True)
    group = talk.session.get_one(Group, challenge.group_id)
    amount = str(Money(transaction.amount_minor, transaction.currency))
    if transaction.state not in OPEN_STATES:
        return talk.answer("cash-over")
    if not says_yes:
        payload = {"transaction": transaction.id, "challenge": challenge.id}
        outbox.put(talk.session, "bot.cash_missing", payload, f"cash_missing:{challenge.id}")
        return talk.answer("cash-out-refused", group=group.name, amount=amount)
    try:
        with talk.session.begin_nested():
            paying.complete_cash(talk.session, transaction.id, talk.at, talk.cause)
    except errors.LedgerError:
        return talk.answer("cash-over")
    return talk.answer("cash-out-confirmed", group=group.name, amount=amount)


def _checked(talk: Talk, view: GroupView, way: str, amount: Money, member: Member, for_loan: bool) -> Handed | Answer:
    """Whether that can be written down, and who confirms it; else the answer that says why not."""
    witness = _witness(talk, view, member)
    if witness is None:
        return talk.answer(f"cash-{way}-own", group=view.name)
    if way == "in":
        rules = talk.session.get_one(Group, view.id)
        limit = rules.contribution_max_minor
        if not for_loan and limit is not None and amount.amount_minor > limit:
            return talk.answer("cash-in-above", group=view.name, limit=str(Money(limit, view.currency)))
        if for_loan and not groups.owes(talk.session, view.id, member.user_id, view.currency).amount_minor:
            return talk.answer("cash-in-no-loan", payee=brief(member.name), plain=amount.plain)
        return Handed(way, amount, member, witness, for_loan)
    due = box.due(talk.session, view.id)
    for transaction, payee in due:
        if payee == member.user_id and transaction.amount_minor == amount.amount_minor:
            return Handed(way, amount, member, witness, transaction_id=transaction.id)
    if not due:
        return talk.answer("cash-out-none", group=view.name)
    names = groups.names(talk.session, [payee for _, payee in due])
    lines = [
        f"cash {Money(transaction.amount_minor, view.currency).plain} to {names.get(payee, '?')}"
        for transaction, payee in due[:LISTED]
    ]
    return talk.answer("cash-out-which", group=view.name, lines=talk.lines(lines, more=len(due) > LISTED))


def _witness(talk: Talk, view: GroupView, member: Member) -> Member | None:
    """Who confirms: the member themself, or for the officer who writes another officer, the treasurer first."""
    if member.user_id != talk.user_id:
        return member
    others = [
        each for each in groups.members(talk.session, view.id) if each.role in OFFICERS and each.user_id != talk.user_id
    ]
    return min(others, key=lambda each: each.role != "treasurer", default=None)


def _gone(talk: Talk, view: GroupView) -> list[Member]:
    """Who is no longer a member and gets the last of their savings from the box."""
    here = {member.user_id for member in groups.members(talk.session, view.id)}
    gone = {payee for _, payee in box.due(talk.session, view.id)} - here
    return [Member(user_id, name, "member") for user_id, name in sorted(groups.names(talk.session, gone).items())]


def _is_member(talk: Talk, group: Group) -> bool:
    return groups.membership(talk.session, group.id, talk.user_id) is not None
