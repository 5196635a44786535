"""Refunds: asked for by the merchant, taken from the balance at once, back with the payer a little later.

`completed` is what Flutterwave calls a refund that was taken on and is not disbursed yet; `completed-momo`,
`completed-bank-transfer` and `completed-mpgs` are the ends. Of a refund that fails no event is published.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from sandbox.flutterwave.amounts import iso, number, read_minor
from sandbox.flutterwave.balances import available
from sandbox.flutterwave.envelope import FlutterwaveError, optional_text
from sandbox.flutterwave.fees import MOBILE_TYPES
from sandbox.flutterwave.plans import PENDING_END, REFUND, SUCCESS, next_outcome
from sandbox.flutterwave.resources import ACCOUNT_ID
from sandbox.flutterwave.tables import FlwRefund, FlwTransaction
from sandbox.flutterwave.transactions import PROVIDER, SUCCESSFUL, unknown_transaction
from sandbox.flutterwave.transfers import balance_locked
from sandbox.webhooks import queue_event
from sandbox.world import World

TAKEN, FAILED = "completed", "failed"
ACTIONS = ("complete", "fail")
WALLET_ID = 74639
BATCH_SIZE = 50


def start_refund(world: World, transaction_id: int, asked: dict[str, Any]) -> FlwRefund:
    """Take what `POST /transactions/{id}/refund` asks for; without an amount all of the payment.

    Raises:
        FlutterwaveError: no such payment, more than is left of it, or more than the balance has.
    """
    with balance_locked(world) as session:
        transaction = session.get(FlwTransaction, transaction_id)
        if transaction is None:
            raise unknown_transaction()
        if transaction.status != SUCCESSFUL:
            raise FlutterwaveError("Only successful transactions can be refunded")
        earlier = select(func.coalesce(func.sum(FlwRefund.amount), 0))
        given = session.scalar(earlier.where(FlwRefund.transaction_id == transaction_id, FlwRefund.status != FAILED))
        asked_amount, currency = asked.get("amount"), transaction.currency
        amount = transaction.amount if asked_amount is None else read_minor(asked_amount, currency)
        if amount > transaction.amount - int(given or 0):
            raise FlutterwaveError("Refund amount cannot be greater than the transaction amount")
        if amount > available(world, session)[currency]:
            raise FlutterwaveError("Insufficient balance to process refund")
        plan, now = next_outcome(session, REFUND, world.config.transfer_seconds), world.clock.now()
        refund = FlwRefund(
            transaction=transaction,
            amount=amount,
            currency=currency,
            comments=optional_text(asked, "comments", 1_000) or None,
            status=TAKEN,
            outcome=plan.outcome,
            due_at=None if plan.outcome == PENDING_END else now + timedelta(seconds=plan.delay_seconds),
            created_at=now,
        )
        session.add(refund)
    return refund


def find_refund(world: World, *wanted: ColumnElement[bool]) -> FlwRefund:
    """
    Raises:
        FlutterwaveError: there is no such refund.
    """
    with world.store.begin() as session:
        refund = session.scalar(select(FlwRefund).where(*wanted))
    if refund is None:
        raise FlutterwaveError("Refund not found", 404)
    return refund


def move_refund(world: World, refund_id: int, action: str) -> FlwRefund:
    """Make a refund arrive or fail now, whatever was planned for it.

    Raises:
        FlutterwaveError: 404, there is no such refund; 409, it has ended.
    """
    with world.store.begin() as session:
        refund = session.scalar(select(FlwRefund).where(FlwRefund.id == refund_id).with_for_update(of=FlwRefund))
        if refund is None:
            raise FlutterwaveError("Refund not found", 404)
        if refund.status != TAKEN:
            raise FlutterwaveError(f"A refund that is {refund.status} has ended.", 409)
        _end(world, session, refund, succeeds=action == "complete")
    world.doorbell.set()
    return refund


def settle_due(world: World) -> None:
    now = world.clock.now()
    due = or_(FlwRefund.due_at <= now, FlwRefund.created_at > now)
    query = select(FlwRefund).where(FlwRefund.due_at.is_not(None), due).order_by(FlwRefund.id).limit(BATCH_SIZE)
    with world.store.begin() as session:
        refunds = session.scalars(query.with_for_update(of=FlwRefund)).all()
        for refund in refunds:
            _end(world, session, refund, succeeds=refund.outcome == SUCCESS)
    if refunds:
        world.doorbell.set()


def refund_resource(refund: FlwRefund) -> dict[str, Any]:
    """As the call that asked for it is answered (Node-v3 documentation/transactions.md)."""
    return {
        "id": refund.id,
        "account_id": ACCOUNT_ID,
        "tx_id": refund.transaction_id,
        "flw_ref": refund.transaction.flw_ref,
        "wallet_id": WALLET_ID,
        "amount_refunded": number(refund.amount, refund.currency),
        "status": refund.status,
        "destination": "payment_source",
        "comments": refund.comments,
        "meta": {"source": "availablebalance"},
        "created_at": iso(refund.created_at),
    }


def listed_refund(refund: FlwRefund) -> dict[str, Any]:
    return {**refund_resource(refund), "currency": refund.currency}


def refund_completed(refund: FlwRefund) -> dict[str, Any]:
    """The event; its data are those of the refund with the payment's reference (assumed: no sample is published)."""
    data = {**listed_refund(refund), "tx_ref": refund.transaction.tx_ref}
    return {"event": "refund.completed", "event.type": "REFUND", "data": data}


def _end(world: World, session: Session, refund: FlwRefund, *, succeeds: bool) -> None:
    refund.due_at = None
    refund.status = _arrived(refund.transaction.payment_type) if succeeds else FAILED
    if succeeds:
        queue_event(world, session, PROVIDER, refund.transaction.tx_ref, refund_completed(refund))


def _arrived(payment_type: str) -> str:
    if payment_type in MOBILE_TYPES:
        return "completed-momo"
    return "completed-mpgs" if payment_type == "card" else "completed-bank-transfer"
