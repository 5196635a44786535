"""Papers: statements, receipts and charts that were made for members, and media that go with a message.

Why: a paper outlives the chat it was sent in, so its verify page must know what it said and which seal it shows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("notifications_log", sa.Column("media_url", sa.Text(), nullable=True))
    op.create_table(
        "documents",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.Column("seal_line", sa.BigInteger(), nullable=False),
        sa.Column("facts_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('statement', 'receipt', 'chart')", name=op.f("ck_documents_kind")),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_documents_group_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_documents_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("token", name=op.f("uq_documents_token")),
    )
    op.create_index("ix_documents_group_id_id", "documents", ["group_id", "id"], unique=False)
