"""Disputes, and payments that a provider takes back: what is lost is posted at once, what may be lost is held.

A webhook is a hint: the provider is asked before anything is written, and never while a transaction is open. Whatever
changes here locks the checkout first, then the group, then the dispute, as settling a payment does.
"""

import logging
from datetime import datetime

from sqlalchemy import select

from core import clock, db, outbox
from core.db import Session
from core.money import Money
from ledger import audit
from ledger import errors as ledger_errors
from ledger.audit import Cause
from payments import disputed, paid, providers, refunded, taken
from payments.disputed import ASK_AFTER, WAITING
from payments.models import Checkout, Dispute, Refund
from payments.paid import NOT_BOOKED, Payment
from payments.provider import Outcome
from payments.provider_records import Record

SWEEP_LIMIT = 200
CALLED_WON, CALLED_LOST = "called won", "called lost"
"""The status of a dispute that an operator has ended: what the provider says of it since moves nothing."""

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


def settle(session: Session, checkout_id: int, record: Record, at: datetime, *, stands: bool = False) -> None:
    """Writes what the provider said about a dispute of this payment. The same answer again changes nothing.

    `stands`: the provider also says that it has the payment, so that what it took before is brought back when the
    dispute is won. A record about another payment writes nothing: nobody has signed which one a webhook named.
    """
    checkout = taken.lock(session, checkout_id)
    if record.reference not in ("", checkout.reference):
        facts = {"reference": checkout.reference, "at_provider": record.id, "about": record.reference}
        log.error("a dispute was told of with the reference of another payment: nothing is written", extra=facts)
        return
    payment = paid.of_checkout(session, checkout)
    dispute = disputed.find(session, checkout.provider, record.id) or disputed.open_one(
        session, checkout, payment, record, at
    )
    if dispute.checkout_id != checkout.id:
        disputed.alarm("a dispute is written down with another payment: compare both", dispute, checkout.reference)
    elif dispute.state in WAITING:
        disputed.take(session, checkout, payment, dispute, record, at, stands=stands)
    elif record.outcome is (Outcome.DECLINED if dispute.state == "won" else Outcome.SUCCEEDED):
        disputed.alarm(
            "a dispute that had ended has another end now: compare it at the provider", dispute, record.status
        )
        if dispute.provider_status not in (CALLED_WON, CALLED_LOST):
            disputed.take(session, checkout, payment, dispute, record, at, stands=stands)


def take_back(session: Session, checkout: Checkout, status: str, at: datetime) -> None:
    """The provider has taken a paid payment back: posted at once, and everybody hears. Heard again, nothing changes.

    What our own refund has done is that refund's to post, and what disputes took before is not taken again. A dispute
    that is open is lost by it. Where the cash is not there, the checkout is held until it is (`sweep`).
    """
    checkout = taken.lock(session, checkout.id)
    payment = paid.of_checkout(session, checkout)
    if payment is None or checkout.state == "reversed" or _given_back(session, checkout, at):
        return
    amount = taken.left(session, payment)
    if amount.amount_minor <= 0:
        checkout.state, checkout.held_reason = "reversed", None
        return
    disputes = session.scalars(select(Dispute).where(Dispute.checkout_id == checkout.id).order_by(Dispute.id)).all()
    if called := [each for each in disputes if each.provider_status == CALLED_WON]:
        disputed.alarm("a payment was taken back whose dispute was called won: call it again", called[-1], status)
        disputed.tell_of_held(session, checkout, f"called:{called[-1].id}")
        return
    if waiting := [each for each in disputes if each.state in WAITING]:
        # What its own record says later may be a part of this: the whole is tried again by the sweep.
        if (
            not disputed.lose(session, payment, waiting[0], amount.amount_minor, status, at)
            and checkout.state == "paid"
        ):
            checkout.state, checkout.held_reason = "held", f"{NOT_BOOKED}it is disputed"
        return
    try:
        taken.book(session, payment, amount, f"chargeback:{checkout.id}", None, at)
    except ledger_errors.LedgerError as error:
        if checkout.state != "held":
            checkout.state, checkout.held_reason = "held", f"{NOT_BOOKED}{error.code}"
            facts = {"checkout": checkout.id, "reference": checkout.reference, "reason": error.code}
            log.error("a payment was taken back and cannot be booked: bring the cash there", extra=facts)
            disputed.tell_of_held(session, checkout, str(len(taken.standing(session, payment))))
        return
    checkout.provider_status = status


