"""The life of a payment at Flutterwave: asked for by the product, then paid, declined or left by the payer.

A hosted checkout is no transaction before somebody tried to pay: until then Flutterwave does not know its reference.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sandbox.faults import Fault
from sandbox.flutterwave.amounts import same_major
from sandbox.flutterwave.envelope import FlutterwaveError
from sandbox.flutterwave.fees import MOBILE_TYPES, rate_of
from sandbox.flutterwave.notices import paid_notice_of, reversed_notice_of
from sandbox.flutterwave.resources import charge_completed, is_told
from sandbox.flutterwave.tables import FlwTransaction
from sandbox.paystack.notices import Notice
from sandbox.webhooks import queue_event
from sandbox.world import World

PROVIDER = "flutterwave"
ACTIONS = ("pay", "decline", "abandon")
OPENED, PENDING, SUCCESSFUL, FAILED, REVERSED = "opened", "pending", "successful", "failed", "reversed"
# How long a prompt waits on a phone (assumed; mobile money must complete within three minutes elsewhere too).
PROMPT_SECONDS = 180
# A weaker currency, in which a careless client takes 500 shillings for 500 pounds.
WEAK_CURRENCY, OTHER_WEAK_CURRENCY = "UGX", "RWF"
APPROVED, DECLINED, TIMED_OUT = "Approved by Financial Institution", "Declined", "Request timed out"
BATCH_SIZE = 50


@dataclass(frozen=True)
class Reported:
    """What Flutterwave is made to report instead of the truth; None keeps the truth.

    `fee_on_top`: the payer pays the fee, so that `charged_amount` is more than `amount`.
    """

    amount: int | None = None
    currency: str | None = None
    fee_on_top: bool = False


def keep(world: World, transaction: FlwTransaction) -> None:
    """
    Raises:
        FlutterwaveError: the reference was used before.
    """
    try:
        with world.store.begin() as session:
            session.add(transaction)
    except IntegrityError as error:
        raise FlutterwaveError(
            "Transaction Reference already exist. Try again in 2 minutes time to use the same ref for a new transaction"
        ) from error


def new_transaction(world: World, fields: dict[str, Any]) -> FlwTransaction:
    """A row with what every payment has; `fields` are those of the table that the caller knows."""
    amount, currency = fields["asked_amount"], fields["asked_currency"]
    rate = rate_of(currency, fields["payment_type"])
    return FlwTransaction(
        flw_ref=f"FLW-MOCK-{secrets.token_hex(16)}",
        amount=amount,
        currency=currency,
        charged_amount=amount,
        app_fee=rate.fee_of(amount),
        kept=rate.kept_of(amount),
        created_at=world.clock.now(),
        **fields,
    )


def find_transaction(world: World, *wanted: ColumnElement[bool]) -> FlwTransaction:
    """
    Raises:
        FlutterwaveError: nobody tried to pay such a transaction.
    """
    with world.store.begin() as session:
        found = session.scalar(select(FlwTransaction).where(FlwTransaction.status != OPENED, *wanted))
    if found is None:
        raise unknown_transaction()
    return found


def unknown_transaction() -> FlutterwaveError:
    return FlutterwaveError("No transaction was found for this id")


def act(world: World, tx_ref: str, action: str, reported: Reported | None = None) -> FlwTransaction:
    """What the payer does. Once paid nothing changes a payment any more; a failed one may still be paid, late.

    Raises:
        FlutterwaveError: 404, nobody asked for this payment; 409, the account to pay into is closed.
    """
    now = world.clock.now()
    notice = None
    with world.store.begin() as session:
        # The lock makes two clicks on "pay" one payment and one event.
        transaction = _locked(session, tx_ref)
        if transaction.status in (SUCCESSFUL, REVERSED):
            return transaction
        if transaction.status == OPENED and action != "abandon":
            # The transaction begins with the first attempt, however old its checkout is.
            transaction.created_at = now
        if action == "pay":
            if transaction.payment_type == "bank_transfer" and transaction.expires_at and transaction.expires_at <= now:
                raise FlutterwaveError("The account of this payment is closed.", 409)
            fault = None if reported else world.faults.take_payment_fault(PROVIDER)
            _settle(transaction, reported or _reported(fault, transaction), now)
            if fault is not None and fault.kind == "reversed_later":
                transaction.reverse_at = now + timedelta(seconds=fault.seconds)
            queue_event(world, session, PROVIDER, tx_ref, charge_completed(transaction))
            notice = paid_notice_of(transaction)
        elif action == "decline" and transaction.status != FAILED:
            _fail(world, session, transaction, DECLINED)
    announce(world, [notice])
    return transaction


def reverse(world: World, tx_ref: str) -> FlwTransaction:
    """Take a payment back from the merchant, its fee with it. No event is published for that, so none is sent.

    Raises:
        FlutterwaveError: 404, nobody asked for this payment; 409, it is not paid.
    """
    with world.store.begin() as session:
        transaction = _locked(session, tx_ref)
        if transaction.status == REVERSED:
            return transaction
        if transaction.status != SUCCESSFUL:
            raise FlutterwaveError(f"A transaction that is {transaction.status} cannot be reversed.", 409)
        notice = _take_back(transaction)
    announce(world, [notice])
    return transaction


def settle_due(world: World) -> None:
    """Prompts that nobody answered fail, and what was ordered to be reversed later is reversed."""
    now = world.clock.now()
    waits = (FlwTransaction.status == PENDING) & FlwTransaction.payment_type.in_(MOBILE_TYPES)
    is_over = waits & (FlwTransaction.expires_at <= now)
    is_reversed = (FlwTransaction.status == SUCCESSFUL) & (FlwTransaction.reverse_at <= now)
    query = select(FlwTransaction).where(or_(is_over, is_reversed)).order_by(FlwTransaction.id).limit(BATCH_SIZE)
    notices: list[Notice | None] = []
    with world.store.begin() as session:
        for transaction in session.scalars(query.with_for_update()).all():
            if transaction.status == PENDING:
                _fail(world, session, transaction, TIMED_OUT)
                notices.append(None)
            else:
                notices.append(_take_back(transaction))
    if notices:
        announce(world, notices)


def announce(world: World, notices: list[Notice | None]) -> None:
    """After the commit: the phones hear of their money, and the events go out."""
    world.doorbell.set()
    for notice in notices:
        if notice is not None:
            notice.write_to(world.inbox)


def _locked(session: Session, tx_ref: str) -> FlwTransaction:
    transaction = session.scalar(select(FlwTransaction).where(FlwTransaction.tx_ref == tx_ref).with_for_update())
    if transaction is None:
        raise FlutterwaveError("There is no payment with this reference.", 404)
    return transaction


def _settle(transaction: FlwTransaction, reported: Reported, now: datetime) -> None:
    currency = reported.currency or transaction.asked_currency
    usual = same_major(transaction.asked_amount, transaction.asked_currency, currency)
    transaction.currency = currency
    transaction.amount = usual if reported.amount is None else reported.amount
    rate = rate_of(currency, transaction.payment_type)
    transaction.app_fee, transaction.kept = rate.fee_of(transaction.amount), rate.kept_of(transaction.amount)
    transaction.charged_amount = transaction.amount + (transaction.kept if reported.fee_on_top else 0)
    transaction.status, transaction.processor_response, transaction.paid_at = SUCCESSFUL, APPROVED, now


def _reported(fault: Fault | None, transaction: FlwTransaction) -> Reported:
    if fault is not None and fault.kind == "wrong_amount":
        return Reported(amount=max(transaction.asked_amount // 2, 1))
    if fault is not None and fault.kind == "wrong_currency":
        is_weak = transaction.asked_currency == WEAK_CURRENCY
        return Reported(currency=OTHER_WEAK_CURRENCY if is_weak else WEAK_CURRENCY)
    return Reported()


def _fail(world: World, session: Session, transaction: FlwTransaction, response: str) -> None:
    transaction.status, transaction.processor_response = FAILED, response
    if is_told(transaction):
        queue_event(world, session, PROVIDER, transaction.tx_ref, charge_completed(transaction))


def _take_back(transaction: FlwTransaction) -> Notice | None:
    transaction.status, transaction.processor_response, transaction.reverse_at = REVERSED, "Transaction reversed", None
    return reversed_notice_of(transaction)
