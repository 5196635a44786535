"""How a member pays from now on: `pay by` lists the ways, `pay by mpesa` is kept; their own account number."""

from bot import paying_in, payways, standing_accounts
from bot.talk import Answer, GroupView, Talk
from payments import ways

QUESTION = "paying_by.way"


def pay_by(talk: Talk, rest: str) -> Answer:
    """`pay by`, `pay by mpesa`, `pay by gtbank`, `pay by link`, `pay by account`."""
    view = talk.group()
    offered = payways.offers(view, talk.phone)
    if not offered:
        return talk.answer("payments-unsupported", group=view.name, currency=view.currency)
    said = rest.strip(" .!?:")
    if not said:
        return _list(talk, view, offered)
    if said.isdecimal() and len(said) <= 2:
        if not 1 <= int(said) <= len(offered):
            return _list(talk, view, offered)
        return _keep(talk, view, offered[int(said) - 1])
    way = paying_in.find(talk, view, said, None, "contribution")
    return way if isinstance(way, Answer) else _keep(talk, view, payways.offer(view, way))


def take_way(talk: Talk) -> Answer:
    """The answer to the list: its number, or the way's name."""
    said = talk.incoming.text.strip()
    return pay_by(talk, said.removeprefix("by ").removeprefix("By "))


def account_number(talk: Talk, rest: str) -> Answer:
    """`my account number`: whatever is paid in there is the member's contribution."""
    return standing_accounts.tell(talk, talk.group())


def _list(talk: Talk, view: GroupView, offered: list[payways.Offer]) -> Answer:
    lines = [f"{place} {talk.say(each.label.key, **each.label.values)}" for place, each in enumerate(offered, start=1)]
    return talk.ask(QUESTION, talk.say("pay-by", group=view.name, list="\n".join(lines)))


def _keep(talk: Talk, view: GroupView, chosen: payways.Offer) -> Answer:
    if chosen.way == payways.ACCOUNT:
        # Money that comes there needs no asking: `contribute` goes on as before beside it.
        return standing_accounts.tell(talk, view)
    ways.choose(talk.session, talk.user_id, view.currency, chosen.way, talk.at)
    others = [each for each in payways.offers(view, talk.phone) if each.way.method != chosen.way.method]
    return talk.answer(
        "pay-by-kept", called=chosen.label, currency=view.currency, word=others[-1].word if others else "none"
    )
