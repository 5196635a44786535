"""The connection that sends BEGIN along: one round trip less, and otherwise exactly what psycopg2 does."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest
from psycopg2 import extensions, sql
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

from core import driver

PUT = text("INSERT INTO notes VALUES (:number)")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Connections of this class, at most one, on a database with an empty table of numbers from 1 to 9."""
    made = create_engine(database_url, connect_args={"connection_factory": driver.Connection}, pool_size=1)
    with made.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS notes, later"))
        connection.execute(text("CREATE TABLE notes (number integer PRIMARY KEY CHECK (number BETWEEN 1 AND 9))"))
    yield made
    made.dispose()


@pytest.fixture
def observer(database_url: str) -> Iterator[Connection]:
    """A plain connection that looks on from outside."""
    engine = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def numbers(observer: Connection) -> list[int]:
    return list(observer.scalars(text("SELECT number FROM notes ORDER BY number")))


def sent(observer: Connection, connection: Connection) -> tuple[str, str]:
    """The last message that the connection's server process got, and the state that it is in."""
    process_id = _plain(connection).info.backend_pid
    row = observer.execute(text("SELECT query, state FROM pg_stat_activity WHERE pid = :id"), {"id": process_id}).one()
    return row.query, row.state


def _plain(connection: Connection) -> Any:
    return connection.connection.dbapi_connection


def test_begin_travels_with_the_first_statement_and_only_with_that(engine: Engine, observer: Connection) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        assert sent(observer, connection) == ("BEGIN; SELECT 1", "idle in transaction")
        connection.execute(text("SELECT 2"))
        assert sent(observer, connection) == ("SELECT 2", "idle in transaction")
        connection.commit()
        assert sent(observer, connection) == ("COMMIT", "idle")
        connection.execute(text("SELECT 3"))
        assert sent(observer, connection) == ("BEGIN; SELECT 3", "idle in transaction")
        connection.rollback()
        assert sent(observer, connection) == ("ROLLBACK", "idle")


def test_a_connection_on_which_nothing_was_said_sends_neither_begin_nor_an_end(
    engine: Engine, observer: Connection
) -> None:
    with engine.connect() as connection:
        before = sent(observer, connection)
        connection.commit()
        connection.rollback()
        assert sent(observer, connection) == before


def test_what_is_committed_is_there_and_what_is_not_is_not(engine: Engine, observer: Connection) -> None:
    with engine.connect() as connection:
        connection.execute(PUT, {"number": 1})
        assert numbers(observer) == []
        connection.commit()
        connection.execute(PUT, {"number": 2})
    assert numbers(observer) == [1]


@pytest.mark.parametrize(
    "statement", ["INSERT INTO notes VALUES (0)", "SELECT 1 / 0", "SELECT * FROM nowhere", "SELEC"]
)
@pytest.mark.parametrize("place", ["first", "second"])
def test_after_an_error_the_connection_works_again_once_rolled_back(
    engine: Engine, observer: Connection, statement: str, place: str
) -> None:
    with engine.connect() as connection:
        if place == "second":
            connection.execute(PUT, {"number": 1})
        with pytest.raises(DBAPIError):
            connection.execute(text(statement))
        connection.rollback()
        connection.execute(PUT, {"number": 2})
        connection.commit()
    assert numbers(observer) == [2]


@pytest.mark.parametrize("place", ["first", "second"])
def test_after_an_error_nothing_more_runs_in_that_transaction(engine: Engine, place: str) -> None:
    with engine.connect() as connection:
        if place == "second":
            connection.execute(PUT, {"number": 1})
        with pytest.raises(IntegrityError):
            connection.execute(PUT, {"number": 0})
        with pytest.raises(DBAPIError, match="current transaction is aborted"):
            connection.execute(PUT, {"number": 2})


def test_a_savepoint_undoes_only_what_came_after_it(engine: Engine, observer: Connection) -> None:
    with engine.begin() as connection:
        with pytest.raises(IntegrityError), connection.begin_nested():
            connection.execute(PUT, {"number": 0})
        connection.execute(PUT, {"number": 1})
        with connection.begin_nested():
            connection.execute(PUT, {"number": 2})
        undone = connection.begin_nested()
        connection.execute(PUT, {"number": 3})
        undone.rollback()
    assert numbers(observer) == [1, 2]


