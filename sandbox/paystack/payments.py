"""The life of a payment at Paystack: opened by the product, paid, declined or abandoned by the payer, maybe reversed.

A payment at the checkout stays open until it is paid. A charge ends for good, by the payer or by its time.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sandbox.faults import Fault
from sandbox.paystack.asked import SUBUNITS, amount_of, currency_of, email_of, reference_of
from sandbox.paystack.envelope import PaystackError, invalid, unknown_reference
from sandbox.paystack.fees import CARD, MOBILE_MONEY, fee_of
from sandbox.paystack.ledger import book_collection, book_reversal, rest_of
from sandbox.paystack.notices import Notice, paid_notice
from sandbox.paystack.resources import charge_success
from sandbox.store import Payment
from sandbox.webhooks import PAYSTACK, queue_event
from sandbox.world import World

CHANNELS = ("card", "bank", "apple_pay", "ussd", "qr", "mobile_money", "bank_transfer", "eft", "capitec_pay")
USUAL_CHANNEL = {"KES": MOBILE_MONEY, "GHS": MOBILE_MONEY, "XOF": MOBILE_MONEY}
ACTIONS = ("pay", "decline", "abandon")
NOT_COMPLETED = "The transaction was not completed"
TIMED_OUT = "Transaction timed out"
CHECKOUT = "checkout"
PAID = ("success", "reversed")
BATCH_SIZE = 50


@dataclass(frozen=True)
class Reported:
    """What the provider is made to report instead of the truth; None keeps the truth."""

    amount: int | None = None
    currency: str | None = None


def open_payment(world: World, asked: dict[str, Any]) -> Payment:
    """Check and keep what `/transaction/initialize` asks for.

    Raises:
        PaystackError: a field is missing or wrong, or the reference was used before.
    """
    currency = currency_of(asked)
    payment = new_payment(world, asked, currency, channel=_channel(asked.get("channels"), currency))
    payment.callback_url = asked.get("callback_url") or None
    return keep(world, payment)


def new_payment(world: World, asked: dict[str, Any], currency: str, channel: str) -> Payment:
    """What every collection has: an open payment that nobody has paid yet.

    Raises:
        PaystackError: a field is missing or wrong.
    """
    amount = amount_of(asked, currency)
    return Payment(
        reference=reference_of(asked),
        access_code=secrets.token_hex(8)[:15],
        email=email_of(asked),
        amount=amount,
        requested_amount=amount,
        currency=currency,
        status="abandoned",
        channel=channel,
        gateway_response=NOT_COMPLETED,
        metadata_sent={"value": asked.get("metadata") or ""},
        created_at=world.clock.now(),
        kind=CHECKOUT,
    )


def keep(world: World, payment: Payment) -> Payment:
    """
    Raises:
        PaystackError: the reference was used before.
    """
    try:
        with world.store.begin() as session:
            session.add(payment)
    except IntegrityError as error:
        raise invalid(
            "duplicate_reference",
            "Duplicate Transaction Reference",
            "Generate a new reference or use the existing transaction",
        ) from error
    return payment


def find_payment(world: World, reference: str) -> Payment:
    """The payment, with what is due for it done.

    Raises:
        PaystackError: 404, nobody opened a payment with this reference.
    """
    with world.store.begin() as session:
        payment = session.scalar(select(Payment).where(Payment.reference == reference))
        if payment is not None and payment.due_at is not None and payment.due_at <= world.clock.now():
            payment = _locked(session, reference)
            _do_due(session, payment, world.clock.now())
    if payment is None:
        raise unknown_reference()
    return payment


def act(world: World, reference: str, action: str, reported: Reported | None = None) -> Payment:
    """What the payer does. Once paid, nothing that a payer does changes a payment any more.

    Raises:
        PaystackError: 404, nobody opened a payment with this reference.
    """
    notice: Notice | None = None
    with world.store.begin() as session:
        # The lock makes two clicks on "pay" one payment and one event.
        payment = _locked(session, reference)
        _do_due(session, payment, world.clock.now())
        if has_ended(payment):
            return payment
        if action == "pay":
            notice = settle(world, session, payment, reported or Reported())
        elif action == "decline":
            payment.status, payment.gateway_response, payment.due_at = "failed", "Declined", None
        elif payment.status != "failed":
            payment.status, payment.gateway_response, payment.due_at = "abandoned", NOT_COMPLETED, None
    announce(world, notice)
    return payment


def has_ended(payment: Payment) -> bool:
    """Whether the payer can do nothing more; who walked away from a checkout, or was declined there, may come back."""
    return payment.status in PAID or (payment.kind != CHECKOUT and payment.status in ("failed", "abandoned"))


def settle(world: World, session: Session, payment: Payment, reported: Reported) -> Notice | None:
    """The money has come: note it, book it and tell the product; what the payer's phone shows is returned."""
    now, fault = world.clock.now(), world.faults.take_payment_fault(PAYSTACK)
    amount, currency = _hit(payment, fault)
    payment.amount = amount if reported.amount is None else reported.amount
    payment.currency = reported.currency or currency
    payment.status, payment.gateway_response = "success", "Approved"
    payment.paid_at, payment.step, payment.due_at = now, None, None
    if fault is not None and fault.kind == "reversed_later":
        payment.due_at = now + timedelta(seconds=fault.seconds)
    payment.fees = fee_of(payment.amount, payment.currency, payment.channel)
    session.flush()
    book_collection(session, payment, now)
    queue_event(world, session, PAYSTACK, payment.reference, charge_success(payment))
    return paid_notice(payment)


