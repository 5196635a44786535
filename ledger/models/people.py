"""People and groups: who they are, who belongs to which group, and the rules that a group has given itself."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base
from core.fields import Sealed, SealedBase
from ledger.models.words import METHODS, NOW, PERIODS, ROLES, one_of


class User(SealedBase):
    """A person, known by phone number or only by a channel's own id; `name` is None until they have told it.

    `uid` is what name and phone are sealed to: it is there before the database has given the row a number.
    """

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("(phone_sealed IS NULL) = (phone_index IS NULL)", name="phone"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    uid: Mapped[UUID] = mapped_column(unique=True, server_default=text("gen_random_uuid()"))
    phone_sealed: Mapped[bytes | None]
    phone_index: Mapped[bytes | None] = mapped_column(unique=True)
    name_sealed: Mapped[bytes | None]
    phone = Sealed[str | None]("uid", indexed=True)
    name = Sealed[str | None]("uid")
    language: Mapped[str] = mapped_column(server_default="en")
    country: Mapped[str] = mapped_column(server_default="ZZ")
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    version: Mapped[int] = mapped_column(server_default="1")

    __mapper_args__ = {"version_id_col": version}

    def __init__(self, **values: Any) -> None:
        super().__init__(**{"uid": uuid4()} | values)


class Group(Base):
    """A savings group and its rules. `contribution_max_minor` None means: the provider's own limit only."""

    __tablename__ = "groups"
    __table_args__ = (
        CheckConstraint("member_limit BETWEEN 1 AND 500", name="member_limit"),
        CheckConstraint("contribution_max_minor > 0", name="contribution_max"),
        CheckConstraint(one_of("fee_bearer", ("payer", "group")), name="fee_bearer"),
        CheckConstraint("reversal_limit_percent BETWEEN 0 AND 100", name="reversal_limit"),
        CheckConstraint("vote_hours BETWEEN 1 AND 336", name="vote_hours"),
        CheckConstraint("withdrawal_max_minor > 0", name="withdrawal_max"),
        CheckConstraint("loan_rate_percent BETWEEN 0 AND 100", name="loan_rate"),
        CheckConstraint(one_of("loan_method", METHODS), name="loan_method"),
        CheckConstraint(one_of("loan_period", PERIODS), name="loan_period"),
        CheckConstraint("loan_max_periods BETWEEN 1 AND 520", name="loan_max_periods"),
        CheckConstraint("loan_savings_multiple BETWEEN 1 AND 100", name="loan_savings_multiple"),
        CheckConstraint("loans_open_max BETWEEN 1 AND 20", name="loans_open_max"),
        CheckConstraint("loan_guarantors BETWEEN 0 AND 10", name="loan_guarantors"),
        CheckConstraint("loan_grace_days BETWEEN 0 AND 60", name="loan_grace_days"),
        CheckConstraint("loan_penalty_percent BETWEEN 0 AND 100", name="loan_penalty"),
        CheckConstraint(one_of("loan_penalty_base", ("principal", "instalment")), name="loan_penalty_base"),
        CheckConstraint("loan_rounding_minor > 0", name="loan_rounding"),
        CheckConstraint("loan_instalment_multiple_minor > 0", name="loan_instalment_multiple"),
        CheckConstraint(one_of("overpayment", ("savings", "refuse")), name="overpayment"),
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
    reversal_limit_percent: Mapped[int] = mapped_column(server_default="10")
    """Up to this part of the group's money officers may reverse a mistake without a vote."""
    vote_hours: Mapped[int] = mapped_column(server_default="72")
    beneficiary_abstains: Mapped[bool] = mapped_column(server_default=false())
    """Whether whoever gets the money has no vote about it."""
    withdrawal_max_minor: Mapped[int | None] = mapped_column(BigInteger)
    loan_rate_percent: Mapped[Decimal] = mapped_column(Numeric(7, 4), server_default="2")
    """Interest for one period."""
    loan_method: Mapped[str] = mapped_column(server_default="declining_equal")
    loan_period: Mapped[str] = mapped_column(server_default="monthly")
    loan_max_periods: Mapped[int] = mapped_column(server_default="12")
    loan_savings_multiple: Mapped[int] = mapped_column(server_default="3")
    """A member may owe up to this many times their own savings."""
    loans_open_max: Mapped[int] = mapped_column(server_default="1")
    loan_guarantors: Mapped[int] = mapped_column(server_default="0")
    loan_grace_days: Mapped[int] = mapped_column(server_default="3")
    loan_penalty_percent: Mapped[Decimal] = mapped_column(Numeric(7, 4), server_default="0")
    """Once for each late instalment, of what is overdue of it (`loan_penalty_base`)."""
    loan_penalty_base: Mapped[str] = mapped_column(server_default="principal")
    loan_rounding_minor: Mapped[int | None] = mapped_column(BigInteger)
    loan_instalment_multiple_minor: Mapped[int | None] = mapped_column(BigInteger)
    overpayment: Mapped[str] = mapped_column(server_default="savings")
    """Whether paying back more than is owed adds to the savings, or is refused."""
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    version: Mapped[int] = mapped_column(server_default="1")

    __mapper_args__ = {"version_id_col": version}


class Membership(Base):
    """Who belongs to a group, in which role; rows stay when somebody leaves."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("group_id", "user_id"),
        CheckConstraint(one_of("role", ROLES), name="role"),
        CheckConstraint(one_of("status", ("active", "left", "removed")), name="status"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    role: Mapped[str] = mapped_column(server_default="member")
    status: Mapped[str] = mapped_column(server_default="active")
    joined_at: Mapped[datetime] = mapped_column(server_default=NOW)
    ended_at: Mapped[datetime | None]


class Invitation(SealedBase):
    """A phone number that a member asked to join; one message is sent for it, and one more after a removal."""

    __tablename__ = "invitations"
    __table_args__ = (UniqueConstraint("group_id", "phone_index"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"))
    phone_sealed: Mapped[bytes]
    phone_index: Mapped[bytes] = mapped_column(index=True)
    phone = Sealed[str]("group_id", indexed=True)
    invited_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
