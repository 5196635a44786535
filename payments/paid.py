"""A payment that came through a provider, both ways: the checkout of a posting, and the posting of a checkout."""

from dataclasses import dataclass

from sqlalchemy import select

from core.db import Session
from core.money import Money
from ledger.models import Transaction
from payments.models import Checkout, Collection

LATE = "late:"
"""How the key of a payment begins that came when its transaction had ended: it has one of its own."""
NOT_BOOKED = "the provider took it back, and that is not booked: "
"""How the reason of a checkout begins that was paid and posted, and is held since it was taken back."""


@dataclass(frozen=True, slots=True)
class Payment:
    """`transaction` is what was posted, `checkout` the attempt by which it was paid."""

    transaction: Transaction
    checkout: Checkout


def by_reference(session: Session, provider: str, reference: str) -> Checkout | None:
    """The checkout with this reference of ours; None for another environment's."""
    return session.scalar(select(Checkout).where(Checkout.provider == provider, Checkout.reference == reference))


def of_transaction(session: Session, transaction: Transaction) -> Payment | None:
    """The payment that a transaction is, as it stands now; None for one that came through no checkout of ours."""
    own = select(Checkout).where(Checkout.group_id == transaction.group_id)
    if transaction.idempotency_key.startswith(LATE):
        own = own.where(Checkout.reference == transaction.idempotency_key.removeprefix(LATE))
    else:
        own = own.where(Checkout.transaction_id == transaction.id)
    for checkout in session.scalars(own.order_by(Checkout.id), execution_options={"populate_existing": True}):
        payment = of_checkout(session, checkout)
        if payment is not None and payment.transaction.id == transaction.id:
            return payment
    return None


def of_checkout(session: Session, checkout: Checkout) -> Payment | None:
    """The payment that a checkout became in the book; None when it was never posted."""
    if checkout.state not in ("paid", "reversed") and not (checkout.held_reason or "").startswith(NOT_BOOKED):
        return None
    late = select(Transaction).where(
        Transaction.group_id == checkout.group_id, Transaction.idempotency_key == f"{LATE}{checkout.reference}"
    )
    fresh = {"populate_existing": True}
    transaction = session.scalar(late, execution_options=fresh) or session.get_one(
        Transaction, checkout.transaction_id, populate_existing=True
    )
    return Payment(transaction, checkout) if transaction.completed_at is not None else None


def amount(session: Session, payment: Payment) -> Money:
    """What the payer paid, fee included: what a provider takes back."""
    paid = payment.checkout.paid_minor
    if paid is None:  # Paid before that was kept with the attempt.
        quoted = select(Collection.gross_minor).where(Collection.transaction_id == payment.checkout.transaction_id)
        paid = session.scalar(quoted) or payment.transaction.amount_minor
    return Money(paid, payment.transaction.currency)
