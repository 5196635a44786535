"""Closes cash that was written down and that nobody has confirmed in a week; both sides are told."""

from core import clock, db, outbox
from ledger import cash

SWEEP_LIMIT = 200


def sweep() -> int:
    """Ends what is overdue; returns how many. Safe to run twice at once."""
    with db.session() as session:
        ended = cash.expire(session, clock.now(), SWEEP_LIMIT)
        for transaction_id in ended:
            outbox.put(session, "bot.cash_ended", {"transaction": transaction_id}, f"cash_ended:{transaction_id}")
        session.commit()
    return len(ended)
