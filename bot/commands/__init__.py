"""One file per conversation. COMMANDS start one, ANSWERS go on with the question that was left open, ANSWERED
takes an answer that came with a code or a button.

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
    payout_accounts,
    proving,
    stating,
    voting,
    withdrawing,
)
from bot.commands.voting import Answered
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
    "withdraw": withdrawing.withdraw,
    "try_again": withdrawing.try_again,
    "take_back": withdrawing.take_back,
    "payout_account": payout_accounts.payout_account,
    "vote": voting.vote,
}

ANSWERS: dict[str, Callable[[Talk], Answer]] = {
    "joining.name": joining.take_name,
    "joining.code": joining.take_code,
    "proving.seal": proving.take_seal,
    "correcting.confirm": correcting.take_confirmation,
    "creating.name": creating.take_name,
    "choosing.group": choosing.take_group,
    "contributing.amount": contributing.take_amount,
    "contributing.confirm": contributing.take_confirmation,
    "withdrawing.amount": withdrawing.take_amount,
    "withdrawing.reason": withdrawing.take_reason,
    "withdrawing.confirm": withdrawing.take_confirmation,
}

# Who takes the answer to what a member was asked from outside their conversation, by the kind of challenge.
ANSWERED: dict[str, Answered] = {
    "ballot": voting.take_ballot,
    "payout_account": payout_accounts.answered,
}
