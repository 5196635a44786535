"""Chargebacks: a payer asks their bank for the money back, and the merchant accepts, loses or wins.

The shape is that of Flutterwave's v3 reference as far as it is known (`transaction_id` and `tx_ref` assumed). The
dashboard tells of chargebacks; no event is published, so none is sent.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from sandbox.flutterwave.amounts import iso, number
from sandbox.flutterwave.balances import HELD
from sandbox.flutterwave.envelope import FlutterwaveError
from sandbox.flutterwave.tables import FlwChargeback, FlwTransaction
from sandbox.flutterwave.transactions import SUCCESSFUL
from sandbox.world import World

# What a decision makes of an open chargeback.
DECISIONS = {"accept": "accepted", "lose": "lost", "win": "won"}
ANSWER_DAYS = 2
COMMENT = "The customer says that they did not receive value"


def open_chargeback(world: World, tx_ref: str) -> FlwChargeback:
    """
    Raises:
        FlutterwaveError: 404, no such payment; 409, it is not paid, or is disputed already.
    """
    now = world.clock.now()
    try:
        with world.store.begin() as session:
            transaction = session.scalar(select(FlwTransaction).where(FlwTransaction.tx_ref == tx_ref))
            if transaction is None:
                raise FlutterwaveError("There is no payment with this reference.", 404)
            if transaction.status != SUCCESSFUL:
                raise FlutterwaveError(f"A transaction that is {transaction.status} cannot be disputed.", 409)
            chargeback = FlwChargeback(
                transaction=transaction,
                amount=transaction.amount,
                currency=transaction.currency,
                status=HELD,
                comment=COMMENT,
                due_at=now + timedelta(days=ANSWER_DAYS),
                created_at=now,
            )
            session.add(chargeback)
    except IntegrityError as error:
        raise FlutterwaveError("This payment is disputed already.", 409) from error
    return chargeback


def decide_chargeback(world: World, chargeback_id: int, decision: str) -> FlwChargeback:
    """
    Raises:
        FlutterwaveError: 404, there is no such chargeback; 409, it is decided.
    """
    with world.store.begin() as session:
        wanted = select(FlwChargeback).where(FlwChargeback.id == chargeback_id)
        chargeback = session.scalar(wanted.with_for_update(of=FlwChargeback))
        if chargeback is None:
            raise FlutterwaveError("Chargeback not found", 404)
        if chargeback.status != HELD:
            raise FlutterwaveError(f"A chargeback that is {chargeback.status} is decided.", 409)
        chargeback.status = DECISIONS[decision]
    return chargeback


def chargeback_resource(chargeback: FlwChargeback) -> dict[str, Any]:
    at = iso(chargeback.created_at)
    event = {"action": "initiate", "stage": "new", "date": at, "description": chargeback.comment, "source": "FLW"}
    return {
        "id": chargeback.id,
        "amount": number(chargeback.amount, chargeback.currency),
        "currency": chargeback.currency,
        "flw_ref": chargeback.transaction.flw_ref,
        "status": chargeback.status,
        "stage": "new",
        "comment": chargeback.comment,
        "meta": {"uploaded_proof": None, "history": [event]},
        "due_date": iso(chargeback.due_at),
        "settlement_id": "N/A",
        "created_at": at,
        "transaction_id": chargeback.transaction_id,
        "tx_ref": chargeback.transaction.tx_ref,
    }
