"""Twilio: SMS and WhatsApp. Signature, incoming form, TwiML answer, sending, statuses and error codes.

Facts and test vectors: https://www.twilio.com/docs/usage/webhooks/webhooks-security and
https://www.twilio.com/docs/api/errors. Parameters appear without notice, so unknown ones are ignored but signed.
"""

import json
import logging
import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.messaging_response import MessagingResponse
from werkzeug.datastructures import MultiDict

from bot.errors import BadSignature, UnreadableMessage
from bot.talk import Answer, Incoming
from core.http import never_left
from core.settings import settings

TIMEOUT_SECONDS = 10
PREFIX = {"sms": "", "whatsapp": "whatsapp:"}

# What Twilio itself treats as opt-out and opt-in on SMS; on WhatsApp these are ours to honour, and only the plain ones.
SMS_OUT = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
SMS_IN = frozenset({"start", "yes", "unstop"})
WHATSAPP_OUT = frozenset({"stop", "stopall", "unsubscribe", "optout"})
WHATSAPP_IN = frozenset({"start", "unstop"})

# Our status and how far along it is: callbacks come in any order, and only a higher rank counts.
STATUSES: dict[str, tuple[str, int]] = {
    "accepted": ("sending", 1),
    "scheduled": ("sending", 1),
    "queued": ("sending", 1),
    "sending": ("sending", 2),
    "sent": ("sent", 3),
    "delivered": ("delivered", 4),
    "partially_delivered": ("delivered", 4),
    "undelivered": ("failed", 4),
    "failed": ("failed", 4),
    "canceled": ("failed", 4),
    "read": ("read", 5),
}

Remedy = Literal["retry", "sms", "opted_out", "give_up", "operator"]

REMEDIES: dict[str, Remedy] = {
    **dict.fromkeys(("63018", "20429", "30001", "30003", "30008", "30410", "63012", "63038", "21611"), "retry"),
    **dict.fromkeys(("63016", "63024", "63003", "63032", "63049", "63014"), "sms"),
    "21610": "opted_out",
    **dict.fromkeys(("21211", "21614", "21635", "30005", "30006", "30004", "30007"), "give_up"),
}

# What the SDK raises when the network, Twilio or the answer is broken: nobody knows what happened.
NO_ANSWER = (requests.RequestException, TwilioException, ValueError, KeyError, TypeError, AttributeError)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sent:
    """How a send ended: "sent" with Twilio's id, "refused" with its error code, "not_sent" or "unknown"."""

    outcome: Literal["sent", "refused", "not_sent", "unknown"]
    message_id: str | None = None
    error_code: str | None = None


def verify(path_and_query: str, form: "MultiDict[str, str]", signature: str) -> None:
    """Raises `BadSignature` unless Twilio signed this form for our public address.

    The address comes from the settings: behind a TLS proxy the request's own address is another one.
    """
    if not _validator().validate(settings().public_base_url + path_and_query, form, signature):
        raise BadSignature


def parse(form: "MultiDict[str, str]") -> Incoming:
    """The message in our terms. Raises `UnreadableMessage` for a form without sender or id."""
    sender, message_id = form.get("From", ""), form.get("MessageSid") or form.get("SmsMessageSid", "")
    if not sender or not message_id:
        raise UnreadableMessage("From or MessageSid is missing")
    channel = "whatsapp" if sender.startswith("whatsapp:") else "sms"
    address = sender.removeprefix("whatsapp:")
    # PostgreSQL's text has no NUL.
    text = (form.get("ListId") or form.get("ButtonPayload") or form.get("Body", "")).replace("\x00", "")
    media_count = int(form.get("NumMedia") or 0) if (form.get("NumMedia") or "0").isdecimal() else 0
    return Incoming(
        provider="twilio",
        message_id=message_id,
        channel=channel,
        address=address,
        phone=_phone(address, form.get("WaId", "")),
        text=text,
        media=tuple(form.get(f"MediaUrl{n}", "") for n in range(min(media_count, 10))),
        opt=_opt(channel, text, form.get("OptOutType", "")),
    )


def twiml(answer: Answer) -> str:
    """The webhook's answer: one message with its pictures, or none for an empty text."""
    response = MessagingResponse()
    if answer.text:
        message = response.message()
        message.body(answer.text)
        for url in answer.media:
            message.media(url)
    return str(response)


