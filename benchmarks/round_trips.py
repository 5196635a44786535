"""How often a message makes the product talk to PostgreSQL, BEGIN and COMMIT included.

Counted in the server's own log with `log_statement = 'all'`: psycopg2 sends each statement as one simple query, so one
logged statement is one round trip. The product is measured as it is, without anything hooked into it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

MARK = b"LOG:  statement:"


@contextmanager
def logged(database_url: str) -> Iterator[None]:
    """Connections that are opened within the block have their statements logged, for as long as they live."""
    name = make_url(database_url).database
    _run(database_url, f"ALTER DATABASE \"{name}\" SET log_statement = 'all'")
    try:
        yield
    finally:
        _run(database_url, f'ALTER DATABASE "{name}" RESET log_statement')


def count(data_folder: Path, work: Callable[[], object]) -> int:
    """The statements that were logged during `work`; nobody else may talk to the database meanwhile."""
    log = data_folder / "log"
    before = log.stat().st_size
    work()
    return log.read_bytes()[before:].count(MARK)


def _run(database_url: str, statement: str) -> None:
    engine = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
