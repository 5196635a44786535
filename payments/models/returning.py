"""Money that goes back to whoever paid it: refunds that an officer asked for, disputes that a payer opened."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base
from payments.models.words import DISPUTE_STATES, REFUND_OPEN, REFUND_STATES, one_of


class Refund(Base):
    """A payment on its way back: reserved → submitting → pending | unknown → paid | failed, or held for a person.

    `transaction_id` is the refund's own transaction, `checkout_id` the payment that it gives back. Providers keep no
    reference of ours for a refund, so there is at most one open refund of a payment: what they list is then ours.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint(one_of("state", REFUND_STATES), name="state"),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("(state = 'held') = (held_reason IS NOT NULL)", name="held_reason"),
        UniqueConstraint("provider", "provider_id"),
        Index("uq_refunds_open", "checkout_id", unique=True, postgresql_where=text(one_of("state", REFUND_OPEN))),
        Index(
            "ix_refunds_next_check_at",
            "next_check_at",
            postgresql_where=text("state NOT IN ('paid', 'failed', 'held')"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"))
    transaction_id: Mapped[int] = mapped_column(ForeignKey("transactions.id"), unique=True)
    checkout_id: Mapped[int] = mapped_column(ForeignKey("checkouts.id"), index=True)
    provider: Mapped[str]
    provider_id: Mapped[str | None]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str]
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    state: Mapped[str] = mapped_column(server_default="reserved")
    provider_status: Mapped[str | None]
    held_reason: Mapped[str | None]
    checks: Mapped[int] = mapped_column(server_default="0")
    next_check_at: Mapped[datetime]
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Dispute(Base):
    """A payer's bank wants a payment back: open → won | lost, or held for a person.

    `transaction_id` holds what is reserved while it is open, and is posted when it is lost; None when nothing could be.
    """

    __tablename__ = "disputes"
    __table_args__ = (
        CheckConstraint(one_of("state", DISPUTE_STATES), name="state"),
        UniqueConstraint("provider", "provider_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"))
    checkout_id: Mapped[int] = mapped_column(ForeignKey("checkouts.id"), index=True)
    transaction_id: Mapped[int | None] = mapped_column(ForeignKey("transactions.id"), unique=True)
    provider: Mapped[str]
    provider_id: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(server_default="open")
    provider_status: Mapped[str | None]
    due_at: Mapped[datetime | None]
    checks: Mapped[int] = mapped_column(server_default="0")
    next_check_at: Mapped[datetime]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
