"""Conversations: who writes from where, what came in, what was answered, where each dialogue stands, what went out."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base
from core.fields import Sealed, SealedBase

CHANNELS = ("sms", "whatsapp")
DOCUMENTS = ("statement", "receipt", "chart")
CHALLENGES = ("ballot", "cash_in", "cash_out", "guarantee", "payout_account", "refund", "confirm")
CHALLENGE_STATES = ("open", "used", "cancelled", "expired")
STATUSES = ("queued", "sending", "sent", "delivered", "read", "failed", "suppressed")


class ChannelIdentity(SealedBase):
    """One address on one channel. WhatsApp may give an id instead of a phone number, so never a phone alone."""

    __tablename__ = "identities"
    __table_args__ = (
        UniqueConstraint("channel", "address_index"),
        CheckConstraint(f"channel IN {CHANNELS!r}", name="channel"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    channel: Mapped[str]
    address_sealed: Mapped[bytes]
    address_index: Mapped[bytes]
    address = Sealed[str]("channel", indexed=True)
    last_inbound_at: Mapped[datetime | None]
    opted_out_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class InboundMessage(Base):
    """A message as it came and the answer it got, byte for byte, so that a retry gets the same answer."""

    __tablename__ = "inbound_messages"
    __table_args__ = (UniqueConstraint("provider", "message_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    provider: Mapped[str]
    message_id: Mapped[str]
    identity_id: Mapped[int] = mapped_column(ForeignKey("identities.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    body: Mapped[str]
    media: Mapped[list[str]] = mapped_column(JSONB, server_default="[]")
    command: Mapped[str | None]
    answer: Mapped[str | None]
    received_at: Mapped[datetime]


class Dialogue(Base):
    """Where a member's conversation stands on every channel: the open question, what is known, the chosen group."""

    __tablename__ = "dialogues"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True, autoincrement=False)
    question: Mapped[str | None]
    slots: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    group_id: Mapped[int | None] = mapped_column(ForeignKey("groups.id"))
    wrong_codes: Mapped[list[float]] = mapped_column(JSONB, server_default="[]")
    asked_at: Mapped[datetime]


class Challenge(Base):
    """Something that one member is asked from outside their conversation, and the proof that it is they who answer.

    `code` went to their own number and is good for this one thing (`Y 4821`); `token` stands behind a button. Three
    wrong codes cancel it, and `vote` brings a new one.
    """

    __tablename__ = "challenges"
    __table_args__ = (
        CheckConstraint(f"kind IN {CHALLENGES!r}", name="kind"),
        CheckConstraint(f"state IN {CHALLENGE_STATES!r}", name="state"),
        CheckConstraint("code ~ '^[0-9]{4}$'", name="code"),
        Index("uq_challenges_code", "user_id", "code", unique=True, postgresql_where=text("state = 'open'")),
        Index(
            "uq_challenges_subject",
            "user_id",
            "kind",
            "subject_id",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_challenges_user_id_id", "user_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str]
    subject_id: Mapped[int] = mapped_column(BigInteger)
    code: Mapped[str]
    token: Mapped[str] = mapped_column(unique=True)
    wrong: Mapped[int] = mapped_column(server_default="0")
    state: Mapped[str] = mapped_column(server_default="open")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Notification(SealedBase):
    """One outgoing message and what became of it. `rank` only grows, since status callbacks come in any order."""

    __tablename__ = "notifications_log"
    __table_args__ = (
        CheckConstraint(f"status IN {STATUSES!r}", name="status"),
        CheckConstraint(f"channel IN {CHANNELS!r}", name="channel"),
        Index("ix_notifications_log_user_id_id", "user_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("groups.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    channel: Mapped[str]
    address_sealed: Mapped[bytes]
    address = Sealed[str]("dedupe_key")
    kind: Mapped[str]
    body: Mapped[str]
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    template_sid: Mapped[str | None]
    media_url: Mapped[str | None]
    buttons: Mapped[list[list[str]] | None] = mapped_column(JSONB)
    """For WhatsApp: [title, payload] of each; the words alone must be enough where they cannot be shown."""
    status: Mapped[str] = mapped_column(server_default="queued")
    rank: Mapped[int] = mapped_column(server_default="0")
    error_code: Mapped[str | None]
    provider_message_id: Mapped[str | None] = mapped_column(unique=True)
    segments: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
    sending_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]


class Document(SealedBase):
    """A paper that was made for a member: where it is stored, the seal it shows, and what its verify page says.

    `token` is the permission: it stands in the link, which runs out, and in the QR code, which does not.
    """

    __tablename__ = "documents"
    __table_args__ = (
        CheckConstraint(f"kind IN {DOCUMENTS!r}", name="kind"),
        Index("ix_documents_group_id_id", "group_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    token: Mapped[str] = mapped_column(unique=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str]
    storage_key: Mapped[str]
    seal: Mapped[bytes] = mapped_column(LargeBinary)
    seal_line: Mapped[int] = mapped_column(BigInteger)
    facts_sealed: Mapped[bytes]
    facts = Sealed[str]("token")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
