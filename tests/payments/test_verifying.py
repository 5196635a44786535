"""Asking the provider: by hint, by clock and at the end of a link's life; no answer decides nothing."""

from datetime import timedelta

import pytest
import requests
from sqlalchemy import func, select, text, update

from core import clock, db
from core.outbox import JobFailed, OutboxRow, TryAgain
from payments import collections, errors, jobs, links, settling
from payments.models import Checkout, Collection, ProviderEvent
from sandbox.config import SandboxConfig
from tests.payments.actors import (
    Saver,
    a_checkout,
    a_link,
    at_once,
    balances,
    checkouts,
    outbox,
    receipts,
    run_outbox,
    state_of,
)
from tests.payments.conftest import MovableClock
from tests.payments.servers import Reply, ScriptedServer
from tests.payments.speech import error, lose_patience, page, reports

SILENT = Reply("Bad Gateway", 502, "text/html")


@pytest.fixture
def opened(provider_server: ScriptedServer) -> tuple[Saver, str, int]:
    """A member whose checkout page is open: who, the link's token, the checkout's id."""
    lose_patience()
    provider_server.answers(page)
    saver, token = a_link()
    links.open_checkout(token)
    provider_server.heard.clear()
    return saver, token, checkouts(token)[0].id


def test_a_verified_payment_is_posted_and_then_never_asked_about_again(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int]
) -> None:
    saver, _, checkout_id = opened
    reports(provider_server)
    for _ in range(3):
        collections.verify(checkout_id)
    assert state_of(saver) == [("completed", 50_000)]
    assert len(provider_server.heard) == 1


def test_a_held_payment_is_never_asked_about_again(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int]
) -> None:
    _, token, checkout_id = opened
    reports(provider_server, gross_minor=1)
    for _ in range(3):
        collections.verify(checkout_id)
    assert checkouts(token)[0].state == "held"
    assert len(provider_server.heard) == 1


@pytest.mark.parametrize("trouble", [SILENT, error(429, "rate_limited"), Reply("<html>"), Reply({"status": True})])
def test_without_a_usable_answer_the_job_comes_back_later(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int], trouble: Reply
) -> None:
    saver, token, checkout_id = opened
    provider_server.answers(trouble)
    with pytest.raises(TryAgain):
        collections.verify(checkout_id)
    assert state_of(saver) == [("processing", 50_000)]
    assert checkouts(token)[0].state == "open"


def test_a_status_nobody_knows_is_asked_about_again(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int]
) -> None:
    saver, _, checkout_id = opened
    reports(provider_server, "brand_new")
    with pytest.raises(TryAgain):
        collections.verify(checkout_id)
    assert state_of(saver) == [("processing", 50_000)]


def test_a_reversed_payment_is_held_and_needs_no_more_asking(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int]
) -> None:
    _, token, checkout_id = opened
    reports(provider_server, "reversed")
    collections.verify(checkout_id)
    assert checkouts(token)[0].state == "held"


def test_the_webhook_the_clock_and_the_payers_return_together_post_once(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int]
) -> None:
    saver, _, checkout_id = opened
    reports(provider_server)
    at_once(*[lambda: collections.verify(checkout_id)] * 5)
    with db.session() as session:
        assert receipts(session, saver.group_id) == [1]
        assert balances(session, saver.group_id)["savings"] == 50_000
        assert [kind for kind, _ in outbox(session, "bot.")] == ["bot.contribution_completed"]


def test_a_hint_about_our_reference_is_followed_and_one_about_anothers_is_not(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int]
) -> None:
    saver, token, _ = opened
    reports(provider_server)
    for reference in ("gw-999999-anotherenvironment", "", checkouts(token)[0].reference):
        an_event("charge.success", reference)
    assert run_outbox("payments.read_event") == ["payments.read_event"] * 3
    assert [heard.path for heard in provider_server.heard] == [f"/transaction/verify/{checkouts(token)[0].reference}"]
    assert state_of(saver) == [("completed", 50_000)]


def an_event(name: str, reference: str) -> int:
    """A webhook that was kept, with the work that it makes; returns the number of the work."""
    with db.session() as session:
        event = ProviderEvent(
            provider="paystack",
            event_key=f"{name}:{reference}:status:1",
            reference=reference,
            about="collection",
            announces_success=name == "charge.success",
            body="{}",
            received_at=clock.now(),
        )
        session.add(event)
        session.flush()
        row = OutboxRow(kind="payments.read_event", payload={"event": event.id}, dedupe_key=f"e{event.id}")
        session.add(row)
        session.commit()
        return row.id


