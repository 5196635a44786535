"""The outbox: work is rung for after the commit, and done once, by the worker that holds the lease."""

from datetime import timedelta
from functools import partial
from threading import Event
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from core import db, outbox
from core.outbox import JobFailed, OutboxRow, Payload, TryAgain
from tests.conftest import settings_of
from tests.core.racing import at_once
from tests.core.work import Bells, ProviderDown, addresses, change, fails, put, row, succeeds

pytestmark = pytest.mark.usefixtures("committing")


def test_work_is_rung_for_after_the_commit_with_its_id_alone(bells: Bells) -> None:
    with db.session() as session:
        outbox.put(session, "bot.deliver", {"notification": 41}, "k")
        assert bells() == []
        session.commit()
    row_id = put()
    assert bells() == [("bot.jobs.deliver", [row_id])]
    stored = row(row_id)
    assert (stored.kind, stored.payload, stored.state, stored.attempts) == (
        "bot.deliver",
        {"notification": 41},
        "pending",
        0,
    )


def test_work_of_a_transaction_that_rolls_back_is_neither_kept_nor_rung_for(bells: Bells) -> None:
    with db.session() as session:
        outbox.put(session, "bot.deliver", {}, "k")
    with db.session() as session:
        assert session.query(OutboxRow).count() == 0
    assert bells() == []


def test_the_same_work_twice_is_one_row_and_one_bell(bells: Bells) -> None:
    first = put(payload={"notification": 1})
    assert put(payload={"notification": 2}) == first
    assert row(first).payload == {"notification": 1}
    assert len(bells()) == 1


def test_work_that_is_done_is_not_put_in_again(bells: Bells) -> None:
    row_id = put()
    succeeds(row_id)
    put()
    assert row(row_id).state == "done"
    assert len(bells()) == 1


def test_the_same_work_put_in_at_once_is_one_row(bells: Bells) -> None:
    assert len(set(at_once(*[put] * 4))) == 1
    assert len(bells()) == 1


@pytest.mark.parametrize(
    ("constraint", "statement"),
    [
        ("ck_outbox_state", "UPDATE outbox SET state = 'lost'"),
        ("ck_outbox_lease", "UPDATE outbox SET state = 'running'"),
        ("ck_outbox_lease", "UPDATE outbox SET lease_until = now()"),
        ("uq_outbox_dedupe_key", "INSERT INTO outbox (kind, payload, dedupe_key) VALUES ('x.y', '{}', 'k')"),
    ],
)
def test_the_database_refuses(constraint: str, statement: str) -> None:
    put(key="k")
    with db.session() as session, pytest.raises(IntegrityError) as caught:
        session.execute(text(statement))
    assert caught.value.orig.diag.constraint_name == constraint  # type: ignore[union-attr]


def test_a_job_gets_the_payload_and_its_row_is_done() -> None:
    seen: list[Payload] = []
    row_id = put(payload={"notification": 7, "nested": [1, None]})
    outbox.job(seen.append)(row_id)
    assert seen == [{"notification": 7, "nested": [1, None]}]
    done = row(row_id)
    assert (done.state, done.attempts, done.lease_until, done.last_error) == ("done", 1, None, None)
    assert done.done_at is not None


def test_a_row_under_work_is_running_and_leased_for_longer_than_a_job_may_take() -> None:
    seen: list[Any] = []

    @outbox.job
    def looks(payload: Payload) -> None:
        with db.session() as session:
            seen.extend(session.execute(text("SELECT state, lease_until - now() FROM outbox")).one())

    with settings_of(JOB_TIMEOUT_SECONDS="60", **addresses()):
        looks(put())
    assert seen[0] == "running"
    assert timedelta(seconds=85) < seen[1] <= timedelta(seconds=90)


def test_a_bell_rung_twice_runs_the_work_once() -> None:
    seen: list[Payload] = []
    row_id = put()
    for _ in range(3):
        outbox.job(seen.append)(row_id)
    assert len(seen) == 1


def test_a_bell_for_no_row_does_nothing() -> None:
    fails(2**62)


def test_of_many_workers_one_gets_the_row() -> None:
    seen: list[Payload] = []
    row_id = put()
    assert at_once(*[partial(outbox.job(seen.append), row_id)] * 6) == [None] * 6
    assert len(seen) == 1
    assert row(row_id).attempts == 1


def test_work_whose_time_has_not_come_waits() -> None:
    row_id = put()
    change(row_id, next_attempt_at="now() + interval '1 minute'")
    fails(row_id)
    assert row(row_id).attempts == 0


def test_a_row_is_left_to_its_worker_until_the_lease_ends() -> None:
    row_id = put()
    change(row_id, state="'running'", attempts="1", lease_until="now() + interval '1 minute'")
    fails(row_id)
    assert (row(row_id).state, row(row_id).attempts) == ("running", 1)


def test_a_row_whose_worker_died_is_taken_over_when_the_lease_ends() -> None:
    row_id = put()
    change(row_id, state="'running'", attempts="1", lease_until="now() - interval '1 second'")
    succeeds(row_id)
    assert (row(row_id).state, row(row_id).attempts) == ("done", 2)


@pytest.mark.parametrize("late_end", ["success", "failure", "try again"])
def test_a_worker_that_lost_its_lease_changes_nothing(late_end: str) -> None:
    """The first worker ends while the second, which took the row over, is still at it."""
    row_id = put()
    lost_its_lease, second_has_it, second_may_end = Event(), Event(), Event()
    between: list[OutboxRow] = []

    @outbox.job
    def second(payload: Payload) -> None:
        second_has_it.set()
        assert second_may_end.wait(5)

    @outbox.job
    def first(payload: Payload) -> None:
        change(row_id, lease_until="now() - interval '1 second'")
        lost_its_lease.set()
        assert second_has_it.wait(5)
        if late_end == "failure":
            raise ProviderDown
        if late_end == "try again":
            raise TryAgain

    def works_late() -> None:
        try:
            first(row_id)
        finally:
            between.append(row(row_id))
            second_may_end.set()

    def takes_over() -> None:
        assert lost_its_lease.wait(5)
        second(row_id)

    late, taken = at_once(works_late, takes_over)
    assert isinstance(late, JobFailed) if late_end == "failure" else late is None
    assert taken is None
    [still] = between
    assert (still.state, still.attempts, still.last_error) == ("running", 2, None)
    assert still.lease_until is not None and still.done_at is None
    assert (row(row_id).state, row(row_id).attempts) == ("done", 2)
