"""How Paystack speaks: its envelope, its lists in pages, its numbers and times.

Amounts on the wire are hundredths in every currency, also in those without cents (XOF). What is read here never raises
for what Paystack left out or wrote oddly, but for the numbers: an amount is read exactly or not at all.
"""

import hmac
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha512
from typing import Any

from core.errors import MoneyError
from core.money import Money, minor_digits
from payments.errors import BadSignature
from payments.provider import Outcome
from payments.providers.connection import TIMEOUT_SECONDS, Breaker, Connection, Reply

ROWS_PER_PAGE = 100
MAX_PAGES = 100

# What is kept of a word of theirs (the longest known references have 40 letters), and of a sentence or an address.
LONGEST_WORD, LONGEST_TEXT = 120, 1_000

# What reading their numbers raises: something is missing, is no number, or is no money.
UNREADABLE = (KeyError, TypeError, ValueError, MoneyError)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. DECLINED is any refusal: what it means, `code`, `error_type` and `message` tell the caller.

    `data` is filled when the envelope holds an object, `rows`, `next_page` and `page_count` when it holds a list.
    `message` is for recognising answers that have no code; it may quote what was sent, so it is neither logged nor
    stored.
    """

    outcome: Outcome
    detail: str
    data: dict[str, Any] = field(default_factory=dict)
    rows: list[Any] = field(default_factory=list)
    next_page: str = ""
    page_count: int | None = None
    http_status: int = 0
    error_type: str = ""
    message: str = ""

    @property
    def not_found(self) -> bool:
        """Whether Paystack says that it has no such thing, rather than that it does not let us ask."""
        return self.outcome is Outcome.DECLINED and (self.detail == "404" or self.detail.endswith("not_found"))

    @property
    def key_refused(self) -> bool:
        """Whether it did not let us ask at all: nothing was done, and nothing was said about what was asked."""
        return self.http_status in (401, 403)

    @property
    def about_the_request(self) -> bool:
        """Whether a refusal is about what was asked for, not trouble on the way or a refused key."""
        return self.http_status in (400, 404, 422) and self.error_type not in ("api_error", "processor_error")

    @property
    def used_before(self) -> bool:
        """Whether the reference is one that they have; older parts of Paystack say so without a code."""
        message = self.message.lower()
        return "duplicate" in self.detail or (
            "reference" in message and any(word in message for word in ("already", "unique", "duplicate"))
        )


class PaystackHTTP(Connection):
    """The connections to one Paystack account, kept open between calls; one per process."""

    def __init__(
        self,
        base_url: str,
        secret_key: str,
        timeout_seconds: tuple[float, float] = TIMEOUT_SECONDS,
        breaker: Breaker | None = None,
    ) -> None:
        super().__init__("paystack", base_url, secret_key, timeout_seconds, breaker)
        self._secret_key = secret_key

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        reference: str = "",
        expects: type = dict,
    ) -> Answer:
        """Never raises for network trouble. `expects` is the shape of a good answer's data: `dict` or `list`."""
        reply = self.call(method, path, body, query, reference)
        if reply.outcome is not Outcome.SUCCEEDED:
            return Answer(reply.outcome, reply.detail, http_status=reply.http_status)
        if reply.ok and reply.body.get("status") is True:
            return _good(reply, expects)
        refusal = _refusal(reply)
        fields = {"call": f"{method} {path}", "detail": refusal.detail}
        log.info("paystack refused", extra=fields | ({"reference": reference} if reference else {}))
        return refusal

    def _pages(self, path: str, query: Mapping[str, str]) -> Answer:
        """All rows of a list. UNKNOWN for one that has no end, and for anything but good answers."""
        rows: list[Any] = []
        for page in range(1, MAX_PAGES + 1):
            asked = {**query, "perPage": str(ROWS_PER_PAGE), "page": str(page)}
            answer = self._call("GET", path, query=asked, expects=list)
            if answer.outcome is Outcome.DECLINED:
                return Answer(Outcome.UNKNOWN, answer.detail, http_status=answer.http_status)
            if answer.outcome is not Outcome.SUCCEEDED:
                return answer
            rows += answer.rows
            # A short page is no end: Paystack may give fewer rows than were asked for.
            if not answer.rows or (answer.page_count is not None and page >= answer.page_count):
                return replace(answer, rows=rows)
        return Answer(Outcome.UNKNOWN, f"more than {MAX_PAGES} pages")

    def _check_signature(self, body: bytes, headers: Mapping[str, str]) -> None:
        """HMAC-SHA512 of the raw bytes with the secret key, in `x-paystack-signature`. Raises `BadSignature`."""
        expected = hmac.new(self._secret_key.encode(), body, sha512).hexdigest()
        if not hmac.compare_digest(expected.encode(), headers.get("x-paystack-signature", "").encode()):
            raise BadSignature


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object that the bytes hold, {} where they hold none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


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
    if (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, str) and value.isdecimal()):
        return int(value)
    raise ValueError("not a whole number")


def amount_in(data: Mapping[str, Any], name: str = "amount") -> Money:
    """The amount `name` in the object's own currency. Raises one of `UNREADABLE`."""
    return from_wire(whole(data[name]), str(data["currency"]))


def text(value: object, longest: int = LONGEST_WORD) -> str | None:
    """A text of theirs as the database can hold it: without NUL and broken characters, not too long, never empty."""
    if not isinstance(value, str):
        return None
    return value.encode(errors="ignore").decode().replace("\0", "").strip()[:longest] or None


def word(value: object) -> str | None:
    """A name of theirs that may also be a number, such as an id."""
    is_number = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**40
    return str(value) if is_number else text(value)


def moment(value: object) -> datetime | None:
    """A time as Paystack writes it, `2026-03-14T09:26:53.000Z`; None for anything else."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at.replace(tzinfo=at.tzinfo or UTC) if at else None


def instant(at: datetime) -> str:
    """A time as Paystack reads it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def inner(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object called `name`, empty where there is none."""
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def _good(reply: Reply, expects: type) -> Answer:
    data = reply.body.get("data") or expects()
    if expects is dict and isinstance(data, dict):
        return Answer(Outcome.SUCCEEDED, "ok", data=data, http_status=reply.http_status)
    if expects is list and isinstance(data, list):
        meta = inner(reply.body, "meta")
        pages = meta.get("pageCount")
        return Answer(
            Outcome.SUCCEEDED,
            "ok",
            rows=data,
            next_page=str(meta.get("next") or ""),
            page_count=pages if isinstance(pages, int) else None,
            http_status=reply.http_status,
        )
    return Answer(Outcome.UNKNOWN, f"HTTP {reply.http_status}, unreadable", http_status=reply.http_status)


def _refusal(reply: Reply) -> Answer:
    code = word(reply.body.get("code")) or str(reply.http_status)
    return Answer(
        # The first one with this reference exists: ask about it.
        Outcome.UNKNOWN if code == "duplicate_reference" else Outcome.DECLINED,
        code,
        data=inner(reply.body, "data"),
        http_status=reply.http_status,
        error_type=str(reply.body.get("type") or ""),
        message=str(reply.body.get("message") or ""),
    )
