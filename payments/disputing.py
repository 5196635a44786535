"""Disputes, and payments that a provider takes back: what is lost is posted at once, what may be lost is held.

A webhook is a hint: the provider is asked before anything is written, and never while a transaction is open. Whatever
changes here locks the checkout first, then the group, then the dispute, as settling a payment does.
"""

import logging
from datetime import datetime, timedelta

from sqlalchemy import func, select

from core import clock, db, outbox
from core.db import Session
from core.money import Money
from ledger import chargebacks, transactions
from ledger import errors as ledger_errors
from ledger.audit import Cause
from ledger.models import Transaction
from payments import paid, providers, refunded
from payments.models import Checkout, Dispute, Refund
from payments.paid import NOT_BOOKED, Payment
from payments.provider import Outcome
from payments.provider_records import Record

ASK_AFTER = timedelta(hours=6)
LAST_CALL = timedelta(days=1)
SWEEP_LIMIT = 200
WAITING = ("open", "held")

log = logging.getLogger(__name__)


def hear(provider: str, reference: str, dispute_id: str) -> None:
    """Follows a webhook's hint about a dispute of our payment `reference`; another environment's ends here.

    Raises `TryAgain` when the provider does not say what became of it.
    """
    with db.session() as session:
        checkout = paid.by_reference(session, provider, reference)
    if checkout is not None:
        _ask(provider, checkout.id, dispute_id)


def read(dispute_row_id: int) -> None:
    """Asks the provider about a dispute that we know. Raises `TryAgain` when it does not say."""
    with db.session() as session:
        dispute = session.get_one(Dispute, dispute_row_id)
    if dispute.state in WAITING:
        _ask(dispute.provider, dispute.checkout_id, dispute.provider_id)


def sweep() -> int:
    """Puts to work the disputes that are due for a question, and books what could not be booked so far.

    Returns how many.
    """
    now = clock.now()
    with db.session() as session:
        due = session.scalars(
            select(Dispute)
            .where(Dispute.state.in_(WAITING), Dispute.next_check_at <= now)
            .order_by(Dispute.next_check_at)
            .limit(SWEEP_LIMIT)
            .with_for_update(skip_locked=True)
        ).all()
        for dispute in due:
            dispute.checks += 1
            dispute.next_check_at = now + ASK_AFTER
            key = f"read_dispute:{dispute.id}:{dispute.checks}"
            outbox.put(session, "payments.read_dispute", {"dispute": dispute.id}, key)
        session.commit()
    return len(due) + _book_what_is_held(now)


def settle(session: Session, checkout_id: int, record: Record, at: datetime) -> None:
    """Writes what the provider said about a dispute of this payment. The same answer again changes nothing."""
    checkout = _lock(session, checkout_id)
    payment = paid.of_checkout(session, checkout)
    dispute = _find(session, checkout, record.id) or _open(session, checkout, payment, record, at)
    if dispute.state not in WAITING:
        if record.outcome is (Outcome.DECLINED if dispute.state == "won" else Outcome.SUCCEEDED):
            _alarm("a dispute that had ended has another end now: compare it at the provider", dispute, record.status)
        return
    dispute.provider_status, dispute.due_at = record.status, record.due_at or dispute.due_at
    if record.outcome is Outcome.PENDING and dispute.due_at is not None and dispute.due_at - at < LAST_CALL:
        _alarm("a disputed payment will soon be lost: answer the payer's bank at the provider", dispute, record.status)
    wrong = _wrong(session, checkout, payment, record)
    if wrong is not None:
        _hold(dispute, wrong)
    elif record.outcome is Outcome.SUCCEEDED:
        _win(session, dispute, at)
    elif record.outcome is Outcome.DECLINED and payment is not None:
        _lose(session, payment, dispute, record.amount, record.status, at)


