"""What an operator corrects about money on its way back, once the provider has listed once more what went back.

A provider lists its refunds by the payment, so one is called by the payment's reference and its own id: `gw-…/3018284`.
"""

from datetime import datetime

from sqlalchemy import Select, func, select

from core import clock, db, outbox
from core.db import Session
from ledger import errors as ledger_errors
from ledger import legs, postings, reversals, transactions
from ledger.audit import Cause
from ledger.models import OPEN_STATES, Transaction
from payments import booked, comparing, correcting, disputing, errors, paid, providers, refunded, refunding, taken
from payments.comparing import Booked, Finding
from payments.correcting import Corrected, by_operator
from payments.errors import NotCorrectable
from payments.models import Checkout, Refund
from payments.models.words import REFUND_OPEN
from payments.paid import Payment
from payments.provider import Outcome
from payments.provider_records import Record, RecordsAnswer

BY_HAND = "given back at the payment service"
ANOTHER_AMOUNT = "another amount went back"
NEVER_WENT = "the payment service has not given it back"


def refund(reference: str, provider_id: str, because: str) -> list[Corrected]:
    """Makes the books say of a refund what its provider says; asks about the dispute if that is what it is.

    Empty when they agree. Raises `NotCorrectable`, `ProviderUnavailable`, or what the ledger refuses; nothing is
    written then.
    """
    with db.session() as session:
        checkout = session.scalars(select(Checkout).where(Checkout.reference == reference)).one()
        checkout_id, provider_name = checkout.id, checkout.provider
        known = session.scalar(_called(provider_name, provider_id))
    listed = providers.by_name(provider_name).refunds_of(reference)
    if listed.outcome is not Outcome.SUCCEEDED:
        raise errors.ProviderUnavailable(f"the provider did not list the refunds of it: {listed.detail}")
    record = next((each for each in listed.records if each.id == provider_id), None)
    if record is None and known is None:
        return _hear_of_dispute(provider_name, reference, provider_id)
    with db.session() as session:
        checkout, at = taken.lock(session, checkout_id), clock.now()
        own = _own(session, provider_name, reference, provider_id, listed)
        done = []
        for finding in _findings(own, record, at):
            told = _correct(session, checkout, own, finding, listed, at)
            done.append(correcting.note(session, finding, provider_name, told, because, at, {"checkout": checkout_id}))
        session.commit()
    return done


def _hear_of_dispute(provider: str, reference: str, dispute_id: str) -> list[Corrected]:
    try:
        disputing.hear(provider, reference, dispute_id)
    except outbox.TryAgain as error:
        raise NotCorrectable(f"the provider lists no refund {dispute_id} of it, and of a dispute: {error}") from None
    return [Corrected("dispute_missed", "written down as the provider says: see `payments returns`")]


def _called(provider: str, provider_id: str) -> Select[int]:
    return select(Refund.id).where(Refund.provider == provider, Refund.provider_id == provider_id)


def _own(session: Session, provider: str, reference: str, provider_id: str, listed: RecordsAnswer) -> Booked | None:
    """Our refund of that name: by the list, or, where they have it no more, by its own id."""
    found = booked.find(session, provider, "refund", listed.records)
    own = found.get(comparing.name_of("refund", reference, provider_id))
    return own or booked.refund(session, provider, provider_id)


def _findings(own: Booked | None, record: Record | None, at: datetime) -> list[Finding]:
    """What is different; where another amount went back, that it is not booked as gone is corrected with it."""
    found = comparing.compare("refund", own, [record] if record is not None else [])
    if found and comparing.too_young(own, (), at):
        raise NotCorrectable(correcting.TOO_YOUNG)
    return found[:1]


def _correct(
    session: Session, checkout: Checkout, own: Booked | None, finding: Finding, listed: RecordsAnswer, at: datetime
) -> str:
    record = finding.record
    if finding.kind in ("refund_unknown", "refund_amount") and (
        record is None or record.outcome is not Outcome.SUCCEEDED
    ):
        raise NotCorrectable("it is still on its way there: wait until that has ended")
    if own is None:
        assert record is not None
        return _book_unknown(session, checkout, _payment(session, checkout), record, at)
    known = refunded.lock(session, own.id)
    if known.state == "reserved":
        raise NotCorrectable("it is about to be asked for here: that finds the provider's own, wait for it")
    if finding.kind == "refund_amount":
        assert record is not None
        return _book_other_amount(session, checkout, known, record, at)
    if finding.kind == "refund_failed":
        return _call_failed(session, checkout, known, record.status if record else "not listed", at)
    refunded.settle(session, known.id, listed, at)
    if known.state != "paid":
        raise NotCorrectable(f"it would be {known.state}: {known.held_reason or 'the ledger refuses it, see the log'}")
    return "posted as given back; the payer and the officers are told"


