"""Charging a payer without a checkout: a prompt on a wallet's phone, a code to dial, an account to pay into.

Shapes: PaystackOSS/doc-code-snippets `payments/payment-methods`. Mobile money must be paid within 180 seconds.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.paystack.accounts import phone_of
from sandbox.paystack.asked import currency_of
from sandbox.paystack.envelope import invalid, unknown_reference
from sandbox.paystack.fees import MOBILE_MONEY
from sandbox.paystack.notices import prompt_notice
from sandbox.paystack.payments import Reported, announce, find_payment, has_ended, keep, new_payment, settle
from sandbox.paystack.resources import MERCHANT, iso, transaction_resource
from sandbox.store import Json, Payment
from sandbox.world import World

USSD, BANK_TRANSFER = "ussd", "bank_transfer"
KINDS = (MOBILE_MONEY, USSD, BANK_TRANSFER)
PROMPT_SECONDS = 180
PAY_OFFLINE, SEND_OTP, PENDING_TRANSFER = "pay_offline", "send_otp", "pending_bank_transfer"
# A transaction whose payer must still do something here and now is `ongoing`.
STATUS_OF_STEP = {PAY_OFFLINE: "pending", SEND_OTP: "ongoing", PENDING_TRANSFER: "ongoing"}
COMPLETE_ON_PHONE = "Please complete authorization process on your mobile phone"
PAYBILL = "4084333"
VOUCHER = "123456"
TITAN = {"slug": "titan-paystack", "name": "Titan Paystack", "id": 629}
USUAL_ACCOUNT_LIFE, SHORTEST_LIFE, LONGEST_LIFE = timedelta(hours=1), timedelta(minutes=15), timedelta(hours=8)
# A clock that stands beside the caller's by seconds must not refuse what was counted in minutes.
TOLERANCE = timedelta(minutes=1)


@dataclass(frozen=True)
class Wallet:
    currency: str
    name: str
    step: str = PAY_OFFLINE
    display_text: str = COMPLETE_ON_PHONE
    question: str = "Enter your PIN to pay."


WALLETS = {
    "mpesa": Wallet("KES", "M-PESA"),
    "mpesa_offline": Wallet("KES", "M-PESA", question=f"Use Pay Bill {PAYBILL}."),
    "mtn": Wallet("GHS", "MTN"),
    "atl": Wallet("GHS", "AT Money"),
    "vod": Wallet(
        "GHS",
        "Telecel Cash",
        SEND_OTP,
        "Please dial *110# to generate a voucher code. Then input the voucher",
        # Who dials *110# gets a code; in the sandbox it comes by itself.
        f"Your voucher code is {VOUCHER}.",
    ),
}
USSD_BANKS = {
    "737": "Guaranty Trust Bank",
    "919": "United Bank For Africa",
    "822": "Sterling Bank",
    "966": "Zenith Bank",
}


def charge(world: World, asked: dict[str, Any]) -> Payment:
    """Check and start what `POST /charge` asks for.

    Raises:
        PaystackError: a field is missing or wrong, no known way to pay is asked for, or the reference was used before.
    """
    kind = next((kind for kind in KINDS if isinstance(asked.get(kind), dict)), None)
    if kind is None:
        raise invalid("invalid_params", "Charge type is missing", f"Send one of {', '.join(KINDS)}")
    payment = new_payment(world, asked, currency_of(asked), kind)
    payment.kind, payment.gateway_response = kind, "Pending"
    sender, question = STARTS[kind](payment, asked[kind])
    payment.told = {**(payment.told or {}), "sender": sender}
    payment.status = STATUS_OF_STEP[payment.step or PAY_OFFLINE]
    keep(world, payment)
    announce(world, prompt_notice(payment, sender, question) if kind == MOBILE_MONEY else None)
    return payment


def submit_otp(world: World, asked: dict[str, Any]) -> Payment:
    """The payer's one-time password: the right one pays, a wrong one can be tried again.

    Raises:
        PaystackError: 404, there is no such charge; 400, it waits for none, or the password is wrong.
    """
    payment = find_payment(world, str(asked.get("reference") or ""))
    with world.store.begin() as session:
        payment = session.get_one(Payment, payment.id, with_for_update=True)
        if has_ended(payment) or payment.step != SEND_OTP:
            raise invalid("invalid_transaction_status", "Charge is not awaiting an OTP", "Verify the transaction")
        if str(asked.get("otp")) != VOUCHER:
            raise invalid("invalid_otp", "Invalid OTP. Please try again", "Ensure that the OTP is the payer's")
        notice = settle(world, session, payment, Reported())
    announce(world, notice)
    return payment


def charge_resource(payment: Payment, is_first: bool = False) -> Json:
    """The whole transaction once it was paid; before, what to do; a prompt that is asked about is only `pending`."""
    if payment.paid_at is not None:
        return transaction_resource(payment)
    if has_ended(payment):
        return {"reference": payment.reference, "status": payment.status, "message": payment.gateway_response}
    if payment.step is None or (payment.step == PAY_OFFLINE and not is_first):
        return {"reference": payment.reference, "status": "pending"}
    told = {key: value for key, value in (payment.told or {}).items() if key != "sender"}
    return {"reference": payment.reference, "status": payment.step, **told}


def find_charge(world: World, reference: str) -> Payment:
    payment = find_payment(world, reference)
    if payment.kind not in KINDS:
        raise unknown_reference()
    return payment


def _start_mobile_money(payment: Payment, asked: Json) -> tuple[str, str]:
    """Who shows the prompt, and what it says after the amount."""
    provider = str(asked.get("provider") or "").lower()
    wallet = WALLETS.get(provider)
    if wallet is None or wallet.currency != payment.currency:
        raise invalid("invalid_provider", "Invalid mobile money provider", f"One of {', '.join(WALLETS)}")
    payment.phone = phone_of(str(asked.get("phone") or ""), payment.currency)
    if payment.phone is None:
        raise invalid("invalid_phone", "Invalid phone number", "Send the payer's number of this country")
    payment.step, payment.told = wallet.step, {"display_text": wallet.display_text}
    question = wallet.question
    if provider == "mpesa_offline":
        account_reference = secrets.randbelow(9_000_000) + 1_000_000
        payment.told |= {"account_number": PAYBILL, "account_reference": account_reference}
        question = f"{question[:-1]}, account {account_reference}."
    payment.due_at = payment.created_at + timedelta(seconds=PROMPT_SECONDS)
    return wallet.name, question


def _start_ussd(payment: Payment, asked: Json) -> tuple[str, str]:
    kind = str(asked.get("type") or "")
    if kind not in USSD_BANKS or payment.currency != "NGN":
        raise invalid("invalid_ussd", "Invalid USSD type", f"One of {', '.join(USSD_BANKS)}, in NGN")
    code = f"*{kind}*33*4*{secrets.randbelow(90_000) + 10_000}#"
    text = f"Please dial {code} on your mobile phone to complete the transaction"
    payment.step, payment.told = PAY_OFFLINE, {"display_text": text, "ussd_code": code}
    payment.phone = _phone_in_metadata(payment)
    return USSD_BANKS[kind], ""


def _start_bank_transfer(payment: Payment, asked: Json) -> tuple[str, str]:
    if payment.currency != "NGN":
        raise invalid("unsupported_currency", "Currency not supported for bank transfers", "Send currency NGN")
    payment.due_at = _expiry(asked.get("account_expires_at"), payment.created_at)
    # Temporary accounts begin unlike standing ones, so that one is never taken for the other.
    payment.account_number = f"98{secrets.randbelow(10**8):08d}"
    payment.step = PENDING_TRANSFER
    payment.told = {
        "display_text": "Please make a transfer to the account specified",
        "account_name": f"PAYSTACK CHECKOUT / {MERCHANT.upper()}",
        "account_number": payment.account_number,
        "bank": TITAN,
        "account_expires_at": iso(payment.due_at),
    }
    payment.phone = _phone_in_metadata(payment)
    return str(TITAN["name"]), ""


STARTS: dict[str, Callable[[Payment, Json], tuple[str, str]]] = {
    MOBILE_MONEY: _start_mobile_money,
    USSD: _start_ussd,
    BANK_TRANSFER: _start_bank_transfer,
}


def _expiry(given: object, now: datetime) -> datetime:
    if not given:
        return now + USUAL_ACCOUNT_LIFE
    try:
        moment = datetime.fromisoformat(str(given).replace("Z", "+00:00"))
    except ValueError as error:
        raise _wrong_expiry() from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not SHORTEST_LIFE - TOLERANCE <= moment - now <= LONGEST_LIFE + TOLERANCE:
        raise _wrong_expiry()
    return moment


def _wrong_expiry() -> Exception:
    return invalid(
        "invalid_params", "account_expires_at is invalid", "Send a moment between 15 minutes and 8 hours from now"
    )


def _phone_in_metadata(payment: Payment) -> str | None:
    metadata: Any = payment.metadata_sent["value"]
    phone = metadata.get("phone") if isinstance(metadata, dict) else None
    return phone_of(phone, payment.currency) if isinstance(phone, str) else None
