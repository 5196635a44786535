"""Flutterwave's direct charges (https://developer.flutterwave.com/v3.0/docs/introduction-4): prompts, codes, accounts.

Only M-PESA's prompt needs no page: elsewhere mobile money answers with an address to open (a one-time password is asked
for there), which a feature phone cannot. So `methods` offers mobile money in Kenya alone; `start_charge` knows the
others too, and answers "visit".
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from core import clock, phone
from payments.errors import UnsupportedCurrency
from payments.outcomes import Outcome
from payments.provider_charges import ChargeAnswer, ChargeOrder, Method, PayInto, StandingAnswer, StandingOrder
from payments.providers.flutterwave_http import UNREADABLE, Answer, FlutterwaveHTTP, from_wire, moment, text, to_wire

METHODS: dict[str, tuple[Method, ...]] = {
    "NGN": ("checkout", "ussd", "bank_transfer"),
    "GHS": ("checkout",),
    "KES": ("checkout", "mobile_money"),
    "ZAR": ("checkout",),
    "UGX": ("checkout",),
    "RWF": ("checkout",),
    "XOF": ("checkout",),
    "XAF": ("checkout",),
    "USD": ("checkout",),
    "TZS": ("checkout",),
    "ZMW": ("checkout",),
}

# Whom `ChargeOrder.network` may name where the method is offered.
NETWORKS: dict[tuple[str, Method], dict[str, str]] = {
    ("KES", "mobile_money"): {"mpesa": "M-PESA"},
    ("NGN", "ussd"): {
        "gtbank": "GTBank",
        "uba": "UBA",
        "sterling": "Sterling Bank",
        "zenith": "Zenith Bank",
        "fidelity": "Fidelity Bank",
        "firstbank": "First Bank",
        "fcmb": "FCMB",
        "union": "Union Bank",
        "wema": "Wema Bank",
    },
}

# POST /charges?type=… by currency (Node-v3, services/mobile-money).
MOBILE_MONEY_TYPES = {
    "KES": "mpesa",
    "GHS": "mobile_money_ghana",
    "UGX": "mobile_money_uganda",
    "RWF": "mobile_money_rwanda",
    "XOF": "mobile_money_franco",
    "XAF": "mobile_money_franco",
    "TZS": "mobile_money_tanzania",
    "ZMW": "mobile_money_zambia",
}

# Their names of the networks (Node-v3, services/schema/create.js); M-PESA's charge names none.
MOBILE_MONEY_NETWORKS = {
    "KES": {"mpesa": ""},
    "GHS": {"mtn": "MTN", "telecel": "VODAFONE", "at": "AIRTELTIGO"},
    "UGX": {"mtn": "MTN", "airtel": "AIRTEL"},
    "RWF": {"mtn": "MTN", "airtel": "AIRTEL"},
    "XOF": {"mtn": "MTN", "orange": "ORANGEMONEY", "wave": "WAVE"},
    "XAF": {"mtn": "MTN", "orange": "ORANGEMONEY"},
    "TZS": {"airtel": "AIRTEL", "tigo": "TIGO", "vodacom": "VODACOM", "halopesa": "HALOPESA"},
    "ZMW": {"mtn": "MTN", "airtel": "AIRTEL", "zamtel": "ZAMTEL"},
}

# The banks whose USSD codes they know, by the central bank's codes (…/v3.0/docs/ussd).
USSD_BANKS = {
    "gtbank": "058",
    "uba": "033",
    "sterling": "232",
    "zenith": "057",
    "fidelity": "070",
    "firstbank": "011",
    "fcmb": "214",
    "union": "032",
    "wema": "035",
}

# Mobile money in Rwanda and Zambia wants a number of the order beside the reference.
WITH_ORDER_ID = ("RWF", "ZMW")

CHARGE_STATUSES = {
    "pending": Outcome.PENDING,
    "success-pending-validation": Outcome.PENDING,
    "successful": Outcome.SUCCEEDED,
    "failed": Outcome.DECLINED,
}

# What makes HTTP 400 no word about the order, but about trouble on the way.
VAGUE = ("error occurred", "timeout", "timed out", "processing", "try again")

# How long an account for one payment is open when nobody says: an hour, as in the documentation's sample.
ACCOUNT_SECONDS = 3600
LEAST_ACCOUNT_SECONDS = 60

# "Please make a bank transfer to GroupWallet FLW": whose name the payer's bank shows.
HOLDER_BEFORE = "transfer to "

DECLINED, UNKNOWN = Outcome.DECLINED, Outcome.UNKNOWN


class FlutterwaveCharges(FlutterwaveHTTP):
    """The part of the adapter that asks for money directly."""

    def methods(self, currency: str) -> tuple[Method, ...]:
        """Raises `UnsupportedCurrency`."""
        if currency not in METHODS:
            raise UnsupportedCurrency(currency)
        return METHODS[currency]

    def networks(self, currency: str, method: Method) -> Mapping[str, str]:
        return NETWORKS.get((currency, method), {})

    def start_charge(self, order: ChargeOrder) -> ChargeAnswer:
        """POST /charges?type=…, once."""
        kind, body = _asked(order)
        if not kind:
            return ChargeAnswer(DECLINED, "unsupported_method")
        if body is None:
            return ChargeAnswer(DECLINED, "unknown_network_or_number")
        answer = self._call("POST", "/charges", body, {"type": kind}, reference=order.reference)
        if answer.used_before:
            return ChargeAnswer(UNKNOWN, "duplicate_reference")
        if answer.outcome is DECLINED:
            return ChargeAnswer(DECLINED if _is_final(answer) else UNKNOWN, answer.detail)
        if answer.outcome is not Outcome.SUCCEEDED:
            return ChargeAnswer(answer.outcome, answer.detail)
        return _started(order, answer)

    def submit_otp(self, reference: str, otp: str) -> ChargeAnswer:
        """DECLINED: no charge of ours asks for a password here; where there is one, their page asks for it."""
        return ChargeAnswer(DECLINED, "no_passwords")

    def open_standing_account(self, order: StandingOrder) -> StandingAnswer:
        """DECLINED: a standing account needs the member's bank verification number, which nobody is asked for."""
        return StandingAnswer(DECLINED, None, "needs_bvn")


