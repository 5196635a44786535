"""What the stand-in of Flutterwave remembers. Amounts are minor units (whole shillings for UGX), major in the API.

It must be imported before `Store.create()`, so that these tables are made too.
"""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity
from sqlalchemy.orm import Mapped, mapped_column, relationship

from sandbox.store import Base, Json


class FlwTransaction(Base):
    """A payment that was asked for. `opened` is a checkout that nobody has tried to pay: no transaction yet."""

    __tablename__ = "flw_transactions"

    # Flutterwave's ids no longer fit 31 bits, and a client that narrows them must fail here too.
    id: Mapped[int] = mapped_column(BigInteger, Identity(start=2_900_000_001), primary_key=True)
    tx_ref: Mapped[str] = mapped_column(unique=True)
    flw_ref: Mapped[str] = mapped_column(unique=True)
    checkout_code: Mapped[str | None] = mapped_column(unique=True)
    payment_type: Mapped[str]
    auth_model: Mapped[str]
    asked_amount: Mapped[int] = mapped_column(BigInteger)
    asked_currency: Mapped[str]
    # What was paid for the merchant, what the payer gave for it, the fee that is told, and what is kept with tax.
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    charged_amount: Mapped[int] = mapped_column(BigInteger)
    app_fee: Mapped[int] = mapped_column(BigInteger)
    kept: Mapped[int] = mapped_column(BigInteger)
    # opened, pending, successful, failed, reversed
    status: Mapped[str] = mapped_column(index=True)
    processor_response: Mapped[str]
    email: Mapped[str]
    customer_name: Mapped[str]
    phone_number: Mapped[str | None]
    # The number in E.164, when it is one.
    phone: Mapped[str | None] = mapped_column(index=True)
    narration: Mapped[str]
    redirect_url: Mapped[str | None]
    # Wrapped as {"value": …} because a client may send an object or nothing.
    meta_sent: Mapped[Json]
    # An account for one payment is closed then; a prompt on a phone has failed then.
    expires_at: Mapped[datetime | None]
    # When it is taken back, by a fault that was ordered.
    reverse_at: Mapped[datetime | None] = mapped_column(index=True)
    created_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]


class FlwTransfer(Base):
    """A payout from the Flutterwave balance."""

    __tablename__ = "flw_transfers"

    id: Mapped[int] = mapped_column(BigInteger, Identity(start=2_800_000_001), primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    account_number: Mapped[str]
    bank_code: Mapped[str]
    bank_name: Mapped[str]
    full_name: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    fee: Mapped[int] = mapped_column(BigInteger)
    narration: Mapped[str | None]
    # NEW, PENDING, SUCCESSFUL, FAILED
    status: Mapped[str]
    complete_message: Mapped[str] = mapped_column(default="")
    # Whether its money was taken from the balance; not when that was too low.
    funded: Mapped[bool]
    # What becomes of it by itself (see `transfers.OUTCOMES`), and when; no moment when nothing more does.
    outcome: Mapped[str]
    failure: Mapped[str]
    delay_seconds: Mapped[float]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    created_at: Mapped[datetime]


class FlwRefund(Base):
    """Money on its way back to a payer. `completed` is only taken on; `completed-…` has arrived."""

    __tablename__ = "flw_refunds"

    id: Mapped[int] = mapped_column(BigInteger, Identity(start=75_001), primary_key=True)
    transaction_id: Mapped[int] = mapped_column(ForeignKey(FlwTransaction.id, ondelete="CASCADE"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    comments: Mapped[str | None]
    status: Mapped[str]
    # As for transfers.
    outcome: Mapped[str]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    created_at: Mapped[datetime]

    transaction: Mapped[FlwTransaction] = relationship(lazy="joined", innerjoin=True)


class FlwChargeback(Base):
    """A payer who asked their bank for the money back: initiated, then accepted or lost (gone), or won (ours again)."""

    __tablename__ = "flw_chargebacks"

    id: Mapped[int] = mapped_column(BigInteger, Identity(start=5_001), primary_key=True)
    transaction_id: Mapped[int] = mapped_column(ForeignKey(FlwTransaction.id, ondelete="CASCADE"), unique=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    status: Mapped[str]
    comment: Mapped[str]
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]

    transaction: Mapped[FlwTransaction] = relationship(lazy="joined", innerjoin=True)


class FlwPlan(Base):
    """What was ordered for coming transfers or refunds; the oldest plan with something left is used up first."""

    __tablename__ = "flw_plans"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    outcome: Mapped[str]
    count: Mapped[int | None]  # None is every one until further notice
    delay_seconds: Mapped[float | None]
    # What Flutterwave says of one that fails; None is the usual words.
    message: Mapped[str | None]


class FlwFloat(Base):
    """What lies in the balance besides collections, where it is not the configured sum."""

    __tablename__ = "flw_floats"

    currency: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)
