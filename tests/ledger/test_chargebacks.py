"""Chargebacks: the savings bear what they can, what is promised to others is not touched, and the book stays whole."""

from pathlib import Path

import pytest
from sqlalchemy import text

from core import db
from core.money import Money
from ledger import chargebacks, errors, exporting, legs, transactions, verifying
from ledger.models import Transaction
from ledger.postings import Leg, Movement, record
from tests.ledger.actors import (
    AT,
    CAUSE,
    PROVIDER,
    World,
    allowed,
    as_owner,
    audit_lines,
    balances,
    entries,
    row_counts,
    saved,
    voted,
)
from tools import verify_book

KEY = "dispute:1"


@pytest.fixture
def payment(session: db.Session, world: World) -> Transaction:
    """Ama's 50.00, while Baraka has 40.00 there."""
    saved(session, world.umoja, world.baraka, 4_000)
    return saved(session, world.umoja, world.ama, 5_000)


def holds(session: db.Session, payment: Transaction, amount: int) -> Transaction | None:
    return chargebacks.begin(session, payment, Money(amount, "KES"), PROVIDER, KEY, AT, CAUSE)


def takes(session: db.Session, payment: Transaction, amount: int, held: Transaction | None = None) -> Transaction:
    posted = chargebacks.take(session, payment, Money(amount, "KES"), PROVIDER, KEY, AT, CAUSE, held)
    return session.get_one(Transaction, posted.transaction_id, populate_existing=True)


def promised(session: db.Session, world: World, amount: int) -> None:
    """Ama's savings are held for a withdrawal that the group has voted."""
    vote = voted(session, world.umoja.id, "withdrawal", world.ama.id, amount)
    money = Money(amount, "KES")
    open_one = transactions.begin(
        session, world.umoja.id, "withdrawal", world.ama.id, money, "w", AT, CAUSE, None, vote
    )
    transactions.reserve(session, world.umoja.id, open_one.id, [Leg("savings", amount, world.ama.id)], AT, CAUSE)


def leaves_the_provider(session: db.Session, world: World, kind: str, moved: list[Leg], amount: int) -> None:
    """Cash that Ama has got, or that was fetched into the box, since she paid."""
    movement = Movement(world.umoja.id, kind, Money(amount, "KES"), moved, "since", world.ama.id)
    record(session, allowed(session, movement), AT, CAUSE)


def test_what_is_taken_back_leaves_the_savings_and_the_cash(
    session: db.Session, world: World, payment: Transaction
) -> None:
    taken = takes(session, payment, 5_000)
    assert (taken.kind, taken.state, taken.user_id, taken.reason) == (
        "chargeback", "completed", world.ama.id, chargebacks.WHY,
    )  # fmt: skip
    found = balances(session, world.umoja)
    assert (found["savings", world.ama.id], found["cash", PROVIDER]) == (0, -4_000)
    assert sum(entry.amount_minor for entry in entries(session, taken)) == 0


def test_the_group_loses_what_the_savings_do_not_cover(session: db.Session, world: World, payment: Transaction) -> None:
    leaves_the_provider(session, world, "withdrawal", legs.withdrawal(world.ama.id, PROVIDER, 100, 100, 0), 100)
    takes(session, payment, 5_000)
    found = balances(session, world.umoja)
    assert (found["savings", world.ama.id], found["bad_debt", ""], found["savings", world.baraka.id]) == (
        0, -100, 4_000,
    )  # fmt: skip


def test_what_is_promised_already_is_not_taken(session: db.Session, world: World, payment: Transaction) -> None:
    promised(session, world, 4_500)
    takes(session, payment, 5_000)
    found = balances(session, world.umoja)
    assert (found["savings", world.ama.id], found["bad_debt", ""]) == (4_500, -4_500)


def test_what_is_held_cannot_be_promised_meanwhile_and_is_then_taken(
    session: db.Session, world: World, payment: Transaction
) -> None:
    held = holds(session, payment, 5_000)
    assert held is not None
    with pytest.raises(errors.InsufficientFunds), session.begin_nested():
        promised(session, world, 1)
    assert holds(session, payment, 5_000) is held
    taken = takes(session, payment, 5_000, held)
    assert (taken.id, balances(session, world.umoja)["savings", world.ama.id]) == (held.id, 0)


