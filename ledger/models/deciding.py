"""What a group decides: approvals, and the votes of everybody who may vote about each."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

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
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base
from core.fields import Sealed, SealedBase
from ledger.models.words import APPROVAL_STATES, CHOICES, SUBJECTS, one_of


class Approval(SealedBase):
    """One question to the group: open → passed | failed | withdrawn | void. Written only by the database's functions.

    `user_id` is the member whom it is about, `amount_minor` what would reach the payee, `destination` where it would
    go, in the words of the payments package. `facts` is the frozen text as JSON: everything that the ballot said, names
    and masked account too; the chain holds `facts_hash` (SHA-256), so nobody can put another text under the votes.
    """

    __tablename__ = "approvals"
    __table_args__ = (
        UniqueConstraint("group_id", "id"),
        CheckConstraint(one_of("kind", SUBJECTS), name="kind"),
        CheckConstraint(one_of("state", APPROVAL_STATES), name="state"),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("yes >= 0 AND no >= 0 AND eligible > 0 AND yes + no <= eligible", name="tally"),
        CheckConstraint("state <> 'passed' OR 100 * yes >= 51 * eligible", name="passed_by_51_percent"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_at"),
        CheckConstraint("closes_at > opened_at", name="closes_at"),
        Index("ix_approvals_open", "closes_at", postgresql_where=text("state = 'open'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    uid: Mapped[UUID] = mapped_column(unique=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"))
    kind: Mapped[str]
    asked_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    destination: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    reason: Mapped[str | None]
    facts_sealed: Mapped[bytes]
    facts_hash: Mapped[bytes] = mapped_column(LargeBinary)
    facts = Sealed[str]("uid")
    state: Mapped[str] = mapped_column(server_default="open")
    ended_why: Mapped[str | None]
    eligible: Mapped[int]
    yes: Mapped[int] = mapped_column(server_default="0")
    no: Mapped[int] = mapped_column(server_default="0")
    opened_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]

    def __init__(self, **values: Any) -> None:
        super().__init__(**{"uid": uuid4()} | values)


class Vote(Base):
    """The place of one member in an electorate, frozen when it was asked; `choice` None as long as they are silent."""

    __tablename__ = "votes"
    __table_args__ = (
        ForeignKeyConstraint(["group_id", "approval_id"], ["approvals.group_id", "approvals.id"]),
        CheckConstraint(one_of("choice", CHOICES), name="choice"),
        CheckConstraint("(choice IS NULL) = (voted_at IS NULL)", name="voted_at"),
        Index("ix_votes_user_id", "user_id", "approval_id"),
    )

    group_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    approval_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True, autoincrement=False)
    choice: Mapped[str | None]
    voted_at: Mapped[datetime | None]
    channel: Mapped[str | None]
