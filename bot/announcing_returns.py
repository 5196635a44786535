"""What members hear about money that goes back: refunds, disputes, and what a payment service takes back by itself."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from sqlalchemy import func, select

from bot import challenges, outgoing
from core.db import Session
from core.money import Money
from ledger import groups, reading, receipts
from ledger.models import Entry, Group, Transaction, User, Wallet
from ledger.names import brief
from payments import paid, refunding
from payments.models import Checkout, Dispute, Refund


def refund_asked(session: Session, transaction_id: int, witness_id: int, receipt: int, at: datetime) -> None:
    """Another officer is asked whether a payment is to be given back, as an officer wants it."""
    asked = session.get_one(Transaction, transaction_id)
    if asked.state != "pending" or asked.has_reservations:
        return
    until = asked.created_at + refunding.CONFIRM_WITHIN
    challenge = challenges.issue(session, witness_id, asked.group_id, "refund", transaction_id, until, at)
    if challenge is None:
        return
    officer = refunding.asker_of(asked) or 0
    values = _values(session, asked) | {
        "officer": brief(groups.names(session, [officer]).get(officer, "?")),
        "number": f"R-{receipt}",
        "figures": challenge.code,
    }
    outgoing.notify(
        session, witness_id, "refund-ask", values, group_id=asked.group_id,
        dedupe_key=f"refund_asked:{transaction_id}:{witness_id}", at=at, buttons=challenges.buttons(challenge),
    )  # fmt: skip


def refund_ended(session: Session, transaction_id: int, at: datetime) -> None:
    """The officers hear that nothing goes back: another officer said no, or nobody said anything for a week."""
    asked = session.get_one(Transaction, transaction_id)
    challenges.cancel(session, "refund", transaction_id)
    why = {refunding.NO: "no", refunding.CHANGED: "changed"}.get(asked.failure or "", "silence")
    values = _values(session, asked) | {"why": why}
    _tell(session, "refund-ended", values, groups.officers(session, asked.group_id), asked.group_id, transaction_id, at)


def refund_begun(session: Session, refund_id: int, at: datetime) -> None:
    """The payer and the officers hear that a payment is on its way back."""
    _about_refund(session, "refund-begun", refund_id, at)


def refunded(session: Session, refund_id: int, at: datetime) -> None:
    """The payer gets the receipt, and the officers hear, that a payment is back with the payer."""
    refund = session.get_one(Refund, refund_id)
    receipt = receipts.of_transaction(session, refund.group_id, refund.transaction_id)
    if receipt is None:
        raise LookupError(f"transaction {refund.transaction_id} has no receipt")
    currency = session.get_one(Group, refund.group_id).currency
    payer = session.get_one(Transaction, refund.transaction_id).user_id or 0
    own = reading.balances(session, refund.group_id, payer, currency).own
    more = {"number": f"R-{receipt.number}", "seal": receipt.seal.short, "own": str(own)}
    _about_refund(session, "refunded", refund_id, at, more)


def refund_failed(session: Session, refund_id: int, at: datetime) -> None:
    """The payer and the officers hear that nothing went back, and that the money is still in the group."""
    _about_refund(session, "refund-failed", refund_id, at)


def refund_held(session: Session, refund_id: int, at: datetime) -> None:
    """The payer and the officers hear that a person has to look at it."""
    _about_refund(session, "refund-held", refund_id, at)


def refund_slow(session: Session, refund_id: int, at: datetime) -> None:
    """The payer and the officers hear that it takes longer."""
    _about_refund(session, "refund-slow", refund_id, at)


def dispute_opened(session: Session, dispute_id: int, at: datetime) -> None:
    """The officers hear that a payer's bank wants a payment back, and by when it must be answered."""
    dispute, values = _dispute(session, dispute_id)
    for officer_id in groups.officers(session, dispute.group_id):
        language, group = session.get_one(User, officer_id).language, session.get_one(Group, dispute.group_id)
        due = dispute.due_at.astimezone(ZoneInfo(group.time_zone)) if dispute.due_at else None
        shown = format_date(due, "d MMM", locale=language) if due else "none"
        _tell(session, "dispute-opened", values | {"until": shown}, [officer_id], dispute.group_id, dispute_id, at)


def dispute_won(session: Session, dispute_id: int, at: datetime) -> None:
    """The officers hear that the payment stays in the group, or that it should, and is not here again."""
    dispute, values = _dispute(session, dispute_id)
    hearing = groups.officers(session, dispute.group_id)
    if dispute.state == "held":
        _tell(session, "dispute-won-held", values, hearing, dispute.group_id, dispute_id, at)
    else:
        _tell(session, "dispute-won", values, hearing, dispute.group_id, dispute_id, at)


