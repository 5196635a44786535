"""The database: declarative base, one engine per process, and a session that rolls back unless committed.

The outermost function (view, job, command) opens `session()` and commits once; everything below takes the session.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache

from sqlalchemy import DateTime, Engine, MetaData, Text, create_engine, orm, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase

from core import driver
from core.settings import settings

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of every model; constraint names follow one convention so that migrations can name them."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text}


class Session(orm.Session):
    """A unit of work that also remembers what may only happen once its rows are safely committed."""

    def after_commit(self, action: Callable[[], object]) -> None:
        """Runs `action` after the next commit; a rollback forgets it. It must not raise and not use the database."""
        self.info.setdefault("after_commit", []).append(action)

    def commit(self) -> None:
        super().commit()
        for action in self.info.pop("after_commit", []):
            action()

    def rollback(self) -> None:
        self.info.pop("after_commit", None)
        super().rollback()


def describe(error: BaseException) -> str:
    """The error for logs and for the outbox. A database error quotes rows, so of that only its code and constraint."""
    if isinstance(error, DBAPIError):
        diagnostics = getattr(error.orig, "diag", None)
        known = (getattr(diagnostics, "sqlstate", None), getattr(diagnostics, "constraint_name", None))
        return " ".join([type(error).__name__, *filter(None, known)])
    return f"{type(error).__name__}: {error}"


@cache
def engine() -> Engine:
    """This process's engine. A forked child (an RQ work horse) gets connections of its own."""
    made = create_engine(
        settings().database_url,
        pool_size=settings().database_pool_size,
        max_overflow=settings().database_pool_size,
        pool_pre_ping=False,
        pool_recycle=1800,
        pool_timeout=5,
        hide_parameters=True,  # An error message goes to the log, and parameters are names and phone numbers.
        connect_args={
            "connection_factory": driver.Connection,
            "connect_timeout": 5,
            "application_name": "groupwallet",
            # A stuck statement or a forgotten transaction must not hold a group's lock for long.
            "options": "-c statement_timeout=15s -c idle_in_transaction_session_timeout=30s -c timezone=UTC"
            f" -c role={settings().database_role}",
        },
    )
    os.register_at_fork(after_in_child=lambda: made.dispose(close=False))
    return made


_opened = threading.local()


@contextmanager
def session() -> Iterator[Session]:
    """One unit of work: leaving the block without `commit()` rolls back."""
    with Session(engine(), expire_on_commit=False, autoflush=True) as opened:
        mine = _opened.__dict__.setdefault("sessions", [])
        mine.append(opened)
        try:
            yield opened
        finally:
            mine.remove(opened)


def in_transaction() -> bool:
    """Whether this thread holds a transaction open: then nobody outside may be called, or its locks wait for them."""
    return any(opened.in_transaction() for opened in _opened.__dict__.get("sessions", []))


@contextmanager
def snapshot() -> Iterator[Session]:
    """A session that sees one moment and cannot write, so that what several statements read agrees with itself."""
    with session() as opened:
        opened.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        yield opened
