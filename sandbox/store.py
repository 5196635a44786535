"""What the sandbox remembers, in the schema `sandbox` of the product's database: people, messages, money.

It must never touch a table of another schema. Everything survives a restart; only faults that were ordered do not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    ForeignKey,
    Identity,
    LargeBinary,
    MetaData,
    UniqueConstraint,
    create_engine,
    func,
    inspect,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, sessionmaker
from sqlalchemy.schema import CreateColumn

SCHEMA = "sandbox"
Json = dict[str, Any]


class Base(DeclarativeBase):
    metadata = MetaData(schema=SCHEMA)
    type_annotation_map = {datetime: DateTime(timezone=True), Json: JSONB, list[Json]: JSONB}


class Person(Base):
    """Someone with a phone in their hand."""

    __tablename__ = "people"

    e164: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    country: Mapped[str]
    email: Mapped[str] = mapped_column(unique=True)
    phone_kind: Mapped[str]
    sms_opted_out: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Message(Base):
    """One message of a phone's inbox (direction `in`), or one that the phone sent (direction `out`)."""

    __tablename__ = "messages"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    sid: Mapped[str | None] = mapped_column(unique=True)
    phone: Mapped[str | None] = mapped_column(index=True)
    channel: Mapped[str]
    direction: Mapped[str]
    # api: asked for over REST; reply: the TwiML answer; auto: the provider's own; inbound, mail, call, money.
    origin: Mapped[str]
    sender: Mapped[str]
    recipient: Mapped[str]
    body: Mapped[str] = mapped_column(default="")
    subject: Mapped[str | None]
    segments: Mapped[int] = mapped_column(default=1)
    encoding: Mapped[str] = mapped_column(default="gsm7")
    media: Mapped[list[Json]] = mapped_column(default=list)
    buttons: Mapped[list[Json]] = mapped_column(default=list)
    cost: Mapped[str | None]
    status: Mapped[str]
    error_code: Mapped[int | None]
    # False for a message that was accepted and then did not reach the phone.
    arrived: Mapped[bool] = mapped_column(default=True)
    messaging_service_sid: Mapped[str | None]
    at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Media(Base):
    """A picture or a recording that a phone sent, served the way Twilio serves media."""

    __tablename__ = "media"

    sid: Mapped[str] = mapped_column(primary_key=True)
    message_sid: Mapped[str] = mapped_column(index=True)
    content_type: Mapped[str]
    data: Mapped[bytes] = mapped_column(LargeBinary)


