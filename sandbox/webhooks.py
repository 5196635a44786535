"""The events of the payment providers on their way to the product: kept in a table and sent until they arrive.

Retries follow Paystack's rule for both: after `webhook_retry_seconds` four times, then hourly until 72 hours are over.
They go by the sandbox's clock, so that a day that is skipped is a day of retries too. What was ordered to go wrong with
an event (`faults.WEBHOOK_KINDS`) is written into its row.
"""

import hashlib
import hmac
import json
import logging
import threading
from datetime import datetime, timedelta
from typing import Any

import requests
from sqlalchemy import and_, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from sandbox.config import SandboxConfig
from sandbox.faults import WEBHOOK_KINDS
from sandbox.store import Json, Webhook
from sandbox.world import World

PAYSTACK, FLUTTERWAVE = "paystack", "flutterwave"
SIGNATURE_HEADER, HASH_HEADER = "x-paystack-signature", "verif-hash"
QUICK_RETRIES = 4
SLOW_RETRY = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(hours=72)
TIMEOUT_SECONDS = 15.0
MAX_SWEEP_SECONDS = 1.0
BATCH_SIZE = 20
DUPLICATES = 3
LATE, SHUFFLED = "late_webhooks", "shuffle_webhooks"

log = logging.getLogger(__name__)


def webhook_path(provider: str) -> str:
    return f"/webhooks/payment/{provider}"


def signature_of(body: bytes, secret_key: str) -> str:
    """How Paystack signs a body: hex HMAC-SHA512 over its bytes."""
    return hmac.new(secret_key.encode(), body, hashlib.sha512).hexdigest()


def queue_event(world: World, session: Session, provider: str, reference: str, event: Json) -> Webhook:
    """Note that an event must go out, in the database transaction of the payment or transfer that it tells of."""
    body = json.dumps(event, separators=(",", ":"), ensure_ascii=False)
    now = world.clock.now()
    webhook = Webhook(
        provider=provider,
        reference=reference,
        body=body,
        state="pending",
        fault="",
        created_at=now,
        next_attempt_at=now,
    )
    session.add(webhook)
    return webhook


def headers_of(config: SandboxConfig, provider: str, body: bytes) -> dict[str, str]:
    """What a provider sends with an event. Paystack signs the body; Flutterwave only repeats the merchant's secret."""
    if provider == PAYSTACK:
        own = {"User-Agent": "Paystack/2.0", SIGNATURE_HEADER: signature_of(body, config.paystack_secret_key)}
    else:
        own = {"User-Agent": "Flutterwave/v1.0.0", HASH_HEADER: config.flutterwave_secret_hash}
    return {"Content-Type": "application/json", **own}