def test_a_success_that_is_announced_and_not_confirmed_yet_is_asked_about_again(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int]
) -> None:
    saver, token, _ = opened
    reports(provider_server, "ongoing")
    row_id = an_event("charge.success", checkouts(token)[0].reference)
    jobs.read_event(row_id)
    with db.session() as session:
        row = session.get_one(OutboxRow, row_id)
        assert (row.state, row.last_error) == ("pending", "announced as paid, but not confirmed yet")
        assert state_of(saver) == [("processing", 50_000)]
        row.next_attempt_at = session.scalars(select(func.now())).one()
        session.commit()
    reports(provider_server)
    jobs.read_event(row_id)
    assert state_of(saver) == [("completed", 50_000)]
    with db.session() as session:
        assert session.get_one(OutboxRow, row_id).state == "done"


@pytest.mark.parametrize(("name", "status"), [("refund.failed", "ongoing"), ("charge.success", "failed")])
def test_other_news_of_a_payment_is_read_once(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int], name: str, status: str
) -> None:
    reports(provider_server, status)
    row_id = an_event(name, checkouts(opened[1])[0].reference)
    jobs.read_event(row_id)
    with db.session() as session:
        assert session.get_one(OutboxRow, row_id).state == "done"


def test_a_job_that_fails_tells_its_kind_and_no_row_of_anybodys(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    saver, token, _ = opened
    reports(provider_server)
    with db.session() as session:
        links.came_back(session, token)
        session.commit()
        row_id = session.scalars(select(OutboxRow.id)).one()

    def break_down(session: db.Session, *_: object) -> None:
        session.execute(text("INSERT INTO users (uid) SELECT uid FROM users"))

    monkeypatch.setattr(settling, "settle", break_down)
    with pytest.raises(JobFailed, match=r"^payments\.verify$"):
        jobs.verify(row_id)
    with db.session() as session:
        row = session.get_one(OutboxRow, row_id)
    assert (row.state, row.last_error) == ("pending", "IntegrityError 23505 uq_users_uid")
    assert state_of(saver) == [("processing", 50_000)]


def test_a_job_that_is_run_again_changes_nothing(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int]
) -> None:
    saver, token, _ = opened
    reports(provider_server)
    with db.session() as session:
        links.came_back(session, token)
        session.commit()
        row_id = session.scalars(select(OutboxRow.id)).one()
    for _ in range(3):
        jobs.verify(row_id)
    assert state_of(saver) == [("completed", 50_000)]
    assert len(provider_server.heard) == 1


# The clock


def test_a_page_nobody_tells_us_about_is_looked_at_ever_more_rarely(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int], movable_clock: MovableClock
) -> None:
    reports(provider_server, "abandoned")
    assert collections.sweep() == 0
    for minutes in (2, 10, 60, 360, 360):
        movable_clock.forward(minutes=minutes, seconds=-30)
        assert collections.sweep() == 0
        movable_clock.forward(seconds=60)
        assert collections.sweep() == 1
        assert collections.sweep() == 0
        assert run_outbox("payments.") == ["payments.verify"]
    assert len(provider_server.heard) == 5


def test_a_lost_webhook_is_made_good_within_minutes(stand_in: SandboxConfig, movable_clock: MovableClock) -> None:
    saver, token = a_link()
    links.open_checkout(token)
    reference = checkouts(token)[0].reference
    requests.post(f"{stand_in.public_url}/sandbox/payments/{reference}/pay", json={}, timeout=5)
    movable_clock.forward(minutes=2)
    collections.sweep()
    run_outbox("payments.")
    assert state_of(saver) == [("completed", 50_000)]


def test_a_payment_declined_at_the_provider_ends_the_contribution(
    stand_in: SandboxConfig, movable_clock: MovableClock
) -> None:
    saver, token = a_link()
    links.open_checkout(token)
    reference = checkouts(token)[0].reference
    requests.post(f"{stand_in.public_url}/sandbox/payments/{reference}/decline", json={}, timeout=5)
    movable_clock.forward(minutes=2)
    collections.sweep()
    run_outbox("payments.")
    assert state_of(saver) == [("failed", 50_000)]
    with db.session() as session:
        assert [kind for kind, _ in outbox(session, "bot.")] == ["bot.contribution_ended"]