def send(
    channel: str,
    address: str,
    body: str,
    status_callback: str,
    template_sid: str | None = None,
    media_url: str | None = None,
    buttons: list[list[str]] | None = None,
) -> Sent:
    """Sends one message. "unknown" must never simply be sent again: ask `find_sent` first.

    `buttons` fill the variables of a template that has as many: title and payload of each, behind the words.
    """
    content: dict[str, Any] = {"body": body}
    if media_url:
        content["media_url"] = [media_url]
    if template_sid:
        values = [_one_line(body), *(part for button in buttons or [] for part in button)]
        variables = {str(number): value for number, value in enumerate(values, start=1)}
        content = {"content_sid": template_sid, "content_variables": json.dumps(variables)}
    started = time.monotonic()
    try:
        message = _client().messages.create(
            to=PREFIX[channel] + address, from_=_sender(channel), status_callback=status_callback, **content
        )
        result = Sent("sent", message.sid) if message.sid else Sent("unknown", error_code="no sid")
    except TwilioRestException as error:
        known = error.code is not None and 400 <= error.status < 500
        result = Sent("refused", error_code=str(error.code)) if known else Sent("unknown", error_code=str(error.status))
    except requests.RequestException as error:
        result = Sent("not_sent" if never_left(error) else "unknown", error_code=type(error).__name__)
    except NO_ANSWER as error:
        result = Sent("unknown", error_code=type(error).__name__)
    _log("send", result.outcome, result.error_code, started)
    return result


def find_sent(channel: str, address: str, body: str, since: datetime) -> list[str]:
    """The ids of messages with this text that Twilio has taken since about then: what became of an unknown send.

    Raises one of `NO_ANSWER` when Twilio gives no usable answer.
    """
    messages = _client().messages.list(to=PREFIX[channel] + address, limit=50)
    # Two minutes of grace, because Twilio's clock is not ours.
    earliest = since - timedelta(minutes=2)
    words = _one_line(body)
    return [str(m.sid) for m in messages if words in _one_line(m.body or "") and m.date_created >= earliest]


def _one_line(body: str) -> str:
    # WhatsApp refuses template variables with line breaks, tabs or many spaces; stars would show as stars there.
    return " ".join(body.replace("*", "").split())


def _phone(address: str, wa_id: str) -> str | None:
    # WhatsApp may hide the number behind an id of its own; then the member simply has no phone with us.
    for candidate in (address, f"+{wa_id}"):
        if re.fullmatch(r"\+[1-9]\d{6,14}", candidate):
            return candidate
    return None


def _opt(channel: str, text: str, opt_out_type: str) -> str | None:
    word = text.strip().strip(".!").lower()
    outs, ins = (SMS_OUT, SMS_IN) if channel == "sms" else (WHATSAPP_OUT, WHATSAPP_IN)
    if opt_out_type == "STOP" or word in outs:
        return "out"
    return "in" if opt_out_type == "START" or word in ins else None


def _sender(channel: str) -> str:
    return PREFIX[channel] + (settings().twilio_sms_number if channel == "sms" else settings().twilio_whatsapp_number)


def _log(call: str, outcome: str, error_code: str | None, started: float) -> None:
    milliseconds = round((time.monotonic() - started) * 1000)
    log.info("twilio call", extra={"call": call, "outcome": outcome, "detail": error_code, "ms": milliseconds})


@cache
def _validator() -> RequestValidator:
    return RequestValidator(settings().twilio_auth_token.get_secret_value())


@cache
def _client() -> Client:
    own = settings()
    token = own.twilio_auth_token.get_secret_value()
    return Client(own.twilio_account_sid, token, http_client=_HttpClient(own.twilio_base_url))


class _HttpClient(TwilioHttpClient):  # type: ignore[misc]
    """The SDK's own client, with a time-out and a base address that a sandbox can set."""

    def __init__(self, base_url: str) -> None:
        super().__init__(timeout=TIMEOUT_SECONDS)
        self._base_url = base_url

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        # Only the messaging API moves: https://api.twilio.com/2010-04-01/… becomes {base}/2010-04-01/…
        return super().request(method, re.sub(r"^https://api\.twilio\.com", self._base_url, url), *args, **kwargs)
