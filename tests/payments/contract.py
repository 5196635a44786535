"""What the contract suites share, and every hook with which a provider's tests say how their provider speaks.

A provider inherits five suites: `ProviderContract` (money, checkout, verification), `EventContract` (webhooks),
`ChargeContract` (prompts, codes, accounts), `PayoutContract` and `RecordsContract`. Each runs over real HTTP against a
server that answers, refuses, hangs or breaks off as the test wants. The hooks; a `Reply` is one answer of the provider:

All suites: `secret`, what no log may hold · `provider(base_url, breaker)`, one whose patience ends after
IMPATIENCE_SECONDS · `busy()`, too many requests, not carried out · `wrong_key()`, its answer to a key that it refuses.

ProviderContract: `currencies`, `unsupported`, `bends` (gross amounts where the fee's schedule bends) · `statuses`, each
of the provider's own words and its outcome · `page(url, reference)` · `duplicate()`, None where it takes a reference
twice · `refusal()` · `unknown_reference()` · `report(status, reference, paid, fee)` with an id and the time PAID_AT ·
`reversed_report(reference, paid, fee)` and `standing_report(reference, paid, fee, number)`, None where there is no such
thing · `check_page_request`, `check_verify_request`.

EventContract: `news(reference)`, one of each event · `signed(body)`, the headers · `signature_covers_body`, False where
the signature is a shared word that says nothing about the bytes.

ChargeContract: `methods` by currency · `networks` by currency and method · `phones` by currency ·
`charge_answers(order)`, every answer to this order and what it becomes, the usual one first · `used_charges`,
`refused_charges`, `unclear_charges` · `check_charge_request` · `otp_answers(reference)`, () where no payer is asked for
a password · `check_otp_request` · `standing_script(account, currency)`, the answers that lead to a standing account, by
request · `standing_refusals`, scripts that end in none for good · `check_standing_requests`.

PayoutContract: `kinds` by currency, `not_paid_out`, `payout_statuses`, `account` · `bank_list`, `named`,
`no_such_account` · `known_as(code)`, None where a recipient is made without a call · `taken`, `used_before`,
`conclusive_refusals`, `unclear_refusals`, `unknown_payouts`, `payout_report` · `otp_payouts()`, answers to an owner's
one-time password and their outcome, () without · `check_otp_payout` · `approvals(reference, amount)`, the bodies of its
question whether a payout is ours, () without · `signed` · `check_payout_request`, `check_payout_question`.

RecordsContract: `record_statuses` by kind; a kind that is missing is not listed by the provider · `money` currencies to
list in · `page_size`, how many rows the adapter asks for · `shelf(books, endless)`, the provider with these books:
answers each request about them, page by page, or each page full without end · `refund_answers(order)` ·
`before_refund(order)`, answers to what the adapter asks first · `refused_refunds`, `unclear_refunds` ·
`check_refund_request` · `lists_settled`, whether it tells what a settlement holds.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from payments.provider import Outcome, Provider
from payments.providers.connection import Breaker
from tests.payments.servers import Reply, ScriptedServer, break_off, hang, hang_up, reset, scripted

REFERENCE = "gw-17-0123456789abcdef"
PAID_AT = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
IMPATIENCE_SECONDS = 1.0

# Answers from which nobody can tell whether the call was carried out.
UNCLEAR = {
    "no answer in time": hang,
    "a reset connection": reset,
    "a closed connection": hang_up,
    "an answer that breaks off": break_off,
    "HTTP 500": Reply("Internal Server Error", 500, "text/plain"),
    "HTTP 500 with JSON": Reply({"status": False, "message": "Error", "code": "unknown"}, 500),
    "HTTP 502 with a page": Reply("<html>Bad Gateway</html>", 502, "text/html"),
    "HTTP 503 with JSON": Reply({"status": False, "message": "try later"}, 503),
    "a page instead of JSON": Reply("<html><h1>Welcome</h1></html>", 200, "text/html"),
    "no content": Reply("", 200),
    "half of a JSON text": Reply('{"status": true, "data": {"refer', 200),
    "bytes that are no text": Reply(b"\xff\xfe\x00{", 200),
    "a number without end": Reply('{"status": true, "data": {"amount": ' + "9" * 5_000 + "}}", 200),
    "lists in lists without end": Reply("[" * 100_000, 200),
    "a list": Reply([], 200),
    "null": Reply("null", 200),
    "a redirect": Reply("", 302, "text/html"),
}

# What stands where something else was expected.
ODD: tuple[Any, ...] = (None, [], {}, "", "x", "\0", "\ud800", 7, -1.5, True, [[]], {"x": None}, "9" * 5000, 10**30)


class Tripped:
    """A breaker that lets nothing pass."""

    def allows(self) -> bool:
        return False

    def note(self, *, healthy: bool) -> None:
        raise AssertionError("there was no call to note")


class Noting:
    """A breaker that lets everything pass and remembers how it went."""

    def __init__(self) -> None:
        self.noted: list[bool] = []

    def allows(self) -> bool:
        return True

    def note(self, *, healthy: bool) -> None:
        self.noted.append(healthy)


class Contract:
    """The base of every suite; the module's docstring explains the hooks."""

    secret: ClassVar[str]

    def provider(self, base_url: str, breaker: Breaker | None = None) -> Provider:
        raise NotImplementedError

    def busy(self) -> Reply:
        raise NotImplementedError

    def wrong_key(self) -> Reply:
        raise NotImplementedError

    @pytest.fixture
    def server(self) -> Iterator[ScriptedServer]:
        with scripted() as started:
            yield started


def status_of(outcome: Outcome, statuses: dict[str, Outcome]) -> str:
    """The provider's first word for this outcome."""
    return next(status for status, its_outcome in statuses.items() if its_outcome is outcome)


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """All that the log lines hold, but for times and numbers of processes, in which any digits may happen to stand."""
    numbers = {"created", "msecs", "relativeCreated", "thread", "process"}
    lines = [{name: told for name, told in vars(line).items() if name not in numbers} for line in caplog.records]
    return " ".join(map(str, lines))


def spoilt(value: Any) -> Iterator[Any]:
    """Every copy of a JSON value in which one part is missing, or is something odd."""
    yield from ODD
    if isinstance(value, dict):
        for name, part in value.items():
            rest = {other: kept for other, kept in value.items() if other != name}
            yield rest
            yield from ({**value, name: odd} for odd in spoilt(part))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from ([*value[:number], odd, *value[number + 1 :]] for odd in spoilt(part))


def spoilt_reply(reply: Reply) -> Iterator[Reply]:
    """The same for an answer's body."""
    body = json.loads(reply.body) if isinstance(reply.body, str | bytes) else reply.body
    for odd in spoilt(body):
        yield Reply(odd if not isinstance(odd, str) else json.dumps(odd), reply.status)