def test_two_sweeps_at_once_put_each_work_out_once(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int], movable_clock: MovableClock
) -> None:
    movable_clock.forward(minutes=3)
    at_once(*[collections.sweep] * 4)
    with db.session() as session:
        assert len(outbox(session, "payments.verify")) == 1


def test_came_back_asks_about_open_pages_only(provider_server: ScriptedServer, opened: tuple[Saver, str, int]) -> None:
    _, token, checkout_id = opened
    with db.session() as session:
        session.execute(update(Checkout).values(state="declined"))
        links.came_back(session, token)
        assert outbox(session) == []
        session.execute(update(Checkout).values(state="open"))
        links.came_back(session, token)
        links.came_back(session, "no-such-link")
        assert outbox(session) == [("payments.verify", {"checkout": checkout_id})]


def test_coming_back_again_asks_again_but_not_with_every_look(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int], movable_clock: MovableClock
) -> None:
    _, token, _ = opened
    for seconds in (0, 11, 11):
        movable_clock.forward(seconds=seconds)
        for _ in range(3):
            committed_return(token)
    with db.session() as session:
        assert 3 <= len(outbox(session, "payments.verify")) <= 6


def committed_return(token: str) -> None:
    with db.session() as session:
        links.came_back(session, token)
        session.commit()


# The end of a link


def test_a_link_nobody_pressed_ends_after_a_day_and_the_member_is_told(
    provider_server: ScriptedServer, movable_clock: MovableClock
) -> None:
    saver, token = a_link()
    movable_clock.forward(hours=23, minutes=59)
    assert collections.sweep() == 0
    movable_clock.forward(minutes=1)
    assert collections.sweep() == 1
    assert run_outbox("payments.") == ["payments.expire"]
    assert state_of(saver) == [("expired", 50_000)]
    assert provider_server.heard == []
    with db.session() as session:
        assert [kind for kind, _ in outbox(session, "bot.")] == ["bot.contribution_ended"]
    assert collections.sweep() == 0


def test_before_a_link_ends_the_provider_is_asked_once_more(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int], movable_clock: MovableClock
) -> None:
    saver, token, _ = opened
    movable_clock.forward(hours=24)
    reports(provider_server)
    collections.expire(_collection_id(token))
    assert state_of(saver) == [("completed", 50_000)]
    assert checkouts(token)[0].state == "paid"


@pytest.mark.parametrize("status", ["abandoned", "ongoing", "pending"])
def test_an_unpaid_page_closes_with_its_link(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int], movable_clock: MovableClock, status: str
) -> None:
    saver, token, _ = opened
    movable_clock.forward(hours=24)
    reports(provider_server, status)
    for _ in range(2):
        collections.expire(_collection_id(token))
    assert state_of(saver) == [("expired", 50_000)]
    assert checkouts(token)[0].state == "closed"
    with db.session() as session:
        assert [kind for kind, _ in outbox(session, "bot.")] == ["bot.contribution_ended"]


def test_a_silent_provider_keeps_the_link_from_ending(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int], movable_clock: MovableClock
) -> None:
    saver, token, _ = opened
    movable_clock.forward(hours=24)
    provider_server.answers(SILENT)
    with pytest.raises(TryAgain):
        collections.expire(_collection_id(token))
    assert state_of(saver) == [("processing", 50_000)]
    assert checkouts(token)[0].state == "open"


def test_money_that_comes_after_the_end_is_credited_when_the_provider_tells(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int], movable_clock: MovableClock
) -> None:
    saver, token, checkout_id = opened
    movable_clock.forward(hours=24)
    reports(provider_server, "abandoned")
    collections.expire(_collection_id(token))
    reports(provider_server)
    collections.verify(checkout_id)
    assert state_of(saver) == [("expired", 50_000), ("completed", 50_000)]
    with db.session() as session:
        assert balances(session, saver.group_id)["savings"] == 50_000


