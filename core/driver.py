"""psycopg2 with one round trip less: BEGIN travels with the first statement of a transaction instead of before it.

A round trip costs about as much as the work of a small statement, and every message to the product is a transaction.
psycopg2 sends BEGIN on its own; here the connection is in autocommit mode for psycopg2, and this class opens and ends
the transactions. What the server does is the same, statement for statement.
"""

from typing import Any

from psycopg2 import extensions

IDLE = extensions.TRANSACTION_STATUS_IDLE
_BEGIN: dict[int | None, str] = {
    extensions.ISOLATION_LEVEL_DEFAULT: "BEGIN",
    extensions.ISOLATION_LEVEL_READ_UNCOMMITTED: "BEGIN ISOLATION LEVEL READ UNCOMMITTED",
    extensions.ISOLATION_LEVEL_READ_COMMITTED: "BEGIN ISOLATION LEVEL READ COMMITTED",
    extensions.ISOLATION_LEVEL_REPEATABLE_READ: "BEGIN ISOLATION LEVEL REPEATABLE READ",
    extensions.ISOLATION_LEVEL_SERIALIZABLE: "BEGIN ISOLATION LEVEL SERIALIZABLE",
}


class _Cursor(extensions.cursor):
    def execute(self, query: Any, vars: Any = None) -> None:
        if isinstance(query, str) and (begin := _due_begin(self)):
            query = f"{begin}; {query}"
        else:
            _begin(self)
        super().execute(query, vars)

    # These send their statements past `execute`; without a transaction each row would be committed by itself.

    def executemany(self, query: Any, vars_list: Any) -> None:
        _begin(self)
        super().executemany(query, vars_list)

    def callproc(self, procname: Any, parameters: Any = None) -> None:
        _begin(self)
        super().callproc(procname, parameters)

    def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
        _begin(self)
        super().copy_expert(sql, file, size)

    def copy_from(self, *arguments: Any, **options: Any) -> None:
        _begin(self)
        super().copy_from(*arguments, **options)

    def copy_to(self, *arguments: Any, **options: Any) -> None:
        _begin(self)
        super().copy_to(*arguments, **options)


class Connection(extensions.connection):
    """A connection whose transactions begin with their first statement; `begin` None is plain autocommit.

    Rows cannot be streamed: psycopg2 refuses a named cursor on what it takes for autocommit.
    """

    begin: str | None = _BEGIN[extensions.ISOLATION_LEVEL_DEFAULT]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.cursor_factory = _Cursor
        self.autocommit = True

    def set_isolation_level(self, level: int | None) -> None:
        """What SQLAlchemy's `isolation_level` comes to. As in psycopg2, a transaction under way is rolled back."""
        self.rollback()
        self.begin = _BEGIN.get(level)

    def commit(self) -> None:
        self._end("COMMIT")

    def rollback(self) -> None:
        self._end("ROLLBACK")

    def _end(self, word: str) -> None:
        if self.closed:
            super().rollback()  # Raises what psycopg2 raises for a closed connection.
        if not _is_idle(self):
            with self.cursor() as cursor:
                extensions.cursor.execute(cursor, word)


def _due_begin(cursor: extensions.cursor) -> str | None:
    """The words that open a transaction; None when one is open or none is wanted."""
    connection = cursor.connection
    return connection.begin if isinstance(connection, Connection) and _is_idle(connection) else None


def _begin(cursor: extensions.cursor) -> None:
    if begin := _due_begin(cursor):
        with cursor.connection.cursor() as opening:
            extensions.cursor.execute(opening, begin)


def _is_idle(connection: Connection) -> bool:
    return bool(connection.info.transaction_status == IDLE)
