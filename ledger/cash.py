"""Cash: what an officer writes down as received counts only when the payer says so from their own phone.

Cash that the group has decided to pay out is an open transaction with its money reserved in the box; it is posted by
the payments package once the payee says that they have it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from core import clock
from core.db import Session
from core.money import Money
from ledger import errors, legs, repaying, transactions
from ledger.audit import Cause
from ledger.legs import CASH_BOX
from ledger.models import Approval, Group, Reservation, Transaction, Wallet
from ledger.postings import Posted, post

CONFIRM_WITHIN = timedelta(days=7)
RECEIVED = ("cash_in", "repayment")
KEY = "cash:"


def receive(
    session: Session, group_id: int, payer_id: int, amount: Money, at: datetime, cause: Cause, *, for_loan: bool = False
) -> Transaction:
    """Writes down cash that an officer says they got; nothing is posted. The same message twice is one transaction.

    Raises `AmountNotPositive`, or `IdempotencyConflict` when the message stood for something else.
    """
    if amount.amount_minor <= 0:
        raise errors.AmountNotPositive
    kind = "repayment" if for_loan else "cash_in"
    return transactions.begin(session, group_id, kind, payer_id, amount, f"{KEY}{cause.message_id}", at, cause)


def confirm(session: Session, transaction: Transaction, at: datetime, cause: Cause) -> Posted:
    """The payer has said yes: the money is in the box, and theirs or paid back.

    What a repayment pays is decided now, and what is over goes to the savings: the cash is in the box already. Raises
    `TransactionClosed` when it had ended, or what `post` raises.
    """
    if transaction.kind == "repayment":
        group = session.get_one(Group, transaction.group_id)
        on = clock.day_at(at, group.time_zone)
        return repaying.complete_repayment(session, transaction, CASH_BOX, transaction.amount_minor, 0, on, at, cause)
    moved = legs.cash_in(transaction.user_id or 0, transaction.amount_minor)
    return post(session, transaction.group_id, transaction.id, moved, at, cause)


def refuse(session: Session, transaction: Transaction, at: datetime, cause: Cause) -> bool:
    """The payer says that it is not so: nothing was received. False when it had ended before."""
    why = "the payer says no"
    return transactions.end(session, transaction.group_id, transaction.id, "cancelled", why, at, cause)


def expire(session: Session, at: datetime, limit: int) -> list[int]:
    """Ends what nobody has confirmed in a week; the transactions that it ended, the oldest first."""
    unanswered = session.scalars(
        select(Transaction)
        .where(
            Transaction.kind.in_(RECEIVED),
            Transaction.state == "pending",
            Transaction.idempotency_key.startswith(KEY),
            Transaction.created_at <= at - CONFIRM_WITHIN,
        )
        .order_by(Transaction.created_at)
        .limit(limit)
    ).all()
    by_the_clock = Cause(actor_id=None, channel="clock")
    why = "not confirmed in a week"
    return [
        each.id
        for each in unanswered
        if transactions.end(session, each.group_id, each.id, "expired", why, at, by_the_clock)
    ]


def due(session: Session, group_id: int) -> Sequence[tuple[Transaction, int]]:
    """What is to be handed over from the box by a vote of the group, each with its payee, the oldest first."""
    rows = session.execute(
        select(Transaction, Approval)
        .join(Approval, (Approval.group_id == Transaction.group_id) & (Approval.id == Transaction.approval_id))
        .join(
            Reservation,
            (Reservation.group_id == Transaction.group_id) & (Reservation.transaction_id == Transaction.id),
        )
        .join(Wallet, Wallet.id == Reservation.wallet_id)
        .where(
            Transaction.group_id == group_id,
            Transaction.state == "pending",
            Wallet.kind == "cash",
            Wallet.provider == CASH_BOX,
            Reservation.state == "held",
        )
        .order_by(Transaction.id)
        .execution_options(populate_existing=True)
    )
    return [(found, int(vote.details.get("payee", found.user_id) or 0)) for found, vote in rows]
