"""How Paystack is spoken to: one request, one answer, one log line.

Amounts on the wire are hundredths in every currency, also in those without cents (XOF). Nothing that a query or a body
holds is ever logged: both carry account numbers and names.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import requests

from core.http import never_left
from core.money import Money, minor_digits
from payments.provider import Outcome

TIMEOUT_SECONDS = (3.05, 12)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. DECLINED is any refusal: what it means, `code`, `error_type` and `message` tell the caller.

    `data` is filled when the envelope holds an object, `rows` and `next_page` when it holds a list. `message` is for
    recognising answers that have no code; it may quote what was sent, so it is neither logged nor stored.
    """

    outcome: Outcome
    detail: str
    data: dict[str, Any] = field(default_factory=dict)
    rows: list[Any] = field(default_factory=list)
    next_page: str = ""
    http_status: int = 0
    error_type: str = ""
    message: str = ""

    @property
    def not_found(self) -> bool:
        """Whether Paystack says that it has no such thing, rather than that it does not let us ask."""
        return self.outcome is Outcome.DECLINED and (self.detail == "404" or self.detail.endswith("not_found"))


class PaystackHTTP:
    """The connection to one Paystack account, kept open between calls; one per process."""

    def __init__(self, base_url: str, secret_key: str, timeout_seconds: tuple[float, float] = TIMEOUT_SECONDS) -> None:
        self._base_url = base_url
        self._secret_key = secret_key
        self._timeout_seconds = timeout_seconds
        self._http = requests.Session()
        self._http.headers["Authorization"] = f"Bearer {secret_key}"

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        reference: str = "",
        expects: type = dict,
    ) -> Answer:
        """Never raises for network trouble. `expects` is the shape of a good answer's data: `dict` or `list`.

        Only the path and the reference are logged, so neither may hold an account number or a name.
        """
        started = time.monotonic()
        answer = self._exchange(method, path, body, query, expects)
        fields = {
            "call": f"{method} {path}",
            "outcome": answer.outcome.value,
            "detail": answer.detail,
            "ms": round((time.monotonic() - started) * 1000),
        }
        log.info("paystack call", extra=fields | ({"reference": reference} if reference else {}))
        return answer

    def _exchange(
        self, method: str, path: str, body: dict[str, Any] | None, query: Mapping[str, str] | None, expects: type
    ) -> Answer:
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
            return Answer(Outcome.NOT_SENT if never_left(error) else Outcome.UNKNOWN, type(error).__name__)
        if answer.status_code >= 500:
            return Answer(Outcome.UNKNOWN, f"HTTP {answer.status_code}")
        try:
            envelope = answer.json()
        except requests.JSONDecodeError:
            envelope = None
        if not isinstance(envelope, dict):
            return _unreadable(answer.status_code)
        if answer.ok and envelope.get("status") is True:
            return _good(answer.status_code, envelope, expects)
        return _refusal(answer.status_code, envelope)


def to_wire(money: Money) -> int:
    """Hundredths of the currency's unit."""
    return int(money.major * 100)


def from_wire(hundredths: int, currency: str, round_up: bool = False) -> Money:
    """Raises `MoneyError` for an unknown currency and for an amount that it cannot hold, unless that is rounded up."""
    # A fee in hundredths of a franc still costs the group a whole franc; an amount must be exact.
    per_unit = 10 ** (2 - minor_digits(currency))
    return (
        Money(-(-hundredths // per_unit), currency) if round_up else Money.of_major(Decimal(hundredths) / 100, currency)
    )


def whole(value: object) -> int:
    """A whole number as JSON or as text gives it. Raises `ValueError`: an amount is never rounded into shape."""
    if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()):
        return int(value)
    raise ValueError("not a whole number")


def _good(http_status: int, envelope: dict[str, Any], expects: type) -> Answer:
    data = envelope.get("data") or expects()
    if expects is dict and isinstance(data, dict):
        return Answer(Outcome.SUCCEEDED, "ok", data=data, http_status=http_status)
    if expects is list and isinstance(data, list):
        meta = envelope.get("meta")
        next_page = str(meta.get("next") or "") if isinstance(meta, dict) else ""
        return Answer(Outcome.SUCCEEDED, "ok", rows=data, next_page=next_page, http_status=http_status)
    return _unreadable(http_status)


def _refusal(http_status: int, envelope: dict[str, Any]) -> Answer:
    code = str(envelope.get("code") or http_status)
    outcome = Outcome.DECLINED
    if code == "duplicate_reference":
        outcome = Outcome.UNKNOWN  # The first one exists: ask about it.
    elif http_status == 429:
        outcome = Outcome.NOT_SENT
    return Answer(
        outcome,
        code,
        http_status=http_status,
        error_type=str(envelope.get("type") or ""),
        message=str(envelope.get("message") or ""),
    )


def _unreadable(http_status: int) -> Answer:
    return Answer(Outcome.UNKNOWN, f"HTTP {http_status}, unreadable")
