"""Refunds: a payment that came by mistake goes back to whoever paid it, by the provider through which it came.

reserved → submitting (committed) → pending | unknown → paid | failed, or held for a person. A provider keeps no
reference of ours for a refund, so one payment has one open refund, what the provider lists for the payment is looked at
before anything is asked for, and what ended unknown is only looked for. No provider is called in an open transaction.
"""

import logging
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from core import clock, db, outbox
from core.db import Session
from core.money import Money
from ledger import audit, errors, groups, reading, transactions
from ledger.audit import Cause
from ledger.models import OPEN_STATES, Entry, Group, Receipt, Transaction, Wallet
from ledger.postings import Leg
from payments import collections, officers_limit, paid, providers, refunded, taken
from payments.errors import NotRefundable
from payments.models import Checkout, Dispute, Refund
from payments.paid import Payment
from payments.provider import Outcome, Provider
from payments.provider_records import RefundAnswer, RefundOrder

ASK_AFTER = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
)
CONFIRM_WITHIN = timedelta(days=7)
UNDER_WAY = ("reserved", "submitting", "pending", "unknown")
SWEEP_LIMIT = 200
KEY = "refund:"
NO, CHANGED = "an officer says no", "it is not possible any more"
"""Why a wish ends that another officer was asked about."""
BY_VOTE = officers_limit.BY_VOTE
"""The channel of a refund that the group has decided."""
BY_THE_CLOCK = Cause(actor_id=None, channel="clock")

log = logging.getLogger(__name__)


def check(session: Session, group_id: int, receipt_number: int, officers_alone: bool = True) -> Payment:
    """The payment with this receipt, when it may be given back: by officers alone, or else by a vote of the group.

    Raises `UnknownReceipt`, `AlreadyReversed`, `NotRefundable`, `InsufficientFunds` when the money has been used since,
    or `NeedsVote` above the group's limit, with all that officers have given back or reversed in the last 30 days.
    """
    payment = _payment(session, group_id, receipt_number)
    _refuse_second(session, payment)
    wanted, payer = payment.transaction.amount_minor, payment.transaction.user_id or 0
    free = reading.available(session, group_id, payer, payment.transaction.currency, payment.checkout.provider)
    if min(free.own.amount_minor, free.cash.amount_minor) < wanted:
        raise errors.InsufficientFunds
    if officers_alone:
        officers_limit.refuse_above(session, payment.transaction, clock.now())
    return payment


def ask(session: Session, payment: Payment, reason: str, at: datetime, cause: Cause) -> Transaction:
    """Writes down that an officer (`cause.actor_id`) wants it given back; nothing is held until it is confirmed.

    Raises `NotRefundable` when somebody was faster.
    """
    first = payment.transaction
    transactions.lock_group(session, first.group_id)
    session.refresh(payment.checkout)
    _refuse_second(session, payment)
    prefix = f"{KEY}{payment.checkout.id}:"
    before = session.scalar(
        select(func.count()).where(
            Transaction.group_id == first.group_id, Transaction.idempotency_key.startswith(prefix, autoescape=True)
        )
    )
    amount, key = Money(first.amount_minor, first.currency), f"{prefix}{cause.actor_id or 0}:{(before or 0) + 1}"
    asked = transactions.begin(
        session, first.group_id, "refund", first.user_id, amount, key, at, cause, reason, returns_id=first.id
    )
    data = {"transaction": asked.id, "payment": first.id}
    audit.record(session, first.group_id, "refund_asked", data, at, cause)
    return asked


