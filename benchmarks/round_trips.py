"""How often a message makes the product talk to PostgreSQL, BEGIN and COMMIT included.

Counted in the server's own log with `log_statement = 'all'`: psycopg2 sends each statement as one simple query, so one
logged statement is one round trip. The product is measured as it is, without anything hooked into it.
"""

import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import create_engine, text

MARK = "groupwallet LOG:  statement:"
RELOAD_SECONDS = 0.3


def count(database_url: str, data_folder: Path, work: Callable[[], object]) -> int:
    """The statements that the product's connections ran during `work`."""
    log = data_folder / "log"
    _configure(database_url, "ALTER SYSTEM SET log_line_prefix = '%a '", "ALTER SYSTEM SET log_statement = 'all'")
    before = log.stat().st_size
    try:
        work()
    finally:
        _configure(database_url, "ALTER SYSTEM RESET log_statement", "ALTER SYSTEM RESET log_line_prefix")
    return log.read_bytes()[before:].decode("utf-8", "replace").count(MARK)


def _configure(database_url: str, *statements: str) -> None:
    engine = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in (*statements, "SELECT pg_reload_conf()"):
            connection.execute(text(statement))
    engine.dispose()
    # Each server process takes the new settings in before its next statement, once its signal has come.
    time.sleep(RELOAD_SECONDS)
