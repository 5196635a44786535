"""The first answer to a charge: what the payer has to do now, each way in its own shape."""

from typing import Any

from flask import Response

from sandbox.flutterwave.amounts import number
from sandbox.flutterwave.charges import WAYS
from sandbox.flutterwave.envelope import answer
from sandbox.flutterwave.resources import charge_resource
from sandbox.flutterwave.tables import FlwTransaction
from sandbox.world import world

INITIATED = "Charge initiated"


def charge_answer(type_: str, transaction: FlwTransaction) -> Response:
    if WAYS[type_].kind == "redirect":
        meta = {"authorization": {"redirect": checkout_url(transaction), "mode": "redirect"}}
        return answer(INITIATED, meta=meta, has_data=False)
    if WAYS[type_].kind == "transfer":
        return answer(INITIATED, meta={"authorization": _account(transaction)}, has_data=False)
    data = charge_resource(transaction)
    if type_ == "mpesa":
        return answer(INITIATED, {**data, "auth_url": "N/A"})
    if type_ == "ussd":
        data["payment_code"] = str(transaction.id)
        return answer(INITIATED, data, {"authorization": {"mode": "ussd", "note": ussd_code(transaction)}})
    if type_ == "mobile_money_tanzania":
        return answer(INITIATED, data)
    return answer(INITIATED, data, {"authorization": {"mode": "callback", "redirect_url": None}})


def checkout_url(transaction: FlwTransaction) -> str:
    return f"{world().config.public_url}/flutterwave/checkout/{transaction.checkout_code}"


def ussd_code(transaction: FlwTransaction) -> str:
    return f"*566*002*{transaction.id}#"


def _account(transaction: FlwTransaction) -> dict[str, Any]:
    expires_at = transaction.expires_at
    assert expires_at is not None
    return {
        "transfer_reference": transaction.flw_ref,
        "transfer_account": account_number(transaction),
        "transfer_bank": "Mock Bank",
        # Milliseconds since 1970.
        "account_expiration": int(expires_at.timestamp() * 1000),
        "transfer_note": f"Please make a bank transfer to {transaction.narration}",
        "transfer_amount": f"{number(transaction.amount, transaction.currency):.2f}",
        "mode": "banktransfer",
    }


def account_number(transaction: FlwTransaction) -> str:
    """The account made for this one payment."""
    return f"{transaction.id % 10**10:010d}"
