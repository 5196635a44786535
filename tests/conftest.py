"""Real PostgreSQL and Redis for every test: embedded ones, or the servers in DATABASE_URL and REDIS_URL.

`session` is a transaction that is rolled back. `database_url` is a database of its own, for tests that commit or run
processes. `house` is the whole product running as processes, shared by all stories of a run.
"""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from bot.channels import twilio
from core import db, queues, storage
from core.settings import settings
from payments import providers
from sandbox import config, services

ROOT = Path(__file__).parent.parent

DOCUMENTS = TemporaryDirectory(prefix="groupwallet-documents-")  # Removed when the tests end.

ENVIRONMENT = {
    "ENV": "test",
    "PUBLIC_BASE_URL": "http://localhost:8000",
    "TWILIO_ACCOUNT_SID": "AC00000000000000000000000000005a4d",
    "TWILIO_AUTH_TOKEN": "sandbox-twilio-auth-token",
    "TWILIO_SMS_NUMBER": "+15005550006",
    "TWILIO_WHATSAPP_NUMBER": "+14155238886",
    "PAYSTACK_SECRET_KEY": "sk_test_sandbox",
    "PAYER_EMAIL_DOMAIN": "payers.groupwallet.example",
    "FIELD_KEYS": config.FIELD_KEYS,
    "FIELD_KEY_ID": config.FIELD_KEY_ID,
    "BLIND_INDEX_KEY": config.BLIND_INDEX_KEY,
    "STORAGE_URL": f"file://{DOCUMENTS.name}",
}


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server on which tests may create databases."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    with services.postgresql(tmp_path_factory.mktemp("postgresql") / "data") as url:
        with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
            # Nothing here outlives the tests, so nothing has to survive a power cut.
            connection.execute(text("ALTER SYSTEM SET fsync = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        yield url


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis-compatible server for this process's own bells; the house has another one."""
    with redis_for_tests(tmp_path_factory.mktemp("redis"), place=0) as url:
        yield url


@pytest.fixture(scope="session")
def migrated(server_url: str) -> str:
    """The name of a database with all tables and no rows, to be copied."""
    name = f"migrated_{uuid4().hex[:8]}"
    url = services.create_database(server_url, name)
    environment = {**os.environ, **ENVIRONMENT, "DATABASE_URL": url, "REDIS_URL": "redis://unused"}
    subprocess.run([sys.executable, "-m", "alembic", "upgrade", "head"], cwd=ROOT, env=environment, check=True)
    return name


@pytest.fixture
def database_url(server_url: str, migrated: str) -> Iterator[str]:
    """A database of the test's own, with all tables; dropped afterwards."""
    with copy_of(server_url, migrated) as url:
        yield url


@pytest.fixture(scope="session")
def shared_database_url(server_url: str, migrated: str) -> Iterator[str]:
    """One database for all tests that roll back what they write."""
    with copy_of(server_url, migrated) as url:
        yield url


@pytest.fixture(scope="session")
def shared_engine(shared_database_url: str) -> Iterator[Engine]:
    # The narrow role of the product's processes: whatever it may not do shows up in every test.
    engine = create_engine(shared_database_url, connect_args={"options": "-c role=groupwallet_app -c timezone=UTC"})
    yield engine
    engine.dispose()


@pytest.fixture
def session(shared_engine: Engine, configured: None) -> Iterator[db.Session]:
    """A unit of work whose commits are savepoints of a transaction that is rolled back at the end.

    Deferred constraints never fire in here; a test of one uses `committing`.
    """
    with shared_engine.connect() as connection:
        outer = connection.begin()
        with db.Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as opened:
            yield opened
        outer.rollback()


@pytest.fixture
def configured(shared_database_url: str, redis_url: str) -> Iterator[None]:
    """This process has the settings of a test environment, on the shared database."""
    with settings_of(DATABASE_URL=shared_database_url, REDIS_URL=redis_url):
        yield


@pytest.fixture
def committing(database_url: str, redis_url: str) -> Iterator[str]:
    """This process's `db.session()` works on a database of the test's own, and commits are real. Yields its address."""
    with settings_of(DATABASE_URL=database_url, REDIS_URL=redis_url):
        yield database_url
        db.engine().dispose()


@pytest.fixture(autouse=True)
def unchanged_logging() -> Iterator[None]:
    """What a test does to the root logger ends with it."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level


@contextmanager
def settings_of(**changes: str) -> Iterator[None]:
    """The test environment with these changes, read afresh by everything that keeps it for the life of a process."""
    before = dict(os.environ)
    os.environ.update(ENVIRONMENT | changes)
    kept = (settings, db.engine, queues._redis, queues._queue, providers.by_name, twilio._client, twilio._validator)
    kept += (storage.storage,)
    for cached in kept:
        cached.cache_clear()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        for cached in kept:
            cached.cache_clear()


@contextmanager
def redis_for_tests(folder: Path, place: int) -> Iterator[str]:
    """A server of its own; of the one in REDIS_URL a numbered database, so that workers of others stay away."""
    if url := os.environ.get("REDIS_URL"):
        number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) * 3 + place
        yield f"{url.rsplit('/', 1)[0] if url.count('/') > 2 else url}/{number}"
        return
    with services.redis(folder) as url:
        yield url


@contextmanager
def copy_of(server_url: str, template: str) -> Iterator[str]:
    """A copy of a database for as long as the block lasts."""
    own_name = f"test_{uuid4().hex[:12]}"
    url = make_url(server_url).set(drivername="postgresql+psycopg2")
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{own_name}" TEMPLATE "{template}"'))
    yield url.set(database=own_name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{own_name}" WITH (FORCE)'))
    server.dispose()
