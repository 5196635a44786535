"""Flutterwave's API as far as the product needs it to collect: payments, charges, transactions and refunds."""

from flask import Blueprint, Response, request

from sandbox.flutterwave.charge_answers import charge_answer, checkout_url
from sandbox.flutterwave.chargebacks import chargeback_resource
from sandbox.flutterwave.charges import open_checkout, start_charge
from sandbox.flutterwave.envelope import FlutterwaveError, answer, authenticate, error_answer, fields_sent
from sandbox.flutterwave.paging import equal, newest
from sandbox.flutterwave.refunds import find_refund, listed_refund, refund_resource, start_refund
from sandbox.flutterwave.resources import listed_resource, transaction_resource
from sandbox.flutterwave.settling import settle_due
from sandbox.flutterwave.tables import FlwChargeback, FlwRefund, FlwTransaction
from sandbox.flutterwave.transactions import OPENED, find_transaction
from sandbox.world import world

FETCHED = "Transaction fetched successfully"

blueprint = Blueprint("flutterwave_api", __name__, url_prefix="/flutterwave/v3")
blueprint.register_error_handler(FlutterwaveError, error_answer)
blueprint.before_request(authenticate)


@blueprint.before_request
def do_what_is_due() -> None:
    # Whoever asks after the clock was moved sees what the jump has brought, and not the sweep before it.
    settle_due(world())


@blueprint.post("/payments")
def payments() -> Response:
    return answer("Hosted Link", {"link": checkout_url(open_checkout(world(), fields_sent()))})


@blueprint.post("/charges")
def charges() -> Response:
    type_ = request.args.get("type", "")
    return charge_answer(type_, start_charge(world(), type_, fields_sent()))


@blueprint.get("/transactions/<int:transaction_id>/verify")
def verify(transaction_id: int) -> Response:
    return answer(FETCHED, transaction_resource(find_transaction(world(), FlwTransaction.id == transaction_id)))


@blueprint.get("/transactions/verify_by_reference")
def verify_by_reference() -> Response:
    tx_ref = request.args.get("tx_ref", "")
    return answer(FETCHED, transaction_resource(find_transaction(world(), FlwTransaction.tx_ref == tx_ref)))


@blueprint.get("/transactions")
def transactions() -> Response:
    wanted = equal(FlwTransaction, "tx_ref", "status", "currency")
    rows, meta = newest(world().store, FlwTransaction, FlwTransaction.status != OPENED, *wanted)
    return answer("Transactions fetched", [listed_resource(row) for row in rows], meta)


@blueprint.post("/transactions/<int:transaction_id>/refund")
def refund(transaction_id: int) -> Response:
    asked = fields_sent() if request.get_data() else {}
    return answer("Transaction refund initiated", refund_resource(start_refund(world(), transaction_id, asked)))


@blueprint.get("/refunds")
def refunds() -> Response:
    """`id` is that of the transaction here."""
    wanted = equal(FlwRefund, "status", "currency")
    if of := request.args.get("id", type=int):
        wanted.append(FlwRefund.transaction_id == of)
    rows, meta = newest(world().store, FlwRefund, *wanted)
    return answer("Refunds fetched", [listed_refund(row) for row in rows], meta)


@blueprint.get("/refunds/<int:refund_id>")
def fetch_refund(refund_id: int) -> Response:
    return answer("Refund fetched", listed_refund(find_refund(world(), FlwRefund.id == refund_id)))


@blueprint.get("/chargebacks")
def chargebacks() -> Response:
    wanted = equal(FlwChargeback, "status", "currency")
    if chargeback_id := request.args.get("id", type=int):
        wanted.append(FlwChargeback.id == chargeback_id)
    rows, meta = newest(world().store, FlwChargeback, *wanted)
    return answer("Chargebacks fetched", [chargeback_resource(row) for row in rows], meta)