def charged_back(session: Session, transaction_id: int, checkout_id: int, at: datetime) -> None:
    """Everybody hears that a payment was taken back, what of it is owed again, and what the group has lost.

    Or that it was brought back, or that a bank took what had gone back already.
    """
    moved = session.get_one(Transaction, transaction_id)
    receipt = receipts.of_transaction(session, moved.group_id, transaction_id)
    if receipt is None:
        raise LookupError(f"transaction {transaction_id} has no receipt")
    values = _values(session, moved) | {
        "seal": receipt.seal.short,
        "number": f"R-{receipt.number}",
        "held": _moved(session, moved, ("bad_debt",)),
        "owed": _moved(session, moved, groups.OWED),
    }
    everybody = {member.user_id for member in groups.members(session, moved.group_id)} | {moved.user_id or 0}
    about = (everybody - {0}, moved.group_id, transaction_id, at)
    if moved.kind == "chargeback":
        _tell(session, "charged-back", values, *about)
    elif moved.kind == "fee":
        _tell(session, "charged-twice", values, *about)
    else:
        brought = Money(-_sum(session, moved, ("cash",)), moved.currency)
        _tell(session, "charge-returned", values | {"amount": str(brought)}, *about)


def return_held(session: Session, checkout_id: int, at: datetime) -> None:
    """The officers hear that money was taken back which the book cannot show yet."""
    checkout = session.get_one(Checkout, checkout_id)
    payment = paid.of_checkout(session, checkout)
    transaction = payment.transaction if payment else session.get_one(Transaction, checkout.transaction_id)
    hearing = groups.officers(session, checkout.group_id)
    _tell(session, "return-held", _values(session, transaction), hearing, checkout.group_id, checkout_id, at)


def _about_refund(session: Session, key: str, refund_id: int, at: datetime, more: dict[str, str] | None = None) -> None:
    """Tells the payer ("…-own") and the officers; everybody in the end, if the group has voted about it."""
    refund = session.get_one(Refund, refund_id)
    transaction = session.get_one(Transaction, refund.transaction_id)
    values = _values(session, transaction) | {"reason": refund.reason} | (more or {})
    payer, hearing = transaction.user_id or 0, set(groups.officers(session, refund.group_id))
    if transaction.channel == refunding.BY_VOTE:
        # Whoever asked has just heard how the vote ended; how it ends is for everybody who was asked.
        hearing -= {refund.asked_by} if key == "refund-begun" else set()
        if key in ("refunded", "refund-failed"):
            hearing |= {member.user_id for member in groups.members(session, refund.group_id)}
    _tell(session, f"{key}-own", values, [payer], refund.group_id, refund_id, at)
    _tell(session, key, values, hearing - {payer}, refund.group_id, refund_id, at)


def _tell(
    session: Session,
    key: str,
    values: dict[str, Any],
    hearing: Iterable[int],
    group_id: int,
    subject: int,
    at: datetime,
) -> None:
    for user_id in sorted(hearing):
        dedupe = f"{key}:{subject}:{user_id}"
        outgoing.notify(session, user_id, key, values, group_id=group_id, dedupe_key=dedupe, at=at)


def _values(session: Session, transaction: Transaction) -> dict[str, Any]:
    group, payer = session.get_one(Group, transaction.group_id), transaction.user_id or 0
    return {
        "group": group.name,
        "name": brief(groups.names(session, [payer]).get(payer, "?")),
        "amount": str(Money(transaction.amount_minor, transaction.currency)),
        "reason": transaction.reason or "",
    }


def _dispute(session: Session, dispute_id: int) -> tuple[Dispute, dict[str, Any]]:
    dispute = session.get_one(Dispute, dispute_id)
    checkout = session.get_one(Checkout, dispute.checkout_id)
    values = _values(session, session.get_one(Transaction, checkout.transaction_id))
    group, held = session.get_one(Group, dispute.group_id), None
    if dispute.transaction_id is not None:
        held = session.get_one(Transaction, dispute.transaction_id)
    values["amount"] = str(Money(dispute.amount_minor, group.currency))
    return dispute, values | {"held": "yes" if held is not None else "none"}


def _moved(session: Session, transaction: Transaction, kinds: tuple[str, ...]) -> str:
    """How much more is lost, or owed, since a transaction; "none" for nothing."""
    amount = -_sum(session, transaction, kinds)
    return str(Money(amount, transaction.currency)) if amount > 0 else "none"


def _sum(session: Session, transaction: Transaction, kinds: tuple[str, ...]) -> int:
    found = (
        select(func.coalesce(func.sum(Entry.amount_minor), 0))
        .join(Wallet, (Wallet.group_id == Entry.group_id) & (Wallet.id == Entry.wallet_id))
        .where(Entry.group_id == transaction.group_id, Entry.transaction_id == transaction.id, Wallet.kind.in_(kinds))
    )
    return int(session.scalar(found) or 0)
