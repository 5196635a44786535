"""How Twilio calls a web address: form-encoded, signed, and retried as the address's fragment asks.

The fragment (`#rc=3&rp=ct,rt,5xx`) is Twilio's connection override: ct, rt and tt are milliseconds, rc the number of
retries, rp what is retried. It is neither sent nor signed. https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
"""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urldefrag

import requests
from twilio.request_validator import RequestValidator

MAX_RETRIES = 5
RETRY_PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class WebhookPolicy:
    connect_seconds: float = 5.0
    read_seconds: float = 15.0
    total_seconds: float = 15.0
    retries: int = 1
    retry_on: frozenset[str] = frozenset({"ct"})

    @classmethod
    def from_fragment(cls, fragment: str) -> "WebhookPolicy":
        given = {key: values[-1] for key, values in parse_qs(fragment).items()}
        plain = cls()
        return cls(
            connect_seconds=_seconds(given.get("ct"), plain.connect_seconds),
            read_seconds=_seconds(given.get("rt"), plain.read_seconds),
            total_seconds=_seconds(given.get("tt"), plain.total_seconds),
            retries=min(int(given["rc"]), MAX_RETRIES) if given.get("rc", "").isdigit() else plain.retries,
            retry_on=frozenset(given["rp"].split(",")) if "rp" in given else plain.retry_on,
        )

    def retries_after(self, failure: str | None) -> bool:
        return failure is not None and ("all" in self.retry_on or failure in self.retry_on)


@dataclass(frozen=True)
class WebhookAnswer:
    """The last attempt's outcome; `status` is None when no answer came at all."""

    status: int | None
    content_type: str
    body: str
    error: str | None
    attempts: int


def signature_of(address: str, params: Mapping[str, str], auth_token: str) -> str:
    return str(RequestValidator(auth_token).compute_signature(address, params))


def post_signed(url: str, params: Mapping[str, str], auth_token: str) -> WebhookAnswer:
    """POST to the product as Twilio does, with the retries that the address's fragment asks for."""
    address, fragment = urldefrag(url)
    policy = WebhookPolicy.from_fragment(fragment)
    headers = {
        "X-Twilio-Signature": signature_of(address, params, auth_token),
        "I-Twilio-Idempotency-Token": str(uuid.uuid4()),
        "User-Agent": "TwilioProxy/1.1",
        "Accept": "*/*",
    }
    deadline = time.monotonic() + policy.total_seconds
    for attempt in range(1, policy.retries + 2):
        left_seconds = max(deadline - time.monotonic(), 0.01)
        failure, answer = _attempt(address, params, headers, policy, left_seconds, attempt)
        last = attempt > policy.retries or not policy.retries_after(failure)
        if last or time.monotonic() + RETRY_PAUSE_SECONDS >= deadline:
            return answer
        time.sleep(RETRY_PAUSE_SECONDS)
    return answer


def _attempt(
    address: str,
    params: Mapping[str, str],
    headers: Mapping[str, str],
    policy: WebhookPolicy,
    left_seconds: float,
    attempt: int,
) -> tuple[str | None, WebhookAnswer]:
    """One call; the first item is the kind of failure in the words of `rp`, None when it went well."""
    limits = (min(policy.connect_seconds, left_seconds), min(policy.read_seconds, left_seconds))
    try:
        with requests.Session() as session:
            # A proxy of the machine has no business between two programs of the same laptop.
            session.trust_env = False
            response = session.post(
                address, data=dict(params), headers=dict(headers), timeout=limits, allow_redirects=False
            )
    except requests.ReadTimeout:
        return "rt", WebhookAnswer(None, "", "", f"no answer within {limits[1]:g} s", attempt)
    except requests.RequestException as error:
        return "ct", WebhookAnswer(None, "", "", f"no connection: {error.__class__.__name__}", attempt)
    content_type = response.headers.get("Content-Type", "")
    body = response.content.decode("utf-8", "replace")
    status = response.status_code
    if 200 <= status < 300:
        return None, WebhookAnswer(status, content_type, body, None, attempt)
    kind = "5xx" if status >= 500 else "4xx"
    return kind, WebhookAnswer(status, content_type, body, f"answered {status}", attempt)


def _seconds(milliseconds: str | None, default_seconds: float) -> float:
    return int(milliseconds) / 1000 if milliseconds and milliseconds.isdigit() else default_seconds