def confirm(session: Session, transaction_id: int, at: datetime, cause: Cause, by_vote: bool = False) -> Refund:
    """Holds the member's savings and the cash at the provider, and puts the refund to work.

    Raises `TransactionClosed` when it is over, `NotRefundable`, `NeedsVote` unless it was voted, or `InsufficientFunds`
    when the money has been used since; nothing is written then, if the caller rolls back to where it was before.
    """
    asked = session.get_one(Transaction, transaction_id)
    checkout_id, asker = _asked(asked)
    if by_vote:  # The vote that has just ended holds the group's lock: to wait for the checkout now could be for ever.
        transactions.lock_group(session, asked.group_id)
    else:
        taken.lock(session, checkout_id)
    session.refresh(asked)
    if asked.state != "pending" or asked.has_reservations:
        raise errors.TransactionClosed
    checkout = session.get_one(Checkout, checkout_id, populate_existing=True)
    payment = paid.of_checkout(session, checkout)
    if payment is None:
        raise NotRefundable("not_refundable")
    _refuse_second(session, payment, asked.id)
    if not by_vote:
        officers_limit.refuse_above(session, asked, at)
    holds = [
        Leg("savings", asked.amount_minor, asked.user_id),
        Leg("cash", asked.amount_minor, provider=checkout.provider),
    ]
    transactions.reserve(session, asked.group_id, asked.id, holds, at, cause)
    refund = Refund(
        group_id=asked.group_id,
        transaction_id=asked.id,
        checkout_id=checkout_id,
        provider=checkout.provider,
        amount_minor=asked.amount_minor,
        reason=asked.reason or "",
        asked_by=asker,
        next_check_at=at + ASK_AFTER[1],
        created_at=at,
    )
    session.add(refund)
    session.flush()
    outbox.put(session, "payments.submit_refund", {"refund": refund.id}, f"submit_refund:{refund.id}")
    outbox.put(session, "bot.refund_begun", {"refund": refund.id}, f"refund_begun:{refund.id}")
    return refund


def begin(session: Session, group_id: int, receipt_number: int, reason: str, asked_by: int, at: datetime) -> Refund:
    """What the group has voted: asked for and confirmed in one. Raises what `check` and `confirm` raise."""
    transactions.lock_group(session, group_id)
    payment = check(session, group_id, receipt_number, officers_alone=False)
    cause = Cause(asked_by, BY_VOTE)
    asked = ask(session, payment, reason, at, cause)
    return confirm(session, asked.id, at, cause, by_vote=True)


def refuse(session: Session, transaction_id: int, at: datetime, cause: Cause, why: str = NO) -> bool:
    """Nothing goes back: the other officer says no, or it is too late. False when it is over, or on its way."""
    asked = session.get_one(Transaction, transaction_id)
    transactions.lock_group(session, asked.group_id)
    session.refresh(asked)
    if asked.has_reservations:
        return False
    return transactions.end(session, asked.group_id, asked.id, "cancelled", why, at, cause)


def asker_of(transaction: Transaction) -> int | None:
    """The officer who wants the refund that this transaction is."""
    return _asked(transaction)[1]


def submit(refund_id: int) -> None:
    """Asks for a reserved refund, once. Raises `TryAgain` when it surely was not asked for and may be later."""
    with db.session() as session:
        refund = session.get_one(Refund, refund_id)
        reference = session.get_one(Checkout, refund.checkout_id).reference
        if refund.state != "reserved":
            return
    provider = providers.by_name(refund.provider)
    order = _prepare(refund_id, reference, provider)
    if order is None:
        return
    answer = provider.refund(order)
    with db.session() as session:
        again = _take_answer(session, refund_id, answer, clock.now())
        session.commit()
    if again:
        raise outbox.TryAgain(f"the refund was not asked for: {answer.status}")


def verify(refund_id: int) -> None:
    """Asks the provider what became of a refund, and writes down what it says."""
    with db.session() as session:
        refund = session.get_one(Refund, refund_id)
        reference = session.get_one(Checkout, refund.checkout_id).reference
    if refund.state == "reserved":
        return
    answer = providers.by_name(refund.provider).refunds_of(reference)
    with db.session() as session:
        refunded.settle(session, refund_id, answer, clock.now())
        session.commit()


def hear(provider: str, reference: str, refund_id: str) -> None:
    """Follows a webhook's hint about a refund of our payment `reference`; another environment's ends here.

    One that nobody asked us for may have taken the whole payment back. Raises `TryAgain` when they do not say.
    """
    with db.session() as session:
        checkout = paid.by_reference(session, provider, reference)
        if checkout is None:
            return
        ours = select(Refund.id).where(Refund.checkout_id == checkout.id)
        if refund_id:  # Not every webhook names the refund; one that does means it, or ours that has no name yet.
            unfinished = Refund.state.in_((*UNDER_WAY, "held"))
            ours = ours.where(or_(Refund.provider_id == refund_id, unfinished))
        named = func.coalesce(Refund.provider_id == refund_id, False)
        known = session.scalar(ours.order_by(named.desc(), Refund.id.desc()).limit(1))
    if known is not None:
        verify(known)
        return
    log.error(
        "a refund was made at the provider that nobody asked us for",
        extra={"reference": reference, "at_provider": refund_id},
    )
    collections.verify(checkout.id, again=True)


