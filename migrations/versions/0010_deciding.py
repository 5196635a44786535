"""The group decides: approvals with their frozen electorates, and money that moves only by one of them.

Why: "money leaves only when at least 51 % of the group said yes" is a rule of the database, not of the code above it.
The votes, like the book, are written by functions alone; and a posting's line now also says whose money it was, how
much was asked for, by which vote, and seals the reason.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"

SQL = Path(__file__).parent.parent / "sql"
CHECKS = {
    "vote_hours": "vote_hours BETWEEN 1 AND 336",
    "withdrawal_max": "withdrawal_max_minor > 0",
    "loan_rate": "loan_rate_percent BETWEEN 0 AND 100",
    "loan_method": "loan_method IN ('declining_equal', 'declining_principal', 'flat')",
    "loan_period": "loan_period IN ('weekly', 'monthly')",
    "loan_max_periods": "loan_max_periods BETWEEN 1 AND 520",
    "loan_savings_multiple": "loan_savings_multiple BETWEEN 1 AND 100",
    "loans_open_max": "loans_open_max BETWEEN 1 AND 20",
    "loan_guarantors": "loan_guarantors BETWEEN 0 AND 10",
    "loan_grace_days": "loan_grace_days BETWEEN 0 AND 60",
    "loan_penalty": "loan_penalty_percent BETWEEN 0 AND 100",
    "loan_penalty_base": "loan_penalty_base IN ('principal', 'instalment')",
    "loan_rounding": "loan_rounding_minor > 0",
    "loan_instalment_multiple": "loan_instalment_multiple_minor > 0",
    "overpayment": "overpayment IN ('savings', 'refuse')",
}


def upgrade() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("destination", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("facts_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("facts_hash", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.Column("eligible", sa.Integer(), nullable=False),
        sa.Column("yes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("no", sa.Integer(), server_default="0", nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_approvals_decided_at")),
        sa.CheckConstraint(
            "kind IN ('withdrawal', 'payout', 'loan', 'write_off', 'rule', 'role', 'removal', 'reversal')",
            name=op.f("ck_approvals_kind"),
        ),
        sa.CheckConstraint(
            "state <> 'passed' OR 100 * yes >= 51 * eligible", name=op.f("ck_approvals_passed_by_51_percent")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'passed', 'failed', 'withdrawn', 'void')", name=op.f("ck_approvals_state")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_approvals_amount")),
        sa.CheckConstraint("closes_at > opened_at", name=op.f("ck_approvals_closes_at")),
        sa.CheckConstraint(
            "yes >= 0 AND no >= 0 AND eligible > 0 AND yes + no <= eligible", name=op.f("ck_approvals_tally")
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["users.id"], name=op.f("fk_approvals_asked_by")),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_approvals_group_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_approvals_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
        sa.UniqueConstraint("group_id", "id", name=op.f("uq_approvals_group_id_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_approvals_uid")),
    )
    op.create_index(
        "ix_approvals_open", "approvals", ["closes_at"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.create_table(
        "votes",
        sa.Column("group_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("approval_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("choice", sa.Text(), nullable=True),
        sa.Column("voted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.CheckConstraint("choice IN ('yes', 'no')", name=op.f("ck_votes_choice")),
        sa.CheckConstraint("(choice IS NULL) = (voted_at IS NULL)", name=op.f("ck_votes_voted_at")),
        sa.ForeignKeyConstraint(
            ["group_id", "approval_id"],
            ["approvals.group_id", "approvals.id"],
            name=op.f("fk_votes_group_id_approval_id"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_votes_user_id")),
        sa.PrimaryKeyConstraint("group_id", "approval_id", "user_id", name=op.f("pk_votes")),
    )
    op.create_index("ix_votes_user_id", "votes", ["user_id", "approval_id"], unique=False)
    op.add_column("groups", sa.Column("vote_hours", sa.Integer(), server_default="72", nullable=False))
    op.add_column(
        "groups", sa.Column("beneficiary_abstains", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("groups", sa.Column("withdrawal_max_minor", sa.BigInteger(), nullable=True))
    op.add_column(
        "groups", sa.Column("loan_rate_percent", sa.Numeric(precision=7, scale=4), server_default="2", nullable=False)
    )
    op.add_column("groups", sa.Column("loan_method", sa.Text(), server_default="declining_equal", nullable=False))
    op.add_column("groups", sa.Column("loan_period", sa.Text(), server_default="monthly", nullable=False))
    op.add_column("groups", sa.Column("loan_max_periods", sa.Integer(), server_default="12", nullable=False))
    op.add_column("groups", sa.Column("loan_savings_multiple", sa.Integer(), server_default="3", nullable=False))
    op.add_column("groups", sa.Column("loans_open_max", sa.Integer(), server_default="1", nullable=False))
    op.add_column("groups", sa.Column("loan_guarantors", sa.Integer(), server_default="0", nullable=False))
    op.add_column("groups", sa.Column("loan_grace_days", sa.Integer(), server_default="3", nullable=False))
    op.add_column(
        "groups",
        sa.Column("loan_penalty_percent", sa.Numeric(precision=7, scale=4), server_default="0", nullable=False),
    )
    op.add_column("groups", sa.Column("loan_penalty_base", sa.Text(), server_default="principal", nullable=False))
    op.add_column("groups", sa.Column("loan_rounding_minor", sa.BigInteger(), nullable=True))
    op.add_column("groups", sa.Column("loan_instalment_multiple_minor", sa.BigInteger(), nullable=True))
    op.add_column("groups", sa.Column("overpayment", sa.Text(), server_default="savings", nullable=False))
    op.add_column("memberships", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("transactions", sa.Column("approval_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "uq_transactions_approval",
        "transactions",
        ["group_id", "approval_id"],
        unique=True,
        postgresql_where=sa.text("approval_id IS NOT NULL AND state IN ('pending', 'processing', 'completed')"),
    )
    op.create_foreign_key(
        op.f("fk_transactions_group_id_approval_id"),
        "transactions",
        "approvals",
        ["group_id", "approval_id"],
        ["group_id", "id"],
    )
    for name, condition in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_groups_{name}"), "groups", condition)
    for part in ("deciding", "voted", "booking"):
        op.execute((SQL / f"0010_{part}.sql").read_text())
