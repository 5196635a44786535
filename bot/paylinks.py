"""Asking for a link to pay with: what cannot be paid is said, and the amount asked for again."""

from bot.talk import Answer, GroupView, Talk
from core.money import Money
from ledger import errors as ledger_errors
from ledger.models import Group
from payments import collections
from payments import errors as payment_errors
from payments.models import Collection


def request(
    talk: Talk, group: Group | GroupView, amount: Money, kind: str, question: str, example: str
) -> Collection | Answer:
    """The payment that was asked for, `kind` contribution or repayment; or what to say when it is not possible.

    `question` is the one that is asked again, `example` a message with an amount that works.
    """
    try:
        return collections.request(talk.session, group.id, talk.user_id, amount, talk.at, talk.cause, kind=kind)
    except ledger_errors.AmountNotPositive:
        words = talk.say("amount-not_positive", example=example)
    except ledger_errors.AmountAboveLimit as error:
        words = talk.say("amount-above-limit", limit=str(error.limit))
    except payment_errors.AmountBelowMinimum as error:
        words = talk.say("amount-below-minimum", limit=str(error.limit))
    except payment_errors.AmountNotPayable:
        words = talk.say("amount-whole", currency=group.currency, example=example)
    except payment_errors.UnsupportedCurrency:
        return talk.answer("payments-unsupported", group=group.name, currency=group.currency)
    return talk.ask(question, words)