def alarm_slow(refund_id: int) -> None:
    """Says to the operator and the officers that a refund has not ended for a day; they take days at times."""
    with db.session() as session:
        refund = session.get_one(Refund, refund_id)
        if refund.state in (*UNDER_WAY, "held"):
            refunded.alarm("a refund has not ended for a day", refund, refund.provider_status or refund.state)
            outbox.put(session, "bot.refund_slow", {"refund": refund.id}, f"refund_slow:{refund.id}")
        session.commit()


def sweep() -> int:
    """Puts to work what nobody told us about: refunds that are due for a question, wishes that nobody confirmed.

    Returns how many.
    """
    now = clock.now()
    with db.session() as session:
        # Rows that somebody else holds are left out, and no group's lock is taken after them: nobody waits in a circle.
        due = session.scalars(
            select(Refund)
            .where(Refund.state.in_((*UNDER_WAY, "held")), Refund.next_check_at <= now)
            .order_by(Refund.next_check_at)
            .limit(SWEEP_LIMIT)
            .with_for_update(skip_locked=True)
        ).all()
        for refund in due:
            refund.checks += 1
            refund.next_check_at = now + ASK_AFTER[min(refund.checks, len(ASK_AFTER) - 1)]
            work = "submit_refund" if refund.state == "reserved" else "verify_refund"
            outbox.put(session, f"payments.{work}", {"refund": refund.id}, f"{work}:{refund.id}:{refund.checks}")
            if refund.state == "reserved" and now - refund.created_at >= refunded.SLOW_AFTER:
                refunded.note_slow(session, refund)
        session.commit()
    return len(due) + _expire(now)


def _expire(at: datetime) -> int:
    """Ends the wishes that no other officer has confirmed in a week."""
    waiting = select(Transaction.id, Transaction.group_id).where(
        Transaction.kind == "refund",
        Transaction.state == "pending",
        Transaction.has_reservations.is_(False),
        Transaction.created_at <= at - CONFIRM_WITHIN,
    )
    with db.session() as session:
        found = session.execute(waiting.order_by(Transaction.created_at).limit(SWEEP_LIMIT)).all()
    for transaction_id, group_id in found:
        with db.session() as session:
            transactions.lock_group(session, group_id)
            asked = session.get_one(Transaction, transaction_id)
            why = "not confirmed in a week"
            if not asked.has_reservations and transactions.end(
                session, group_id, asked.id, "expired", why, at, BY_THE_CLOCK
            ):
                outbox.put(session, "bot.refund_ended", {"transaction": asked.id}, f"refund_ended:{asked.id}")
            session.commit()
    return len(found)


def _payment(session: Session, group_id: int, receipt_number: int) -> Payment:
    transaction = session.scalar(
        select(Transaction)
        .join(Receipt, (Receipt.group_id == Transaction.group_id) & (Receipt.transaction_id == Transaction.id))
        .where(Receipt.group_id == group_id, Receipt.number == receipt_number),
        execution_options={"populate_existing": True},
    )
    if transaction is None:
        raise errors.UnknownReceipt(f"R-{receipt_number}")
    if transaction.state == "reversed":
        raise errors.AlreadyReversed
    payment = paid.of_transaction(session, transaction)
    if payment is None or transaction.kind not in ("contribution", "repayment"):
        raise NotRefundable("not_refundable")
    if payment.checkout.state != "paid":
        raise NotRefundable("refunded")
    dues = (
        select(Entry.wallet_id)
        .join(Wallet, (Wallet.group_id == Entry.group_id) & (Wallet.id == Entry.wallet_id))
        .where(Entry.group_id == group_id, Entry.transaction_id == transaction.id, Wallet.kind.in_(groups.OWED))
    )
    if session.scalar(dues.limit(1)) is not None:
        # A loan's instalments say what is paid: the book alone cannot take a part of it back.
        raise NotRefundable("refund_of_loan")
    return payment


