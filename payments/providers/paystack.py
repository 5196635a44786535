"""Paystack (https://paystack.com/docs/api): hosted checkout, verification and webhooks.

A transaction's own status is `data.status`; the envelope's `status` only says that the call was understood. Charges
without a page are in `paystack_charges`, payouts in `paystack_payouts`, lists and refunds in `paystack_records`, the
envelope in `paystack_http`.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from core.money import Money
from payments.provider import CheckoutAnswer, CheckoutOrder, Event, EventAbout, Outcome, Verification
from payments.provider_charges import Method
from payments.providers import limits
from payments.providers.paystack_charges import PaystackCharges
from payments.providers.paystack_http import (
    UNREADABLE,
    amount_in,
    from_wire,
    inner,
    moment,
    read_object,
    to_wire,
    whole,
    word,
)
from payments.providers.paystack_payouts import PaystackPayouts
from payments.providers.paystack_records import PaystackRecords, receiver_of

STATUSES = {
    "success": Outcome.SUCCEEDED,
    "failed": Outcome.DECLINED,
    # "abandoned" is also what a page says that the payer has not used yet.
    "abandoned": Outcome.PENDING,
    "ongoing": Outcome.PENDING,
    "pending": Outcome.PENDING,
    "processing": Outcome.PENDING,
    "queued": Outcome.PENDING,
}

# Smallest amounts: https://support.paystack.com (minimum transaction amount). Largest: M-PESA's own limit for one
# transaction in Kenya, elsewhere our ceiling for a savings group, far above any contribution. Both in major units.
LIMITS = {
    "NGN": ("50", "5000000"),
    "GHS": ("0.10", "50000"),
    "ZAR": ("1", "100000"),
    "KES": ("3", "250000"),
    "XOF": ("1", "1500000"),
    "USD": ("2", "10000"),
}

# M-PESA moves whole shillings; a gross with cents would come back as another amount, or not at all.
STEPS_MINOR = {"KES": 100}

# The page offers only channels that cost what was quoted.
CHANNELS = {
    "NGN": ["card", "bank", "ussd", "bank_transfer"],
    "GHS": ["mobile_money", "card"],
    "ZAR": ["card"],
    "KES": ["mobile_money"],
    "XOF": ["mobile_money"],
    "USD": ["card"],
}

# How the names of events begin, the longer ones first (https://paystack.com/docs/payments/webhooks).
EVENTS: tuple[tuple[str, EventAbout], ...] = (
    ("charge.dispute.", "dispute"),
    ("charge.", "collection"),
    ("transfer.", "payout"),
    ("refund.", "refund"),
    ("dedicatedaccount.", "standing_account"),
)
GOOD_NEWS = {"charge.success", "transfer.success", "refund.processed"}

UNKNOWN = Outcome.UNKNOWN


class Paystack(PaystackCharges, PaystackRecords, PaystackPayouts):
    """One adapter per process; its HTTP connections are kept open between calls."""

    name = "paystack"

    def limits(self, currency: str) -> tuple[Money, Money]:
        """Raises `UnsupportedCurrency`."""
        return limits.read(LIMITS, currency, currency)

    def step_minor(self, currency: str) -> int:
        return STEPS_MINOR.get(currency, 1)

    def fee(self, gross: Money, method: Method = "checkout") -> Money:
        """The published schedule (https://paystack.com/pricing); what was really charged is in the verification.

        Only a Nigerian standing account has a schedule of its own; every other method has its country's.
        """
        hundredths = _fee_hundredths(gross.currency, to_wire(gross), method)
        return from_wire(hundredths, gross.currency, round_up=True)

    def open_checkout(self, order: CheckoutOrder) -> CheckoutAnswer:
        """POST /transaction/initialize."""
        body = {
            "email": order.payer_email,
            "amount": to_wire(order.gross),
            "currency": order.gross.currency,
            "reference": order.reference,
            "callback_url": order.return_url,
            "channels": CHANNELS[order.gross.currency],
            "label": order.label,
        }
        answer = self._call("POST", "/transaction/initialize", body, reference=order.reference)
        if answer.outcome is Outcome.DECLINED and answer.used_before:
            return CheckoutAnswer(UNKNOWN, None, "duplicate_reference")
        if answer.outcome is not Outcome.SUCCEEDED:
            return CheckoutAnswer(answer.outcome, None, answer.detail)
        url = answer.data.get("authorization_url")
        if not url or not isinstance(url, str):
            return CheckoutAnswer(UNKNOWN, None, "the answer has no authorization_url")
        return CheckoutAnswer(Outcome.SUCCEEDED, url, "ok")

    def verify(self, reference: str) -> Verification:
        """GET /transaction/verify/{reference}. A reference that Paystack does not know is PENDING: it may yet come."""
        answer = self._call("GET", f"/transaction/verify/{quote(reference, safe='')}", reference=reference)
        if answer.not_found:
            return Verification(Outcome.PENDING, "not_found")
        if answer.outcome is Outcome.DECLINED:
            # Only "not found" is about the payment; a refused key says nothing about it.
            return Verification(UNKNOWN, answer.detail)
        if answer.outcome is not Outcome.SUCCEEDED:
            return Verification(answer.outcome, answer.detail)
        return _verification(answer.data)

    def read_event(self, body: bytes, headers: Mapping[str, str]) -> Event:
        """Whatever Paystack signed is an event, however odd; raises `BadSignature` for what it did not sign."""
        self._check_signature(body, headers)
        event = read_object(body)
        data = inner(event, "data")
        kind = word(event.get("event")) or "unreadable"
        about: EventAbout = next((about for prefix, about in EVENTS if kind.startswith(prefix)), "other")
        reference = word(inner(data, "transaction").get("reference")) or word(data.get("reference"))
        reference = reference or word(data.get("transaction_reference")) or ""
        of_its_own = (word(data.get("id")) or "") if about in ("refund", "dispute") else ""
        return Event(
            key=_key(kind, about, reference, data, body),
            reference=reference,
            kind=kind,
            about=about,
            id=of_its_own,
            announces_success=kind in GOOD_NEWS,
        )


def _verification(data: Mapping[str, Any]) -> Verification:
    status = word(data.get("status")) or ""
    outcome = STATUSES.get(status, UNKNOWN)
    theirs, their_id = word(data.get("reference")), word(data.get("id"))
    if outcome is not Outcome.SUCCEEDED and status != "reversed":
        return Verification(outcome, status, theirs, id=their_id)
    try:
        paid = amount_in(data)
        fees = data.get("fees")
        fee = None if fees is None else from_wire(whole(fees), paid.currency, round_up=True)
    except UNREADABLE as error:
        said = status if status == "reversed" else f"unreadable: {type(error).__name__}"
        return Verification(UNKNOWN, said, theirs, id=their_id)
    at = moment(data.get("paid_at"))
    return Verification(outcome, status, theirs, paid, fee, their_id, receiver_of(data), at)


def _key(kind: str, about: EventAbout, reference: str, data: Mapping[str, Any], body: bytes) -> str:
    """Paystack gives events no id: the same news is the same event, reference, status and object.

    Where that does not tell one from another (refunds may come without an id), the same news is the same bytes.
    """
    named = word(data.get("id"))
    if not reference or (about == "refund" and not named):
        return f"{kind}:{sha256(body).hexdigest()}"
    return f"{kind}:{reference}:{word(data.get('status'))}:{named}"


def _fee_hundredths(currency: str, amount: int, method: Method) -> int:
    if currency == "NGN" and method == "standing_account":
        return min(_percent(amount, 100), 30_000)
    if currency == "NGN":
        flat = 10_000 if amount >= 250_000 else 0
        return min(_percent(amount, 150) + flat, 200_000)
    if currency == "KES":
        return _percent(amount, 150)
    if currency == "ZAR":
        return _percent(amount, 290) + 100
    if currency == "USD":
        return _percent(amount, 390)
    return _percent(amount, 195)


def _percent(amount: int, hundredths_of_percent: int) -> int:
    return (amount * hundredths_of_percent + 5_000) // 10_000
