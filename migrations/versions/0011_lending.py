"""Loans with their frozen terms, instalments, and guarantees that hold other members' savings.

Why: what was agreed must not change when the group changes its rules, and each part of a repayment has its place.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "loans",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("principal_minor", sa.BigInteger(), nullable=False),
        sa.Column("rate_percent", sa.Numeric(precision=7, scale=4), nullable=False),
        sa.Column("periods", sa.Integer(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("rounding_minor", sa.BigInteger(), nullable=True),
        sa.Column("instalment_multiple_minor", sa.BigInteger(), nullable=True),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column("penalty_percent", sa.Numeric(precision=7, scale=4), nullable=False),
        sa.Column("penalty_base", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False, server_default=""),
        sa.Column("approval_id", sa.BigInteger(), nullable=True),
        sa.Column("disbursement_id", sa.BigInteger(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("defaulted_principal_minor", sa.BigInteger(), nullable=True),
        sa.Column("charged_since_default_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state IN ('active', 'settled', 'written_off')) = (started_on IS NOT NULL)",
            name=op.f("ck_loans_started_on"),
        ),
        sa.CheckConstraint(
            "method IN ('declining_equal', 'declining_principal', 'flat')", name=op.f("ck_loans_method")
        ),
        sa.CheckConstraint("period IN ('weekly', 'monthly')", name=op.f("ck_loans_period")),
        sa.CheckConstraint(
            "state IN ('asked', 'approved', 'active', 'settled', 'written_off', 'refused', 'cancelled')",
            name=op.f("ck_loans_state"),
        ),
        sa.CheckConstraint("periods BETWEEN 1 AND 520", name=op.f("ck_loans_periods")),
        sa.CheckConstraint("principal_minor > 0", name=op.f("ck_loans_principal")),
        sa.CheckConstraint("rate_percent BETWEEN 0 AND 100", name=op.f("ck_loans_rate")),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_loans_group_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_loans_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loans")),
        sa.UniqueConstraint("group_id", "id", name=op.f("uq_loans_group_id_id")),
        sa.UniqueConstraint("group_id", "number", name=op.f("uq_loans_group_id_number")),
    )
    op.create_index(
        "ix_loans_active", "loans", ["group_id", "user_id"], unique=False, postgresql_where=sa.text("state = 'active'")
    )
    op.create_index(op.f("ix_loans_user_id"), "loans", ["user_id"], unique=False)
    op.create_table(
        "instalments",
        sa.Column("group_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("loan_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("principal_minor", sa.BigInteger(), nullable=False),
        sa.Column("interest_minor", sa.BigInteger(), nullable=False),
        sa.Column("interest_charged_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("interest_is_charged", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("penalty_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("penalty_is_charged", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("paid_principal_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("paid_interest_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("paid_penalty_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "paid_principal_minor BETWEEN 0 AND principal_minor AND paid_interest_minor BETWEEN 0 AND interest_charged_minor AND paid_penalty_minor BETWEEN 0 AND penalty_minor",
            name=op.f("ck_instalments_paid"),
        ),
        sa.CheckConstraint(
            "principal_minor > 0 AND interest_minor >= 0 AND penalty_minor >= 0 AND interest_charged_minor >= 0 AND interest_charged_minor <= interest_minor",
            name=op.f("ck_instalments_amounts"),
        ),
        sa.ForeignKeyConstraint(
            ["group_id", "loan_id"], ["loans.group_id", "loans.id"], name=op.f("fk_instalments_group_id_loan_id")
        ),
        sa.PrimaryKeyConstraint("group_id", "loan_id", "number", name=op.f("pk_instalments")),
    )
    op.create_index(
        "ix_instalments_due", "instalments", ["due"], unique=False, postgresql_where=sa.text("settled_at IS NULL")
    )
    op.create_table(
        "guarantees",
        sa.Column("group_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("loan_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("held_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'held') = (held_minor > 0)", name=op.f("ck_guarantees_held")),
        sa.CheckConstraint(
            "state IN ('asked', 'held', 'refused', 'released', 'used')", name=op.f("ck_guarantees_state")
        ),
        sa.CheckConstraint(
            "amount_minor > 0 AND held_minor BETWEEN 0 AND amount_minor", name=op.f("ck_guarantees_amounts")
        ),
        sa.ForeignKeyConstraint(
            ["group_id", "loan_id"], ["loans.group_id", "loans.id"], name=op.f("fk_guarantees_group_id_loan_id")
        ),
        sa.ForeignKeyConstraint(
            ["group_id", "transaction_id"],
            ["transactions.group_id", "transactions.id"],
            name=op.f("fk_guarantees_group_id_transaction_id"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_guarantees_user_id")),
        sa.PrimaryKeyConstraint("group_id", "loan_id", "user_id", name=op.f("pk_guarantees")),
    )
