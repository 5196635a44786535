"""The life of a payment at Paystack: opened by the product, paid, declined or abandoned by the payer."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from sandbox.paystack.envelope import invalid, unknown_reference
from sandbox.paystack.fees import CARD, CURRENCIES, MOBILE_MONEY, fee_of
from sandbox.paystack.resources import charge_success
from sandbox.paystack.webhooks import queue_event
from sandbox.store import Payment
from sandbox.world import World

MINIMUM = {"NGN": 50_00, "GHS": 10, "ZAR": 1_00, "KES": 3_00, "XOF": 1_00, "USD": 2_00}
MAX_AMOUNT = 10**13
REFERENCE = re.compile(r"[A-Za-z0-9.=-]{1,100}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
CHANNELS = ("card", "bank", "apple_pay", "ussd", "qr", "mobile_money", "bank_transfer", "eft", "capitec_pay")
USUAL_CHANNEL = {"KES": MOBILE_MONEY, "GHS": MOBILE_MONEY, "XOF": MOBILE_MONEY}
ACTIONS = ("pay", "decline", "abandon")
NOT_COMPLETED = "The transaction was not completed"
SUBUNITS = 100


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
    currency = str(asked.get("currency") or "NGN").upper()
    if currency not in CURRENCIES:
        raise invalid("unsupported_currency", "Currency not supported by merchant", "Send a currency you accept")
    payment = Payment(
        reference=_reference(asked.get("reference")),
        access_code=secrets.token_hex(8)[:15],
        email=_email(asked.get("email")),
        amount=_amount(asked.get("amount"), currency),
        requested_amount=_amount(asked.get("amount"), currency),
        currency=currency,
        status="abandoned",
        channel=_channel(asked.get("channels"), currency),
        gateway_response=NOT_COMPLETED,
        callback_url=asked.get("callback_url") or None,
        metadata_sent={"value": asked.get("metadata") or ""},
        created_at=world.clock.now(),
    )
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
    """
    Raises:
        PaystackError: 404, nobody opened a payment with this reference.
    """
    with world.store.begin() as session:
        payment = session.scalar(select(Payment).where(Payment.reference == reference))
    if payment is None:
        raise unknown_reference()
    return payment


def act(world: World, reference: str, action: str, reported: Reported | None = None) -> Payment:
    """What the payer does at the checkout. Once paid, nothing changes a payment any more.

    Raises:
        PaystackError: 404, nobody opened a payment with this reference.
    """
    with world.store.begin() as session:
        # The lock makes two clicks on "pay" one payment and one event.
        payment = session.scalar(select(Payment).where(Payment.reference == reference).with_for_update())
        if payment is None:
            raise unknown_reference()
        if payment.status == "success":
            return payment
        if action == "pay":
            _settle(payment, reported or Reported(), world.clock.now())
            queue_event(world, session, reference, charge_success(payment))
        elif action == "decline":
            payment.status, payment.gateway_response = "failed", "Declined"
        elif payment.status != "failed":
            payment.status, payment.gateway_response = "abandoned", NOT_COMPLETED
    world.doorbell.set()
    return payment


def amount_shown(payment: Payment) -> str:
    whole, rest = divmod(payment.requested_amount, SUBUNITS)
    return f"{payment.currency} {whole:,}.{rest:02d}"


def _settle(payment: Payment, reported: Reported, now: datetime) -> None:
    payment.amount = payment.amount if reported.amount is None else reported.amount
    payment.currency = reported.currency or payment.currency
    payment.status, payment.gateway_response = "success", "Approved"
    payment.paid_at = now
    payment.fees = fee_of(payment.amount, payment.currency, payment.channel)


def _reference(given: Any) -> str:
    if not given:
        return secrets.token_hex(5)
    if not isinstance(given, str) or not REFERENCE.fullmatch(given):
        raise invalid(
            "invalid_reference",
            "Invalid transaction reference",
            "Only -, ., = and alphanumeric characters are allowed in a reference",
        )
    return given


def _email(given: Any) -> str:
    if not isinstance(given, str) or not EMAIL.fullmatch(given):
        raise invalid("invalid_email_address", "Invalid Email Address Passed", "Provide a valid email address")
    return given


def _amount(given: Any, currency: str) -> int:
    text = str(given) if isinstance(given, (int, str)) and not isinstance(given, bool) else ""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= MAX_AMOUNT:
        raise invalid("invalid_amount", "Invalid Amount Sent", "Send a whole number of subunits")
    if int(text) < MINIMUM[currency]:
        raise invalid(
            "amount_below_minimum",
            f"Amount is below the minimum of {currency} {MINIMUM[currency] / SUBUNITS:.2f}",
            "Send an amount that is not below the minimum of the currency",
        )
    return int(text)


def _channel(given: Any, currency: str) -> str:
    usual = USUAL_CHANNEL.get(currency, CARD)
    if not given:
        return usual
    if not isinstance(given, list) or not all(channel in CHANNELS for channel in given):
        raise invalid("invalid_channels", "Invalid channels", f"Send a list of {', '.join(CHANNELS)}")
    return usual if usual in given else str(given[0])
