"""Cash: what an officer writes down as received counts only when the payer says so from their own phone.

Cash that the group has decided to pay out is an open transaction with its money reserved in the box; it is posted by
the payments package once the payee says that they have it. From the moment at which an officer says that they have
handed it over, it is "processing": whoever asked can no longer take it back.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, select

from core import clock
from core.db import Session
from core.money import Money
from ledger import errors, legs, loans, repaying, transactions
from ledger.audit import Cause
from ledger.legs import CASH_BOX
from ledger.models import OPEN_STATES, Approval, Group, Loan, Reservation, Transaction, Wallet
from ledger.postings import Posted, post

CONFIRM_WITHIN = timedelta(days=7)
DUE_WITHIN = timedelta(days=30)
"""Nobody has to stay in a group, or can keep it waiting, by never saying that they got their cash."""
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
        _due().where(Transaction.group_id == group_id).order_by(Transaction.id),
        execution_options={"populate_existing": True},
    )
    return [(found, int(vote.details.get("payee", found.user_id) or 0)) for found, vote in rows]


def claim(session: Session, transaction: Transaction) -> bool:
    """An officer says that they have handed it over: nobody takes it back now. False when it had ended before."""
    transactions.lock_group(session, transaction.group_id)
    transactions.mark_processing(session, transaction.id)
    return transaction.state in OPEN_STATES


def take_back(session: Session, group_id: int, user_id: int, at: datetime, cause: Cause) -> Transaction | None:
    """Ends the newest cash that this member has asked the group for and that nobody says they have handed over.

    A loan that would have been handed over is cancelled with it; anything else can be tried again by its vote. What is
    owed to a member who was removed is not for whoever asked for that to take back. None when there is nothing.
    """
    transactions.lock_group(session, group_id)
    found = takeable(session, group_id, user_id)
    return found if found is not None and withdraw_due(session, found.id, at, cause) else None


def takeable(session: Session, group_id: int, user_id: int) -> Transaction | None:
    """What `take_back` would end now."""
    asked = _due().where(
        Transaction.group_id == group_id,
        Transaction.state == "pending",
        Approval.asked_by == user_id,
        Approval.kind != "removal",
    )
    newest = asked.order_by(Transaction.id.desc()).limit(1)
    row = session.execute(newest, execution_options={"populate_existing": True}).first()
    return None if row is None else row[0]


def withdraw_due(session: Session, transaction_id: int, at: datetime, cause: Cause) -> bool:
    """Ends cash that was to be handed over. False when somebody has said that it was, or when it had ended before."""
    transaction = session.get_one(Transaction, transaction_id)
    transactions.lock_group(session, transaction.group_id)
    session.refresh(transaction)
    if transaction.state != "pending":
        return False
    transactions.end(session, transaction.group_id, transaction_id, "cancelled", "taken back", at, cause)
    if transaction.kind == "loan_disbursement":
        lent = select(Loan).where(Loan.group_id == transaction.group_id, Loan.approval_id == transaction.approval_id)
        loans.cancel(session, session.scalars(lent).one(), at, cause)
    session.refresh(transaction)
    return True


def expire_due(session: Session, at: datetime, limit: int) -> list[int]:
    """Ends what was to be handed over and is not confirmed in 30 days; the transactions that it ended.

    As long as its vote is valid it can be tried again.
    """
    overdue = _due().where(Transaction.created_at <= at - DUE_WITHIN).order_by(Transaction.created_at).limit(limit)
    by_the_clock = Cause(actor_id=None, channel="clock")
    why = "not confirmed in 30 days"
    return [
        each.id
        for each, _ in session.execute(overdue).all()
        if transactions.end(session, each.group_id, each.id, "expired", why, at, by_the_clock)
    ]


def _due() -> Select[Transaction, Approval]:
    """The open transactions that hold money of the box, each with its vote."""
    return (
        select(Transaction, Approval)
        .join(Approval, (Approval.group_id == Transaction.group_id) & (Approval.id == Transaction.approval_id))
        .join(
            Reservation,
            (Reservation.group_id == Transaction.group_id) & (Reservation.transaction_id == Transaction.id),
        )
        .join(Wallet, Wallet.id == Reservation.wallet_id)
        .where(
            Transaction.state.in_(OPEN_STATES),
            Wallet.kind == "cash",
            Wallet.provider == CASH_BOX,
            Reservation.state == "held",
        )
    )
