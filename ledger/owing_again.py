"""A repayment that is taken back: what it had paid off is owed again, in the book and in the loans' own rows.

A payment pays the oldest instalment first and puts what is over into the savings. What goes back of it goes the other
way: first what went to the savings, then the newest instalment that was paid, and last what was paid on top for the
fee. Where later payments stand in between, the newest instalments are owed again in place of its own: what a member
owes in all is always right. Guarantors who were let go stay free.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from core.db import Session
from ledger import errors, groups, instalments
from ledger.legs import Allocation
from ledger.models import Entry, Instalment, Loan, Transaction, Wallet


@dataclass(slots=True)
class _Left:
    """What may still be owed again, in minor units: of each kind, and in all."""

    total: int
    interest: int
    penalty: int
    principal: int

    def take(self, kind: str, paid: int) -> int:
        """As much of what was `paid` on a row as is left to take."""
        taken: int = min(self.total, getattr(self, kind), paid)
        setattr(self, kind, getattr(self, kind) - taken)
        self.total -= taken
        return taken


def share(session: Session, payment: Transaction, amount_minor: int, before: Sequence[Transaction]) -> int:
    """What of this amount would be owed again, in minor units; `before` is what was taken back of the payment so far.

    Nothing for a payment that has paid off nothing.
    """
    return _left(session, payment, amount_minor, before).total


def owe(session: Session, payment: Transaction, amount_minor: int, before: Sequence[Transaction]) -> Allocation:
    """Opens the instalments again of which this amount had been paid; the caller posts it in the same transaction.

    Raises `NoLoan` where the loans' rows have not got so much: a person has to look at it.
    """
    left = _left(session, payment, amount_minor, before)
    principal = interest = penalty = 0
    for loan in _loans(session, payment) if left.total else []:
        for row in reversed(_rows(session, loan)):
            if not left.total:
                break
            taken = instalments.Unpaid(
                principal=left.take("principal", row.paid_principal_minor),
                interest=left.take("interest", row.paid_interest_minor),
                penalty=left.take("penalty", row.paid_penalty_minor),
            )
            if taken.total:
                instalments.owe_again(row, taken, payment.completed_at)
                loan.state, loan.ended_at = "active", None
                principal += taken.principal
                interest += taken.interest
                penalty += taken.penalty
    if left.total:
        raise errors.NoLoan
    session.flush()
    return Allocation(penalty=penalty, interest=interest, principal=principal)


def is_of(session: Session, taken: Transaction) -> bool:
    """Whether something is owed again since this was taken back."""
    return any(kind in groups.OWED for kind in _moved(session, taken.group_id, taken.user_id, [taken.id]))


def _left(session: Session, payment: Transaction, amount_minor: int, before: Sequence[Transaction]) -> _Left:
    moved = _moved(session, payment.group_id, payment.user_id, [payment.id])
    again = _moved(session, payment.group_id, payment.user_id, [each.id for each in before])
    paid_off, saved = sum(moved.get(kind, 0) for kind in groups.OWED), moved.get("savings", 0)
    gone = sum(each.amount_minor for each in before)
    total = _within(gone + amount_minor - saved, paid_off) - _within(gone - saved, paid_off)
    return _Left(
        total=total,
        interest=moved.get("interest_due", 0) + again.get("interest_due", 0),
        penalty=moved.get("penalty_due", 0) + again.get("penalty_due", 0),
        principal=moved.get("loan", 0) + again.get("loan", 0),
    )


def _within(amount: int, most: int) -> int:
    return min(max(amount, 0), most)


def _moved(session: Session, group_id: int, user_id: int | None, transactions: Sequence[int]) -> dict[str, int]:
    """What these moved on the member's own wallets, credit positive."""
    rows = session.execute(
        select(Wallet.kind, func.sum(Entry.amount_minor))
        .join(Wallet, (Wallet.group_id == Entry.group_id) & (Wallet.id == Entry.wallet_id))
        .where(Entry.group_id == group_id, Entry.transaction_id.in_(transactions), Wallet.user_id == user_id)
        .group_by(Wallet.kind)
    )
    return {kind: int(amount) for kind, amount in rows}


def _loans(session: Session, payment: Transaction) -> list[Loan]:
    """The loans that the payment has reached, the newest first; then the member's others, should those not suffice.

    It paid the oldest loan that was being paid back then, and the next one only where it settled that.
    """
    when: datetime | None = payment.completed_at
    begun = (
        select(Loan)
        .join(Transaction, (Transaction.group_id == Loan.group_id) & (Transaction.id == Loan.disbursement_id))
        .where(
            Loan.group_id == payment.group_id,
            Loan.user_id == payment.user_id,
            Loan.state.in_(("active", "settled", "written_off")),
        )
        .order_by(Loan.id)
    )
    owing_then = begun.where(Transaction.completed_at <= when, or_(Loan.ended_at.is_(None), Loan.ended_at >= when))
    fresh, reached = {"populate_existing": True}, list[Loan]()
    for loan in session.scalars(owing_then, execution_options=fresh):
        reached.insert(0, loan)
        if loan.ended_at != when:
            break
    others = [loan for loan in session.scalars(begun, execution_options=fresh) if loan not in reached]
    return reached + others[::-1]


def _rows(session: Session, loan: Loan) -> list[Instalment]:
    """The loan's instalments; of one that was written off, what the group gave up is not owed any more."""
    rows = instalments.of(session, loan)
    if loan.state == "written_off" and loan.ended_at is not None:
        instalments.give_up(rows, loan.ended_at)
    return rows
