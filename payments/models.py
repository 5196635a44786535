"""What the product knows about payments under way. Amounts are integer minor units of the group's currency."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base
from core.fields import Sealed, SealedBase

CHECKOUT_STATES = ("opening", "open", "paid", "declined", "closed", "held")
ACCOUNT_KINDS = ("bank", "mobile_money")
ACCOUNT_STATES = ("checking", "asked", "confirmed", "refused")
PAYOUT_STATES = ("reserved", "submitting", "pending", "unknown", "paid", "failed", "reversed", "held")
UNDER_WAY = ("reserved", "submitting", "pending", "unknown")


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


class PayoutAccount(SealedBase):
    """Where a member gets their money: checking → asked → confirmed, or refused. Never changed: a new one replaces it.

    It may be used from `usable_from` on, a day after the member confirmed it; the newest usable one is the member's
    account. `tail` is what is shown of the number; `holder` is the name that the bank gave, None where none is told.
    """

    __tablename__ = "payout_accounts"
    __table_args__ = (
        CheckConstraint(f"kind IN {ACCOUNT_KINDS!r}", name="kind"),
        CheckConstraint(f"state IN {ACCOUNT_STATES!r}", name="state"),
        CheckConstraint("(state = 'confirmed') = (usable_from IS NOT NULL)", name="usable_from"),
        Index("ix_payout_accounts_member", "group_id", "user_id", "usable_from"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    uid: Mapped[UUID] = mapped_column(unique=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    provider: Mapped[str]
    kind: Mapped[str]
    bank_code: Mapped[str]
    bank_name: Mapped[str]
    number_sealed: Mapped[bytes]
    number = Sealed[str]("uid")
    holder_sealed: Mapped[bytes | None]
    holder = Sealed[str | None]("uid")
    tail: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="checking")
    recipient_code: Mapped[str | None]
    created_at: Mapped[datetime]
    usable_from: Mapped[datetime | None]

    def __init__(self, **values: Any) -> None:
        super().__init__(**{"uid": uuid4()} | values)


class Payout(Base):
    """Money on its way to a member: reserved → submitting → pending | unknown → paid | failed | held; paid → reversed.

    One that failed and was paid after all is paid, or held. `reference` is ours and committed before the provider
    hears of it. A payout whose outcome is unknown is only ever asked about, never sent again under another reference.
    One payout per transaction. `submitted_at` of a reserved one says that it went out before, and the provider did not
    know it; `alarmed_at` is when the operator was told that it waits.
    """

    __tablename__ = "payouts"
    __table_args__ = (
        CheckConstraint(f"state IN {PAYOUT_STATES!r}", name="state"),
        CheckConstraint("amount_minor > 0 AND fee_minor >= 0 AND fee_charged_minor >= 0", name="amounts"),
        CheckConstraint("(state = 'held') = (held_reason IS NOT NULL)", name="held_reason"),
        Index(
            "ix_payouts_next_check_at",
            "next_check_at",
            postgresql_where=text(f"state IN {UNDER_WAY!r}"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"))
    transaction_id: Mapped[int] = mapped_column(ForeignKey("transactions.id"), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("payout_accounts.id"))
    provider: Mapped[str]
    reference: Mapped[str] = mapped_column(unique=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    fee_minor: Mapped[int] = mapped_column(BigInteger)
    fee_charged_minor: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(server_default="reserved")
    transfer_code: Mapped[str | None]
    provider_status: Mapped[str | None]
    held_reason: Mapped[str | None]
    checks: Mapped[int] = mapped_column(server_default="0")
    next_check_at: Mapped[datetime]
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    alarmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


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
