"""What is due by the sandbox's clock, and the thread that does it; the tables are its memory."""

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from sandbox.flutterwave import refunds, transactions, transfers
from sandbox.world import World

MIN_SWEEP_SECONDS, MAX_SWEEP_SECONDS = 0.02, 0.5
JOIN_SECONDS = 5.0

log = logging.getLogger(__name__)


def settle_due(world: World) -> None:
    """Prompts that are over, reversals that were ordered, transfers and refunds on their way.

    A transfer that waited for several steps takes them all.
    """
    transactions.settle_due(world)
    transfers.settle_due(world)
    refunds.settle_due(world)


class FlutterwaveSettler:
    def __init__(self, world: World) -> None:
        self._world = world
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="flutterwave-settling", daemon=True)
        self._sweep_seconds = min(MAX_SWEEP_SECONDS, max(world.config.transfer_seconds / 4, MIN_SWEEP_SECONDS))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=JOIN_SECONDS)

    def _run(self) -> None:
        while not self._stopped.wait(self._sweep_seconds):
            try:
                settle_due(self._world)
            except SQLAlchemyError as error:
                # The database may restart under a running sandbox; the rows are still there afterwards.
                log.info("payments wait for the database: %s", error.__class__.__name__)
