"""A unit of work: nothing is kept without a commit, and nothing is rung before it."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from core import db

pytestmark = pytest.mark.usefixtures("committing")


def put(session: db.Session, key: str) -> None:
    session.execute(text("INSERT INTO outbox (kind, payload, dedupe_key) VALUES ('x.y', '{}', :key)"), {"key": key})


def keys() -> list[str]:
    with db.session() as session:
        return list(session.scalars(text("SELECT dedupe_key FROM outbox ORDER BY id")))


def test_what_is_committed_stays() -> None:
    with db.session() as session:
        put(session, "a")
        session.commit()
    assert keys() == ["a"]


def test_leaving_without_a_commit_rolls_back() -> None:
    with db.session() as session:
        put(session, "a")
    assert keys() == []


def test_an_error_rolls_back() -> None:
    def fails() -> None:
        with db.session() as session:
            put(session, "a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert keys() == []


def test_a_commit_keeps_only_what_came_before_it() -> None:
    with db.session() as session:
        put(session, "a")
        session.commit()
        put(session, "b")
    assert keys() == ["a"]


def test_actions_run_after_the_commit_in_their_order_and_see_what_was_committed() -> None:
    seen: list[object] = []
    with db.session() as session:
        put(session, "a")
        session.after_commit(lambda: seen.append(keys()))
        session.after_commit(lambda: seen.append("second"))
        assert seen == []
        session.commit()
        assert seen == [["a"], "second"]


def test_actions_run_once() -> None:
    seen: list[str] = []
    with db.session() as session:
        session.after_commit(lambda: seen.append("once"))
        session.commit()
        session.commit()
    assert seen == ["once"]


def test_without_a_commit_no_action_runs() -> None:
    seen: list[str] = []
    with db.session() as session:
        session.after_commit(lambda: seen.append("never"))
    assert seen == []


def test_a_rollback_forgets_the_actions() -> None:
    seen: list[str] = []
    with db.session() as session:
        session.after_commit(lambda: seen.append("never"))
        session.rollback()
        session.commit()
    assert seen == []


def test_a_commit_that_fails_runs_no_action() -> None:
    seen: list[str] = []
    with db.session() as session:
        put(session, "a")
        session.commit()
        session.after_commit(lambda: seen.append("never"))
        with pytest.raises(IntegrityError):
            put(session, "a")
        session.rollback()
        session.commit()
    assert seen == []


def test_an_error_does_not_quote_its_parameters() -> None:
    with db.session() as session, pytest.raises(DBAPIError) as caught:
        session.execute(text("SELECT :phone / 0"), {"phone": 254712345678})
    assert "254712345678" not in str(caught.value).split("[SQL")[1]


def test_a_connection_counts_in_utc_and_gives_up_on_what_hangs() -> None:
    with db.session() as session:
        shown = [
            session.scalar(text(f"SHOW {name}"))
            for name in ("timezone", "statement_timeout", "idle_in_transaction_session_timeout", "application_name")
        ]
    assert shown == ["UTC", "15s", "30s", "groupwallet"]


def test_a_process_has_one_engine() -> None:
    assert db.engine() is db.engine()
