"""The JSON API behind Flutterwave: what payers and banks do, what shall become of the next, the float."""

from typing import Any

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import delete, select

from sandbox.books import phones_of_checkouts
from sandbox.flutterwave.amounts import COUNTRY, shown
from sandbox.flutterwave.balances import available
from sandbox.flutterwave.charge_answers import account_number, checkout_url, ussd_code
from sandbox.flutterwave.chargebacks import DECISIONS, chargeback_resource, decide_chargeback, open_chargeback
from sandbox.flutterwave.envelope import FlutterwaveError
from sandbox.flutterwave.fees import MOBILE_TYPES
from sandbox.flutterwave.notices import operator_of, owner_of
from sandbox.flutterwave.plans import OUTCOMES, REFUND, TRANSFER
from sandbox.flutterwave.refunds import ACTIONS as REFUND_ACTIONS
from sandbox.flutterwave.refunds import FAILED as REFUND_FAILED
from sandbox.flutterwave.refunds import TAKEN, move_refund, refund_completed
from sandbox.flutterwave.resources import charge_completed, is_told
from sandbox.flutterwave.settling import settle_due
from sandbox.flutterwave.tables import FlwFloat, FlwPlan, FlwRefund, FlwTransaction, FlwTransfer
from sandbox.flutterwave.transactions import ACTIONS as PAYER_ACTIONS
from sandbox.flutterwave.transactions import OPENED, PENDING, PROVIDER, Reported, act, reverse
from sandbox.flutterwave.transfer_resources import transfer_completed
from sandbox.flutterwave.transfers import ACTIONS as TRANSFER_ACTIONS
from sandbox.flutterwave.transfers import ENDED, move_transfer
from sandbox.json_api import ApiError, error_answer, json_body, text_of, whole_number_of
from sandbox.people import as_e164
from sandbox.store import Json
from sandbox.webhooks import queue_event
from sandbox.world import world

NEWEST = 200
MAX_DELAY_SECONDS = 90 * 86_400.0
FORGET = "none"
PLANNED = {"transfers": TRANSFER, "refunds": REFUND}

blueprint = Blueprint("flutterwave_controls", __name__, url_prefix="/sandbox/flutterwave")
blueprint.register_error_handler(ApiError, error_answer)


@blueprint.errorhandler(FlutterwaveError)
def refuse(error: FlutterwaveError) -> Response:
    return error_answer(ApiError(error.status, str(error)))


@blueprint.before_request
def do_what_is_due() -> None:
    settle_due(world())


@blueprint.get("/transactions")
def list_transactions() -> Response:
    """Newest first; `phone` keeps those of one phone, `status` those of one status."""
    query = select(FlwTransaction).order_by(FlwTransaction.id.desc()).limit(NEWEST)
    if status := request.args.get("status"):
        query = query.where(FlwTransaction.status == status)
    with world().store.begin() as session:
        rows = list(session.scalars(query))
    phones = phones_of_checkouts(world().store.engine, [row.tx_ref for row in rows])
    shown_rows = [_transaction_json(row, row.phone or phones.get(row.tx_ref)) for row in rows]
    wanted = request.args.get("phone")
    phone = as_e164(wanted) if wanted else None
    return jsonify(transactions=[row for row in shown_rows if phone in (None, row["phone"])])


@blueprint.post("/transactions/<tx_ref>/<action>")
def act_on_transaction(tx_ref: str, action: str) -> Response:
    if action == "chargeback":
        return jsonify(chargeback_resource(open_chargeback(world(), tx_ref)))
    if action == "reverse":
        transaction = reverse(world(), tx_ref)
    elif action in PAYER_ACTIONS:
        transaction = act(world(), tx_ref, action, _reported(json_body()))
    else:
        raise ApiError(404, f"A payment takes one of {', '.join((*PAYER_ACTIONS, 'reverse', 'chargeback'))}.")
    return jsonify(reference=transaction.tx_ref, status=transaction.status)


