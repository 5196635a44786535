"""The sandbox's one Twilio account: who may call, its numbers, new ids and the addresses of the two channels."""

import hmac
import re
import secrets
from dataclasses import dataclass

import phonenumbers
from flask import request

from sandbox.config import SandboxConfig
from sandbox.twilio.errors import TwilioError
from sandbox.world import world

API_VERSION = "2010-04-01"
WHATSAPP_PREFIX = "whatsapp:"
SMS, WHATSAPP = "sms", "whatsapp"
E164 = re.compile(r"\+[1-9]\d{6,14}")


@dataclass(frozen=True)
class Address:
    channel: str
    number: str

    def __str__(self) -> str:
        return f"{WHATSAPP_PREFIX}{self.number}" if self.channel == WHATSAPP else self.number

    @classmethod
    def read(cls, text: str) -> "Address":
        number = text.strip()
        channel = WHATSAPP if number.lower().startswith(WHATSAPP_PREFIX) else SMS
        return cls(channel, number[len(WHATSAPP_PREFIX) :] if channel == WHATSAPP else number)

    def is_possible(self) -> bool:
        if not E164.fullmatch(self.number):
            return False
        return phonenumbers.is_possible_number(phonenumbers.parse(self.number))


def require_account(account_sid: str | None = None) -> None:
    """Refuse a caller without the account's credentials, or one who asks for another account.

    Raises:
        TwilioError: 20003.
    """
    config = world().config
    given = request.authorization
    user = (given.username or "") if given else ""
    password = (given.password or "") if given else ""
    known = hmac.compare_digest(user, config.twilio_account_sid)
    proven = hmac.compare_digest(password.encode(), config.twilio_auth_token.encode())
    if not (known and proven) or account_sid not in (None, config.twilio_account_sid):
        raise TwilioError(20003)


def our_address(config: SandboxConfig, channel: str) -> Address:
    number = config.twilio_whatsapp_number if channel == WHATSAPP else config.twilio_sms_number
    return Address(channel, Address.read(number).number)


def new_sid(prefix: str) -> str:
    return prefix + secrets.token_hex(16)
