"""The JSON shapes of Twilio's resources, field by field as its REST API answers them."""

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from sandbox.store import Call, Content, Message
from sandbox.twilio.account import API_VERSION

DIRECTIONS = {"api": "outbound-api", "reply": "outbound-reply", "auto": "outbound-reply", "inbound": "inbound"}
# A message that was taken but not yet sent has no date of sending.
UNSENT = ("queued", "accepted", "failed")


def message_resource(message: Message, account_sid: str) -> dict[str, Any]:
    uri = f"/{API_VERSION}/Accounts/{account_sid}/Messages/{message.sid}"
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "body": message.body,
        "date_created": rfc2822(message.at),
        "date_sent": None if message.status in UNSENT else rfc2822(message.updated_at),
        "date_updated": rfc2822(message.updated_at),
        "direction": DIRECTIONS[message.origin],
        "error_code": message.error_code if message.status == "failed" else None,
        "error_message": None,
        "from": message.sender,
        "messaging_service_sid": message.messaging_service_sid,
        "num_media": str(len(message.media)),
        "num_segments": str(message.segments),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.recipient,
        "uri": f"{uri}.json",
    }


def call_resource(call: Call, account_sid: str) -> dict[str, Any]:
    uri = f"/{API_VERSION}/Accounts/{account_sid}/Calls/{call.sid}"
    return {
        "account_sid": account_sid,
        "annotation": None,
        "answered_by": call.answered_by,
        "api_version": API_VERSION,
        "caller_name": None,
        "date_created": rfc2822(call.created_at),
        "date_updated": rfc2822(call.ended_at or call.started_at or call.created_at),
        "direction": "outbound-api",
        "duration": None if call.duration_seconds is None else str(call.duration_seconds),
        "end_time": rfc2822(call.ended_at),
        "forwarded_from": None,
        "from": call.sender,
        "from_formatted": call.sender,
        "group_sid": None,
        "parent_call_sid": None,
        "phone_number_sid": None,
        "price": None,
        "price_unit": "USD",
        "queue_time": "0",
        "sid": call.sid,
        "start_time": rfc2822(call.started_at),
        "status": call.status,
        "subresource_uris": {"recordings": f"{uri}/Recordings.json"},
        "to": call.recipient,
        "to_formatted": call.recipient,
        "trunk_sid": None,
        "uri": f"{uri}.json",
    }


def content_resource(content: Content, account_sid: str, public_url: str) -> dict[str, Any]:
    url = f"{public_url}/v1/Content/{content.sid}"
    created = content.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "account_sid": account_sid,
        "date_created": created,
        "date_updated": created,
        "friendly_name": content.friendly_name,
        "language": content.language,
        "links": {
            "approval_create": f"{url}/ApprovalRequests/whatsapp",
            "approval_fetch": f"{url}/ApprovalRequests",
        },
        "sid": content.sid,
        "types": content.types,
        "url": url,
        "variables": content.variables,
    }


def rfc2822(moment: datetime | None) -> str | None:
    return None if moment is None else format_datetime(moment.astimezone(UTC))
