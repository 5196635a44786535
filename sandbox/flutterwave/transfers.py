"""The life of a payout at Flutterwave: NEW, PENDING, then SUCCESSFUL or FAILED; what was successful may come back.

What becomes of coming transfers can be ordered beforehand (`plans`). Money leaves the balance when a transfer is taken
and comes back when it fails, its fee with it. A balance that is too low is no error of the call: the transfer is taken
and fails ("DISBURSE FAILED: Insufficient funds in customer wallet").
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from core.money import Money
from sandbox.flutterwave.amounts import read_currency, read_minor
from sandbox.flutterwave.balances import available
from sandbox.flutterwave.banks import Bank, find_bank, holder_of, phone_of
from sandbox.flutterwave.envelope import FlutterwaveError, optional_text, text_of
from sandbox.flutterwave.fees import transfer_fee_of
from sandbox.flutterwave.notices import transfer_notice_of
from sandbox.flutterwave.plans import FAILED_END, PENDING_END, REVERSED_END, SUCCESS, TRANSFER, next_outcome
from sandbox.flutterwave.tables import FlwTransfer
from sandbox.flutterwave.transactions import PROVIDER, announce
from sandbox.flutterwave.transfer_resources import UNKNOWN_NAME, transfer_completed
from sandbox.paystack.notices import Notice
from sandbox.webhooks import queue_event
from sandbox.world import World

NEW, PENDING, SUCCESSFUL, FAILED = "NEW", "PENDING", "SUCCESSFUL", "FAILED"
OPEN, ENDED = (NEW, PENDING), (SUCCESSFUL, FAILED)
# What a person may still do to a transfer of some status.
ACTIONS = {"success": (SUCCESSFUL, OPEN), "fail": (FAILED, OPEN), "reverse": (FAILED, (SUCCESSFUL,))}
SUCCESS_MESSAGE = "Transaction was successful"
FAILED_MESSAGE = "DISBURSE FAILED: Account resolve failed"
# v3 publishes no status for it. In v4 a transfer that came back is failed, with a reversal whose initial status was
# successful; so it is here, and the message tells it from one that never arrived.
REVERSED_MESSAGE = "DISBURSE FAILED: Transaction was reversed"
NO_FUNDS_MESSAGE = "DISBURSE FAILED: Insufficient funds in customer wallet"
NO_NAME_MESSAGE = "beneficiary_name is required"
DUPLICATE_MESSAGE = "Transfer with reference already exists"
BATCH_SIZE = 50


def send_transfer(world: World, asked: dict[str, Any]) -> FlwTransfer:
    """Check and take what `POST /transfers` asks for.

    Raises:
        FlutterwaveError: a field is missing or wrong, or the reference was used before.
    """
    currency = read_currency(asked.get("currency"))
    if read_currency(asked.get("debit_currency"), currency) != currency:
        raise FlutterwaveError("debit_currency must be the currency of the transfer")
    amount, bank = read_minor(asked.get("amount"), currency), _bank(asked, currency)
    with balance_locked(world) as session:
        number = _account_number(asked, bank)
        name = optional_text(asked, "beneficiary_name") or holder_of(session, number, bank) or UNKNOWN_NAME
        transfer = FlwTransfer(
            reference=optional_text(asked, "reference") or f"flw-{secrets.token_hex(8)}",
            account_number=number,
            bank_code=bank.code,
            bank_name=bank.name,
            full_name=name,
            amount=amount,
            currency=currency,
            fee=_fee(amount, bank),
            narration=optional_text(asked, "narration") or None,
        )
        # A wallet has no name to be looked up.
        failure = NO_NAME_MESSAGE if bank.is_wallet and not optional_text(asked, "beneficiary_name") else None
        notice = _take(world, session, transfer, failure)
    announce(world, [notice])
    return transfer


def retry_transfer(world: World, transfer_id: int) -> FlwTransfer:
    """Send a failed transfer once more, as a new one with a new reference.

    Raises:
        FlutterwaveError: there is no such transfer, or it has not failed.
    """
    with balance_locked(world) as session:
        old = session.get(FlwTransfer, transfer_id)
        if old is None:
            raise unknown_transfer()
        if old.status != FAILED:
            raise FlutterwaveError("You can only retry a failed transfer")
        copied = ("account_number", "bank_code", "bank_name", "full_name", "amount", "currency", "fee", "narration")
        transfer = FlwTransfer(
            reference=f"{old.reference[:80]}-retry-{secrets.token_hex(4)}", **{key: getattr(old, key) for key in copied}
        )
        notice = _take(world, session, transfer, None)
    announce(world, [notice])
    return transfer


def find_transfer(world: World, *wanted: ColumnElement[bool]) -> FlwTransfer:
    """
    Raises:
        FlutterwaveError: there is no such transfer.
    """
    with world.store.begin() as session:
        transfer = session.scalar(select(FlwTransfer).where(*wanted))
    if transfer is None:
        raise unknown_transfer()
    return transfer


def unknown_transfer() -> FlutterwaveError:
    return FlutterwaveError("Transfer not found", 404)


def move_transfer(world: World, reference: str, action: str) -> FlwTransfer:
    """Make a transfer succeed, fail or come back now, whatever was planned for it.

    Raises:
        FlutterwaveError: 404, there is no such transfer; 409, its status does not allow it.
    """
    status, allowed = ACTIONS[action]
    message = REVERSED_MESSAGE if action == "reverse" else None
    with world.store.begin() as session:
        transfer = session.scalar(select(FlwTransfer).where(FlwTransfer.reference == reference).with_for_update())
        if transfer is None:
            raise unknown_transfer()
        if transfer.status == status and message in (None, transfer.complete_message):
            return transfer
        if transfer.status not in allowed or (status == SUCCESSFUL and not transfer.funded):
            raise FlutterwaveError(f"A transfer that is {transfer.status} cannot be made to {action}.", 409)
        transfer.due_at = None
        notice = _turn(world, session, transfer, status, message)
    announce(world, [notice])
    return transfer


def settle_due(world: World) -> None:
    """Do what is due by the sandbox's clock."""
    now = world.clock.now()
    # A clock that was set back must not leave a transfer pending until a far-away day.
    due = or_(FlwTransfer.due_at <= now, FlwTransfer.created_at > now)
    query = select(FlwTransfer).where(FlwTransfer.due_at.is_not(None), due).order_by(FlwTransfer.id)
    with world.store.begin() as session:
        notices: list[Notice | None] = []
        for transfer in session.scalars(query.limit(BATCH_SIZE).with_for_update()).all():
            notices.append(_advance(world, session, transfer))
            # After a jump of the clock several steps are due at once.
            while transfer.due_at is not None and transfer.due_at <= now:
                notices.append(_advance(world, session, transfer))
    if notices:
        announce(world, notices)


