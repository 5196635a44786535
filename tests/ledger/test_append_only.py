"""What is written in the books stays: the database refuses to change or remove it, whoever asks."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core import db
from ledger import transactions
from ledger.models import Transaction
from ledger.postings import Leg
from tests.ledger.actors import AT, CAUSE, World, as_owner, pay, row_counts, saved, wish

REFUSED = [
    "UPDATE entries SET amount_minor = amount_minor + 1",
    "UPDATE entries SET created_at = now()",
    "DELETE FROM entries",
    "TRUNCATE entries",
    "UPDATE audit_log SET data = '{}'",
    "DELETE FROM audit_log",
    "TRUNCATE audit_log",
    "UPDATE receipts SET number = number + 1",
    "DELETE FROM receipts",
    "DELETE FROM transactions",
    "UPDATE wallets SET balance_minor = balance_minor * 2 WHERE balance_minor <> 0",
    "UPDATE wallets SET version = version + 1",
    "UPDATE wallets SET user_id = :baraka WHERE kind = 'savings' AND user_id = :ama",
    "UPDATE wallets SET kind = 'social_fund' WHERE kind = 'fee_income'",
    "UPDATE wallets SET provider = 'another' WHERE kind = 'cash'",
    "DELETE FROM wallets",
    "TRUNCATE wallets CASCADE",
    "UPDATE reservations SET amount_minor = amount_minor + 1",
    "UPDATE reservations SET created_at = now()",
    "DELETE FROM reservations",
    "TRUNCATE reservations",
    "TRUNCATE transactions CASCADE",
    "TRUNCATE groups CASCADE",
    "TRUNCATE users CASCADE",
]

# The column, and a value that no other rule would refuse.
FIXED = {
    "id": "id + 1000000",
    "group_id": ":harambee",
    "user_id": ":baraka",
    "kind": "'gift'",
    "currency": "'NGN'",
    "amount_minor": "amount_minor + 1",
    "idempotency_key": "'another'",
    "created_at": "created_at + interval '1 second'",
    "reason": "'another'",
    "reverses_id": "id",
}


@pytest.fixture
def posted(session: db.Session, world: World) -> Transaction:
    transaction = saved(session, world.umoja, world.ama)
    pay(session, wish(session, world.umoja, world.ama), gross_minor=5100)  # Opens the fees' wallet.
    held = wish(session, world.umoja, world.ama)
    transactions.reserve(session, world.umoja.id, held.id, [Leg("savings", 100, world.ama.id)], AT, CAUSE)
    as_owner(session)
    # TRUNCATE would complain of waiting triggers before it comes to ours.
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    return transaction


@pytest.mark.parametrize("statement", REFUSED)
def test_the_books_are_append_only(session: db.Session, world: World, posted: Transaction, statement: str) -> None:
    before = row_counts(session)
    with pytest.raises(DBAPIError) as caught, session.begin_nested():
        session.execute(text(statement), {"ama": world.ama.id, "baraka": world.baraka.id})
    assert caught.value.orig.pgcode == "GW001"  # type: ignore[union-attr]
    assert row_counts(session) == before


@pytest.mark.parametrize("column", FIXED)
@pytest.mark.parametrize("state", ["pending", "completed"])
def test_what_a_transaction_says_cannot_be_changed(
    session: db.Session, world: World, posted: Transaction, column: str, state: str
) -> None:
    if state == "pending":
        session.execute(
            text("""INSERT INTO transactions (group_id, user_id, kind, currency, amount_minor, idempotency_key, channel,
                                              created_at)
                    VALUES (:group, :user, 'contribution', 'KES', 1, 'pending one', 'sms', now())"""),
            {"group": world.umoja.id, "user": world.ama.id},
        )
    with pytest.raises(DBAPIError) as caught, session.begin_nested():
        session.execute(
            text(f"UPDATE transactions SET {column} = {FIXED[column]} WHERE state = :state"),
            {"state": state, "harambee": world.harambee.id, "baraka": world.baraka.id},
        )
    assert caught.value.orig.pgcode == "GW001"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO entries SELECT group_id, transaction_id, wallet_id, 1, 1, 99, now() FROM entries",
        "UPDATE entries SET amount_minor = 1",
        "DELETE FROM audit_log",
        "INSERT INTO audit_log SELECT * FROM audit_log",
        "INSERT INTO receipts SELECT * FROM receipts",
        "UPDATE wallets SET balance_minor = 0",
        "UPDATE reservations SET state = 'released'",
        "UPDATE transactions SET amount_minor = 1",
        "DELETE FROM transactions",
        "DELETE FROM memberships",
        "TRUNCATE entries",
        "ALTER TABLE entries DISABLE TRIGGER ALL",
        "DROP TRIGGER entries_append_only ON entries",
        "SELECT book_legs(t, now(), 1, 'x', 'x', '{}', '{}', '{}', '{}') FROM transactions t",
        "UPDATE approvals SET state = 'passed'",
        "INSERT INTO votes (group_id, approval_id, user_id) VALUES (1, 1, 1)",
        "SELECT count_vote(1, 1, 1, 'yes', now(), 1, 'x', 'x')",
        "SELECT end_vote(1, 1, 'passed', 'x', now(), 1, 'x', 'x')",
    ],
)
def test_the_products_own_role_may_not_even_try(session: db.Session, world: World, statement: str) -> None:
    saved(session, world.umoja, world.ama)
    with pytest.raises(DBAPIError) as caught, session.begin_nested():
        session.execute(text(statement))
    assert caught.value.orig.pgcode == "42501"  # type: ignore[union-attr]  (insufficient privilege)
