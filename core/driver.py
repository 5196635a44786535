"""psycopg2 with one round trip less: BEGIN travels with the first statement of a transaction instead of before it.

A round trip costs about as much as the work of a small statement, and every message to the product is a transaction.
psycopg2 sends BEGIN on its own; here the connection is in autocommit mode for psycopg2, and this class opens and ends
the transactions. What the server does is the same, statement for statement.
"""

from typing import Any

from psycopg2 import extensions

IDLE = extensions.TRANSACTION_STATUS_IDLE


class _Cursor(extensions.cursor):
    def execute(self, query: Any, vars: Any = None) -> None:
        connection = self.connection
        if isinstance(connection, Connection) and connection.begins_itself and _is_idle(connection):
            query = b"BEGIN; " + query if isinstance(query, bytes) else f"BEGIN; {query}"
        super().execute(query, vars)


class Connection(extensions.connection):
    """A connection whose transactions begin with their first statement. `begins_itself` False is plain autocommit."""

    begins_itself = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.cursor_factory = _Cursor
        self.autocommit = True

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


def _is_idle(connection: Connection) -> bool:
    return bool(connection.info.transaction_status == IDLE)
