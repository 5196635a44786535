"""How providers are, what lies there, and where their books and ours differ.

Why: a difference is a row with a kind and an age until it is gone, and every process sees the same circuit breaker.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

DIFFERENCES = """'collection_missed', 'collection_unknown', 'collection_not_there', 'collection_amount',
    'collection_fee', 'collection_reversed', 'payout_missed', 'payout_unknown', 'payout_not_there',
    'payout_amount', 'payout_fee', 'payout_reversed', 'refund_missed', 'refund_unknown',
    'refund_amount', 'refund_failed', 'dispute_missed', 'settlement_sum', 'balance'"""


def upgrade() -> None:
    op.create_table(
        "provider_balances",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False),
        sa.Column("booked_minor", sa.BigInteger(), nullable=False),
        sa.Column("reserved_minor", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("alarmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("provider", "currency", name=op.f("pk_provider_balances")),
    )
    op.create_table(
        "provider_health",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("spared_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_provider_health")),
    )
    op.create_table(
        "differences",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("ours_minor", sa.BigInteger(), nullable=True),
        sa.Column("theirs_minor", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            f"kind IN ({DIFFERENCES})",
            name=op.f("ck_differences_kind"),
        ),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_differences_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_differences")),
    )
    op.create_index(
        "ix_differences_group", "differences", ["group_id"], unique=False, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_index(
        "uq_differences_open",
        "differences",
        ["provider", "kind", "reference"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.add_column("provider_events", sa.Column("about", sa.Text(), server_default="other", nullable=False))
    op.add_column("provider_events", sa.Column("object_id", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "provider_events", sa.Column("announces_success", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
