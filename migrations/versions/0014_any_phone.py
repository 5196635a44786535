"""Payments without a page: prompts, codes to dial, accounts to pay into, and how a member likes to pay.

Why: a feature phone opens no link. What was paid and what it cost is kept with the attempt, to be compared later.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"

METHOD = "method IN ('checkout', 'mobile_money', 'ussd', 'bank_transfer', 'standing_account')"
STATE = "state IN ('opening', 'open', 'paid', 'declined', 'closed', 'held', 'reversed')"


def upgrade() -> None:
    op.add_column("checkouts", sa.Column("method", sa.Text(), server_default="checkout", nullable=False))
    op.add_column("checkouts", sa.Column("network", sa.Text(), nullable=True))
    op.add_column("checkouts", sa.Column("action", sa.Text(), nullable=True))
    op.add_column("checkouts", sa.Column("instructions", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("checkouts", sa.Column("provider_id", sa.Text(), nullable=True))
    op.add_column("checkouts", sa.Column("paid_minor", sa.BigInteger(), nullable=True))
    op.add_column("checkouts", sa.Column("charged_minor", sa.BigInteger(), nullable=True))
    op.add_column("checkouts", sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("collections", sa.Column("method", sa.Text(), server_default="checkout", nullable=False))
    op.add_column("collections", sa.Column("network", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_checkouts_method"), "checkouts", METHOD)
    op.create_check_constraint(op.f("ck_collections_method"), "collections", METHOD)
    op.drop_constraint(op.f("ck_checkouts_state"), "checkouts")
    op.create_check_constraint(op.f("ck_checkouts_state"), "checkouts", STATE)
    op.drop_index("ix_checkouts_next_check_at", "checkouts")
    op.create_index(
        "ix_checkouts_next_check_at",
        "checkouts",
        ["next_check_at"],
        unique=False,
        postgresql_where=sa.text("state NOT IN ('paid', 'held', 'reversed')"),
    )
    op.create_table(
        "pay_habits",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=True),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "method IN ('checkout', 'mobile_money', 'ussd', 'bank_transfer', 'standing_account')",
            name=op.f("ck_pay_habits_method"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_pay_habits_user_id")),
        sa.PrimaryKeyConstraint("user_id", "currency", name=op.f("pk_pay_habits")),
    )
    op.create_table(
        "standing_accounts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="opening", nullable=False),
        sa.Column("bank", sa.Text(), nullable=True),
        sa.Column("number_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("number_index", sa.LargeBinary(), nullable=True),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("refused_because", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(state = 'open') = (number_sealed IS NOT NULL)", name=op.f("ck_standing_accounts_number")),
        sa.CheckConstraint("state IN ('opening', 'open', 'refused')", name=op.f("ck_standing_accounts_state")),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_standing_accounts_group_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_standing_accounts_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_accounts")),
        sa.UniqueConstraint("group_id", "user_id", name=op.f("uq_standing_accounts_group_id_user_id")),
        sa.UniqueConstraint("provider", "number_index", name=op.f("uq_standing_accounts_provider_number_index")),
        sa.UniqueConstraint("uid", name=op.f("uq_standing_accounts_uid")),
    )
