"""Going: a member leaves and is paid what is theirs; an officer proposes that somebody goes, and the group votes.

Nobody's debts are told to others: an officer hears that something must be settled first, never how much.
"""

import re
from typing import Any

from bot import asking, confirming, examples, naming, requests
from bot.commands import officing
from bot.talk import Answer, GroupView, Talk
from core.money import Money
from ledger import approvals, governing, groups, reading
from ledger.approvals import Subject
from ledger.errors import GoverningError
from ledger.groups import Member
from ledger.legs import CASH_BOX
from ledger.models import Group
from ledger.names import brief
from payments import accounts, closing
from payments.closing import Closing

_CASH = re.compile(r"\b(?:in\s+)?cash\b", re.I)


def leave(talk: Talk, rest: str) -> Answer:
    """`leave`, `leave in cash`: says back what would be paid to where; then the group votes about the money."""
    view = talk.group()
    in_cash = _CASH.search(rest) is not None
    planned = _plan_leaving(talk, view, in_cash)
    if isinstance(planned, Answer):
        return planned
    words = talk.say("leave-confirm", group=view.name, **_money(planned))
    return confirming.ask(talk, "leaving.leave", words, group=view.id, cash=in_cash)


def take_leave(talk: Talk) -> Answer:
    """The member's own word: they go at once when nothing is theirs, else the group is asked to pay them."""
    view = confirming.confirmed(talk)
    if isinstance(view, Answer):
        return view
    planned = _plan_leaving(talk, view, talk.slots["cash"])
    if isinstance(planned, Answer):
        return planned
    group = talk.session.get_one(Group, view.id)
    if planned.quote is None:
        governing.leave(talk.session, group, talk.user_id, talk.at, talk.cause)
        talk.group_id = None
        return talk.answer("left", group=view.name)
    reason = talk.say("leave-reason")
    quoted = planned.quote
    total = reading.available(talk.session, view.id, talk.user_id, view.currency, CASH_BOX).group
    subject = Subject(
        "withdrawal",
        user_id=talk.user_id,
        amount=quoted.amount,
        destination=planned.destination,
        reason=reason,
        details=_details(planned) | {"payee": talk.user_id, "leaving": True},
        facts={
            "name": brief(talk.name or ""),
            "payee": brief(talk.name or ""),
            "to": "own",
            "amount": str(quoted.amount),
            "fee": str(quoted.fee),
            "reason": reason,
            "account": accounts.masked(planned.account) if planned.account else "cash",
            "holder": (planned.account.holder or "none") if planned.account else "none",
            "after": str(total - quoted.amount - quoted.fee),
        },
    )
    return asking.ask(talk, view, subject)


def remove(talk: Talk, rest: str) -> Answer:
    """`remove Baraka because he has moved away`: for officers; the group votes.

    Of somebody who has gone already it pays what is still theirs in the book.
    """
    view = talk.group()
    name, reason = _split(rest)
    if not name:
        return talk.answer("remove-how")
    refused = officing.not_an_officer(talk, view)
    if refused is not None:
        return refused
    member = naming.member(talk, view, name, groups.gone(talk.session, view.id))
    if isinstance(member, Answer):
        return member
    if member.user_id == talk.user_id:
        return talk.answer("remove-self", group=view.name)
    planned = _plan_removal(talk, view, member)
    if isinstance(planned, Answer):
        return planned
    gone = _is_gone(talk, view, member)
    if gone:
        reason = reason if len(reason) >= 3 else talk.say("remove-gone-reason")
    if len(reason) < 3:
        return talk.ask("leaving.reason", talk.say("remove-why", payee=brief(member.name)), name=member.name)
    facts = {"payee": brief(member.name), "reason": reason, "gone": "yes" if gone else "no"} | _money(planned)
    words = talk.say("remove-confirm", group=view.name, **facts)
    return confirming.ask(talk, "leaving.remove", words, group=view.id, member=member.user_id, reason=reason)


def take_reason(talk: Talk) -> Answer:
    """The answer to "why should they go?"."""
    reason = requests.one_line(talk.incoming.text)
    return remove(talk, f"{talk.slots['name']} because {reason}")


