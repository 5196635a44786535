"""How Twilio speaks: its forms, signatures and answers, for tests that play Twilio."""

import base64
import hashlib
import hmac
import itertools
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from bot.channels import twilio
from tests.payments.servers import Heard, Reply

TOKEN = "sandbox-twilio-auth-token"
ACCOUNT = "AC00000000000000000000000000005a4d"
OUR_SMS, OUR_WHATSAPP = "+15005550006", "+14155238886"
IMPATIENCE_SECONDS = 1.0

_numbers = itertools.count(1)


def new_sid() -> str:
    return f"SM{next(_numbers):032x}"


def form(text: str = "", sender: str = "+254712345678", **more: str) -> dict[str, str]:
    """The fields of an incoming message."""
    channel = "whatsapp:" if sender.startswith("whatsapp:") else ""
    sid = more.pop("MessageSid", None) or new_sid()
    return {
        "MessageSid": sid,
        "SmsSid": sid,
        "SmsMessageSid": sid,
        "AccountSid": ACCOUNT,
        "From": sender,
        "To": channel + (OUR_WHATSAPP if channel else OUR_SMS),
        "Body": text,
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsStatus": "received",
        "ApiVersion": "2010-04-01",
        **more,
    }


def signature(address: str, fields: Iterable[tuple[str, str]], token: str = TOKEN) -> str:
    """Twilio's rule, written down a second time: the address, then each key with each of its values, all sorted."""
    told = address + "".join(key + value for key, value in sorted(set(fields)))
    return base64.b64encode(hmac.new(token.encode(), told.encode(), hashlib.sha1).digest()).decode()


def multi(fields: Iterable[tuple[str, str]]) -> "MultiDict[str, str]":
    return MultiDict(list(fields))


def lose_patience() -> None:
    """The process's own client waits no longer than tests can."""
    twilio._client().http_client.timeout = IMPATIENCE_SECONDS


def taken(heard: Heard) -> Reply:
    """Twilio takes any message, and knows of none when asked."""
    if heard.method == "GET":
        return listing()
    return Reply({"sid": new_sid(), "status": "queued", "body": heard.form.get("Body", "")}, 201)


def refused(code: int, status: int = 400) -> Reply:
    return Reply({"code": code, "message": "No", "more_info": f"https://www.twilio.com/docs/errors/{code}"}, status)


def listing(*messages: dict[str, Any]) -> Reply:
    return Reply({"messages": list(messages), "page": 0, "page_size": 50, "next_page_uri": None})


def listed(sid: str, body: str, at: datetime) -> dict[str, Any]:
    """A message in Twilio's list."""
    moment = format_datetime(at.astimezone(UTC))
    return {"sid": sid, "body": body, "date_created": moment, "date_sent": moment, "status": "sent"}
