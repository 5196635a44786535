"""The JSON API behind the phones: payments, webhooks sent again, faults, the clock, and the state of the books."""

from typing import Any

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import or_, select

from sandbox import books
from sandbox.clock import SpanError
from sandbox.faults import FaultError, read_fault
from sandbox.json_api import ApiError, error_answer, json_body, text_of, whole_number_of
from sandbox.paystack.envelope import PaystackError
from sandbox.paystack.fees import CURRENCIES
from sandbox.paystack.payments import (
    ACTIONS,
    CHECKOUT,
    Reported,
    act,
    amount_shown,
    do_due_payments,
    find_payment,
    has_ended,
)
from sandbox.paystack.resources import charge_success
from sandbox.paystack.transfer_resources import transfer_event
from sandbox.paystack.transfers import TOLD, settle_due
from sandbox.people import as_e164
from sandbox.store import Json, Payment, Transfer, WebhookError
from sandbox.webhooks import PAYSTACK, queue_event
from sandbox.world import world

NEWEST_ERRORS = 30
NEWEST_PAYMENTS = 200
OPEN = ("abandoned", "pending", "ongoing")

blueprint = Blueprint("controls", __name__, url_prefix="/sandbox")
blueprint.register_error_handler(ApiError, error_answer)


@blueprint.errorhandler(PaystackError)
def refuse_payment(error: PaystackError) -> Response:
    return error_answer(ApiError(error.status, "There is no payment with this reference."))


@blueprint.get("/payments")
def list_payments() -> Response:
    wanted = request.args.get("phone")
    query = select(Payment).order_by(Payment.id.desc()).limit(NEWEST_PAYMENTS)
    if request.args.get("all", "") not in ("1", "true"):
        is_open = or_(Payment.kind == CHECKOUT, Payment.status != "abandoned")
        query = query.where(Payment.status.in_(OPEN), is_open)
    with world().store.begin() as session:
        payments = list(session.scalars(query))
    phones = books.phones_of_checkouts(world().store.engine, [payment.reference for payment in payments])
    phone = as_e164(wanted) if wanted else None
    shown = [_payment_json(payment, _phone_of(payment, phones)) for payment in payments]
    return jsonify(payments=[payment for payment in shown if phone in (None, payment["phone"])])


@blueprint.post("/payments/<reference>/<action>")
def act_on_payment(reference: str, action: str) -> Response:
    if action not in ACTIONS:
        raise ApiError(404, "A payer can pay, decline or abandon.")
    body = json_body()
    currency = text_of(body, "currency")
    if currency is not None and currency not in CURRENCIES:
        raise ApiError(400, f"'currency' is one of {', '.join(CURRENCIES)}.")
    payment = act(world(), reference, action, Reported(whole_number_of(body, "amount_minor"), currency))
    return jsonify(reference=payment.reference, status=payment.status)


@blueprint.post("/webhooks/<reference>/resend")
def resend_webhook(reference: str) -> tuple[Response, int]:
    event = _event_of(reference)
    if event is None:
        raise ApiError(409, "Only a payment that succeeded, or a payout that has ended, has an event to send.")
    with world().store.begin() as session:
        queue_event(world(), session, PAYSTACK, reference, event)
    world().doorbell.set()
    return jsonify(reference=reference, event=event["event"]), 202


@blueprint.post("/faults")
def order_fault() -> tuple[Response, int]:
    try:
        fault = read_fault(json_body())
    except FaultError as error:
        raise ApiError(400, str(error)) from error
    world().faults.order(fault)
    return _faults_json(), 201


@blueprint.get("/faults")
def list_faults() -> Response:
    return _faults_json()


@blueprint.get("/clock")
def read_clock() -> Response:
    return _clock_json()


@blueprint.post("/clock")
def set_clock() -> Response:
    body = json_body()
    forward = text_of(body, "forward")
    if body.get("reset") is True:
        world().clock.reset()
    elif forward is not None:
        try:
            world().clock.forward(forward)
        except SpanError as error:
            raise ApiError(400, str(error)) from error
    else:
        raise ApiError(400, 'Send {"forward": "3d"} or {"reset": true}.')
    # What became due by the jump is done now and not at the next sweep.
    settle_due(world())
    do_due_payments(world())
    world().doorbell.set()
    return _clock_json()


@blueprint.get("/state")
def read_state() -> Response:
    engine = world().store.engine
    newest = select(WebhookError).order_by(WebhookError.id.desc()).limit(NEWEST_ERRORS)
    with world().store.begin() as session:
        errors = list(session.scalars(newest))
    return jsonify(
        now=world().clock.now().isoformat(),
        groups=books.read_groups(engine),
        outbox=books.read_outbox(engine),
        webhook_errors=[_error_json(error) for error in errors],
    )


def _event_of(reference: str) -> Json | None:
    with world().store.begin() as session:
        transfer = session.scalar(select(Transfer).where(Transfer.reference == reference))
    if transfer is not None:
        return transfer_event(transfer) if transfer.status in TOLD else None
    payment = find_payment(world(), reference)
    return charge_success(payment) if payment.status == "success" else None


def _payment_json(payment: Payment, phone: str | None) -> dict[str, Any]:
    return {
        "reference": payment.reference,
        "amount": amount_shown(payment),
        "amount_minor": payment.requested_amount,
        "currency": payment.currency,
        "status": "open" if payment.status in OPEN and not has_ended(payment) else payment.status,
        "checkout_url": f"{world().config.public_url}/paystack/checkout/{payment.access_code}",
        "created_at": payment.created_at.isoformat(),
        "phone": phone,
        "kind": payment.kind,
        "channel": payment.channel,
        "provider": PAYSTACK,
        "sender": (payment.told or {}).get("sender"),
        "step": payment.step,
        "ends_at": payment.due_at.isoformat() if payment.due_at else None,
        "instructions": _instructions(payment),
    }


def _instructions(payment: Payment) -> Json:
    """What the payer of a charge was told: the code to dial, or the account to pay into."""
    return {key: value for key, value in (payment.told or {}).items() if key != "sender"}


def _phone_of(payment: Payment, phones: dict[str, str]) -> str | None:
    if payment.phone is not None:
        return payment.phone
    metadata: Any = payment.metadata_sent["value"]
    sent = metadata.get("phone") if isinstance(metadata, dict) else None
    return sent if isinstance(sent, str) else phones.get(payment.reference)


def _error_json(error: WebhookError) -> dict[str, Any]:
    return {
        "id": error.id,
        "provider": error.provider,
        "subject": error.subject,
        "url": error.url,
        "status": error.status,
        "error": error.error,
        "at": error.at.isoformat(),
    }


def _faults_json() -> Response:
    return jsonify(
        faults=[
            {
                "target": fault.target,
                "kind": fault.kind,
                "count": fault.count,
                "path": fault.path,
                "method": fault.method,
                "seconds": fault.seconds,
            }
            for fault in world().faults.pending()
        ]
    )


def _clock_json() -> Response:
    clock = world().clock
    return jsonify(now=clock.now().isoformat(), offset_seconds=clock.offset_seconds())
