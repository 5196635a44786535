"""What a group lends: loans with their frozen terms, the instalments, and the guarantees of other members."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Numeric,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base
from ledger.models.words import GUARANTEE_STATES, LOAN_STATES, METHODS, PERIODS, one_of

STARTED = ("active", "settled", "written_off")


class Loan(Base):
    """asked → approved → active → settled | written_off; or refused, or cancelled. Its terms stay as they were asked.

    `rate_percent` is for one instalment. `defaulted_principal_minor` is what was owed of the principal when it first
    became late: from then on, interest and penalties together never exceed it (Kenya's Banking Act, s. 44A, in duplum).
    """

    __tablename__ = "loans"
    __table_args__ = (
        UniqueConstraint("group_id", "id"),
        UniqueConstraint("group_id", "number"),
        CheckConstraint("principal_minor > 0", name="principal"),
        CheckConstraint("rate_percent BETWEEN 0 AND 100", name="rate"),
        CheckConstraint("periods BETWEEN 1 AND 520", name="periods"),
        CheckConstraint(one_of("method", METHODS), name="method"),
        CheckConstraint(one_of("period", PERIODS), name="period"),
        CheckConstraint(one_of("state", LOAN_STATES), name="state"),
        CheckConstraint(
            "(state IN ('active', 'settled', 'written_off')) = (started_on IS NOT NULL)", name="started_on"
        ),
        Index("ix_loans_active", "group_id", "user_id", postgresql_where=text("state = 'active'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"))
    number: Mapped[int]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    state: Mapped[str] = mapped_column(server_default="asked")
    reason: Mapped[str]
    principal_minor: Mapped[int] = mapped_column(BigInteger)
    rate_percent: Mapped[Decimal] = mapped_column(Numeric(7, 4))
    periods: Mapped[int]
    method: Mapped[str]
    period: Mapped[str]
    rounding_minor: Mapped[int | None] = mapped_column(BigInteger)
    instalment_multiple_minor: Mapped[int | None] = mapped_column(BigInteger)
    grace_days: Mapped[int]
    penalty_percent: Mapped[Decimal] = mapped_column(Numeric(7, 4))
    penalty_base: Mapped[str]
    destination: Mapped[str] = mapped_column(server_default="")
    """Where it would be paid to, in the words of the payments package."""
    approval_id: Mapped[int | None] = mapped_column(BigInteger)
    disbursement_id: Mapped[int | None] = mapped_column(BigInteger)
    started_on: Mapped[date | None]
    defaulted_principal_minor: Mapped[int | None] = mapped_column(BigInteger)
    charged_since_default_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    asked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Instalment(Base):
    """What falls due on a day, in minor units, and what of it was charged and paid. Interest is charged when due."""

    __tablename__ = "instalments"
    __table_args__ = (
        ForeignKeyConstraint(["group_id", "loan_id"], ["loans.group_id", "loans.id"]),
        CheckConstraint(
            "principal_minor > 0 AND interest_minor >= 0 AND penalty_minor >= 0 AND interest_charged_minor >= 0"
            " AND interest_charged_minor <= interest_minor",
            name="amounts",
        ),
        CheckConstraint(
            "paid_principal_minor BETWEEN 0 AND principal_minor AND paid_interest_minor BETWEEN 0 AND"
            " interest_charged_minor AND paid_penalty_minor BETWEEN 0 AND penalty_minor",
            name="paid",
        ),
        Index("ix_instalments_due", "due", postgresql_where=text("settled_at IS NULL")),
    )

    group_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    loan_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    due: Mapped[date]
    principal_minor: Mapped[int] = mapped_column(BigInteger)
    interest_minor: Mapped[int] = mapped_column(BigInteger)
    interest_charged_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    interest_is_charged: Mapped[bool] = mapped_column(server_default=false())
    """Its time has come; less than `interest_minor` was charged where the loan was settled early or is capped."""
    penalty_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    penalty_is_charged: Mapped[bool] = mapped_column(server_default=false())
    paid_principal_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    paid_interest_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    paid_penalty_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    settled_at: Mapped[datetime | None]


class Guarantee(Base):
    """A member who stands for a part of a loan with their savings: asked → held → released | used, or refused.

    `transaction_id` is the open transaction whose reservation holds `held_minor` of the guarantor's savings.
    """

    __tablename__ = "guarantees"
    __table_args__ = (
        ForeignKeyConstraint(["group_id", "loan_id"], ["loans.group_id", "loans.id"]),
        ForeignKeyConstraint(["group_id", "transaction_id"], ["transactions.group_id", "transactions.id"]),
        CheckConstraint("amount_minor > 0 AND held_minor BETWEEN 0 AND amount_minor", name="amounts"),
        CheckConstraint(one_of("state", GUARANTEE_STATES), name="state"),
        CheckConstraint("(state = 'held') = (held_minor > 0)", name="held"),
    )

    group_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    loan_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True, autoincrement=False)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    held_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    state: Mapped[str] = mapped_column(server_default="asked")
    transaction_id: Mapped[int | None] = mapped_column(BigInteger)
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
