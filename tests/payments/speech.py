"""How Paystack speaks: its answers and signatures, for tests that play the provider."""

import hashlib
import hmac
import json
from typing import Any

from requests.adapters import HTTPAdapter

from payments import providers
from payments.providers.paystack import Paystack
from tests.payments.actors import OF_500
from tests.payments.provider_contract import IMPATIENCE_SECONDS
from tests.payments.servers import Heard, Reply, ScriptedServer

SECRET = "sk_test_c0ffee-never-in-a-log"


class Impatient(HTTPAdapter):
    """Waits a second where the product waits twelve seconds."""

    def send(self, *args: Any, **kwargs: Any) -> Any:
        return super().send(*args, **{**kwargs, "timeout": IMPATIENCE_SECONDS})


def paystack(base_url: str) -> Paystack:
    return Paystack(base_url, SECRET, (IMPATIENCE_SECONDS, IMPATIENCE_SECONDS))


def lose_patience() -> None:
    """The process's own provider waits no longer than tests can."""
    providers.by_name("paystack")._http.mount("http://", Impatient())  # type: ignore[attr-defined]


def envelope(data: Any, message: str = "ok") -> Reply:
    return Reply({"status": True, "message": message, "data": data})


def error(status: int, code: str, message: str = "No") -> Reply:
    return Reply({"status": False, "message": message, "type": "validation_error", "code": code}, status)


def page(heard: Heard) -> Reply:
    """A checkout page for any order."""
    reference = heard.json["reference"]
    return envelope({"authorization_url": f"https://pay.example/{reference}", "reference": reference})


def reports(
    server: ScriptedServer,
    status: str = "success",
    gross_minor: int = OF_500.gross.amount_minor,
    fee_minor: int = OF_500.fee.amount_minor,
) -> None:
    """From now on the provider says this about every reference; unless changed, 500.00 paid with its fee."""

    def report(heard: Heard) -> Reply:
        reference = heard.path.rsplit("/", 1)[1]
        amounts = {"amount": gross_minor, "fees": fee_minor, "currency": "KES"}
        return envelope({"status": status, "reference": reference, **amounts})

    server.answers(report)


def success_event(reference: str) -> bytes:
    data = {"id": 5_200_000_001, "status": "success", "reference": reference, "amount": 507_700, "note": "Ọjọ́"}
    return json.dumps({"event": "charge.success", "data": data}, separators=(",", ":"), ensure_ascii=False).encode()


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"x-paystack-signature": hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()}