@blueprint.post("/chargebacks/<int:chargeback_id>/<decision>")
def decide(chargeback_id: int, decision: str) -> Response:
    if decision not in DECISIONS:
        raise ApiError(404, f"A chargeback takes one of {', '.join(DECISIONS)}.")
    return jsonify(chargeback_resource(decide_chargeback(world(), chargeback_id, decision)))


@blueprint.get("/transfers")
def list_transfers() -> Response:
    wanted = request.args.get("phone")
    phone = as_e164(wanted) if wanted else None
    query = select(FlwTransfer).order_by(FlwTransfer.id.desc()).limit(NEWEST)
    with world().store.begin() as session:
        found = [_transfer_json(row, owner_of(session, row)) for row in session.scalars(query)]
    return jsonify(transfers=[transfer for transfer in found if phone in (None, transfer["phone"])])


@blueprint.post("/<kinds>/next")
def plan(kinds: str) -> tuple[Response, int]:
    """What becomes of coming transfers or refunds; plans are used up one after the other, `none` forgets them all."""
    if kinds not in PLANNED:
        raise ApiError(404, f"Planned are {' and '.join(PLANNED)}.")
    kind, body = PLANNED[kinds], json_body()
    outcome, count = text_of(body, "outcome"), whole_number_of(body, "count") if "count" in body else 1
    if outcome not in (*OUTCOMES[kind], FORGET):
        raise ApiError(400, f"'outcome' is one of {', '.join((*OUTCOMES[kind], FORGET))}.")
    if count == 0:
        raise ApiError(400, "'count' is at least 1, or null for every one.")
    delay_seconds, message = _delay_seconds(body.get("delay_seconds")), text_of(body, "message")
    with world().store.begin() as session:
        if outcome == FORGET:
            session.execute(delete(FlwPlan).where(FlwPlan.kind == kind))
        else:
            session.add(FlwPlan(kind=kind, outcome=outcome, count=count, delay_seconds=delay_seconds, message=message))
        session.flush()
        plans = [
            {"outcome": row.outcome, "count": row.count, "delay_seconds": row.delay_seconds}
            for row in session.scalars(select(FlwPlan).where(FlwPlan.kind == kind).order_by(FlwPlan.id))
        ]
    return jsonify(next=plans), 201


@blueprint.post("/transfers/<reference>/<action>")
def act_on_transfer(reference: str, action: str) -> Response:
    if action not in TRANSFER_ACTIONS:
        raise ApiError(404, f"A transfer takes one of {', '.join(TRANSFER_ACTIONS)}.")
    transfer = move_transfer(world(), reference, action)
    return jsonify(reference=transfer.reference, status=transfer.status)


@blueprint.post("/refunds/<int:refund_id>/<action>")
def act_on_refund(refund_id: int, action: str) -> Response:
    if action not in REFUND_ACTIONS:
        raise ApiError(404, f"A refund takes one of {', '.join(REFUND_ACTIONS)}.")
    refund = move_refund(world(), refund_id, action)
    return jsonify(id=refund.id, status=refund.status)


@blueprint.post("/float")
def set_float() -> Response:
    """What the balance holds besides collections and payouts, in minor units; null is the configured sum again.

    Less than nothing is what a settlement took to the bank.
    """
    body = json_body()
    currency, amount = text_of(body, "currency"), whole_number_of(body, "amount_minor", signed=True)
    if currency not in COUNTRY or "amount_minor" not in body:
        raise ApiError(400, f"Send 'amount_minor' and a 'currency' of {', '.join(COUNTRY)}.")
    with world().store.begin() as session:
        if amount is None:
            session.execute(delete(FlwFloat).where(FlwFloat.currency == currency))
        else:
            session.merge(FlwFloat(currency=currency, amount=amount))
        session.flush()
        balance = available(world(), session)[currency]
    return jsonify(currency=currency, balance_minor=balance)


@blueprint.post("/webhooks/<reference>/resend")
def resend_webhook(reference: str) -> tuple[Response, int]:
    """The event of a payment or payout once more; of a refund by its id."""
    event, about = _event_of(reference)
    with world().store.begin() as session:
        queue_event(world(), session, PROVIDER, about, event)
    world().doorbell.set()
    return jsonify(reference=reference, event=event["event"]), 202


