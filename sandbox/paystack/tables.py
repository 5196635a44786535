"""What Paystack remembers besides payments and transfers; amounts are subunits (×100) in every currency."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sandbox.store import Base, Json, Payment


class LedgerEntry(Base):
    """One change of the balance; nothing else changes it but the float that it begins with."""

    __tablename__ = "ledger"

    id: Mapped[int] = mapped_column(BigInteger, Identity(start=149_000_001), primary_key=True)
    currency: Mapped[str] = mapped_column(index=True)
    difference: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str]
    # Transaction, Transfer, Refund or Dispute, and its id.
    model: Mapped[str]
    row: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]


class Customer(Base):
    """Someone that Paystack was told of by name. A payer who was never told is known by the email alone."""

    __tablename__ = "customers"

    customer_code: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    phone: Mapped[str | None]
    created_at: Mapped[datetime]


class DedicatedAccount(Base):
    """A standing account number of one customer: whatever comes in is a payment of theirs."""

    __tablename__ = "dedicated_accounts"

    id: Mapped[int] = mapped_column(BigInteger, Identity(start=3_000_001), primary_key=True)
    customer_code: Mapped[str] = mapped_column(ForeignKey(Customer.customer_code, ondelete="CASCADE"), index=True)
    account_number: Mapped[str] = mapped_column(unique=True)
    account_name: Mapped[str]
    bank_slug: Mapped[str]
    currency: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]

    customer: Mapped[Customer] = relationship(lazy="joined", innerjoin=True)


class Refund(Base):
    __tablename__ = "refunds"

    id: Mapped[int] = mapped_column(BigInteger, Identity(start=15_000_001), primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey(Payment.id, ondelete="CASCADE"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    status: Mapped[str]  # pending, processing, processed, failed or needs-attention
    merchant_note: Mapped[str]
    customer_note: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    refunded_at: Mapped[datetime | None]

    payment: Mapped[Payment] = relationship(lazy="joined", innerjoin=True)


class Dispute(Base):
    """A payer's bank asks for money back."""

    __tablename__ = "disputes"

    id: Mapped[int] = mapped_column(BigInteger, Identity(start=1_800_001), primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey(Payment.id, ondelete="CASCADE"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    status: Mapped[str]  # awaiting-merchant-feedback or resolved
    resolution: Mapped[str | None]  # merchant-accepted: the money goes back; declined: it stays
    history: Mapped[list[Json]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    due_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]

    payment: Mapped[Payment] = relationship(lazy="joined", innerjoin=True)


class Settlement(Base):
    """Collections of one currency that were settled together, into the Paystack balance."""

    __tablename__ = "settlements"

    id: Mapped[int] = mapped_column(BigInteger, Identity(start=3_090_001), primary_key=True)
    currency: Mapped[str]
    status: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)  # after fees
    fees: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
