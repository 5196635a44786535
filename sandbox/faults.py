"""Faults on order: the next calls of the product to a stand-in fail in a chosen way.

`refuse` closes the connection before any work and without an answer; `http_500` answers so, before any work;
`timeout` does the work and then holds the answer, so that the caller cannot know; `slow` does it a little late;
`lose_webhooks` swallows what the provider would have sent to the product.
"""

import socket
import threading
from dataclasses import dataclass

from flask import Flask, Response, g, request

KINDS = ("refuse", "http_500", "timeout", "slow", "lose_webhooks", "none")
TARGETS = ("paystack", "twilio")
# The paths of each provider's API. A payer's visit to the checkout is not a call of the product.
API_PREFIXES = {"paystack": ("/paystack/",), "twilio": ("/2010-04-01/", "/v1/")}
SPARED_PREFIXES = ("/paystack/checkout/",)
HOLD_SECONDS = {"timeout": 30.0, "slow": 2.0}
MAX_HOLD_SECONDS = 120.0


@dataclass
class Fault:
    target: str
    kind: str
    count: int | None  # how many calls still fail; None is every call until further notice
    path: str  # only calls to this path and what lies under it; "" is everything
    hold_seconds: float
    method: str = ""  # only calls of this method


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

    def take(self, target: str, path: str, method: str = "POST", webhook: bool = False) -> Fault | None:
        """Use up one call of the oldest fault that fits."""
        paths = (path, path.removeprefix("/paystack"))
        with self._lock:
            for fault in self._ordered:
                fits = fault.target == target and (fault.kind == "lose_webhooks") == webhook
                if not fits or fault.method not in ("", method) or not any(_lies_under(fault.path, p) for p in paths):
                    continue
                if fault.count is not None:
                    fault.count -= 1
                    self._ordered = [other for other in self._ordered if other.count != 0]
                return fault
        return None

    def loses_webhook(self, target: str, url_path: str) -> bool:
        return self.take(target, url_path, webhook=True) is not None

    def hold(self, seconds: float) -> None:
        self._stopped.wait(seconds)

    def stop(self) -> None:
        self._stopped.set()

    def install(self, app: Flask) -> None:
        app.before_request(self._before)
        app.after_request(self._after)

    def _before(self) -> Response | None:
        fault = self._fault_of_call()
        if fault is None:
            return None
        if fault.kind == "refuse":
            return _hang_up()
        if fault.kind == "http_500":
            return Response("Internal Server Error", status=500, content_type="text/plain")
        g.held_seconds = fault.hold_seconds
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
                return self.take(target, request.path, request.method)
        return None


def _lies_under(folder: str, path: str) -> bool:
    """Whole names only: `/transfer` is no part of `/transferrecipient`."""
    return f"{path}/".startswith(f"{folder.rstrip('/')}/")


def _hang_up() -> Response:
    """Close the caller's connection under the answer; a server that hides its socket answers 503 instead."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
    return Response("", status=503)
