"""The balance of each currency, and the settlements: both are worked out from the rows, so they always agree.

available = float + settled collections − transfers and their fees − refunds − chargebacks. What is disputed is held: it
is missing from the available balance and still in the ledger balance.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.money import minor_digits
from sandbox.flutterwave.amounts import COUNTRY, iso, number
from sandbox.flutterwave.resources import ACCOUNT_ID, settled_minor
from sandbox.flutterwave.tables import FlwChargeback, FlwFloat, FlwRefund, FlwTransaction, FlwTransfer
from sandbox.paystack.resources import MERCHANT
from sandbox.world import World

CURRENCIES = tuple(COUNTRY)
DEBITED = ("NEW", "PENDING", "SUCCESSFUL")
HELD, LOST = "initiated", ("accepted", "lost")
EPOCH = date(2020, 1, 1)


def available(world: World, session: Session) -> dict[str, int]:
    """Per currency, in minor units: what payouts and refunds can be made from."""
    found = ledger(world, session)
    _add(session, found, FlwChargeback.currency, -FlwChargeback.amount, FlwChargeback.status == HELD)
    return found


def ledger(world: World, session: Session) -> dict[str, int]:
    """The same with what is held for open chargebacks."""
    found = {currency: world.config.flutterwave_float * 10 ** minor_digits(currency) for currency in CURRENCIES}
    found.update({row.currency: row.amount for row in session.scalars(select(FlwFloat))})
    settled = FlwTransaction.charged_amount - FlwTransaction.kept
    _add(session, found, FlwTransaction.currency, settled, FlwTransaction.status == "successful")
    spent = -(FlwTransfer.amount + FlwTransfer.fee)
    _add(session, found, FlwTransfer.currency, spent, FlwTransfer.funded, FlwTransfer.status.in_(DEBITED))
    _add(session, found, FlwRefund.currency, -FlwRefund.amount, FlwRefund.status != "failed")
    _add(session, found, FlwChargeback.currency, -FlwChargeback.amount, FlwChargeback.status.in_(LOST))
    return found


def balance_resources(world: World) -> list[dict[str, Any]]:
    with world.store.begin() as session:
        free, whole = available(world, session), ledger(world, session)
    return [
        {
            "currency": currency,
            "available_balance": number(free[currency], currency),
            "ledger_balance": number(whole[currency], currency),
        }
        for currency in CURRENCIES
    ]


@dataclass
class Settlement:
    """One day's payments in one currency, in minor units; what was reversed since is no longer part of it."""

    day: date
    currency: str
    transactions: list[FlwTransaction] = field(default_factory=list)
    refunds: list[FlwRefund] = field(default_factory=list)
    chargebacks: list[FlwChargeback] = field(default_factory=list)

    @property
    def id(self) -> int:
        """The same for the same day and currency, so that nothing need be kept."""
        return (self.day - EPOCH).days * 100 + CURRENCIES.index(self.currency) + 1

    @property
    def gross(self) -> int:
        return sum(transaction.charged_amount for transaction in self.transactions)

    @property
    def fees(self) -> int:
        """With the tax: in the samples net is gross less this."""
        return sum(transaction.kept for transaction in self.transactions)

    @property
    def refunded(self) -> int:
        return sum(refund.amount for refund in self.refunds)

    @property
    def charged_back(self) -> int:
        return sum(chargeback.amount for chargeback in self.chargebacks)


