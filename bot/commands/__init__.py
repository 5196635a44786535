"""One file per conversation. COMMANDS start one, ANSWERS go on with the question that was left open, ANSWERED
takes an answer that came with a code or a button.

"contribute?" is what runs when only a typo suggests a command that moves money: it asks first.
"""

from collections.abc import Callable

from bot.commands import (
    basics,
    borrowing,
    cashing,
    choosing,
    contributing,
    correcting,
    creating,
    giving_up,
    guaranteeing,
    inviting,
    joining,
    leaving,
    looking,
    officing,
    payout_accounts,
    proving,
    repaying,
    retrying,
    ruling,
    stating,
    voting,
    withdrawing,
    writing_off,
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
    "try_again": retrying.try_again,
    "take_back": retrying.take_back,
    "payout_account": payout_accounts.payout_account,
    "vote": voting.vote,
    "borrow": borrowing.borrow,
    "cancel_loan": giving_up.cancel_loan,
    "guarantor": guaranteeing.name_guarantors,
    "loan": repaying.loan,
    "repay": repaying.repay,
    "write_off": writing_off.write_off,
    "rules": ruling.show,
    "rule": ruling.propose,
    "role": officing.make,
    "remove": leaving.remove,
    "leave": leaving.leave,
    "cash": cashing.cash,
}

COMMANDS |= {f"{command}?": basics.supposing(command) for command in basics.EXAMPLES}

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
    "retrying.try_again": retrying.take_try_again,
    "retrying.take_back": retrying.take_take_back,
    "borrowing.amount": borrowing.take_amount,
    "borrowing.periods": borrowing.take_periods,
    "borrowing.reason": borrowing.take_reason,
    "borrowing.confirm": borrowing.take_confirmation,
    "giving_up.cash": giving_up.take_cash_back,
    "giving_up.loan": giving_up.take_loan_back,
    "repaying.amount": repaying.take_amount,
    "repaying.confirm": repaying.take_confirmation,
    "writing_off.confirm": writing_off.take_confirmation,
    "ruling.confirm": ruling.take_confirmation,
    "officing.confirm": officing.take_confirmation,
    "leaving.leave": leaving.take_leave,
    "leaving.reason": leaving.take_reason,
    "leaving.remove": leaving.take_removal,
    "cashing.confirm": cashing.take_confirmation,
}

# Who takes the answer to what a member was asked from outside their conversation, by the kind of challenge.
ANSWERED: dict[str, Answered] = {
    "ballot": voting.take_ballot,
    "payout_account": payout_accounts.answered,
    "guarantee": guaranteeing.answered,
    "cash_in": cashing.answered_in,
    "cash_out": cashing.answered_out,
}