def _is_final(answer: Answer) -> bool:
    """They document 400 for what was not valid, and 401 and 403 for a key; of the rest nobody can be sure."""
    return answer.http_status in (400, 401, 403, 422) and not any(words in answer.message for words in VAGUE)


def _asked(order: ChargeOrder) -> tuple[str, dict[str, Any] | None]:
    """The type of charge ("" where there is none) and its body (None where the network or the number does not fit)."""
    currency = order.gross.currency
    body: dict[str, Any] = {
        "tx_ref": order.reference,
        "amount": to_wire(order.gross),
        "currency": currency,
        "email": order.payer_email,
    }
    if order.method == "mobile_money" and currency in MOBILE_MONEY_TYPES:
        return MOBILE_MONEY_TYPES[currency], _mobile_money(order, body)
    if order.method == "ussd" and currency == "NGN":
        bank = USSD_BANKS.get(order.network or "")
        return "ussd", body | {"account_bank": bank} if bank else None
    if order.method == "bank_transfer" and currency == "NGN":
        seconds = ACCOUNT_SECONDS
        if order.expires_at is not None:
            seconds = max(int((order.expires_at - clock.now()).total_seconds()), LEAST_ACCOUNT_SECONDS)
        return "bank_transfer", body | {"narration": order.label, "is_permanent": False, "expires": seconds}
    return "", None


