"""Money that goes back to payers by the product's wish: asked for, on its way, arrived or failed.

The amount leaves the balance when the refund is made and comes back when it fails. Shapes: doc-code-snippets
`payments/refunds`, where the events of one refund write its amount now as text, now as a number.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sandbox.paystack.asked import whole_amount
from sandbox.paystack.envelope import PaystackError, invalid, unknown_reference
from sandbox.paystack.ledger import book_refund, rest_of
from sandbox.paystack.resources import INTEGRATION, customer_of, iso, transaction_resource
from sandbox.paystack.tables import Refund
from sandbox.store import Json, Payment
from sandbox.webhooks import PAYSTACK, queue_event
from sandbox.world import World

# What a person may do to a refund: the status it gets, and the statuses that allow it.
ACTIONS = {
    "begin": ("processing", ("pending",)),
    "process": ("processed", ("pending", "processing", "needs-attention")),
    "fail": ("failed", ("pending", "processing", "needs-attention")),
    "attention": ("needs-attention", ("pending", "processing")),
}
WRITTEN_AS_TEXT = ("pending", "processing", "processed")
REFUNDED_BY = "operator@groupwallet.example"
EXPECTED_AFTER = timedelta(days=7)


def make_refund(world: World, asked: dict[str, Any]) -> Refund:
    """Check and take what `POST /refund` asks for; without an amount it is all that is left.

    Raises:
        PaystackError: 404, there is no such transaction; 400, it is not paid, or less is left of it.
    """
    with world.store.begin() as session:
        payment = _transaction(session, asked.get("transaction"))
        left = rest_of(session, payment)
        amount = whole_amount(asked["amount"]) if asked.get("amount") is not None else left
        if not left:
            raise invalid("transaction_reversed", "Transaction has been fully reversed", "Nothing is left to refund")
        if amount > left:
            raise invalid("invalid_amount", "Refund amount cannot be more than what is left", f"Send at most {left}")
        if asked.get("currency") and str(asked["currency"]).upper() != payment.currency:
            raise invalid("invalid_currency", "Currency is not that of the transaction", f"Send {payment.currency}")
        now = world.clock.now()
        usual_note = f"Refund for transaction {payment.reference}"
        refund = Refund(
            payment=payment,
            amount=amount,
            currency=payment.currency,
            status="pending",
            merchant_note=str(asked.get("merchant_note") or f"{usual_note} by {REFUNDED_BY}"),
            customer_note=str(asked.get("customer_note") or usual_note),
            created_at=now,
            updated_at=now,
        )
        session.add(refund)
        session.flush()
        book_refund(session, refund, now)
        _tell(world, session, refund)
    world.doorbell.set()
    return refund


def find_refund(world: World, refund_id: int) -> Refund:
    with world.store.begin() as session:
        refund = session.get(Refund, refund_id)
    if refund is None:
        raise _unknown_refund()
    return refund


def move_refund(world: World, refund_id: int, action: str, marks_reversed: bool = False) -> Refund:
    """Let a refund go on. With `marks_reversed` a transaction that was given back whole is `reversed` from then on, as
    Paystack may show it.

    Raises:
        PaystackError: 404, there is no such refund; 409, its status does not allow it.
    """
    status, allowed = ACTIONS[action]
    with world.store.begin() as session:
        refund = session.scalar(select(Refund).where(Refund.id == refund_id).with_for_update(of=Refund))
        if refund is None:
            raise _unknown_refund()
        if refund.status == status:
            return refund
        if refund.status not in allowed:
            raise PaystackError(409, "conflict", f"A refund that is {refund.status} cannot be {status}.", "")
        if status == "processed" and refund.status == "pending":
            _turn(world, session, refund, "processing")
        _turn(world, session, refund, status)
        if status == "processed" and marks_reversed and not rest_of(session, refund.payment):
            refund.payment.status = "reversed"
    world.doorbell.set()
    return refund


def refund_resource(refund: Refund) -> Json:
    is_done = refund.status == "processed"
    return {
        "integration": INTEGRATION,
        "transaction": refund.payment_id,
        "dispute": None,
        "settlement": None,
        "id": refund.id,
        "domain": "test",
        "currency": refund.currency,
        "amount": refund.amount,
        "deducted_amount": refund.amount if is_done else 0,
        "fully_deducted": is_done,
        "channel": None,
        "status": refund.status,
        "refunded_by": REFUNDED_BY,
        "refunded_at": iso(refund.refunded_at),
        "expected_at": iso(refund.created_at + EXPECTED_AFTER),
        "customer_note": refund.customer_note,
        "merchant_note": refund.merchant_note,
        "transaction_reference": refund.payment.reference,
        "createdAt": iso(refund.created_at),
        "updatedAt": iso(refund.updated_at),
    }


def queued_refund(refund: Refund) -> Json:
    """As the call that makes a refund is answered: with the transaction as an object."""
    return {**refund_resource(refund), "transaction": transaction_resource(refund.payment)}


def _turn(world: World, session: Session, refund: Refund, status: str) -> None:
    now = world.clock.now()
    refund.status, refund.updated_at = status, now
    if status == "processed":
        refund.refunded_at = now
    if status == "failed":
        book_refund(session, refund, now)
    _tell(world, session, refund)


def _tell(world: World, session: Session, refund: Refund) -> None:
    payment = refund.payment
    customer = customer_of(payment.email)
    data: Json = {
        "status": refund.status,
        "transaction_reference": payment.reference,
        "refund_reference": f"TRF_{refund.id}" if refund.status in ("processed", "failed") else None,
        "amount": str(refund.amount) if refund.status in WRITTEN_AS_TEXT else refund.amount,
        "currency": refund.currency,
        "processor": "instant-transfer",
        "customer": {key: customer[key] for key in ("first_name", "last_name", "email")},
        "integration": INTEGRATION,
        "domain": "test",
    }
    if refund.status == "needs-attention":
        # The only one of the samples that tells the refund's id, and as text.
        data |= {"id": str(refund.id), "customer_note": refund.customer_note, "merchant_note": refund.merchant_note}
    queue_event(world, session, PAYSTACK, payment.reference, {"event": f"refund.{refund.status}", "data": data})


def _transaction(session: Session, wanted: object) -> Payment:
    """By its reference or its id."""
    text = str(wanted or "")
    by_reference = select(Payment).where(Payment.reference == text).with_for_update()
    payment = session.scalar(by_reference)
    if payment is None and text.isdecimal() and len(text) < 19:
        payment = session.get(Payment, int(text), with_for_update=True)
    if payment is None:
        raise unknown_reference()
    if payment.status not in ("success", "reversed"):
        raise invalid("invalid_transaction_status", "Transaction has not been paid", "Refund paid transactions only")
    return payment


def _unknown_refund() -> PaystackError:
    return PaystackError(404, "refund_not_found", "Refund not found", "Send the id of a refund")