def _book_unknown(session: Session, checkout: Checkout, payment: Payment, record: Record, at: datetime) -> str:
    """A refund that somebody made at the provider: posted, unless it was when the provider took the payment back."""
    open_one = select(Refund.id).where(Refund.checkout_id == checkout.id, Refund.state.in_(REFUND_OPEN))
    if session.scalar(open_one) is not None:
        raise NotCorrectable(
            "another refund of this payment is under way: see `payments returns`, that has to end first"
        )
    before = _posted_before(session, payment, record)
    posted = before or _give(session, checkout, payment, record, at)
    made = Refund(
        group_id=checkout.group_id,
        transaction_id=posted.id,
        checkout_id=checkout.id,
        provider=checkout.provider,
        provider_id=record.id,
        amount_minor=record.amount.amount_minor,
        reason=BY_HAND,
        state="paid",
        provider_status=record.status,
        next_check_at=at,
        created_at=record.at,
        submitted_at=record.at,
        ended_at=at,
    )
    session.add(made)
    session.flush()
    if before is not None:
        return "it was posted before, when the provider took the payment back; now it is known as that refund"
    _tell(session, made, posted)
    return f"{record.amount} posted as given back; the members concerned are told"


def _book_other_amount(session: Session, checkout: Checkout, known: Refund, record: Record, at: datetime) -> str:
    """The opposite of what is booked (or the end of what is not yet), then what went back."""
    payment, cause = _payment(session, checkout), by_operator(checkout.reference)
    before = session.get_one(Transaction, known.transaction_id, populate_existing=True)
    if before.state in OPEN_STATES:
        transactions.end(session, known.group_id, before.id, "failed", ANOTHER_AMOUNT, at, cause)
    elif before.state == "completed":
        _undo(session, payment, before, ANOTHER_AMOUNT, at, cause)
    known.state, known.held_reason = "failed", None  # What is left of the payment does not count it.
    session.flush()
    posted = _give(session, checkout, payment, record, at)
    known.transaction_id, known.amount_minor = posted.id, record.amount.amount_minor
    known.state, known.ended_at, known.provider_status = "paid", at, record.status
    known.provider_id = record.id
    session.flush()
    _tell(session, known, posted)
    return f"{record.amount} booked as given back instead; the members concerned are told"


def _call_failed(session: Session, checkout: Checkout, known: Refund, status: str, at: datetime) -> str:
    """The opposite of a refund that never went back: it can be asked for again."""
    payment, cause = _payment(session, checkout), by_operator(checkout.reference)
    booked_as = session.get_one(Transaction, known.transaction_id, populate_existing=True)
    _undo(session, payment, booked_as, NEVER_WENT, at, cause)
    known.state, known.ended_at, known.provider_status = "failed", at, status
    session.flush()
    if checkout.state == "reversed" and taken.left(session, payment).amount_minor > 0:
        checkout.state = "paid"  # It was called so because of this refund.
    outbox.put(session, "bot.refund_failed", {"refund": known.id}, f"refund_failed:{known.id}:{booked_as.id}")
    return "the opposite is posted; the payer and the officers are told, and can ask for it again"


def _give(session: Session, checkout: Checkout, payment: Payment, record: Record, at: datetime) -> Transaction:
    """Posts what went back: from the payer's savings, or else as what the provider took back.

    Raises what `taken.book` raises, as when more went back than was paid.
    """
    first, cause = payment.transaction, by_operator(checkout.reference)
    if not correcting.paid_off_a_loan(session, first):
        try:
            with session.begin_nested():
                key = _key(session, checkout)
                given = transactions.begin(
                    session, first.group_id, "refund", first.user_id, record.amount, key, at, cause, BY_HAND,
                    returns_id=first.id,
                )  # fmt: skip
                fee = record.fee.amount_minor if record.fee is not None else 0
                moved = legs.refund(first.user_id or 0, checkout.provider, record.amount.amount_minor, fee)
                postings.post(session, first.group_id, given.id, moved, at, cause)
        except ledger_errors.InsufficientFunds:
            pass  # The payer has used it: what their savings have not got is the group's loss.
        else:
            return given
    posted = taken.book(session, payment, record.amount, f"refund_taken:{checkout.id}", None, at)
    return session.get_one(Transaction, posted, populate_existing=True)


def _posted_before(session: Session, payment: Payment, record: Record) -> Transaction | None:
    """The chargeback as which this refund was posted, when the provider first called the payment taken back."""
    as_refunds = set(session.scalars(select(Refund.transaction_id).where(Refund.checkout_id == payment.checkout.id)))
    fitting = (
        each
        for each in taken.unasked(session, payment)
        if each.id not in as_refunds and each.amount_minor >= record.amount.amount_minor
    )
    return next(fitting, None)


def _undo(session: Session, payment: Payment, posted: Transaction, why: str, at: datetime, cause: Cause) -> None:
    if posted.kind == "chargeback":
        taken.give_back(session, payment, posted, at, cause)
    else:
        reversals.undo(session, posted, why, at, cause)


def _payment(session: Session, checkout: Checkout) -> Payment:
    payment = paid.of_checkout(session, checkout)
    if payment is None:
        raise NotCorrectable("its payment is not booked: see `payments held`, then `payments let-go` it")
    return payment


def _key(session: Session, checkout: Checkout) -> str:
    prefix = f"{refunding.KEY}{checkout.id}:"
    before = session.scalar(
        select(func.count()).where(
            Transaction.group_id == checkout.group_id, Transaction.idempotency_key.startswith(prefix, autoescape=True)
        )
    )
    return f"{prefix}0:{(before or 0) + 1}"


def _tell(session: Session, known: Refund, posted: Transaction) -> None:
    if posted.kind == "refund":  # Else everybody has heard that it was taken back.
        outbox.put(session, "bot.refunded", {"refund": known.id}, f"refunded:{known.id}:{posted.id}")
