"""Asking the group: opens a vote for what a member has confirmed, and says who votes until when."""

from sqlalchemy import select

from bot import ballots
from bot.announcing_votes import problem
from bot.talk import Answer, GroupView, Talk
from ledger import approvals, errors
from ledger.approvals import Subject, Tally
from ledger.models import Approval, Group, Transaction
from payments import deciding


def ask(talk: Talk, view: GroupView, subject: Subject) -> Answer:
    """Asks the group, unless nobody may vote about it."""
    group = talk.session.get_one(Group, view.id)
    try:
        with talk.session.begin_nested():
            tally = deciding.ask(talk.session, group, subject, talk.at, talk.cause)
    except errors.NobodyMayVote:
        return talk.answer("nobody-may-vote")
    return asked(talk, view, tally)


def asked(talk: Talk, group: GroupView, tally: Tally) -> Answer:
    """What whoever asked hears: who votes, until when; or that it is decided, in a group of one."""
    approval = approvals.find(talk.session, group.id, tally.approval_id)
    if approval is None:
        raise LookupError(f"approval {tally.approval_id} is gone")
    if tally.state != "open":
        return talk.answer("decided-at-once", group=group.name, **_outcome(talk, approval))
    return talk.answer(
        "asked-the-group",
        group=group.name,
        until=ballots.moment(approval.closes_at, group.time_zone, talk.language),
        counted="yes" if tally.yes else "no",
        **{name: value for name, value in ballots.tally(approval).items() if name in ("eligible", "needed")},
    )


def _outcome(talk: Talk, approval: Approval) -> dict[str, object]:
    """How a vote that was decided at once was carried out."""
    under_way = talk.session.scalar(
        select(Transaction.id).where(Transaction.group_id == approval.group_id, Transaction.approval_id == approval.id)
    )
    money = approval.kind in approvals.PAYING_SUBJECTS and approval.amount_minor is not None
    result = ("under_way" if under_way else "stuck") if money else "done"
    return {"result": result, "problem": problem("insufficient_funds")}
