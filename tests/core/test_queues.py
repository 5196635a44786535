"""The doorbell: never in the way of a commit, JSON only, and real workers that hear it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy import text

from core import db, outbox, queues
from core.outbox import OutboxRow
from cron import TICKS
from payments.models import ProviderEvent
from tests.conftest import ROOT, settings_of
from tests.core.racing import until
from tests.ledger.actors import AT

DATABASE = "postgresql://unused"


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as connection:
        yield connection


@pytest.fixture
def ringing(redis_url: str) -> Iterator[None]:
    """Settings with Redis, and no database."""
    with settings_of(DATABASE_URL=DATABASE, REDIS_URL=redis_url):
        yield


@pytest.fixture
def start_worker(committing: str) -> Iterator[Callable[[str], "subprocess.Popen[bytes]"]]:
    """`python worker.py QUEUE` as deployed, on the test's own database and Redis; stopped afterwards."""
    started: list[subprocess.Popen[bytes]] = []

    def start(queue: str) -> "subprocess.Popen[bytes]":
        started.append(subprocess.Popen([sys.executable, "worker.py", queue], cwd=ROOT, env=dict(os.environ)))
        return started[-1]

    yield start
    for process in started:
        process.terminate()
    for process in started:
        process.wait(10)


def jobs(redis: Redis, queue: str) -> list[Job]:
    """The jobs of a queue, read as a worker reads them."""
    return Queue(queue, connection=redis, serializer=JSONSerializer).get_jobs()


@pytest.mark.usefixtures("ringing")
def test_a_bell_is_a_job_of_its_packages_queue_in_json(redis: Redis) -> None:
    assert queues.ring("bot.jobs.deliver", 7)
    [job] = jobs(redis, "bot")
    assert (job.func_name, list(job.args), job.kwargs) == ("bot.jobs.deliver", [7], {})
    assert (job.timeout, job.result_ttl, job.retries_left) == (60, 0, None)
    assert jobs(redis, "payments") == []


def test_a_closed_redis_costs_a_moment_and_a_warning(closed_redis_url: str, caplog: pytest.LogCaptureFixture) -> None:
    with settings_of(DATABASE_URL=DATABASE, REDIS_URL=closed_redis_url):
        before = time.monotonic()
        assert not queues.ring("bot.jobs.deliver", 7)
        assert time.monotonic() - before < 2
    [record] = caplog.records
    assert record.levelname == "WARNING"


def test_a_frozen_redis_costs_about_a_second() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        before = time.monotonic()
        with settings_of(DATABASE_URL=DATABASE, REDIS_URL=url):
            assert not queues.ring("bot.jobs.deliver", 7)
        assert time.monotonic() - before < 2


@pytest.mark.usefixtures("ringing")
def test_a_worker_listens_on_one_queue_and_reads_json_only() -> None:
    for name in queues.QUEUES:
        worker = queues.worker(name)
        assert worker.queue_names() == [name]
        assert worker.serializer is JSONSerializer
        assert [queue.serializer for queue in worker.queues] == [JSONSerializer]


@pytest.mark.usefixtures("ringing")
def test_a_queue_that_nobody_fills_has_no_worker() -> None:
    with pytest.raises(ValueError, match="there is no queue 'default'"):
        queues.worker("default")


@pytest.mark.usefixtures("ringing")
def test_the_clock_enqueues_what_a_worker_can_read(redis: Redis) -> None:
    clock = queues.Clock()
    for tick, interval in TICKS.items():
        clock.every(interval, tick)
    clock.enqueue_jobs()
    queued = jobs(redis, "ticks")
    assert {job.func_name for job in queued} == {f"{tick.__module__}.{tick.__name__}" for tick in TICKS}
    assert {job.func for job in queued} == set(TICKS)
    assert all((list(job.args), job.kwargs) == ([], {}) for job in queued)


@pytest.mark.usefixtures("ringing")
def test_a_tick_that_found_no_worker_in_its_interval_is_dropped(redis: Redis) -> None:
    clock = queues.Clock()
    clock.every(timedelta(seconds=30), outbox.sweep)
    clock.enqueue_jobs()
    [job] = jobs(redis, "ticks")
    assert 0 < redis.ttl(job.key) <= 30


@pytest.mark.usefixtures("ringing")
def test_the_clock_waits_for_the_interval() -> None:
    clock = queues.Clock()
    clock.every(timedelta(seconds=30), outbox.sweep)
    assert [len(clock.enqueue_jobs()) for _ in range(3)] == [1, 0, 0]


def test_workers_do_the_work_whose_bell_was_lost_and_run_no_pickled_code(
    start_worker: Callable[[str], "subprocess.Popen[bytes]"], redis: Redis, tmp_path: Path
) -> None:
    """Clock → tick → sweep → bell → job, through two real worker processes."""
    worker = start_worker("payments")
    start_worker("ticks")
    # Whoever can write to Redis could leave this; reading it would run their code.
    trap = tmp_path / "trap"
    Queue("payments", connection=redis).enqueue(os.mkdir, str(trap))

    row_id = _work_whose_bell_was_lost()
    clock = queues.Clock()
    clock.every(timedelta(seconds=5), outbox.sweep)
    clock.enqueue_jobs()

    until(lambda: _state(row_id) == "done", patience_seconds=20)
    assert redis.llen("rq:queue:payments") == 0
    assert not trap.exists()
    assert worker.poll() is None


def _work_whose_bell_was_lost() -> int:
    """A webhook about somebody else's payment: the job reads it, and that is all."""
    with db.session() as session:
        event = ProviderEvent(provider="paystack", event_key="k", reference="not ours", body="{}", received_at=AT)
        session.add(event)
        session.flush()
        session.execute(
            text("""INSERT INTO outbox (kind, payload, dedupe_key, next_attempt_at, rung_at)
                    VALUES ('payments.read_event', jsonb_build_object('event', CAST(:event AS bigint)), 'k',
                            now() - interval '1 minute', now() - interval '1 minute')"""),
            {"event": event.id},
        )
        session.commit()
        row_id: int = session.query(OutboxRow.id).scalar()
        return row_id


def _state(row_id: int) -> str:
    with db.session() as session:
        return session.get_one(OutboxRow, row_id).state
