"""What the parts of a sandbox share: its settings, memory, clock, faults and the threads that work behind an answer."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from sandbox.clock import SandboxClock
from sandbox.config import SandboxConfig
from sandbox.faults import Faults
from sandbox.inbox import Inbox
from sandbox.store import Store, WebhookError

EXTENSION = "sandbox"
POOL_THREADS = 24

Result = TypeVar("Result")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class World:
    config: SandboxConfig
    store: Store
    clock: SandboxClock
    inbox: Inbox
    # Rung when a webhook became due, so that its sender need not wait for its next sweep.
    doorbell: threading.Event = field(default_factory=threading.Event)
    faults: Faults = field(default_factory=Faults)
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(POOL_THREADS, "sandbox"))

    def later(self, work: Callable[[], Result]) -> Future[Result]:
        """Do something behind the answer; what goes wrong there is logged, because nobody waits for it."""
        future = self.pool.submit(work)
        future.add_done_callback(_log_failure)
        return future

    def record_webhook_error(self, provider: str, subject: str, url: str, status: int | None, error: str) -> None:
        now = self.clock.now()
        with self.store.begin() as session:
            session.add(
                WebhookError(provider=provider, subject=subject, url=url, status=status, error=error[:2000], at=now)
            )


def world() -> World:
    found = current_app.extensions[EXTENSION]
    assert isinstance(found, World)
    return found


def _log_failure(future: Future[Result]) -> None:
    if future.cancelled():
        return
    error = future.exception()
    # At the end of a test or a laptop's day the database may go first.
    if error is not None and not isinstance(error, SQLAlchemyError):
        log.error("work behind an answer failed", exc_info=error)
