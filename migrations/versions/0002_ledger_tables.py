"""People, groups, and the double-entry book.

Why: the books and who may decide about them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), server_default="en", nullable=False),
        sa.Column("country", sa.Text(), server_default="ZZ", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("phone", name=op.f("uq_users_phone")),
    )
    op.create_table(
        "groups",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("member_limit", sa.Integer(), server_default="50", nullable=False),
        sa.Column("contribution_max_minor", sa.BigInteger(), nullable=True),
        sa.Column("fee_bearer", sa.Text(), server_default="payer", nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_groups_currency")),
        sa.CheckConstraint("fee_bearer IN ('payer', 'group')", name=op.f("ck_groups_fee_bearer")),
        sa.CheckConstraint("contribution_max_minor > 0", name=op.f("ck_groups_contribution_max")),
        sa.CheckConstraint("member_limit BETWEEN 1 AND 500", name=op.f("ck_groups_member_limit")),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_groups_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
        sa.UniqueConstraint("code", name=op.f("uq_groups_code")),
        sa.UniqueConstraint("id", "currency", name=op.f("uq_groups_id_currency")),
    )
    op.create_index("uq_groups_secret", "groups", [sa.literal_column("right(code, 6)")], unique=True)
    op.create_table(
        "memberships",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), server_default="member", nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("role IN ('chair', 'treasurer', 'secretary', 'member')", name=op.f("ck_memberships_role")),
        sa.CheckConstraint("status IN ('active', 'left', 'removed')", name=op.f("ck_memberships_status")),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_memberships_group_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_memberships_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
        sa.UniqueConstraint("group_id", "user_id", name=op.f("uq_memberships_group_id_user_id")),
    )
    op.create_index(op.f("ix_memberships_user_id"), "memberships", ["user_id"], unique=False)
    op.create_table(
        "invitations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("invited_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_invitations_group_id")),
        sa.ForeignKeyConstraint(["invited_by"], ["users.id"], name=op.f("fk_invitations_invited_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("group_id", "phone", name=op.f("uq_invitations_group_id_phone")),
    )
    op.create_index(op.f("ix_invitations_phone"), "invitations", ["phone"], unique=False)
    op.create_table(
        "wallets",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("provider", sa.Text(), server_default="", nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("(kind = 'cash') = (provider <> '')", name=op.f("ck_wallets_cash_lies_at_a_provider")),
        sa.CheckConstraint("(kind = 'savings') = (user_id IS NOT NULL)", name=op.f("ck_wallets_savings_have_an_owner")),
        sa.CheckConstraint(
            "CASE WHEN kind IN ('savings', 'fee_income') THEN balance_minor >= 0 ELSE balance_minor <= 0 END",
            name=op.f("ck_wallets_balance_side"),
        ),
        sa.CheckConstraint("kind IN ('savings', 'fee_income', 'cash', 'fee_expense')", name=op.f("ck_wallets_kind")),
        sa.ForeignKeyConstraint(
            ["group_id", "currency"],
            ["groups.id", "groups.currency"],
            name=op.f("fk_wallets_group_id_currency"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_wallets_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallets")),
        sa.UniqueConstraint(
            "group_id",
            "kind",
            "user_id",
            "provider",
            name=op.f("uq_wallets_group_id_kind_user_id_provider"),
            postgresql_nulls_not_distinct=True,
        ),
        sa.UniqueConstraint("id", "group_id", "currency", name=op.f("uq_wallets_id_group_id_currency")),
    )
    op.create_table(
        "transactions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state IN ('completed', 'reversed')) = (completed_at IS NOT NULL)",
            name=op.f("ck_transactions_completed_at"),
        ),
        sa.CheckConstraint("kind IN ('contribution')", name=op.f("ck_transactions_kind")),
        sa.CheckConstraint(
            "state IN ('pending', 'processing', 'completed', 'failed', 'cancelled', 'expired', 'reversed')",
            name=op.f("ck_transactions_state"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_transactions_amount")),
        sa.ForeignKeyConstraint(
            ["group_id", "currency"], ["groups.id", "groups.currency"], name=op.f("fk_transactions_group_id_currency")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_transactions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transactions")),
        sa.UniqueConstraint("group_id", "idempotency_key", name=op.f("uq_transactions_group_id_idempotency_key")),
        sa.UniqueConstraint("id", "group_id", "currency", name=op.f("uq_transactions_id_group_id_currency")),
    )
    op.create_index("ix_transactions_member", "transactions", ["group_id", "user_id", "id"], unique=False)
    op.create_index(
        "ix_transactions_open",
        "transactions",
        ["group_id", "user_id"],
        unique=False,
        postgresql_where=sa.text("state IN ('pending', 'processing')"),
    )
    op.create_table(
        "entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("wallet_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("balance_after_minor", sa.BigInteger(), nullable=False),
        sa.Column("wallet_version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_entries_amount")),
        sa.ForeignKeyConstraint(
            ["transaction_id", "group_id", "currency"],
            ["transactions.id", "transactions.group_id", "transactions.currency"],
            name=op.f("fk_entries_transaction_id_group_id_currency"),
        ),
        sa.ForeignKeyConstraint(
            ["wallet_id", "group_id", "currency"],
            ["wallets.id", "wallets.group_id", "wallets.currency"],
            name=op.f("fk_entries_wallet_id_group_id_currency"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint("wallet_id", "wallet_version", name=op.f("uq_entries_wallet_id_wallet_version")),
    )
    op.create_index("ix_entries_transaction_id", "entries", ["transaction_id"], unique=False)
    op.create_table(
        "receipts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_receipts_group_id")),
        sa.ForeignKeyConstraint(["transaction_id"], ["transactions.id"], name=op.f("fk_receipts_transaction_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        sa.UniqueConstraint("group_id", "number", name=op.f("uq_receipts_group_id_number")),
        sa.UniqueConstraint("transaction_id", name=op.f("uq_receipts_transaction_id")),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_audit_log_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        sa.UniqueConstraint("group_id", "seq", name=op.f("uq_audit_log_group_id_seq")),
    )
