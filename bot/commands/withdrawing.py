"""Taking money out: what, to whom, what is left, the fee; then the group votes, and the provider pays."""

from bot import amounts, asking, ballots, confirming, examples, naming, requests
from bot.talk import Answer, GroupView, Talk
from core.money import Money
from ledger import approvals, groups, reading
from ledger.approvals import Subject
from ledger.groups import Member
from ledger.legs import CASH_BOX
from ledger.models import Group
from ledger.names import brief
from payments import accounts, errors, payouts
from payments.models import PayoutAccount

EXAMPLE = "withdraw 5000 for school fees"


def withdraw(talk: Talk, rest: str) -> Answer:
    """`withdraw 10000 for school fees`, `withdraw all to Baraka`, `withdraw 2000 in cash for food`."""
    group = talk.group()
    asked = requests.read(rest)
    if not asked.amount:
        found = reading.available(talk.session, group.id, talk.user_id, group.currency, CASH_BOX)
        return talk.ask("withdrawing.amount", talk.say("ask-withdrawal", group=group.name, own=str(found.own)))
    open_ones = approvals.open_ones(talk.session, group.id, "withdrawal", talk.user_id)
    if open_ones:
        amount = Money(open_ones[0].amount_minor or 0, group.currency)
        return talk.answer("withdraw-open", amount=str(amount))
    payee = naming.member(talk, group, asked.payee or "me")
    if isinstance(payee, Answer):
        return payee
    account = None if asked.cash else _account(talk, group, payee)
    if isinstance(account, Answer):
        return account
    quoted = _quote(talk, group, asked.amount, account)
    if isinstance(quoted, Answer):
        return quoted
    if not asked.reason:
        return talk.ask("withdrawing.reason", talk.say("ask-withdrawal-reason"), request=rest)
    return _confirm(talk, group, quoted, payee, account, asked.reason)


def take_amount(talk: Talk) -> Answer:
    """The answer to "how much?"."""
    return withdraw(talk, talk.incoming.text.strip())


def take_reason(talk: Talk) -> Answer:
    """The answer to "what is it for?"."""
    reason = requests.one_line(talk.incoming.text)
    if len(reason) < 3:
        return talk.ask("withdrawing.reason", talk.say("ask-withdrawal-reason"), **talk.slots)
    return withdraw(talk, f"{talk.slots['request']} because {reason}")


def take_confirmation(talk: Talk) -> Answer:
    """The member's own word: the group is asked."""
    view = confirming.confirmed(talk)
    if isinstance(view, Answer):
        return view
    slots = talk.slots
    account = accounts.of_destination(talk.session, view.id, slots["destination"])
    quoted = _quote(talk, view, Money(slots["amount_minor"], view.currency).plain, account)
    if isinstance(quoted, Answer):
        return quoted
    after = reading.available(talk.session, view.id, talk.user_id, view.currency, CASH_BOX).group
    names = groups.names(talk.session, [talk.user_id, slots["payee"]])
    subject = Subject(
        "withdrawal",
        user_id=talk.user_id,
        amount=quoted.amount,
        destination=slots["destination"],
        reason=slots["reason"],
        details={
            "payee": slots["payee"],
            "fee_minor": quoted.fee.amount_minor,
            "member_fee_minor": quoted.member_fee.amount_minor,
        },
        facts={
            "name": brief(names.get(talk.user_id, "?")),
            "payee": brief(names.get(slots["payee"], "?")),
            "to": "own" if slots["payee"] == talk.user_id else "other",
            "amount": str(quoted.amount),
            "fee": str(quoted.fee),
            "reason": slots["reason"],
            "account": accounts.masked(account) if account else talk.say("cash-box"),
            "holder": (account.holder or "none") if account else "none",
            "after": str(after - quoted.amount - quoted.fee),
        },
    )
    return asking.ask(talk, view, subject)


def _account(talk: Talk, group: GroupView, payee: Member) -> PayoutAccount | Answer:
    account = accounts.current(talk.session, group.id, payee.user_id, talk.at)
    if account is not None:
        return account
    own = payee.user_id == talk.user_id
    coming = accounts.coming(talk.session, group.id, payee.user_id, talk.at)
    if own and coming is not None and coming.usable_from is not None:
        until = ballots.moment(coming.usable_from, group.time_zone, talk.language)
        return talk.answer("withdraw-account-waits", account=accounts.shown(coming), until=until)
    if own:
        return talk.answer("withdraw-no-account", example=examples.account(group.currency))
    return talk.answer("withdraw-payee-no-account", payee=payee.name, example=examples.account(group.currency))


