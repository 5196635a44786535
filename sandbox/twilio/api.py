"""Twilio's REST API for messages: send, fetch, list, and the media that phones sent."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, jsonify, request
from sqlalchemy import ColumnElement, func, select

from sandbox.store import Content, Media, Message
from sandbox.twilio import delivery
from sandbox.twilio.account import API_VERSION, SMS, WHATSAPP, Address, our_address, require_account
from sandbox.twilio.errors import TwilioError, error_answer
from sandbox.twilio.resources import message_resource
from sandbox.twilio.templates import MAX_BODY_CHARS, Filled, fill, has_too_many_buttons
from sandbox.world import world

MAX_PAGE_SIZE = 1000
MAX_MEDIA = 10

blueprint = Blueprint("twilio_api", __name__, url_prefix=f"/{API_VERSION}/Accounts/<account_sid>")
blueprint.register_error_handler(TwilioError, error_answer)


@blueprint.before_request
def authenticate() -> None:
    require_account((request.view_args or {}).get("account_sid"))


@blueprint.post("/Messages.json")
def create_message(account_sid: str) -> tuple[Response, int]:
    form = request.form
    recipient = Address.read(form.get("To", ""))
    sender = _sender(recipient)
    filled, error_code = _filled(recipient, form)
    if not recipient.is_possible():
        raise TwilioError(21211, recipient.number)
    if delivery.is_opted_out(world(), recipient):
        raise TwilioError(21610)
    if delivery.has_no_whatsapp(world(), recipient):
        error_code = delivery.NOT_ON_WHATSAPP
    message = delivery.dispatch(
        world(),
        delivery.Outgoing(
            sender=sender,
            recipient=recipient,
            body=filled.body,
            media=filled.media,
            buttons=filled.buttons,
            origin="api",
            status_callback=form.get("StatusCallback"),
            messaging_service_sid=form.get("MessagingServiceSid"),
            error_code=error_code,
        ),
    )
    return jsonify(message_resource(message, account_sid)), 201


@blueprint.get("/Messages/<sid>.json")
def fetch_message(account_sid: str, sid: str) -> Response:
    with world().store.begin() as session:
        message = session.scalar(select(Message).where(Message.sid == sid))
    if message is None:
        raise TwilioError(20404)
    return jsonify(message_resource(message, account_sid))


@blueprint.get("/Messages.json")
def list_messages(account_sid: str) -> Response:
    page = max(request.args.get("Page", 0, int), 0)
    size = min(max(request.args.get("PageSize", 50, int), 1), MAX_PAGE_SIZE)
    wanted = [Message.channel.in_((SMS, WHATSAPP)), *_filters(request.args)]
    query = select(Message).where(*wanted).order_by(Message.id.desc()).offset(page * size).limit(size)
    with world().store.begin() as session:
        total = session.scalar(select(func.count()).select_from(Message).where(*wanted)) or 0
        messages = list(session.scalars(query))
    asked = {key: value for key, value in request.args.items() if key not in ("Page", "PageToken")}

    def uri(number: int) -> str:
        return f"{request.path}?{urlencode({**asked, 'PageSize': size, 'Page': number})}"

    return jsonify(
        messages=[message_resource(message, account_sid) for message in messages],
        page=page,
        page_size=size,
        start=page * size,
        end=max(page * size + len(messages) - 1, 0),
        uri=uri(page),
        first_page_uri=uri(0),
        previous_page_uri=uri(page - 1) if page else None,
        next_page_uri=uri(page + 1) if (page + 1) * size < total else None,
    )


@blueprint.get("/Messages/<sid>/Media/<media_sid>")
def fetch_media(account_sid: str, sid: str, media_sid: str) -> Response:
    with world().store.begin() as session:
        media = session.get(Media, media_sid)
    if media is None or media.message_sid != sid:
        raise TwilioError(20404)
    return Response(media.data, content_type=media.content_type)


def _sender(recipient: Address) -> Address:
    """The number a message goes out from: the one asked for, or the messaging service's on that channel."""
    if not recipient.number:
        raise TwilioError(21604)
    asked = request.form.get("From", "")
    ours = our_address(world().config, recipient.channel)
    if not asked:
        if request.form.get("MessagingServiceSid", "").startswith("MG"):
            return ours
        raise TwilioError(21603)
    sender = Address.read(asked)
    if sender == ours:
        return sender
    other = our_address(world().config, SMS if recipient.channel == WHATSAPP else WHATSAPP)
    raise TwilioError(21910) if sender == other else TwilioError(21606, sender.number)


def _filled(recipient: Address, form: Mapping[str, str]) -> tuple[Filled, int | None]:
    """What the phone will show, and the code with which it will fail after all, if any."""
    content_sid = form.get("ContentSid")
    if not content_sid:
        filled = Filled(form.get("Body", ""), _media())
        if not filled.body and not filled.media:
            raise TwilioError(21602)
        if len(filled.body) > MAX_BODY_CHARS:
            raise TwilioError(21617)
        late = delivery.is_outside_window(world(), recipient)
        return filled, delivery.OUTSIDE_WINDOW if late else None
    with world().store.begin() as session:
        content = session.get(Content, content_sid)
    if content is None:
        raise TwilioError(21655)
    crowded = recipient.channel == WHATSAPP and has_too_many_buttons(content)
    filled = fill(content, recipient.channel, form.get("ContentVariables", ""))
    if len(filled.body) > MAX_BODY_CHARS:
        raise TwilioError(21617)
    return filled, delivery.BAD_TEMPLATE if crowded else None


def _media() -> list[dict[str, Any]]:
    urls = request.form.getlist("MediaUrl")
    if len(urls) > MAX_MEDIA or not all(urlsplit(url).scheme in ("http", "https") for url in urls):
        raise TwilioError(21620)
    return [{"url": url, "content_type": None} for url in urls]


def _filters(asked: Mapping[str, str]) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if asked.get("To"):
        wanted.append(Message.recipient == asked["To"])
    if asked.get("From"):
        wanted.append(Message.sender == asked["From"])
    if asked.get("DateSent"):
        day = _moment(asked["DateSent"])
        wanted.append(Message.at >= day)
        wanted.append(Message.at < day + timedelta(days=1))
    # The SDK spells `date_sent_after` as DateSent> and Twilio takes both to be inclusive.
    if asked.get("DateSent>"):
        wanted.append(Message.at >= _moment(asked["DateSent>"]))
    if asked.get("DateSent<"):
        wanted.append(Message.at <= _moment(asked["DateSent<"]))
    return wanted


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise TwilioError(20001, f"'{text}' is not a date.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
