"""Taking money out: what, to whom, what is left, the fee; then the group votes, and the provider pays."""

import re
from dataclasses import replace

from bot import amounts, asking, ballots, confirming, examples, naming, requests
from bot.commands import retrying
from bot.requests import Request
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
    return _go_on(talk, requests.read(rest))


def take_amount(talk: Talk) -> Answer:
    """The answer to "how much?"; what was said before stays said."""
    now = requests.read(talk.incoming.text)
    return _go_on(talk, requests.merged(requests.read(talk.slots.get("request", "")), now))


def take_reason(talk: Talk) -> Answer:
    """The answer to "what is it for?": any words."""
    reason = requests.one_line(talk.incoming.text)
    return _go_on(talk, replace(requests.read(talk.slots["request"]), reason=reason))


def _go_on(talk: Talk, asked: Request) -> Answer:
    """Asks for what is missing, one thing at a time, and then for the member's own word."""
    group = talk.group()
    standing = _standing(talk, group)
    if standing is not None:
        return standing
    if not asked.amount:
        found = reading.available(talk.session, group.id, talk.user_id, group.currency, CASH_BOX)
        words = talk.say("ask-withdrawal", group=group.name, own=str(found.own))
        return talk.ask("withdrawing.amount", words, request=asked.text)
    read = _read_amount(talk, group, asked)
    if isinstance(read, Answer):
        return read
    asked, amount = read
    payee = _payee(talk, group, asked)
    if isinstance(payee, Answer):
        return payee
    account = None if asked.cash else _account(talk, group, payee)
    if isinstance(account, Answer):
        return account
    quoted = _quote(talk, group, amount, account)
    if isinstance(quoted, Answer):
        return quoted
    if not requests.is_reason(asked.reason):
        return talk.ask("withdrawing.reason", talk.say("ask-withdrawal-reason"), request=replace(asked, reason="").text)
    return _confirm(talk, group, quoted, payee, account, asked.reason)


def _standing(talk: Talk, group: GroupView) -> Answer | None:
    """A withdrawal of the member's that is not over: an open vote, or one that was decided and has not arrived."""
    for approval in approvals.open_ones(talk.session, group.id, "withdrawal", talk.user_id):
        return talk.answer(
            "withdraw-open",
            amount=str(Money(approval.amount_minor or 0, group.currency)),
            reason=approval.reason or "?",
        )
    for approval in retrying.waiting(talk, group):
        own = approval.kind == "withdrawal" and approval.user_id == talk.user_id
        account = accounts.of_destination(talk.session, group.id, approval.destination)
        payee: int = approval.details.get("payee") or approval.user_id or 0
        if own and (account is None or account == accounts.current(talk.session, group.id, payee, talk.at)):
            return talk.answer("withdraw-decided", amount=str(Money(approval.amount_minor or 0, group.currency)))
    return None


def _read_amount(talk: Talk, group: GroupView, asked: Request) -> tuple[Request, Money | None] | Answer:
    """The amount (None: all there is), and the request with what stood behind the figures in its place."""
    if asked.amount.casefold() in ("all", "everything", "my savings", "all my savings"):
        return asked, None
    found = amounts.read(asked.amount, group.currency)
    if found.money is None:
        words = talk.say(f"amount-{found.problem}", group=group.name, currency=group.currency, example=EXAMPLE)
        return talk.ask("withdrawing.amount", words, request=replace(asked, amount="").text)
    asked = replace(asked, amount=found.money.plain)
    if found.rest and not asked.reason and not _members_in(talk, group, found.rest):
        asked = replace(asked, reason=requests.one_line(found.rest))  # "withdraw 5000 school fees"
    elif found.rest and not asked.payee:
        return _who(talk, found.rest, asked)
    return asked, found.money


def _payee(talk: Talk, group: GroupView, asked: Request) -> Member | Answer:
    """Who gets it: oneself, or the one who was named behind "to". A name anywhere else is asked about."""
    if asked.payee:
        return naming.member(talk, group, asked.payee)
    last = re.match(r"(?:.*\s)?(?:to|for)\s+(\S.*)$", f"for {asked.reason}")
    if last and _members_in(talk, group, last[1]):
        return _who(talk, last[1], asked)
    return naming.member(talk, group, "me")


def _members_in(talk: Talk, group: GroupView, name: str) -> bool:
    others = [each for each in groups.members(talk.session, group.id) if each.user_id != talk.user_id]
    return len(name) <= 60 and bool(requests.named(others, name))


def _who(talk: Talk, name: str, asked: Request) -> Answer:
    return talk.answer("withdraw-who", name=requests.one_line(name), amount=asked.amount)


def take_confirmation(talk: Talk) -> Answer:
    """The member's own word: the group is asked."""
    view = confirming.confirmed(talk)
    if isinstance(view, Answer):
        return view
    slots = talk.slots
    account = accounts.of_destination(talk.session, view.id, slots["destination"])
    quoted = _quote(talk, view, Money(slots["amount_minor"], view.currency), account)
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
            "account": accounts.masked(account) if account else "cash",
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
    talk: Talk, group: GroupView, wanted: Money | None, account: PayoutAccount | None
) -> payouts.PayoutQuote | Answer:
    """What it costs, once it is clear that it can be paid at all; else the answer that says why not."""
    rules = talk.session.get_one(Group, group.id)
    provider = account.provider if account else CASH_BOX
    free = reading.available(talk.session, group.id, talk.user_id, group.currency, provider)
    held = str(free.own_held) if free.own_held.amount_minor else "none"
    if not free.own.amount_minor:
        return talk.answer("withdraw-nothing", group=group.name, held=held)
    amount = _all_of(rules, account, free.own) if wanted is None else wanted
    if amount.amount_minor <= 0:
        return talk.answer("withdraw-too-little", own=str(free.own))
    try:
        quoted = payouts.quote(rules, account, amount)
    except errors.UnsupportedCurrency:
        return talk.answer("payout-no-currency", currency=group.currency)
    except errors.AmountBelowMinimum as error:
        if wanted is None:
            return talk.answer("withdraw-too-little", own=str(free.own))
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
    return accounts.masked(account) if account else "cash"


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