def _event_of(reference: str) -> tuple[Json, str]:
    with world().store.begin() as session:
        transfer = session.scalar(select(FlwTransfer).where(FlwTransfer.reference == reference))
        transaction = session.scalar(select(FlwTransaction).where(FlwTransaction.tx_ref == reference))
        refund = session.get(FlwRefund, int(reference)) if reference.isdecimal() and len(reference) < 19 else None
    if transfer is None and transaction is None and refund is None:
        raise ApiError(404, "There is no payment, payout or refund with this reference.")
    if transfer is not None and transfer.status in ENDED:
        return transfer_completed(transfer), reference
    if transaction is not None and is_told(transaction):
        return charge_completed(transaction), reference
    if refund is not None and refund.status not in (TAKEN, REFUND_FAILED):
        return refund_completed(refund), refund.transaction.tx_ref
    raise ApiError(409, "Nothing has happened to it that an event tells of.")


def _reported(body: dict[str, Any]) -> Reported | None:
    """What is reported instead of the truth; a fault that was ordered counts only when nothing was asked for here."""
    if not body:
        return None
    if unknown := set(body) - {"amount_minor", "currency", "fee_on_top"}:
        raise ApiError(400, f"Nobody can report {', '.join(sorted(unknown))}.")
    currency, on_top = text_of(body, "currency"), body.get("fee_on_top", False)
    if currency is not None and currency not in COUNTRY:
        raise ApiError(400, f"'currency' is one of {', '.join(COUNTRY)}.")
    if not isinstance(on_top, bool):
        raise ApiError(400, "'fee_on_top' is true or false.")
    return Reported(whole_number_of(body, "amount_minor"), currency, on_top)


def _delay_seconds(value: Any) -> float | None:
    if value is None:
        return None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= MAX_DELAY_SECONDS:
        raise ApiError(400, f"'delay_seconds' is a number up to {MAX_DELAY_SECONDS:g}.")
    return float(value)


def _transaction_json(transaction: FlwTransaction, phone: str | None) -> dict[str, Any]:
    is_pending, type_ = transaction.status == PENDING, transaction.payment_type
    return {
        "reference": transaction.tx_ref,
        "id": transaction.id,
        "amount": shown(transaction.asked_amount, transaction.asked_currency),
        "amount_minor": transaction.asked_amount,
        "currency": transaction.asked_currency,
        "payment_type": type_,
        "status": transaction.status,
        "phone": phone,
        "provider": PROVIDER,
        "sender": operator_of(transaction) if type_ in MOBILE_TYPES else None,
        "is_open": _is_open(transaction),
        "ends_at": transaction.expires_at.isoformat() if transaction.expires_at else None,
        "checkout_url": checkout_url(transaction) if transaction.checkout_code else None,
        "ussd_code": ussd_code(transaction) if is_pending and type_ == "ussd" else None,
        "account_number": account_number(transaction) if is_pending and type_ == "bank_transfer" else None,
        "created_at": transaction.created_at.isoformat(),
    }


def _is_open(transaction: FlwTransaction) -> bool:
    """Whether the payer can still pay; an account that nobody paid into closes without a word."""
    is_over = transaction.expires_at is not None and transaction.expires_at <= world().clock.now()
    return transaction.status in (OPENED, PENDING) and not is_over


def _transfer_json(transfer: FlwTransfer, phone: str | None) -> dict[str, Any]:
    return {
        "reference": transfer.reference,
        "id": transfer.id,
        "amount": shown(transfer.amount, transfer.currency),
        "amount_minor": transfer.amount,
        "fee_minor": transfer.fee,
        "currency": transfer.currency,
        "status": transfer.status,
        "complete_message": transfer.complete_message,
        "account_number": transfer.account_number,
        "bank": transfer.bank_name,
        "bank_code": transfer.bank_code,
        "name": transfer.full_name,
        "reason": transfer.narration,
        "phone": phone,
        "created_at": transfer.created_at.isoformat(),
    }
