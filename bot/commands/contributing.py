"""Saving money: the amount, the quote with its fee, and how it is paid."""

from bot import amounts, paying_in, payways
from bot.talk import Answer, GroupView, Talk
from bot.texts import Sentence
from core.money import Money
from ledger import reading

EXAMPLE = "contribute 5000"
YES = frozenset({"1", "yes", "y", "yeah", "yep", "ok"})
NO = frozenset({"2", "no", "n", "nope"})


def contribute(talk: Talk, rest: str) -> Answer:
    """`contribute 5000`, `contribute 5000 by link`."""
    said, by = payways.split(rest)
    return _contribute(talk, said, by)


def suppose(talk: Talk, rest: str) -> Answer:
    """A typo that looks like `contribute`: ask before anything is written."""
    group = talk.group()
    said, by = payways.split(rest)
    amount = amounts.read(said, group.currency)
    if amount.money is None:
        return talk.answer("did-you-mean", command="contribute", example=EXAMPLE)
    words = talk.say("confirm-contribute", amount=str(amount.money), group=group.name)
    return talk.ask("contributing.confirm", words, amount_minor=amount.money.amount_minor, **_named(by))


def take_amount(talk: Talk) -> Answer:
    """The answer to "how much?". Another try stays possible until it is an amount."""
    said, by = payways.split(talk.incoming.text.strip())
    return _contribute(talk, said, by or talk.slots.get("by"))


def take_confirmation(talk: Talk) -> Answer:
    """The answer to "did you mean …?"."""
    said = talk.incoming.text.strip().casefold().strip(".!")
    if said in YES:
        group = talk.group()
        return _request(talk, group, Money(talk.slots["amount_minor"], group.currency), talk.slots.get("by"))
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


def _contribute(talk: Talk, said: str, by: str | None) -> Answer:
    group = talk.group()
    if not said:
        return talk.ask("contributing.amount", talk.say("ask-amount", group=group.name), **_named(by))
    amount = amounts.read(said, group.currency)
    if amount.money is None:
        words = talk.say(f"amount-{amount.problem}", group=group.name, currency=group.currency, example=EXAMPLE)
        return talk.ask("contributing.amount", words, **_named(by))
    return _request(talk, group, amount.money, by)


def _request(talk: Talk, group: GroupView, amount: Money, by: str | None) -> Answer:
    collection = paying_in.request(talk, group, amount, "contribution", "contributing.amount", by)
    if isinstance(collection, Answer):
        return collection
    return paying_in.asked(talk, group, collection, Sentence("pay-lead", {"group": group.name, "amount": str(amount)}))


def _named(by: str | None) -> dict[str, str]:
    """The way that was named, kept with a question."""
    return {"by": by} if by else {}
