"""Giving up what the group has not paid yet: a loan that a member no longer wants, cash that was not handed over."""

from sqlalchemy import select

from bot import confirming
from bot.talk import Answer, GroupView, Talk
from core import outbox
from core.money import Money
from ledger import approvals, cash, errors, loans
from ledger.models import Loan, Transaction
from payments import deciding


def cancel_loan(talk: Talk, rest: str) -> Answer:
    """`cancel loan`: the one that the member has asked for and not got."""
    view = talk.group()
    loan = _unpaid(talk, view)
    return talk.answer("loan-none-to-cancel", group=view.name) if loan is None else _ask_about_loan(talk, view, loan)


def offer(talk: Talk, view: GroupView) -> Answer | None:
    """`take back`, where no question to the group is open: asks about cash that is due, or about a loan; else None."""
    due = cash.takeable(talk.session, view.id, talk.user_id)
    if due is not None and due.kind != "loan_disbursement":
        words = talk.say("cash-take-back-confirm", group=view.name, amount=_amount(due))
        return confirming.ask(talk, "giving_up.cash", words, group=view.id, transaction=due.id)
    loan = _unpaid(talk, view)
    return None if loan is None else _ask_about_loan(talk, view, loan)


def take_cash_back(talk: Talk) -> Answer:
    """The member's own word about cash that was to be handed over."""
    view = confirming.confirmed(talk)
    if isinstance(view, Answer):
        return view
    due = talk.session.get_one(Transaction, talk.slots["transaction"])
    if not _end_due(talk, due):
        return talk.answer("cash-handed-over", group=view.name, amount=_amount(due))
    return talk.answer("cash-taken-back", group=view.name, amount=_amount(due))


def take_loan_back(talk: Talk) -> Answer:
    """The member's own word about a loan: its vote ends, or its payout is not tried again."""
    view = confirming.confirmed(talk)
    if isinstance(view, Answer):
        return view
    loan = talk.session.get_one(Loan, talk.slots["loan"], populate_existing=True)
    amount = Money(loan.principal_minor, view.currency)
    approval = approvals.find(talk.session, view.id, loan.approval_id or 0)
    due = cash.takeable(talk.session, view.id, talk.user_id)
    try:
        if approval is not None and approval.state == "open":
            deciding.withdraw(talk.session, view.id, approval.id, talk.at, talk.cause)
        elif due is not None and due.approval_id == loan.approval_id:
            _end_due(talk, due)
        else:
            loans.cancel(talk.session, loan, talk.at, talk.cause)
    except errors.NoLoan:
        return talk.answer("loan-under-way", group=view.name, amount=str(amount))
    outbox.put(talk.session, "bot.loan_ended", {"loan": loan.id, "lapsed": False}, f"loan_ended:{loan.id}")
    return talk.answer("loan-cancelled", group=view.name, amount=str(amount), plain=amount.plain)


def _ask_about_loan(talk: Talk, view: GroupView, loan: Loan) -> Answer:
    amount = str(Money(loan.principal_minor, view.currency))
    due = cash.takeable(talk.session, view.id, talk.user_id)
    in_the_box = due is not None and due.approval_id == loan.approval_id
    if loans.money_under_way(talk.session, loan) and not in_the_box:
        return talk.answer("loan-under-way", group=view.name, amount=amount)
    words = talk.say("loan-cancel-confirm", group=view.name, amount=amount, reason=loan.reason)
    return confirming.ask(talk, "giving_up.loan", words, group=view.id, loan=loan.id)


def _end_due(talk: Talk, due: Transaction) -> bool:
    if not cash.withdraw_due(talk.session, due.id, talk.at, talk.cause):
        return False
    outbox.put(talk.session, "bot.cash_ended", {"transaction": due.id}, f"cash_ended:{due.id}")
    return True


def _unpaid(talk: Talk, view: GroupView) -> Loan | None:
    """The member's newest loan that was asked for or decided, and has not begun."""
    return talk.session.scalar(
        select(Loan)
        .where(Loan.group_id == view.id, Loan.user_id == talk.user_id, Loan.state.in_(("asked", "approved")))
        .order_by(Loan.id.desc())
        .limit(1)
    )


def _amount(transaction: Transaction) -> str:
    return str(Money(transaction.amount_minor, transaction.currency))
