"""What the product knows about payments under way. Amounts are integer minor units of the group's currency."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base
from core.fields import Sealed, SealedBase

CHECKOUT_STATES = ("opening", "open", "paid", "declined", "closed", "held")


class Collection(Base):
    """The quote behind a pay link: what is credited (`amount`), the fee as quoted, what is paid (`gross`)."""

    __tablename__ = "collections"
    __table_args__ = (
        CheckConstraint("amount_minor > 0 AND fee_minor >= 0 AND gross_minor >= amount_minor", name="amounts"),
        Index("ix_collections_expires_at", "expires_at", postgresql_where=text("closed_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"))
    transaction_id: Mapped[int] = mapped_column(ForeignKey("transactions.id"), unique=True)
    token: Mapped[str] = mapped_column(unique=True)
    provider: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    fee_minor: Mapped[int] = mapped_column(BigInteger)
    gross_minor: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Checkout(Base):
    """One checkout page at the provider: opening → open → paid | declined | closed, or held for a person.

    `reference` is ours, written before the provider hears of it; a payer may need more than one checkout.
    """

    __tablename__ = "checkouts"
    __table_args__ = (
        CheckConstraint(f"state IN {CHECKOUT_STATES!r}", name="state"),
        CheckConstraint("(state = 'held') = (held_reason IS NOT NULL)", name="held_reason"),
        Index("ix_checkouts_next_check_at", "next_check_at", postgresql_where=text("state NOT IN ('paid', 'held')")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"))
    transaction_id: Mapped[int] = mapped_column(ForeignKey("transactions.id"), index=True)
    provider: Mapped[str]
    reference: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(server_default="opening")
    url: Mapped[str | None]
    held_reason: Mapped[str | None]
    provider_status: Mapped[str | None]
    checks: Mapped[int] = mapped_column(server_default="0")
    next_check_at: Mapped[datetime]
    created_at: Mapped[datetime]


class ProviderEvent(SealedBase):
    """A provider's webhook as it came: a hint to verify, kept once per event, reference and status."""

    __tablename__ = "provider_events"
    __table_args__ = (UniqueConstraint("provider", "event_key"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    provider: Mapped[str]
    event_key: Mapped[str]
    reference: Mapped[str] = mapped_column(index=True)
    body_sealed: Mapped[bytes]
    body = Sealed[str]("provider", "event_key")
    received_at: Mapped[datetime]
