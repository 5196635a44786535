"""What a provider's answer about a refund means for the books: posted once, given up, or held for a person."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from core import outbox
from core.db import Session
from core.money import Money
from ledger import audit, legs, postings, transactions
from ledger import errors as ledger_errors
from ledger.audit import Cause
from ledger.models import OPEN_STATES, Transaction
from payments.models import Refund
from payments.provider import Outcome
from payments.provider_records import Record, RecordsAnswer

SURELY_NONE_AFTER = timedelta(minutes=10)
"""A provider that lists no refund after this time has never got ours."""
SLOW_AFTER = timedelta(hours=24)
HELD_AFTER = timedelta(days=14)
CLOCKS_DIFFER = timedelta(minutes=2)
NEEDS_ATTENTION = ("needs-attention", "needs_attention")

log = logging.getLogger(__name__)


def settle(session: Session, refund_id: int, answer: RecordsAnswer, at: datetime) -> None:
    """Writes what the provider lists for a refund's payment. The same list again changes nothing.

    Terminal states never change, but for a failed refund that was paid after all.
    """
    refund = lock(session, refund_id)
    if refund.state == "reserved":
        return  # Nothing is asked for yet: `refunding.submit` looks at the list before it asks.
    record = _own(session, refund, answer)
    if refund.state == "paid":
        if record is not None and record.outcome is Outcome.DECLINED:
            alarm("a refund that was paid is not called so any more: compare it at the provider", refund, record.status)
        return
    if refund.state == "failed":
        if record is not None and record.outcome is Outcome.SUCCEEDED:
            _settle_after_all(session, refund, record, at)
        return
    if record is None:
        _wait(session, refund, answer, at)
        return
    refund.provider_id, refund.provider_status = record.id, record.status
    if record.outcome is Outcome.SUCCEEDED:
        _settle_paid(session, refund, record, at)
    elif record.status in NEEDS_ATTENTION:
        hold(session, refund, "the provider needs the payer's account: open the refund on its page and enter it")
    elif record.outcome is Outcome.DECLINED:
        fail(session, refund_id, record.status, at)
    else:
        if at - refund.created_at < HELD_AFTER:
            refund.state, refund.held_reason = "pending", None
        _note_time(session, refund, at)


def adopt(session: Session, refund: Refund, record: Record, at: datetime) -> None:
    """A refund that somebody has made on the provider's page is the one that was asked for: it is not made again."""
    log.warning("the payment is on its way back already: nothing was asked for", extra=_facts(refund, record.status))
    refund.state, refund.provider_id = "pending", record.id
    refund.submitted_at, refund.provider_status = at, record.status
    transactions.mark_processing(session, refund.transaction_id)


def fail(session: Session, refund_id: int, why: str, at: datetime, detail: str = "") -> None:
    """The money surely does not go back: what was reserved is free again.

    `why` stands in the group's book for ever; free words, which may name somebody, are the `detail`.
    """
    refund = lock(session, refund_id)
    if refund.state in ("paid", "failed"):
        return
    refund.state, refund.held_reason, refund.ended_at, refund.provider_status = "failed", None, at, detail or why
    transactions.end(session, refund.group_id, refund.transaction_id, "failed", why, at, cause(refund))
    outbox.put(session, "bot.refund_failed", {"refund": refund.id}, f"refund_failed:{refund.id}")


def hold(session: Session, refund: Refund, reason: str) -> None:
    """A person has to look; the money stays reserved, and the provider is still asked from time to time."""
    if (refund.state, refund.held_reason) == ("held", reason):
        return
    refund.state, refund.held_reason, refund.ended_at = "held", reason, None
    alarm("a refund is held: compare it at the provider and decide", refund, reason)
    outbox.put(session, "bot.refund_held", {"refund": refund.id}, f"refund_held:{refund.id}")


def lock(session: Session, refund_id: int) -> Refund:
    """The refund as it stands now, until the end of this transaction."""
    # The group first, as every posting does, then its refund: in another order two would wait for each other for ever.
    group_id = session.scalars(select(Refund.group_id).where(Refund.id == refund_id)).one()
    transactions.lock_group(session, group_id)
    return session.get_one(Refund, refund_id, with_for_update=True, populate_existing=True)


def others(session: Session, refund: Refund, records: Sequence[Record]) -> list[Record]:
    """The listed refunds of the payment that did not fail and that no other refund of ours stands for."""
    return [each for each in _unknown(session, refund, records) if each.outcome is not Outcome.DECLINED]


def earlier(session: Session, refund: Refund) -> Sequence[Refund]:
    """The attempts before this one that failed, and that the provider knows."""
    return session.scalars(
        select(Refund).where(
            Refund.checkout_id == refund.checkout_id,
            Refund.id != refund.id,
            Refund.state == "failed",
            Refund.provider_id.is_not(None),
        )
    ).all()


def alarm(message: str, refund: Refund, reason: str) -> None:
    log.error(message, extra=_facts(refund, reason))


def cause(refund: Refund) -> Cause:
    return Cause(actor_id=None, channel=refund.provider, message_id=refund.provider_id)


