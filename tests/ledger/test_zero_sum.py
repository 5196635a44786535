"""The entries of a transaction add up to zero, or the commit fails: the deferred rule, with real commits."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core import db
from tests.ledger.actors import World, as_owner, open_wallet, populated, saved, wish

ENTRY = text("""
    INSERT INTO entries (group_id, transaction_id, wallet_id, amount_minor, balance_after_minor, wallet_version,
                         created_at)
    SELECT group_id, :transaction, id, :amount, :amount, :version, now() FROM wallets
     WHERE group_id = :group AND kind = :kind AND user_id IS NOT DISTINCT FROM :user""")


@pytest.fixture
def world(committing: str) -> World:
    with db.session() as session:
        world = populated(session)
        open_wallet(session, world.umoja, "fee_expense")
        session.commit()
        return world


def test_entries_that_do_not_add_up_make_the_commit_fail(world: World) -> None:
    with db.session() as session:
        transaction_id = wish(session, world.umoja, world.ama).id
        session.commit()
        _writes(session, world, transaction_id, savings=5000, fee_expense=-4999)
        with pytest.raises(DBAPIError) as caught:
            session.commit()
    assert caught.value.orig.pgcode == "GW002"  # type: ignore[union-attr]
    assert _count(transaction_id) == 0


def test_a_single_entry_makes_the_commit_fail(world: World) -> None:
    with db.session() as session:
        transaction_id = wish(session, world.umoja, world.ama).id
        _writes(session, world, transaction_id, savings=1)
        with pytest.raises(DBAPIError, match="add up to zero"):
            session.commit()


def test_entries_may_come_one_by_one_as_long_as_the_commit_finds_zero(world: World) -> None:
    with db.session() as session:
        transaction_id = wish(session, world.umoja, world.ama).id
        _writes(session, world, transaction_id, savings=5000)
        _writes(session, world, transaction_id, fee_expense=-5000)
        session.commit()
    assert _count(transaction_id) == 2


def test_one_transactions_surplus_does_not_cover_anothers_want(world: World) -> None:
    with db.session() as session:
        first, second = (wish(session, world.umoja, world.ama).id for _ in range(2))
        _writes(session, world, first, savings=5000)
        _writes(session, world, second, fee_expense=-5000)
        with pytest.raises(DBAPIError, match="add up to zero"):
            session.commit()


def test_an_entry_added_to_a_posted_transaction_makes_the_commit_fail(world: World) -> None:
    with db.session() as session:
        transaction_id = saved(session, world.umoja, world.ama).id
        session.commit()
        _writes(session, world, transaction_id, fee_expense=-1)
        with pytest.raises(DBAPIError):
            session.commit()
    assert _count(transaction_id) == 2


def test_the_product_posts_through_a_real_commit(world: World) -> None:
    with db.session() as session:
        transaction_id = saved(session, world.umoja, world.ama).id
        session.commit()
    assert _count(transaction_id) == 2


def _writes(session: db.Session, world: World, transaction_id: int, **amounts: int) -> None:
    """Entries written past `post_transaction`, as a wrong program or a person at a console would."""
    as_owner(session)
    for kind, amount in amounts.items():
        user_id = world.ama.id if kind == "savings" else None
        values = {"transaction": transaction_id, "group": world.umoja.id, "kind": kind, "user": user_id}
        session.execute(ENTRY, {**values, "amount": amount, "version": 1000 + transaction_id})


def _count(transaction_id: int) -> int:
    with db.session() as session:
        count: int = session.execute(
            text("SELECT count(*) FROM entries WHERE transaction_id = :id"), {"id": transaction_id}
        ).scalar_one()
        return count
