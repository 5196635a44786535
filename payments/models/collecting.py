"""Money on its way in: quotes, attempts at providers to collect it, members' own accounts, how members like to pay."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base
from core.fields import Sealed, SealedBase
from payments.models.words import CHECKOUT_STATES, METHODS, STANDING_STATES, one_of


class Collection(Base):
    """The quote of a payment: what is credited (`amount`), the fee as quoted, what is paid (`gross`), and how.

    `token` is in the pay link; `network` as in `ChargeOrder`.
    """

    __tablename__ = "collections"
    __table_args__ = (
        CheckConstraint(one_of("method", METHODS), name="method"),
        CheckConstraint("amount_minor > 0 AND fee_minor >= 0 AND gross_minor >= amount_minor", name="amounts"),
        Index("ix_collections_expires_at", "expires_at", postgresql_where=text("closed_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"))
    transaction_id: Mapped[int] = mapped_column(ForeignKey("transactions.id"), unique=True)
    token: Mapped[str] = mapped_column(unique=True)
    provider: Mapped[str]
    method: Mapped[str] = mapped_column(server_default="checkout")
    network: Mapped[str | None]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    fee_minor: Mapped[int] = mapped_column(BigInteger)
    gross_minor: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Checkout(Base):
    """One attempt at a provider to collect a payment: a page, a prompt, a code to dial, an account to pay into.

    opening → open → paid | declined | closed, or held for a person; paid → reversed when the provider took it back.
    `reference` is ours, written before the provider hears of it (the provider's own for a payment into a standing
    account); a payer may need more than one. `action` and `instructions` are what a `ChargeAnswer` told the payer to
    do; `paid_minor` and `charged_minor` are what was paid, and what the provider kept of it.
    """

    __tablename__ = "checkouts"
    __table_args__ = (
        CheckConstraint(f"state IN {CHECKOUT_STATES!r}", name="state"),
        CheckConstraint(one_of("method", METHODS), name="method"),
        CheckConstraint("(state = 'held') = (held_reason IS NOT NULL)", name="held_reason"),
        Index(
            "ix_checkouts_next_check_at",
            "next_check_at",
            postgresql_where=text("state NOT IN ('paid', 'held', 'reversed')"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"))
    transaction_id: Mapped[int] = mapped_column(ForeignKey("transactions.id"), index=True)
    provider: Mapped[str]
    reference: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(server_default="opening")
    method: Mapped[str] = mapped_column(server_default="checkout")
    network: Mapped[str | None]
    action: Mapped[str | None]
    instructions: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    url: Mapped[str | None]
    provider_id: Mapped[str | None]
    paid_minor: Mapped[int | None] = mapped_column(BigInteger)
    charged_minor: Mapped[int | None] = mapped_column(BigInteger)
    paid_at: Mapped[datetime | None]
    held_reason: Mapped[str | None]
    provider_status: Mapped[str | None]
    checks: Mapped[int] = mapped_column(server_default="0")
    next_check_at: Mapped[datetime]
    created_at: Mapped[datetime]


class StandingAccount(SealedBase):
    """A member's own account to pay into, for one group: opening → open, or refused by the provider.

    Whatever is paid into it is that member's contribution. Its number is sealed, and found by its blind index.
    """

    __tablename__ = "standing_accounts"
    __table_args__ = (
        CheckConstraint(one_of("state", STANDING_STATES), name="state"),
        CheckConstraint("(state = 'open') = (number_sealed IS NOT NULL)", name="number"),
        UniqueConstraint("group_id", "user_id"),
        UniqueConstraint("provider", "number_index"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    uid: Mapped[UUID] = mapped_column(unique=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    provider: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="opening")
    bank: Mapped[str | None]
    number_sealed: Mapped[bytes | None]
    number_index: Mapped[bytes | None]
    number = Sealed[str | None]("uid", indexed=True)
    holder: Mapped[str | None]
    refused_because: Mapped[str | None]
    created_at: Mapped[datetime]

    def __init__(self, **values: Any) -> None:
        super().__init__(**{"uid": uuid4()} | values)


class PayHabit(Base):
    """How a member wants to pay in a currency, as they said with `pay by`; `network` as in `ChargeOrder`."""

    __tablename__ = "pay_habits"
    __table_args__ = (CheckConstraint(one_of("method", METHODS), name="method"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    method: Mapped[str]
    network: Mapped[str | None]
    chosen_at: Mapped[datetime]
