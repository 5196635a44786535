"""What members are told about their money, after it happened."""

from datetime import datetime, timedelta

from sqlalchemy import select

from bot import outgoing
from core.db import Session
from core.money import Money
from ledger import audit, groups, reading, receipts, seals, statements
from ledger.models import Group, Transaction, User
from ledger.statements import Account
from payments.models import Checkout


def contribution_completed(session: Session, transaction_id: int, at: datetime) -> None:
    """A receipt to the payer (amount, own total, group's total, number), a short note to the other officers."""
    transaction, group, payer = _facts(session, transaction_id)
    receipt = receipts.of_transaction(session, group.id, transaction_id)
    if receipt is None:
        raise LookupError(f"transaction {transaction_id} has no receipt")
    found = reading.balances(session, group.id, payer.id, group.currency)
    amount = str(Money(transaction.amount_minor, transaction.currency))
    outgoing.notify(
        session,
        payer.id,
        "receipt",
        {
            "number": f"R-{receipt.number}",
            "seal": receipt.seal.short,
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


def reversed_by_officer(session: Session, transaction_id: int, receipt_number: int, at: datetime) -> None:
    """Every member hears who reversed which receipt, and why; a mistake mended in silence would look like a theft."""
    transaction = session.get_one(Transaction, transaction_id)
    group = session.get_one(Group, transaction.group_id)
    receipt = receipts.of_transaction(session, group.id, transaction_id)
    if receipt is None:
        raise LookupError(f"transaction {transaction_id} has no receipt")
    officer = audit.actor_of(session, group.id, receipt.seal.line)
    names = groups.names(session, [officer, transaction.user_id])
    values = {
        # A correction by the operator has no member behind it.
        "officer": names.get(officer or 0, "?") if officer is not None else "GroupWallet",
        "number": f"R-{receipt_number}",
        "name": names.get(transaction.user_id or 0, group.name),
        "amount": str(Money(transaction.amount_minor, transaction.currency)),
        "reason": transaction.reason or "",
        "group": group.name,
        "seal": receipt.seal.short,
    }
    for member in groups.members(session, group.id):
        if member.user_id != officer:
            key = f"reversed:{transaction_id}:{member.user_id}"
            outgoing.notify(session, member.user_id, "reversed-note", values, group_id=group.id, dedupe_key=key, at=at)


def weekly_seal(session: Session, group_id: int, week: str, at: datetime) -> None:
    """Every member gets the group's seal of the week; many copies in many phones are what makes it worth something."""
    group = session.get_one(Group, group_id)
    seal = seals.head(session, group_id)
    account = Account(group.id, group.currency)
    came = statements.read(session, account, at - timedelta(days=7), at, limit=1)
    values = {
        "group": group.name,
        "seal": seal.short,
        "line": seal.line,
        "came": str(came.total_in),
        "went": str(came.total_out),
        "out": "yes" if came.total_out.amount_minor else "no",
        "total": str(came.closing),
    }
    for member in groups.members(session, group_id):
        key = f"weekly_seal:{group_id}:{week}:{member.user_id}"
        outgoing.notify(session, member.user_id, "weekly-seal", values, group_id=group_id, dedupe_key=key, at=at)


def _facts(session: Session, transaction_id: int) -> tuple[Transaction, Group, User]:
    row = session.execute(
        select(Transaction, Group, User)
        .join(Group, Group.id == Transaction.group_id)
        .join(User, User.id == Transaction.user_id)
        .where(Transaction.id == transaction_id)
    ).one()
    return row[0], row[1], row[2]
