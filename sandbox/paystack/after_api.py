"""Paystack's API of what comes after a payment: refunds, disputes, settlements and the ledger of the balance."""

from flask import Blueprint, Response, request
from sqlalchemy import ColumnElement

from sandbox.paystack.api import authenticate, fields_sent
from sandbox.paystack.disputes import dispute_resource, find_dispute
from sandbox.paystack.envelope import PaystackError, answer, error_answer
from sandbox.paystack.ledger import entry_resource
from sandbox.paystack.paging import newest
from sandbox.paystack.refunds import find_refund, make_refund, queued_refund, refund_resource
from sandbox.paystack.resources import transaction_resource
from sandbox.paystack.settlements import settlement_resource
from sandbox.paystack.tables import Dispute, LedgerEntry, Refund, Settlement
from sandbox.store import Payment
from sandbox.world import world

blueprint = Blueprint("paystack_after", __name__, url_prefix="/paystack")
blueprint.register_error_handler(PaystackError, error_answer)
blueprint.before_request(authenticate)


@blueprint.post("/refund")
def create_refund() -> Response:
    return answer("Refund has been queued for processing", queued_refund(make_refund(world(), fields_sent())))


@blueprint.get("/refund")
def list_refunds() -> Response:
    """By transaction (its reference or id), currency, status, `from` and `to`."""
    wanted = []
    if transaction := request.args.get("transaction") or request.args.get("reference"):
        wanted.append(Refund.payment.has(_is_transaction(transaction)))
    if currency := request.args.get("currency"):
        wanted.append(Refund.currency == currency.upper())
    refunds, meta = newest(world().store, Refund, *wanted)
    return answer("Refunds retrieved", [refund_resource(refund) for refund in refunds], meta)


@blueprint.get("/refund/<int:refund_id>")
def fetch_refund(refund_id: int) -> Response:
    return answer("Refund retrieved", refund_resource(find_refund(world(), refund_id)))


@blueprint.get("/dispute")
def list_disputes() -> Response:
    """By transaction (its id or reference), status, `from` and `to`."""
    wanted = []
    if transaction := request.args.get("transaction"):
        wanted.append(Dispute.payment.has(_is_transaction(transaction)))
    disputes, meta = newest(world().store, Dispute, *wanted)
    return answer("Disputes retrieved", [dispute_resource(dispute) for dispute in disputes], meta)


@blueprint.get("/dispute/<int:dispute_id>")
def fetch_dispute(dispute_id: int) -> Response:
    return answer("Dispute retrieved", dispute_resource(find_dispute(world(), dispute_id)))


@blueprint.get("/settlement")
def list_settlements() -> Response:
    settlements, meta = newest(world().store, Settlement)
    return answer("Settlements retrieved", [settlement_resource(settlement) for settlement in settlements], meta)


@blueprint.get("/settlement/<int:settlement_id>/transactions")
def list_settled(settlement_id: int) -> Response:
    payments, meta = newest(world().store, Payment, Payment.settlement_id == settlement_id)
    return answer("Transactions retrieved", [transaction_resource(payment) for payment in payments], meta)


@blueprint.get("/balance/ledger")
def list_ledger() -> Response:
    entries, meta = newest(world().store, LedgerEntry)
    with world().store.begin() as session:
        shown = [entry_resource(world(), session, entry) for entry in entries]
    return answer("Balance ledger retrieved", shown, meta)


def _is_transaction(wanted: str) -> ColumnElement[bool]:
    by_reference = Payment.reference == wanted
    return by_reference | (Payment.id == int(wanted)) if wanted.isdecimal() and len(wanted) < 19 else by_reference
