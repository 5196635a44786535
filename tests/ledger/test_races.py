"""Many at once, with real commits: nothing is lost, doubled or seen half done."""

import random
from collections.abc import Callable
from functools import partial
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from core import db
from ledger import audit, errors, groups, transactions
from ledger.models import Group, Transaction, Wallet
from ledger.postings import Posted, post
from tests.core.racing import at_once, until_blocked
from tests.ledger.actors import (
    AT,
    CAUSE,
    World,
    audit_lines,
    balances,
    open_cash,
    pay,
    person,
    populated,
    receipt_numbers,
    saved,
    savings_legs,
    wish,
)

# One statement is one snapshot: what the wallets say, what the entries say, and whether each wallet agrees.
BOOKS = text("""
    SELECT (SELECT coalesce(sum(balance_minor), 0) FROM wallets) AS wallets,
           (SELECT coalesce(sum(amount_minor), 0) FROM entries) AS entries,
           (SELECT count(*) FROM wallets w
              LEFT JOIN (SELECT wallet_id, sum(amount_minor) AS moved, count(*) AS times
                           FROM entries GROUP BY wallet_id) e ON e.wallet_id = w.id
             WHERE w.balance_minor <> coalesce(moved, 0) OR w.version <> coalesce(times, 0)) AS wrong_wallets,
           (SELECT count(*) FROM transactions WHERE state = 'completed') AS completed,
           (SELECT count(*) FROM receipts) AS receipts""")


@pytest.fixture
def world(committing: str) -> World:
    with db.session() as session:
        world = populated(session)
        session.commit()
        return world


def committed_wish(group: Group, user: Any, amount_minor: int = 5000) -> int:
    with db.session() as session:
        transaction_id = wish(session, group, user, amount_minor).id
        session.commit()
        return transaction_id


def committed_payment(transaction_id: int, gross_minor: int | None = None) -> Posted:
    with db.session() as session:
        posted = pay(session, session.get_one(Transaction, transaction_id), gross_minor=gross_minor)
        session.commit()
        return posted


def committed_legs(group_id: int, transaction_id: int, legs: list[Any]) -> Posted:
    with db.session() as session:
        posted = post(session, group_id, transaction_id, legs, AT, CAUSE)
        session.commit()
        return posted


def test_two_postings_of_one_transaction_are_one(world: World) -> None:
    transaction_id = committed_wish(world.umoja, world.ama)
    results = at_once(*[partial(committed_payment, transaction_id)] * 4)
    assert sorted(result.replayed for result in results) == [False, True, True, True]
    assert {result.receipt_number for result in results} == {1}
    with db.session() as session:
        assert balances(session, world.umoja)["savings", world.ama.id] == 5000


def test_two_different_postings_of_one_transaction_are_one_and_a_conflict(world: World) -> None:
    transaction_id = committed_wish(world.umoja, world.ama, 5000)
    results = at_once(*(partial(committed_payment, transaction_id, gross) for gross in (5000, 5100)))
    assert sorted(type(result).__name__ for result in results) == ["IdempotencyConflict", "Posted"]


def test_two_postings_in_one_group_queue_and_both_count(world: World) -> None:
    ids = [committed_wish(world.umoja, user) for user in (world.ama, world.baraka)]
    results = at_once(*(partial(committed_payment, transaction_id) for transaction_id in ids))
    assert sorted(result.receipt_number for result in results) == [1, 2]
    with db.session() as session:
        assert balances(session, world.umoja)["cash", "paystack"] == -10_000
        assert audit.first_broken_line(session, world.umoja.id) is None


def test_the_last_shilling_is_taken_out_once(world: World) -> None:
    with db.session() as session:
        saved(session, world.umoja, world.ama, 5000)
        session.commit()
    ids = [committed_wish(world.umoja, world.ama) for _ in range(2)]
    out = savings_legs(world.ama, -5000)
    results = at_once(*(partial(committed_legs, world.umoja.id, transaction_id, out) for transaction_id in ids))
    assert sorted(type(result).__name__ for result in results) == ["InsufficientFunds", "Posted"]
    with db.session() as session:
        assert balances(session, world.umoja)["savings", world.ama.id] == 0


