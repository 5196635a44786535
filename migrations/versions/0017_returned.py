"""A refund and a chargeback name the payment that they give back, and the database holds them to it.

Why: they ask nobody, so whoever can begin one could take anybody's savings out of the group by calling it a refund.
What was posted before stays as its line of the chain says; what was not gets the payment that it is about.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

SQL = Path(__file__).parent.parent / "sql"

# Its key names the checkout, or a refund or a dispute that does; a payment that came late has a transaction of its own.
UNPOSTED = """
    UPDATE transactions t SET returns_id = coalesce(late.id, c.transaction_id)
      FROM checkouts c
      LEFT JOIN transactions late ON late.group_id = c.group_id AND late.idempotency_key = 'late:' || c.reference
     WHERE t.kind IN ('refund', 'chargeback') AND t.state NOT IN ('completed', 'reversed') AND c.group_id = t.group_id
       AND (t.idempotency_key LIKE 'refund:' || c.id || ':%'
            OR t.idempotency_key = 'chargeback:' || c.id
            OR EXISTS (SELECT FROM refunds r WHERE r.checkout_id = c.id AND r.transaction_id = t.id)
            OR EXISTS (SELECT FROM disputes d WHERE d.checkout_id = c.id AND d.transaction_id = t.id))"""


def upgrade() -> None:
    op.add_column("transactions", sa.Column("returns_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_transactions_group_id_returns_id"),
        "transactions",
        "transactions",
        ["group_id", "returns_id"],
        ["group_id", "id"],
    )
    op.create_check_constraint(
        op.f("ck_transactions_returns"), "transactions", "kind IN ('refund', 'chargeback') OR returns_id IS NULL"
    )
    op.create_index(
        "ix_transactions_returns",
        "transactions",
        ["group_id", "returns_id"],
        unique=False,
        postgresql_where=sa.text("returns_id IS NOT NULL"),
    )
    op.execute(UNPOSTED)
    for part in ("returned", "booking"):
        op.execute((SQL / f"0017_{part}.sql").read_text())
