"""Paystack's events on their way to the product: kept in a table, signed, and sent again until they arrive.

Retries follow Paystack's rule: after `webhook_retry_seconds` four times, then hourly until 72 hours are over. They go
by the sandbox's clock, so that a day that is skipped is a day of retries too.
"""

import hashlib
import hmac
import json
import logging
import threading
from datetime import datetime, timedelta

import requests
from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from sandbox.store import Json, Webhook
from sandbox.world import World

WEBHOOK_PATH = "/webhooks/payment/paystack"
SIGNATURE_HEADER = "x-paystack-signature"
QUICK_RETRIES = 4
SLOW_RETRY = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(hours=72)
TIMEOUT_SECONDS = 15.0
MAX_SWEEP_SECONDS = 1.0
BATCH_SIZE = 20

log = logging.getLogger(__name__)


def signature_of(body: bytes, secret_key: str) -> str:
    return hmac.new(secret_key.encode(), body, hashlib.sha512).hexdigest()


def queue_event(world: World, session: Session, reference: str, event: Json) -> Webhook:
    """Note that an event must go out, in the database transaction of the payment or transfer that it tells of."""
    body = json.dumps(event, separators=(",", ":"), ensure_ascii=False)
    now = world.clock.now()
    webhook = Webhook(reference=reference, body=body, state="pending", created_at=now, next_attempt_at=now)
    session.add(webhook)
    return webhook


class WebhookSender:
    """The thread that sends what is due; the table is its memory, so a restart loses nothing."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="paystack-webhooks", daemon=True)
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
        # A clock that was set back must not leave an event waiting for a far-away day.
        stranded = or_(Webhook.created_at > now, Webhook.next_attempt_at > now + 2 * SLOW_RETRY)
        due = or_(Webhook.next_attempt_at <= now, stranded)
        query = select(Webhook.id).where(Webhook.state == "pending", due).order_by(Webhook.id).limit(BATCH_SIZE)
        with self._world.store.begin() as session:
            ids = list(session.scalars(query))
        for webhook_id in ids:
            if not self._stopped.is_set():
                self._send(webhook_id)

    def _send(self, webhook_id: int) -> None:
        world = self._world
        # Taken before the call, because the clock may jump while the product thinks.
        now = world.clock.now()
        with world.store.begin() as session:
            webhook = session.get_one(Webhook, webhook_id)
        if world.faults.loses_webhook("paystack", WEBHOOK_PATH):
            self._finish(webhook_id, now, "lost", None)
            return
        url = f"{world.config.product_url}{WEBHOOK_PATH}"
        status, error = _post(url, webhook.body.encode(), world.config.paystack_secret_key)
        if error is None:
            self._finish(webhook_id, now, "delivered", None)
            return
        world.record_webhook_error("paystack", webhook.reference, url, status, error)
        self._finish(webhook_id, now, "pending", error)

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


def _post(url: str, body: bytes, secret_key: str) -> tuple[int | None, str | None]:
    """One attempt; the error is None when the product took the event with a 2xx."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Paystack/2.0",
        SIGNATURE_HEADER: signature_of(body, secret_key),
    }
    try:
        with requests.Session() as session:
            session.trust_env = False
            response = session.post(url, data=body, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        return None, f"no answer: {error.__class__.__name__}"
    status = response.status_code
    return status, None if 200 <= status < 300 else f"answered {status}"
