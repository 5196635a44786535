"""Flutterwave v3 (https://developer.flutterwave.com/v3.0): hosted checkout, verification and webhooks.

A transaction's own status is `data.status`; the envelope's `status` only says that the call was understood. Charges
without a page are in `flutterwave_charges`, payouts in `flutterwave_payouts`, lists and refunds in
`flutterwave_records`, the connection in `flutterwave_http`.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from core.money import Money
from payments.errors import BadSignature, UnsupportedCurrency
from payments.outcomes import Outcome
from payments.provider import CheckoutAnswer, CheckoutOrder, Event, EventAbout, Verification
from payments.provider_charges import Method
from payments.providers import limits
from payments.providers.flutterwave_charges import FlutterwaveCharges
from payments.providers.flutterwave_http import UNREADABLE, from_wire, moment_or_none, text, to_wire
from payments.providers.flutterwave_payouts import FlutterwavePayouts
from payments.providers.flutterwave_records import STATUSES, FlutterwaveRecords, fee_kept

# Smallest and largest in major units. None is published for all accounts: KES is M-PESA's own limit for one
# transaction, the rest are ours, a smallest amount that its fee does not eat up and a ceiling for a savings group.
LIMITS = {
    "NGN": ("100", "5000000"),
    "GHS": ("1", "50000"),
    "KES": ("10", "250000"),
    "ZAR": ("10", "100000"),
    "UGX": ("500", "5000000"),
    "RWF": ("100", "5000000"),
    "XOF": ("100", "1500000"),
    "XAF": ("100", "1500000"),
    "USD": ("1", "10000"),
    "TZS": ("500", "5000000"),
    "ZMW": ("1", "50000"),
}

# M-PESA moves whole shillings, and so do Tanzania's wallets.
STEPS_MINOR = {"KES": 100, "TZS": 100}

# The page offers only what costs what was quoted (…/v3.0/docs/payment-methods; "account settings" must leave the choice
# to `payment_options`).
PAYMENT_OPTIONS = {
    "NGN": "card, account, ussd, banktransfer",
    "GHS": "mobilemoneyghana",
    "KES": "mpesa",
    "ZAR": "card",
    "UGX": "mobilemoneyuganda",
    "RWF": "mobilemoneyrwanda",
    "XOF": "mobilemoneyfranco",
    "XAF": "mobilemoneyfranco",
    "USD": "card",
    "TZS": "mobilemoneytanzania",
    "ZMW": "mobilemoneyzambia",
}

# Hundredths of a percent. Published: Nigeria 2.0 %, at most NGN 2,000; Uganda's mobile money 3.0 % (support pages on
# flutterwave.com); M-PESA 2.9 % and mobile money in francs 2.5 % (samples in Node-v3, documentation/collections.md).
# Assumed: GHS, ZAR, RWF, USD, TZS, ZMW. The account's own prices may differ: what was charged is in the verification.
RATES = {
    "NGN": 200,
    "GHS": 250,
    "KES": 290,
    "ZAR": 290,
    "UGX": 300,
    "RWF": 300,
    "XOF": 250,
    "XAF": 250,
    "USD": 480,
    "TZS": 300,
    "ZMW": 300,
}
NIGERIAN_CAP_MINOR = 200_000
# Value-added tax of 7.5 % on the fee, in Nigeria: of 2,500 with a fee of 35 the sample settles 2,462.37.
NIGERIAN_TAX_PERMILLE = 75

# Legacy accounts and refunds send their webhooks without an envelope; these fields tell which are about what.
REFUND_FIELDS = {"AmountRefunded", "amount_refunded"}
DISPUTE_FIELDS = {"stage", "due_date"}


class Flutterwave(FlutterwaveCharges, FlutterwavePayouts, FlutterwaveRecords):
    """One adapter per process; its HTTP connections are kept open between calls."""

    name = "flutterwave"

    def limits(self, currency: str) -> tuple[Money, Money]:
        """Raises `UnsupportedCurrency`."""
        return limits.read(LIMITS, currency, currency)

    def step_minor(self, currency: str) -> int:
        return STEPS_MINOR.get(currency, 1)

    def fee(self, gross: Money, method: Method = "checkout") -> Money:
        """The published schedule, tax included, the same for every method; rounded up. Raises `UnsupportedCurrency`."""
        if gross.currency not in RATES:
            raise UnsupportedCurrency(gross.currency)
        hundred_thousandths, tax_permille = gross.amount_minor * RATES[gross.currency], 0
        if gross.currency == "NGN":
            hundred_thousandths = min(hundred_thousandths, NIGERIAN_CAP_MINOR * 10_000)
            tax_permille = NIGERIAN_TAX_PERMILLE
        return Money(-(-hundred_thousandths * (1_000 + tax_permille) // 10_000_000), gross.currency)

    def open_checkout(self, order: CheckoutOrder) -> CheckoutAnswer:
        """POST /payments."""
        body = {
            "tx_ref": order.reference,
            "amount": to_wire(order.gross),
            "currency": order.gross.currency,
            "redirect_url": order.return_url,
            "payment_options": PAYMENT_OPTIONS[order.gross.currency],
            "customer": {"email": order.payer_email},
            "customizations": {"title": order.label},
        }
        answer = self._call("POST", "/payments", body, reference=order.reference)
        if answer.used_before:
            return CheckoutAnswer(Outcome.UNKNOWN, None, "duplicate_reference")
        if answer.outcome is not Outcome.SUCCEEDED:
            return CheckoutAnswer(answer.outcome, None, answer.detail)
        link = answer.data.get("link")
        if not isinstance(link, str) or not link:
            return CheckoutAnswer(Outcome.UNKNOWN, None, "the answer has no link")
        return CheckoutAnswer(Outcome.SUCCEEDED, link, "ok")

    def verify(self, reference: str) -> Verification:
        """GET /transactions/verify_by_reference. A reference they do not know is PENDING: it may yet come.

        `paid` is `amount`, what was asked for, not `charged_amount`, which has the fee on top of it where the account
        lets the payer bear it; `fee` is what they kept of `amount` (see `fee_kept`). `at` is when it was begun: v3 does
        not tell when it was paid.
        """
        answer = self._look_up(reference)
        if answer.not_found:
            return Verification(Outcome.PENDING, "not_found")
        if answer.outcome is Outcome.DECLINED:
            # Only "not found" is about the payment; a refused key says nothing about it.
            return Verification(Outcome.UNKNOWN, answer.detail)
        if answer.outcome is not Outcome.SUCCEEDED:
            return Verification(answer.outcome, answer.detail)
        data = answer.data
        status = text(data.get("status"))
        outcome = STATUSES.get(status, Outcome.UNKNOWN)
        theirs, number = text(data.get("tx_ref")) or None, text(data.get("id")) or None
        at = moment_or_none(data.get("created_at"))
        if outcome is not Outcome.SUCCEEDED and status != "reversed":
            return Verification(outcome, status, theirs, id=number, at=at)
        try:
            paid = from_wire(data["amount"], data["currency"])
            fee = fee_kept(data, paid) if outcome is Outcome.SUCCEEDED else None
        except UNREADABLE as error:
            return Verification(Outcome.UNKNOWN, f"unreadable: {type(error).__name__}", theirs, id=number, at=at)
        return Verification(outcome, status, theirs, paid, fee, number, at=at)

    def read_event(self, body: bytes, headers: Mapping[str, str]) -> Event:
        """Compares `verif-hash` with the secret hash of the dashboard. Raises `BadSignature`, also without a hash.

        The hash is a shared word that says nothing about the bytes: whoever saw one webhook can write others. So the
        key holds all that an event means, lest a made-up one stands in the way of a real one, and whatever it says is
        asked about.
        """
        expected, shown = self._secret_hash.encode(), headers.get("verif-hash", "").encode(errors="surrogatepass")
        if not expected or not hmac.compare_digest(expected, shown):
            raise BadSignature
        try:
            event = json.loads(body)
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict):
            return Event(f"unreadable:{hashlib.sha256(body).hexdigest()}", "", "unreadable")
        return _event(event)


def _event(event: dict[str, Any]) -> Event:
    # {"event": …, "data": …}; {"event.type": …, "transfer": …}; or all fields without an envelope.
    inner = next((event[name] for name in ("data", "transfer") if isinstance(event.get(name), dict)), event)
    kind = text(event.get("event")) or text(event.get("event.type"))
    about = _about(kind.lower(), inner)
    if not kind:
        kind = about
    reference = text(inner.get("reference")) if about == "payout" else _tx_ref(inner)
    number, status = text(inner.get("id")), text(inner.get("status"))
    meaning = [kind, reference, number, status, text(inner.get("stage")), _figure(inner), text(inner.get("currency"))]
    digest = hashlib.sha256(json.dumps(meaning).encode()).hexdigest()
    return Event(
        key=f"{kind[:40]}:{reference[:60]}:{status[:30]}:{digest}",
        reference=reference,
        kind=kind,
        about=about,
        id=number,
        announces_success=about in ("collection", "payout") and status.lower() == "successful",
    )


def _about(kind: str, inner: Mapping[str, Any]) -> EventAbout:
    """By the event's name (charge.completed, transfer.completed, …), or by the fields where it has none."""
    if "refund" in kind or not REFUND_FIELDS.isdisjoint(inner):
        return "refund"
    if "chargeback" in kind or "dispute" in kind or inner.keys() >= DISPUTE_FIELDS:
        return "dispute"
    if "transfer" in kind and "bank_transfer" not in kind:
        return "payout"
    return "collection" if _tx_ref(inner) else "other"


def _tx_ref(inner: Mapping[str, Any]) -> str:
    return next((found for name in ("tx_ref", "txRef") if (found := text(inner.get(name)))), "")


def _figure(inner: Mapping[str, Any]) -> str:
    """The amount as it was written, whatever it was: only to tell news apart."""
    names = ("amount", "AmountRefunded", "amount_refunded")
    return next((repr(inner[name])[:60] for name in names if isinstance(inner.get(name), int | float | str)), "")
