"""What the tests of payments share: providers at the end of a real connection, and a clock that can be moved."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import NullPool, create_engine, inspect

from core import clock, db
from sandbox.clock import SandboxClock
from sandbox.config import SandboxConfig
from sandbox.serve import SandboxServer
from sandbox.services import free_port
from tests.conftest import copy_of, settings_of
from tests.payments.servers import ScriptedServer, nobody, scripted
from tests.payments.web import client

pytest.register_assert_rewrite(
    *(f"tests.payments.{kind}_contract" for kind in ("provider", "payout", "charge", "records", "events")),
    "tests.payments.actors",
    "tests.payments.walks",
)


@dataclass(frozen=True)
class MovableClock:
    """The product's clock, moved the way the sandbox moves it."""

    path: Path

    def forward(self, **span: float) -> datetime:
        SandboxClock(self.path).forward(f"{int(timedelta(**span).total_seconds())}s")
        return clock.now()


@pytest.fixture(scope="module")
def module_database(server_url: str, migrated: str) -> Iterator[str]:
    """One database for all tests of a file that commit; each leaves it empty."""
    with copy_of(server_url, migrated) as url:
        yield url


@pytest.fixture
def committing(module_database: str, redis_url: str) -> Iterator[str]:
    """As everywhere: real commits in a database that is empty at the start. Emptying one is faster than a new one."""
    with settings_of(DATABASE_URL=module_database, REDIS_URL=redis_url):
        yield module_database
        db.engine().dispose()
    _empty(module_database)


@pytest.fixture
def movable_clock(tmp_path: Path) -> MovableClock:
    return MovableClock(tmp_path / "clock")


@pytest.fixture
def provider_server(committing: str, redis_url: str, movable_clock: MovableClock) -> Iterator[ScriptedServer]:
    """A provider that answers as the test wants; the product talks to it, and commits are real."""
    with scripted() as server, _talking_to(server.url, committing, redis_url, movable_clock):
        yield server


@pytest.fixture
def stand_in(committing: str, redis_url: str, movable_clock: MovableClock) -> Iterator[SandboxConfig]:
    """The sandbox's Paystack; its webhooks find nobody, unless a test delivers them itself."""
    config = SandboxConfig(
        database_url=committing,
        public_url=f"http://127.0.0.1:{free_port()}",
        product_url=nobody(),
        clock_file=str(movable_clock.path),
    )
    server = SandboxServer(config, port=int(config.public_url.rsplit(":", 1)[1]))
    server.start()
    with _talking_to(f"{config.public_url}/paystack", committing, redis_url, movable_clock):
        yield config
    server.stop()


@pytest.fixture
def web(committing: str) -> Iterator[FlaskClient]:
    """A browser, or a provider, in front of the product; commits are real."""
    with client() as opened:
        yield opened


@contextmanager
def _talking_to(url: str, database: str, redis: str, moved: MovableClock) -> Iterator[None]:
    changes = {"DATABASE_URL": database, "REDIS_URL": redis, "CLOCK_FILE": str(moved.path)}
    with settings_of(PAYSTACK_BASE_URL=url, **changes):
        yield
        db.engine().dispose()


def _empty(database_url: str) -> None:
    """Deletes every row but the migrations' own."""
    with emptying(database_url) as empty:
        empty()


@contextmanager
def emptying(database_url: str) -> Iterator[Callable[[], None]]:
    """What deletes every row but the migrations' own, in one round trip, as often as it is called."""
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.connect() as connection:
        tables = inspect(connection)
        names = [(schema, name) for schema in ("public", "sandbox") for name in tables.get_table_names(schema)]
        # As a replica, so that append-only tables let go of their rows.
        deletes = ["SET LOCAL session_replication_role = replica"]
        deletes += [f'DELETE FROM {schema}."{name}"' for schema, name in names if name != "alembic_version"]
        connection.rollback()

        def empty() -> None:
            connection.exec_driver_sql("; ".join(deletes))
            connection.commit()

        yield empty
    engine.dispose()
