"""Members' WhatsApp messages as Twilio posts them: signed and encoded before any clock runs."""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from twilio.request_validator import RequestValidator

from benchmarks.people import Member
from core.settings import settings

PATH = "/webhooks/twilio/messages"
SMALLEST_AMOUNT = 1_000


@dataclass(frozen=True)
class Command:
    """What members write, given how often each has written before, and words that only its right answer has."""

    name: str
    text: Callable[[int], str]
    answered_by: bytes


# A member who asks for the same amount again gets the same link, so each message of a member names another amount.
COMMANDS = (
    Command("balance", lambda nth: "balance", b"Your savings"),
    Command("contribute", lambda nth: f"contribute {SMALLEST_AMOUNT + nth}", b"Pay here"),
)


@dataclass
class Writers:
    """Members who write in turn; each message has an id of its own, and all are of different groups as they come."""

    members: Sequence[Member]
    count: Iterator[int] = field(default_factory=itertools.count)

    def requests(self, command: Command, count: int) -> list[bytes]:
        """The next `count` messages as whole HTTP requests."""
        validator = RequestValidator(settings().twilio_auth_token.get_secret_value())
        return [self._request(command, number, validator) for number in itertools.islice(self.count, count)]

    def _request(self, command: Command, number: int, validator: RequestValidator) -> bytes:
        nth, place = divmod(number, len(self.members))
        form = _form(self.members[place].phone, f"SM{number:032x}", command.text(nth))
        base_url = settings().public_base_url
        body = urlencode(form).encode()
        head = (
            f"POST {PATH} HTTP/1.1\r\n"
            f"Host: {urlsplit(base_url).netloc}\r\n"
            "User-Agent: TwilioProxy/1.1\r\n"
            "Accept: */*\r\n"
            "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
            f"Content-Length: {len(body)}\r\n"
            f"X-Twilio-Signature: {validator.compute_signature(base_url + PATH, form)}\r\n"
            f"I-Twilio-Idempotency-Token: {number:032x}\r\n\r\n"
        )
        return head.encode() + body


def _form(phone: str, message_id: str, text: str) -> dict[str, str]:
    """The parameters of a WhatsApp message (https://www.twilio.com/docs/messaging/guides/webhook-request)."""
    context = {"ProfileName": "Ama", "WaId": phone.lstrip("+")}
    return {
        "AccountSid": settings().twilio_account_sid,
        "ApiVersion": "2010-04-01",
        "Body": text,
        "ChannelMetadata": json.dumps({"type": "whatsapp", "data": {"context": context}}),
        "From": f"whatsapp:{phone}",
        "MessageSid": message_id,
        "MessageType": "text",
        "NumMedia": "0",
        "NumSegments": "1",
        "ReferralNumMedia": "0",
        "SmsMessageSid": message_id,
        "SmsSid": message_id,
        "SmsStatus": "received",
        "To": f"whatsapp:{settings().twilio_whatsapp_number}",
        **context,
    }
