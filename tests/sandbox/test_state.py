"""The books beside the phones, read from the product's own tables."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from core import db
from ledger.models import User
from sandbox import services
from sandbox.config import SandboxConfig
from sandbox.serve import SandboxServer
from tests.sandbox.actors import Driver, Paystack

# Ama paid KES 5,000 and the provider kept 75 of it; Ben has not paid yet, and a third has left.
BOOKS = """
INSERT INTO groups (id, code, name, currency, country, time_zone, created_by) VALUES
    (7, 'UMOJA-222222', 'Umoja', 'KES', 'KE', 'Africa/Nairobi', 1),
    (8, 'KAMPALA-333333', 'Kampala', 'UGX', 'UG', 'Africa/Kampala', 1);
INSERT INTO memberships (group_id, user_id, role, status) VALUES
    (7, 1, 'chair', 'active'), (7, 2, 'member', 'active'), (7, 3, 'member', 'left');
INSERT INTO wallets (group_id, user_id, kind, provider, currency) VALUES
    (7, NULL, 'cash', 'paystack', 'KES'), (7, 1, 'savings', '', 'KES'), (7, NULL, 'fee_expense', '', 'KES');
INSERT INTO transactions (id, group_id, user_id, kind, currency, amount_minor, idempotency_key, channel, created_at)
VALUES (1, 7, 1, 'contribution', 'KES', 500000, 'one', 'sms', now()),
    (2, 7, 2, 'contribution', 'KES', 300000, 'two', 'sms', now());
SELECT audit_append(7, now(), 1, 'group_created', '{}', 'sms', NULL);
SELECT post_transaction(7, 1, now(), 1, 'sms', NULL, ARRAY['cash', 'savings', 'fee_expense'],
    ARRAY[0, 1, 0]::bigint[], ARRAY['paystack', '', ''], ARRAY[-492500, 500000, -7500]::bigint[]);
INSERT INTO outbox (kind, payload, dedupe_key, state) VALUES ('x', '{}', '1', 'done'), ('x', '{}', '2', 'done'),
    ('x', '{}', '3', 'pending');
INSERT INTO checkouts (group_id, transaction_id, provider, reference, next_check_at, created_at)
VALUES (7, 1, 'paystack', 'gw-1', now(), now());
"""


@pytest.fixture
def sandbox_database_url(database_url: str) -> str:
    """The product's database, with all its tables."""
    return database_url


@pytest.fixture
def books(committing: str) -> Iterator[None]:
    """Names and phones are sealed under the keys of this process, which runs the sandbox too."""
    engine = create_engine(committing)
    with db.Session(engine) as session:
        session.add(User(id=1, phone="+254712345678", name="Ama"))
        session.add(User(id=2, phone="+254712345679"))
        session.add(User(id=3, phone="+254712345670", name="Gone"))
        session.flush()
        session.execute(text(BOOKS))
        session.commit()
    yield
    engine.dispose()


def test_without_the_products_tables_there_are_no_groups(
    server_url: str, start_sandbox: Callable[..., SandboxServer], config: SandboxConfig
) -> None:
    start_sandbox(database_url=services.create_database(server_url, f"empty_{uuid4().hex[:12]}"))
    state = Driver(config).get("/sandbox/state")
    assert state["groups"] == [] and state["webhook_errors"] == []
    assert state["outbox"] == {"pending": 0, "running": 0, "done": 0, "dead": 0}


def test_the_state_shows_the_books(driver: Driver, books: None) -> None:
    state = driver.get("/sandbox/state")
    umoja, kampala = state["groups"]
    assert (umoja["name"], umoja["code"], umoja["total_minor"], umoja["minor_digits"]) == (
        "Umoja",
        "UMOJA-222222",
        492_500,
        2,
    )
    assert umoja["entries_sum_minor"] == 0 and kampala["minor_digits"] == 0
    assert umoja["members"] == [
        {"name": "Ama", "phone": "+254712345678", "role": "chair", "savings_minor": 500_000},
        {"name": "+254712345679", "phone": "+254712345679", "role": "member", "savings_minor": 0},
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
        "member": "+254712345679",
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
