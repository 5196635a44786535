"""Twilio's REST API for calls: the phone rings, is answered, and hears what the product's TwiML says.

What was heard is written to the inbox on the channel `voice`. Nobody presses a key.
"""

import time
from dataclasses import dataclass
from xml.etree import ElementTree

from flask import Blueprint, Response, jsonify, request

from sandbox.store import Call
from sandbox.twilio.account import API_VERSION, SMS, Address, new_sid, our_address, require_account
from sandbox.twilio.errors import TwilioError, error_answer
from sandbox.twilio.resources import call_resource
from sandbox.twilio.twiml import TwimlError, read_response
from sandbox.twilio.webhook import post_signed
from sandbox.world import World, world

RING_SECONDS = 0.05
TALK_SECONDS = 20

blueprint = Blueprint("twilio_calls", __name__, url_prefix=f"/{API_VERSION}/Accounts/<account_sid>")
blueprint.register_error_handler(TwilioError, error_answer)


@dataclass(frozen=True)
class CallPlan:
    """What the product asked for beside the two numbers."""

    sid: str
    url: str | None
    twiml: str | None
    status_callback: str | None
    events: frozenset[str]
    detects_machine: bool


@blueprint.before_request
def authenticate() -> None:
    require_account((request.view_args or {}).get("account_sid"))


@blueprint.post("/Calls.json")
def create_call(account_sid: str) -> tuple[Response, int]:
    form = request.form
    recipient, sender = Address.read(form.get("To", "")), Address.read(form.get("From", ""))
    if not recipient.is_possible():
        raise TwilioError(21211, recipient.number)
    if sender != our_address(world().config, SMS):
        raise TwilioError(21606, sender.number)
    if not form.get("Url") and not form.get("Twiml"):
        raise TwilioError(21205)
    call = Call(
        sid=new_sid("CA"),
        sender=str(sender),
        recipient=str(recipient),
        status="queued",
        created_at=world().clock.now(),
    )
    with world().store.begin() as session:
        session.add(call)
    events = {word for event in form.getlist("StatusCallbackEvent") for word in event.split()}
    plan = CallPlan(
        sid=call.sid,
        url=form.get("Url"),
        twiml=form.get("Twiml"),
        status_callback=form.get("StatusCallback"),
        events=frozenset(events or {"completed"}),
        detects_machine="MachineDetection" in form,
    )
    here = world()
    here.later(lambda: _carry_out(here, plan))
    return jsonify(call_resource(call, account_sid)), 201


@blueprint.get("/Calls/<sid>.json")
def fetch_call(account_sid: str, sid: str) -> Response:
    with world().store.begin() as session:
        call = session.get(Call, sid)
    if call is None:
        raise TwilioError(20404)
    return jsonify(call_resource(call, account_sid))


def _carry_out(world: World, plan: CallPlan) -> None:
    _move(world, plan, "initiated", 0)
    _move(world, plan, "ringing", 1)
    time.sleep(RING_SECONDS)
    call = _move(world, plan, "answered", 2)
    heard = _heard(world, plan, call)
    if heard:
        world.inbox.write(
            channel="voice",
            direction="in",
            origin="call",
            sender=call.sender,
            recipient=call.recipient,
            phone=call.recipient,
            body=heard,
            status="completed",
            sid=call.sid,
        )
    _move(world, plan, "completed", 3)


def _move(world: World, plan: CallPlan, event: str, sequence: int) -> Call:
    """Bring a call to its next stage and tell the product when it asked to be told."""
    now = world.clock.now()
    with world.store.begin() as session:
        call = session.get_one(Call, plan.sid)
        call.status = {"initiated": "queued", "answered": "in-progress"}.get(event, event)
        if event == "answered":
            call.started_at = now
            call.answered_by = "human" if plan.detects_machine else None
        if event == "completed":
            call.ended_at, call.duration_seconds = now, TALK_SECONDS
    if plan.status_callback and event in plan.events:
        status = "initiated" if event == "initiated" else call.status
        params = _params(world, call, status) | {"SequenceNumber": str(sequence)}
        if event == "completed":
            params["CallDuration"] = str(TALK_SECONDS)
        answer = post_signed(plan.status_callback, params, world.config.twilio_auth_token)
        if answer.error:
            world.record_webhook_error("twilio", plan.sid, plan.status_callback, answer.status, answer.error)
    return call


def _heard(world: World, plan: CallPlan, call: Call) -> str:
    text = plan.twiml or ""
    if plan.url:
        answer = post_signed(plan.url, _params(world, call, call.status), world.config.twilio_auth_token)
        if answer.error:
            world.record_webhook_error("twilio", call.sid, plan.url, answer.status, answer.error)
            return ""
        text = answer.body
    try:
        return "\n".join(_spoken(read_response(text)))
    except TwimlError as error:
        world.record_webhook_error("twilio", call.sid, plan.url or "Twiml", None, str(error))
        return ""


def _spoken(root: ElementTree.Element) -> list[str]:
    return [(element.text or "").strip() for element in root.iter() if element.tag in ("Say", "Play")]


def _params(world: World, call: Call, status: str) -> dict[str, str]:
    params = {
        "AccountSid": world.config.twilio_account_sid,
        "ApiVersion": API_VERSION,
        "CallSid": call.sid,
        "CallStatus": status,
        "Called": call.recipient,
        "Caller": call.sender,
        "Direction": "outbound-api",
        "From": call.sender,
        "To": call.recipient,
    }
    return params | {"AnsweredBy": call.answered_by} if call.answered_by else params
