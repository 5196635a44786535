"""Paystack's charges without a page (https://paystack.com/docs/payments/payment-methods) and standing accounts.

A charge that may have reached the payer is never asked for again; only where Paystack surely turned it down is it
DECLINED. What the payer types (a one-time password) and who they are is neither logged nor kept here.
"""

from collections.abc import Mapping
from typing import Any

from payments.errors import UnsupportedCurrency
from payments.provider import Outcome
from payments.provider_charges import Action, ChargeAnswer, ChargeOrder, Method, PayInto, StandingAnswer, StandingOrder
from payments.providers.paystack_http import (
    LONGEST_TEXT,
    Answer,
    PaystackHTTP,
    inner,
    instant,
    moment,
    text,
    to_wire,
    word,
)

METHODS: dict[str, tuple[Method, ...]] = {
    "KES": ("checkout", "mobile_money"),
    "GHS": ("checkout", "mobile_money", "standing_account"),
    "NGN": ("checkout", "ussd", "bank_transfer", "standing_account"),
    "ZAR": ("checkout",),
    "XOF": ("checkout",),
    "USD": ("checkout",),
}

# Whom a payer can name, and how Paystack calls them: operators by `provider`, banks by the code that is dialled.
NETWORKS: dict[tuple[str, Method], dict[str, tuple[str, str]]] = {
    ("KES", "mobile_money"): {"mpesa": ("M-PESA", "mpesa")},
    ("GHS", "mobile_money"): {
        "mtn": ("MTN MoMo", "mtn"),
        "at": ("AT Money", "atl"),
        # Telecel Cash was Vodafone Cash; its payers dial *110# for a voucher and tell it to us.
        "telecel": ("Telecel Cash", "vod"),
    },
    ("NGN", "ussd"): {
        "gtbank": ("GTBank", "737"),
        "uba": ("UBA", "919"),
        "sterling": ("Sterling Bank", "822"),
        "zenith": ("Zenith Bank", "966"),
    },
}

# What POST /charge says (https://paystack.com/docs/payments/charge-api, the table of statuses), and what it wants of
# the payer. Of a time-out the table says that the transaction has failed and that another may be started.
CHARGE_STATUSES: dict[str, tuple[Outcome, Action | None]] = {
    "pay_offline": (Outcome.PENDING, "approve"),
    "send_otp": (Outcome.PENDING, "otp"),
    "pending_bank_transfer": (Outcome.PENDING, "transfer"),
    "pending": (Outcome.PENDING, "approve"),
    "processing": (Outcome.PENDING, "approve"),
    "ongoing": (Outcome.PENDING, "approve"),
    "queued": (Outcome.PENDING, "approve"),
    "open_url": (Outcome.PENDING, "visit"),
    "success": (Outcome.SUCCEEDED, None),
    "failed": (Outcome.DECLINED, None),
    "timeout": (Outcome.DECLINED, None),
}

# POST /charge takes a Kenyan number as +2547…, a Ghanaian one as it is dialled there (the documentation's samples).
DIALLING_CODES = {"KES": "+254", "GHS": "+233"}

# The bank that keeps a Nigerian standing account (https://paystack.com/docs/payments/dedicated-virtual-accounts); keys
# for tests know only "test-bank". For Ghana no bank is documented, and none is named: Paystack chooses.
STANDING_BANKS: dict[str, str | None] = {"NGN": "wema-bank", "GHS": None}
TEST_BANK = "test-bank"


class PaystackCharges(PaystackHTTP):
    """The part of the adapter that asks for money directly."""

    def methods(self, currency: str) -> tuple[Method, ...]:
        """Raises `UnsupportedCurrency`."""
        if currency not in METHODS:
            raise UnsupportedCurrency(currency)
        return METHODS[currency]

    def networks(self, currency: str, method: Method) -> Mapping[str, str]:
        return {network: name for network, (name, _) in NETWORKS.get((currency, method), {}).items()}

    def start_charge(self, order: ChargeOrder) -> ChargeAnswer:
        """POST /charge, once."""
        channel = _channel(order)
        if channel is None:
            return ChargeAnswer(Outcome.DECLINED, "unsupported_charge")
        body = {
            "email": order.payer_email,
            "amount": to_wire(order.gross),
            # Without it Paystack takes naira.
            "currency": order.gross.currency,
            "reference": order.reference,
            "metadata": {"custom_fields": [{"display_name": "For", "variable_name": "label", "value": order.label}]},
            **channel,
        }
        answer = self._call("POST", "/charge", body, reference=order.reference)
        if answer.outcome is Outcome.DECLINED:
            return _refused(answer)
        if answer.outcome is not Outcome.SUCCEEDED:
            return ChargeAnswer(answer.outcome, answer.detail)
        return _charge(answer.data, order.reference, order.method)

    def submit_otp(self, reference: str, otp: str) -> ChargeAnswer:
        """POST /charge/submit_otp, once."""
        body = {"otp": otp, "reference": reference}
        answer = self._call("POST", "/charge/submit_otp", body, reference=reference)
        if answer.outcome is Outcome.DECLINED:
            if answer.about_the_request and _about_a_password(answer):
                return ChargeAnswer(Outcome.DECLINED, answer.detail, "otp")
            # Another refusal, such as of our key, does not say what became of the charge.
            return ChargeAnswer(Outcome.UNKNOWN, answer.detail)
        if answer.outcome is not Outcome.SUCCEEDED:
            return ChargeAnswer(answer.outcome, answer.detail)
        said = _charge(answer.data, reference, "mobile_money")
        # Asked for once more: what was told was not the right one.
        return ChargeAnswer(Outcome.DECLINED, said.status, "otp", said.words) if said.action == "otp" else said

    def open_standing_account(self, order: StandingOrder) -> StandingAnswer:
        """POST /customer, then POST /dedicated_account; the customer that has one already is answered with it.

        Paystack knows a customer by the address, so that asking again makes no second one.
        """
        if order.currency not in STANDING_BANKS:
            return StandingAnswer(Outcome.DECLINED, None, "unsupported_currency")
        customer = {"email": order.payer_email, "first_name": order.first_name, "last_name": order.last_name}
        known = self._call("POST", "/customer", customer | ({"phone": order.phone} if order.phone else {}))
        if known.outcome is not Outcome.SUCCEEDED:
            return _no_account(known)
        if account := _standing(inner(known.data, "dedicated_account"), order.currency):
            return StandingAnswer(Outcome.SUCCEEDED, account, "ok")
        customer_code = word(known.data.get("customer_code"))
        if customer_code is None:
            return StandingAnswer(Outcome.UNKNOWN, None, "the answer has no customer_code")
        bank = STANDING_BANKS[order.currency]
        if bank and self._secret_key.startswith("sk_test_"):
            bank = TEST_BANK
        made = self._call(
            "POST", "/dedicated_account", {"customer": customer_code} | ({"preferred_bank": bank} if bank else {})
        )
        if made.outcome is not Outcome.SUCCEEDED:
            return _no_account(made)
        if account := _standing(made.data, order.currency):
            return StandingAnswer(Outcome.SUCCEEDED, account, "ok")
        return StandingAnswer(Outcome.UNKNOWN, None, "the answer has no account")