def settlements(world: World, first: datetime | None, last: datetime | None) -> list[Settlement]:
    """Of the days from `first` to `last`, the newest first."""
    found: dict[tuple[date, str], Settlement] = {}

    def of(moment: datetime | None, currency: str) -> Settlement:
        day = (moment or world.clock.now()).astimezone(UTC).date()
        return found.setdefault((day, currency), Settlement(day, currency))

    with world.store.begin() as session:
        paid = select(FlwTransaction).where(FlwTransaction.status == "successful").order_by(FlwTransaction.id)
        for transaction in session.scalars(paid):
            of(transaction.paid_at, transaction.currency).transactions.append(transaction)
        for refund in session.scalars(select(FlwRefund).where(FlwRefund.status != "failed").order_by(FlwRefund.id)):
            of(refund.created_at, refund.currency).refunds.append(refund)
        lost = select(FlwChargeback).where(FlwChargeback.status.in_(LOST)).order_by(FlwChargeback.id)
        for chargeback in session.scalars(lost):
            of(chargeback.created_at, chargeback.currency).chargebacks.append(chargeback)
    days = (first.date() if first else date.min, last.date() if last else date.max)
    return sorted((s for s in found.values() if days[0] <= s.day <= days[1]), key=lambda s: s.id, reverse=True)


def settlement_resource(settlement: Settlement, now: datetime) -> dict[str, Any]:
    """As the list shows it. Settled on the next day into the balance (`autowallet`)."""
    currency, day = settlement.currency, datetime.combine(settlement.day, time(), UTC)
    due = day + timedelta(days=1)
    net = sum(settled_minor(t) for t in settlement.transactions) - settlement.refunded - settlement.charged_back
    return {
        "id": settlement.id,
        "account_id": ACCOUNT_ID,
        "merchant_name": MERCHANT,
        "merchant_email": "merchant@sandbox.test",
        "settlement_account": "autowallet",
        "bank_code": "flutterwave",
        "transaction_date": iso(day),
        "due_date": iso(due),
        "processed_date": iso(due) if due <= now else None,
        "status": "completed" if due <= now else "pending",
        "is_local": True,
        "currency": currency,
        "gross_amount": number(settlement.gross, currency),
        "app_fee": number(settlement.fees, currency),
        "merchant_fee": 0,
        "chargeback": number(settlement.charged_back, currency),
        "refund": number(settlement.refunded, currency),
        "stampduty_charge": 0,
        "net_amount": number(net, currency),
        "transaction_count": len(settlement.transactions),
        "processor_ref": None,
        "disburse_ref": f"RV{settlement.id}" if due <= now else None,
        "disburse_message": None,
        "channel": "web",
        "destination": "autowallet",
        "fx_data": None,
        "flag_message": None,
        "meta": [transaction.id for transaction in settlement.transactions],
        "refund_meta": [refund.id for refund in settlement.refunds],
        "chargeback_meta": [chargeback.id for chargeback in settlement.chargebacks],
        "source_bankcode": None,
        "created_at": iso(due),
    }


def settlement_details(settlement: Settlement, now: datetime) -> dict[str, Any]:
    """As it is shown alone: with its transactions, `is_local` as a number and `meta` as text."""
    resource = settlement_resource(settlement, now)
    shown = [
        {
            "customer_email": transaction.email,
            "flw_ref": transaction.flw_ref,
            "tx_ref": transaction.tx_ref,
            "id": transaction.id,
            "charged_amount": number(transaction.charged_amount, transaction.currency),
            "app_fee": number(transaction.kept, transaction.currency),
            "merchant_fee": 0,
            "stampduty_charge": 0,
            "settlement_amount": number(settled_minor(transaction), transaction.currency),
            "status": transaction.status,
            "payment_entity": transaction.payment_type,
            "transaction_date": settlement.day.isoformat(),
            "currency": transaction.currency,
            "card_locale": "LOCAL",
            "rrn": "N/A",
            "subaccount_settlement": 0,
        }
        for transaction in settlement.transactions
    ]
    meta = json.dumps(resource["meta"], separators=(",", ":"))
    return {**resource, "is_local": 1, "meta": meta, "transactions": shown}


def _add(session: Session, found: dict[str, int], currency: Any, amount: Any, *wanted: Any) -> None:
    for code, total in session.execute(select(currency, func.sum(amount)).where(*wanted).group_by(currency)):
        found[code] += int(total)
