"""Paying a loan back: what is owed, what a payment would pay, how it is paid; or out of one's own savings."""

import re

from sqlalchemy import select

from bot import amounts, confirming, loanwords, paying_in, payways, requests
from bot.talk import Answer, GroupView, Talk
from bot.texts import Sentence
from core import clock
from core.money import Money
from ledger import errors, loans, reading, repaying
from ledger.legs import CASH_BOX
from ledger.models import Group, Loan
from ledger.repaying import Owed, RepaymentPlan
from payments import errors as payment_errors
from payments import routing

EXAMPLE = "repay 5000"


def loan(talk: Talk, rest: str) -> Answer:
    """`loan`: what is owed, what is next, what it takes to be done with it."""
    view = talk.group()
    group = talk.session.get_one(Group, view.id)
    active = loans.active(talk.session, view.id, talk.user_id)
    if not active:
        return _waiting(talk, view)
    owed = _owed(talk, group, active[0])
    late = owed.overdue.amount_minor
    words = talk.say(
        "loan-state",
        group=view.name,
        principal=str(owed.principal),
        overdue=str(owed.overdue) if late else "none",
        next=str(owed.next_amount),
        date=loanwords.day(owed.overdue_since if late and owed.overdue_since else owed.next_due, talk.language),
        settle=str(owed.settle),
        plain=_payable(group, owed.overdue if late else owed.next_amount).plain,
    )
    if len(active) > 1:
        words = talk.say("loan-other", words=words, count=len(active) - 1)
    return Answer(words)


def repay(talk: Talk, rest: str) -> Answer:
    """`repay 5000`, `repay all`, `repay 5000 by link`, `repay 5000 from savings`."""
    said, by = payways.split(rest)
    return _repay(talk, said, by)


def take_amount(talk: Talk) -> Answer:
    """The answer to "how much?"."""
    savings = " from savings" if talk.slots.get("savings") else ""
    said, by = payways.split(talk.incoming.text.strip())
    return _repay(talk, said + savings, by or talk.slots.get("by"))


def take_confirmation(talk: Talk) -> Answer:
    """The member's own word: out of their savings."""
    view = confirming.confirmed(talk)
    if isinstance(view, Answer):
        return view
    slots = talk.slots
    group = talk.session.get_one(Group, view.id)
    owing = talk.session.get_one(Loan, slots["loan"])
    amount = Money(slots["amount_minor"], view.currency)
    key = f"repay:{talk.incoming.message_id}"
    on = clock.day_at(talk.at, group.time_zone)
    try:
        with talk.session.begin_nested():
            posted = repaying.repay_from_savings(talk.session, owing, amount, on, talk.at, talk.cause, key)
    except errors.InsufficientFunds:
        return _short(talk, view)
    except errors.LoanError:
        return talk.answer("loan-none", group=view.name)
    left = loans.active(talk.session, view.id, talk.user_id)
    return talk.answer(
        "repaid-from-savings",
        amount=str(amount),
        number=posted.receipt_number,
        seal=posted.seal,
        left=loanwords.left(_owed(talk, group, left[0]) if left else None, talk.language),
    )


def _repay(talk: Talk, rest: str, by: str | None) -> Answer:
    view = talk.group()
    group = talk.session.get_one(Group, view.id)
    active = loans.active(talk.session, view.id, talk.user_id)
    if not active:
        return _waiting(talk, view)
    asked = requests.read(rest)
    if not re.sub(r"\b(?:my|the|loan|debt|some)\b", "", asked.amount.casefold()).strip():
        owed = _owed(talk, group, active[0])
        nearest = owed.overdue if owed.overdue.amount_minor else owed.next_amount
        words = talk.say(
            "ask-repayment", next=str(nearest), settle=str(owed.settle), plain=_payable(group, nearest).plain
        )
        return talk.ask("repaying.amount", words, savings=asked.from_savings, by=by)
    said = re.sub(r"\b(?:my|the|of|it|loan|debt)\b", " ", asked.amount.casefold()).strip()
    everything = said in ("all", "everything", "full", "in full", "whole")
    amount = amounts.Reading() if everything else amounts.read(asked.amount, view.currency)
    if not everything and amount.money is None:
        said = talk.say(f"amount-{amount.problem}", group=view.name, currency=view.currency, example=EXAMPLE)
        return talk.ask("repaying.amount", said, by=by)
    plan = _plan(talk, group, active[0], amount.money)
    if isinstance(plan, Answer):
        return plan
    if asked.from_savings:
        return _from_savings(talk, group, active[0], plan)
    return _by_provider(talk, group, active[0], plan, by)


