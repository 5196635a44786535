"""Threads that start at the same moment, and a look at who waits for whom: races without sleeping on luck."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sqlalchemy import text

from core import db

PATIENCE_SECONDS = 5
_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each call returned, or the exception that it raised, in the order of the calls."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        start.wait(PATIENCE_SECONDS)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        futures = [pool.submit(run, call) for call in calls]
        return [_outcome(future) for future in futures]


def until(look: Callable[[], Any], patience_seconds: float = PATIENCE_SECONDS) -> Any:
    """The first thing that `look` finds; fails when nothing comes in time."""
    deadline = time.monotonic() + patience_seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "nothing came in time"
        time.sleep(0.005)
    return found


def until_blocked(count: int = 1) -> None:
    """Returns when so many statements of this database wait for a lock of somebody else."""

    def is_blocked() -> bool:
        with db.session() as session:
            # The narrow role of the product does not see who waits.
            session.execute(text("SET LOCAL ROLE NONE"))
            return bool(session.scalar(_WAITING) == count)

    until(is_blocked)


def _outcome(future: Future[Any]) -> Any:
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001  (the losers of a race are results, too)
        return error
