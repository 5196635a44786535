"""The JSON API behind the phones of what happens around a payment: transfers that come in, money that goes back."""

from flask import Blueprint, Response, jsonify
from sqlalchemy import select

from sandbox.flutterwave.envelope import FlutterwaveError
from sandbox.flutterwave.transfers_in import transfer_in as transfer_in_at_flutterwave
from sandbox.json_api import ApiError, error_answer, json_body, text_of, whole_number_of
from sandbox.paystack.banks import COUNTRIES
from sandbox.paystack.dedicated import transfer_in
from sandbox.paystack.disputes import ACTIONS as DISPUTE_ACTIONS
from sandbox.paystack.disputes import move_dispute, open_dispute
from sandbox.paystack.envelope import PaystackError
from sandbox.paystack.payments import reverse
from sandbox.paystack.refunds import ACTIONS as REFUND_ACTIONS
from sandbox.paystack.refunds import move_refund
from sandbox.paystack.settlements import settle_collections, settlement_resource
from sandbox.paystack.tables import DedicatedAccount
from sandbox.world import world

USUAL_SENDER = "SANDBOX PAYER"

blueprint = Blueprint("collecting", __name__, url_prefix="/sandbox")
blueprint.register_error_handler(ApiError, error_answer)


@blueprint.errorhandler(FlutterwaveError)
@blueprint.errorhandler(PaystackError)
def refuse(error: PaystackError | FlutterwaveError) -> Response:
    return error_answer(ApiError(error.status, str(error)))


@blueprint.post("/transfers-in")
def send_in() -> tuple[Response, int]:
    """Somebody transfers to a temporary or standing account number, of either provider; `sender_name` is who."""
    body = json_body()
    account_number, amount = text_of(body, "account_number"), whole_number_of(body, "amount_minor")
    if not account_number or not amount:
        raise ApiError(400, "Send 'account_number' and a positive 'amount_minor'.")
    reference, status = transfer_in_at_flutterwave(world(), account_number, amount) or transfer_in(
        world(), account_number, amount, text_of(body, "sender_name") or USUAL_SENDER
    )
    return jsonify(reference=reference, status=status), 201


@blueprint.get("/standing-accounts")
def list_standing() -> Response:
    with world().store.begin() as session:
        accounts = list(session.scalars(select(DedicatedAccount).order_by(DedicatedAccount.id.desc())))
    shown = [
        {
            "account_number": account.account_number,
            "account_name": account.account_name,
            "bank": account.bank_slug,
            "currency": account.currency,
            "email": account.customer.email,
            "phone": account.customer.phone,
        }
        for account in accounts
    ]
    return jsonify(accounts=shown)


@blueprint.post("/payments/<reference>/reverse")
def reverse_payment(reference: str) -> Response:
    payment = reverse(world(), reference)
    return jsonify(reference=payment.reference, status=payment.status)


@blueprint.post("/payments/<reference>/dispute")
def dispute_payment(reference: str) -> tuple[Response, int]:
    dispute = open_dispute(world(), reference, whole_number_of(json_body(), "amount_minor"))
    return jsonify(id=dispute.id, status=dispute.status, amount_minor=dispute.amount), 201


@blueprint.post("/disputes/<int:dispute_id>/<action>")
def act_on_dispute(dispute_id: int, action: str) -> Response:
    """`{"marks_reversed": true}` lets the transaction become `reversed` too, as Paystack may show it."""
    if action not in DISPUTE_ACTIONS:
        raise ApiError(404, f"A dispute takes one of {', '.join(DISPUTE_ACTIONS)}.")
    dispute = move_dispute(world(), dispute_id, action, json_body().get("marks_reversed") is True)
    return jsonify(id=dispute.id, status=dispute.status, resolution=dispute.resolution)


@blueprint.post("/refunds/<int:refund_id>/<action>")
def act_on_refund(refund_id: int, action: str) -> Response:
    """`{"marks_reversed": true}` lets a transaction refunded whole become `reversed`, as Paystack may show it."""
    if action not in REFUND_ACTIONS:
        raise ApiError(404, f"A refund takes one of {', '.join(REFUND_ACTIONS)}.")
    refund = move_refund(world(), refund_id, action, json_body().get("marks_reversed") is True)
    return jsonify(id=refund.id, status=refund.status)


@blueprint.post("/settle")
def settle_currency() -> tuple[Response, int]:
    currency = text_of(json_body(), "currency")
    if currency not in COUNTRIES:
        raise ApiError(400, f"'currency' is one of {', '.join(COUNTRIES)}.")
    settlement = settle_collections(world(), currency)
    if settlement is None:
        raise ApiError(409, "Nothing is waiting to be settled in this currency.")
    return jsonify(settlement_resource(settlement)), 201
