"""Names, phones, addresses and providers' events are sealed; phones and addresses are found by a blind index.

Why: who reads a copy of the database (a backup, a replica, a stolen disk) must not learn who saves here and how to
reach them. The keys are in the settings and never in the database. Stop web and workers first: the code before this
step reads the clear columns. Old row versions keep clear text on disk until `VACUUM FULL` of these five tables.
"""

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from alembic import op

from core import crypto

revision = "0008"
down_revision = "0007"

SQL = Path(__file__).parent.parent / "sql"
BATCH = 1000


@dataclass(frozen=True)
class Field:
    """A column `name` that becomes `name_sealed`, bound to what the SQL expression says of its row."""

    table: str
    name: str
    bound_to: str
    indexed: bool = False
    nullable: bool = False

    def where(self, bound: str, index: bytes | None) -> str:
        return ":".join([f"{self.table}.{self.name}", bound, *([] if index is None else [index.hex()])])


FIELDS = (
    Field("users", "phone", "uid::text", indexed=True, nullable=True),
    Field("users", "name", "uid::text", nullable=True),
    Field("invitations", "phone", "group_id::text", indexed=True),
    Field("identities", "address", "channel", indexed=True),
    Field("notifications_log", "address", "dedupe_key"),
    Field("provider_events", "body", "provider || ':' || event_key"),
)


def upgrade() -> None:
    op.add_column("users", sa.Column("uid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False))
    # The key of an invitation's message was made of the invited phone.
    op.execute("""
        UPDATE notifications_log SET dedupe_key = replace(dedupe_key, address, user_id::text)
         WHERE kind = 'invitation'""")
    for field in FIELDS:
        op.add_column(field.table, sa.Column(f"{field.name}_sealed", sa.LargeBinary(), nullable=True))
        if field.indexed:
            op.add_column(field.table, sa.Column(f"{field.name}_index", sa.LargeBinary(), nullable=True))
        _seal(field)
        for column in _columns(field):
            op.alter_column(field.table, column, nullable=field.nullable)
        op.drop_column(field.table, field.name)
    op.create_unique_constraint(op.f("uq_users_uid"), "users", ["uid"])
    op.create_unique_constraint(op.f("uq_users_phone_index"), "users", ["phone_index"])
    op.create_check_constraint(op.f("ck_users_phone"), "users", "(phone_sealed IS NULL) = (phone_index IS NULL)")
    op.create_unique_constraint(op.f("uq_invitations_group_id_phone_index"), "invitations", ["group_id", "phone_index"])
    op.create_index(op.f("ix_invitations_phone_index"), "invitations", ["phone_index"], unique=False)
    op.create_unique_constraint(op.f("uq_identities_channel_address_index"), "identities", ["channel", "address_index"])
    op.execute("DROP FUNCTION receive_message")
    op.execute((SQL / "0008_receive_message.sql").read_text())


def _columns(field: Field) -> list[str]:
    return [f"{field.name}_sealed", *([f"{field.name}_index"] if field.indexed else [])]


def _seal(field: Field) -> None:
    """Fills the new columns, some rows at a time so that memory does not grow with the table."""
    table = sa.table(field.table, *(sa.column(name) for name in ("id", field.name, *_columns(field))))
    clear = table.c[field.name]
    chosen = (
        sa.select(table.c.id, clear.label("clear"), sa.literal_column(field.bound_to).label("bound"))
        .where(table.c.id > sa.bindparam("after"), clear.is_not(None))
        .order_by(table.c.id)
        .limit(BATCH)
    )
    change = sa.update(table).where(table.c.id == sa.bindparam("row"))
    change = change.values({column: sa.bindparam(column) for column in _columns(field)})
    after = 0
    while rows := op.get_bind().execute(chosen, {"after": after}).all():
        op.get_bind().execute(change, [{"row": row.id, **_sealed(field, row.clear, row.bound)} for row in rows])
        after = rows[-1].id


def _sealed(field: Field, clear: str, bound: str) -> dict[str, bytes]:
    index = crypto.blind_index(clear, f"{field.table}.{field.name}") if field.indexed else None
    sealed = crypto.seal(clear, field.where(bound, index))
    return {f"{field.name}_sealed": sealed} | ({} if index is None else {f"{field.name}_index": index})
