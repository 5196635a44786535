"""The thread that lets transfers and charges come to their end, by the sandbox's clock; the tables are its memory."""

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from sandbox.paystack.payments import do_due_payments
from sandbox.paystack.transfers import settle_due
from sandbox.world import World

MIN_SWEEP_SECONDS, MAX_SWEEP_SECONDS = 0.02, 0.5
JOIN_SECONDS = 5.0

log = logging.getLogger(__name__)


class TransferSettler:
    def __init__(self, world: World) -> None:
        self._world = world
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="paystack-transfers", daemon=True)
        self._sweep_seconds = min(MAX_SWEEP_SECONDS, max(world.config.transfer_seconds / 2, MIN_SWEEP_SECONDS))

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
                do_due_payments(self._world)
            except SQLAlchemyError as error:
                # The database may restart under a running sandbox; the rows are still there afterwards.
                log.info("transfers wait for the database: %s", error.__class__.__name__)
