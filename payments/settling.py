"""What a verified answer of a provider means for the books: posted once, held for a person, or ended unpaid."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import select

from core import clock, outbox
from core.db import Session
from core.money import Money
from ledger import audit, contributions, errors, repaying, transactions
from ledger.audit import Cause
from ledger.models import OPEN_STATES, Group, Transaction
from payments import disputing
from payments.models import Checkout, Collection
from payments.paid import LATE
from payments.provider import Outcome, Verification

ASK_LONGEST = timedelta(days=3)
"""A page that was declined or ran out may be open in the payer's browser for a while."""
NEVER_STARTED_AFTER = timedelta(minutes=2)
"""A provider that does not know a prompt after this time has never got it."""

NEED_INSTRUCTIONS = ("ussd", "bank_transfer")
"""Without the code or the account that the provider's answer brings, nobody can pay."""

log = logging.getLogger(__name__)


def settle(session: Session, checkout_id: int, verification: Verification, at: datetime) -> None:
    """Writes what the provider said about a checkout. The same answer again changes nothing.

    Succeeded and everything matches: posted, receipt and notes put in the outbox. Succeeded with another reference,
    amount or currency: held. Declined: the contribution failed, unless another checkout of it is still open.
    """
    # What this session has read before is not what stands there now that the row is locked.
    checkout = session.get_one(Checkout, checkout_id, with_for_update={"key_share": True}, populate_existing=True)
    if checkout.state in ("held", "reversed"):
        return
    if checkout.state == "paid":
        if verification.status == "reversed" and verification.reference == checkout.reference:
            disputing.take_back(session, checkout, verification.status, at)
        return
    checkout.provider_status = verification.status
    checkout.provider_id = verification.id or checkout.provider_id
    pending = verification.outcome is Outcome.PENDING
    if pending and _give_up_unstarted(session, checkout, verification.status, at):
        return
    collection = session.scalars(
        select(Collection).where(Collection.transaction_id == checkout.transaction_id).with_for_update(),
        execution_options={"populate_existing": True},
    ).one()
    if verification.outcome is Outcome.SUCCEEDED:
        _settle_paid(session, checkout, collection, verification, at)
    elif verification.status == "reversed":
        _hold(session, checkout, "the provider reversed it", at)
    elif verification.outcome is Outcome.DECLINED and checkout.state in ("opening", "open"):
        checkout.state = "declined"
        session.flush()
        if not _has_open_checkout(session, checkout.transaction_id):
            end_unpaid(session, collection, "failed", "the payment was declined", at)
    elif pending and collection.closed_at and at - checkout.created_at > ASK_LONGEST:
        # Its payment ended without it, by another attempt: nobody will pay this one any more.
        checkout.state = "closed"


def _give_up_unstarted(session: Session, checkout: Checkout, status: str, at: datetime) -> bool:
    """Ends an attempt that the provider never got, or whose code or account never came back: it is asked for anew."""
    if checkout.state != "opening" or at - checkout.created_at < NEVER_STARTED_AFTER:
        return False
    never_got = status == "not_found" and checkout.method != "checkout"
    if not never_got and checkout.method not in NEED_INSTRUCTIONS:
        return False
    checkout.state = "closed"
    collection_id = session.scalars(
        select(Collection.id).where(Collection.transaction_id == checkout.transaction_id)
    ).one()
    outbox.put(session, "payments.start_charge", {"collection": collection_id}, f"start_charge_again:{checkout.id}")
    return True


def end_unpaid(session: Session, collection: Collection, state: str, reason: str, at: datetime) -> None:
    """Ends the contribution as failed or expired and has the member told, unless it had ended before."""
    collection.closed_at = collection.closed_at or at
    cause = Cause(actor_id=None, channel=collection.provider)
    if _is_held(session, collection.transaction_id):
        return  # A person decides about it.
    if transactions.end(session, collection.group_id, collection.transaction_id, state, reason, at, cause):
        outbox.put(
            session,
            "bot.contribution_ended",
            {"transaction": collection.transaction_id},
            f"contribution_ended:{collection.transaction_id}",
        )