def _own(session: Session, refund: Refund, answer: RecordsAnswer) -> Record | None:
    """Which of the listed refunds is ours: by its name, or else the one of this amount made after we asked.

    The database allows one open refund of a payment, so there is no second one that it could be.
    """
    if answer.outcome is not Outcome.SUCCEEDED:
        return None
    if refund.provider_id is not None:
        return next((each for each in answer.records if each.id == refund.provider_id), None)
    if refund.submitted_at is None or refund.state not in ("submitting", "unknown", "pending", "held"):
        return None
    amount, asked_at = _amount(session, refund), refund.submitted_at
    ours = [each for each in _unknown(session, refund, answer.records) if each.amount == amount]
    going = [each for each in ours if each.outcome is not Outcome.DECLINED and each.at >= asked_at - CLOCKS_DIFFER]
    # A failed one may be an earlier attempt's: only what surely came after the question ends this one.
    failed = [each for each in ours if each.outcome is Outcome.DECLINED and each.at >= asked_at]
    return min(going or failed, key=lambda each: each.at, default=None)


def _unknown(session: Session, refund: Refund, records: Sequence[Record]) -> list[Record]:
    known = set(
        session.scalars(
            select(Refund.provider_id).where(Refund.checkout_id == refund.checkout_id, Refund.id != refund.id)
        )
    )
    return [each for each in records if each.id not in known]


def _settle_after_all(session: Session, refund: Refund, record: Record, at: datetime) -> None:
    """Somebody finished a failed refund at the provider; one that was asked for since and not made is given up."""
    alarm("a refund that had failed was paid after all: compare it at the provider", refund, record.status)
    audit.record(session, refund.group_id, "refund_paid_after_all", {"refund": refund.id}, at, cause(refund))
    rivals = select(Refund.id).where(Refund.checkout_id == refund.checkout_id, Refund.state == "reserved")
    for rival_id in session.scalars(rivals).all():
        fail(session, rival_id, "an earlier attempt was paid after all", at)
    _settle_paid(session, refund, record, at)


def _settle_paid(session: Session, refund: Refund, record: Record, at: datetime) -> None:
    expected = _amount(session, refund)
    if record.amount != expected and refund.state != "failed":
        hold(session, refund, f"{record.amount} went back where {expected} was asked for")
        return
    fee = record.fee.amount_minor if record.fee is not None else 0
    try:
        with session.begin_nested():
            transaction = _open_transaction(session, refund, at)
            moved = legs.refund(transaction.user_id or 0, refund.provider, refund.amount_minor, fee)
            postings.post(session, refund.group_id, transaction.id, moved, at, cause(refund))
    except ledger_errors.LedgerError as error:
        # Of one that had failed, say, what was reserved has been used since: the money has left all the same.
        if refund.state == "failed":
            alarm("a refund was paid after all and cannot be booked", refund, error.code)
        else:
            hold(session, refund, f"paid back, but not booked: {error.code}")
        return
    refund.state, refund.held_reason, refund.ended_at, refund.provider_status = "paid", None, at, record.status
    outbox.put(session, "bot.refunded", {"refund": refund.id}, f"refunded:{refund.id}")


def _open_transaction(session: Session, refund: Refund, at: datetime) -> Transaction:
    """The refund's transaction; a new one where it had ended, for the money has left all the same."""
    ended = session.get_one(Transaction, refund.transaction_id, populate_existing=True)
    if ended.state in OPEN_STATES:
        return ended
    key, amount = f"late_refund:{refund.id}", Money(ended.amount_minor, ended.currency)
    transaction = transactions.begin(
        session, ended.group_id, "refund", ended.user_id, amount, key, at, cause(refund), ended.reason,
        returns_id=ended.returns_id,
    )  # fmt: skip
    refund.transaction_id = transaction.id
    return transaction


def _wait(session: Session, refund: Refund, answer: RecordsAnswer, at: datetime) -> None:
    """Ours is not listed, or nobody could say: asked again later, and made again only when it surely never arrived."""
    since = refund.submitted_at or refund.created_at
    never_arrived = answer.outcome is Outcome.SUCCEEDED and refund.provider_id is None
    if never_arrived and refund.state in ("submitting", "unknown") and at - since >= SURELY_NONE_AFTER:
        refund.state = "reserved"
        key = f"submit_refund:{refund.id}:again:{refund.checks}"
        outbox.put(session, "payments.submit_refund", {"refund": refund.id}, key)
        return
    _note_time(session, refund, at)


def _note_time(session: Session, refund: Refund, at: datetime) -> None:
    """Refunds take days: said once after one day, and held for a person after two weeks."""
    if at - refund.created_at >= HELD_AFTER:
        hold(session, refund, "no end for two weeks: ask the provider")
    elif at - refund.created_at >= SLOW_AFTER:
        note_slow(session, refund)


def note_slow(session: Session, refund: Refund) -> None:
    """The alarm about a refund that has not ended for a day, once."""
    outbox.put(session, "payments.slow_refund", {"refund": refund.id}, f"slow_refund:{refund.id}")


def _amount(session: Session, refund: Refund) -> Money:
    currency = session.scalars(select(Transaction.currency).where(Transaction.id == refund.transaction_id)).one()
    return Money(refund.amount_minor, currency)


def _facts(refund: Refund, reason: str) -> dict[str, object]:
    return {"refund": refund.id, "checkout": refund.checkout_id, "at_provider": refund.provider_id, "reason": reason}
