"""What members are told about their money, after it happened."""

from datetime import datetime

from sqlalchemy import select

from bot import outgoing
from core.db import Session
from core.money import Money
from ledger import groups, reading
from ledger.models import Group, Receipt, Transaction, User
from payments.models import Checkout


def contribution_completed(session: Session, transaction_id: int, at: datetime) -> None:
    """A receipt to the payer (amount, own total, group's total, number), a short note to the other officers."""
    transaction, group, payer = _facts(session, transaction_id)
    number = session.scalars(select(Receipt.number).where(Receipt.transaction_id == transaction_id)).one()
    found = reading.balances(session, group.id, payer.id, group.currency)
    amount = str(Money(transaction.amount_minor, transaction.currency))
    outgoing.notify(
        session,
        payer.id,
        "receipt",
        {
            "number": f"R-{number}",
            "amount": amount,
            "group": group.name,
            "own": str(found.own),
            "total": str(found.group),
            "name": payer.name or "",
        },
        group_id=group.id,
        dedupe_key=f"receipt:{transaction_id}",
        at=at,
    )
    for officer_id in groups.officers(session, group.id):
        if officer_id != payer.id:
            outgoing.notify(
                session,
                officer_id,
                "officer-note",
                {"name": payer.name or "", "amount": amount, "group": group.name, "total": str(found.group)},
                group_id=group.id,
                dedupe_key=f"officer-note:{transaction_id}:{officer_id}",
                at=at,
            )


def contribution_ended(session: Session, transaction_id: int, at: datetime) -> None:
    """Says that nothing was added, and how to try again."""
    transaction, group, payer = _facts(session, transaction_id)
    amount = Money(transaction.amount_minor, transaction.currency)
    outgoing.notify(
        session,
        payer.id,
        f"contribution-{transaction.state}",
        {"amount": str(amount), "group": group.name, "plain": amount.plain},
        group_id=group.id,
        dedupe_key=f"ended:{transaction_id}",
        at=at,
    )


def payment_held(session: Session, checkout_id: int, at: datetime) -> None:
    """Says that a person is checking, to the payer and the officers, without amounts that may be wrong."""
    checkout = session.get_one(Checkout, checkout_id)
    _, group, payer = _facts(session, checkout.transaction_id)
    for user_id in {payer.id, *groups.officers(session, group.id)}:
        outgoing.notify(
            session,
            user_id,
            "payment-held",
            {"group": group.name},
            group_id=group.id,
            dedupe_key=f"held:{checkout_id}:{user_id}",
            at=at,
        )


def _facts(session: Session, transaction_id: int) -> tuple[Transaction, Group, User]:
    row = session.execute(
        select(Transaction, Group, User)
        .join(Group, Group.id == Transaction.group_id)
        .join(User, User.id == Transaction.user_id)
        .where(Transaction.id == transaction_id)
    ).one()
    return row[0], row[1], row[2]