def take_removal(talk: Talk) -> Answer:
    """The officer's own word: the group is asked."""
    view = confirming.confirmed(talk)
    if isinstance(view, Answer):
        return view
    slots = talk.slots
    refused = officing.not_an_officer(talk, view)
    if refused is not None:
        return refused
    everybody = [*groups.members(talk.session, view.id), *groups.gone(talk.session, view.id)]
    member = next((each for each in everybody if each.user_id == slots["member"]), None)
    if member is None:
        return talk.answer("no-such-member", name="?", group=view.name)
    planned = _plan_removal(talk, view, member)
    if isinstance(planned, Answer):
        return planned
    payee, gone = brief(member.name), _is_gone(talk, view, member)
    subject = Subject(
        "removal",
        user_id=member.user_id,
        amount=planned.quote.amount if planned.quote else None,
        destination=planned.destination,
        reason=slots["reason"],
        details=_details(planned) | ({"gone": True} if gone else {}),
        facts={
            "name": brief(talk.name or ""),
            "payee": payee,
            "reason": slots["reason"],
            "gone": "yes" if gone else "no",
        }
        | _money(planned),
    )
    return asking.ask(talk, view, subject)


def _plan_leaving(talk: Talk, view: GroupView, in_cash: bool) -> Closing | Answer:
    """What the member would be paid, or the answer that says why they cannot go now."""
    group = talk.session.get_one(Group, view.id)
    if approvals.open_ones(talk.session, view.id, "withdrawal", talk.user_id):
        return talk.answer("leave-money_under_way", group=view.name)
    try:
        left = governing.check_going(talk.session, group, talk.user_id, talk.at)
    except GoverningError as error:
        return talk.answer(f"leave-{error.code}", group=view.name)
    planned = closing.plan(talk.session, group, talk.user_id, left, talk.at, in_cash=in_cash, member_pays_fee=True)
    if planned.problem:
        return talk.answer(f"leave-{planned.problem}", group=view.name, example=examples.account(view.currency))
    return planned


def _plan_removal(talk: Talk, view: GroupView, member: Member) -> Closing | Answer:
    """What the member would be paid, or the answer that says why they cannot be removed now."""
    group = talk.session.get_one(Group, view.id)
    if approvals.open_ones(talk.session, view.id, "removal", member.user_id):
        return talk.answer("remove-open", payee=brief(member.name), group=view.name)
    gone = _is_gone(talk, view, member)
    try:
        if gone:
            left = governing.check_gone(talk.session, group, member.user_id)
        else:
            left = governing.check_going(talk.session, group, member.user_id, talk.at)
    except GoverningError as error:
        return talk.answer(f"remove-{error.code}", payee=brief(member.name), group=view.name)
    # The group wants it, so the group bears what the payout costs.
    planned = closing.plan(talk.session, group, member.user_id, left, talk.at, in_cash=False, member_pays_fee=False)
    if gone and planned.quote is None and planned.problem != "no_money":
        problem = planned.problem or "nothing"
        return talk.answer(f"remove-gone-{problem}", payee=brief(member.name), group=view.name, amount=str(left))
    if planned.problem:
        example = examples.account(view.currency)
        return talk.answer(f"remove-{planned.problem}", payee=brief(member.name), group=view.name, example=example)
    return planned


def _is_gone(talk: Talk, view: GroupView, member: Member) -> bool:
    return groups.membership(talk.session, view.id, member.user_id) is None


def _details(planned: Closing) -> dict[str, Any]:
    """What carrying it out needs: fees as quoted, and what of the savings stays in the book (minor units)."""
    if planned.quote is None:
        return {}
    return {
        "fee_minor": planned.quote.fee.amount_minor,
        "member_fee_minor": planned.quote.member_fee.amount_minor,
        "rest_minor": planned.rest.amount_minor,
    }


def _money(planned: Closing) -> dict[str, str]:
    """The money as the sentences take it: how much, to which account (or "cash"), and the fee that the member bears."""
    if planned.quote is None:
        return {"amount": "none", "account": "none", "fee": "none"}
    fee: Money = planned.quote.member_fee
    return {
        "amount": str(planned.quote.amount),
        "account": accounts.masked(planned.account) if planned.account else "cash",
        "fee": str(fee) if fee.amount_minor else "none",
    }


def _split(rest: str) -> tuple[str, str]:
    """The name and the reason: "Baraka because he moved away", "Baraka: moved away"."""
    asked = requests.read(rest)
    return asked.amount, asked.reason
