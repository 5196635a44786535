"""The book: wallets, transactions with their entries and receipts, reservations, the chained history."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base
from ledger.models.words import (
    CREDIT_KINDS,
    DEBIT_KINDS,
    MEMBER_CREDIT_KINDS,
    MEMBER_DEBIT_KINDS,
    MOVEMENTS,
    OPEN_STATES,
    RETURNS,
    one_of,
)


class Wallet(Base):
    """One balance, changed only by the database's posting functions. Cash lies at a provider, or in the cash box.

    `available_minor` is what may still be taken or promised: the balance without its sign, less what is reserved.
    """

    __tablename__ = "wallets"
    __table_args__ = (
        UniqueConstraint("group_id", "kind", "owner_id", "provider"),
        UniqueConstraint("group_id", "id"),
        ForeignKeyConstraint(["group_id", "currency"], ["groups.id", "groups.currency"], onupdate="CASCADE"),
        CheckConstraint(one_of("kind", CREDIT_KINDS + DEBIT_KINDS), name="kind"),
        CheckConstraint(
            f"CASE WHEN {one_of('kind', CREDIT_KINDS)} THEN balance_minor >= 0 ELSE balance_minor <= 0 END",
            name="balance_side",
        ),
        CheckConstraint("available_minor >= 0", name="available"),
        CheckConstraint("reserved_minor >= 0", name="reserved"),
        CheckConstraint(
            f"({one_of('kind', MEMBER_CREDIT_KINDS + MEMBER_DEBIT_KINDS)}) = (owner_id <> 0)",
            name="members_wallets_have_an_owner",
        ),
        CheckConstraint("(kind = 'cash') = (provider <> '')", name="cash_lies_at_a_provider"),
        {"postgresql_with": {"fillfactor": 70}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    owner_id: Mapped[int] = mapped_column(BigInteger, Computed("coalesce(user_id, 0)", persisted=True))
    """The member's id, 0 for a wallet of the group: what wallets are found by."""
    provider: Mapped[str] = mapped_column(server_default="")
    currency: Mapped[str]
    balance_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    reserved_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    available_minor: Mapped[int] = mapped_column(
        BigInteger, Computed("abs(balance_minor) - reserved_minor", persisted=True)
    )
    version: Mapped[int] = mapped_column(BigInteger, server_default="0")


class Transaction(Base):
    """One movement of money, from the wish to its end: pending → processing → completed | failed | … → reversed.

    `user_id` is the member whom it is about, None for the group's own; `reason` is what was said when it was asked for.
    """

    __tablename__ = "transactions"
    __table_args__ = (
        UniqueConstraint("group_id", "idempotency_key"),
        # With what a statement's line says of its transaction.
        UniqueConstraint("group_id", "id", postgresql_include=["kind", "user_id", "state"]),
        UniqueConstraint("reverses_id"),
        ForeignKeyConstraint(["group_id", "currency"], ["groups.id", "groups.currency"]),
        ForeignKeyConstraint(["group_id", "reverses_id"], ["transactions.group_id", "transactions.id"]),
        CheckConstraint(one_of("kind", MOVEMENTS), name="kind"),
        CheckConstraint(
            one_of("state", (*OPEN_STATES, "completed", "failed", "cancelled", "expired", "reversed")), name="state"
        ),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("(state IN ('completed', 'reversed')) = (completed_at IS NOT NULL)", name="completed_at"),
        CheckConstraint(
            "(kind = 'reversal') = (reverses_id IS NOT NULL) AND (kind <> 'reversal' OR coalesce(reason, '') <> '')",
            name="reversal",
        ),
        ForeignKeyConstraint(["group_id", "approval_id"], ["approvals.group_id", "approvals.id"]),
        ForeignKeyConstraint(["group_id", "returns_id"], ["transactions.group_id", "transactions.id"]),
        CheckConstraint(f"{one_of('kind', RETURNS)} OR returns_id IS NULL", name="returns"),
        # What the group has decided once is carried out once; a failed attempt makes room for another.
        Index(
            "uq_transactions_approval",
            "group_id",
            "approval_id",
            unique=True,
            postgresql_where=text("approval_id IS NOT NULL AND state IN ('pending', 'processing', 'completed')"),
        ),
        # What of a payment has gone back.
        Index("ix_transactions_returns", "group_id", "returns_id", postgresql_where=text("returns_id IS NOT NULL")),
        Index("ix_transactions_member", "group_id", "user_id", "id"),
        Index("ix_transactions_open", "group_id", "user_id", postgresql_where=text(one_of("state", OPEN_STATES))),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(BigInteger)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="pending")
    currency: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    idempotency_key: Mapped[str]
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    channel: Mapped[str]
    message_id: Mapped[str | None]
    created_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    failure: Mapped[str | None]
    reverses_id: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str | None]
    has_reservations: Mapped[bool] = mapped_column(server_default=false())
    approval_id: Mapped[int | None] = mapped_column(BigInteger)
    """The vote by which the group decided it: a withdrawal, a loan, a write-off cannot be posted without one."""
    returns_id: Mapped[int | None] = mapped_column(BigInteger)
    """The payment that a refund or a chargeback gives back; without it, or for more than was paid, none is taken."""