def _settle_paid(
    session: Session, checkout: Checkout, collection: Collection, verification: Verification, at: datetime
) -> None:
    transaction = session.get_one(Transaction, checkout.transaction_id, populate_existing=True)
    expected = Money(collection.gross_minor, transaction.currency)
    checkout.paid_at = verification.at or at
    if verification.paid is not None and verification.paid.currency == transaction.currency:
        checkout.paid_minor = verification.paid.amount_minor
        checkout.charged_minor = verification.fee.amount_minor if verification.fee else None
    if verification.reference != checkout.reference:
        _hold(session, checkout, f"the provider answered for another reference: {verification.reference}", at)
    elif verification.paid != expected:
        _hold(session, checkout, f"{verification.paid} was paid where {expected} was asked for", at)
    elif verification.fee is None or not 0 <= verification.fee.amount_minor <= expected.amount_minor:
        _hold(session, checkout, f"a fee of {verification.fee} cannot be, for {expected}", at)
    else:
        _post(session, checkout, collection, transaction, expected, verification.fee, at)


def _post(
    session: Session,
    checkout: Checkout,
    collection: Collection,
    transaction: Transaction,
    paid: Money,
    fee: Money,
    at: datetime,
) -> None:
    cause = Cause(actor_id=transaction.user_id, channel=checkout.provider, message_id=checkout.reference)
    try:
        with session.begin_nested():
            if transaction.state not in OPEN_STATES:
                # Paid a second time, or after the link ran out: the member's money all the same, never left unbooked.
                amount = Money(transaction.amount_minor, transaction.currency)
                key = f"{LATE}{checkout.reference}"
                transaction = transactions.begin(
                    session, transaction.group_id, transaction.kind, transaction.user_id, amount, key, at, cause
                )
            complete(session, transaction, checkout, paid, fee, at, cause)
    except errors.LedgerError as error:
        # A loan that was written off meanwhile, say: the money is there, and a person must see whose it is now.
        _hold(session, checkout, f"paid, but not booked: {error.code}", at)
        return
    if fee.amount_minor != collection.fee_minor:
        log.warning(
            "the provider's fee is not what was quoted",
            extra={"checkout": checkout.id, "quoted": collection.fee_minor, "charged": fee.amount_minor},
        )
    checkout.state = "paid"
    collection.closed_at = collection.closed_at or at
    session.flush()


def complete(
    session: Session, transaction: Transaction, checkout: Checkout, paid: Money, fee: Money, at: datetime, cause: Cause
) -> None:
    """Posts what came by this attempt and has the member told. Raises what the ledger refuses."""
    provider, gross_minor, fee_minor = checkout.provider, paid.amount_minor, fee.amount_minor
    if transaction.kind == "repayment":
        time_zone = session.scalars(select(Group.time_zone).where(Group.id == transaction.group_id)).one()
        on = clock.day_at(at, time_zone)
        repaying.complete_repayment(session, transaction, provider, gross_minor, fee_minor, on, at, cause)
    else:
        contributions.complete(session, transaction, provider, gross_minor, fee_minor, at, cause)
    kind = f"{transaction.kind}_completed"
    outbox.put(session, f"bot.{kind}", {"transaction": transaction.id}, f"{kind}:{transaction.id}")


def _hold(session: Session, checkout: Checkout, reason: str, at: datetime) -> None:
    checkout.state, checkout.held_reason = "held", reason
    cause = Cause(actor_id=None, channel=checkout.provider, message_id=checkout.reference)
    audit.record(session, checkout.group_id, "payment_held", {"transaction": checkout.transaction_id}, at, cause)
    log.error(
        "a payment is held: compare it at the provider and decide",
        extra={"checkout": checkout.id, "reference": checkout.reference, "reason": reason},
    )
    outbox.put(session, "bot.payment_held", {"checkout": checkout.id}, f"payment_held:{checkout.id}")


def _has_open_checkout(session: Session, transaction_id: int) -> bool:
    return _has_checkout(session, transaction_id, ("opening", "open"))


def _is_held(session: Session, transaction_id: int) -> bool:
    return _has_checkout(session, transaction_id, ("held",))


def _has_checkout(session: Session, transaction_id: int, states: tuple[str, ...]) -> bool:
    found = select(Checkout.id).where(Checkout.transaction_id == transaction_id, Checkout.state.in_(states)).limit(1)
    return session.scalar(found) is not None
