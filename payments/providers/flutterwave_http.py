"""How Flutterwave v3 is spoken to: its envelope, and amounts in major units (https://developer.flutterwave.com/v3.0).

Every answer is `{"status": "success" | "error", "message": …, "data": …, "meta": …}`; there are no error codes, only
words. A message may quote what was sent, so it is read for what it means, but neither logged nor stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Any

from core.errors import MoneyError
from core.money import Money, minor_digits
from payments.outcomes import Outcome
from payments.providers.connection import TIMEOUT_SECONDS, Breaker, Connection, Reply

# What reading an amount, a currency or a moment out of an answer may raise.
UNREADABLE = (KeyError, ValueError, OverflowError, MoneyError)

# No amount of a savings group has more digits than this; what has is an attack or a mistake.
MOST_DIGITS = 20
LONGEST_TEXT = 150


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. DECLINED is any refusal: what it means, `http_status` and `message` tell the caller.

    `data` is filled when the envelope holds an object, `rows` when it holds a list. `detail` is for logs.
    """

    outcome: Outcome
    detail: str
    data: dict[str, Any] = field(default_factory=dict)
    rows: list[Any] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)
    http_status: int = 0
    message: str = ""

    @property
    def not_found(self) -> bool:
        """Whether they say that there is no such transaction: "No transaction was found for this id"."""
        return self.outcome is Outcome.DECLINED and "no transaction was found" in self.message

    @property
    def used_before(self) -> bool:
        """Whether they say that the reference was used before: the first one exists then."""
        return (
            self.outcome is Outcome.DECLINED
            and any(word in self.message for word in ("reference", "tx_ref", "txref"))
            and any(word in self.message for word in ("already", "duplicate", "used", "unique", "exist"))
            and "not exist" not in self.message
        )


class FlutterwaveHTTP:
    """The connection to one Flutterwave account, kept open between calls; one per process.

    `base_url` holds the version: https://api.flutterwave.com/v3.
    """

    def __init__(
        self,
        base_url: str,
        secret_key: str,
        secret_hash: str,
        timeout_seconds: tuple[float, float] = TIMEOUT_SECONDS,
        breaker: Breaker | None = None,
    ) -> None:
        self._connection = Connection("flutterwave", base_url, secret_key, timeout_seconds, breaker)
        self._secret_hash = secret_hash

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        reference: str = "",
        expects: type = dict,
    ) -> Answer:
        """Never raises for network trouble. `expects` is the shape of a good answer's data: `dict` or `list`.

        Only the path and the reference are logged, so neither may hold an account number or a name.
        """
        return _answer(self._connection.call(method, path, body, query, reference), expects)

    def _look_up(self, reference: str) -> Answer:
        """GET /transactions/verify_by_reference: the collection with this reference of ours, a pure read."""
        return self._call("GET", "/transactions/verify_by_reference", query={"tx_ref": reference}, reference=reference)


def to_wire(money: Money) -> int | float:
    """The amount as a JSON number whose text is exactly the amount. Raises `MoneyError` where none is.

    Python writes a float as the shortest text that reads back the same, which up to 15 digits is the decimal that it
    was made from: 76.15 goes out as 76.15.
    """
    major = money.major
    if major == major.to_integral_value():
        return int(major)
    number = float(major)
    if Decimal(repr(number)) != major:
        raise MoneyError(f"{major} has no JSON number of its own")
    return number


def from_wire(value: object, currency: object, rounding: str | None = None) -> Money:
    """Reads an amount in major units, as a number or as text.

    Raises `ValueError` or `MoneyError` for what is no amount of a known currency, and for a fraction of its smallest
    unit unless it is rounded: fees have such fractions (26.875), and are rounded up.
    """
    major = _decimal(value)
    if not isinstance(currency, str):
        raise ValueError("no currency")
    if rounding is not None:
        digits = minor_digits(currency)
        return Money(int(major.scaleb(digits).to_integral_value(rounding)), currency)
    return Money.of_major(major, currency)


def fee_from_wire(value: object, currency: object) -> Money:
    """A fee, rounded up: a fraction of a kobo still costs the group a whole one. Raises as `from_wire`."""
    return from_wire(value, currency, ROUND_CEILING)


def moment(value: object) -> datetime:
    """A moment as they write it: "2020-07-15T14:31:16.000Z", "2021-02-15 16:27:22". Raises what `UNREADABLE` holds."""
    if not isinstance(value, str):
        raise ValueError("no moment")
    read = datetime.fromisoformat(value.strip())
    # They mark UTC, where they mark anything.
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)


def moment_or_none(value: object) -> datetime | None:
    try:
        return moment(value)
    except UNREADABLE:
        return None


def text(value: object) -> str:
    """An id, a reference or a word, as text or as a whole number; "" for anything that cannot be one."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return ""
    stripped = value.strip()
    return stripped if len(stripped) <= LONGEST_TEXT and stripped.isprintable() else ""


def _answer(reply: Reply, expects: type) -> Answer:
    if reply.outcome is not Outcome.SUCCEEDED:
        return Answer(reply.outcome, reply.detail, http_status=reply.http_status)
    status, meta = reply.body.get("status"), reply.body.get("meta")
    if reply.ok and status == "success":
        data = reply.body.get("data")
        # Some answers to charges have no data at all; a list that is missing is no empty list.
        if expects is dict and data is None:
            data = {}
        if not isinstance(data, expects):
            return Answer(Outcome.UNKNOWN, f"HTTP {reply.http_status}, unreadable", http_status=reply.http_status)
        return Answer(
            Outcome.SUCCEEDED,
            "ok",
            data=data if isinstance(data, dict) else {},
            rows=data if isinstance(data, list) else [],
            meta=meta if isinstance(meta, dict) else {},
            http_status=reply.http_status,
        )
    if status != "error":
        return Answer(Outcome.UNKNOWN, f"HTTP {reply.http_status}, unreadable", http_status=reply.http_status)
    message = reply.body.get("message")
    return Answer(
        Outcome.DECLINED,
        str(reply.http_status),
        http_status=reply.http_status,
        message=message.lower() if isinstance(message, str) else "",
    )


def _decimal(value: object) -> Decimal:
    """The exact number that was written. Raises `ValueError`: an amount is never bent into shape."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("no number")
    try:
        # A JSON number that was read as a float is written again as the text it was read from.
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError("no number") from None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or number.adjusted() > MOST_DIGITS or exponent < -MOST_DIGITS:
        raise ValueError("no number")
    return number
