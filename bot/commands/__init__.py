"""One file per conversation. COMMANDS start one, ANSWERS go on with the question that was left open.

"contribute?" is what runs when only a typo suggests a command that moves money: it asks first.
"""

from collections.abc import Callable

from bot.commands import (
    basics,
    choosing,
    contributing,
    correcting,
    creating,
    inviting,
    joining,
    looking,
    proving,
    stating,
)
from bot.talk import Answer, Talk

COMMANDS: dict[str, Callable[[Talk, str], Answer]] = {
    "greeting": basics.greeting,
    "thanks": basics.thanks,
    "name": joining.rename,
    "join": joining.join,
    "create": creating.create,
    "code": creating.code,
    "currency": creating.currency,
    "invite": inviting.invite,
    "group": choosing.group,
    "contribute": contributing.contribute,
    "contribute?": contributing.suppose,
    "paid": contributing.paid,
    "balance": looking.balance,
    "history": looking.history,
    "members": looking.members,
    "statement": stating.statement,
    "group_statement": stating.group_statement,
    "receipt": stating.receipt,
    "seal": proving.seal,
    "check": proving.check,
    "reverse": correcting.reverse,
}

ANSWERS: dict[str, Callable[[Talk], Answer]] = {
    "joining.name": joining.take_name,
    "joining.code": joining.take_code,
    "proving.seal": proving.take_seal,
    "correcting.code": correcting.take_code,
    "creating.name": creating.take_name,
    "choosing.group": choosing.take_group,
    "contributing.amount": contributing.take_amount,
    "contributing.confirm": contributing.take_confirmation,
}
