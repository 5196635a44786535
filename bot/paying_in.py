"""Asking for a payment: what the member is asked to do, by link, on their phone or at their bank; or why it cannot be.

Amounts and the fee are said before anything is paid. What a job has to fetch first is promised, and comes by itself.
"""

from sqlalchemy import select

from bot import announcing_charges, payways, standing_accounts
from bot.talk import Answer, GroupView, Talk
from bot.texts import Sentence
from core.money import Money
from ledger import errors as ledger_errors
from ledger import groups
from ledger.models import OFFICERS, Group
from ledger.names import brief
from payments import collections, links, ways
from payments import errors as payment_errors
from payments.models import Checkout, Collection
from payments.provider import Method
from payments.ways import Way

VERBS = {"contribution": "contribute", "repayment": "repay"}


def request(
    talk: Talk,
    group: Group | GroupView,
    amount: Money,
    kind: str,
    question: str,
    said: str | None,
) -> Collection | Answer:
    """The payment that was asked for, `kind` contribution or repayment; or what to say when it is not possible.

    `said` is how it shall be paid in the member's words, None for as usual. `question` is the one that is asked again
    when the amount cannot be paid.
    """
    way = None if said is None else find(talk, group, said, amount, kind)
    if isinstance(way, Answer):
        return way
    if way == payways.ACCOUNT:
        return standing_accounts.tell(talk, group)
    example = f"{VERBS[kind]} 5000"
    try:
        return collections.request(
            talk.session, group.id, talk.user_id, amount, talk.at, talk.cause, kind=kind, number=talk.phone, way=way
        )
    except ledger_errors.AmountNotPositive:
        words = talk.say("amount-not_positive", example=example)
    except ledger_errors.AmountAboveLimit as error:
        words = talk.say("amount-above-limit", limit=str(error.limit))
    except payment_errors.AmountBelowMinimum as error:
        words = talk.say("amount-below-minimum", limit=str(error.limit))
    except payment_errors.AmountNotPayable:
        words = talk.say("amount-whole", currency=group.currency, example=example)
    except payment_errors.TooManyPrompts:
        return talk.answer("prompts-too-many", example=f"{VERBS[kind]} {amount.plain} by link")
    except payment_errors.NoWayToPay:
        return _in_cash(talk, group, amount, kind, otherwise=True)
    except payment_errors.UnsupportedCurrency:
        return talk.answer("payments-unsupported", group=group.name, currency=group.currency)
    return talk.ask(question, words, **({"by": said} if said else {}))


def find(talk: Talk, group: Group | GroupView, said: str, amount: Money | None, kind: str) -> Way | Answer:
    """The way that the words name, or what to say where it cannot be had."""
    if amount is not None and said.strip(" .!").casefold() in payways.CASH:
        return _in_cash(talk, group, amount, kind, otherwise=False)
    way = payways.read(said, group, talk.phone)
    offered = payways.offers(group, talk.phone)
    words = ", ".join(each.word for each in offered if kind == "contribution" or each.way != payways.ACCOUNT)
    if way == Way("ussd"):
        banks = list(ways.networks(group.country, group.currency, "ussd").items())
        if banks:
            listed = ", ".join(name for _, name in banks)
            return talk.answer("way-which-bank", list=listed, word=banks[0][0])
    if way is not None and way.method == "mobile_money" and not payways.reaches(way, talk, group):
        return talk.answer("way-own-phone", list=words)
    if way is None or not ways.is_offered(group.country, group.currency, way):
        return talk.answer("way-unknown", list=words)
    if way == payways.ACCOUNT and kind == "repayment":
        return talk.answer("way-account-saves", list=words)
    return way


def asked(talk: Talk, group: Group | GroupView, collection: Collection, lead: Sentence) -> Answer:
    """What the member reads: what the payment is for (`lead`), what it costs, and what to do now."""
    amount, gross = (Money(each, group.currency) for each in (collection.amount_minor, collection.gross_minor))
    way = Way(_method(collection), collection.network)
    again = collection.created_at != talk.at
    if again and way.method in announcing_charges.TELLS:
        attempt = _attempt(talk, collection)
        told = announcing_charges.instructions(attempt, str(gross), group.time_zone, talk.at, talk.language)
        if told is not None:
            return talk.answer("charge-again", group=group.name, task=told)
    values = {
        "lead": lead,
        "price": Sentence(
            "pay-price", {"extra": "yes" if gross != amount else "no", "fee": str(gross - amount), "gross": str(gross)}
        ),
    }
    if way.method == "checkout":
        how = Sentence("pay-by-link", {"link": links.link_url(collection.token)})
        return talk.answer("pay", how=how, **values)
    wallet = payways.called(group, way)
    if way.network in payways.ASKS_FOR_A_VOUCHER:
        how = Sentence("pay-by-voucher", {"wallet": wallet, "dial": announcing_charges.VOUCHER_CODE})
        return talk.ask("vouchers.voucher", talk.say("pay", how=how, **values))
    if again and way.method == "mobile_money":
        return talk.answer("pay", how=Sentence("pay-by-mobile_money-again", {"wallet": wallet}), **values)
    return talk.answer("pay", how=Sentence(f"pay-by-{way.method}", {"wallet": wallet}), **values)


def _in_cash(talk: Talk, group: Group | GroupView, amount: Money, kind: str, *, otherwise: bool) -> Answer:
    """Cash to an officer, confirmed from the member's own phone; `otherwise` it cannot be asked for on this phone."""
    people = groups.members(talk.session, group.id)
    officers = [each for each in people if each.role in OFFICERS and each.user_id != talk.user_id]
    officer = min(officers, key=lambda each: each.role != "treasurer", default=None)
    verb = VERBS[kind]
    if officer is None and not otherwise:
        return talk.answer("cash-in-own", group=group.name)
    if officer is None:
        return talk.answer("no-way-to-pay-alone", amount=str(amount), plain=amount.plain, command=verb)
    return talk.answer(
        "no-way-to-pay" if otherwise else "pay-in-cash",
        amount=str(amount),
        plain=amount.plain,
        officer=brief(officer.name),
        name=brief(talk.name or "?"),
        loan="yes" if kind == "repayment" else "no",
        command=verb,
    )


def _attempt(talk: Talk, collection: Collection) -> Checkout | None:
    found = select(Checkout).where(Checkout.transaction_id == collection.transaction_id, Checkout.state == "open")
    return talk.session.scalar(found.order_by(Checkout.id.desc()).limit(1))


def _method(collection: Collection) -> Method:
    return collection.method  # type: ignore[return-value]  # held by the table's check constraint
