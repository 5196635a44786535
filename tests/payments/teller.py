"""A whole Paystack in memory that behaves as badly as it is told: for walks of thousands of random steps.

It speaks the published protocol over HTTP, keeps exact money, and queues the events that a webhook would bring. A mood
is how the next call ends: done and answered, not done, or done and badly answered.
"""

import itertools
import json
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.payments.servers import Heard, Reply, ScriptedServer, Step, hang_up, reset

# What was done, and what the caller sees of it.
MOODS = ("good", "lost_before", "lost_after", "reset_after", "broken_before", "broken_after", "garbled_after", "busy")
TRANSFER_FEE = 40_00
# Never used again, as at the real one: another walk's rows are in the same database.
IDS = itertools.count(5_000_000_001)
MOMENT = "2026-11-24T09:00:00.000Z"


@dataclass
class Teller:
    """`moods` are used up call by call, then all is good; `events` are news in the order they happened.

    `spoilt` is how the next order of that route ends, whatever comes before it.

    Amounts are hundredths. `balance` is per currency.
    """

    server: ScriptedServer
    moods: list[str] = field(default_factory=list)
    spoilt: dict[str, str] = field(default_factory=dict)
    collections: dict[str, dict[str, Any]] = field(default_factory=dict)
    transfers: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[int, dict[str, Any]] = field(default_factory=dict)
    disputes: dict[int, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    balance: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self.server.answers(self._answer)

    # What payers, banks and Paystack's own people do

    def pays(self, reference: str, amount: int | None = None, currency: str | None = None) -> None:
        """The payer pays what was asked for, or what the test says that Paystack has understood."""
        payment = self.collections[reference]
        if payment["status"] in ("success", "reversed"):
            return
        paid = payment["amount"] if amount is None else amount
        payment |= {"status": "success", "amount": paid, "currency": currency or payment["currency"], "paid_at": MOMENT}
        payment["fees"] = (paid * 150 + 5_000) // 10_000
        self.balance[payment["currency"]] += paid - payment["fees"]
        self._tell("charge.success", payment)

    def declines(self, reference: str) -> None:
        payment = self.collections[reference]
        if payment["status"] not in ("success", "reversed"):
            payment["status"] = "failed"

    def takes_back(self, reference: str) -> None:
        """A payment that was good is not any more: its gross amount is gone, and the fee stays with Paystack."""
        payment = self.collections[reference]
        if payment["status"] == "success" and not self._is_disputed_or_refunded(payment):
            payment["status"] = "reversed"
            self.balance[payment["currency"]] -= payment["amount"]

    def ends_transfer(self, reference: str, status: str) -> None:
        """success, failed, or (also of one that succeeded) reversed."""
        transfer = self.transfers[reference]
        before = transfer["status"]
        if before in ("failed", "reversed") or (before == "success" and status != "reversed"):
            return
        transfer["status"] = status
        if status == "success":
            transfer["fee_charged"] = TRANSFER_FEE
        else:
            self.balance[transfer["currency"]] += transfer["amount"] + TRANSFER_FEE
        self._tell(f"transfer.{status}", transfer)

    def ends_refund(self, number: int, status: str) -> None:
        refund = self.refunds[number]
        if refund["status"] in ("processed", "failed"):
            return
        refund["status"] = status
        if status == "failed":
            self.balance[refund["currency"]] += refund["amount"]
        self._tell(f"refund.{status}", refund | {"transaction_reference": refund["reference"]})

    def opens_dispute(self, reference: str) -> None:
        payment = self.collections[reference]
        if payment["status"] == "success" and not self._is_disputed_or_refunded(payment):
            number = self._next_id()
            self.disputes[number] = {
                "id": number, "status": "awaiting-merchant-feedback", "refund_amount": payment["amount"],
                "currency": payment["currency"], "transaction": payment, "resolution": None,
                "createdAt": MOMENT, "updatedAt": MOMENT, "dueAt": MOMENT,
            }  # fmt: skip
            self._tell("charge.dispute.create", self.disputes[number])

    def ends_dispute(self, number: int, *, lost: bool) -> None:
        dispute = self.disputes[number]
        if dispute["status"] == "resolved":
            return
        dispute |= {"status": "resolved", "resolution": "merchant-accepted" if lost else "declined"}
        if lost:
            self.balance[dispute["currency"]] -= dispute["refund_amount"]
        self._tell("charge.dispute.resolve", dispute)

    # What the product asks

    def _answer(self, request: Heard) -> Step:
        with self._lock:
            mood = self.spoilt.pop(request.route, "") if request.method == "POST" else ""
            mood = mood or (self.moods.pop(0) if self.moods else "good")
            if mood == "busy":
                return Reply({"status": False, "message": "Too many requests"}, 429)
            if mood == "lost_before":
                return hang_up
            if mood == "broken_before":
                return Reply("Bad Gateway", 502, "text/html")
            reply = self._work(request)
        if mood == "lost_after":
            return hang_up
        if mood == "reset_after":
            return reset
        if mood == "broken_after":
            return Reply({"status": False, "message": "An error occurred", "type": "api_error"}, 500)
        if mood == "garbled_after":
            return Reply("<html>Maintenance</html>", 200, "text/html")
        return reply

    def _work(self, request: Heard) -> Reply:
        route, name = request.route, request.route.rsplit("/", 1)[-1]
        if request.method == "POST":
            made = {
                "/transaction/initialize": self._initialize,
                "/charge": self._charge,
                "/transferrecipient": lambda _: _ok({"recipient_code": "RCP_1", "active": True}),
                "/transfer": self._transfer,
                "/refund": self._refund,
            }[route]
            return made(request.json)
        if route.startswith("/transaction/verify/"):
            return _found(self.collections.get(name), "transaction_not_found")
        if route.startswith("/transfer/verify/"):
            return _found(self.transfers.get(name), "transfer_not_found")
        if route == "/balance":
            return _ok([{"currency": currency, "balance": sum_} for currency, sum_ in self.balance.items()])
        if route.startswith("/dispute/"):
            return _found(self.disputes.get(int(name)), "dispute_not_found")
        listed: dict[str, Any] = {
            "/transaction": self.collections, "/transfer": self.transfers, "/refund": self.refunds,
            "/dispute": self.disputes, "/settlement": {},
        }  # fmt: skip
        rows = list(listed[route].values())
        if route == "/refund" and "transaction" in request.query:
            wanted = request.query["transaction"]
            rows = [row for row in rows if wanted in (str(row["transaction"]), row["reference"])]
        return Reply({"status": True, "message": "ok", "data": rows, "meta": _meta(len(rows))})

    def _initialize(self, order: dict[str, Any]) -> Reply:
        if order["reference"] in self.collections:
            return _refused("duplicate_reference")
        self._open(order, "abandoned", "card")
        return _ok(
            {"authorization_url": "https://pay.example/c/1", "access_code": "c1", "reference": order["reference"]}
        )

    def _charge(self, order: dict[str, Any]) -> Reply:
        if order["reference"] in self.collections:
            return _refused("duplicate_reference")
        self._open(order, "pending", "mobile_money")
        return _ok({"reference": order["reference"], "status": "pay_offline", "display_text": "Approve on your phone"})

    def _transfer(self, order: dict[str, Any]) -> Reply:
        if order["reference"] in self.transfers:
            return _refused("duplicate_transfer_reference")
        cost = order["amount"] + TRANSFER_FEE
        if cost > self.balance[order["currency"]]:
            return _refused("insufficient_balance")
        number = self._next_id()
        self.balance[order["currency"]] -= cost
        self.transfers[order["reference"]] = {
            "id": number, "reference": order["reference"], "amount": order["amount"], "currency": order["currency"],
            "status": "pending", "transfer_code": f"TRF_{number}", "fee_charged": 0, "createdAt": MOMENT,
        }  # fmt: skip
        return _ok(self.transfers[order["reference"]])

    def _refund(self, order: dict[str, Any]) -> Reply:
        wanted = str(order["transaction"])
        payment = next((p for p in self.collections.values() if wanted in (p["reference"], str(p["id"]))), None)
        if payment is None or payment["status"] != "success":
            return _refused("transaction_not_found")
        amount = int(order.get("amount") or payment["amount"])
        given = sum(r["amount"] for r in self.refunds.values()
                    if r["reference"] == payment["reference"] and r["status"] != "failed")  # fmt: skip
        if given + amount > payment["amount"] or amount > self.balance[payment["currency"]]:
            return _refused("invalid_refund_amount")
        number = self._next_id()
        self.balance[payment["currency"]] -= amount
        self.refunds[number] = {
            "id": number, "transaction": payment["id"], "reference": payment["reference"], "amount": amount,
            "transaction_reference": payment["reference"], "currency": payment["currency"], "status": "pending",
            "createdAt": MOMENT, "created_at": MOMENT,
        }  # fmt: skip
        return _ok(self.refunds[number])

    def _open(self, order: dict[str, Any], status: str, channel: str) -> None:
        amount = int(order["amount"])
        self.collections[order["reference"]] = {
            "id": self._next_id(), "reference": order["reference"], "amount": amount, "requested_amount": amount,
            "currency": order["currency"], "status": status, "channel": channel, "fees": None, "paid_at": None,
            "created_at": MOMENT, "authorization": {}, "customer": {"email": order["email"]},
        }  # fmt: skip

    def _is_disputed_or_refunded(self, payment: dict[str, Any]) -> bool:
        disputed = any(d["transaction"] is payment for d in self.disputes.values())
        return disputed or any(r["reference"] == payment["reference"] for r in self.refunds.values())

    def _tell(self, event: str, about: dict[str, Any]) -> None:
        # As it was at this moment: a late delivery brings old news.
        self.events.append(json.loads(json.dumps({"event": event, "data": about})))

    def _next_id(self) -> int:
        return next(IDS)


def _ok(data: Any) -> Reply:
    return Reply({"status": True, "message": "ok", "data": data})


def _refused(code: str) -> Reply:
    return Reply({"status": False, "message": "No", "type": "validation_error", "code": code}, 400)


def _found(row: dict[str, Any] | None, code: str) -> Reply:
    return Reply({"status": False, "message": "Not found", "code": code}, 404) if row is None else _ok(row)


def _meta(total: int) -> dict[str, int]:
    return {"total": total, "page": 1, "pageCount": 1, "perPage": 100, "skipped": 0}