class Call(Base):
    __tablename__ = "calls"

    sid: Mapped[str] = mapped_column(primary_key=True)
    sender: Mapped[str]
    recipient: Mapped[str]
    status: Mapped[str]
    answered_by: Mapped[str | None]
    duration_seconds: Mapped[int | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Content(Base):
    """A message template of Twilio's Content API."""

    __tablename__ = "contents"

    sid: Mapped[str] = mapped_column(primary_key=True)
    friendly_name: Mapped[str | None]
    language: Mapped[str]
    variables: Mapped[Json]
    types: Mapped[Json]
    approval: Mapped[Json | None]
    created_at: Mapped[datetime]


class Payment(Base):
    """A transaction at Paystack; amounts are subunits (×100) in every currency."""

    __tablename__ = "payments"

    # Paystack's ids no longer fit 32 bits, and a client that narrows them must fail here too.
    id: Mapped[int] = mapped_column(BigInteger, Identity(start=5_200_000_001), primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    access_code: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    requested_amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    status: Mapped[str]
    channel: Mapped[str]
    fees: Mapped[int | None] = mapped_column(BigInteger)
    gateway_response: Mapped[str]
    callback_url: Mapped[str | None]
    # Wrapped as {"value": …} because a client may send an object, a string or nothing.
    metadata_sent: Mapped[Json]
    created_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    # How it is paid: at the checkout, by a charge (mobile_money, ussd, bank_transfer) or into a dedicated_account.
    kind: Mapped[str] = mapped_column(default="checkout", server_default="checkout")
    phone: Mapped[str | None]
    # What an open charge waits for, in Paystack's word, and what its first answer told besides.
    step: Mapped[str | None]
    told: Mapped[Json | None]
    # The account that it was paid into.
    account_number: Mapped[str | None] = mapped_column(index=True)
    # When an open charge fails, or a paid one is reversed, by the sandbox's clock; nothing happens by itself without.
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    settlement_id: Mapped[int | None] = mapped_column(BigInteger)


class Recipient(Base):
    """An account that Paystack was told of, to pay out to."""

    __tablename__ = "recipients"
    __table_args__ = (UniqueConstraint("type", "currency", "bank_code", "account_number"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(start=56_000_001), primary_key=True)
    recipient_code: Mapped[str] = mapped_column(unique=True)
    type: Mapped[str]
    name: Mapped[str]
    currency: Mapped[str]
    account_number: Mapped[str]
    # What the bank says, where Paystack can ask it.
    account_name: Mapped[str | None]
    bank_code: Mapped[str]
    bank_name: Mapped[str]
    created_at: Mapped[datetime]


class Transfer(Base):
    """A payout from the Paystack balance; amounts are subunits (×100) in every currency."""

    __tablename__ = "transfers"

    id: Mapped[int] = mapped_column(BigInteger, Identity(start=5_300_000_001), primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    transfer_code: Mapped[str] = mapped_column(unique=True)
    recipient_id: Mapped[int] = mapped_column(ForeignKey(Recipient.id, ondelete="CASCADE"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    fee: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str | None]
    status: Mapped[str]
    # What becomes of it by itself, and when by the sandbox's clock; no moment when nothing more does.
    outcome: Mapped[str]
    delay_seconds: Mapped[float]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    transferred_at: Mapped[datetime | None]

    recipient: Mapped[Recipient] = relationship(lazy="joined", innerjoin=True)


class TransferPlan(Base):
    """What was ordered for coming transfers; the oldest plan with something left is used up first."""

    __tablename__ = "transfer_plans"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    outcome: Mapped[str]
    count: Mapped[int | None]  # None is every transfer until further notice
    delay_seconds: Mapped[float | None]


class Float(Base):
    """What lies in the Paystack balance besides collections, where it is not the configured sum; in subunits."""

    __tablename__ = "floats"

    currency: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)


class Webhook(Base):
    """A provider's event on its way to the product; the body is kept, so that every attempt sends the same bytes."""

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    provider: Mapped[str] = mapped_column(server_default="paystack")
    reference: Mapped[str] = mapped_column(index=True)
    body: Mapped[str]
    # What was ordered to go wrong with it (faults.WEBHOOK_KINDS); "" is nothing.
    fault: Mapped[str] = mapped_column(server_default="")
    # pending, delivered, lost (a fault that was asked for) or given_up
    state: Mapped[str] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    last_error: Mapped[str | None]


class WebhookError(Base):
    """A call to the product that went wrong, for the page to show."""

    __tablename__ = "webhook_errors"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    provider: Mapped[str]
    subject: Mapped[str]
    url: Mapped[str]
    status: Mapped[int | None]
    error: Mapped[str]
    at: Mapped[datetime]


class Store:
    def __init__(self, database_url: str) -> None:
        self.engine = create_engine(database_url, pool_size=5, max_overflow=15, pool_pre_ping=True)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    def create(self) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
            Base.metadata.create_all(connection)
            _add_missing_columns(connection)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A session that commits when its block ends well; what it read stays readable afterwards."""
        with self._sessions.begin() as session:
            yield session

    def dispose(self) -> None:
        self.engine.dispose()


def _add_missing_columns(connection: Connection) -> None:
    """A laptop's database may be older than this code, and a table that exists is not made again.

    A new column must allow nothing or have a `server_default`.
    """
    found = inspect(connection).get_multi_columns(SCHEMA)
    for table in Base.metadata.sorted_tables:
        known = {column["name"] for column in found.get((SCHEMA, table.name), [])}
        for column in table.columns:
            if known and column.name not in known:
                definition = CreateColumn(column).compile(dialect=connection.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {table.fullname} ADD COLUMN IF NOT EXISTS {definition}")