@pytest.mark.parametrize(("until_then", "end"), [("ongoing", "expired"), ("failed", "failed")])
def test_a_page_paid_after_the_end_is_found_even_if_its_webhook_is_lost(
    provider_server: ScriptedServer,
    opened: tuple[Saver, str, int],
    movable_clock: MovableClock,
    until_then: str,
    end: str,
) -> None:
    """The page stays open in the payer's browser: after a wrong PIN, or while the link runs out."""
    saver, _, _ = opened
    reports(provider_server, until_then)
    movable_clock.forward(hours=24)
    swept_and_worked_off()
    assert state_of(saver) == [(end, 50_000)]
    reports(provider_server)
    for _ in range(4):
        movable_clock.forward(hours=6)
        swept_and_worked_off()
    assert state_of(saver) == [(end, 50_000), ("completed", 50_000)]
    with db.session() as session:
        assert receipts(session, saver.group_id) == [1]


def test_a_page_that_was_never_paid_is_not_asked_about_for_ever(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int], movable_clock: MovableClock
) -> None:
    reports(provider_server, "abandoned")
    for _ in range(20):
        movable_clock.forward(hours=12)
        swept_and_worked_off()
    assert len(provider_server.heard) < 20
    assert collections.sweep() == 0


def test_an_end_whose_job_was_given_up_is_tried_again_later(
    provider_server: ScriptedServer, movable_clock: MovableClock
) -> None:
    saver, _ = a_link()
    movable_clock.forward(hours=24)
    collections.sweep()
    with db.session() as session:
        session.execute(update(OutboxRow).values(state="dead"))
        session.commit()
    movable_clock.forward(hours=6)
    swept_and_worked_off()
    assert state_of(saver) == [("expired", 50_000)]


def test_a_refused_key_ends_no_link(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int], movable_clock: MovableClock
) -> None:
    saver, token, _ = opened
    movable_clock.forward(hours=24)
    provider_server.answers(error(401, "invalid_Key", "Invalid key"))
    with pytest.raises(TryAgain):
        collections.expire(_collection_id(token))
    assert state_of(saver) == [("processing", 50_000)]


def swept_and_worked_off() -> None:
    collections.sweep()
    run_outbox("payments.")


def test_a_paid_link_is_not_swept_as_expired(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int], movable_clock: MovableClock
) -> None:
    saver, _, checkout_id = opened
    reports(provider_server)
    collections.verify(checkout_id)
    movable_clock.forward(days=3)
    assert collections.sweep() == 0
    assert state_of(saver) == [("completed", 50_000)]


def test_ending_and_settling_at_the_same_moment_leave_one_true_end(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int], movable_clock: MovableClock
) -> None:
    saver, token, checkout_id = opened
    movable_clock.forward(hours=24)
    reports(provider_server)
    collection_id = _collection_id(token)
    at_once(lambda: collections.expire(collection_id), lambda: collections.verify(checkout_id))
    states = [state for state, _ in state_of(saver)]
    assert states in (["completed"], ["expired", "completed"])
    with db.session() as session:
        assert balances(session, saver.group_id)["savings"] == 50_000
        assert receipts(session, saver.group_id) == [1]


def _collection_id(token: str) -> int:
    with db.session() as session:
        found = session.scalars(select(Collection).where(Collection.token == token)).one()
        assert found.expires_at - found.created_at == timedelta(hours=24)
        return found.id


def test_pages_that_the_provider_never_made_are_not_asked_about(
    provider_server: ScriptedServer, movable_clock: MovableClock
) -> None:
    _, token = a_link()
    provider_server.answers(error(429, "rate_limited"))
    for _ in range(3):
        with pytest.raises(errors.ProviderUnavailable):
            links.open_checkout(token)
    movable_clock.forward(minutes=10)
    collections.sweep()
    with db.session() as session:
        assert outbox(session, "payments.verify") == []


def test_a_second_page_ends_when_its_payment_was_made_by_the_first(
    provider_server: ScriptedServer, opened: tuple[Saver, str, int], movable_clock: MovableClock
) -> None:
    saver, token, checkout_id = opened
    with db.session() as session:
        other = a_checkout(session, session.scalars(select(Collection).where(Collection.token == token)).one())
        other.created_at = clock.now()
        session.commit()
    reports(provider_server)
    collections.verify(checkout_id)
    reports(provider_server, "abandoned")
    movable_clock.forward(days=2)
    collections.verify(other.id)
    assert checkouts(token)[1].state == "open"
    movable_clock.forward(days=2)
    collections.verify(other.id)
    assert checkouts(token)[1].state == "closed"
    assert state_of(saver) == [("completed", 50_000)]