def _channel(order: ChargeOrder) -> dict[str, Any] | None:
    """What makes the charge one of its kind, or nothing where it cannot be asked for."""
    currency = order.gross.currency
    if order.method not in METHODS.get(currency, ()):
        return None
    _, theirs = NETWORKS.get((currency, order.method), {}).get(order.network or "", ("", ""))
    if order.method == "mobile_money":
        phone = order.phone or ""
        code = DIALLING_CODES[currency]
        # Paystack gets no country: a number of another one must not become a stranger's in this one.
        if not theirs or not phone.startswith(code):
            return None
        return {"mobile_money": {"phone": _as_dialled(phone, currency), "provider": theirs}}
    if order.method == "ussd":
        return {"ussd": {"type": theirs}} if theirs else None
    if order.method == "bank_transfer":
        until = {"account_expires_at": instant(order.expires_at)} if order.expires_at else {}
        return {"bank_transfer": until}
    return None


def _as_dialled(phone: str, currency: str) -> str:
    return f"0{phone.removeprefix('+233')}" if currency == "GHS" else phone


def _charge(data: Mapping[str, Any], reference: str, method: Method) -> ChargeAnswer:
    if data.get("reference", reference) != reference:
        return ChargeAnswer(Outcome.UNKNOWN, "the answer is about another reference")
    status = word(data.get("status")) or ""
    outcome, action = CHARGE_STATUSES.get(status, (Outcome.UNKNOWN, None))
    words = text(data.get("display_text"), LONGEST_TEXT) or text(data.get("message"), LONGEST_TEXT) or ""
    if action == "transfer" and (account := _pay_into(data)):
        return ChargeAnswer(outcome, status, action, words, account=account)
    if action == "visit" and (url := text(data.get("url"), LONGEST_TEXT)):
        return ChargeAnswer(outcome, status, action, words, url=url)
    if action == "approve" and (code := word(data.get("ussd_code"))):
        return ChargeAnswer(outcome, status, "dial", words, ussd_code=code)
    if action in (None, "otp") or (action == "approve" and method == "mobile_money"):
        return ChargeAnswer(outcome, status, action, words, reached_payer=outcome is Outcome.DECLINED)
    # It wants something of the payer and does not say what: it was taken, and nobody can pay it.
    return ChargeAnswer(Outcome.UNKNOWN, status, words=words)


def _refused(answer: Answer) -> ChargeAnswer:
    """A refused charge: DECLINED only when it surely did not reach the payer, or surely failed there."""
    status = word(answer.data.get("status"))
    # Some charges are refused with the charge in the answer, which may be under way all the same.
    if answer.used_before or (status and CHARGE_STATUSES.get(status, ("",))[0] is not Outcome.DECLINED):
        return ChargeAnswer(Outcome.UNKNOWN, status or "duplicate_reference")
    if answer.key_refused or (answer.about_the_request and answer.http_status != 404):
        return ChargeAnswer(Outcome.DECLINED, status or answer.detail, reached_payer=bool(status))
    return ChargeAnswer(Outcome.UNKNOWN, answer.detail)


def _about_a_password(answer: Answer) -> bool:
    said = f"{answer.detail} {answer.message}".lower()
    return any(named in said for named in ("otp", "voucher", "token"))


def _no_account(answer: Answer) -> StandingAnswer:
    if answer.outcome is Outcome.DECLINED and not answer.about_the_request:
        return StandingAnswer(Outcome.UNKNOWN, None, answer.detail)
    return StandingAnswer(answer.outcome, None, answer.detail)


def _standing(data: Mapping[str, Any], currency: str) -> PayInto | None:
    """The account, unless it is closed or takes another currency."""
    is_open = data.get("active") is not False and data.get("currency", currency) == currency
    return _pay_into(data) if is_open else None


def _pay_into(data: Mapping[str, Any]) -> PayInto | None:
    """The account that the object describes, if it does."""
    bank, number = word(inner(data, "bank").get("name")), word(data.get("account_number"))
    if not bank or not number:
        return None
    return PayInto(bank, number, word(data.get("account_name")) or "", moment(data.get("account_expires_at")))
