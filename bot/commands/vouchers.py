"""The code that a wallet gives its payer, told to us: taken as nothing but that, and not kept with the message."""

import re

from sqlalchemy import select

from bot import announcing_charges, payways
from bot.talk import Answer, Talk
from core.money import Money
from ledger.models import OPEN_STATES, Group, Transaction
from payments import charging
from payments.models import Checkout, Collection
from payments.ways import Way

QUESTION = "vouchers.voucher"
HIDDEN = "voucher ******"

_FIGURES = re.compile(r"(?<!\d)\d(?:[\s-]?\d){3,7}(?![\s-]?\d)")
_SIX = re.compile(r"\d{6}")


def voucher(talk: Talk, rest: str) -> Answer:
    """`voucher 123456`."""
    return _take(talk, rest)


def take_voucher(talk: Talk) -> Answer:
    """The answer to "send me the voucher": its figures, with or without words around them."""
    return _take(talk, talk.incoming.text)


def bare(talk: Talk) -> Answer | None:
    """Figures alone, after the question was lost on the way; None when no payment waits for them.

    Where an amount is asked for by now, only six figures are taken for a voucher: it must not become money.
    """
    said = talk.incoming.text.strip()
    fits = _SIX if talk.question else _FIGURES
    if not fits.fullmatch(said) or not _waits(talk):
        return None
    talk.command = "voucher"
    return _take(talk, talk.incoming.text)


def _take(talk: Talk, said: str) -> Answer:
    found = _FIGURES.findall(said)
    if found:
        talk.kept = HIDDEN  # Whoever reads the log of messages must not be able to use it.
    checkout = _waiting(talk)
    order = None if checkout is not None else _on_its_way(talk)
    if checkout is None and order is None:
        return talk.answer("voucher-not-needed")
    if len(found) != 1:
        return talk.ask(QUESTION, talk.say("voucher-unreadable", dial=announcing_charges.VOUCHER_CODE))
    if checkout is None:
        return talk.ask(QUESTION, talk.say("voucher-too-soon"))
    otp = re.sub(r"\D", "", found[0])
    key = f"{checkout.id}:{talk.incoming.provider}:{talk.incoming.message_id}"
    charging.take_otp(talk.session, checkout.id, otp, key)
    return _thanks(talk, checkout)


def _thanks(talk: Talk, checkout: Checkout) -> Answer:
    group = talk.session.get_one(Group, checkout.group_id)
    transaction = talk.session.get_one(Transaction, checkout.transaction_id)
    amount = Money(transaction.amount_minor, transaction.currency)
    wallet = payways.called(group, Way("mobile_money", checkout.network))
    return talk.answer("voucher-taken", wallet=wallet, amount=str(amount), group=group.name)


def _waits(talk: Talk) -> bool:
    return _waiting(talk) is not None or _on_its_way(talk) is not None


def _waiting(talk: Talk) -> Checkout | None:
    """The attempt that wants a code; one of which the provider has not answered yet only where it surely will."""
    checkout = charging.waiting_for_otp(talk.session, talk.user_id)
    if checkout is None or (checkout.action != "otp" and checkout.network not in payways.ASKS_FOR_A_VOUCHER):
        return None
    return checkout


def _on_its_way(talk: Talk) -> Collection | None:
    """A payment that will want a code, and that no provider has been asked for yet."""
    asked = select(Checkout.id).where(Checkout.transaction_id == Collection.transaction_id)
    found = (
        select(Collection)
        .join(Transaction, Transaction.id == Collection.transaction_id)
        .where(
            Transaction.user_id == talk.user_id,
            Transaction.state.in_(OPEN_STATES),
            Collection.network.in_(payways.ASKS_FOR_A_VOUCHER),
            Collection.expires_at > talk.at,
            ~asked.exists(),
        )
    )
    return talk.session.scalar(found.limit(1))