def called_won(session: Session, dispute_id: int, at: datetime, cause: Cause) -> Money | None:
    """An operator has seen that the payment stays ours: what is held is free, what was taken for it is brought back.

    Returns what was posted as brought back, None for nothing. What the provider says of the dispute since moves
    nothing. Raises what `chargebacks.give_back` raises; nothing is written then, if the caller rolls back.
    """
    checkout, payment, dispute = _called(session, dispute_id)
    back = disputed.to_bring_back(session, payment, dispute) if payment is not None else []
    # Of what no dispute told of, only a person knows whether it was this one: where it is just as much.
    back = [each for each in back if each.id == dispute.transaction_id or each.amount_minor == dispute.amount_minor][:1]
    disputed.free(session, dispute, at, cause)
    for each in back:
        assert payment is not None
        taken.give_back(session, payment, each, at, cause)
    disputed.end(session, dispute, "won", CALLED_WON, at)
    audit.record(session, checkout.group_id, "dispute_called_won", {"dispute": dispute.id}, at, cause)
    if not back:
        outbox.put(session, "bot.dispute_won", {"dispute": dispute.id}, f"dispute_won:{dispute.id}")
    return Money(back[0].amount_minor, back[0].currency) if back else None


def called_lost(session: Session, dispute_id: int, at: datetime, cause: Cause) -> Money | None:
    """An operator has seen that the money is gone: what was not posted before is posted now, also what a refund had
    given back already, which the group bears.

    Returns what was posted, None for nothing. Raises `NotRefundable` (refund_open) while a refund of the payment is
    under way, or what `chargebacks.take` raises, as when the cash is not there; nothing is written then, if the caller
    rolls back.
    """
    checkout, payment, dispute = _called(session, dispute_id)
    posted = 0
    if payment is not None and dispute.state != "lost":
        posted = disputed.lose_all(session, payment, dispute, at, cause)
    disputed.free(session, dispute, at, cause)
    disputed.end(session, dispute, "lost", CALLED_LOST, at)
    audit.record(session, checkout.group_id, "dispute_called_lost", {"dispute": dispute.id}, at, cause)
    return Money(posted, payment.transaction.currency) if payment is not None and posted else None


def _ask(provider: str, checkout_id: int, dispute_id: str) -> None:
    service = providers.by_name(provider)
    answer = service.dispute(dispute_id)
    record = next((each for each in answer.records if each.id == dispute_id), None)
    if answer.outcome is not Outcome.SUCCEEDED or record is None:
        raise outbox.TryAgain(f"the provider did not say what became of a dispute: {answer.detail}")
    stands = False
    if record.outcome is Outcome.SUCCEEDED and (reference := _taken_reference(checkout_id)) is not None:
        said = service.verify(reference)
        if said.outcome in (Outcome.NOT_SENT, Outcome.UNKNOWN) and said.status != "reversed":
            raise outbox.TryAgain(f"the provider did not say whether it has a payment: {said.status}")
        stands = said.outcome is Outcome.SUCCEEDED and said.reference == reference
    with db.session() as session:
        settle(session, checkout_id, record, clock.now(), stands=stands)
        session.commit()


def _taken_reference(checkout_id: int) -> str | None:
    """Our reference of a payment of which something was taken back, booked or not; None where nothing was."""
    with db.session() as session:
        checkout = session.get_one(Checkout, checkout_id)
        payment = paid.of_checkout(session, checkout)
        gone = payment is not None and (checkout.state == "held" or taken.standing(session, payment))
        return checkout.reference if gone else None


def _called(session: Session, dispute_id: int) -> tuple[Checkout, Payment | None, Dispute]:
    """The dispute that an operator ends, with its checkout and its group locked before it."""
    checkout_id = session.scalars(select(Dispute.checkout_id).where(Dispute.id == dispute_id)).one()
    checkout = taken.lock(session, checkout_id)
    dispute = session.get_one(Dispute, dispute_id, with_for_update=True, populate_existing=True)
    return checkout, paid.of_checkout(session, checkout), dispute


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
