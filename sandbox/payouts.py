"""The JSON API of the payouts behind the phones: what became of them, what shall become of the next, the float."""

from typing import Any

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import delete, select

from sandbox.json_api import ApiError, error_answer, json_body, text_of, whole_number_of
from sandbox.paystack.banks import COUNTRIES
from sandbox.paystack.envelope import PaystackError
from sandbox.paystack.ledger import balances
from sandbox.paystack.notices import owner_of, shown
from sandbox.paystack.transfers import ACTIONS, OUTCOMES, move_transfer
from sandbox.people import as_e164
from sandbox.store import Float, Transfer, TransferPlan
from sandbox.world import world

NEWEST_TRANSFERS = 200
MAX_DELAY_SECONDS = 90 * 86_400.0
FORGET = "none"

blueprint = Blueprint("payouts", __name__, url_prefix="/sandbox")
blueprint.register_error_handler(ApiError, error_answer)


@blueprint.errorhandler(PaystackError)
def refuse_transfer(error: PaystackError) -> Response:
    return error_answer(ApiError(error.status, str(error)))


@blueprint.get("/transfers")
def list_transfers() -> Response:
    wanted = request.args.get("phone")
    phone = as_e164(wanted) if wanted else None
    query = select(Transfer).order_by(Transfer.id.desc()).limit(NEWEST_TRANSFERS)
    with world().store.begin() as session:
        found = [_transfer_json(transfer, owner_of(session, transfer)) for transfer in session.scalars(query)]
    return jsonify(transfers=[transfer for transfer in found if phone in (None, transfer["phone"])])


@blueprint.post("/transfers/next")
def plan_transfers() -> tuple[Response, int]:
    """What becomes of the coming transfers; several plans are used up one after the other, `none` forgets them all."""
    body = json_body()
    outcome, count = text_of(body, "outcome"), whole_number_of(body, "count")
    if outcome not in (*OUTCOMES, FORGET):
        raise ApiError(400, f"'outcome' is one of {', '.join((*OUTCOMES, FORGET))}.")
    if "count" not in body:
        count = 1
    if count == 0:
        raise ApiError(400, "'count' is at least 1, or null for every transfer.")
    delay_seconds = _delay_seconds(body.get("delay_seconds"))
    with world().store.begin() as session:
        if outcome == FORGET:
            session.execute(delete(TransferPlan))
        else:
            session.add(TransferPlan(outcome=outcome, count=count, delay_seconds=delay_seconds))
        session.flush()
        plans = [
            {"outcome": plan.outcome, "count": plan.count, "delay_seconds": plan.delay_seconds}
            for plan in session.scalars(select(TransferPlan).order_by(TransferPlan.id))
        ]
    return jsonify(next=plans), 201


@blueprint.post("/transfers/<reference>/<action>")
def act_on_transfer(reference: str, action: str) -> Response:
    if action not in ACTIONS:
        raise ApiError(404, f"A transfer takes one of {', '.join(ACTIONS)}.")
    transfer = move_transfer(world(), reference, action)
    return jsonify(reference=transfer.reference, status=transfer.status)


@blueprint.post("/float")
def set_float() -> Response:
    """What the balance of a currency holds besides collections; null is the configured sum again.

    Less than nothing is what a settlement took to the bank.
    """
    body = json_body()
    currency, amount = text_of(body, "currency"), whole_number_of(body, "amount_minor", signed=True)
    if currency not in COUNTRIES:
        raise ApiError(400, f"'currency' is one of {', '.join(COUNTRIES)}.")
    with world().store.begin() as session:
        if amount is None:
            session.execute(delete(Float).where(Float.currency == currency))
        else:
            session.merge(Float(currency=currency, amount=amount))
        session.flush()
        balance = balances(world(), session)[currency]
    return jsonify(currency=currency, balance_minor=balance)


def _delay_seconds(value: Any) -> float | None:
    if value is None:
        return None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= MAX_DELAY_SECONDS:
        raise ApiError(400, f"'delay_seconds' is a number up to {MAX_DELAY_SECONDS:g}.")
    return float(value)


def _transfer_json(transfer: Transfer, phone: str | None) -> dict[str, Any]:
    recipient = transfer.recipient
    return {
        "reference": transfer.reference,
        "transfer_code": transfer.transfer_code,
        "amount": shown(transfer.currency, transfer.amount),
        "amount_minor": transfer.amount,
        "fee_minor": transfer.fee,
        "currency": transfer.currency,
        "status": transfer.status,
        "account_number": recipient.account_number,
        "bank": recipient.bank_name,
        "bank_code": recipient.bank_code,
        "name": recipient.name,
        "reason": transfer.reason,
        "phone": phone,
        "created_at": transfer.created_at.isoformat(),
    }
