"""What members are asked from outside their conversation: ballots and confirmations, with codes and buttons.

Why: the sender of an SMS can be forged, so an answer that moves money carries a code that only that phone has seen.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "challenges",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("wrong", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("code ~ '^[0-9]{4}$'", name=op.f("ck_challenges_code")),
        sa.CheckConstraint(
            "kind IN ('ballot', 'cash_in', 'cash_out', 'guarantee', 'payout_account', 'confirm')",
            name=op.f("ck_challenges_kind"),
        ),
        sa.CheckConstraint("state IN ('open', 'used', 'cancelled', 'expired')", name=op.f("ck_challenges_state")),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_challenges_group_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_challenges_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_challenges")),
        sa.UniqueConstraint("token", name=op.f("uq_challenges_token")),
    )
    op.create_index("ix_challenges_user_id_id", "challenges", ["user_id", "id"], unique=False)
    op.create_index(
        "uq_challenges_code", "challenges", ["user_id", "code"], unique=True, postgresql_where=sa.text("state = 'open'")
    )
    op.create_index(
        "uq_challenges_subject",
        "challenges",
        ["user_id", "kind", "subject_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.add_column("notifications_log", sa.Column("buttons", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
