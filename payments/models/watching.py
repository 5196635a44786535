"""What providers told us, how they are, and where their books and ours differ."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base
from core.fields import Sealed, SealedBase
from payments.models.words import DIFFERENCES, one_of


class ProviderEvent(SealedBase):
    """A provider's webhook as it came: a hint to verify, kept once per event, reference and status.

    `about`, `object_id` and `announces_success` are what the adapter read in it, as in `Event`.
    """

    __tablename__ = "provider_events"
    __table_args__ = (UniqueConstraint("provider", "event_key"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    provider: Mapped[str]
    event_key: Mapped[str]
    reference: Mapped[str] = mapped_column(index=True)
    about: Mapped[str] = mapped_column(server_default="other")
    object_id: Mapped[str] = mapped_column(server_default="")
    announces_success: Mapped[bool] = mapped_column(server_default=false())
    body_sealed: Mapped[bytes]
    body = Sealed[str]("provider", "event_key")
    received_at: Mapped[datetime]


class ProviderHealth(Base):
    """The circuit breaker of a provider: calls that got no answer in a row, and until when it is spared."""

    __tablename__ = "provider_health"

    provider: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(server_default="0")
    spared_until: Mapped[datetime | None]
    changed_at: Mapped[datetime]


class ProviderBalance(Base):
    """What a provider said that payouts can be made from, and what our books then said must be there; minor units."""

    __tablename__ = "provider_balances"

    provider: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    balance_minor: Mapped[int] = mapped_column(BigInteger)
    booked_minor: Mapped[int] = mapped_column(BigInteger)
    reserved_minor: Mapped[int] = mapped_column(BigInteger)
    asked_at: Mapped[datetime]
    alarmed_at: Mapped[datetime | None]


class Difference(Base):
    """One thing that a provider's books and ours do not agree about, until it is gone (`ended_at`).

    `reference` names it at the provider or in our books; amounts are minor units, None where one side has nothing.
    """

    __tablename__ = "differences"
    __table_args__ = (
        CheckConstraint(one_of("kind", DIFFERENCES), name="kind"),
        Index(
            "uq_differences_open",
            "provider",
            "kind",
            "reference",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_differences_group", "group_id", postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    provider: Mapped[str]
    kind: Mapped[str]
    reference: Mapped[str]
    group_id: Mapped[int | None] = mapped_column(ForeignKey("groups.id"))
    currency: Mapped[str]
    ours_minor: Mapped[int | None] = mapped_column(BigInteger)
    theirs_minor: Mapped[int | None] = mapped_column(BigInteger)
    detail: Mapped[str]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None]