def _mobile_money(order: ChargeOrder, body: dict[str, Any]) -> dict[str, Any] | None:
    currency = order.gross.currency
    network = MOBILE_MONEY_NETWORKS[currency].get(order.network or "")
    country = phone.country(order.phone or "")
    # A number of another country would be read as one of this country, and be a stranger's.
    if network is None or order.phone is None or phone.currency(country) != currency:
        return None
    body["phone_number"] = order.phone.removeprefix("+")
    if network:
        body["network"] = network
    if currency in ("XOF", "XAF"):
        body["country"] = country
    if currency in WITH_ORDER_ID:
        body["order_id"] = order.reference
    return body


def _started(order: ChargeOrder, answer: Answer) -> ChargeAnswer:
    data = answer.data
    if data.get("tx_ref", order.reference) != order.reference:
        return ChargeAnswer(UNKNOWN, "the answer is about another reference")
    # An answer that only says where to go or what to dial is as good as "pending".
    status = text(data.get("status", "pending"))
    outcome = CHARGE_STATUSES.get(status, UNKNOWN)
    if outcome is not Outcome.PENDING:
        return ChargeAnswer(outcome, status, reached_payer=outcome is DECLINED)
    # Most answers have it beside the data, some inside.
    inside = data.get("meta")
    meta = answer.meta or (inside if isinstance(inside, dict) else {})
    how = meta.get("authorization")
    how = how if isinstance(how, dict) else {}
    if order.method == "ussd":
        return _dial(status, how)
    if order.method == "bank_transfer":
        return _transfer(status, how, order)
    return _prompt(status, how)


def _prompt(status: str, how: Mapping[str, Any]) -> ChargeAnswer:
    url = next((found for name in ("redirect", "redirect_url") if isinstance(found := how.get(name), str)), "")
    if url.startswith(("https://", "http://")):
        return ChargeAnswer(Outcome.PENDING, status, "visit", url=url)
    mode = text(how.get("mode"))
    if how.get("redirect") or mode not in ("", "callback"):
        return ChargeAnswer(UNKNOWN, f"the answer asks for {mode[:20]}")
    return ChargeAnswer(Outcome.PENDING, status, "approve", words=text(how.get("note")))


def _dial(status: str, how: Mapping[str, Any]) -> ChargeAnswer:
    code = text(how.get("note"))
    if not code.startswith("*") or not code.endswith("#"):
        return ChargeAnswer(UNKNOWN, "the answer has no code to dial")
    return ChargeAnswer(Outcome.PENDING, status, "dial", ussd_code=code)


def _transfer(status: str, how: Mapping[str, Any], order: ChargeOrder) -> ChargeAnswer:
    number, bank = text(how.get("transfer_account")), text(how.get("transfer_bank"))
    if not number or not bank:
        return ChargeAnswer(UNKNOWN, "the answer has no account")
    try:
        asked = from_wire(how.get("transfer_amount", to_wire(order.gross)), order.gross.currency)
        expires_at = _expiry(how.get("account_expiration"))
    except UNREADABLE:
        return ChargeAnswer(UNKNOWN, "unreadable")
    if asked != order.gross:
        # Nobody is told to pay what would then not be taken; it happens where the account adds its fee on top.
        return ChargeAnswer(UNKNOWN, "the answer asks for another amount")
    note = text(how.get("transfer_note"))
    _, _, holder = note.partition(HOLDER_BEFORE)
    account = PayInto(bank, number, holder.strip() or "Flutterwave", expires_at)
    return ChargeAnswer(Outcome.PENDING, status, "transfer", words=note, account=account)


def _expiry(value: object) -> datetime | None:
    """Until when: milliseconds since 1970 in the documentation's sample, a moment elsewhere. Raises `ValueError`."""
    if value is None or value == "N/A":
        return None
    if isinstance(value, str) and not value.strip().isdecimal():
        return moment(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("no moment")
    milliseconds = int(value)
    if not 0 < milliseconds < 10**14:
        raise ValueError("no moment")
    return datetime.fromtimestamp(milliseconds // 1000, UTC)
