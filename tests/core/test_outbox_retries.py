"""Work that failed comes again, each time later, and in the end it is given up loudly."""

import logging
import random
from collections.abc import Callable

import pytest
from sqlalchemy import text

from core import db, outbox
from core.logs import JSONLines
from core.outbox import JobFailed, Payload
from tests.core.work import ProviderDown, fails, is_due, is_early, put, row, succeeds, wait_seconds

pytestmark = pytest.mark.usefixtures("committing")


def test_a_failure_is_told_to_rq_by_its_kind_alone_kept_and_tried_again_later() -> None:
    row_id = put()
    with pytest.raises(JobFailed, match="^bot.deliver$"):
        fails(row_id)
    failed = row(row_id)
    assert (failed.state, failed.attempts, failed.lease_until) == ("pending", 1, None)
    assert failed.last_error == "ProviderDown: no answer"
    is_due(row_id)
    succeeds(row_id)
    assert (row(row_id).state, row(row_id).attempts) == ("done", 2)


def test_a_long_error_is_cut() -> None:
    @outbox.job
    def explains(payload: Payload) -> None:
        raise ProviderDown("x" * 10_000)

    row_id = put()
    with pytest.raises(JobFailed):
        explains(row_id)
    assert len(row(row_id).last_error or "") == 500


def test_a_row_that_a_database_error_quotes_is_kept_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    @outbox.job
    def refused(payload: Payload) -> None:
        with db.session() as session:
            session.execute(text("INSERT INTO groups (name) VALUES ('+254712345678')"))

    row_id = put()
    with pytest.raises(JobFailed) as raised:
        refused(row_id)
    assert row(row_id).last_error == "IntegrityError 23502"
    [record] = caplog.records
    written = JSONLines().format(record)
    assert "IntegrityError 23502" in written
    assert "test_outbox_retries.py" in written
    for place in (written, str(raised.value)):
        assert "345678" not in place


def test_try_again_is_quiet(caplog: pytest.LogCaptureFixture) -> None:
    row_id = put()
    is_early(row_id)
    again = row(row_id)
    assert (again.state, again.attempts, again.last_error) == ("pending", 1, "the provider is down")
    assert wait_seconds(row_id) > 0
    assert caplog.records == []


@pytest.mark.parametrize(
    ("attempt", "seconds"),
    [(1, 5), (2, 10), (3, 20), (4, 40), (5, 80), (6, 160), (7, 320), (8, 640), (9, 1280), (10, 2560)],
)
def test_the_waits_double_give_or_take_a_fifth(attempt: int, seconds: int) -> None:
    waits = _waits_after(attempt)
    assert all(0.8 * seconds - 1 <= wait <= 1.2 * seconds for wait in waits), waits


def test_the_last_wait_is_not_double_again_but_about_an_hour() -> None:
    waits = _waits_after(11)
    assert all(2400 - 1 <= wait <= 1.2 * 3600 for wait in waits), waits


def test_workers_that_failed_together_do_not_come_back_together() -> None:
    row_id = put()
    waits = set()
    for _ in range(5):
        is_due(row_id, attempts="5")
        is_early(row_id)
        waits.add(round(wait_seconds(row_id)))
    assert len(waits) > 1


@pytest.mark.parametrize("job", [fails, is_early])
def test_after_twelve_attempts_the_row_is_dead_and_an_operator_hears_of_it(
    job: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    row_id = put()
    for attempt in (11, 12):
        assert caplog.records == []
        is_due(row_id, attempts=str(attempt - 1))
        try:
            job(row_id)
        except JobFailed:
            assert job is fails
            caplog.records[:] = [record for record in caplog.records if record.message != "a job failed"]
    assert (row(row_id).state, row(row_id).attempts, row(row_id).lease_until) == ("dead", 12, None)
    [record] = caplog.records
    assert (record.levelno, record.outbox_id, record.kind) == (logging.ERROR, row_id, "bot.deliver")  # type: ignore[attr-defined]


def test_a_dead_row_is_not_raised_by_a_bell() -> None:
    row_id = put()
    is_due(row_id, state="'dead'", attempts="12")
    fails(row_id)
    assert (row(row_id).state, row(row_id).attempts) == ("dead", 12)


def _waits_after(attempt: int) -> list[float]:
    row_id = put()
    waits = []
    for seed in range(5):
        random.seed(seed)
        is_due(row_id, attempts=str(attempt - 1))
        is_early(row_id)
        waits.append(wait_seconds(row_id))
    return waits
