"""Redis and RQ: the doorbell. PostgreSQL owns all work, so losing everything in here loses nothing.

One queue per worker: a worker on several queues pops with BLPOP and loses a job when it is killed between pop and
start. JSON instead of pickle, so that nobody who can write to Redis can run code. No RQ retries: the outbox retries.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.cron import CronJob, CronScheduler
from rq.serializers import JSONSerializer

from core.settings import settings

QUEUES = ("payments", "bot", "ticks")
RING_TIMEOUT_SECONDS = 1.0
WORKER_TTL_SECONDS = 45

log = logging.getLogger(__name__)


@cache
def _redis() -> Redis:
    # A frozen Redis must not hold up a webhook: the sweep rings again for whatever this one could not.
    return Redis.from_url(
        settings().redis_url, socket_timeout=RING_TIMEOUT_SECONDS, socket_connect_timeout=RING_TIMEOUT_SECONDS
    )


@cache
def _queue(name: str) -> Queue:
    return Queue(name, connection=_redis(), serializer=JSONSerializer)


def ring(function: str, row_id: int) -> bool:
    """Asks a worker to run `function` ("bot.jobs.deliver") for a row. False when Redis does not answer."""
    queue = function.split(".", 1)[0]
    try:
        _queue(queue).enqueue(
            function, row_id, ttl=60, job_timeout=settings().job_timeout_seconds, result_ttl=0, failure_ttl=86_400
        )
    except RedisError as error:
        log.warning("redis did not take a job; the sweep will ring again", extra={"error": type(error).__name__})
        return False
    return True


def worker(queue: str) -> Worker:
    """An RQ worker for exactly one queue. Raises `ValueError` for a queue nobody puts anything into."""
    if queue not in QUEUES:
        raise ValueError(f"there is no queue {queue!r}; the queues are {', '.join(QUEUES)}")
    connection = Redis.from_url(settings().redis_url)
    return Worker(
        [Queue(queue, connection=connection, serializer=JSONSerializer)],
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_SECONDS,
        maintenance_interval=60,
        log_job_description=False,
    )


class _JSONCronJob(CronJob):
    """RQ 3.0's cron enqueues with pickle and has no setting for it, which a JSON worker cannot read."""

    def enqueue(self, connection: Redis) -> Any:
        queue = Queue(self.queue_name, connection=connection, serializer=JSONSerializer)
        return queue.enqueue(self.func_name, **self.job_options)


class Clock(CronScheduler):
    """`rq cron` for our queues: registers ticks, each of which recomputes what is due from the database.

    It has no lock, so two clocks may run at once: ticks are safe to run twice and at the same time.
    """

    def __init__(self) -> None:
        super().__init__(connection=Redis.from_url(settings().redis_url))

    def every(self, interval: timedelta, tick: Callable[[], object]) -> None:
        """Runs `tick` each `interval`; one that found no worker in that time is dropped, for the next does its work."""
        seconds = int(interval.total_seconds())
        self.get_jobs().append(
            _JSONCronJob(
                queue_name="ticks",
                func=tick,
                interval=seconds,
                ttl=max(seconds, 5),
                job_timeout=settings().job_timeout_seconds,
                result_ttl=0,
                failure_ttl=86_400,
            )
        )
