"""The JSON shapes of Paystack's transactions and events."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from sandbox.store import Payment

MERCHANT, INTEGRATION = "GroupWallet", 463433
COUNTRY = {"NGN": "NG", "GHS": "GH", "KES": "KE", "ZAR": "ZA", "XOF": "CI", "USD": "NG"}
MOBILE_BANK = {"KES": "M-PESA", "GHS": "MTN", "XOF": "Wave"}


def transaction_resource(payment: Payment) -> dict[str, Any]:
    paid_at, created_at = iso(payment.paid_at), iso(payment.created_at)
    return {
        "id": payment.id,
        "domain": "test",
        "status": payment.status,
        "reference": payment.reference,
        "receipt_number": None,
        "amount": payment.amount,
        "message": None,
        "gateway_response": payment.gateway_response,
        "paid_at": paid_at,
        "created_at": created_at,
        "channel": payment.channel,
        "currency": payment.currency,
        "ip_address": "127.0.0.1",
        "metadata": _metadata(payment.metadata_sent["value"]),
        "log": None,
        "fees": payment.fees,
        "fees_split": None,
        "authorization": _authorization(payment) if payment.paid_at else {},
        "customer": customer_of(payment.email),
        "plan": None,
        "split": {},
        "order_id": None,
        "paidAt": paid_at,
        "createdAt": created_at,
        "requested_amount": payment.requested_amount,
        "pos_transaction_data": None,
        "source": None,
        "fees_breakdown": None,
        "connect": None,
        "transaction_date": created_at,
        "plan_object": {},
        "subaccount": {},
    }


def charge_success(payment: Payment) -> dict[str, Any]:
    resource = transaction_resource(payment)
    for only_in_verify in ("receipt_number", "connect", "transaction_date", "plan_object"):
        del resource[only_in_verify]
    entry_point = "transaction_initialize" if payment.kind == "checkout" else "charge"
    source = {"type": "api", "source": "merchant_api", "entry_point": entry_point, "identifier": None}
    return {"event": "charge.success", "data": {**resource, "source": source, "plan": {}}}


def _metadata(sent: Any) -> Any:
    """Metadata comes back parsed when it was sent as JSON text, and as it was sent otherwise."""
    if not isinstance(sent, str):
        return sent
    try:
        return json.loads(sent)
    except ValueError:
        return sent


def customer_of(email: str) -> dict[str, Any]:
    digest = hashlib.sha256(email.lower().encode()).hexdigest()
    return {
        "id": int(digest[:7], 16),
        "first_name": None,
        "last_name": None,
        "email": email,
        "customer_code": f"CUS_{digest[:15]}",
        "phone": None,
        "metadata": None,
        "risk_action": "default",
        "international_format_phone": None,
    }


def _authorization(payment: Payment) -> dict[str, Any]:
    if payment.channel in ("ussd", "bank_transfer", "dedicated_nuban"):
        return _bank_authorization(payment)
    mobile = payment.channel == "mobile_money"
    digest = hashlib.sha256(f"{payment.email} {payment.channel}".encode()).hexdigest()
    return {
        "authorization_code": f"AUTH_{digest[:10]}",
        "bin": "XXX000" if mobile else "408408",
        "last4": "X000" if mobile else "4081",
        "exp_month": "12",
        "exp_year": "9999" if mobile else "2030",
        "channel": payment.channel,
        "card_type": "" if mobile else "visa ",
        "bank": MOBILE_BANK.get(payment.currency, "") if mobile else "TEST BANK",
        "country_code": COUNTRY.get(payment.currency, "NG"),
        "brand": MOBILE_BANK.get(payment.currency, "") if mobile else "visa",
        "reusable": not mobile,
        "signature": None if mobile else f"SIG_{digest[:20]}",
        "account_name": None,
        "receiver_bank_account_number": None,
        "receiver_bank": None,
    }


def _bank_authorization(payment: Payment) -> dict[str, Any]:
    """Of money that came from a bank account by a dialled code or a transfer."""
    told = payment.told or {}
    digest = hashlib.sha256(payment.reference.encode()).hexdigest()
    common = {
        "authorization_code": f"AUTH_{digest[:10]}",
        "bin": "XXXXXX",
        "last4": "XXXX",
        "exp_month": "12",
        "exp_year": "2030",
        "channel": payment.channel,
        "country_code": COUNTRY.get(payment.currency, "NG"),
        "reusable": False,
        "signature": None,
        "account_name": None,
    }
    if payment.channel == "ussd":
        return {**common, "card_type": "offline", "bank": told.get("sender"), "brand": "offline"}
    bank = told.get("bank") or {}
    return {
        **common,
        "card_type": "transfer",
        "bank": None,
        "brand": "Managed Account",
        "sender_country": COUNTRY.get(payment.currency, "NG"),
        "sender_bank": None,
        "sender_bank_account_number": "XXXXXX0011",
        "sender_name": told.get("sender_name"),
        "narration": told.get("narration"),
        "receiver_bank_account_number": payment.account_number,
        "receiver_bank": bank.get("name"),
    }


def iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
