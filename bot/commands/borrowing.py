"""Borrowing: a quote in money, one's own word, guarantors where the rules want them, then the group's vote."""

from dataclasses import replace

from bot import amounts, asking, ballots, confirming, examples, loanwords, requests
from bot.requests import Request
from bot.talk import Answer, GroupView, Talk
from core import clock
from core.money import Money
from ledger import errors, loans
from ledger.legs import CASH_BOX
from ledger.loans import Quote
from ledger.models import Group
from payments import accounts, lending, payouts
from payments import errors as payment_errors
from payments.models import PayoutAccount

EXAMPLE = "borrow 5000 for 3 months"


def borrow(talk: Talk, rest: str) -> Answer:
    """`borrow 20000 for 3 months because the roof leaks`, also `… in cash`."""
    return _go_on(talk, requests.read_loan(rest))


def take_amount(talk: Talk) -> Answer:
    """The answer to "how much?"; what was said before stays said."""
    now = requests.read_loan(talk.incoming.text)
    return _go_on(talk, requests.merged(requests.read_loan(talk.slots.get("request", "")), now))


def take_periods(talk: Talk) -> Answer:
    """The answer to "for how long?": a number, or a time with its unit."""
    group = talk.session.get_one(Group, talk.group().id)
    said = requests.periods(talk.incoming.text, group.loan_period)
    if said is None or said[0] < 1:
        words = talk.say("loan-periods-unreadable", period=group.loan_period)
        return talk.ask("borrowing.periods", words, **talk.slots)
    before = requests.read_loan(talk.slots["request"])
    return _go_on(talk, replace(before, periods=said[0], unit=said[1]))


def take_reason(talk: Talk) -> Answer:
    """The answer to "what is it for?": any words."""
    reason = requests.one_line(talk.incoming.text)
    return _go_on(talk, replace(requests.read_loan(talk.slots["request"]), reason=reason))


def _go_on(talk: Talk, asked: Request) -> Answer:
    """Asks for what is missing, one thing at a time, and then for the member's own word."""
    view = talk.group()
    group = talk.session.get_one(Group, view.id)
    if not asked.amount:
        return talk.ask("borrowing.amount", talk.say("ask-loan", group=view.name), request=asked.text)
    amount = amounts.read(asked.amount, view.currency)
    if amount.money is None:
        said = talk.say(f"amount-{amount.problem}", group=view.name, currency=view.currency, example=EXAMPLE)
        return talk.ask("borrowing.amount", said, request=replace(asked, amount="").text)
    asked = replace(asked, amount=amount.money.plain, reason=asked.reason or requests.one_line(amount.rest))
    account = None if asked.cash else _account(talk, view)
    if isinstance(account, Answer):
        return account
    without_time = replace(asked, periods=None, unit=None).text
    if asked.unit is not None and asked.unit != group.loan_period:
        words = talk.say("loan-other-period", group=view.name, period=group.loan_period, plain=amount.money.plain)
        return talk.ask("borrowing.periods", words, request=without_time)
    if asked.periods is None or asked.periods < 1:
        words = talk.say("ask-loan-periods", group=view.name, period=group.loan_period, limit=group.loan_max_periods)
        return talk.ask("borrowing.periods", words, request=without_time)
    quoted = _quote(talk, group, amount.money, asked.periods, account)
    if isinstance(quoted, Answer):
        return quoted
    if not requests.is_reason(asked.reason):
        return talk.ask("borrowing.reason", talk.say("ask-loan-reason"), request=replace(asked, reason="").text)
    return _confirm(talk, group, quoted, asked.periods, account, asked.reason)


