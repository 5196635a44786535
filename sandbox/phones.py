"""The JSON API of the phones: people, what they send, and their inboxes. The page and the story tests use it."""

import base64
import binascii
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import select

from sandbox.inbox import message_json
from sandbox.json_api import ApiError, error_answer, json_body, text_of
from sandbox.people import PersonError, add_person, as_e164, ensure_person, person_json
from sandbox.store import Json, Message, Person
from sandbox.twilio.account import SMS, WHATSAPP
from sandbox.twilio.inbound import PIXEL_GIF, Attachment, Inbound, deliver_inbound
from sandbox.world import world

ANSWER_SECONDS = 10.0
MAX_TEXT_CHARS = 4096
MAX_MEDIA = 10
MAX_MEDIA_BYTES = 16 * 1024 * 1024
SHOWN_IN_REPLY = ("id", "channel", "from", "text", "segments", "encoding", "cost", "media", "buttons")

blueprint = Blueprint("phones", __name__, url_prefix="/sandbox")
blueprint.register_error_handler(ApiError, error_answer)


@blueprint.errorhandler(PersonError)
def refuse_person(error: PersonError) -> Response:
    return error_answer(ApiError(409 if "already" in str(error) else 400, str(error)))


@blueprint.post("/people")
def create_person() -> tuple[Response, int]:
    body = json_body()
    given = [text_of(body, key) for key in ("name", "country", "e164", "phone_kind")]
    with world().store.begin() as session:
        person = add_person(session, *given)
    return jsonify(person_json(person)), 201


@blueprint.get("/people")
def list_people() -> Response:
    with world().store.begin() as session:
        people = session.scalars(select(Person).order_by(Person.created_at, Person.e164))
        return jsonify([person_json(person) for person in people])


@blueprint.post("/phones/<number>/messages")
def send_message(number: str) -> Response:
    inbound = _inbound(as_e164(number), json_body())
    here = world()
    last_id = _last_id(inbound.phone)
    future = here.later(lambda: deliver_inbound(here, inbound))
    try:
        outcome = future.result(timeout=ANSWER_SECONDS)
    except FutureTimeoutError as error:
        raise ApiError(504, f"The product has not answered within {ANSWER_SECONDS:g} seconds.") from error
    if outcome.error:
        raise ApiError(502, outcome.error, {"status": outcome.status})
    replies = outcome.replies or here.inbox.wait_for(
        inbound.phone, inbound.channel, last_id, here.config.rest_reply_seconds
    )
    return jsonify(replies=[_reply_json(message) for message in replies])


@blueprint.get("/phones/<number>/inbox")
def read_inbox(number: str) -> Response:
    after = request.args.get("after", "0")
    if not after.isdigit():
        raise ApiError(400, "'after' must be the id of a message.")
    everything = request.args.get("all", "") in ("1", "true")
    messages = world().inbox.read(as_e164(number), int(after), everything)
    return jsonify(messages=[message_json(message) for message in messages])


def _reply_json(message: Message) -> dict[str, Any]:
    shown = message_json(message)
    return {key: shown[key] for key in SHOWN_IN_REPLY}


def _last_id(phone: str) -> int:
    newest = select(Message.id).where(Message.phone == phone).order_by(Message.id.desc()).limit(1)
    with world().store.begin() as session:
        return session.scalar(newest) or 0


def _inbound(phone: str, body: dict[str, Any]) -> Inbound:
    channel = text_of(body, "channel") or SMS
    if channel not in (SMS, WHATSAPP):
        raise ApiError(400, "'channel' is 'sms' or 'whatsapp'.")
    with world().store.begin() as session:
        person = ensure_person(session, phone)
    if channel == WHATSAPP and person.phone_kind == "feature":
        raise ApiError(400, f"{person.name} has a feature phone, which has no WhatsApp.")
    text, button_id = text_of(body, "text") or "", text_of(body, "button")
    media = _media(body.get("media") or [])
    if not text and not media and button_id is None:
        raise ApiError(400, "A message needs 'text', 'button' or 'media'.")
    if len(text) > MAX_TEXT_CHARS:
        raise ApiError(400, f"A text has at most {MAX_TEXT_CHARS} characters.")
    button, button_message_sid = _button(phone, channel, button_id)
    return Inbound(phone, channel, text, button, button_message_sid, media, text_of(body, "message_sid"))


def _button(phone: str, channel: str, button_id: str | None) -> tuple[Json | None, str | None]:
    """The newest button with this id that the phone was shown, and the message that showed it."""
    if button_id is None:
        return None, None
    if channel != WHATSAPP:
        raise ApiError(400, "Buttons exist on WhatsApp only; an SMS takes 'text'.")
    shown = select(Message).where(
        Message.phone == phone, Message.arrived, Message.buttons.contains([{"id": button_id}])
    )
    with world().store.begin() as session:
        message = session.scalar(shown.order_by(Message.id.desc()).limit(1))
    if message is None:
        raise ApiError(404, f"No message on this phone shows a button '{button_id}'.")
    button = next(button for button in message.buttons if button["id"] == button_id)
    if button.get("kind") == "link":
        raise ApiError(400, f"'{button['title']}' opens {button['url']} and sends nothing.")
    return button, message.sid


def _media(given: Any) -> list[Attachment]:
    if not isinstance(given, list) or len(given) > MAX_MEDIA or not all(isinstance(item, dict) for item in given):
        raise ApiError(400, f"'media' is a list of at most {MAX_MEDIA} objects with a 'content_type'.")
    return [Attachment(text_of(item, "content_type") or "image/gif", _bytes(text_of(item, "base64"))) for item in given]


def _bytes(encoded: str | None) -> bytes:
    if encoded is None:
        return PIXEL_GIF
    try:
        data = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise ApiError(400, "'base64' of a medium cannot be decoded.") from error
    if len(data) > MAX_MEDIA_BYTES:
        raise ApiError(413, "A medium has at most 16 MB.")
    return data
