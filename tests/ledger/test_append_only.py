"""What is written in the books stays: the database refuses to change or remove it, whoever asks."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core import db
from ledger.models import Transaction
from tests.ledger.actors import World, row_counts, saved

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
}


@pytest.fixture
def posted(session: db.Session, world: World) -> Transaction:
    transaction = saved(session, world.umoja, world.ama)
    # TRUNCATE would complain of waiting triggers before it comes to ours.
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    return transaction


@pytest.mark.parametrize("statement", REFUSED)
def test_the_books_are_append_only(session: db.Session, posted: Transaction, statement: str) -> None:
    before = row_counts(session)
    with pytest.raises(DBAPIError) as caught, session.begin_nested():
        session.execute(text(statement))
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
