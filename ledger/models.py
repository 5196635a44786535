"""The ledger's tables. Sign convention: credit is positive (docs/ledger.md); all amounts are integer minor units.

Every table of a group carries `group_id`, so that groups can one day live on different servers.
"""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base

ROLES = ("chair", "treasurer", "secretary", "member")
OFFICERS = ("chair", "treasurer", "secretary")
DEBIT_KINDS = ("cash", "fee_expense")
CREDIT_KINDS = ("savings", "fee_income")
OPEN_STATES = ("pending", "processing")

NOW = text("now()")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class User(Base):
    """A person, known by phone number or only by a channel's own id; `name` is None until they have told it."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    phone: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str | None]
    language: Mapped[str] = mapped_column(server_default="en")
    country: Mapped[str] = mapped_column(server_default="ZZ")
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    version: Mapped[int] = mapped_column(server_default="1")

    __mapper_args__ = {"version_id_col": version}


class Group(Base):
    """A savings group and its rules. `contribution_max_minor` None means: the provider's own limit only."""

    __tablename__ = "groups"
    __table_args__ = (
        CheckConstraint("member_limit BETWEEN 1 AND 500", name="member_limit"),
        CheckConstraint("contribution_max_minor > 0", name="contribution_max"),
        CheckConstraint(_one_of("fee_bearer", ("payer", "group")), name="fee_bearer"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        # What transactions refer to: the database itself refuses another currency once there is one.
        UniqueConstraint("id", "currency"),
        Index("uq_groups_secret", text("right(code, 6)"), unique=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    currency: Mapped[str]
    country: Mapped[str]
    time_zone: Mapped[str]
    member_limit: Mapped[int] = mapped_column(server_default="50")
    contribution_max_minor: Mapped[int | None] = mapped_column(BigInteger)
    fee_bearer: Mapped[str] = mapped_column(server_default="payer")
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    version: Mapped[int] = mapped_column(server_default="1")

    __mapper_args__ = {"version_id_col": version}


class Membership(Base):
    """Who belongs to a group, in which role; rows stay when somebody leaves."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("group_id", "user_id"),
        CheckConstraint(_one_of("role", ROLES), name="role"),
        CheckConstraint(_one_of("status", ("active", "left", "removed")), name="status"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    role: Mapped[str] = mapped_column(server_default="member")
    status: Mapped[str] = mapped_column(server_default="active")
    joined_at: Mapped[datetime] = mapped_column(server_default=NOW)


class Invitation(Base):
    """A phone number that a member asked to join; one message is sent for it, never more."""

    __tablename__ = "invitations"
    __table_args__ = (UniqueConstraint("group_id", "phone"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"))
    phone: Mapped[str] = mapped_column(index=True)
    invited_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)


class Wallet(Base):
    """One balance, changed only by `post_transaction`. Savings belong to a member, cash to a provider."""

    __tablename__ = "wallets"
    __table_args__ = (
        UniqueConstraint("group_id", "kind", "user_id", "provider", postgresql_nulls_not_distinct=True),
        UniqueConstraint("id", "group_id", "currency"),
        ForeignKeyConstraint(["group_id", "currency"], ["groups.id", "groups.currency"], onupdate="CASCADE"),
        CheckConstraint(_one_of("kind", CREDIT_KINDS + DEBIT_KINDS), name="kind"),
        CheckConstraint(
            f"CASE WHEN {_one_of('kind', CREDIT_KINDS)} THEN balance_minor >= 0 ELSE balance_minor <= 0 END",
            name="balance_side",
        ),
        CheckConstraint("(kind = 'savings') = (user_id IS NOT NULL)", name="savings_have_an_owner"),
        CheckConstraint("(kind = 'cash') = (provider <> '')", name="cash_lies_at_a_provider"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    provider: Mapped[str] = mapped_column(server_default="")
    currency: Mapped[str]
    balance_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    version: Mapped[int] = mapped_column(BigInteger, server_default="0")


class Transaction(Base):
    """One movement of money, from the wish to its end: pending → processing → completed | failed | … → reversed."""

    __tablename__ = "transactions"
    __table_args__ = (
        UniqueConstraint("group_id", "idempotency_key"),
        UniqueConstraint("id", "group_id", "currency"),
        ForeignKeyConstraint(["group_id", "currency"], ["groups.id", "groups.currency"]),
        CheckConstraint(_one_of("kind", ("contribution",)), name="kind"),
        CheckConstraint(
            _one_of("state", (*OPEN_STATES, "completed", "failed", "cancelled", "expired", "reversed")), name="state"
        ),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("(state IN ('completed', 'reversed')) = (completed_at IS NOT NULL)", name="completed_at"),
        Index("ix_transactions_member", "group_id", "user_id", "id"),
        Index("ix_transactions_open", "group_id", "user_id", postgresql_where=text(_one_of("state", OPEN_STATES))),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(BigInteger)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
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


class Entry(Base):
    """One leg of a posted transaction. Append-only; `wallet_version` numbers a wallet's entries without a gap."""

    __tablename__ = "entries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["transaction_id", "group_id", "currency"],
            ["transactions.id", "transactions.group_id", "transactions.currency"],
        ),
        ForeignKeyConstraint(
            ["wallet_id", "group_id", "currency"], ["wallets.id", "wallets.group_id", "wallets.currency"]
        ),
        UniqueConstraint("wallet_id", "wallet_version"),
        CheckConstraint("amount_minor <> 0", name="amount"),
        Index("ix_entries_transaction_id", "transaction_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(BigInteger)
    transaction_id: Mapped[int] = mapped_column(BigInteger)
    wallet_id: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    balance_after_minor: Mapped[int] = mapped_column(BigInteger)
    wallet_version: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]


class Receipt(Base):
    """The group's numbered proof that a transaction was posted; numbers have no gaps."""

    __tablename__ = "receipts"
    __table_args__ = (UniqueConstraint("group_id", "number"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"))
    number: Mapped[int]
    transaction_id: Mapped[int] = mapped_column(ForeignKey("transactions.id"), unique=True)
    issued_at: Mapped[datetime]


class AuditRow(Base):
    """One line of the group's history, chained: `hash` covers the line and the previous line's hash (SHA-256)."""

    __tablename__ = "audit_log"
    __table_args__ = (UniqueConstraint("group_id", "seq"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"))
    seq: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    action: Mapped[str]
    data: Mapped[str]
    channel: Mapped[str]
    message_id: Mapped[str | None]
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
