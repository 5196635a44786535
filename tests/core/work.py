"""Rows of the outbox in a few verbs: put in, looked at, and changed as time or another worker would change them."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import text

from core import db, outbox
from core.outbox import OutboxRow, Payload, TryAgain
from core.settings import settings

Bells = Callable[[], list[tuple[str, list[int]]]]


class ProviderDown(Exception):
    """What a job may die of."""


def put(kind: str = "bot.deliver", payload: Payload | None = None, key: str = "k") -> int:
    """Commits a piece of work; returns the id of the row with this key."""
    with db.session() as session:
        outbox.put(session, kind, payload or {"notification": 1}, key)
        session.commit()
        return session.query(OutboxRow.id).filter_by(dedupe_key=key).scalar()


def row(row_id: int) -> OutboxRow:
    with db.session() as session:
        return session.get_one(OutboxRow, row_id)


def change(row_id: int, **columns: str) -> None:
    """Sets columns to SQL expressions, as time or another worker would have."""
    assignments = ", ".join(f"{column} = {expression}" for column, expression in columns.items())
    with db.session() as session:
        session.execute(text(f"UPDATE outbox SET {assignments} WHERE id = :id"), {"id": row_id})
        session.commit()


def is_due(row_id: int, **columns: str) -> None:
    change(row_id, next_attempt_at="now() - interval '1 second'", **columns)


def wait_seconds(row_id: int) -> float:
    """How long until the next attempt, by the database's clock."""
    with db.session() as session:
        wait: timedelta = session.scalar(
            text("SELECT next_attempt_at - now() FROM outbox WHERE id = :id"), {"id": row_id}
        )
        return wait.total_seconds()


@outbox.job
def succeeds(payload: Payload) -> None:
    """Does nothing."""


@outbox.job
def fails(payload: Payload) -> None:
    raise ProviderDown("no answer")


@outbox.job
def is_early(payload: Payload) -> None:
    raise TryAgain("the provider is down")


def addresses() -> dict[str, str]:
    """Where this test's own database and Redis are, to have other settings beside them."""
    return {"DATABASE_URL": settings().database_url, "REDIS_URL": settings().redis_url}
