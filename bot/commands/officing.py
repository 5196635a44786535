"""Offices: an officer proposes who takes one, the group votes, and the office changes hands."""

import re

from bot import asking, confirming, naming
from bot.talk import Answer, GroupView, Talk
from ledger import approvals, governing, groups
from ledger.approvals import Subject
from ledger.errors import GoverningError
from ledger.groups import Member
from ledger.models import OFFICERS, ROLES
from ledger.names import brief

ROLE_WORDS = {role: role for role in ROLES} | {
    "chairman": "chair", "chairwoman": "chair", "chairperson": "chair", "chairlady": "chair", "cashier": "treasurer",
}  # fmt: skip
_ROLE = re.compile(rf"\b(?:(?:the|our|a|an|as|be|to)\s+)*({'|'.join(ROLE_WORDS)})\b", re.I)


def make(talk: Talk, rest: str) -> Answer:
    """`make Baraka treasurer`, `role Baraka treasurer`."""
    view = talk.group()
    found = _ROLE.search(rest)
    name = " ".join((rest[: found.start()] + " " + rest[found.end() :]).split()) if found else ""
    if found is None or not name:
        return talk.answer("role-how")
    refused = not_an_officer(talk, view)
    if refused is not None:
        return refused
    payee = naming.member(talk, view, name)
    if isinstance(payee, Answer):
        return payee
    role = ROLE_WORDS[found[1].casefold()]
    answer = _not_now(talk, view, payee, role)
    if answer is not None:
        return answer
    words = talk.say("role-confirm", group=view.name, **_change(talk, view, payee, role))
    return confirming.ask(talk, "officing.confirm", words, group=view.id, member=payee.user_id, role=role)


def take_confirmation(talk: Talk) -> Answer:
    """The officer's own word: the group is asked."""
    view = confirming.confirmed(talk)
    if isinstance(view, Answer):
        return view
    role = talk.slots["role"]
    refused = not_an_officer(talk, view)
    if refused is not None:
        return refused
    payee = next((m for m in groups.members(talk.session, view.id) if m.user_id == talk.slots["member"]), None)
    if payee is None:
        return talk.answer("no-such-member", name="?", group=view.name)
    answer = _not_now(talk, view, payee, role)
    if answer is not None:
        return answer
    subject = Subject(
        "role",
        user_id=payee.user_id,
        details={"role": role},
        facts={"name": brief(talk.name or "")} | _change(talk, view, payee, role),
    )
    return asking.ask(talk, view, subject)


def not_an_officer(talk: Talk, view: GroupView) -> Answer | None:
    """The answer to somebody without an office, naming those who have one; None for an officer."""
    if view.role in OFFICERS:
        return None
    named = [member.name for member in groups.members(talk.session, view.id) if member.role in OFFICERS]
    return talk.answer("only-officers", group=view.name, officers=", ".join(named))


def _not_now(talk: Talk, view: GroupView, payee: Member, role: str) -> Answer | None:
    """Why this cannot be asked for now; None when it can."""
    if payee.role == role:
        return talk.answer("role-same", payee=brief(payee.name), role=role)
    try:
        governing.check_office(talk.session, view.id, payee.user_id, role)
    except GoverningError:
        return talk.answer("role-last-chair", payee=brief(payee.name), group=view.name)
    for approval in approvals.open_ones(talk.session, view.id, "role"):
        if approval.user_id == payee.user_id or (role != "member" and approval.details["role"] == role):
            return talk.answer("role-open", group=view.name)
    return None


def _change(talk: Talk, view: GroupView, payee: Member, role: str) -> dict[str, str]:
    """What the ballot says; `holder` is who gives the office away."""
    others = [each.user_id for each in governing.holders(talk.session, view.id, role) if each.user_id != payee.user_id]
    names = groups.names(talk.session, others) if role != "member" else {}
    holder = ", ".join(brief(names[user_id]) for user_id in others if user_id in names)
    return {"payee": brief(payee.name), "role": role, "from_role": payee.role, "holder": holder or "none"}