def take_back(session: Session, checkout: Checkout, status: str, at: datetime) -> None:
    """The provider has taken a paid payment back: posted at once, and everybody hears. Heard again, nothing changes.

    What our own refund has done is that refund's to post. A dispute that is open is lost by it. Where the cash is not
    there, the checkout is held until it is (`sweep`).
    """
    checkout = _lock(session, checkout.id)
    payment = paid.of_checkout(session, checkout)
    if payment is None or checkout.state == "reversed" or _given_back(session, checkout, at):
        return
    amount = paid.amount(session, payment)
    waiting = select(Dispute).where(Dispute.checkout_id == checkout.id, Dispute.state.in_(WAITING))
    dispute = session.scalars(waiting.order_by(Dispute.id).limit(1)).first()
    if dispute is not None:
        _lose(session, payment, dispute, amount, status, at)
        return
    try:
        _book(session, payment, amount, f"chargeback:{checkout.id}", None, at)
    except ledger_errors.LedgerError as error:
        if checkout.state != "held":
            checkout.state, checkout.held_reason = "held", f"{NOT_BOOKED}{error.code}"
            facts = {"checkout": checkout.id, "reference": checkout.reference, "reason": error.code}
            log.error("a payment was taken back and cannot be booked: bring the cash there", extra=facts)
            outbox.put(session, "bot.return_held", {"checkout": checkout.id}, f"return_held:{checkout.id}")
        return
    checkout.provider_status = status


def _ask(provider: str, checkout_id: int, dispute_id: str) -> None:
    answer = providers.by_name(provider).dispute(dispute_id)
    record = next((each for each in answer.records if each.id == dispute_id), None)
    if answer.outcome is not Outcome.SUCCEEDED or record is None:
        raise outbox.TryAgain(f"the provider did not say what became of a dispute: {answer.detail}")
    with db.session() as session:
        settle(session, checkout_id, record, clock.now())
        session.commit()


def _lock(session: Session, checkout_id: int) -> Checkout:
    """The checkout as it stands now, and the group's lock, until the end of this transaction."""
    checkout = session.get_one(Checkout, checkout_id, with_for_update=True, populate_existing=True)
    transactions.lock_group(session, checkout.group_id)
    return checkout


def _find(session: Session, checkout: Checkout, dispute_id: str) -> Dispute | None:
    found = select(Dispute).where(Dispute.provider == checkout.provider, Dispute.provider_id == dispute_id)
    return session.scalar(found.with_for_update(), execution_options={"populate_existing": True})


def _open(session: Session, checkout: Checkout, payment: Payment | None, record: Record, at: datetime) -> Dispute:
    """Writes the dispute down and holds what may be taken, as far as it is there."""
    dispute = Dispute(
        group_id=checkout.group_id,
        checkout_id=checkout.id,
        provider=checkout.provider,
        provider_id=record.id,
        amount_minor=record.amount.amount_minor,
        state="open",
        provider_status=record.status,
        due_at=record.due_at,
        next_check_at=at + ASK_AFTER,
        created_at=at,
    )
    session.add(dispute)
    session.flush()
    _stop_refunds(session, checkout, at)
    may_be_taken = record.outcome is Outcome.PENDING and checkout.state == "paid"
    if payment is not None and may_be_taken and _wrong(session, checkout, payment, record) is None:
        held = chargebacks.begin(
            session, payment.transaction, record.amount, checkout.provider, _key(dispute), at, _cause(checkout)
        )
        dispute.transaction_id = held.id if held is not None else None
    if record.outcome is Outcome.PENDING:
        _alarm("a payment is disputed: answer the payer's bank at the provider in time", dispute, record.status)
        outbox.put(session, "bot.dispute_opened", {"dispute": dispute.id}, f"dispute_opened:{dispute.id}")
    return dispute


def _stop_refunds(session: Session, checkout: Checkout, at: datetime) -> None:
    """What may be taken back by the bank is not given back besides; a refund under way cannot be stopped."""
    for refund in session.scalars(select(Refund).where(Refund.checkout_id == checkout.id, Refund.state != "failed")):
        if refund.state == "reserved":
            refunded.fail(session, refund.id, "the payer's bank asks for it", at)
        else:
            refunded.alarm("a payment is disputed that goes back or went back by a refund", refund, refund.state)


def _wrong(session: Session, checkout: Checkout, payment: Payment | None, record: Record) -> str | None:
    """Why a person must look before anything is booked; None when the record fits the payment."""
    if payment is None:
        return "the payment that is disputed is not booked"
    most = _may_be_lost(session, payment)
    if record.reference not in ("", checkout.reference):
        return f"the provider answered for another reference: {record.reference}"
    if record.amount.currency != most.currency or not 0 < record.amount.amount_minor <= most.amount_minor:
        return f"{record.amount} is disputed where {most} could be"
    return None


