"""Money on its way out to members: their accounts, and the payouts."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base
from core.fields import Sealed, SealedBase
from payments.models.words import ACCOUNT_KINDS, ACCOUNT_STATES, PAYOUT_STATES, UNDER_WAY


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
