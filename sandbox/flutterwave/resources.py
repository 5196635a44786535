"""The JSON shapes of Flutterwave's transactions and of `charge.completed`.

Source: Flutterwave/Node-v3 documentation/transactions.md and collections.md.
"""

import hashlib
from typing import Any

from sandbox.flutterwave.amounts import iso, number
from sandbox.flutterwave.fees import MOBILE_TYPES
from sandbox.flutterwave.tables import FlwTransaction

ACCOUNT_ID = 20937
MERCHANT_IP = "52.209.154.143"
# Only these tell of a payment that failed; a declined card is seen by whoever holds it (assumed).
FAILURES_TOLD = MOBILE_TYPES
CARD = {
    "first_6digits": "418742",
    "last_4digits": "4246",
    "issuer": "ACCESS BANK PLC DEBIT CLASSIC",
    "country": "NIGERIA NG",
    "type": "VISA",
    "token": "flw-t1nf-937086f0365b7334de60da246def40df-m03k",
    "expiry": "09/32",
}


def transaction_resource(transaction: FlwTransaction) -> dict[str, Any]:
    """As `verify` shows it."""
    return {
        **_base(transaction),
        "ip": MERCHANT_IP,
        "account_id": ACCOUNT_ID,
        **_instrument(transaction),
        "meta": transaction.meta_sent["value"],
        "amount_settled": _settled(transaction),
        "customer": customer_of(transaction),
    }


def listed_resource(transaction: FlwTransaction) -> dict[str, Any]:
    """As `GET /transactions` shows it: the customer is no object there."""
    return {
        **_base(transaction),
        "ip": MERCHANT_IP,
        "amount_settled": _settled(transaction),
        **_instrument(transaction),
        "customer_name": transaction.customer_name,
        "customer_email": transaction.email,
        "account_id": str(ACCOUNT_ID),
    }


def charge_resource(transaction: FlwTransaction) -> dict[str, Any]:
    """As `POST /charges` answers with it."""
    return {
        **_base(transaction),
        "ip": MERCHANT_IP,
        "fraud_status": "ok",
        "charge_type": "normal",
        "account_id": ACCOUNT_ID,
        "customer": customer_of(transaction),
    }


def charge_completed(transaction: FlwTransaction) -> dict[str, Any]:
    return {
        "event": "charge.completed",
        "data": {
            **_base(transaction),
            "ip": MERCHANT_IP,
            "account_id": ACCOUNT_ID,
            "customer": customer_of(transaction),
            **_instrument(transaction),
        },
        "event.type": f"{transaction.payment_type.upper()}_TRANSACTION",
    }


def is_told(transaction: FlwTransaction) -> bool:
    """Whether an event tells of the status that the transaction has."""
    if transaction.status == "failed":
        return transaction.payment_type in FAILURES_TOLD
    return transaction.status == "successful"


def settled_minor(transaction: FlwTransaction) -> int:
    """What reaches the merchant's balance: all that the payer gave, less the fee and the tax on it."""
    return transaction.charged_amount - transaction.kept


def customer_of(transaction: FlwTransaction) -> dict[str, Any]:
    digest = hashlib.sha256(transaction.email.lower().encode()).hexdigest()
    return {
        "id": int(digest[:7], 16),
        "name": transaction.customer_name,
        "phone_number": transaction.phone_number or "N/A",
        "email": transaction.email,
        "created_at": iso(transaction.created_at),
    }


def _base(transaction: FlwTransaction) -> dict[str, Any]:
    currency = transaction.currency
    return {
        "id": transaction.id,
        "tx_ref": transaction.tx_ref,
        "flw_ref": transaction.flw_ref,
        "device_fingerprint": "N/A",
        "amount": number(transaction.amount, currency),
        "currency": currency,
        "charged_amount": number(transaction.charged_amount, currency),
        "app_fee": number(transaction.app_fee, currency),
        "merchant_fee": 0,
        "processor_response": transaction.processor_response,
        "auth_model": transaction.auth_model,
        "narration": transaction.narration,
        "status": transaction.status,
        "payment_type": transaction.payment_type,
        "created_at": iso(transaction.created_at),
    }


def _settled(transaction: FlwTransaction) -> int | float | None:
    is_paid = transaction.status == "successful"
    return number(settled_minor(transaction), transaction.currency) if is_paid else None


def _instrument(transaction: FlwTransaction) -> dict[str, Any]:
    return {"card": CARD} if transaction.payment_type == "card" else {}
