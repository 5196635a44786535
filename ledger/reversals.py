"""Mistakes are reversed by a new transaction with the opposite legs and a reason; nothing is edited or deleted."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text

from core.db import Session
from core.money import Money
from ledger import errors, groups, legs
from ledger.audit import Cause
from ledger.models import Entry, Receipt, Transaction, Wallet
from ledger.postings import Leg, Movement, Posted, record


@dataclass(frozen=True, slots=True)
class Reversed:
    """What was reversed, and the posting that did it."""

    transaction: Transaction
    posted: Posted


def check(session: Session, group_id: int, receipt_number: int, officers_alone: bool = True) -> Transaction:
    """The transaction with this receipt, when it may be reversed: by officers alone, or else by a vote of the group.

    Raises `UnknownReceipt`, `AlreadyReversed`, `NotReversible` for money that lies at a provider (it is given back by a
    refund), for anything about a loan, for what a vote has decided, and for reversals themselves, or `NeedsVote` above
    the group's limit.
    """
    transaction = session.scalar(
        select(Transaction)
        .join(Receipt, (Receipt.group_id == Transaction.group_id) & (Receipt.transaction_id == Transaction.id))
        .where(Receipt.group_id == group_id, Receipt.number == receipt_number)
    )
    if transaction is None:
        raise errors.UnknownReceipt(f"R-{receipt_number}")
    if transaction.state == "reversed":
        raise errors.AlreadyReversed
    if transaction.approval_id is not None:
        # Reversed, it could be carried out once more by the same vote. What came back into the box is written down.
        raise errors.NotReversible(transaction.kind)
    posted = _posted_legs(session, transaction)
    if transaction.kind == "reversal" or any(leg.provider not in ("", legs.CASH_BOX) for leg in posted):
        raise errors.NotReversible(transaction.kind)
    if any(leg.kind in groups.OWED for leg in posted):
        # A loan's instalments say what is paid: the book alone cannot take a part of it back.
        raise errors.NotReversible(transaction.kind)
    if officers_alone and transaction.amount_minor > (limit := officers_limit(session, group_id)).amount_minor:
        raise errors.NeedsVote(limit)
    return transaction


def by_officer(
    session: Session, group_id: int, receipt_number: int, reason: str, at: datetime, cause: Cause
) -> Reversed:
    """Reverses the transaction with this receipt.

    Whoever calls this has checked that the actor is an officer, and tells the group. Raises what `check` raises, or
    `InsufficientFunds` when the money has been used since.
    """
    transaction = check(session, group_id, receipt_number)
    return Reversed(transaction, undo(session, transaction, reason, at, cause))


def officers_limit(session: Session, group_id: int) -> Money:
    """The most that officers may reverse without a vote: a share of the group's money, by its own rule."""
    row = session.execute(_LIMIT, {"group": group_id}).one()
    return Money(row.held * row.percent // 100, row.currency)


def undo(session: Session, transaction: Transaction, reason: str, at: datetime, cause: Cause) -> Posted:
    """Posts the opposite of a completed transaction: what a provider has taken back, what a group has decided.

    Raises `AlreadyReversed`, `TransactionClosed` when nothing was posted, or `InsufficientFunds`.
    """
    posted = _posted_legs(session, transaction)
    if not posted:
        raise errors.TransactionClosed("nothing was posted")
    return _record(session, transaction, posted, reason, at, cause)


def _posted_legs(session: Session, transaction: Transaction) -> list[Leg]:
    rows = session.execute(
        select(Wallet.kind, Entry.amount_minor, Wallet.user_id, Wallet.provider)
        .join(Wallet, (Wallet.group_id == Entry.group_id) & (Wallet.id == Entry.wallet_id))
        .where(Entry.group_id == transaction.group_id, Entry.transaction_id == transaction.id)
    )
    return [Leg(*row) for row in rows]


def _record(
    session: Session, transaction: Transaction, posted: list[Leg], reason: str, at: datetime, cause: Cause
) -> Posted:
    movement = Movement(
        group_id=transaction.group_id,
        kind="reversal",
        amount=Money(transaction.amount_minor, transaction.currency),
        legs=legs.reversal(posted),
        key=f"reversal:{transaction.id}",
        user_id=transaction.user_id,
        reason=reason,
        reverses_id=transaction.id,
    )
    return record(session, movement, at, cause)


_LIMIT = text("""
    SELECT currency, reversal_limit_percent AS percent,
           CAST((SELECT coalesce(-sum(balance_minor), 0) FROM wallets
                  WHERE group_id = groups.id AND kind = 'cash') AS bigint) AS held
      FROM groups WHERE id = :group""")
