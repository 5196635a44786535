"""Paystack's API as far as the product needs it to collect: initialize, verify, list. Every caller shows the key."""

import hmac
from typing import Any

from flask import Blueprint, Response, request

from sandbox.paystack.envelope import PaystackError, answer, error_answer, invalid
from sandbox.paystack.paging import newest
from sandbox.paystack.payments import find_payment, open_payment
from sandbox.paystack.resources import transaction_resource
from sandbox.store import Payment
from sandbox.world import world

blueprint = Blueprint("paystack_api", __name__, url_prefix="/paystack")
blueprint.register_error_handler(PaystackError, error_answer)


@blueprint.before_request
def authenticate() -> None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    known = hmac.compare_digest(key.strip().encode(), world().config.paystack_secret_key.encode())
    if scheme.lower() != "bearer" or not known:
        raise PaystackError(
            401, "invalid_Key", "Invalid key", "Ensure that you provide the correct authorization key for the request"
        )


@blueprint.post("/transaction/initialize")
def initialize() -> Response:
    payment = open_payment(world(), fields_sent())
    return answer(
        "Authorization URL created",
        {
            "authorization_url": f"{world().config.public_url}/paystack/checkout/{payment.access_code}",
            "access_code": payment.access_code,
            "reference": payment.reference,
        },
    )


@blueprint.get("/transaction/verify/<reference>")
def verify(reference: str) -> Response:
    return answer("Verification successful", transaction_resource(find_payment(world(), reference)))


@blueprint.get("/transaction")
def list_transactions() -> Response:
    payments, meta = newest(world().store, Payment)
    return answer("Transactions retrieved", [transaction_resource(payment) for payment in payments], meta)


@blueprint.get("/transaction/<int:payment_id>")
def fetch_transaction(payment_id: int) -> Response:
    with world().store.begin() as session:
        payment = session.get(Payment, payment_id)
    if payment is None:
        raise PaystackError(404, "transaction_not_found", "Transaction not found", "Send the id of a transaction")
    return answer("Transaction retrieved", transaction_resource(payment))


def fields_sent() -> dict[str, Any]:
    """The body, which Paystack takes as JSON and as a form.

    Raises:
        PaystackError: it is neither.
    """
    asked = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    if not isinstance(asked, dict):
        raise invalid("invalid_params", "Invalid request body", "Send a JSON object")
    return asked
