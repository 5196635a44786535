"""The books beside the phones, read from tables of the product's shape."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text

from tests.sandbox.actors import Driver, Paystack

BOOKS = """
CREATE TABLE users (id bigint PRIMARY KEY, phone text, name text, language text, country text);
CREATE TABLE groups (id bigint PRIMARY KEY, code text, name text, currency text);
CREATE TABLE memberships (group_id bigint, user_id bigint, role text, status text);
CREATE TABLE wallets (id bigint PRIMARY KEY, group_id bigint, user_id bigint, kind text, provider text,
                      currency text, balance_minor bigint, version int);
CREATE TABLE transactions (id bigint PRIMARY KEY, group_id bigint, user_id bigint, kind text, state text,
                           currency text, amount_minor bigint, created_at timestamptz, completed_at timestamptz);
CREATE TABLE entries (id bigint PRIMARY KEY, transaction_id bigint, group_id bigint, wallet_id bigint,
                      amount_minor bigint, created_at timestamptz);
CREATE TABLE outbox (id bigint PRIMARY KEY, state text);
CREATE TABLE checkouts (reference text, transaction_id bigint);
INSERT INTO users VALUES (1, '+254712345678', 'Ama'), (2, '+254712345679', 'Ben'), (3, '+254712345670', 'Gone');
INSERT INTO groups VALUES (7, 'UMOJA', 'Umoja', 'KES'), (8, 'KAMPALA', 'Kampala', 'UGX');
INSERT INTO memberships VALUES (7, 1, 'chair', 'active'), (7, 2, 'member', 'active'), (7, 3, 'member', 'left');
INSERT INTO wallets VALUES (70, 7, NULL, 'cash', 'paystack', 'KES', -492500, 1),
    (71, 7, 1, 'savings', NULL, 'KES', 500000, 1), (72, 7, NULL, 'fee_expense', NULL, 'KES', -7500, 1);
INSERT INTO transactions VALUES (1, 7, 1, 'contribution', 'completed', 'KES', 500000, now(), now()),
    (2, 7, 2, 'contribution', 'pending', 'KES', 300000, now(), NULL);
INSERT INTO entries VALUES (1, 1, 7, 70, -492500, now()), (2, 1, 7, 71, 500000, now()), (3, 1, 7, 72, -7500, now());
INSERT INTO outbox VALUES (1, 'done'), (2, 'done'), (3, 'pending');
INSERT INTO checkouts VALUES ('gw-1', 1);
"""


@pytest.fixture
def books(database_url: str) -> Iterator[None]:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text(BOOKS))
    yield
    engine.dispose()


def test_without_the_products_tables_there_are_no_groups(driver: Driver) -> None:
    state = driver.get("/sandbox/state")
    assert state["groups"] == [] and state["webhook_errors"] == []
    assert state["outbox"] == {"pending": 0, "running": 0, "done": 0, "dead": 0}


def test_the_state_shows_the_books(driver: Driver, books: None) -> None:
    state = driver.get("/sandbox/state")
    umoja, kampala = state["groups"]
    assert (umoja["name"], umoja["code"], umoja["total_minor"], umoja["minor_digits"]) == ("Umoja", "UMOJA", 492_500, 2)
    assert umoja["entries_sum_minor"] == 0 and kampala["minor_digits"] == 0
    assert umoja["members"] == [
        {"name": "Ama", "phone": "+254712345678", "role": "chair", "savings_minor": 500_000},
        {"name": "Ben", "phone": "+254712345679", "role": "member", "savings_minor": 0},
    ]
    entries = [(e["wallet"], e["member"], e["amount_minor"], e["kind"], e["state"]) for e in umoja["entries"]]
    assert entries == [
        ("fee_expense", None, -7_500, "contribution", "completed"),
        ("savings", "Ama", 500_000, "contribution", "completed"),
        ("cash", None, -492_500, "contribution", "completed"),
    ]
    assert umoja["entries"][0]["at"] and umoja["entries"][0]["transaction_id"] == 1
    pending = {
        "transaction_id": 2,
        "kind": "contribution",
        "member": "Ben",
        "amount_minor": 300_000,
        "state": "pending",
    }
    assert umoja["pending"] == [pending]
    assert (kampala["members"], kampala["total_minor"]) == ([], 0)
    assert state["outbox"] == {"pending": 1, "running": 0, "done": 2, "dead": 0}


def test_a_payment_finds_its_phone_through_the_products_tables(driver: Driver, paystack: Paystack, books: None) -> None:
    paystack.opens("gw-1", metadata={"member": "m1"})
    assert driver.get("/sandbox/payments")["payments"][0]["phone"] == "+254712345678"
    assert len(driver.get("/sandbox/payments?phone=254712345678")["payments"]) == 1
    assert driver.get("/sandbox/payments?phone=254712345679")["payments"] == []
