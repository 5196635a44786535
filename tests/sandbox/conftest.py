"""A sandbox that listens on a free port, beside a product that records what it is told."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine
from twilio.rest import Client

from sandbox import services
from sandbox.config import SandboxConfig
from sandbox.serve import SandboxServer
from sandbox.store import Base
from tests.sandbox.actors import Driver, Paystack, free_port, twilio_client
from tests.sandbox.product import RecordingProduct


@pytest.fixture(scope="session")
def sandbox_database(server_url: str) -> Iterator[Engine]:
    """A database for the sandbox alone: it brings its own tables, and making one for each test would take longer."""
    engine = create_engine(services.create_database(server_url, f"sandbox_{uuid4().hex[:12]}"))
    yield engine
    engine.dispose()


@pytest.fixture
def sandbox_database_url(sandbox_database: Engine) -> Iterator[str]:
    """The address of a database in which no sandbox has left anything."""
    yield sandbox_database.url.render_as_string(hide_password=False)
    with sandbox_database.begin() as connection:
        for table in Base.metadata.sorted_tables:
            connection.execute(table.delete())


@pytest.fixture
def product() -> Iterator[RecordingProduct]:
    recording = RecordingProduct()
    recording.start()
    yield recording
    recording.stop()


@pytest.fixture
def config(sandbox_database_url: str, product: RecordingProduct, tmp_path: Path) -> SandboxConfig:
    return SandboxConfig(
        database_url=sandbox_database_url,
        public_url=f"http://127.0.0.1:{free_port()}",
        product_url=product.url,
        clock_file=str(tmp_path / "clock"),
        webhook_retry_seconds=0.04,
    )


@pytest.fixture
def start_sandbox(config: SandboxConfig) -> Iterator[Callable[..., SandboxServer]]:
    """Start a sandbox with the test's settings, some of them changed; the test may stop it early itself."""
    running: list[SandboxServer] = []

    def start(**changes: Any) -> SandboxServer:
        changed = replace(config, **changes)
        server = SandboxServer(changed, port=int(changed.public_url.rsplit(":", 1)[1]))
        server.start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def driver(config: SandboxConfig, start_sandbox: Callable[..., SandboxServer]) -> Driver:
    start_sandbox()
    return Driver(config)


@pytest.fixture
def twilio(config: SandboxConfig, driver: Driver) -> Client:
    return twilio_client(config)


@pytest.fixture
def paystack(config: SandboxConfig, driver: Driver) -> Paystack:
    return Paystack(config)
