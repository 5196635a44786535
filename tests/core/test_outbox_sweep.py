"""The sweep: it rings again for whatever is due or was abandoned, and Redis may be away meanwhile."""

import time

import pytest
from redis import Redis
from sqlalchemy import text

from core import db, outbox
from tests.conftest import settings_of
from tests.core.racing import at_once
from tests.core.work import Bells, addresses, change, put, row

pytestmark = pytest.mark.usefixtures("committing")

LONG_AGO, SOON = "now() - interval '1 minute'", "now() + interval '1 minute'"
SWEPT = {
    "its bell was lost": ({"next_attempt_at": LONG_AGO, "rung_at": LONG_AGO}, True),
    "its time has come since the last bell": (
        {"next_attempt_at": "now() - interval '1 second'", "rung_at": "now() - interval '2 seconds'"},
        True,
    ),
    "its worker died": ({"state": "'running'", "lease_until": LONG_AGO, "rung_at": LONG_AGO}, True),
    "it was rung for a moment ago": ({}, False),
    "its time has not come": ({"next_attempt_at": SOON, "rung_at": LONG_AGO}, False),
    "a worker is at it": ({"state": "'running'", "lease_until": SOON, "rung_at": LONG_AGO}, False),
    "it is done": ({"state": "'done'", "next_attempt_at": LONG_AGO, "rung_at": LONG_AGO}, False),
    "it is dead": ({"state": "'dead'", "next_attempt_at": LONG_AGO, "rung_at": LONG_AGO}, False),
}


def test_a_sweep_rings_for_what_is_due_and_for_nothing_else(bells: Bells, redis_url: str) -> None:
    ids = {why: put(key=why) for why in SWEPT}
    for why, (columns, _) in SWEPT.items():
        if columns:
            change(ids[why], **columns)
    _silence(redis_url)
    assert outbox.sweep() == 3
    rung = {row_id for _, [row_id] in bells()}
    assert {why for why in SWEPT if ids[why] in rung} == {why for why, (_, is_rung) in SWEPT.items() if is_rung}


def test_a_second_sweep_a_moment_later_rings_for_nothing(bells: Bells) -> None:
    change(put(), next_attempt_at=LONG_AGO, rung_at=LONG_AGO)
    assert (outbox.sweep(), outbox.sweep()) == (1, 0)
    assert len(bells()) == 2  # One when it was put in, one by the first sweep.


def test_two_sweeps_at_once_ring_once_for_each_row(bells: Bells, redis_url: str) -> None:
    for number in range(20):
        put(key=str(number))
    with db.session() as session:
        session.execute(text(f"UPDATE outbox SET next_attempt_at = {LONG_AGO}, rung_at = {LONG_AGO}"))
        session.commit()
    _silence(redis_url)
    assert sum(at_once(*[outbox.sweep] * 3)) == 20
    assert len(bells()) == len({row_id for _, [row_id] in bells()}) == 20


def test_a_sweep_passes_by_what_another_one_holds(bells: Bells, redis_url: str) -> None:
    held, free = put(key="held"), put(key="free")
    for row_id in (held, free):
        change(row_id, next_attempt_at=LONG_AGO, rung_at=LONG_AGO)
    _silence(redis_url)
    with db.session() as another:
        another.execute(text("UPDATE outbox SET rung_at = now() WHERE id = :id"), {"id": held})
        assert outbox.sweep() == 1
    assert bells() == [("bot.jobs.deliver", [free])]


def test_the_oldest_come_first_when_there_is_too_much_for_one_sweep(bells: Bells) -> None:
    with db.session() as session:
        session.execute(
            text("""INSERT INTO outbox (kind, payload, dedupe_key, next_attempt_at, rung_at)
                    SELECT 'bot.deliver', '{}', n, now() - make_interval(secs => 60 + n), now() - interval '1 hour'
                      FROM generate_series(1, :count) n"""),
            {"count": outbox.SWEEP_LIMIT + 3},
        )
        session.commit()
    assert (outbox.sweep(), outbox.sweep()) == (outbox.SWEEP_LIMIT, 3)
    with db.session() as session:
        newest = session.scalars(text("SELECT id FROM outbox ORDER BY next_attempt_at DESC LIMIT 3")).all()
    assert {row_id for _, [row_id] in bells()[-3:]} == set(newest)


def test_without_redis_work_is_kept_and_rung_for_later(bells: Bells, closed_redis_url: str) -> None:
    before = time.monotonic()
    with settings_of(**(addresses() | {"REDIS_URL": closed_redis_url})):
        ids = [put(key=str(number)) for number in range(3)]
        for row_id in ids:
            change(row_id, next_attempt_at=LONG_AGO, rung_at=LONG_AGO)
        outbox.sweep()
    assert time.monotonic() - before < 2
    assert [row(row_id).state for row_id in ids] == ["pending"] * 3
    assert bells() == []
    for row_id in ids:
        change(row_id, rung_at=LONG_AGO)
    assert outbox.sweep() == 3
    assert {row_id for _, [row_id] in bells()} == set(ids)


def _silence(redis_url: str) -> None:
    """Forgets the bells that `put` rang."""
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
