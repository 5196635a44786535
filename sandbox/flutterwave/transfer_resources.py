"""The JSON shapes of Flutterwave's transfers and of `transfer.completed`.

Source: Flutterwave/Node-v3 documentation/transfers.md; the event calls the name `fullname`.
"""

from typing import Any

from core.money import Money
from sandbox.flutterwave.amounts import iso, json_number, number
from sandbox.flutterwave.banks import find_bank
from sandbox.flutterwave.fees import told_transfer_fee
from sandbox.flutterwave.tables import FlwTransfer

UNKNOWN_NAME = "N/A"


def transfer_resource(transfer: FlwTransfer, status: str | None = None) -> dict[str, Any]:
    """`status` instead of its own: a transfer is always NEW in the answer to the call that made it."""
    shown = transfer.status if status is None else status
    return {
        "id": transfer.id,
        "account_number": transfer.account_number,
        "bank_code": transfer.bank_code,
        "full_name": transfer.full_name,
        "created_at": iso(transfer.created_at),
        "currency": transfer.currency,
        "debit_currency": transfer.currency,
        "amount": number(transfer.amount, transfer.currency),
        "fee": _fee(transfer),
        "status": shown,
        "reference": transfer.reference,
        "meta": None,
        "narration": transfer.narration,
        "approver": None,
        "complete_message": transfer.complete_message if shown == transfer.status else "",
        "requires_approval": 0,
        "is_approved": 1,
        "bank_name": transfer.bank_name,
    }


def transfer_completed(transfer: FlwTransfer) -> dict[str, Any]:
    """One event for both ends: `status` says which."""
    resource = transfer_resource(transfer)
    name = resource.pop("full_name")
    return {"event": "transfer.completed", "event.type": "Transfer", "data": {**resource, "fullname": name}}


def _fee(transfer: FlwTransfer) -> int | float:
    bank = find_bank(transfer.bank_code, transfer.currency)
    major = Money(transfer.amount, transfer.currency).major
    return json_number(told_transfer_fee(major, transfer.currency, bank is not None and bank.is_wallet))
