"""Fees that drift: what providers kept yesterday beside what payers were quoted, told to the operator once a day."""

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import func, select

from core import clock, db, outbox
from core.db import Session
from core.money import Money
from ledger.models import Transaction
from payments.models import Checkout, Collection

LOOK_FROM = time(3)
"""In UTC; by then the day before has been reconciled."""
FEWEST = 3
"""So many payments must have cost something else than was quoted; one may be an exception of its own."""
PERCENT = 10

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Drift:
    """`drifted` of `paid` payments cost another fee; `more` is what was kept beyond the quotes, negative where less."""

    provider: str
    method: str
    paid: int
    drifted: int
    more: Money


def sweep() -> int:
    """Puts the look at yesterday's fees to work, once a day. Returns whether it is time for it."""
    now = clock.now().astimezone(UTC)
    if now.time() < LOOK_FROM:
        return 0
    day = now.date() - timedelta(days=1)
    with db.session() as session:
        outbox.put(session, "payments.check_fees", {"day": day.isoformat()}, f"check_fees:{day}")
        session.commit()
    return 1


def check(day: date) -> list[Drift]:
    """Alarms about each provider and method whose fees were not as quoted on that day, in UTC."""
    with db.session() as session:
        found = [drift for drift in of_day(session, day) if _is_more_than_an_exception(drift)]
    for drift in found:
        log.error(
            "a provider's fees are not what payers are quoted: compare them with its price list",
            extra={
                "provider": drift.provider,
                "method": drift.method,
                "payments": f"{drift.drifted} of {drift.paid}",
                "more": str(drift.more),
            },
        )
    return found


def of_day(session: Session, day: date) -> list[Drift]:
    """What was paid on that day, in UTC, by provider, method and currency."""
    start = datetime.combine(day, time.min, UTC)
    beyond = Checkout.charged_minor - Collection.fee_minor
    rows = session.execute(
        select(
            Checkout.provider,
            Checkout.method,
            Transaction.currency,
            func.count(),
            func.count().filter(beyond != 0),
            func.sum(beyond),
        )
        .join(Collection, Collection.transaction_id == Checkout.transaction_id)
        .join(Transaction, Transaction.id == Checkout.transaction_id)
        .where(
            Checkout.state == "paid",
            Checkout.charged_minor.is_not(None),
            Checkout.paid_at >= start,
            Checkout.paid_at < start + timedelta(days=1),
        )
        .group_by(Checkout.provider, Checkout.method, Transaction.currency)
        .order_by(Checkout.provider, Checkout.method, Transaction.currency)
    )
    return [
        Drift(provider, method, paid, drifted, Money(int(more or 0), currency))
        for provider, method, currency, paid, drifted, more in rows
    ]


def _is_more_than_an_exception(drift: Drift) -> bool:
    return drift.drifted >= FEWEST and drift.drifted * 100 >= drift.paid * PERCENT