def _quote(
    talk: Talk, group: GroupView, amount_text: str, account: PayoutAccount | None
) -> payouts.PayoutQuote | Answer:
    """What it costs, once it is clear that it can be paid at all; else the answer that says why not."""
    rules = talk.session.get_one(Group, group.id)
    provider = account.provider if account else CASH_BOX
    free = reading.available(talk.session, group.id, talk.user_id, group.currency, provider)
    held = str(free.own_held) if free.own_held.amount_minor else "none"
    if not free.own.amount_minor:
        return talk.answer("withdraw-nothing", group=group.name, held=held)
    everything = amount_text.casefold() in ("all", "everything")
    amount = _all_of(rules, account, free.own) if everything else amounts.read(amount_text, group.currency).money
    if amount is None:
        problem = amounts.read(amount_text, group.currency).problem
        return talk.ask(
            "withdrawing.amount",
            talk.say(f"amount-{problem}", group=group.name, currency=group.currency, example=EXAMPLE),
        )
    try:
        quoted = payouts.quote(rules, account, amount)
    except errors.UnsupportedCurrency:
        return talk.answer("payout-no-currency", currency=group.currency)
    except errors.AmountBelowMinimum as error:
        return talk.answer("payout-below", limit=str(error.limit))
    except errors.AmountAboveMaximum as error:
        return talk.answer("payout-above", limit=str(error.limit))
    except errors.AmountNotPayable:
        return talk.answer("amount-whole", currency=group.currency, example=EXAMPLE)
    if rules.withdrawal_max_minor is not None and amount.amount_minor > rules.withdrawal_max_minor:
        limit = Money(rules.withdrawal_max_minor, group.currency)
        return talk.answer("withdraw-above-rule", group=group.name, limit=str(limit))
    if amount.amount_minor + quoted.member_fee.amount_minor > free.own.amount_minor:
        return talk.answer("withdraw-too-much", limit=str(_all_of(rules, account, free.own)), held=held)
    if amount.amount_minor + quoted.fee.amount_minor > free.cash.amount_minor:
        limit = _less_fee(rules, account, free.cash)
        return talk.answer(
            "withdraw-no-cash", group=group.name, limit=str(limit), place="provider" if account else "box"
        )
    return quoted


def _confirm(
    talk: Talk,
    group: GroupView,
    quoted: payouts.PayoutQuote,
    payee: Member,
    account: PayoutAccount | None,
    reason: str,
) -> Answer:
    balance = reading.balances(talk.session, group.id, talk.user_id, group.currency).own
    words = talk.say(
        "withdraw-confirm",
        amount=str(quoted.amount),
        group=group.name,
        to="own" if payee.user_id == talk.user_id else "other",
        payee=brief(payee.name),
        account=_shown(talk, account),
        reason=reason,
        fee=str(quoted.member_fee) if quoted.member_fee.amount_minor else "none",
        own=str(balance - quoted.amount - quoted.member_fee),
    )
    return confirming.ask(
        talk,
        "withdrawing.confirm",
        words,
        group=group.id,
        amount_minor=quoted.amount.amount_minor,
        payee=payee.user_id,
        destination=accounts.destination(account) if account else CASH_BOX,
        reason=reason,
    )


def _shown(talk: Talk, account: PayoutAccount | None) -> str:
    return accounts.masked(account) if account else talk.say("cash-box")


def _all_of(rules: Group, account: PayoutAccount | None, free: Money) -> Money:
    """The most that can be taken out of what is free, its fee included."""
    return _less_fee(rules, account, free) if account and rules.fee_bearer == "payer" else _payable(account, free)


def _less_fee(rules: Group, account: PayoutAccount | None, free: Money) -> Money:
    """The largest payable amount that, with its fee, is no more than this; fees never fall as amounts grow."""
    if account is None:
        return free
    low, high = 0, free.amount_minor
    provider_fee = payouts.fee_of(account)
    while low < high:
        middle = (low + high + 1) // 2
        fits = middle + provider_fee(Money(middle, free.currency)).amount_minor <= free.amount_minor
        low, high = (middle, high) if fits else (low, middle - 1)
    return _payable(account, Money(low, free.currency))


def _payable(account: PayoutAccount | None, amount: Money) -> Money:
    """Without the cents that the provider cannot send."""
    step = payouts.step_minor(account, amount.currency) if account else 1
    return Money(amount.amount_minor - amount.amount_minor % step, amount.currency)
