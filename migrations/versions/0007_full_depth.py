"""The book to its full depth: every kind of movement, reservations, wallets that the chain knows, and a narrow role.

Why: promised money must not be promised twice; nobody, not even the application, may change the book except through
the functions that keep it right; and a wallet's owner belongs to what members can check. The SQL lies in
`migrations/sql/`, one subject per file. Keys carry the group, so that groups can one day live on different servers.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

SQL = Path(__file__).parent.parent / "sql"
MEMBER_KINDS = "'savings', 'loan', 'interest_due', 'penalty_due', 'fee_due'"
CREDIT_KINDS = "'savings', 'fee_income', 'interest_income', 'penalty_income', 'social_fund'"
DEBIT_KINDS = "'cash', 'fee_expense', 'expense', 'bad_debt', 'loan', 'interest_due', 'penalty_due', 'fee_due'"
MOVEMENTS = """'contribution', 'withdrawal', 'payout', 'fee', 'loan_disbursement', 'repayment', 'interest', 'penalty',
    'loan_fee', 'refund', 'reversal', 'cash_in', 'cash_out', 'banking', 'social_fund', 'transfer', 'guarantee',
    'share_out', 'write_off'"""


def upgrade() -> None:
    _drop_old_functions()
    _widen_wallets()
    _widen_transactions()
    _key_by_group()
    _create_reservations()
    for subject in ("0007_rules", "0007_audit", "0007_booking", "0007_reserving"):
        op.execute((SQL / f"{subject}.sql").read_text())
    _open_known_wallets()
    op.execute((SQL / "0007_role.sql").read_text())


def _drop_old_functions() -> None:
    op.execute("DROP TRIGGER transactions_have_entries ON transactions; DROP TRIGGER entries_sum_to_zero ON entries")
    op.execute("DROP FUNCTION post_transaction, audit_append, check_has_entries, check_zero_sum")


def _widen_wallets() -> None:
    for name in ("kind", "balance_side", "savings_have_an_owner"):
        op.drop_constraint(op.f(f"ck_wallets_{name}"), "wallets")
    op.drop_constraint(op.f("uq_wallets_group_id_kind_user_id_provider"), "wallets")
    op.add_column("wallets", sa.Column("reserved_minor", sa.BigInteger(), server_default="0", nullable=False))
    op.execute("""
        ALTER TABLE wallets
            ADD COLUMN owner_id bigint GENERATED ALWAYS AS (coalesce(user_id, 0)) STORED NOT NULL,
            ADD COLUMN available_minor bigint GENERATED ALWAYS AS (abs(balance_minor) - reserved_minor) STORED NOT NULL,
            SET (fillfactor = 70)""")
    op.create_check_constraint(op.f("ck_wallets_kind"), "wallets", f"kind IN ({CREDIT_KINDS}, {DEBIT_KINDS})")
    op.create_check_constraint(
        op.f("ck_wallets_balance_side"),
        "wallets",
        f"CASE WHEN kind IN ({CREDIT_KINDS}) THEN balance_minor >= 0 ELSE balance_minor <= 0 END",
    )
    op.create_check_constraint(op.f("ck_wallets_available"), "wallets", "available_minor >= 0")
    op.create_check_constraint(op.f("ck_wallets_reserved"), "wallets", "reserved_minor >= 0")
    op.create_check_constraint(
        op.f("ck_wallets_members_wallets_have_an_owner"), "wallets", f"(kind IN ({MEMBER_KINDS})) = (owner_id <> 0)"
    )
    op.create_unique_constraint(
        op.f("uq_wallets_group_id_kind_owner_id_provider"), "wallets", ["group_id", "kind", "owner_id", "provider"]
    )


def _widen_transactions() -> None:
    op.drop_constraint(op.f("ck_transactions_kind"), "transactions")
    op.create_check_constraint(op.f("ck_transactions_kind"), "transactions", f"kind IN ({MOVEMENTS})")
    op.alter_column("transactions", "user_id", nullable=True)
    op.add_column("transactions", sa.Column("reverses_id", sa.BigInteger(), nullable=True))
    op.add_column("transactions", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column(
        "transactions", sa.Column("has_reservations", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_unique_constraint(op.f("uq_transactions_reverses_id"), "transactions", ["reverses_id"])
    op.create_check_constraint(
        op.f("ck_transactions_reversal"),
        "transactions",
        "(kind = 'reversal') = (reverses_id IS NOT NULL) AND (kind <> 'reversal' OR coalesce(reason, '') <> '')",
    )

    op.add_column("groups", sa.Column("reversal_limit_percent", sa.Integer(), server_default="10", nullable=False))
    op.create_check_constraint(op.f("ck_groups_reversal_limit"), "groups", "reversal_limit_percent BETWEEN 0 AND 100")


def _key_by_group() -> None:
    """Each group has one currency, so (group, id) is enough to hold an entry, its transaction and its wallet together."""
    op.drop_constraint(op.f("fk_entries_transaction_id_group_id_currency"), "entries")
    op.drop_constraint(op.f("fk_entries_wallet_id_group_id_currency"), "entries")
    for table in ("transactions", "wallets"):
        op.drop_constraint(op.f(f"uq_{table}_id_group_id_currency"), table)
    op.create_unique_constraint(op.f("uq_wallets_group_id_id"), "wallets", ["group_id", "id"])
    op.execute("""ALTER TABLE transactions ADD CONSTRAINT uq_transactions_group_id_id
                  UNIQUE (group_id, id) INCLUDE (kind, user_id, state)""")
    op.create_foreign_key(
        op.f("fk_transactions_group_id_reverses_id"),
        "transactions",
        "transactions",
        ["group_id", "reverses_id"],
        ["group_id", "id"],
    )
    op.drop_column("entries", "id")
    op.drop_column("entries", "currency")
    op.drop_index("ix_entries_transaction_id", "entries")
    op.drop_constraint(op.f("uq_entries_wallet_id_wallet_version"), "entries")
    op.create_primary_key(op.f("pk_entries"), "entries", ["group_id", "wallet_id", "wallet_version"])
    op.create_unique_constraint(
        op.f("uq_entries_group_id_transaction_id_wallet_id"), "entries", ["group_id", "transaction_id", "wallet_id"]
    )
    for table in ("transaction", "wallet"):
        _refer_in_group("entries", table)
    op.create_index(
        "ix_entries_time",
        "entries",
        ["group_id", "wallet_id", "created_at", "wallet_version"],
        postgresql_include=["transaction_id", "amount_minor", "balance_after_minor"],
    )
    op.drop_column("receipts", "id")
    op.add_column("receipts", sa.Column("seq", sa.BigInteger(), nullable=True))
    op.execute("""
        ALTER TABLE receipts DISABLE TRIGGER receipts_append_only;
        UPDATE receipts r SET seq = a.seq FROM audit_log a
         WHERE a.group_id = r.group_id AND a.action = 'contribution' AND (a.data::jsonb ->> 'receipt')::int = r.number;
        ALTER TABLE receipts ENABLE TRIGGER receipts_append_only""")
    op.alter_column("receipts", "seq", nullable=False)
    for name in ("fk_receipts_transaction_id", "fk_receipts_group_id", "uq_receipts_group_id_number"):
        op.drop_constraint(op.f(name), "receipts")
    op.drop_constraint(op.f("uq_receipts_transaction_id"), "receipts")
    op.create_primary_key(op.f("pk_receipts"), "receipts", ["group_id", "number"])
    op.execute("""ALTER TABLE receipts ADD CONSTRAINT uq_receipts_group_id_transaction_id
                  UNIQUE (group_id, transaction_id) INCLUDE (number)""")
    _refer_in_group("receipts", "transaction")
    op.create_index("ix_receipts_time", "receipts", ["group_id", "issued_at", "number"])
    op.drop_column("audit_log", "id")
    op.drop_constraint(op.f("uq_audit_log_group_id_seq"), "audit_log")
    op.create_primary_key(op.f("pk_audit_log"), "audit_log", ["group_id", "seq"])
    op.create_index("ix_audit_log_seal", "audit_log", ["group_id", sa.text("substr(hash, 1, 4)")])


def _refer_in_group(table: str, target: str) -> None:
    op.create_foreign_key(
        op.f(f"fk_{table}_group_id_{target}_id"),
        table,
        f"{target}s",
        ["group_id", f"{target}_id"],
        ["group_id", "id"],
    )


def _create_reservations() -> None:
    op.create_table(
        "reservations",
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("wallet_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="held", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_reservations_amount")),
        sa.CheckConstraint("state IN ('held', 'settled', 'released')", name=op.f("ck_reservations_state")),
        sa.CheckConstraint("(state = 'held') = (ended_at IS NULL)", name=op.f("ck_reservations_ended_at")),
        sa.ForeignKeyConstraint(
            ["group_id", "transaction_id"],
            ["transactions.group_id", "transactions.id"],
            name=op.f("fk_reservations_group_id_transaction_id"),
        ),
        sa.ForeignKeyConstraint(
            ["group_id", "wallet_id"],
            ["wallets.group_id", "wallets.id"],
            name=op.f("fk_reservations_group_id_wallet_id"),
        ),
        sa.PrimaryKeyConstraint("group_id", "transaction_id", "wallet_id", name=op.f("pk_reservations")),
    )
    op.create_index(
        "ix_reservations_held",
        "reservations",
        ["group_id", "wallet_id"],
        unique=False,
        postgresql_where=sa.text("state = 'held'"),
    )


def _open_known_wallets() -> None:
    """The chain learns of the wallets that were opened before it had a line for that."""
    op.execute("""
        DO $$ DECLARE w wallets; BEGIN
            FOR w IN SELECT * FROM wallets ORDER BY id LOOP
                PERFORM audit_wallet(w, now(), NULL, 'migration', NULL);
            END LOOP;
        END $$""")
