"""Payments that are held for a person: what came is booked as what it is, or it is let go when it was given back.

The provider is asked once more before anything is booked. A person decides, and their reason stands in the log; the
group's book says that it was the operator.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from core import clock, db
from core.db import Session
from core.money import Money
from ledger import audit, transactions
from ledger.audit import Cause
from ledger.models import OPEN_STATES, Group, Transaction
from payments import errors, paid, providers, settling
from payments.models import Checkout, Collection
from payments.provider import Outcome, Provider, Verification

ANOTHER_AMOUNT = "another amount was paid"
LET_GO = "let go"
"""What stands as the provider's word about a payment that an operator let go: it was never booked."""
GIVEN_BACK = "what was paid was given back"


@dataclass(frozen=True, slots=True)
class Held:
    """A payment that waits for a person; `came` is what was paid, None where it is another currency or unknown."""

    reference: str
    provider: str
    group_code: str
    asked: Money
    came: Money | None
    reason: str
    since: datetime


def waiting(session: Session) -> Sequence[Held]:
    """Every held payment, the oldest first."""
    rows = session.execute(
        select(Checkout, Collection.gross_minor, Group.code, Group.currency)
        .join(Group, Group.id == Checkout.group_id)
        .join(Collection, Collection.transaction_id == Checkout.transaction_id)
        .where(Checkout.state == "held")
        .order_by(Checkout.id)
    )
    return [
        Held(
            reference=checkout.reference,
            provider=checkout.provider,
            group_code=code,
            asked=Money(gross_minor, currency),
            came=None if checkout.paid_minor is None else Money(checkout.paid_minor, currency),
            reason=checkout.held_reason or "",
            since=checkout.created_at,
        )
        for checkout, gross_minor, code, currency in rows
    ]


def book(reference: str) -> Money:
    """Books what came, as the provider now says, for the member who paid; returns what was credited.

    Also one that was let go, and is there after all. Where the payer bears the fee it is taken from what came. Raises
    `NotHeld`, `ProviderUnavailable` when the provider does not say that it was paid, in the group's currency and under
    this reference, and is not on its way back, or what the ledger refuses.
    """
    with db.session() as session:
        provider = providers.by_name(_find(session, reference, _may_be_booked).provider)
    said = provider.verify(reference)
    if said.outcome is Outcome.SUCCEEDED and is_going_back(provider, reference):
        raise errors.ProviderUnavailable("the provider lists a refund of it")
    with db.session() as session:
        checkout, at = _find(session, reference, _may_be_booked, lock=True), clock.now()
        credited = book_what_came(session, checkout, said, at)
        audit.record(
            session, checkout.group_id, "payment_booked_by_operator", {"checkout": checkout.id}, at, cause_of(checkout)
        )
        session.commit()
    return credited


def let_go(reference: str, *, anyway: bool = False) -> None:
    """Ends a held payment that was given back at the provider, or never came; its member hears that nothing was added.

    Raises `NotHeld`, or, unless `anyway`, `ProviderUnavailable` while the provider says that it was paid and lists no
    refund, or says nothing.
    """
    with db.session() as session:
        provider_name = _find(session, reference, _is_held).provider
    if not anyway:
        _refuse_what_is_there(providers.by_name(provider_name), reference)
    with db.session() as session:
        checkout, at = _find(session, reference, _is_held, lock=True), clock.now()
        checkout.state, checkout.held_reason, checkout.provider_status = "reversed", None, LET_GO
        session.flush()
        collection = _collection(session, checkout)
        settling.end_unpaid(session, collection, "failed", GIVEN_BACK, at)
        data = {"checkout": checkout.id, "anyway": anyway}
        audit.record(session, checkout.group_id, "payment_let_go", data, at, cause_of(checkout))
        session.commit()


def is_going_back(provider: Provider, reference: str) -> bool:
    """Whether the provider lists a refund of this payment that did not fail. Raises `ProviderUnavailable`."""
    listed = provider.refunds_of(reference)
    if listed.outcome is not Outcome.SUCCEEDED:
        raise errors.ProviderUnavailable(f"the provider did not list the refunds of it: {listed.detail}")
    return any(record.outcome is not Outcome.DECLINED for record in listed.records)


def book_what_came(session: Session, checkout: Checkout, said: Verification, at: datetime) -> Money:
    """Posts what the provider says that came by an attempt, as a movement of its own; returns what was credited.

    The caller has locked the checkout. Raises `ProviderUnavailable` where that is not sure, or what the ledger refuses.
    """
    group = session.get_one(Group, checkout.group_id)
    came, fee = said.paid, said.fee
    if said.outcome is not Outcome.SUCCEEDED or said.reference != checkout.reference or came is None or fee is None:
        raise errors.ProviderUnavailable(f"the provider says: {said.status}")
    if not came.currency == fee.currency == group.currency:
        raise errors.ProviderUnavailable(f"{came} was paid, and the group keeps {group.currency}")
    credited = came - fee if group.fee_bearer == "payer" else came
    # The checkout, its collection, then the group: in the order of `settling` and `collections.expire`.
    collection = _collection(session, checkout)
    transactions.lock_group(session, group.id)
    meant = session.get_one(Transaction, checkout.transaction_id, populate_existing=True)
    cause = cause_of(checkout)
    if meant.state in OPEN_STATES:
        transactions.end(session, group.id, meant.id, "failed", ANOTHER_AMOUNT, at, cause)
    key = f"{paid.LATE}{checkout.reference}"
    transaction = transactions.begin(session, group.id, meant.kind, meant.user_id, credited, key, at, cause)
    settling.complete(session, transaction, checkout, came, fee, at, cause)
    checkout.state, checkout.held_reason, checkout.provider_status = "paid", None, said.status
    checkout.paid_minor, checkout.charged_minor = came.amount_minor, fee.amount_minor
    checkout.provider_id, checkout.paid_at = said.id or checkout.provider_id, said.at or at
    collection.closed_at = collection.closed_at or at
    return credited


def _refuse_what_is_there(provider: Provider, reference: str) -> None:
    said = provider.verify(reference)
    if said.outcome is Outcome.SUCCEEDED and not is_going_back(provider, reference):
        raise errors.ProviderUnavailable(f"the provider says: {said.status}, and lists no refund of it")
    if said.outcome in (Outcome.NOT_SENT, Outcome.UNKNOWN) and said.status != "reversed":
        raise errors.ProviderUnavailable(f"the provider gave no answer: {said.status}")


def _find(session: Session, reference: str, fits: Callable[[Checkout], bool], *, lock: bool = False) -> Checkout:
    found = select(Checkout).where(Checkout.reference == reference)
    checkout = session.scalar(found.with_for_update() if lock else found, execution_options={"populate_existing": True})
    if checkout is None or not fits(checkout):
        raise errors.NotHeld(reference)
    return checkout


def _is_held(checkout: Checkout) -> bool:
    # One that was booked and taken back is booked again by itself, when the cash is there (`disputing.sweep`).
    return checkout.state == "held" and not (checkout.held_reason or "").startswith(paid.NOT_BOOKED)


def _may_be_booked(checkout: Checkout) -> bool:
    return _is_held(checkout) or (checkout.state, checkout.provider_status) == ("reversed", LET_GO)


def _collection(session: Session, checkout: Checkout) -> Collection:
    return session.scalars(
        select(Collection).where(Collection.transaction_id == checkout.transaction_id).with_for_update()
    ).one()


def cause_of(checkout: Checkout) -> Cause:
    return Cause(actor_id=None, channel="operator", message_id=checkout.reference)
