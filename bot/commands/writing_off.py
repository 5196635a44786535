"""Giving a loan up: an officer asks, the group votes; what guarantors stand for is paid by them first."""

from bot import asking, confirming, naming, requests
from bot.commands import officing
from bot.talk import Answer, Talk
from core import clock
from core.money import Money
from ledger import errors, groups, loans
from ledger.approvals import Subject
from ledger.models import Group, Loan
from ledger.names import brief


def write_off(talk: Talk, rest: str) -> Answer:
    """`write off Baraka because he is ill`."""
    view = talk.group()
    if (refused := officing.not_an_officer(talk, view)) is not None:
        return refused
    asked = requests.read(rest)
    if not asked.amount or not asked.reason:
        return talk.answer("write-off-how")
    member = naming.member(talk, view, asked.amount)
    if isinstance(member, Answer):
        return member
    active = loans.active(talk.session, view.id, member.user_id)
    if not active:
        return talk.answer("write-off-none", name=brief(member.name))
    group = talk.session.get_one(Group, view.id)
    lost = loans.write_off_amount(talk.session, active[0], clock.day_at(talk.at, group.time_zone))
    words = talk.say(
        "write-off-confirm", group=view.name, amount=str(lost), name=brief(member.name), reason=asked.reason
    )
    return confirming.ask(talk, "writing_off.confirm", words, group=view.id, loan=active[0].id, reason=asked.reason)


def take_confirmation(talk: Talk) -> Answer:
    """The officer's own word: the group is asked."""
    view = confirming.confirmed(talk)
    if isinstance(view, Answer):
        return view
    slots = talk.slots
    if (refused := officing.not_an_officer(talk, view)) is not None:
        return refused
    group, loan = talk.session.get_one(Group, view.id), talk.session.get_one(Loan, slots["loan"])
    names = groups.names(talk.session, [talk.user_id, loan.user_id])
    try:
        lost = loans.write_off_amount(talk.session, loan, clock.day_at(talk.at, group.time_zone))
    except errors.NoLoan:
        return talk.answer("write-off-none", name=brief(names.get(loan.user_id, "?")))
    held = Money(loans.held_by_guarantors(talk.session, loan), group.currency)
    payee = brief(names.get(loan.user_id, "?"))
    subject = Subject(
        "write_off",
        user_id=loan.user_id,
        amount=lost if lost.amount_minor else None,  # Guarantors may cover it all.
        reason=slots["reason"],
        details={"loan": loan.id},
        facts={
            "name": brief(names.get(talk.user_id, "?")),
            "payee": payee,
            "amount": str(lost),
            "reason": slots["reason"],
            "held": str(held) if held.amount_minor else "none",
        },
    )
    return asking.ask(talk, view, subject)
