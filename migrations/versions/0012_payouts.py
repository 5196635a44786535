"""Where members get their money, and the money on its way to them.

Why: the reference is written before the provider hears of it, so that whatever happens the payout can be asked about
and is never sent twice.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "payout_accounts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("bank_code", sa.Text(), nullable=False),
        sa.Column("bank_name", sa.Text(), nullable=False),
        sa.Column("number_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("holder_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("tail", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="checking", nullable=False),
        sa.Column("recipient_code", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("usable_from", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'confirmed') = (usable_from IS NOT NULL)", name=op.f("ck_payout_accounts_usable_from")
        ),
        sa.CheckConstraint("kind IN ('bank', 'mobile_money')", name=op.f("ck_payout_accounts_kind")),
        sa.CheckConstraint(
            "state IN ('checking', 'asked', 'confirmed', 'refused')", name=op.f("ck_payout_accounts_state")
        ),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_payout_accounts_group_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_payout_accounts_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_accounts")),
        sa.UniqueConstraint("uid", name=op.f("uq_payout_accounts_uid")),
    )
    op.create_index(
        "ix_payout_accounts_member", "payout_accounts", ["group_id", "user_id", "usable_from"], unique=False
    )
    op.create_table(
        "payouts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_charged_minor", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="reserved", nullable=False),
        sa.Column("transfer_code", sa.Text(), nullable=True),
        sa.Column("provider_status", sa.Text(), nullable=True),
        sa.Column("held_reason", sa.Text(), nullable=True),
        sa.Column("checks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_check_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alarmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'held') = (held_reason IS NOT NULL)", name=op.f("ck_payouts_held_reason")),
        sa.CheckConstraint(
            "state IN ('reserved', 'submitting', 'pending', 'unknown', 'paid', 'failed', 'reversed', 'held')",
            name=op.f("ck_payouts_state"),
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND fee_minor >= 0 AND fee_charged_minor >= 0", name=op.f("ck_payouts_amounts")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["payout_accounts.id"], name=op.f("fk_payouts_account_id")),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_payouts_group_id")),
        sa.ForeignKeyConstraint(["transaction_id"], ["transactions.id"], name=op.f("fk_payouts_transaction_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payouts")),
        sa.UniqueConstraint("reference", name=op.f("uq_payouts_reference")),
        sa.UniqueConstraint("transaction_id", name=op.f("uq_payouts_transaction_id")),
    )
    op.create_index(
        "ix_payouts_next_check_at",
        "payouts",
        ["next_check_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('reserved', 'submitting', 'pending', 'unknown')"),
    )
