"""How a provider is spoken to: one request, one reply, one log line, and a breaker that spares a provider in trouble.

Nothing that a query or a body holds is ever logged: both carry account numbers and names.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import requests
from requests.adapters import HTTPAdapter

from core import db
from core.http import never_left
from payments.outcomes import Outcome

CONNECT_SECONDS = 3.05
TIMEOUT_SECONDS = (CONNECT_SECONDS, 12.0)
POOL_CONNECTIONS = 16
SPARED = "spared: it is in trouble"
"""The detail of a call that was not made, since the breaker did not allow it."""

log = logging.getLogger(__name__)


class OpenTransaction(RuntimeError):
    """A fault in the product: a provider was about to be called while rows, or a group's lock, wait for a commit."""


class Breaker(Protocol):
    """Decides whether a provider may be called at all; it is told how each call went."""

    def allows(self) -> bool:
        """Whether a call may be made now. After a pause one caller may try."""

    def note(self, *, healthy: bool) -> None:
        """The call just made was answered (whatever the answer), or it was not."""


class NoBreaker:
    """Always lets a call pass: for tools and tests of an adapter alone."""

    def allows(self) -> bool:
        return True

    def note(self, *, healthy: bool) -> None:
        """Nothing to remember."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the outcome is SUCCEEDED for a readable JSON object with any status below 500, else why not.

    `detail` is for logs. `body` is the object, {} unless SUCCEEDED.
    """

    outcome: Outcome
    detail: str
    http_status: int
    body: dict[str, Any]

    @property
    def ok(self) -> bool:
        return self.outcome is Outcome.SUCCEEDED and 200 <= self.http_status < 300


class Connection:
    """The connections to one provider's account, kept open between calls; one per process."""

    def __init__(
        self,
        provider: str,
        base_url: str,
        secret_key: str,
        timeout_seconds: tuple[float, float] = TIMEOUT_SECONDS,
        breaker: Breaker | None = None,
    ) -> None:
        self._provider = provider
        self._base_url = base_url
        self._timeout_seconds = timeout_seconds
        self._breaker = breaker or NoBreaker()
        self._http = requests.Session()
        self._http.headers["Authorization"] = f"Bearer {secret_key}"
        # No retries of its own: whether a call may be made again is decided where its outcome is known.
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=POOL_CONNECTIONS, max_retries=0)
        self._http.mount("https://", adapter)
        self._http.mount("http://", adapter)

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        reference: str = "",
    ) -> Reply:
        """Never raises for network trouble. Only the path and the reference are logged: neither may hold an account
        number, a phone number or a name.

        Raises `OpenTransaction` before anything is sent when its caller holds a database transaction open.
        """
        if db.in_transaction():
            raise OpenTransaction(f"{method} {path}")
        started = time.monotonic()
        reply = self._exchange(method, path, body, query)
        fields = {
            "call": f"{method} {path}",
            "outcome": reply.outcome.value,
            "detail": reply.detail,
            "ms": round((time.monotonic() - started) * 1000),
        }
        log.info("%s call", self._provider, extra=fields | ({"reference": reference} if reference else {}))
        return reply

    def _exchange(
        self, method: str, path: str, body: Mapping[str, Any] | None, query: Mapping[str, str] | None
    ) -> Reply:
        if not self._breaker.allows():
            return Reply(Outcome.NOT_SENT, SPARED, 0, {})
        reply = self._send(method, path, body, query)
        self._breaker.note(healthy=reply.http_status != 0 and reply.http_status < 500)
        return reply

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None, query: Mapping[str, str] | None) -> Reply:
        try:
            answer = self._http.request(
                method,
                self._base_url + path,
                params=query,
                json=body,
                timeout=self._timeout_seconds,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            return Reply(Outcome.NOT_SENT if never_left(error) else Outcome.UNKNOWN, type(error).__name__, 0, {})
        if answer.status_code >= 500:
            return Reply(Outcome.UNKNOWN, f"HTTP {answer.status_code}", answer.status_code, {})
        if answer.status_code == 429:
            return Reply(Outcome.NOT_SENT, "HTTP 429", answer.status_code, {})
        try:
            envelope = answer.json()
        except (ValueError, RecursionError):  # no JSON, a number of thousands of digits, lists in lists in lists
            envelope = None
        if not isinstance(envelope, dict):
            return Reply(Outcome.UNKNOWN, f"HTTP {answer.status_code}, unreadable", answer.status_code, {})
        return Reply(Outcome.SUCCEEDED, "ok", answer.status_code, envelope)
