"""What the tests of payments share: providers at the end of a real connection, and a clock that can be moved."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from core import clock, db
from sandbox.clock import SandboxClock
from sandbox.config import SandboxConfig
from sandbox.serve import SandboxServer
from sandbox.services import free_port
from tests.conftest import settings_of
from tests.payments.servers import ScriptedServer, nobody, scripted
from tests.payments.web import client

pytest.register_assert_rewrite("tests.payments.provider_contract", "tests.payments.actors")


@dataclass(frozen=True)
class MovableClock:
    """The product's clock, moved the way the sandbox moves it."""

    path: Path

    def forward(self, **span: float) -> datetime:
        SandboxClock(self.path).forward(f"{int(timedelta(**span).total_seconds())}s")
        return clock.now()


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