def _refuse_second(session: Session, payment: Payment, own: int | None = None) -> None:
    """Raises `NotRefundable` where it is on its way back, or went back, or may have to; `own` is not counted."""
    if payment.checkout.state != "paid":
        raise NotRefundable("refunded")
    disputed = select(Dispute.state).where(Dispute.checkout_id == payment.checkout.id, Dispute.state != "won").limit(1)
    state = session.scalar(disputed)
    if state is not None:
        raise NotRefundable("refunded" if state == "lost" else "refund_disputed")
    before = session.scalars(
        select(Refund.state).where(Refund.checkout_id == payment.checkout.id, Refund.state != "failed")
    ).all()
    if before:
        raise NotRefundable("refunded" if "paid" in before else "refund_open")
    asked = select(Transaction.id).where(
        Transaction.group_id == payment.transaction.group_id,
        Transaction.idempotency_key.startswith(f"{KEY}{payment.checkout.id}:", autoescape=True),
        Transaction.state.in_(OPEN_STATES),
        Transaction.id != (own or 0),
    )
    if session.scalar(asked.limit(1)) is not None:
        raise NotRefundable("refund_asked")


def _asked(transaction: Transaction) -> tuple[int, int | None]:
    """The checkout to be given back and the officer who asked, as the transaction's key says."""
    _, checkout_id, asker, _ = transaction.idempotency_key.split(":")
    return int(checkout_id), int(asker) or None


def _prepare(refund_id: int, reference: str, provider: Provider) -> RefundOrder | None:
    """The order, once its refund is marked as being asked for; None when it is not to be asked for (again).

    Raises `TryAgain` when the provider does not say what it has given back of this payment already.
    """
    listed = provider.refunds_of(reference)
    if listed.outcome is not Outcome.SUCCEEDED:
        raise outbox.TryAgain(f"the provider did not list the refunds of a payment: {listed.detail}")
    with db.session() as session:
        refund, now = refunded.lock(session, refund_id), clock.now()
        if refund.state != "reserved":
            return None
        group = session.get_one(Group, refund.group_id)
        amount = Money(refund.amount_minor, group.currency)
        made = refunded.others(session, refund, listed.records)
        going = {each.id for each in listed.records if each.outcome is not Outcome.DECLINED}
        revived = [each.id for each in refunded.earlier(session, refund) if each.provider_id in going]
        order = None
        if revived:
            refunded.fail(session, refund_id, "an earlier attempt is not over", now)
            for earlier_id in revived:
                refunded.settle(session, earlier_id, listed, now)
        elif any(each.amount != amount for each in made) or len(made) > 1:
            refunded.hold(session, refund, "the provider lists another refund of this payment")
        elif made:
            refunded.adopt(session, refund, made[0], now)
            refunded.settle(session, refund_id, listed, now)
        else:
            refund.state, refund.submitted_at = "submitting", now
            refund.next_check_at = now + ASK_AFTER[0]
            transactions.mark_processing(session, refund.transaction_id)
            order = RefundOrder(reference, amount, group.name)
        session.commit()
        return order


def _take_answer(session: Session, refund_id: int, answer: RefundAnswer, at: datetime) -> bool:
    """Writes what came of asking; True when it surely never left and must be asked for again."""
    refund = refunded.lock(session, refund_id)
    if answer.id is not None and refund.provider_id not in (None, answer.id):
        refunded.alarm("the provider has two refunds of one payment", refund, answer.id)
    if refund.state != "submitting":
        return False  # A webhook was faster than this answer.
    refund.provider_status, refund.provider_id = answer.status, answer.id or refund.provider_id
    if answer.outcome is Outcome.NOT_SENT:
        refund.state, refund.submitted_at = "reserved", None
        return True
    if answer.outcome is Outcome.DECLINED:
        refunded.fail(session, refund_id, answer.status, at)
    elif answer.outcome is Outcome.UNKNOWN:
        refund.state = "unknown"
        log.warning("nobody knows whether a refund was taken: it is looked for", extra={"refund": refund_id})
    else:
        refund.state = "pending"
        if answer.outcome is Outcome.SUCCEEDED:
            outbox.put(session, "payments.verify_refund", {"refund": refund_id}, f"verify_refund:{refund_id}:sent")
    return False
