"""A Redis and a database that are empty for each test."""

from collections.abc import Iterator

import pytest
from alembic.config import Config
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import Engine, create_engine, text

from core.queues import QUEUES
from sandbox.services import free_port
from tests.conftest import ROOT, copy_of
from tests.core.work import Bells


@pytest.fixture(scope="session")
def core_engine(server_url: str, migrated: str) -> Iterator[Engine]:
    with copy_of(server_url, migrated) as url:
        engine = create_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def database_url(core_engine: Engine) -> str:
    """The same database for every test, emptied first: that takes a fraction of the time of a copy."""
    with core_engine.begin() as connection:
        connection.execute(text("TRUNCATE outbox, provider_events RESTART IDENTITY"))
    return core_engine.url.render_as_string(hide_password=False)


@pytest.fixture
def redis_url(redis_url: str) -> Iterator[str]:
    """The Redis of this process, emptied before and after."""
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
        yield redis_url
        redis.flushdb()


@pytest.fixture
def closed_redis_url() -> str:
    """Where no Redis listens."""
    return f"redis://127.0.0.1:{free_port()}/0"


@pytest.fixture
def bells(redis_url: str) -> Bells:
    """What Redis was asked to have run: (function, arguments), in order, queue by queue."""

    def asked() -> list[tuple[str, list[int]]]:
        with Redis.from_url(redis_url) as redis:
            jobs = [job for name in QUEUES for job in Queue(name, redis, serializer=JSONSerializer).get_jobs()]
        return [(job.func_name, list(job.args)) for job in jobs]

    return asked


@pytest.fixture
def alembic(committing: str) -> Config:
    """Alembic led to the test's own database."""
    config = Config(ROOT / "alembic.ini")
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return config
