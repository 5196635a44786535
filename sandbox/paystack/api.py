"""Paystack's API as far as the product needs it to collect: initialize, verify, list, balance."""

import hmac
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy import ColumnElement, func, select

from sandbox.paystack.envelope import PaystackError, answer, error_answer, invalid
from sandbox.paystack.payments import find_payment, open_payment
from sandbox.paystack.resources import transaction_resource
from sandbox.store import Payment
from sandbox.world import world

MAX_PER_PAGE = 100

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
    asked = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    if not isinstance(asked, dict):
        raise invalid("invalid_params", "Invalid request body", "Send a JSON object")
    payment = open_payment(world(), asked)
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
    page = max(request.args.get("page", 1, int), 1)
    per_page = min(max(request.args.get("perPage", 50, int), 1), MAX_PER_PAGE)
    wanted = _filters()
    query = select(Payment).where(*wanted).order_by(Payment.id.desc()).offset((page - 1) * per_page).limit(per_page)
    with world().store.begin() as session:
        total = session.scalar(select(func.count()).select_from(Payment).where(*wanted)) or 0
        volume = session.scalar(select(func.sum(Payment.amount)).where(*wanted)) or 0
        payments = list(session.scalars(query))
    meta: dict[str, Any] = {
        "total": total,
        "total_volume": int(volume),
        "skipped": (page - 1) * per_page,
        "perPage": per_page,
        "page": page,
        "pageCount": -(-total // per_page),
    }
    return answer("Transactions retrieved", [transaction_resource(payment) for payment in payments], meta)


@blueprint.get("/transaction/<int:payment_id>")
def fetch_transaction(payment_id: int) -> Response:
    with world().store.begin() as session:
        payment = session.get(Payment, payment_id)
    if payment is None:
        raise PaystackError(404, "transaction_not_found", "Transaction not found", "Send the id of a transaction")
    return answer("Transaction retrieved", transaction_resource(payment))


@blueprint.get("/balance")
def balance() -> Response:
    kept = func.sum(Payment.amount - func.coalesce(Payment.fees, 0))
    query = select(Payment.currency, kept).where(Payment.status == "success").group_by(Payment.currency)
    with world().store.begin() as session:
        rows = session.execute(query.order_by(Payment.currency)).all()
    balances = [{"currency": currency, "balance": int(amount)} for currency, amount in rows]
    return answer("Balances retrieved", balances or [{"currency": "NGN", "balance": 0}])


def _filters() -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if status := request.args.get("status"):
        wanted.append(Payment.status == status)
    if first := request.args.get("from"):
        wanted.append(Payment.created_at >= _moment(first))
    if last := request.args.get("to"):
        wanted.append(Payment.created_at <= _moment(last))
    return wanted


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise invalid(
            "invalid_params", f"'{text}' is not a date", "Send a date such as 2016-09-24T00:00:05.000Z"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
