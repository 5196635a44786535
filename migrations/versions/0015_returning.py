"""Money that goes back: refunds that officers ask for, disputes and reversals that a provider tells of.

Why: a provider keeps no reference of ours for a refund, so the database holds that there is one open one of a payment.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

MOVEMENTS = """'contribution', 'withdrawal', 'payout', 'fee', 'loan_disbursement', 'repayment', 'interest',
    'penalty', 'loan_fee', 'refund', 'reversal', 'cash_in', 'cash_out', 'banking', 'social_fund',
    'transfer', 'guarantee', 'share_out', 'write_off', 'chargeback'"""


CHALLENGES = "'ballot', 'cash_in', 'cash_out', 'guarantee', 'payout_account', 'refund', 'confirm'"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_challenges_kind"), "challenges")
    op.create_check_constraint(op.f("ck_challenges_kind"), "challenges", f"kind IN ({CHALLENGES})")
    op.drop_constraint(op.f("ck_transactions_kind"), "transactions")
    op.create_check_constraint(op.f("ck_transactions_kind"), "transactions", f"kind IN ({MOVEMENTS})")
    op.create_table(
        "disputes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("checkout_id", sa.BigInteger(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("provider_status", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_check_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('open', 'won', 'lost', 'held')", name=op.f("ck_disputes_state")),
        sa.ForeignKeyConstraint(["checkout_id"], ["checkouts.id"], name=op.f("fk_disputes_checkout_id")),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_disputes_group_id")),
        sa.ForeignKeyConstraint(["transaction_id"], ["transactions.id"], name=op.f("fk_disputes_transaction_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
        sa.UniqueConstraint("provider", "provider_id", name=op.f("uq_disputes_provider_provider_id")),
        sa.UniqueConstraint("transaction_id", name=op.f("uq_disputes_transaction_id")),
    )
    op.create_index(op.f("ix_disputes_checkout_id"), "disputes", ["checkout_id"], unique=False)
    op.create_table(
        "refunds",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("checkout_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="reserved", nullable=False),
        sa.Column("provider_status", sa.Text(), nullable=True),
        sa.Column("held_reason", sa.Text(), nullable=True),
        sa.Column("checks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_check_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'held') = (held_reason IS NOT NULL)", name=op.f("ck_refunds_held_reason")),
        sa.CheckConstraint(
            "state IN ('reserved', 'submitting', 'pending', 'unknown', 'paid', 'failed', 'held')",
            name=op.f("ck_refunds_state"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refunds_amount")),
        sa.ForeignKeyConstraint(["asked_by"], ["users.id"], name=op.f("fk_refunds_asked_by")),
        sa.ForeignKeyConstraint(["checkout_id"], ["checkouts.id"], name=op.f("fk_refunds_checkout_id")),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_refunds_group_id")),
        sa.ForeignKeyConstraint(["transaction_id"], ["transactions.id"], name=op.f("fk_refunds_transaction_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("provider", "provider_id", name=op.f("uq_refunds_provider_provider_id")),
        sa.UniqueConstraint("transaction_id", name=op.f("uq_refunds_transaction_id")),
    )
    op.create_index(op.f("ix_refunds_checkout_id"), "refunds", ["checkout_id"], unique=False)
    op.create_index(
        "ix_refunds_next_check_at",
        "refunds",
        ["next_check_at"],
        unique=False,
        postgresql_where=sa.text("state NOT IN ('paid', 'failed', 'held')"),
    )
    op.create_index(
        "uq_refunds_open",
        "refunds",
        ["checkout_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('reserved', 'submitting', 'pending', 'unknown', 'held')"),
    )