def test_as_much_is_held_as_is_there(session: db.Session, world: World, payment: Transaction) -> None:
    promised(session, world, 4_500)
    leaves_the_provider(session, world, "banking", legs.banking(PROVIDER, legs.CASH_BOX, 4_500), 4_500)
    held = holds(session, payment, 5_000)
    assert held is not None
    shown = session.execute(
        text("SELECT kind, available_minor FROM wallets WHERE group_id = :group AND kind IN ('savings', 'cash')"),
        {"group": world.umoja.id},
    )
    assert sorted((kind, free) for kind, free in shown) == [
        ("cash", 0), ("cash", 4_500), ("savings", 0), ("savings", 4_000),
    ]  # fmt: skip


def test_nothing_is_held_where_nothing_is(session: db.Session, world: World, payment: Transaction) -> None:
    takes(session, payment, 5_000)
    as_owner(session)
    other = chargebacks.begin(session, payment, Money(1, "KES"), "another", "dispute:2", AT, CAUSE)
    assert other is None


def test_cash_that_is_not_there_cannot_be_taken_and_nothing_is_written(
    session: db.Session, world: World, payment: Transaction
) -> None:
    leaves_the_provider(session, world, "banking", legs.banking(PROVIDER, legs.CASH_BOX, 4_001), 4_001)
    before = row_counts(session)
    with pytest.raises(errors.InsufficientFunds), session.begin_nested():
        takes(session, payment, 5_000)
    assert row_counts(session) == before


def test_taken_twice_it_is_one_chargeback(session: db.Session, world: World, payment: Transaction) -> None:
    first = takes(session, payment, 3_000)
    assert takes(session, payment, 3_000).id == first.id
    assert balances(session, world.umoja)["savings", world.ama.id] == 2_000


def test_what_is_decided_for_the_group_is_free_again(session: db.Session, world: World, payment: Transaction) -> None:
    held = holds(session, payment, 5_000)
    assert held is not None
    assert chargebacks.release(session, held, AT, CAUSE)
    assert not chargebacks.release(session, held, AT, CAUSE)
    promised(session, world, 5_000)
    assert audit_lines(session, world.umoja)[-1].action == "reserved"


@pytest.fixture
def book(session: db.Session, world: World, payment: Transaction) -> Transaction:
    """A book with a chargeback that was won, one that was lost with less than was held, and one that is held."""
    for number, end in ((1, "won"), (2, "lost"), (3, "open")):
        key, amount = f"dispute:{number}", Money(1_000 * number, "KES")
        held = chargebacks.begin(session, payment, amount, PROVIDER, key, AT, CAUSE)
        assert held is not None
        if end == "won":
            chargebacks.release(session, held, AT, CAUSE)
        if end == "lost":
            chargebacks.take(session, payment, Money(1_500, "KES"), PROVIDER, key, AT, CAUSE, held)
    found = text("SELECT id FROM transactions WHERE group_id = :group AND kind = 'chargeback' AND state = 'completed'")
    return session.get_one(Transaction, session.execute(found, {"group": world.umoja.id}).scalar_one())


def test_an_honest_book_with_chargebacks_has_no_fault(
    session: db.Session, world: World, book: Transaction, tmp_path: Path
) -> None:
    assert list(verifying.verify(session, world.umoja.id)) == []
    exporting.export(session, world.umoja.id, tmp_path / "book", AT)
    assert list(verify_book.check(verify_book.read(tmp_path / "book"), [])) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET amount_minor = amount_minor + 1 WHERE transaction_id = :id AND amount_minor > 0",
        "UPDATE transactions SET kind = 'refund' WHERE id = :id",
        "UPDATE transactions SET user_id = :other WHERE id = :id",
        "UPDATE transactions SET state = 'failed' WHERE kind = 'chargeback' AND state = 'cancelled'",
    ],
)
def test_a_chargeback_that_was_tampered_with_is_found_by_both(
    session: db.Session, world: World, book: Transaction, tmp_path: Path, statement: str
) -> None:
    as_owner(session)
    session.execute(text("SET LOCAL session_replication_role = replica"))
    session.execute(text(statement), {"id": book.id, "other": world.baraka.id})
    session.execute(text("SET LOCAL session_replication_role = origin"))
    session.execute(text("SET LOCAL ROLE groupwallet_app"))
    session.expire_all()
    assert list(verifying.verify(session, world.umoja.id))
    exporting.export(session, world.umoja.id, tmp_path / "book", AT)
    assert list(verify_book.check(verify_book.read(tmp_path / "book"), []))
