"""The life of a transaction, as a table of every step the database allows; all others it refuses."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core import db
from tests.ledger.actors import World, as_owner, wish

ALLOWED = {
    "pending": {"processing", "completed", "failed", "cancelled", "expired"},
    "processing": {"completed", "failed", "cancelled", "expired"},
    "completed": {"reversed"},
    "failed": set(),
    "cancelled": set(),
    "expired": set(),
    "reversed": set(),
}
WAY_TO = {"pending": [], "reversed": ["completed", "reversed"]}

LEGAL = [(before, after) for before in ALLOWED for after in ALLOWED if after in ALLOWED[before] | {before}]
ILLEGAL = [(before, after) for before in ALLOWED for after in ALLOWED if (before, after) not in LEGAL]


@pytest.mark.parametrize(("before", "after"), LEGAL)
def test_a_step_of_a_transactions_life_is_allowed(session: db.Session, world: World, before: str, after: str) -> None:
    transaction_id = _transaction(session, world, before)
    _step(session, transaction_id, after)
    assert _state(session, transaction_id) == after


@pytest.mark.parametrize(("before", "after"), ILLEGAL)
def test_any_other_step_is_refused(session: db.Session, world: World, before: str, after: str) -> None:
    transaction_id = _transaction(session, world, before)
    with pytest.raises(DBAPIError) as caught, session.begin_nested():
        _step(session, transaction_id, after)
    assert caught.value.orig.pgcode == "GW003"  # type: ignore[union-attr]
    assert _state(session, transaction_id) == before


def _transaction(session: db.Session, world: World, state: str) -> int:
    """A transaction that came to this state the legal way."""
    transaction_id = wish(session, world.umoja, world.ama).id
    as_owner(session)
    for step in WAY_TO.get(state, [state]):
        _step(session, transaction_id, step)
    return transaction_id


def _step(session: db.Session, transaction_id: int, state: str) -> None:
    session.execute(
        text("""UPDATE transactions SET state = :state, completed_at = CASE WHEN :state IN ('completed', 'reversed')
                       THEN coalesce(completed_at, now()) END WHERE id = :id"""),
        {"id": transaction_id, "state": state},
    )


def _state(session: db.Session, transaction_id: int) -> str:
    state: str = session.execute(
        text("SELECT state FROM transactions WHERE id = :id"), {"id": transaction_id}
    ).scalar_one()
    return state
