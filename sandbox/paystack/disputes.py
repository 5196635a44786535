"""Payers' banks that ask for money back: a dispute is opened, remembered of, and lost or won.

A lost one takes its amount out of the balance. Shapes: doc-code-snippets `payments/webhooks/events` and `disputes`.
"""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from sandbox.paystack.envelope import PaystackError, invalid, unknown_reference
from sandbox.paystack.ledger import book_lost_dispute, rest_of
from sandbox.paystack.resources import customer_of, iso, transaction_resource
from sandbox.paystack.tables import Dispute
from sandbox.store import Json, Payment
from sandbox.webhooks import PAYSTACK, queue_event
from sandbox.world import World

WAITING, RESOLVED = "awaiting-merchant-feedback", "resolved"
# What a person may do, and the resolution that Paystack then tells; a reminder changes nothing.
RESOLUTIONS = {"lose": "merchant-accepted", "win": "declined"}
ACTIONS = (*RESOLUTIONS, "remind")
ANSWER_WITHIN = timedelta(hours=24)


def open_dispute(world: World, reference: str, amount: int | None) -> Dispute:
    """A payer complains at their bank; without an amount it is about all that is left.

    Raises:
        PaystackError: 404, there is no such payment; 409 or 400, it is not paid, or less is left of it.
    """
    with world.store.begin() as session:
        payment = session.scalar(select(Payment).where(Payment.reference == reference).with_for_update())
        if payment is None:
            raise unknown_reference()
        left = rest_of(session, payment)
        if not left:
            raise PaystackError(409, "conflict", f"Nothing is left of this payment, which is {payment.status}.", "")
        if amount is not None and not 0 < amount <= left:
            raise invalid("invalid_amount", f"The amount of a dispute is between 1 and {left}.", "")
        now = world.clock.now()
        dispute = Dispute(
            payment=payment,
            amount=left if amount is None else amount,
            currency=payment.currency,
            status=WAITING,
            history=[{"status": "pending", "by": payment.email, "createdAt": iso(now)}],
            created_at=now,
            updated_at=now,
            due_at=now + ANSWER_WITHIN,
        )
        session.add(dispute)
        session.flush()
        _tell(world, session, dispute, "create")
    world.doorbell.set()
    return dispute


def move_dispute(world: World, dispute_id: int, action: str, marks_reversed: bool = False) -> Dispute:
    """Lose, win or remind. With `marks_reversed` a transaction that was lost whole is `reversed` from then on.

    Raises:
        PaystackError: 404, there is no such dispute; 409, it was resolved before.
    """
    with world.store.begin() as session:
        dispute = session.scalar(select(Dispute).where(Dispute.id == dispute_id).with_for_update(of=Dispute))
        if dispute is None:
            raise _unknown_dispute()
        if dispute.status == RESOLVED and dispute.resolution == RESOLUTIONS.get(action):
            return dispute
        if dispute.status == RESOLVED:
            raise PaystackError(409, "conflict", "This dispute is resolved.", "")
        if action == "remind":
            _tell(world, session, dispute, "remind")
        else:
            _resolve(world, session, dispute, RESOLUTIONS[action], marks_reversed)
    world.doorbell.set()
    return dispute


def find_dispute(world: World, dispute_id: int) -> Dispute:
    with world.store.begin() as session:
        dispute = session.get(Dispute, dispute_id)
    if dispute is None:
        raise _unknown_dispute()
    return dispute


def dispute_resource(dispute: Dispute) -> Json:
    payment = dispute.payment
    body = "Customer complained about debit without value"
    return {
        "id": dispute.id,
        "refund_amount": dispute.amount,
        "currency": dispute.currency,
        "status": dispute.status,
        "resolution": dispute.resolution,
        "domain": "test",
        "transaction": transaction_resource(payment),
        "transaction_reference": None,
        "category": "chargeback",
        "customer": customer_of(payment.email),
        "bin": None,
        "last4": None,
        "dueAt": iso(dispute.due_at),
        "resolvedAt": iso(dispute.resolved_at),
        "evidence": None,
        "attachments": None,
        "note": None,
        "history": dispute.history,
        "messages": [{"sender": payment.email, "body": body, "createdAt": iso(dispute.created_at)}],
        "createdAt": iso(dispute.created_at),
        "updatedAt": iso(dispute.updated_at),
    }


def _resolve(world: World, session: Session, dispute: Dispute, resolution: str, marks_reversed: bool) -> None:
    now, payment = world.clock.now(), dispute.payment
    is_lost = resolution != "declined"
    # What the payer got back meanwhile is not taken a second time.
    dispute.amount = min(dispute.amount, rest_of(session, payment)) if is_lost else dispute.amount
    dispute.status, dispute.resolution = RESOLVED, resolution
    dispute.updated_at = dispute.resolved_at = now
    dispute.history = [*dispute.history, {"status": RESOLVED, "by": payment.email, "createdAt": iso(now)}]
    session.flush()
    if is_lost:
        book_lost_dispute(session, dispute, dispute.amount, now)
        if marks_reversed and not rest_of(session, payment):
            payment.status = "reversed"
    _tell(world, session, dispute, "resolve")


def _tell(world: World, session: Session, dispute: Dispute, what: str) -> None:
    data = dispute_resource(dispute)
    # In events these two are written with underscores.
    data |= {"created_at": data.pop("createdAt"), "updated_at": data.pop("updatedAt")}
    event = {"event": f"charge.dispute.{what}", "data": data}
    queue_event(world, session, PAYSTACK, dispute.payment.reference, event)


def _unknown_dispute() -> PaystackError:
    return PaystackError(404, "dispute_not_found", "Dispute not found", "Send the id of a dispute")
