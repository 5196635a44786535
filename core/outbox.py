"""The outbox: work that must happen after a commit, owned by PostgreSQL and announced to workers through Redis.

`put()` writes a row in the business transaction; after the commit Redis is rung. A worker claims the row by
compare-and-set with a lease, so a row rung twice runs once; `sweep()` rings again for whatever is due or was
abandoned. A kind is the dotted name of its job: "bot.deliver" runs `bot.jobs.deliver` on the queue `bot`.

Rules from https://brandur.org/job-drain: 5 s × 2ⁿ ± 20 % between attempts, at most one hour, dead after twelve.
"""

import functools
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from core import db, queues
from core.settings import settings

MAX_ATTEMPTS = 12
FIRST_RETRY_SECONDS = 5
LONGEST_RETRY_SECONDS = 3600
RING_AGAIN_AFTER = timedelta(seconds=15)
SWEEP_LIMIT = 500
NO_DELAY = timedelta(0)

Payload = dict[str, Any]
log = logging.getLogger(__name__)


class OutboxRow(db.Base):
    """One piece of work: pending → running → done | dead. Its times are the database's own clock."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'running', 'done', 'dead')", name="state"),
        CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name="lease"),
        Index("ix_outbox_open", "next_attempt_at", postgresql_where=text("state IN ('pending', 'running')")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    payload: Mapped[Payload] = mapped_column(JSONB)
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    rung_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    lease_until: Mapped[datetime | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    done_at: Mapped[datetime | None]


class JobFailed(Exception):  # noqa: N818  (RQ's own word)
    """What RQ sees of a failed job: its kind. The reason is in the outbox and the log."""


class TryAgain(Exception):  # noqa: N818  (it is an instruction, not a fault)
    """Raised by a job whose time has not come or whose provider is down: back to pending, without an alarm."""


@dataclass(frozen=True)
class _Claim:
    id: int
    kind: str
    payload: Payload
    attempts: int


def put(session: db.Session, kind: str, payload: Payload, dedupe_key: str, delay: timedelta = NO_DELAY) -> None:
    """Adds work of `kind` ("package.job") to this transaction; a second one with the same key does nothing.

    Raises `ValueError` for a kind that no queue takes. Delayed work is found by the sweep when its time has come.
    """
    package, _, name = kind.partition(".")
    if package not in queues.QUEUES or not name.isidentifier():
        raise ValueError(f"{kind!r} is no job of a queue")
    statement = insert(OutboxRow).values(
        kind=kind, payload=payload, dedupe_key=dedupe_key, next_attempt_at=func.now() + delay
    )
    row_id = session.scalar(statement.on_conflict_do_nothing().returning(OutboxRow.id))
    if row_id is not None and not delay:
        session.after_commit(functools.partial(_ring, kind, row_id))


def job(work: Callable[[Payload], None]) -> Callable[[int], None]:
    """Turns `work(payload)` into an RQ job that takes an outbox id, claims the row, works, and marks it done."""

    @functools.wraps(work)
    def run(row_id: int) -> None:
        claim = _claim(row_id)
        if claim is None:
            return  # Another worker has it, or it is done: a bell may ring twice.
        if claim.attempts > MAX_ATTEMPTS:
            _put_back(claim, "its worker died every time")
            return
        try:
            work(claim.payload)
        except TryAgain as later:
            _put_back(claim, str(later))
        except Exception as error:
            _put_back(claim, db.describe(error))
            log.exception("a job failed", extra={"outbox_id": claim.id, "kind": claim.kind})
            # RQ keeps the text of what a job raises in Redis, where no row of anybody's belongs.
            raise JobFailed(claim.kind) from None
        else:
            _finish(claim)

    return run


def sweep() -> int:
    """Rings for every row that is due, or whose worker died; returns how many. Safe to run twice at once."""
    with db.session() as session:
        rows = session.execute(_DUE, {"limit": SWEEP_LIMIT, "again_after": RING_AGAIN_AFTER}).all()
        session.commit()
    for row in rows:
        if not _ring(row.kind, row.id):
            break  # Redis is away; the next sweep finds these rows again.
    return len(rows)


def _ring(kind: str, row_id: int) -> bool:
    package, name = kind.split(".")
    return queues.ring(f"{package}.jobs.{name}", row_id)


def _claim(row_id: int) -> _Claim | None:
    with db.session() as session:
        # A job is stopped at its time-out, so a lease that is half as long again never has two holders.
        lease = timedelta(seconds=settings().job_timeout_seconds * 1.5)
        row = session.execute(_CLAIM, {"id": row_id, "lease": lease}).one_or_none()
        session.commit()
    return None if row is None else _Claim(row_id, row.kind, row.payload, row.attempts)


def _finish(claim: _Claim) -> None:
    with db.session() as session:
        session.execute(_FINISH, {"id": claim.id, "attempts": claim.attempts})
        session.commit()


def _put_back(claim: _Claim, reason: str) -> None:
    dead = claim.attempts >= MAX_ATTEMPTS
    delay = min(FIRST_RETRY_SECONDS * 2 ** (claim.attempts - 1), LONGEST_RETRY_SECONDS / 1.2) * random.uniform(0.8, 1.2)  # noqa: S311
    with db.session() as session:
        session.execute(
            _PUT_BACK,
            {
                "id": claim.id,
                "attempts": claim.attempts,
                "state": "dead" if dead else "pending",
                "delay": timedelta(seconds=delay),
                "reason": reason[:500],
            },
        )
        session.commit()
    if dead:
        log.error("outbox row is dead: an operator must look", extra={"outbox_id": claim.id, "kind": claim.kind})


# The row is found by its key alone and tested afterwards: with the state in the same condition the planner may choose
# the index of open rows, and a backlog would make every claim read all of it.
_CLAIM = text("""
    WITH found AS MATERIALIZED (SELECT * FROM outbox WHERE id = :id FOR UPDATE)
    UPDATE outbox SET state = 'running', attempts = found.attempts + 1, lease_until = now() + :lease
      FROM found
     WHERE outbox.id = found.id AND ((found.state = 'pending' AND found.next_attempt_at <= now())
                                  OR (found.state = 'running' AND found.lease_until < now()))
    RETURNING found.kind, found.payload, found.attempts + 1 AS attempts""")

# `attempts` is the claim's fencing token: a worker that lost its lease no longer matches and changes nothing.
_FINISH = text("""
    WITH found AS MATERIALIZED (SELECT * FROM outbox WHERE id = :id FOR UPDATE)
    UPDATE outbox SET state = 'done', done_at = now(), lease_until = NULL
      FROM found
     WHERE outbox.id = found.id AND found.state = 'running' AND found.attempts = :attempts""")

_PUT_BACK = text("""
    WITH found AS MATERIALIZED (SELECT * FROM outbox WHERE id = :id FOR UPDATE)
    UPDATE outbox SET state = :state, next_attempt_at = now() + :delay, lease_until = NULL, last_error = :reason
      FROM found
     WHERE outbox.id = found.id AND found.state = 'running' AND found.attempts = :attempts""")

_DUE = text("""
    UPDATE outbox SET rung_at = now()
     WHERE id IN (SELECT id FROM outbox
                   WHERE ((state = 'pending' AND next_attempt_at <= now())
                       OR (state = 'running' AND lease_until < now()))
                     AND (rung_at < next_attempt_at OR rung_at < now() - CAST(:again_after AS interval))
                   ORDER BY next_attempt_at LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING id, kind""")