def take_confirmation(talk: Talk) -> Answer:
    """The member's own word: the loan is asked for; the group votes at once, or when its guarantors have said yes."""
    view = confirming.confirmed(talk)
    if isinstance(view, Answer):
        return view
    slots = talk.slots
    group = talk.session.get_one(Group, view.id)
    account = accounts.of_destination(talk.session, view.id, slots["destination"])
    quoted = _quote(talk, group, Money(slots["amount_minor"], view.currency), slots["periods"], account)
    if isinstance(quoted, Answer):
        return quoted
    loan = loans.ask(talk.session, group, talk.user_id, quoted, slots["reason"], talk.at, talk.cause)
    loan.destination = slots["destination"]
    talk.session.flush()
    if group.loan_guarantors:
        share = Money(-(-loan.principal_minor // group.loan_guarantors), view.currency)
        return talk.answer("loan-name-guarantors", count=group.loan_guarantors, amount=str(share))
    try:
        with talk.session.begin_nested():
            tally = lending.ask_the_group(talk.session, group, loan, talk.at, talk.cause)
    except errors.NobodyMayVote:
        loans.cancel(talk.session, loan, talk.at, talk.cause)
        return talk.answer("nobody-may-vote")
    except errors.SubjectChanged:
        loans.cancel(talk.session, loan, talk.at, talk.cause)
        return talk.answer("withdraw-no-account", example=examples.account(view.currency))
    return asking.asked(talk, view, tally)


def _account(talk: Talk, view: GroupView) -> PayoutAccount | Answer:
    account = accounts.current(talk.session, view.id, talk.user_id, talk.at)
    if account is not None:
        return account
    coming = accounts.coming(talk.session, view.id, talk.user_id, talk.at)
    if coming is not None and coming.usable_from is not None:
        until = ballots.moment(coming.usable_from, view.time_zone, talk.language)
        return talk.answer("withdraw-account-waits", account=accounts.shown(coming), until=until)
    return talk.answer("withdraw-no-account", example=examples.account(view.currency))


def _quote(talk: Talk, group: Group, amount: Money, periods: int, account: PayoutAccount | None) -> Quote | Answer:
    """The schedule, once it is clear that the group may and can lend it; else the answer that says why not."""
    provider = account.provider if account else CASH_BOX
    on = clock.day_at(talk.at, group.time_zone)
    try:
        payouts.quote(group, account, amount, member_pays_fee=False)
        return loans.quote(talk.session, group, talk.user_id, amount, periods, None, on, provider)
    except payment_errors.UnsupportedCurrency:
        return talk.answer("payout-no-currency", currency=group.currency)
    except payment_errors.AmountBelowMinimum as error:
        return talk.answer("payout-below", limit=str(error.limit))
    except payment_errors.AmountAboveMaximum as error:
        return talk.answer("payout-above", limit=str(error.limit))
    except payment_errors.AmountNotPayable:
        return talk.answer("amount-whole", currency=group.currency, example=EXAMPLE)
    except errors.AboveSavingsLimit as error:
        multiple = group.loan_savings_multiple
        if error.limit.amount_minor <= 0:
            return talk.answer("loan-nothing", group=group.name, multiple=multiple)
        return talk.answer("loan-above_savings_limit", group=group.name, limit=str(error.limit), multiple=multiple)
    except errors.TermTooLong as error:
        return talk.answer("loan-term_too_long", group=group.name, limit=error.limit, period=group.loan_period)
    except errors.TooManyLoans:
        return talk.answer("loan-too_many_loans", group=group.name)
    except errors.NotEnoughCash as error:
        return talk.answer("loan-not_enough_cash", group=group.name, limit=str(error.limit))
    except errors.LedgerError:
        return talk.answer("loan-impossible", amount=str(amount), group=group.name)


def _confirm(
    talk: Talk, group: Group, quoted: Quote, periods: int, account: PayoutAccount | None, reason: str
) -> Answer:
    schedule = quoted.schedule
    amount = schedule.terms.principal
    words = talk.say(
        "loan-confirm",
        amount=str(amount),
        group=group.name,
        reason=reason,
        account=accounts.masked(account) if account else "cash",
        schedule=loanwords.schedule(schedule, talk.channel, talk.language),
        total=str(schedule.total),
        cost=str(schedule.interest),
        rate=f"{group.loan_rate_percent.normalize():f}",
        period=group.loan_period,
        guarantors=group.loan_guarantors,
    )
    return confirming.ask(
        talk,
        "borrowing.confirm",
        words,
        group=group.id,
        amount_minor=amount.amount_minor,
        periods=periods,
        destination=accounts.destination(account) if account else CASH_BOX,
        reason=reason,
    )
