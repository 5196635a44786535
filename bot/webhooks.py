"""Inbound webhooks of the channels, and the pictures their answers point to."""

import io

import segno
from flask import Blueprint, Response, abort, request, send_file
from werkzeug.datastructures import MultiDict

from bot import delivery, dialogue
from bot.channels import twilio
from bot.commands.creating import join_link
from core import clock, db
from ledger import codes

blueprint = Blueprint("bot_webhooks", __name__)


@blueprint.post("/webhooks/twilio/messages")
def twilio_message() -> Response:
    """A member's message; the answer is the reply itself, and the same again for the same message."""
    incoming = twilio.parse(_signed_form())
    with db.session() as session:
        answer = dialogue.respond(session, incoming, clock.now(), twilio.twiml)
        session.commit()
    return Response(answer, mimetype="text/xml")


@blueprint.post("/webhooks/twilio/status")
def twilio_status() -> tuple[str, int]:
    """What became of a message that we sent; `n` is its row in our log."""
    form = _signed_form()
    number = request.args.get("n", "")
    if number.isdecimal() and len(number) <= 18:
        with db.session() as session:
            delivery.status_changed(
                session,
                int(number),
                form.get("MessageStatus", ""),
                form.get("ErrorCode", ""),
                form.get("MessageSid", ""),
            )
            session.commit()
    return "", 204


@blueprint.get("/join/<code>.png")
def join_picture(code: str) -> Response:
    """The QR picture of a join link. Made from the code alone, so that it tells nobody which codes exist."""
    if not codes.is_well_formed(code):
        abort(404)
    picture = io.BytesIO()
    segno.make(join_link(code), error="m").save(picture, kind="png", scale=10, border=3, dark="#2f3e9e")
    picture.seek(0)
    response = send_file(picture, mimetype="image/png")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


def _signed_form() -> "MultiDict[str, str]":
    query = request.query_string.decode("latin-1")
    address = request.path + (f"?{query}" if query else "")
    form: MultiDict[str, str] = request.form
    twilio.verify(address, form, request.headers.get("X-Twilio-Signature", ""))
    return form