def test_a_payment_that_comes_while_the_contribution_expires_is_refused(world: World) -> None:
    transaction_id = committed_wish(world.umoja, world.ama)
    with db.session() as session:
        assert transactions.end(session, world.umoja.id, transaction_id, "expired", "", AT, CAUSE)
        payment = _what_came_of(partial(committed_payment, transaction_id), once_committed=session)
    assert isinstance(payment, errors.TransactionClosed)
    with db.session() as session:
        assert balances(session, world.umoja) == {}


def test_an_expiry_that_comes_while_the_payment_is_posted_ends_nothing(world: World) -> None:
    def committed_end() -> bool:
        with db.session() as session:
            ended = transactions.end(session, world.umoja.id, transaction_id, "expired", "", AT, CAUSE)
            session.commit()
            return ended

    transaction_id = committed_wish(world.umoja, world.ama)
    with db.session() as session:
        pay(session, session.get_one(Transaction, transaction_id))
        assert _what_came_of(committed_end, once_committed=session) is False
    with db.session() as session:
        assert session.get_one(Transaction, transaction_id).state == "completed"


def test_the_same_wish_at_once_is_one_transaction(world: World) -> None:
    def committed_key() -> int:
        with db.session() as session:
            transaction_id = wish(session, world.umoja, world.ama, 5000, key="one message").id
            session.commit()
            return transaction_id

    assert len(set(at_once(*[committed_key] * 4))) == 1


def test_the_last_place_is_taken_once(world: World) -> None:
    with db.session() as session:
        session.get_one(Group, world.umoja.id).member_limit = 3
        dalila, esi = person(session, "Dalila").id, person(session, "Esi").id
        session.commit()

    def committed_join() -> None:
        with db.session() as session:
            groups.join(session, session.get_one(Group, world.umoja.id), esi, AT, CAUSE)
            session.commit()

    with db.session() as session:
        groups.join(session, session.get_one(Group, world.umoja.id), dalila, AT, CAUSE)
        too_late = _what_came_of(committed_join, once_committed=session)
    assert isinstance(too_late, errors.GroupFull)
    with db.session() as session:
        assert groups.count_members(session, world.umoja.id) == 3


def test_a_posting_waits_for_the_groups_lock_before_it_touches_anything(world: World) -> None:
    transaction_id = committed_wish(world.umoja, world.ama)
    touched = text("SELECT 1 FROM transactions WHERE id = :id FOR UPDATE NOWAIT")
    with db.session() as session:
        open_cash(session, world.umoja)
        session.commit()
        session.execute(text("SELECT pg_advisory_xact_lock(:group)"), {"group": world.umoja.id})

        def looks_then_commits() -> None:
            until_blocked()
            with db.session() as another:
                another.execute(touched, {"id": transaction_id})
            session.commit()

        posting = partial(committed_legs, world.umoja.id, transaction_id, savings_legs(world.ama))
        posted, looked = at_once(posting, looks_then_commits)
        assert (posted.receipt_number, posted.replayed, looked) == (1, False, None)


def test_another_group_does_not_wait(world: World) -> None:
    with db.session() as session:
        session.execute(text("SELECT pg_advisory_xact_lock(:group)"), {"group": world.umoja.id})
        posted = committed_payment(committed_wish(world.harambee, world.chidi))
        assert (posted.receipt_number, posted.replayed) == (1, False)


def test_lines_of_the_history_queue_for_their_number(world: World) -> None:
    def committed_line() -> None:
        with db.session() as session:
            audit.record(session, world.umoja.id, "second", {}, AT, CAUSE)
            session.commit()

    with db.session() as session:
        audit.record(session, world.umoja.id, "first", {}, AT, CAUSE)
        assert _what_came_of(committed_line, once_committed=session) is None
    with db.session() as session:
        assert [line.action for line in audit_lines(session, world.umoja)][-2:] == ["first", "second"]
        assert audit.first_broken_line(session, world.umoja.id) is None


