"""Paystack (https://paystack.com/docs/api): hosted checkout, verification and webhooks.

A transaction's own status is `data.status`; the envelope's `status` only says that the call was understood. Payouts are
in `paystack_payouts`, the connection in `paystack_http`.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from decimal import Decimal

from core.errors import MoneyError
from core.money import Money
from payments.errors import BadSignature, UnsupportedCurrency
from payments.provider import CheckoutAnswer, CheckoutOrder, Event, Outcome, Verification
from payments.providers.paystack_http import from_wire, to_wire, whole
from payments.providers.paystack_payouts import PaystackPayouts

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

UNKNOWN = Outcome.UNKNOWN


class Paystack(PaystackPayouts):
    """One adapter per process; its HTTP connections are kept open between calls."""

    name = "paystack"

    def limits(self, currency: str) -> tuple[Money, Money]:
        """Raises `UnsupportedCurrency`."""
        if currency not in LIMITS:
            raise UnsupportedCurrency(currency)
        smallest, largest = LIMITS[currency]
        return Money.of_major(Decimal(smallest), currency), Money.of_major(Decimal(largest), currency)

    def step_minor(self, currency: str) -> int:
        return STEPS_MINOR.get(currency, 1)

    def fee(self, gross: Money) -> Money:
        """The published schedule (https://paystack.com/pricing); what was really charged is in the verification."""
        hundredths = _fee_hundredths(gross.currency, to_wire(gross))
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
        outcome, detail = answer.outcome, answer.detail
        url = answer.data.get("authorization_url")
        if outcome is Outcome.SUCCEEDED and not url:
            outcome, detail = UNKNOWN, "the answer has no authorization_url"
        return CheckoutAnswer(outcome, url if outcome is Outcome.SUCCEEDED else None, detail)

    def verify(self, reference: str) -> Verification:
        """GET /transaction/verify/{reference}. A reference that Paystack does not know is PENDING: it may yet come."""
        answer = self._call("GET", f"/transaction/verify/{reference}", reference=reference)
        outcome, data, detail = answer.outcome, answer.data, answer.detail
        if outcome is Outcome.DECLINED:
            # Only "not found" is about the payment; a refused key says nothing about it.
            unknown_to_them = detail in ("transaction_not_found", "404")
            return Verification(Outcome.PENDING, "not_found") if unknown_to_them else Verification(UNKNOWN, detail)
        if outcome is not Outcome.SUCCEEDED:
            return Verification(outcome, detail)
        status = str(data.get("status"))
        outcome = STATUSES.get(status, UNKNOWN)
        if outcome is not Outcome.SUCCEEDED:
            return Verification(outcome, status, data.get("reference"))
        try:
            currency = str(data["currency"])
            paid = from_wire(whole(data["amount"]), currency)
            fees = data.get("fees")
            fee = None if fees is None else from_wire(whole(fees), currency, round_up=True)
        except (KeyError, ValueError, MoneyError) as error:
            return Verification(UNKNOWN, f"unreadable: {type(error).__name__}")
        return Verification(outcome, status, data.get("reference"), paid, fee)

    def read_event(self, body: bytes, headers: Mapping[str, str]) -> Event:
        """HMAC-SHA512 of the raw bytes with the secret key, in `x-paystack-signature`. Raises `BadSignature`."""
        expected = hmac.new(self._secret_key.encode(), body, hashlib.sha512).hexdigest()
        if not hmac.compare_digest(expected.encode(), headers.get("x-paystack-signature", "").encode()):
            raise BadSignature
        # Paystack gives events no id: the same news is the same event, reference, status and object.
        event = json.loads(body)
        data = event.get("data") or {}
        about = data["transaction"] if isinstance(data.get("transaction"), dict) else data
        reference = str(about.get("reference") or data.get("transaction_reference") or "")
        kind = str(event.get("event"))
        return Event(f"{kind}:{reference}:{data.get('status')}:{data.get('id')}", reference, kind)


def _fee_hundredths(currency: str, amount: int) -> int:
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
