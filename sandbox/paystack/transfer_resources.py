"""The JSON shapes of Paystack's recipients, transfers and their events."""

from typing import Any

from sandbox.paystack.resources import INTEGRATION, iso
from sandbox.store import Recipient, Transfer

BUSINESS = {"id": INTEGRATION, "is_live": False, "business_name": "GroupWallet", "logo_path": None}


def recipient_resource(recipient: Recipient) -> dict[str, Any]:
    at = iso(recipient.created_at)
    return {
        "active": True,
        "createdAt": at,
        "currency": recipient.currency,
        "description": None,
        "domain": "test",
        "email": None,
        "id": recipient.id,
        "integration": INTEGRATION,
        "metadata": None,
        "name": recipient.name,
        "recipient_code": recipient.recipient_code,
        "type": recipient.type,
        "updatedAt": at,
        "is_deleted": False,
        "isDeleted": False,
        "details": {
            "authorization_code": None,
            "account_number": recipient.account_number,
            "account_name": recipient.account_name,
            "bank_code": recipient.bank_code,
            "bank_name": recipient.bank_name,
        },
    }


def queued_resource(transfer: Transfer) -> dict[str, Any]:
    """As the call that orders a transfer is answered: the recipient is only an id, and no fee is told yet."""
    return {
        "transfersessionid": [],
        "transfertrials": [],
        **_base(transfer),
        "integration": INTEGRATION,
        "request": _request_id(transfer),
        "recipient": transfer.recipient_id,
    }


def transfer_resource(transfer: Transfer) -> dict[str, Any]:
    return {
        **_base(transfer),
        "integration": INTEGRATION,
        "request": _request_id(transfer),
        "recipient": recipient_resource(transfer.recipient),
        "session": {"provider": None, "id": None},
        "fee_charged": _fee_charged(transfer),
        "fees_breakdown": None,
        "gateway_response": None,
    }


def transfer_event(transfer: Transfer) -> dict[str, Any]:
    """`transfer.success`, `transfer.failed` or `transfer.reversed`, after the transfer's status."""
    resource = transfer_resource(transfer)
    for only_in_verify in ("request", "fees_breakdown"):
        del resource[only_in_verify]
    return {"event": f"transfer.{transfer.status}", "data": {**resource, "integration": BUSINESS}}


def _base(transfer: Transfer) -> dict[str, Any]:
    return {
        "domain": "test",
        "amount": transfer.amount,
        "currency": transfer.currency,
        "reference": transfer.reference,
        "source": "balance",
        "source_details": None,
        "reason": transfer.reason,
        "status": transfer.status,
        "failures": None,
        "transfer_code": transfer.transfer_code,
        "titan_code": None,
        "transferred_at": iso(transfer.transferred_at),
        "id": transfer.id,
        "createdAt": iso(transfer.created_at),
        "updatedAt": iso(transfer.updated_at),
    }


def _fee_charged(transfer: Transfer) -> int:
    # Paystack shows a fee only once it has been charged.
    return transfer.fee if transfer.status == "success" else 0


def _request_id(transfer: Transfer) -> int:
    return transfer.id + 200_000_000