def test_an_error_at_the_commit_is_raised_and_keeps_nothing(engine: Engine, observer: Connection) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE later (number integer UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
    with engine.connect() as connection:
        connection.execute(PUT, {"number": 1})
        connection.execute(text("INSERT INTO later VALUES (1), (1)"))
        with pytest.raises(IntegrityError):
            connection.commit()
        connection.rollback()
        assert sent(observer, connection)[1] == "idle"
    assert numbers(observer) == []


def _many(cursor: Any) -> None:
    cursor.executemany("INSERT INTO notes VALUES (%s)", [(1,), (2,)])


def _copy(cursor: Any) -> None:
    cursor.copy_expert("COPY notes FROM STDIN", io.StringIO("1\n2\n"))


def _copy_from(cursor: Any) -> None:
    cursor.copy_from(io.StringIO("1\n2\n"), "notes")


def _bytes(cursor: Any) -> None:
    cursor.execute(b"INSERT INTO notes VALUES (1), (2)")


def _composed(cursor: Any) -> None:
    cursor.execute(sql.SQL("INSERT INTO {} VALUES (1), (2)").format(sql.Identifier("notes")))


OTHER_WAYS: list[Callable[[Any], None]] = [_many, _copy, _copy_from, _bytes, _composed]


@pytest.mark.parametrize("put_two", OTHER_WAYS)
def test_every_way_of_sending_a_statement_begins_a_transaction(
    engine: Engine, observer: Connection, put_two: Callable[[Any], None]
) -> None:
    with engine.connect() as connection:
        put_two(_plain(connection).cursor())
        assert sent(observer, connection)[1] == "idle in transaction"
        _plain(connection).rollback()
        assert numbers(observer) == []
        put_two(_plain(connection).cursor())
        _plain(connection).commit()
    assert numbers(observer) == [1, 2]


def test_of_many_rows_of_which_one_is_refused_none_stays(engine: Engine, observer: Connection) -> None:
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(PUT, [{"number": 1}, {"number": 2}, {"number": 0}])
    assert numbers(observer) == []


def test_a_procedure_call_and_a_copy_out_begin_a_transaction_too(engine: Engine, observer: Connection) -> None:
    with engine.connect() as connection:
        _plain(connection).cursor().callproc("pg_backend_pid")
        assert sent(observer, connection)[1] == "idle in transaction"
        _plain(connection).rollback()
        _plain(connection).cursor().copy_to(io.StringIO(), "notes")
        assert sent(observer, connection)[1] == "idle in transaction"


def test_streaming_is_refused_and_not_done_by_halves(engine: Engine) -> None:
    streaming = engine.connect().execution_options(stream_results=True)
    with streaming as connection, pytest.raises(DBAPIError, match="named cursor"):
        connection.execute(text("SELECT generate_series(1, 1000)"))


@pytest.mark.parametrize("how", ["of the engine", "of a connection"])
def test_autocommit_opens_no_transaction(database_url: str, engine: Engine, observer: Connection, how: str) -> None:
    level = {"isolation_level": "AUTOCOMMIT"}
    with (engine.execution_options(**level) if how == "of the engine" else engine).connect() as opened:
        connection = opened if how == "of the engine" else opened.execution_options(**level)
        connection.execute(text("VACUUM"))  # PostgreSQL refuses it in a transaction.
        connection.execute(PUT, {"number": 1})
        assert sent(observer, connection) == ("INSERT INTO notes VALUES (1)", "idle")
        assert numbers(observer) == [1]


def test_after_autocommit_the_pool_hands_out_transactions_again(engine: Engine, observer: Connection) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(PUT, {"number": 1})
    with engine.connect() as connection:
        connection.execute(PUT, {"number": 2})
        query, state = sent(observer, connection)
        assert query.startswith("BEGIN") and query.endswith("; INSERT INTO notes VALUES (2)")
        assert state == "idle in transaction"
    assert numbers(observer) == [1]


def test_an_engine_in_autocommit_mode_stays_in_it(database_url: str, engine: Engine, observer: Connection) -> None:
    options: dict[str, Any] = {"connect_args": {"connection_factory": driver.Connection}}
    autocommitting = create_engine(database_url, isolation_level="AUTOCOMMIT", **options)
    for number in (1, 2):
        with autocommitting.connect() as connection:
            connection.execute(PUT, {"number": number})
            connection.rollback()
    autocommitting.dispose()
    assert numbers(observer) == [1, 2]


@pytest.mark.parametrize("level", ["READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_a_level_of_isolation_is_what_the_transaction_gets(engine: Engine, level: str) -> None:
    shown = text("SELECT current_setting('transaction_isolation')")
    with engine.connect().execution_options(isolation_level=level) as connection:
        assert connection.scalar(shown) == level.lower()
    with engine.connect() as connection:
        assert connection.scalar(shown) == "read committed"


def test_a_closed_connection_says_so(database_url: str) -> None:
    connection = psycopg2.connect(database_url.replace("+psycopg2", ""), connection_factory=driver.Connection)
    connection.close()
    for call in (connection.commit, connection.rollback, connection.cursor):
        with pytest.raises(psycopg2.InterfaceError, match="closed"):
            call()


@pytest.mark.parametrize("when", ["between transactions", "within a transaction"])
def test_a_server_that_hangs_up_is_an_error_once_and_the_pool_connects_again(
    engine: Engine, observer: Connection, when: str
) -> None:
    with engine.connect() as connection:
        connection.execute(PUT, {"number": 1})
        if when == "between transactions":
            connection.commit()
        _hang_up(observer, connection)
        with pytest.raises((OperationalError, InterfaceError)) as caught:
            connection.execute(PUT, {"number": 2})
        assert caught.value.connection_invalidated
        connection.rollback()
    with engine.begin() as connection:
        connection.execute(PUT, {"number": 3})
    assert numbers(observer) == ([1, 3] if when == "between transactions" else [3])


def test_a_server_that_hangs_up_before_the_commit_has_committed_nothing(engine: Engine, observer: Connection) -> None:
    with engine.connect() as connection:
        connection.execute(PUT, {"number": 1})
        _hang_up(observer, connection)
        with pytest.raises((OperationalError, InterfaceError)):
            connection.commit()
    with engine.begin() as connection:
        connection.execute(PUT, {"number": 2})
    assert numbers(observer) == [2]


def test_psycopg2_itself_would_send_one_message_more(database_url: str, observer: Connection) -> None:
    plain = psycopg2.connect(database_url.replace("+psycopg2", ""))
    with plain.cursor() as cursor:
        cursor.execute("SELECT 1")
    query = text("SELECT query FROM pg_stat_activity WHERE pid = :id")
    assert observer.scalar(query, {"id": plain.info.backend_pid}) == "SELECT 1"
    assert plain.info.transaction_status == extensions.TRANSACTION_STATUS_INTRANS
    plain.close()


def _hang_up(observer: Connection, connection: Connection) -> None:
    process_id = _plain(connection).info.backend_pid
    # With a patience in milliseconds it answers once the process is gone.
    assert observer.scalar(text("SELECT pg_terminate_backend(:id, 5000)"), {"id": process_id})