def _by_provider(talk: Talk, group: Group, owing: Loan, plan: RepaymentPlan, by: str | None) -> Answer:
    amount = _payable(group, plan.amount)
    if amount != plan.amount and not plan.settles:
        plan = repaying.plan_repayment(talk.session, owing, amount, clock.day_at(talk.at, group.time_zone))
    rest = plan.surplus + (amount - plan.amount)
    collection = paying_in.request(talk, group, amount, "repayment", "repaying.amount", by)
    if isinstance(collection, Answer):
        return collection
    lead = {
        "group": group.name,
        "amount": str(amount),
        "parts": loanwords.parts(plan.paid, group.currency, talk.channel, talk.language),
        "surplus": str(rest) if rest.amount_minor else "none",
        "settles": "yes" if plan.settles else "no",
    }
    return paying_in.asked(talk, group, collection, Sentence("repay-lead", lead))


def _from_savings(talk: Talk, group: Group, owing: Loan, plan: RepaymentPlan) -> Answer:
    amount = plan.amount - plan.surplus  # Savings are not paid into themselves.
    free = reading.available(talk.session, group.id, talk.user_id, group.currency, CASH_BOX)
    if amount.amount_minor > free.own.amount_minor:
        return talk.answer("repay-savings-short", limit=str(free.own))
    balance = reading.balances(talk.session, group.id, talk.user_id, group.currency).own
    words = talk.say(
        "repay-savings-confirm",
        amount=str(amount),
        parts=loanwords.parts(plan.paid, group.currency, talk.channel, talk.language),
        group=group.name,
        own=str(balance - amount),
    )
    return confirming.ask(
        talk, "repaying.confirm", words, group=group.id, loan=owing.id, amount_minor=amount.amount_minor
    )


def _plan(talk: Talk, group: Group, owing: Loan, amount: Money | None) -> RepaymentPlan | Answer:
    on = clock.day_at(talk.at, group.time_zone)
    try:
        return repaying.plan_repayment(talk.session, owing, amount, on)
    except errors.PaysTooMuch as error:
        if amount is not None and _payable(group, error.limit) == amount:
            # The cents that no phone can send are not "more than is owed".
            return repaying.plan_repayment(talk.session, owing, None, on)
        return talk.answer("repay-too-much", limit=str(error.limit), group=group.name)
    except errors.AmountNotPositive:
        return talk.ask("repaying.amount", talk.say("amount-not_positive", example=EXAMPLE))


def _owed(talk: Talk, group: Group, owing: Loan) -> Owed:
    return repaying.owed(talk.session, owing, clock.day_at(talk.at, group.time_zone))


def _waiting(talk: Talk, view: GroupView) -> Answer:
    """There is nothing to pay back: perhaps a loan that was asked for and has not come yet."""
    found = talk.session.scalar(
        select(Loan)
        .where(Loan.group_id == view.id, Loan.user_id == talk.user_id, Loan.state.in_(("asked", "approved")))
        .order_by(Loan.id.desc())
        .limit(1)
    )
    if found is None:
        return talk.answer("loan-none", group=view.name)
    amount = Money(found.principal_minor, view.currency)
    return talk.answer("loan-waiting", amount=str(amount), group=view.name, state=found.state)


def _short(talk: Talk, view: GroupView) -> Answer:
    free = reading.available(talk.session, view.id, talk.user_id, view.currency, CASH_BOX).own
    return talk.answer("repay-savings-short", limit=str(free))


def _payable(group: Group, amount: Money) -> Money:
    """The next amount that a phone can send: whole shillings where M-PESA moves nothing smaller."""
    try:
        step = routing.collector(group.country, group.currency).step_minor(group.currency)
    except payment_errors.UnsupportedCurrency:
        step = 1
    return Money(-(-amount.amount_minor // step) * step, group.currency)
