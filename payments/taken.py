"""What a provider has taken back of a payment, and what is left of it: posted, and brought back, once.

Whoever calls this has locked the checkout and its group (`lock`), and has not been told of another part meanwhile.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from core import clock, outbox
from core.db import Session
from core.money import Money
from ledger import chargebacks, legs, postings, transactions
from ledger.audit import Cause
from ledger.models import OPEN_STATES, Group, Transaction
from ledger.postings import Movement
from payments import paid
from payments.models import Checkout, Dispute, Refund
from payments.paid import Payment

TWICE = "the payer's bank took it, though it had been given back"


def lock(session: Session, checkout_id: int) -> Checkout:
    """The checkout as it stands now, and the group's lock, until the end of this transaction."""
    # In this order, as settling a payment does: in another one two would wait for each other for ever. And not against
    # those who only name it: a refund that the group has voted is written down under the group's lock alone.
    strength = {"key_share": True}
    checkout = session.get_one(Checkout, checkout_id, with_for_update=strength, populate_existing=True)
    transactions.lock_group(session, checkout.group_id)
    return checkout


def standing(session: Session, payment: Payment) -> Sequence[Transaction]:
    """The chargebacks of the payment that are posted and were not brought back."""
    return chargebacks.standing(session, payment.transaction)


def unasked(session: Session, payment: Payment) -> Sequence[Transaction]:
    """Those that no dispute told of: the provider took the money first."""
    disputed = select(Dispute.transaction_id).where(
        Dispute.checkout_id == payment.checkout.id, Dispute.transaction_id.is_not(None)
    )
    known = set(session.scalars(disputed))
    return [each for each in standing(session, payment) if each.id not in known]


def given(session: Session, payment: Payment) -> Money:
    """What goes back or went back by a refund: the payer gets nothing twice."""
    refunds = select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
        Refund.checkout_id == payment.checkout.id, Refund.state.not_in(("failed", "reserved"))
    )
    return Money(int(session.scalar(refunds) or 0), payment.transaction.currency)


def left(session: Session, payment: Payment) -> Money:
    """What may still be taken: what was paid, less what was taken, and what goes back or went back by a refund."""
    taken = total(standing(session, payment), payment)
    return paid.amount(session, payment) - taken - given(session, payment)


def is_all(session: Session, payment: Payment) -> bool:
    """Whether all that was paid was taken."""
    return total(standing(session, payment), payment).amount_minor >= paid.amount(session, payment).amount_minor


def total(taken: Sequence[Transaction], payment: Payment) -> Money:
    return Money(sum(each.amount_minor for each in taken), payment.transaction.currency)


def book(session: Session, payment: Payment, amount: Money, name: str, held: Transaction | None, at: datetime) -> int:
    """Posts that this much is gone; the number of the transaction, whose key begins with `name`.

    Everybody hears of it. Raises what `chargebacks.take` raises; nothing is written then.
    """
    checkout = payment.checkout
    with session.begin_nested():
        key = held.idempotency_key if held is not None else new_key(session, checkout.group_id, name)
        posted = chargebacks.take(
            session, payment.transaction, amount, checkout.provider, key, at, cause_of(checkout), held
        )
    if is_all(session, payment):
        checkout.state, checkout.held_reason = "reversed", None
    _tell(session, checkout, posted.transaction_id)
    return posted.transaction_id


def book_twice(session: Session, payment: Payment, amount: Money, name: str, at: datetime, cause: Cause) -> int:
    """Posts that a bank took what a refund had given back already: no payment is left for it, so the group bears it.

    Raises what `postings.record` raises; nothing is written then.
    """
    checkout, first = payment.checkout, payment.transaction
    moved = legs.fee(checkout.provider, amount.amount_minor)
    key = new_key(session, first.group_id, f"{name}:twice")
    with session.begin_nested():
        movement = Movement(first.group_id, "fee", amount, moved, key, first.user_id, TWICE)
        posted = postings.record(session, movement, at, cause)
    _tell(session, checkout, posted.transaction_id)
    return posted.transaction_id


def give_back(session: Session, payment: Payment, taken: Transaction, at: datetime, cause: Cause) -> None:
    """Posts that the provider has brought this chargeback back; everybody hears of it.

    Raises what `chargebacks.give_back` raises; nothing is written then.
    """
    checkout = payment.checkout
    group = session.get_one(Group, checkout.group_id)
    with session.begin_nested():
        on = clock.day_at(at, group.time_zone)
        posted = chargebacks.give_back(session, taken, checkout.provider, on, at, cause)
    if checkout.state == "reversed":
        checkout.state = "paid"
    _tell(session, checkout, posted.transaction_id)


def is_open(transaction: Transaction | None) -> bool:
    return transaction is not None and transaction.state in OPEN_STATES


def new_key(session: Session, group_id: int, name: str) -> str:
    """`name`, or `name:again1`, … where that one was used: what was brought back may be taken once more."""
    used = select(func.count()).where(
        Transaction.group_id == group_id,
        (Transaction.idempotency_key == name)
        | Transaction.idempotency_key.startswith(f"{name}:again", autoescape=True),
    )
    times = session.scalar(used) or 0
    return f"{name}:again{times}" if times else name


def cause_of(checkout: Checkout) -> Cause:
    return Cause(actor_id=None, channel=checkout.provider, message_id=checkout.reference)


def _tell(session: Session, checkout: Checkout, transaction_id: int) -> None:
    payload = {"transaction": transaction_id, "checkout": checkout.id}
    outbox.put(session, "bot.charged_back", payload, f"charged_back:{transaction_id}")
