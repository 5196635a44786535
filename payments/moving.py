"""Money that the operator has moved by hand: between two providers, or between a provider and the operator's own bank.

A payout can only be made from what lies at the account's provider. Nothing is moved here; what was moved is written
down, so that the book says where a group's money lies.
"""

import hashlib
from datetime import datetime

from core.db import Session
from core.money import Money
from ledger import errors, legs, postings, reading, transactions
from ledger.audit import Cause
from ledger.models import Group
from ledger.postings import Movement, Posted
from payments import providers

BANK = "bank"
"""Where money lies that the operator has taken to their own bank."""
PLACES = (*providers.NAMES, BANK)


def write_down(
    session: Session, group: Group, source: str, target: str, amount: Money, because: str, at: datetime
) -> Posted:
    """Posts that `amount` of the group lies at `target` now, and no longer at `source`.

    The same once more on the same day, in the same words, answers the first result. Raises `UnknownWallet` for places
    that are no two different ones of `PLACES`, `AmountNotPositive`, `WrongCurrency`, or `InsufficientFunds` when so
    much is not free there: what is promised to a payout stays.
    """
    if source == target or not {source, target} <= {*PLACES}:
        raise errors.UnknownWallet(f"from {source} to {target}")
    if amount.currency != group.currency:
        raise errors.WrongCurrency(f"the group keeps {group.currency}")
    transactions.lock_group(session, group.id)
    said = "\n".join((source, target, str(amount.amount_minor), because))
    movement = Movement(
        group_id=group.id,
        kind="banking",
        amount=amount,
        legs=legs.banking(source, target, amount.amount_minor),
        key=f"moved:{at:%Y-%m-%d}:{hashlib.sha256(said.encode()).hexdigest()[:32]}",
        reason=because,
    )
    return postings.record(session, movement, at, Cause(actor_id=None, channel="operator"))


def free_at(session: Session, group: Group, place: str) -> Money:
    """What of the group's money there is promised to nobody."""
    return reading.available(session, group.id, 0, group.currency, place).cash
