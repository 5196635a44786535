"""Second thoughts: a payout that did not arrive is tried again, a question to the group is taken back."""

from collections.abc import Sequence

from sqlalchemy import or_, select

from bot import announcing_votes, ballots, confirming
from bot.commands import giving_up
from bot.talk import Answer, GroupView, Talk
from ledger import approvals, groups
from ledger.models import OFFICERS, Approval, Loan, Transaction
from payments import deciding, payouts


def try_again(talk: Talk, rest: str) -> Answer:
    """`try again`: what the group has decided and what did not arrive, to the very same account, without a new vote."""
    view = talk.group()
    open_ones = waiting(talk, view)
    if not open_ones:
        return talk.answer("try-again-none")
    words = talk.say("try-again-confirm", what=ballots.short(open_ones[0]))
    return confirming.ask(talk, "retrying.try_again", words, group=view.id)


def take_try_again(talk: Talk) -> Answer:
    """The member's own word. The newest that can be done is done; what is in the way of the others is said."""
    view = confirming.confirmed(talk)
    if isinstance(view, Answer):
        return view
    result = ""
    for approval in waiting(talk, view):
        result = deciding.try_again(talk.session, view.id, approval.id, talk.at, talk.cause)
        if result in ("under_way", "done"):
            return talk.answer("try-again-started")
    if not result:
        return talk.answer("try-again-none")
    return talk.answer("try-again-stuck", problem=announcing_votes.problem(result))


def take_back(talk: Talk, rest: str) -> Answer:
    """`take back`: whoever asked the group no longer wants it, or the cash that the group has decided."""
    view = talk.group()
    mine = [each for each in approvals.open_ones(talk.session, view.id) if each.asked_by == talk.user_id]
    if mine:
        words = talk.say("take-back-confirm", group=view.name, what=ballots.short(mine[-1]))
        return confirming.ask(talk, "retrying.take_back", words, group=view.id, approval=mine[-1].id)
    return giving_up.offer(talk, view) or talk.answer("take-back-none")


def take_take_back(talk: Talk) -> Answer:
    """The member's own word."""
    view = confirming.confirmed(talk)
    if isinstance(view, Answer):
        return view
    if not deciding.withdraw(talk.session, view.id, talk.slots["approval"], talk.at, talk.cause):
        return talk.answer("take-back-none")
    return talk.answer("taken-back", group=view.name)


def waiting(talk: Talk, view: GroupView) -> Sequence[Approval]:
    """What passed, pays and is not paid: asked by the member, or by somebody gone whom an officer now helps."""
    members = {member.user_id for member in groups.members(talk.session, view.id)}
    paid = select(Transaction.id).where(
        Transaction.group_id == Approval.group_id,
        Transaction.approval_id == Approval.id,
        Transaction.state.in_(("pending", "processing", "completed")),
    )
    # A loan that was given up since is not paid, although its vote has passed.
    wanted = select(Loan.id).where(
        Loan.group_id == Approval.group_id, Loan.approval_id == Approval.id, Loan.state == "approved"
    )
    passed = talk.session.scalars(
        select(Approval)
        .where(
            Approval.group_id == view.id,
            Approval.state == "passed",
            Approval.kind.in_(approvals.PAYING_SUBJECTS),
            Approval.amount_minor.is_not(None),
            Approval.decided_at > talk.at - payouts.RETRY_WITHIN,
            ~paid.exists(),
            or_(Approval.kind != "loan", wanted.exists()),
        )
        .order_by(Approval.id.desc())
    )
    officer = view.role in OFFICERS
    return [
        each
        for each in passed
        if each.asked_by == talk.user_id or (officer and (each.asked_by not in members or each.kind == "removal"))
    ]
