"""Ends what nobody goes on with, each thing on its last day, and has everybody told whom it concerns.

Cash that was written down and never confirmed, cash that was never handed over, loans that were never paid out, and
guarantees that nobody answers.
"""

from core import clock, db, outbox
from ledger import cash, lapsing

SWEEP_LIMIT = 200


def sweep() -> int:
    """Ends what is overdue; returns how much. Safe to run twice at once."""
    # Cash first: as long as it waits in the box, its loan is not over.
    return _end_cash() + _end_guarantees() + _end_loans()


def _end_cash() -> int:
    now = clock.now()
    with db.session() as session:
        ended = [*cash.expire(session, now, SWEEP_LIMIT), *cash.expire_due(session, now, SWEEP_LIMIT)]
        for transaction_id in ended:
            outbox.put(session, "bot.cash_ended", {"transaction": transaction_id}, f"cash_ended:{transaction_id}")
        session.commit()
    return len(ended)


def _end_guarantees() -> int:
    with db.session() as session:
        ended = lapsing.end_guarantees(session, clock.now(), SWEEP_LIMIT)
        for loan_id, user_id in ended:
            payload = {"loan": loan_id, "member": user_id}
            outbox.put(session, "bot.guarantee_lapsed", payload, f"guarantee_lapsed:{loan_id}:{user_id}")
        session.commit()
    return len(ended)


def _end_loans() -> int:
    with db.session() as session:
        ended = lapsing.end_loans(session, clock.now(), SWEEP_LIMIT)
        for loan_id in ended:
            outbox.put(session, "bot.loan_ended", {"loan": loan_id, "lapsed": True}, f"loan_ended:{loan_id}")
        session.commit()
    return len(ended)