class WebhookSender:
    """The thread that sends what is due; the table is its memory, so a restart loses nothing."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="payment-webhooks", daemon=True)
        self._sweep_seconds = min(MAX_SWEEP_SECONDS, max(world.config.webhook_retry_seconds / 2, 0.02))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._world.doorbell.set()
        if self._thread.is_alive():
            self._thread.join(timeout=TIMEOUT_SECONDS + 1)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._send_due()
            except SQLAlchemyError as error:
                # The database may restart under a running sandbox; the rows are still there afterwards.
                log.info("webhooks wait for the database: %s", error.__class__.__name__)
            self._world.doorbell.wait(self._sweep_seconds)
            self._world.doorbell.clear()

    def _send_due(self) -> None:
        now = self._world.clock.now()
        # A clock that was set back must not leave an event waiting for a far-away day; one that is late on order may.
        far_away = and_(Webhook.next_attempt_at > now + 2 * SLOW_RETRY, Webhook.fault.not_in((LATE, SHUFFLED)))
        due = or_(Webhook.next_attempt_at <= now, Webhook.created_at > now, far_away)
        query = select(Webhook.id).where(Webhook.state == "pending", due).order_by(Webhook.id).limit(BATCH_SIZE)
        with self._world.store.begin() as session:
            ids = list(session.scalars(query))
        for webhook_id in ids:
            if self._stopped.is_set():
                return
            self._send(webhook_id)
            if self._release_held(webhook_id):
                # What was held back goes out before the others that are due.
                self._world.doorbell.set()
                return

    def _send(self, webhook_id: int) -> None:
        world = self._world
        # Taken before the call, because the clock may jump while the product thinks.
        now = world.clock.now()
        webhook = self._with_fault(webhook_id, now)
        if webhook.fault == "lose_webhooks":
            self._finish(webhook_id, now, "lost", None)
            return
        if webhook.next_attempt_at > now and webhook.fault in (LATE, SHUFFLED) and webhook.created_at <= now:
            return
        url = f"{world.config.product_url}{webhook_path(webhook.provider)}"
        if webhook.fault == "forge_webhooks" and not webhook.attempts:
            self._send_forged(webhook, url)
        body = webhook.body.encode()
        headers = headers_of(world.config, webhook.provider, body)
        deliveries = DUPLICATES if webhook.fault == "duplicate_webhooks" and not webhook.attempts else 1
        status, error = [_post(url, body, headers) for _ in range(deliveries)][0]
        if error is None:
            self._finish(webhook_id, now, "delivered", None)
            return
        world.record_webhook_error(webhook.provider, webhook.reference, url, status, error)
        self._finish(webhook_id, now, "pending", error)

    def _with_fault(self, webhook_id: int, now: datetime) -> Webhook:
        """The event, hit by the oldest fault that was ordered for it; none is hit twice."""
        with self._world.store.begin() as session:
            webhook = session.get_one(Webhook, webhook_id)
            # One event at a time is held back, until the following one was delivered: so each pair changes places.
            holds = webhook.attempts or session.scalar(_held(webhook.provider).limit(1)) is not None
            kinds = [kind for kind in WEBHOOK_KINDS if not (holds and kind == SHUFFLED)]
            path = webhook_path(webhook.provider)
            fault = None if webhook.fault else self._world.faults.take(webhook.provider, path, kinds=kinds)
            if fault is not None:
                webhook.fault = fault.kind
                if fault.kind in (LATE, SHUFFLED):
                    webhook.next_attempt_at = now + timedelta(seconds=fault.seconds)
        return webhook

    def _release_held(self, after_id: int) -> bool:
        """Let an event go that waited for the one just sent; whether there was one."""
        with self._world.store.begin() as session:
            sent = session.get_one(Webhook, after_id)
            held = session.scalar(_held(sent.provider).limit(1))
            if not sent.attempts or held is None or held == after_id:
                return False
            session.execute(update(Webhook).where(Webhook.id == held).values(next_attempt_at=Webhook.created_at))
        return True

    def _send_forged(self, webhook: Webhook, url: str) -> None:
        """What somebody could send who knows the product's address and the reference, and not the secret."""
        body = _forged(json.loads(webhook.body))
        headers = headers_of(self._world.config, webhook.provider, body)
        wrong = {SIGNATURE_HEADER: signature_of(body, "forged"), HASH_HEADER: "forged"}
        status, error = _post(url, body, {name: wrong.get(name, value) for name, value in headers.items()})
        if error is None:
            reference = webhook.reference
            self._world.record_webhook_error(webhook.provider, reference, url, status, "a forged event was accepted")

    def _finish(self, webhook_id: int, now: datetime, state: str, error: str | None) -> None:
        with self._world.store.begin() as session:
            webhook = session.get_one(Webhook, webhook_id)
            webhook.attempts += 1
            webhook.last_error = error
            webhook.state = state
            if state == "pending":
                self._plan_retry(webhook, now)

    def _plan_retry(self, webhook: Webhook, now: datetime) -> None:
        quick = timedelta(seconds=self._world.config.webhook_retry_seconds)
        webhook.next_attempt_at = now + (quick if webhook.attempts <= QUICK_RETRIES else SLOW_RETRY)
        if now - webhook.created_at >= GIVE_UP_AFTER:
            webhook.state = "given_up"


def _held(provider: str) -> Any:
    """The ids of the events that are held back until another one was sent."""
    waits = (Webhook.state == "pending", Webhook.fault == SHUFFLED, Webhook.attempts == 0)
    # Once let go, it is as due as when it was made.
    held = Webhook.next_attempt_at > Webhook.created_at
    return select(Webhook.id).where(Webhook.provider == provider, *waits, held).order_by(Webhook.id)


def _forged(event: Json) -> bytes:
    data = event.get("data")
    if isinstance(data, dict) and isinstance(data.get("amount"), (int, float, str)):
        # Twice as much, whatever the amount is written as.
        amount = data["amount"]
        data["amount"] = str(int(amount) * 2) if isinstance(amount, str) else amount * 2
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()


def _post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int | None, str | None]:
    """One attempt; the error is None when the product took the event with a 2xx."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            response = session.post(url, data=body, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        return None, f"no answer: {error.__class__.__name__}"
    status = response.status_code
    return status, None if 200 <= status < 300 else f"answered {status}"
