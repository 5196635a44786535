"""Transfer approval: Paystack asks the merchant's server before it makes a transfer, and 200 is the only yes.

The published samples (`transfers/manage/approval`) show the answer alone; the body here has the shape of an event.
"""

import json

import requests

from sandbox.paystack.transfer_resources import recipient_resource
from sandbox.store import Json, Recipient
from sandbox.webhooks import PAYSTACK, headers_of
from sandbox.world import World

TIMEOUT_SECONDS = 10.0


def is_approved(world: World, recipient: Recipient, amount: int, reference: str, reason: str | None) -> bool:
    """Whether the transfer may be made; nobody is asked without an address. Silence and errors mean no."""
    url = world.config.transfer_approval_url
    if not url:
        return True
    data: Json = {
        "amount": amount,
        "currency": recipient.currency,
        "domain": "test",
        "reason": reason,
        "recipient": recipient_resource(recipient),
        "reference": reference,
        "source": "balance",
        "status": "pending",
    }
    body = json.dumps({"event": "transfer.approval", "data": data}, ensure_ascii=False).encode()
    try:
        with requests.Session() as session:
            session.trust_env = False
            headers = headers_of(world.config, PAYSTACK, body)
            response = session.post(url, data=body, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        world.record_webhook_error(PAYSTACK, reference, url, None, f"no answer: {error.__class__.__name__}")
        return False
    return response.status_code == 200