def announce(world: World, notice: Notice | None) -> None:
    """After the commit: the events go out, and the phone hears of its money."""
    world.doorbell.set()
    if notice is not None:
        notice.write_to(world.inbox)


def reverse(world: World, reference: str) -> Payment:
    """A paid transaction becomes `reversed`: the payer has the rest of the money back. Paystack sends no event of it.

    Raises:
        PaystackError: 404, there is no such payment; 409, it is not paid.
    """
    with world.store.begin() as session:
        payment = _locked(session, reference)
        if payment.status not in PAID:
            raise PaystackError(409, "conflict", f"A payment that is {payment.status} cannot be reversed.", "")
        _reverse(session, payment, world.clock.now())
    return payment


def do_due_payments(world: World) -> None:
    """Let charges fail and paid transactions be reversed whose moment has come by the sandbox's clock."""
    now = world.clock.now()
    # A clock that was set back must not leave a charge open until a far-away day.
    due = or_(Payment.due_at <= now, Payment.created_at > now)
    query = select(Payment).where(Payment.due_at.is_not(None), due).order_by(Payment.id).limit(BATCH_SIZE)
    with world.store.begin() as session:
        for payment in session.scalars(query.with_for_update()).all():
            payment.due_at = min(payment.due_at or now, now)
            _do_due(session, payment, now)


def amount_shown(payment: Payment) -> str:
    whole, rest = divmod(payment.requested_amount, SUBUNITS)
    return f"{payment.currency} {whole:,}.{rest:02d}"


def _locked(session: Session, reference: str) -> Payment:
    query = select(Payment).where(Payment.reference == reference).with_for_update()
    payment = session.scalar(query.execution_options(populate_existing=True))
    if payment is None:
        raise unknown_reference()
    return payment


def _do_due(session: Session, payment: Payment, now: datetime) -> None:
    if payment.due_at is None or payment.due_at > now:
        return
    payment.due_at = None
    if payment.status == "success":
        _reverse(session, payment, now)
    elif not has_ended(payment):
        payment.status, payment.gateway_response = "failed", TIMED_OUT


def _reverse(session: Session, payment: Payment, now: datetime) -> None:
    rest = rest_of(session, payment)
    payment.status, payment.due_at = "reversed", None
    if rest:
        book_reversal(session, payment, rest, now)


def _hit(payment: Payment, fault: Fault | None) -> tuple[int, str]:
    """Amount and currency as the provider has them, which a fault may have made others than were asked for."""
    kind = None if fault is None else fault.kind
    amount = max(payment.amount // 2, 1) if kind == "wrong_amount" else payment.amount
    if kind != "wrong_currency":
        return amount, payment.currency
    # A weak currency where there is a weaker one: the forgery that once made invoices count as paid.
    return amount, "NGN" if payment.currency != "NGN" else "KES"


def _channel(given: Any, currency: str) -> str:
    usual = USUAL_CHANNEL.get(currency, CARD)
    if not given:
        return usual
    if not isinstance(given, list) or not all(channel in CHANNELS for channel in given):
        raise invalid("invalid_channels", "Invalid channels", f"Send a list of {', '.join(CHANNELS)}")
    return usual if usual in given else str(given[0])
