"""Saving money: the amount, the quote with its fee, the pay link."""

from bot import amounts, paylinks
from bot.talk import Answer, GroupView, Talk
from core.money import Money
from ledger import reading
from payments import collections

EXAMPLE = "contribute 5000"
YES = frozenset({"1", "yes", "y", "yeah", "yep", "ok"})
NO = frozenset({"2", "no", "n", "nope"})


def contribute(talk: Talk, rest: str) -> Answer:
    """`contribute 5000`."""
    group = talk.group()
    if not rest:
        return talk.ask("contributing.amount", talk.say("ask-amount", group=group.name))
    amount = amounts.read(rest, group.currency)
    if amount.money is None:
        return _explain(talk, amount, group)
    return _request(talk, group, amount.money)


def suppose(talk: Talk, rest: str) -> Answer:
    """A typo that looks like `contribute`: ask before anything is written."""
    group = talk.group()
    amount = amounts.read(rest, group.currency)
    if amount.money is None:
        return talk.answer("did-you-mean", command="contribute", example=EXAMPLE)
    words = talk.say("confirm-contribute", amount=str(amount.money), group=group.name)
    return talk.ask("contributing.confirm", words, amount_minor=amount.money.amount_minor)


def take_amount(talk: Talk) -> Answer:
    """The answer to "how much?". Another try stays possible until it is an amount."""
    return contribute(talk, talk.incoming.text.strip())


def take_confirmation(talk: Talk) -> Answer:
    """The answer to "did you mean …?"."""
    said = talk.incoming.text.strip().casefold().strip(".!")
    if said in YES:
        group = talk.group()
        return _request(talk, group, Money(talk.slots["amount_minor"], group.currency))
    if said in NO:
        return talk.answer("confirm-no")
    return talk.ask("contributing.confirm", talk.say("confirm-again"), **talk.slots)


def paid(talk: Talk, rest: str) -> Answer:
    """`paid` is never money: only the provider's word is. Say what is known and what will come."""
    group = talk.group()
    balances = reading.balances(talk.session, group.id, talk.user_id, group.currency)
    if balances.paying.amount_minor:
        return talk.answer("paid-hint", open=str(balances.paying))
    return talk.answer("paid-hint-none")


def _request(talk: Talk, group: GroupView, amount: Money) -> Answer:
    collection = paylinks.request(talk, group, amount, "contribution", "contributing.amount", EXAMPLE)
    if isinstance(collection, Answer):
        return collection
    return talk.answer(
        "pay-link",
        group=group.name,
        amount=str(amount),
        fee=str(Money(collection.gross_minor - collection.amount_minor, amount.currency)),
        gross=str(Money(collection.gross_minor, amount.currency)),
        extra="yes" if collection.gross_minor != collection.amount_minor else "no",
        link=collections.link_url(collection.token),
    )


def _explain(talk: Talk, amount: amounts.Reading, group: GroupView) -> Answer:
    words = talk.say(
        f"amount-{amount.problem}",
        group=group.name,
        currency=group.currency,
        example=EXAMPLE,
    )
    return talk.ask("contributing.amount", words)
