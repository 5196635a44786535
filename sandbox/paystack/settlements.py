"""Settlements: the collections of a currency that were put together. They stay in the Paystack balance, from where
payouts are made, so a settlement moves no money here.
"""

from sqlalchemy import select

from sandbox.paystack.resources import INTEGRATION, iso
from sandbox.paystack.tables import Settlement
from sandbox.store import Json, Payment
from sandbox.world import World


def settle_collections(world: World, currency: str) -> Settlement | None:
    """Put all collections of a currency that are paid and not settled into one settlement; None when there are none."""
    wanted = (Payment.currency == currency, Payment.status == "success", Payment.settlement_id.is_(None))
    with world.store.begin() as session:
        payments = session.scalars(select(Payment).where(*wanted).with_for_update()).all()
        if not payments:
            return None
        fees = sum(payment.fees or 0 for payment in payments)
        settlement = Settlement(
            currency=currency,
            status="success",
            amount=sum(payment.amount for payment in payments) - fees,
            fees=fees,
            created_at=world.clock.now(),
        )
        session.add(settlement)
        session.flush()
        for payment in payments:
            payment.settlement_id = settlement.id
    return settlement


def settlement_resource(settlement: Settlement) -> Json:
    at = iso(settlement.created_at)
    return {
        "id": settlement.id,
        "domain": "test",
        "status": settlement.status,
        "currency": settlement.currency,
        "integration": INTEGRATION,
        "total_amount": settlement.amount,
        "effective_amount": settlement.amount,
        "total_fees": settlement.fees,
        "total_processed": settlement.amount + settlement.fees,
        "deductions": None,
        "settlement_date": settlement.created_at.strftime("%Y-%m-%dT00:00:00.000Z"),
        "settled_by": None,
        "createdAt": at,
        "updatedAt": at,
    }
