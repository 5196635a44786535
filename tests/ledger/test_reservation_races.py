"""Promises at once, with real commits: money is held once, and what has ended holds nothing."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core import db
from ledger import audit, transactions
from ledger.models import Transaction
from ledger.postings import post
from tests.core.racing import at_once
from tests.ledger.actors import AT, CAUSE, World, as_owner, populated, saved, savings_legs
from tests.ledger.withdrawals import PART, SAVED, asked, holds, promised, reserved, states, wallet


@pytest.fixture
def rich(committing: str) -> World:
    with db.session() as session:
        world = populated(session)
        saved(session, world.umoja, world.ama, SAVED)
        session.commit()
        return world


def test_of_two_promises_of_sixty_percent_at_once_one_wins(rich: World) -> None:
    ids = [_committed(lambda session: asked(session, rich.umoja, rich.ama).id) for _ in range(2)]

    def committed_promise(transaction_id: int) -> bool:
        held = holds(rich.ama)
        return bool(_committed(lambda s: transactions.reserve(s, rich.umoja.id, transaction_id, held, AT, CAUSE)))

    results = at_once(*(partial(committed_promise, transaction_id) for transaction_id in ids))
    assert sorted(_named(result) for result in results) == ["InsufficientFunds", "True"]
    with db.session() as session:
        assert wallet(session, rich.umoja) == (SAVED, PART, SAVED - PART, 1)
        assert audit.first_broken_line(session, rich.umoja.id) is None


def test_one_promise_made_by_four_at_once_is_one(rich: World) -> None:
    transaction_id = _committed(lambda session: asked(session, rich.umoja, rich.ama).id)

    def committed_promise() -> Any:
        held = holds(rich.ama)
        return _committed(lambda s: transactions.reserve(s, rich.umoja.id, transaction_id, held, AT, CAUSE))

    assert sorted(at_once(*[committed_promise] * 4)) == [False, False, False, True]


def test_a_promise_and_a_posting_that_want_the_same_money_do_not_both_get_it(rich: World) -> None:
    ids = [_committed(lambda session: asked(session, rich.umoja, rich.ama).id) for _ in range(2)]
    held, moved = holds(rich.ama), savings_legs(rich.ama, -PART)
    promise = partial(_committed, lambda s: transactions.reserve(s, rich.umoja.id, ids[0], held, AT, CAUSE))
    posting = partial(_committed, lambda s: post(s, rich.umoja.id, ids[1], moved, AT, CAUSE))
    results = [_named(result) for result in at_once(promise, posting)]
    assert results in (["True", "InsufficientFunds"], ["InsufficientFunds", "Posted"])


def test_a_posting_and_an_end_at_once_settle_or_release_but_not_both(rich: World) -> None:
    transaction_id = _committed(lambda session: promised(session, rich).id)
    moved = savings_legs(rich.ama, -PART)
    posting = partial(_committed, lambda s: post(s, rich.umoja.id, transaction_id, moved, AT, CAUSE))
    ending = partial(_committed, lambda s: transactions.end(s, rich.umoja.id, transaction_id, "failed", "", AT, CAUSE))
    results = [_named(result) for result in at_once(posting, ending)]
    assert results in (["Posted", "False"], ["TransactionClosed", "True"])
    with db.session() as session:
        assert reserved(session, rich.umoja) == 0
        known = {state for state, _ in states(session, session.get_one(Transaction, transaction_id))}
        assert known == ({"settled"} if results[0] == "Posted" else {"released"})


def test_a_transaction_that_ended_and_still_holds_money_makes_the_commit_fail(rich: World) -> None:
    transaction_id = _committed(lambda session: promised(session, rich).id)
    with db.session() as session:
        # Past `end_transaction`, as a wrong program would.
        session.get_one(Transaction, transaction_id).state = "failed"
        session.flush()
        with pytest.raises(DBAPIError, match="still holds money") as caught:
            session.commit()
    assert caught.value.orig.pgcode == "GW006"  # type: ignore[union-attr]
    with db.session() as session:
        assert session.get_one(Transaction, transaction_id).state == "pending"


def test_the_owner_of_the_tables_is_held_to_it_too(rich: World) -> None:
    transaction_id = _committed(lambda session: promised(session, rich).id)
    with db.session() as session:
        as_owner(session)
        session.execute(text("UPDATE transactions SET state = 'expired' WHERE id = :id"), {"id": transaction_id})
        with pytest.raises(DBAPIError, match="still holds money"):
            session.commit()


def _committed(work: Callable[[db.Session], Any]) -> Any:
    with db.session() as session:
        result = work(session)
        session.commit()
        return result


def _named(result: Any) -> str:
    return str(result) if isinstance(result, bool) else type(result).__name__
