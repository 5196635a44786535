"""One dispute: what a provider's answer about it holds, posts, frees or brings back; or it is held for a person."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import select

from core import outbox
from core.db import Session
from core.money import Money
from ledger import chargebacks
from ledger import errors as ledger_errors
from ledger.audit import Cause
from ledger.models import Transaction
from payments import errors, paid, refunded, taken
from payments.models import Checkout, Dispute, Refund
from payments.paid import Payment
from payments.provider import Outcome
from payments.provider_records import Record

ASK_AFTER = timedelta(hours=6)
LAST_CALL = timedelta(days=1)
WAITING = ("open", "held")

log = logging.getLogger(__name__)


def find(session: Session, provider: str, dispute_id: str) -> Dispute | None:
    found = select(Dispute).where(Dispute.provider == provider, Dispute.provider_id == dispute_id)
    return session.scalar(found.with_for_update(), execution_options={"populate_existing": True})


def open_one(session: Session, checkout: Checkout, payment: Payment | None, record: Record, at: datetime) -> Dispute:
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
    if payment is not None and may_be_taken and _wrong(session, payment, dispute, record) is None:
        most = min(record.amount.amount_minor, taken.left(session, payment).amount_minor)
        if most > 0:
            amount, cause = Money(most, record.amount.currency), taken.cause_of(checkout)
            held = chargebacks.begin(session, payment.transaction, amount, checkout.provider, _name(dispute), at, cause)
            dispute.transaction_id = held.id if held is not None else None
    if record.outcome is Outcome.PENDING:
        alarm("a payment is disputed: answer the payer's bank at the provider in time", dispute, record.status)
        outbox.put(session, "bot.dispute_opened", {"dispute": dispute.id}, f"dispute_opened:{dispute.id}")
    return dispute


def take(
    session: Session, checkout: Checkout, payment: Payment | None, dispute: Dispute, record: Record, at: datetime,
    *, stands: bool,
) -> None:  # fmt: skip
    """Writes down what the provider says of a dispute that waits, or that has another end now than it had."""
    if dispute.state in WAITING:
        dispute.provider_status = record.status
    dispute.due_at = record.due_at or dispute.due_at
    if record.outcome is Outcome.PENDING and dispute.due_at is not None and dispute.due_at - at < LAST_CALL:
        alarm("a disputed payment will soon be lost: answer the payer's bank at the provider", dispute, record.status)
    wrong = "the payment that is disputed is not booked" if payment is None else None
    if payment is None or (wrong := _wrong(session, payment, dispute, record)) is not None:
        _hold(dispute, wrong or "")
        if record.outcome is Outcome.DECLINED:
            tell_of_held(session, checkout, str(dispute.id))
    elif record.outcome is Outcome.SUCCEEDED:
        _win(session, payment, dispute, at, stands=stands)
    elif record.outcome is Outcome.DECLINED:
        due = _missing(session, payment, dispute, record.amount.amount_minor)
        lose(session, payment, dispute, min(due, taken.left(session, payment).amount_minor), record.status, at)


def lose(session: Session, payment: Payment, dispute: Dispute, due_minor: int, status: str, at: datetime) -> bool:
    """Decided against us: `due_minor` is posted, which was not before.

    False where it cannot be, as when the cash is not there: it is held for a person then.
    """
    try:
        if due_minor > 0:
            book(session, payment, dispute, due_minor, at)
            dispute.amount_minor = due_minor
    except ledger_errors.LedgerError as error:
        _hold(dispute, f"lost, but not booked: {error.code}")
        tell_of_held(session, payment.checkout, str(dispute.id))
        return False
    free(session, dispute, at, taken.cause_of(payment.checkout))
    end(session, dispute, "lost", status, at)
    return True


def lose_all(session: Session, payment: Payment, dispute: Dispute, at: datetime, cause: Cause) -> int:
    """Posts what of the dispute was not posted before, in minor units: also beyond what is left of the payment.

    Raises what `taken.book` raises, or `NotRefundable` while a refund of the payment is under way.
    """
    going = select(Refund.id).where(Refund.checkout_id == dispute.checkout_id, Refund.state.not_in(("failed", "paid")))
    if session.scalar(going.limit(1)) is not None:
        raise errors.NotRefundable("refund_open")
    missing = _missing(session, payment, dispute, dispute.amount_minor)
    due = min(missing, max(taken.left(session, payment).amount_minor, 0))
    twice = min(missing - due, taken.given(session, payment).amount_minor)
    if due:
        book(session, payment, dispute, due, at)
    if twice:
        taken.book_twice(session, payment, Money(twice, payment.transaction.currency), _name(dispute), at, cause)
    return due + twice


def book(session: Session, payment: Payment, dispute: Dispute, due_minor: int, at: datetime) -> None:
    """Posts that this much is gone by the dispute. Raises what `taken.book` raises."""
    own = session.get(Transaction, dispute.transaction_id or 0, populate_existing=True)
    due = Money(due_minor, payment.transaction.currency)
    held = own if taken.is_open(own) else None
    dispute.transaction_id = taken.book(session, payment, due, _name(dispute), held, at)


def to_bring_back(session: Session, payment: Payment, dispute: Dispute) -> list[Transaction]:
    """What was taken for this dispute, and what no dispute told of."""
    own = [each for each in taken.standing(session, payment) if each.id == dispute.transaction_id]
    return own or list(taken.unasked(session, payment))


def free(session: Session, dispute: Dispute, at: datetime, cause: Cause) -> None:
    """What is held for it, and was not taken, is free again."""
    held = session.get(Transaction, dispute.transaction_id or 0, populate_existing=True)
    if held is not None and taken.is_open(held):
        chargebacks.release(session, held, at, cause)


def end(session: Session, dispute: Dispute, state: str, status: str, at: datetime) -> None:
    dispute.state, dispute.provider_status, dispute.ended_at = state, status, at
    session.flush()


def alarm(message: str, dispute: Dispute, reason: str) -> None:
    facts = {"dispute": dispute.id, "at_provider": dispute.provider_id, "due": dispute.due_at, "reason": reason}
    log.error(message, extra=facts)


def tell_of_held(session: Session, checkout: Checkout, which: str) -> None:
    """The officers hear, once for each, that money is gone which the book does not show yet."""
    outbox.put(session, "bot.return_held", {"checkout": checkout.id}, f"return_held:{checkout.id}:{which}")


def _stop_refunds(session: Session, checkout: Checkout, at: datetime) -> None:
    """What may be taken back by the bank is not given back besides; a refund under way cannot be stopped."""
    for refund in session.scalars(select(Refund).where(Refund.checkout_id == checkout.id, Refund.state != "failed")):
        if refund.state == "reserved":
            refunded.fail(session, refund.id, "the payer's bank asks for it", at)
        else:
            refunded.alarm("a payment is disputed that goes back or went back by a refund", refund, refund.state)


def _wrong(session: Session, payment: Payment, dispute: Dispute, record: Record) -> str | None:
    """Why a person must look before anything is booked; None when the record fits the payment."""
    # What was taken before anybody told of a dispute, or for this very one, is what it may be about.
    most = taken.left(session, payment) + taken.total(to_bring_back(session, payment, dispute), payment)
    if taken.is_all(session, payment):
        most = paid.amount(session, payment)  # Whatever they call it, there is nothing more that they could take.
    if record.amount.currency != most.currency or not 0 < record.amount.amount_minor <= most.amount_minor:
        return f"{record.amount} is disputed where {most} could be"
    return None


def _missing(session: Session, payment: Payment, dispute: Dispute, amount_minor: int) -> int:
    """What of this amount was not posted before, for the dispute or before anybody told of it."""
    before = taken.total(to_bring_back(session, payment, dispute), payment)
    return max(amount_minor - before.amount_minor, 0)


def _win(session: Session, payment: Payment, dispute: Dispute, at: datetime, *, stands: bool) -> None:
    """Decided for us: what was held is free again, what was taken is brought back once the provider has it again."""
    cause = Cause(None, dispute.provider, dispute.provider_id)
    free(session, dispute, at, cause)
    back = to_bring_back(session, payment, dispute)
    try:
        if (back or payment.checkout.state == "held") and not stands:
            raise errors.ProviderUnavailable("they have not brought it back")
        for each in back:
            taken.give_back(session, payment, each, at, cause)
    except (errors.ProviderUnavailable, ledger_errors.LedgerError) as error:
        _hold(dispute, f"won, but the payment was taken back and is not here again: {error.code}")
        outbox.put(session, "bot.dispute_won", {"dispute": dispute.id}, f"dispute_won:{dispute.id}:held")
        return
    if payment.checkout.state == "held":  # Taken back, never booked, and here again.
        payment.checkout.state, payment.checkout.held_reason = "paid", None
    end(session, dispute, "won", dispute.provider_status or "", at)
    if not back:
        outbox.put(session, "bot.dispute_won", {"dispute": dispute.id}, f"dispute_won:{dispute.id}")


def _hold(dispute: Dispute, reason: str) -> None:
    if dispute.state == "held":
        return
    dispute.state, dispute.ended_at = "held", None
    alarm("a dispute is held: compare it at the provider and decide", dispute, reason)


def _name(dispute: Dispute) -> str:
    return f"dispute:{dispute.id}"
