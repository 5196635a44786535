"""What members hear about cash: the question to the other side, and what came of it."""

from datetime import datetime

from bot import challenges, outgoing
from core.db import Session
from core.money import Money
from ledger import approvals, cash, groups
from ledger.models import OPEN_STATES, Group, Transaction
from ledger.names import brief

HANDED_WITHIN = cash.CONFIRM_WITHIN


def asked(session: Session, transaction_id: int, officer_id: int, witness_id: int, key: str, at: datetime) -> None:
    """The payer, the payee, or another officer is asked whether what an officer wrote is right."""
    transaction, group, member = _facts(session, transaction_id)
    if transaction.state not in OPEN_STATES:
        return
    received = transaction.kind in cash.RECEIVED
    until = transaction.created_at + cash.CONFIRM_WITHIN if received else at + HANDED_WITHIN
    kind = "cash_in" if received else "cash_out"
    asked = challenges.issue(session, witness_id, group.id, kind, transaction_id, until, at)
    if asked is None:
        return
    names = groups.names(session, [officer_id, member])
    values = {
        "group": group.name,
        "officer": brief(names.get(officer_id, "?")),
        "name": brief(names.get(member, "?")),
        "amount": str(Money(transaction.amount_minor, group.currency)),
        "loan": "yes" if transaction.kind == "repayment" else "no",
        "to": "own" if witness_id == member else "other",
        "figures": asked.code,
    }
    outgoing.notify(
        session,
        witness_id,
        "cash-in-ask" if received else "cash-out-ask",
        values,
        group_id=group.id,
        dedupe_key=f"cash_asked:{key}:{witness_id}",
        at=at,
        buttons=challenges.buttons(asked),
    )


def ended(session: Session, transaction_id: int, at: datetime) -> None:
    """Cash that was written down does not count, or is not handed over any more; whom it concerns hears it.

    The payer said no, whoever asked has taken it back, or nobody said anything for a week, or a month.
    """
    transaction, group, member = _facts(session, transaction_id)
    received = transaction.kind in cash.RECEIVED
    challenges.cancel(session, "cash_in" if received else "cash_out", transaction_id)
    values = _values(session, transaction, group, member)
    hearing = {member, *groups.officers(session, group.id)}
    what = transaction.state if received else f"out-{transaction.state}"
    if not received:
        asker = _asker(session, transaction)
        values |= {"asker": brief(groups.names(session, [asker]).get(asker, "?"))}
        # Whoever takes it back has heard it in the answer.
        hearing = hearing - {asker} if transaction.state == "cancelled" else hearing | {asker}
    for user_id in sorted(hearing):
        outgoing.notify(
            session,
            user_id,
            f"cash-{what}-own" if user_id == member else f"cash-{what}-officer",
            values,
            group_id=group.id,
            dedupe_key=f"cash_ended:{transaction_id}:{user_id}",
            at=at,
        )


def missing(session: Session, transaction_id: int, challenge_id: int, at: datetime) -> None:
    """The payee says that they have not got the cash: all officers hear, and it stays to be handed over."""
    transaction, group, member = _facts(session, transaction_id)
    values = _values(session, transaction, group, member)
    for user_id in groups.officers(session, group.id):
        key = f"cash_missing:{challenge_id}:{user_id}"
        outgoing.notify(session, user_id, "cash-missing", values, group_id=group.id, dedupe_key=key, at=at)


def _asker(session: Session, transaction: Transaction) -> int:
    approval = approvals.find(session, transaction.group_id, transaction.approval_id or 0)
    return approval.asked_by if approval else 0


def _values(session: Session, transaction: Transaction, group: Group, member: int) -> dict[str, str]:
    amount = Money(transaction.amount_minor, group.currency)
    name = groups.names(session, [member]).get(member, "?")
    return {"group": group.name, "name": brief(name), "amount": str(amount), "plain": amount.plain}


def _facts(session: Session, transaction_id: int) -> tuple[Transaction, Group, int]:
    """The transaction, its group, and the member on the other side of the box."""
    transaction = session.get_one(Transaction, transaction_id)
    member = transaction.user_id or 0
    if transaction.approval_id is not None:
        approval = approvals.find(session, transaction.group_id, transaction.approval_id)
        member = approval.details.get("payee", member) if approval else member
    return transaction, session.get_one(Group, transaction.group_id), member