@contextmanager
def balance_locked(world: World) -> Iterator[Session]:
    """Nobody else spends from the balance, or uses the same reference, until this is committed."""
    with world.store.begin() as session:
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext("sandbox.flutterwave.balance"))))
        yield session


def _take(world: World, session: Session, transfer: FlwTransfer, failure: str | None) -> Notice | None:
    """Plan what becomes of a transfer and debit it; without delay it has ended when the call is answered."""
    if session.scalar(select(FlwTransfer.id).where(FlwTransfer.reference == transfer.reference)) is not None:
        raise FlutterwaveError(DUPLICATE_MESSAGE)
    plan = next_outcome(session, TRANSFER, world.config.transfer_seconds)
    is_enough = available(world, session)[transfer.currency] >= transfer.amount + transfer.fee
    failure = failure or (None if is_enough else NO_FUNDS_MESSAGE)
    transfer.funded = failure is None
    transfer.outcome = plan.outcome if failure is None else FAILED_END
    transfer.failure = failure or plan.message or FAILED_MESSAGE
    transfer.status, transfer.complete_message, transfer.delay_seconds = NEW, "", plan.delay_seconds
    transfer.created_at = world.clock.now()
    # Half of the time it is NEW, half of it PENDING.
    transfer.due_at = transfer.created_at + timedelta(seconds=plan.delay_seconds / 2)
    session.add(transfer)
    session.flush()
    notice = None
    if not plan.delay_seconds:
        _advance(world, session, transfer)
        notice = _advance(world, session, transfer)
    return notice


def _advance(world: World, session: Session, transfer: FlwTransfer) -> Notice | None:
    """One step of what was planned; a transfer that will come back is paid first."""
    after = world.clock.now() + timedelta(seconds=transfer.delay_seconds)
    if transfer.status == NEW:
        transfer.status = PENDING
        half = transfer.created_at + timedelta(seconds=transfer.delay_seconds)
        transfer.due_at = None if transfer.outcome == PENDING_END else half
        return None
    if transfer.status == PENDING and transfer.outcome in (SUCCESS, REVERSED_END):
        transfer.due_at = after if transfer.outcome == REVERSED_END else None
        return _turn(world, session, transfer, SUCCESSFUL, None)
    transfer.due_at = None
    came_back = transfer.status == SUCCESSFUL
    return _turn(world, session, transfer, FAILED, REVERSED_MESSAGE if came_back else transfer.failure)


def _turn(world: World, session: Session, transfer: FlwTransfer, status: str, message: str | None) -> Notice | None:
    before = transfer.status
    transfer.status = status
    transfer.complete_message = message or (SUCCESS_MESSAGE if status == SUCCESSFUL else transfer.failure)
    queue_event(world, session, PROVIDER, transfer.reference, transfer_completed(transfer))
    return transfer_notice_of(session, transfer, before)


def _bank(asked: dict[str, Any], currency: str) -> Bank:
    bank = find_bank(text_of(asked, "account_bank"), currency)
    if bank is None:
        raise FlutterwaveError("Invalid bank code")
    return bank


def _account_number(asked: dict[str, Any], bank: Bank) -> str:
    number = text_of(asked, "account_number", 20)
    is_right = phone_of(number, bank.currency) is not None if bank.is_wallet else number.isdecimal()
    if not is_right:
        raise FlutterwaveError("Invalid account number")
    return number


def _fee(amount: int, bank: Bank) -> int:
    try:
        return transfer_fee_of(Money(amount, bank.currency).major, bank.currency, bank.is_wallet)
    except KeyError as error:
        raise FlutterwaveError("Transfers to this destination are not supported") from error
