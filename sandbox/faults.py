"""Faults on order: the next calls, events or payments at a stand-in go wrong in a chosen way.

Calls: `refuse` closes the connection before any work and without an answer; `http_500` answers so, before any work;
`timeout` does the work and then holds the answer, so that the caller cannot know; `slow` does it a little late. What
happens to events and payments is told at `WEBHOOK_KINDS` and `PAYMENT_KINDS`.
"""

import socket
import threading
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, g, request

CALL_KINDS = ("refuse", "http_500", "timeout", "slow")
WEBHOOK_KINDS = (
    "lose_webhooks",  # never sent
    "duplicate_webhooks",  # each is delivered three times
    "late_webhooks",  # held back by `seconds` of the sandbox's clock
    "shuffle_webhooks",  # held back until the following one was delivered, or `seconds` are over
    "forge_webhooks",  # before the true one comes another: wrongly signed, about another amount
)
PAYMENT_KINDS = (
    "wrong_amount",  # the provider takes and reports another amount than was asked for
    "wrong_currency",
    "reversed_later",  # it succeeds and is reversed after `seconds` of the sandbox's clock
)
KINDS = (*CALL_KINDS, *WEBHOOK_KINDS, *PAYMENT_KINDS, "none")
TARGETS = ("paystack", "flutterwave", "twilio")
# The paths of each provider's API. A payer's visit to the checkout is not a call of the product.
API_PREFIXES = {
    "paystack": ("/paystack/",),
    "flutterwave": ("/flutterwave/v3/",),
    "twilio": ("/2010-04-01/", "/v1/"),
}
SPARED_PREFIXES = ("/paystack/checkout/", "/flutterwave/checkout/")
# What is put before a provider's own paths here; the path of a fault may be told with it or without.
MOUNTS = ("/paystack", "/flutterwave", "/flutterwave/v3")
# A call with this header fails so, and no other: `timeout`, or `timeout;0.5` with the seconds.
HEADER = "X-Sandbox-Fault"
USUAL_SECONDS = {
    "timeout": 30.0,
    "slow": 2.0,
    "late_webhooks": 3_600.0,
    "shuffle_webhooks": 60.0,
    "reversed_later": 3_600.0,
}
# Holding an answer takes a thread; the other seconds go by the sandbox's clock and cost nothing.
MAX_HOLD_SECONDS, MAX_CLOCK_SECONDS = 120.0, 90 * 86_400.0


class FaultError(ValueError):
    """An order that cannot be read; the message is one clear sentence."""


@dataclass
class Fault:
    target: str
    kind: str
    count: int | None  # how many calls still fail; None is every call until further notice
    path: str  # only calls to this path and what lies under it; "" is everything
    seconds: float
    method: str = ""  # only calls of this method


def read_fault(given: Mapping[str, Any]) -> Fault:
    """An order as JSON: target, kind, and perhaps count, seconds, path and method.

    Raises:
        FaultError: a field is missing or wrong.
    """
    target, kind, count = given.get("target"), given.get("kind"), given.get("count")
    if target not in TARGETS:
        raise FaultError(f"'target' is one of {', '.join(TARGETS)}.")
    if kind not in KINDS:
        raise FaultError(f"'kind' is one of {', '.join(KINDS)}.")
    if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
        raise FaultError("'count' is at least 1, or null for every call.")
    path, method = given.get("path") or "", given.get("method") or ""
    if not isinstance(path, str) or not isinstance(method, str):
        raise FaultError("'path' and 'method' are text.")
    return Fault(target, kind, count, path, _seconds(kind, given.get("seconds")), method.upper())


class Faults:
    def __init__(self) -> None:
        self._ordered: list[Fault] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def order(self, fault: Fault) -> None:
        """Add a fault; the kind `none` clears all of its target."""
        with self._lock:
            if fault.kind == "none":
                self._ordered = [other for other in self._ordered if other.target != fault.target]
            else:
                self._ordered.append(fault)

    def pending(self) -> list[Fault]:
        with self._lock:
            return list(self._ordered)

    def take(self, target: str, path: str, method: str = "POST", kinds: Container[str] = CALL_KINDS) -> Fault | None:
        """Use up one call of the oldest fault that fits."""
        paths = (path, *(path.removeprefix(mount) for mount in MOUNTS))
        with self._lock:
            for fault in self._ordered:
                fits = fault.target == target and fault.kind in kinds
                if not fits or fault.method not in ("", method) or not any(_lies_under(fault.path, p) for p in paths):
                    continue
                if fault.count is not None:
                    fault.count -= 1
                    self._ordered = [other for other in self._ordered if other.count != 0]
                return fault
        return None

    def take_payment(self, target: str) -> str | None:
        """The kind of fault that the payment just made by a payer is hit by, if one was ordered."""
        fault = self.take_payment_fault(target)
        return None if fault is None else fault.kind

    def take_payment_fault(self, target: str) -> Fault | None:
        """The same with its seconds, which `reversed_later` needs."""
        return self.take(target, "", kinds=PAYMENT_KINDS)

    def loses_webhook(self, target: str, url_path: str) -> bool:
        return self.take(target, url_path, kinds=("lose_webhooks",)) is not None

    def hold(self, seconds: float) -> None:
        self._stopped.wait(seconds)

    def stop(self) -> None:
        self._stopped.set()

    def install(self, app: Flask) -> None:
        app.before_request(self._before)
        app.after_request(self._after)

    def _before(self) -> Response | None:
        try:
            fault = self._fault_of_call()
        except FaultError as error:
            return Response(f"{HEADER}: {error}\n", status=400, content_type="text/plain")
        if fault is None:
            return None
        if fault.kind == "refuse":
            return _hang_up()
        if fault.kind == "http_500":
            return Response("Internal Server Error", status=500, content_type="text/plain")
        g.held_seconds = fault.seconds
        return None

    def _after(self, response: Response) -> Response:
        held_seconds = g.pop("held_seconds", 0.0)
        if held_seconds:
            self.hold(held_seconds)
        return response

    def _fault_of_call(self) -> Fault | None:
        if request.path.startswith(SPARED_PREFIXES):
            return None
        for target, prefixes in API_PREFIXES.items():
            if request.path.startswith(prefixes):
                asked = request.headers.get(HEADER)
                return _fault_asked(target, asked) if asked else self.take(target, request.path, request.method)
        return None


def _fault_asked(target: str, asked: str) -> Fault:
    kind, _, seconds = asked.partition(";")
    if kind.strip() not in CALL_KINDS:
        raise FaultError(f"one of {', '.join(CALL_KINDS)}.")
    try:
        given = float(seconds) if seconds.strip() else None
    except ValueError as error:
        raise FaultError("what follows the semicolon is a number of seconds.") from error
    return read_fault({"target": target, "kind": kind.strip(), "count": 1, "seconds": given})


def _seconds(kind: str, given: Any) -> float:
    most = MAX_HOLD_SECONDS if kind in CALL_KINDS else MAX_CLOCK_SECONDS
    if given is None:
        return USUAL_SECONDS.get(kind, 0.0)
    if not isinstance(given, (int, float)) or isinstance(given, bool) or not 0 <= given <= most:
        raise FaultError(f"'seconds' is a number up to {most:g}.")
    return float(given)


def _lies_under(folder: str, path: str) -> bool:
    """Whole names only: `/transfer` is no part of `/transferrecipient`."""
    return f"{path}/".startswith(f"{folder.rstrip('/')}/")


def _hang_up() -> Response:
    """Close the caller's connection under the answer; a server that hides its socket answers 503 instead."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
    return Response("", status=503)