def test_a_phone_invited_at_once_by_two_is_invited_once(world: World) -> None:
    def committed_invitation(inviter_id: int) -> bool:
        with db.session() as session:
            made = groups.invite(session, world.umoja.id, inviter_id, "+254799000111", AT, CAUSE)
            session.commit()
            return made

    results = at_once(*(partial(committed_invitation, user.id) for user in (world.ama, world.baraka)))
    assert sorted(results) == [False, True]


def test_a_wish_begun_while_the_currency_changes_keeps_the_currency(world: World) -> None:
    def committed_change() -> None:
        with db.session() as session:
            groups.change_currency(session, session.get_one(Group, world.umoja.id), "NGN", AT, CAUSE)
            session.commit()

    with db.session() as session:
        # The wish is not committed yet, so the change cannot see it; the foreign key makes it wait and then fail.
        wish(session, world.umoja, world.ama)
        change = _what_came_of(committed_change, once_committed=session)
    assert isinstance(change, (IntegrityError, errors.CurrencyFixed))
    with db.session() as session:
        assert session.get_one(Group, world.umoja.id).currency == "KES"
        wallets = session.execute(select(Wallet.currency).where(Wallet.group_id == world.umoja.id))
        assert {currency for (currency,) in wallets} == {"KES"}


def test_a_wish_begun_after_the_currency_changed_cannot_be_in_the_old_one(world: World) -> None:
    with db.session() as session:
        groups.change_currency(session, session.get_one(Group, world.umoja.id), "NGN", AT, CAUSE)
        late = _what_came_of(partial(committed_wish, world.umoja, world.ama), once_committed=session)
    assert isinstance(late, errors.WrongCurrency)


def test_whoever_reads_while_many_contribute_always_finds_books_that_add_up(world: World) -> None:
    writers, rounds, chance = 4, 8, random.Random(1707)
    members = [(world.umoja, world.ama), (world.umoja, world.baraka), (world.harambee, world.chidi)]
    plans = [
        [(*chance.choice(members), chance.randint(1, 10_000), chance.randint(0, 200)) for _ in range(rounds)]
        for _ in range(writers)
    ]
    done = Event()

    def contributes(plan: list[tuple[Group, Any, int, int]]) -> None:
        for group, user, amount_minor, fee_minor in plan:
            transaction_id = committed_wish(group, user, amount_minor)
            for _ in range(2):  # Each webhook comes twice.
                with db.session() as session:
                    pay(session, session.get_one(Transaction, transaction_id), fee_minor, amount_minor + fee_minor)
                    session.commit()

    def writes() -> list[Any]:
        results = at_once(*(partial(contributes, plan) for plan in plans))
        done.set()
        return results

    def reads() -> int:
        count = 0
        while not done.is_set():
            with db.session() as session:
                books = session.execute(BOOKS).one()
            assert (books.wallets, books.entries, books.wrong_wallets) == (0, 0, 0)
            assert books.completed == books.receipts
            count += 1
        return count

    written, readings = at_once(writes, reads)
    assert written == [None] * writers
    assert isinstance(readings, int) and readings > 0, readings
    with db.session() as session:
        found = balances(session, world.umoja) | balances(session, world.harambee)
        contributed = sum(amount_minor for plan in plans for *_, amount_minor, _ in plan)
        assert sum(minor for (kind, _), minor in found.items() if kind == "savings") == contributed
        for group in (world.umoja, world.harambee):
            numbers = receipt_numbers(session, group)
            assert sorted(numbers) == list(range(1, len(numbers) + 1))
            lines = audit_lines(session, group)
            assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
            assert audit.first_broken_line(session, group.id) is None


def _what_came_of(waits: Callable[[], Any], once_committed: db.Session) -> Any:
    """Starts `waits`, sees it wait for the session's locks, commits the session; its result, or what it raised."""

    def commits() -> None:
        until_blocked()
        once_committed.commit()

    result, committed = at_once(waits, commits)
    assert committed is None, committed
    return result
