"""A phone writes to the product: the signed webhook of Twilio, and the product's TwiML answer back to the phone."""

import base64
import json
from dataclasses import dataclass, field

from bot.channels import gsm7
from sandbox.people import country_of, ensure_person
from sandbox.store import Json, Media, Message, Person
from sandbox.twilio import delivery
from sandbox.twilio.account import API_VERSION, SMS, WHATSAPP, Address, new_sid, our_address
from sandbox.twilio.optout import own_reply
from sandbox.twilio.twiml import TwimlError, TwimlMessage, read_messages
from sandbox.twilio.webhook import WebhookAnswer, post_signed
from sandbox.world import World

WEBHOOK_PATH = "/webhooks/twilio/messages"
# One grey pixel: a phone that sends "a picture" without bytes still sends a real one.
PIXEL_GIF = base64.b64decode("R0lGODlhAQABAIAAAMLCwgAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==")


@dataclass(frozen=True)
class Attachment:
    content_type: str
    data: bytes = PIXEL_GIF


@dataclass(frozen=True)
class Inbound:
    """What someone does on a phone; a button is one that an earlier message showed."""

    phone: str
    channel: str
    text: str = ""
    button: Json | None = None
    button_message_sid: str | None = None
    media: list[Attachment] = field(default_factory=list)
    message_sid: str | None = None


@dataclass(frozen=True)
class InboundOutcome:
    """What came of it; `error` says why the product's answer was no good."""

    replies: list[Message]
    status: int | None
    error: str | None


def deliver_inbound(world: World, inbound: Inbound) -> InboundOutcome:
    """Carry a phone's message to the product and the answer back; blocks until the last retry is over."""
    sid = inbound.message_sid or new_sid("MM" if inbound.media else "SM")
    sender = Address(inbound.channel, inbound.phone)
    ours = our_address(world.config, inbound.channel)
    media = _keep(world, inbound, sid, sender, ours)
    replies = _own_replies(world, inbound, sender, ours)
    with world.store.begin() as session:
        person = ensure_person(session, inbound.phone)
    params = _params(world, inbound, sid, media, person)
    url = f"{world.config.product_url}{WEBHOOK_PATH}#{world.config.twilio_webhook_fragment}"
    answer = post_signed(url, params, world.config.twilio_auth_token)
    try:
        twiml = _twiml(answer)
    except TwimlError as error:
        world.record_webhook_error("twilio", sid, url, answer.status, str(error))
        return InboundOutcome(replies, answer.status, str(error))
    replies += [message for one in twiml if (message := _reply(world, one, ours, sender)) is not None]
    return InboundOutcome(replies, answer.status, None)


def _twiml(answer: WebhookAnswer) -> list[TwimlMessage]:
    if answer.error:
        raise TwimlError(f"11200: the product {answer.error} (attempt {answer.attempts}).")
    return read_messages(answer.content_type, answer.body)


def _keep(world: World, inbound: Inbound, sid: str, sender: Address, ours: Address) -> list[Json]:
    """Remember what the phone sent; a repeated MessageSid is the same message and is kept once."""
    base = f"{world.config.public_url}/{API_VERSION}/Accounts/{world.config.twilio_account_sid}/Messages/{sid}/Media"
    files = [
        Media(sid=new_sid("ME"), message_sid=sid, content_type=file.content_type, data=file.data)
        for file in inbound.media
    ]
    media: list[Json] = [{"url": f"{base}/{file.sid}", "content_type": file.content_type} for file in files]
    with world.store.begin() as session:
        earlier = session.query(Message).filter(Message.sid == sid).one_or_none()
        if earlier is not None:
            return earlier.media
        session.add_all(files)
    world.inbox.write(
        sid=sid,
        channel=inbound.channel,
        direction="out",
        origin="inbound",
        sender=str(sender),
        recipient=str(ours),
        phone=inbound.phone,
        body=_body(inbound),
        media=media,
        status="received",
    )
    return media


def _own_replies(world: World, inbound: Inbound, sender: Address, ours: Address) -> list[Message]:
    own = own_reply(inbound.text) if inbound.channel == SMS else None
    if own is None:
        return []
    text, opted_out = own
    if opted_out is not None:
        with world.store.begin() as session:
            ensure_person(session, inbound.phone).sms_opted_out = opted_out
    return [delivery.dispatch(world, delivery.Outgoing(ours, sender, text, "auto"))]


def _reply(world: World, twiml: TwimlMessage, ours: Address, sender: Address) -> Message | None:
    opted_out = delivery.is_opted_out(world, sender)
    message = delivery.dispatch(
        world,
        delivery.Outgoing(
            sender=ours,
            recipient=sender,
            body=twiml.body,
            origin="reply",
            media=[{"url": url, "content_type": None} for url in twiml.media_urls],
            status_callback=twiml.status_callback,
            error_code=delivery.OPTED_OUT if opted_out else None,
        ),
    )
    return None if opted_out else message


def _params(world: World, inbound: Inbound, sid: str, media: list[Json], person: Person) -> dict[str, str]:
    body = _body(inbound)
    params = {
        "AccountSid": world.config.twilio_account_sid,
        "ApiVersion": API_VERSION,
        "Body": body,
        "From": str(Address(inbound.channel, inbound.phone)),
        "MessageSid": sid,
        "NumMedia": str(len(media)),
        "NumSegments": str(gsm7.segments(body) if inbound.channel == SMS else 1),
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": "received",
        "To": str(our_address(world.config, inbound.channel)),
    }
    for number, item in enumerate(media):
        params[f"MediaUrl{number}"] = item["url"]
        params[f"MediaContentType{number}"] = item["content_type"]
    if inbound.channel == WHATSAPP:
        return params | _whatsapp_params(inbound, media, person)
    place = {"City": "", "State": "", "Zip": "", "Country": country_of(inbound.phone)}
    return params | {f"From{key}": value for key, value in place.items()} | {"ToCountry": "US"}


def _whatsapp_params(inbound: Inbound, media: list[Json], person: Person) -> dict[str, str]:
    wa_id = inbound.phone.lstrip("+")
    params = {
        "ChannelMetadata": json.dumps(
            {"type": "whatsapp", "data": {"context": {"ProfileName": person.name, "WaId": wa_id}}}
        ),
        "MessageType": media[0]["content_type"].split("/")[0] if media else "text",
        "ProfileName": person.name,
        "WaId": wa_id,
    }
    button = inbound.button
    if button is None:
        return params
    if inbound.button_message_sid:
        params["OriginalRepliedMessageSid"] = inbound.button_message_sid
    if button.get("kind") == "list":
        return params | {"MessageType": "interactive", "ListId": button["id"], "ListTitle": button["title"]}
    return params | {"MessageType": "button", "ButtonPayload": button["id"], "ButtonText": button["title"]}


def _body(inbound: Inbound) -> str:
    return str(inbound.button["title"]) if inbound.button else inbound.text
