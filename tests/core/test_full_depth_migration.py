"""The step to the book's full depth takes an older book along: it still adds up, and its old seals still stand."""

from collections.abc import Iterator

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, text

from core import db
from core.money import Money
from ledger import audit, contributions, receipts, seals, verifying
from ledger.audit import Cause
from tests.conftest import copy_of
from tests.ledger.actors import AT

OLD_BOOK = """
INSERT INTO users (id, phone, name) VALUES (1, '+254712345678', 'Ama');
INSERT INTO groups (id, code, name, currency, country, time_zone, created_by)
VALUES (7, 'UMOJA-222222', 'Umoja', 'KES', 'KE', 'Africa/Nairobi', 1);
INSERT INTO memberships (group_id, user_id, role) VALUES (7, 1, 'chair');
INSERT INTO wallets (group_id, kind, user_id, currency) VALUES
    (7, 'savings', 1, 'KES'), (7, 'fee_expense', NULL, 'KES'), (7, 'fee_income', NULL, 'KES');
INSERT INTO transactions (id, group_id, user_id, kind, currency, amount_minor, idempotency_key, channel, created_at)
VALUES (1, 7, 1, 'contribution', 'KES', 5000, 'a', 'sms', now()),
    (2, 7, 1, 'contribution', 'KES', 700, 'b', 'sms', now()),
    (3, 7, 1, 'contribution', 'KES', 900, 'c', 'sms', now());
SELECT audit_append(7, '2026-03-01', 1, 'group_created', '{}', 'sms', NULL);
SELECT post_transaction(1, '2026-03-02', 1, 'sms', NULL, '{cash,savings}', '{NULL,1}', '{paystack,""}', '{-5000,5000}');
SELECT audit_append(7, '2026-03-03', 1, 'payment_held', '{}', 'sms', NULL);
SELECT post_transaction(2, '2026-03-04', 1, 'sms', NULL, '{cash,savings}', '{NULL,1}', '{paystack,""}', '{-700,700}');
"""


@pytest.fixture
def database_url(server_url: str) -> Iterator[str]:
    with copy_of(server_url, "template0") as url:
        yield url


@pytest.fixture
def engine(alembic: Config, committing: str) -> Iterator[Engine]:
    command.upgrade(alembic, "0006")
    engine = create_engine(committing)
    with engine.begin() as connection:
        connection.execute(text(OLD_BOOK))
    yield engine
    engine.dispose()


def test_an_older_book_is_whole_afterwards_and_goes_on(alembic: Config, engine: Engine) -> None:
    with engine.connect() as connection:
        old_seals = list(connection.execute(text("SELECT hash FROM audit_log ORDER BY seq")).scalars())
    command.upgrade(alembic, "head")
    with db.session() as session:
        for line, line_hash in enumerate(old_seals, start=1):
            finding = seals.find(session, 7, bytes(line_hash)[: seals.LENGTH_BYTES])
            assert finding is not None
            assert (finding.seal.line, finding.intact) == (line, True)
        found = [receipts.find(session, 7, number) for number in (1, 2)]
        assert [(receipt.seal.line, receipt.amount) for receipt in found if receipt] == [
            (2, Money(5000, "KES")),
            (4, Money(700, "KES")),
        ]
        cause = Cause(1, "sms")
        wish = contributions.begin(session, 7, 1, Money(900, "KES"), "c", AT, cause)
        posted = contributions.complete(session, wish, "paystack", 900, 0, AT, cause)
        session.commit()
        assert (wish.id, posted.receipt_number) == (3, 3)
        assert audit.first_broken_line(session, 7) is None
    with db.session() as session:
        assert list(verifying.verify(session, 7)) == []
    with engine.connect() as connection:
        opened = connection.execute(text("SELECT count(*) FROM audit_log WHERE action = 'wallet_opened'")).scalar_one()
        assert opened == connection.execute(text("SELECT count(*) FROM wallets")).scalar_one() == 4
