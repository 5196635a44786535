"""A provider that pays out, as little of it as these tests need: it counts what it was asked to send, and answers."""

from dataclasses import dataclass, field
from typing import Any

from tests.payments.servers import Heard, Reply, ScriptedServer, Step

OTP = "493021"


@dataclass
class Desk:
    """`sending` answers POST /transfer, `status` is what becomes of a transfer; `sent` holds each accepted one.

    With `takes_unseen` it takes what it answers badly: the caller cannot know. `float_minor` is what lies there in
    every currency, None where it does not say. Transfers that wait for a password (`status` otp) go on with OTP.
    """

    server: ScriptedServer
    status: str = "success"
    sending: list[Step] = field(default_factory=list)
    takes_unseen: bool = False
    fee_charged: int | None = 4_000
    knows: bool = True
    float_minor: int | None = 10**12
    sent: list[dict[str, Any]] = field(default_factory=list)
    tried: int = 0

    def __post_init__(self) -> None:
        self.server.answers(self._answer)

    def _answer(self, request: Heard) -> Step:
        if request.method == "POST" and request.route == "/transferrecipient":
            return _ok({"recipient_code": "RCP_1", "active": True})
        if request.method == "POST" and request.route == "/transfer":
            self.tried += 1
            if self.sending:
                if self.takes_unseen:
                    self._take(request.json)
                return self.sending.pop(0)
            return self._take(request.json)
        if request.route == "/transfer/finalize_transfer":
            return self._finish(request.json)
        if request.route == "/balance" and self.float_minor is not None:
            rows = [{"currency": currency, "balance": self.float_minor} for currency in ("KES", "GHS", "NGN", "ZAR")]
            return Reply({"status": True, "message": "ok", "data": rows})
        if request.route.startswith("/transfer/verify/"):
            return self._report(request.route.rsplit("/", 1)[1])
        return Reply({"status": False, "message": "no such path"}, 404)

    def _take(self, order: dict[str, Any]) -> Reply:
        if any(known["reference"] == order["reference"] for known in self.sent):
            body = {"status": False, "message": "duplicate", "code": "duplicate_transfer_reference"}
            return Reply(body, 400)
        self.sent.append(order)
        return _ok({"reference": order["reference"], "status": "pending", "transfer_code": "TRF_1"})

    def _finish(self, given: dict[str, Any]) -> Reply:
        if given["otp"] != OTP:
            return Reply({"status": False, "message": "OTP is invalid", "code": "invalid_otp"}, 400)
        self.status = "pending"
        return _ok({"status": "pending", "transfer_code": given["transfer_code"], "currency": "KES"})

    def _report(self, reference: str) -> Reply:
        order = next((known for known in self.sent if known["reference"] == reference), None)
        if order is None or not self.knows:
            return Reply({"status": False, "message": "Transfer not found", "code": "transfer_not_found"}, 404)
        data = {"reference": reference, "status": self.status, "amount": order["amount"], "transfer_code": "TRF_1"}
        return _ok(data | {"currency": order.get("currency", "KES"), "fee_charged": self.fee_charged})


REFUSED = Reply({"status": False, "message": "Your balance is not enough", "code": "insufficient_balance"}, 400)
NO_ANSWER = Reply("Bad Gateway", 502, "text/html")


def _ok(data: dict[str, Any]) -> Reply:
    return Reply({"status": True, "message": "ok", "data": data})