def _may_be_lost(session: Session, payment: Payment) -> Money:
    """What was paid, less what goes back or went back by a refund: the payer gets nothing twice."""
    refunds = select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
        Refund.checkout_id == payment.checkout.id, Refund.state.not_in(("failed", "reserved"))
    )
    given = Money(int(session.scalar(refunds) or 0), payment.transaction.currency)
    return paid.amount(session, payment) - given


def _win(session: Session, dispute: Dispute, at: datetime) -> None:
    """Decided for us: what was held is free again."""
    if dispute.transaction_id is not None:
        held = session.get_one(Transaction, dispute.transaction_id, populate_existing=True)
        chargebacks.release(session, held, at, Cause(None, dispute.provider, dispute.provider_id))
    dispute.state, dispute.ended_at = "won", at
    outbox.put(session, "bot.dispute_won", {"dispute": dispute.id}, f"dispute_won:{dispute.id}")


def _lose(session: Session, payment: Payment, dispute: Dispute, amount: Money, status: str, at: datetime) -> None:
    """Decided against us: posted, or held for a person where the cash is not there."""
    if payment.checkout.state == "reversed":
        dispute.state, dispute.ended_at, dispute.provider_status = "lost", at, status  # Taken back, and booked, before.
        return
    held = session.get(Transaction, dispute.transaction_id or 0, populate_existing=True)
    try:
        posted = _book(session, payment, amount, _key(dispute), held, at)
    except ledger_errors.LedgerError as error:
        _hold(dispute, f"lost, but not booked: {error.code}")
        key = f"return_held:{dispute.checkout_id}"
        outbox.put(session, "bot.return_held", {"checkout": dispute.checkout_id}, key)
        return
    dispute.transaction_id, dispute.amount_minor = posted, amount.amount_minor
    dispute.state, dispute.ended_at, dispute.provider_status = "lost", at, status


def _book(session: Session, payment: Payment, amount: Money, key: str, held: Transaction | None, at: datetime) -> int:
    """Posts that it is gone; the number of the transaction. Raises what `chargebacks.take` raises."""
    checkout = payment.checkout
    with session.begin_nested():
        posted = chargebacks.take(
            session, payment.transaction, amount, checkout.provider, key, at, _cause(checkout), held
        )
    checkout.state, checkout.held_reason = "reversed", None
    payload = {"transaction": posted.transaction_id, "checkout": checkout.id}
    outbox.put(session, "bot.charged_back", payload, f"charged_back:{posted.transaction_id}")
    return posted.transaction_id


def _given_back(session: Session, checkout: Checkout, at: datetime) -> bool:
    """Whether it is our own refund that the provider speaks of; one that was not asked for yet is given up instead."""
    refunds = select(Refund).where(Refund.checkout_id == checkout.id, Refund.state != "failed")
    refund = session.scalars(refunds.order_by(Refund.id.desc()).limit(1)).first()
    if refund is None:
        return False
    if refund.state == "reserved":
        refunded.fail(session, refund.id, "the payment service took it back", at)
        return False
    if refund.state == "paid":
        checkout.state, checkout.held_reason = "reversed", None
    else:
        key = f"verify_refund:{refund.id}:reversed:{refund.checks}"
        outbox.put(session, "payments.verify_refund", {"refund": refund.id}, key)
    return True


def _book_what_is_held(at: datetime) -> int:
    with db.session() as session:
        held = session.scalars(
            select(Checkout)
            .where(Checkout.state == "held", Checkout.held_reason.startswith(NOT_BOOKED))
            .order_by(Checkout.id)
            .limit(SWEEP_LIMIT)
        ).all()
    for checkout in held:
        with db.session() as session:
            take_back(session, checkout, checkout.provider_status or "reversed", at)
            session.commit()
    return len(held)


def _hold(dispute: Dispute, reason: str) -> None:
    if dispute.state == "held":
        return
    dispute.state = "held"
    _alarm("a dispute is held: compare it at the provider and decide", dispute, reason)


def _key(dispute: Dispute) -> str:
    return f"dispute:{dispute.id}"


def _cause(checkout: Checkout) -> Cause:
    return Cause(actor_id=None, channel=checkout.provider, message_id=checkout.reference)


def _alarm(message: str, dispute: Dispute, reason: str) -> None:
    facts = {"dispute": dispute.id, "at_provider": dispute.provider_id, "due": dispute.due_at, "reason": reason}
    log.error(message, extra=facts)