class Entry(Base):
    """One leg of a posted transaction. Append-only; `wallet_version` numbers a wallet's entries without a gap."""

    __tablename__ = "entries"
    __table_args__ = (
        # A group has one currency, so the group alone holds an entry, its transaction and its wallet together.
        ForeignKeyConstraint(["group_id", "transaction_id"], ["transactions.group_id", "transactions.id"]),
        ForeignKeyConstraint(["group_id", "wallet_id"], ["wallets.group_id", "wallets.id"]),
        UniqueConstraint("group_id", "transaction_id", "wallet_id"),
        CheckConstraint("amount_minor <> 0", name="amount"),
        # What a wallet held at some moment is one step down this index, however long the book is.
        Index(
            "ix_entries_time",
            "group_id",
            "wallet_id",
            "created_at",
            "wallet_version",
            # With what a statement's line needs, so that a page of it is a page of this index.
            postgresql_include=["transaction_id", "amount_minor", "balance_after_minor"],
        ),
    )

    group_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    transaction_id: Mapped[int] = mapped_column(BigInteger)
    wallet_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    balance_after_minor: Mapped[int] = mapped_column(BigInteger)
    wallet_version: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    created_at: Mapped[datetime]


class Reservation(Base):
    """What an open transaction holds of a wallet until its posting settles it or it is released."""

    __tablename__ = "reservations"
    __table_args__ = (
        ForeignKeyConstraint(["group_id", "transaction_id"], ["transactions.group_id", "transactions.id"]),
        ForeignKeyConstraint(["group_id", "wallet_id"], ["wallets.group_id", "wallets.id"]),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint(one_of("state", ("held", "settled", "released")), name="state"),
        CheckConstraint("(state = 'held') = (ended_at IS NULL)", name="ended_at"),
        Index("ix_reservations_held", "group_id", "wallet_id", postgresql_where=text("state = 'held'")),
    )

    group_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    transaction_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    wallet_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(server_default="held")
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Receipt(Base):
    """The group's numbered proof that a transaction was posted, in line `seq` of its chain; numbers have no gaps."""

    __tablename__ = "receipts"
    __table_args__ = (
        ForeignKeyConstraint(["group_id", "transaction_id"], ["transactions.group_id", "transactions.id"]),
        UniqueConstraint("group_id", "transaction_id", postgresql_include=["number"]),
        Index("ix_receipts_time", "group_id", "issued_at", "number"),
    )

    group_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    transaction_id: Mapped[int] = mapped_column(BigInteger)
    seq: Mapped[int] = mapped_column(BigInteger)
    issued_at: Mapped[datetime]


class AuditRow(Base):
    """One line of the group's history, chained: `hash` covers the line and the previous line's hash (SHA-256)."""

    __tablename__ = "audit_log"
    # A seal is the start of a line's hash.
    __table_args__ = (Index("ix_audit_log_seal", "group_id", text("substr(hash, 1, 4)")),)

    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"), primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    action: Mapped[str]
    data: Mapped[str]
    channel: Mapped[str]
    message_id: Mapped[str | None]
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
