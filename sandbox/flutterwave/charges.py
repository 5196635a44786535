"""Asking for a payment: a hosted checkout, a prompt on a phone, a code to dial, or an account to pay into.

What each way answers follows Flutterwave/Node-v3 documentation/collections.md; validation follows its services/schema.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sandbox.flutterwave.amounts import read_currency, read_minor
from sandbox.flutterwave.banks import find_bank, phone_of
from sandbox.flutterwave.envelope import FlutterwaveError, optional_text, text_of
from sandbox.flutterwave.notices import prompt_of
from sandbox.flutterwave.tables import FlwTransaction
from sandbox.flutterwave.transactions import OPENED, PENDING, PROMPT_SECONDS, announce, keep, new_transaction
from sandbox.world import World

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
USUAL_TYPE = {
    "KES": "mpesa",
    "GHS": "mobilemoneygh",
    "UGX": "mobilemoneyug",
    "RWF": "mobilemoneyrw",
    "XOF": "mobilemoneysn",
    "XAF": "mobilemoneysn",
    "TZS": "mobilemoneytz",
    "ZMW": "mobilemoneyzm",
}
# What a hosted checkout may be limited to, and the payment type that comes of it.
OPTIONS = {
    "card": "card",
    "account": "account",
    "ussd": "ussd",
    "banktransfer": "bank_transfer",
    "mpesa": "mpesa",
    "mobilemoneyghana": "mobilemoneygh",
    "mobilemoneyuganda": "mobilemoneyug",
    "mobilemoneyrwanda": "mobilemoneyrw",
    "mobilemoneyfranco": "mobilemoneysn",
    "mobilemoneytanzania": "mobilemoneytz",
    "mobilemoneyzambia": "mobilemoneyzm",
}
WITH_ORDER_ID = ("RWF", "ZMW")
ACCOUNT_SECONDS = 3_600
MAX_ACCOUNT_SECONDS = 31_536_000


@dataclass(frozen=True)
class Way:
    """One `type` of `POST /charges`: its currencies and how the payer goes on."""

    currencies: tuple[str, ...]
    payment_type: str
    auth_model: str
    # prompt: on the phone; redirect: on a page; dial: a code; transfer: an account
    kind: str
    networks: tuple[str, ...] = ()


WAYS = {
    "mpesa": Way(("KES",), "mpesa", "LIPA_MPESA", "prompt", ("SAFARICOM", "AIRTEL")),
    "mobile_money_ghana": Way(("GHS",), "mobilemoneygh", "AUTH", "redirect", ("MTN", "AIRTELTIGO", "VODAFONE")),
    "mobile_money_uganda": Way(("UGX",), "mobilemoneyug", "AUTH", "redirect", ("MTN", "AIRTEL")),
    "mobile_money_rwanda": Way(("RWF",), "mobilemoneyrw", "AUTH", "redirect", ("MTN", "AIRTEL")),
    "mobile_money_franco": Way(("XOF", "XAF"), "mobilemoneysn", "AUTH", "prompt", ("WAVE", "MTN", "ORANGEMONEY")),
    "mobile_money_tanzania": Way(
        ("TZS",), "mobilemoneytz", "MOBILEMONEY", "prompt", ("HALOPESA", "AIRTEL", "TIGO", "VODACOM")
    ),
    "mobile_money_zambia": Way(("ZMW",), "mobilemoneyzm", "AUTH", "redirect", ("MTN", "AIRTEL", "ZAMTEL")),
    "ussd": Way(("NGN",), "ussd", "USSD", "dial"),
    "bank_transfer": Way(("NGN",), "bank_transfer", "AUTH", "transfer"),
}


def open_checkout(world: World, asked: dict[str, Any]) -> FlwTransaction:
    """Check and keep what `POST /payments` asks for.

    Raises:
        FlutterwaveError: a field is missing or wrong, or the reference was used before.
    """
    customer = asked.get("customer")
    if not isinstance(customer, dict):
        raise FlutterwaveError("customer is required")
    currency = read_currency(asked.get("currency"))
    title = asked["customizations"].get("title") if isinstance(asked.get("customizations"), dict) else None
    transaction = new_transaction(
        world,
        {
            "tx_ref": text_of(asked, "tx_ref"),
            "checkout_code": secrets.token_hex(10),
            "payment_type": _option(asked, currency),
            "auth_model": "AUTH",
            "asked_amount": read_minor(asked.get("amount"), currency),
            "asked_currency": currency,
            "status": OPENED,
            "processor_response": "",
            **_payer(customer, "name", "phonenumber", currency),
            "narration": str(title or "GroupWallet"),
            "redirect_url": text_of(asked, "redirect_url", 2_000),
            "meta_sent": {"value": asked.get("meta")},
        },
    )
    keep(world, transaction)
    return transaction


def start_charge(world: World, type_: str, asked: dict[str, Any]) -> FlwTransaction:
    """Check and keep what `POST /charges?type=` asks for; a prompt shows on its phone at once.

    Raises:
        FlutterwaveError: the type is unknown, a field is missing or wrong, or the reference was used before.
    """
    way = WAYS.get(type_)
    if way is None:
        raise FlutterwaveError("Invalid payment type")
    currency = read_currency(asked.get("currency"), way.currencies[0])
    if currency not in way.currencies:
        raise FlutterwaveError(f"{type_} charges can only be done in {' or '.join(way.currencies)}")
    _check_way(way, asked, currency)
    transaction = new_transaction(
        world,
        {
            "tx_ref": text_of(asked, "tx_ref"),
            "checkout_code": secrets.token_hex(10) if way.kind == "redirect" else None,
            "payment_type": way.payment_type,
            "auth_model": way.auth_model,
            "asked_amount": read_minor(asked.get("amount"), currency),
            "asked_currency": currency,
            "status": PENDING,
            "processor_response": "Transaction in progress",
            **_payer(asked, "fullname", "phone_number", currency),
            "narration": optional_text(asked, "narration") or "GroupWallet",
            "redirect_url": optional_text(asked, "redirect_url", 2_000) or None,
            "meta_sent": {"value": asked.get("meta")},
        },
    )
    seconds = _seconds(way, asked)
    transaction.expires_at = transaction.created_at + timedelta(seconds=seconds) if seconds else None
    keep(world, transaction)
    announce(world, [prompt_of(transaction) if way.kind == "prompt" else None])
    return transaction


def _check_way(way: Way, asked: dict[str, Any], currency: str) -> None:
    if way.kind in ("prompt", "redirect"):
        if phone_of(text_of(asked, "phone_number"), currency) is None:
            raise FlutterwaveError("phone number should be digits")
        network = optional_text(asked, "network").upper()
        if network and network not in way.networks:
            raise FlutterwaveError(f"Only {', '.join(way.networks)} are valid for {currency}.")
    if currency in WITH_ORDER_ID:
        text_of(asked, "order_id")
    if way.payment_type == "mobilemoneysn":
        text_of(asked, "country", 2)
    if way.kind == "dial" and find_bank(text_of(asked, "account_bank"), currency) is None:
        raise FlutterwaveError("Invalid bank code")


def _seconds(way: Way, asked: dict[str, Any]) -> int | None:
    """How long the payer has; None is for ever."""
    if way.kind in ("prompt", "redirect"):
        return PROMPT_SECONDS
    if way.kind != "transfer":
        return None
    seconds = asked.get("expires", ACCOUNT_SECONDS)
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds <= MAX_ACCOUNT_SECONDS:
        raise FlutterwaveError("expires must be a positive number of seconds")
    return seconds


def _payer(given: dict[str, Any], name_key: str, phone_key: str, currency: str) -> dict[str, Any]:
    email = text_of(given, "email")
    if not EMAIL.fullmatch(email):
        raise FlutterwaveError("email must be a valid email")
    number = optional_text(given, phone_key, 50)
    return {
        "email": email,
        "customer_name": optional_text(given, name_key) or "Anonymous customer",
        "phone_number": number or None,
        "phone": phone_of(number, currency) if number else None,
    }


def _option(asked: dict[str, Any], currency: str) -> str:
    usual = USUAL_TYPE.get(currency, "card")
    given = [option.strip() for option in optional_text(asked, "payment_options", 500).split(",") if option.strip()]
    types = [OPTIONS[option] for option in given if option in OPTIONS]
    return types[0] if types and usual not in types else usual
