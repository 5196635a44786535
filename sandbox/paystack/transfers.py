"""The life of a payout at Paystack: ordered by the product, pending for a while, then paid, failed or reversed.

What becomes of coming transfers can be ordered beforehand (`TransferPlan`). Money leaves the balance when a transfer is
taken and comes back when it fails or is reversed, its fee with it.
"""

import re
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from sandbox.paystack.approval import is_approved
from sandbox.paystack.envelope import PaystackError, invalid
from sandbox.paystack.fees import transfer_fee_of
from sandbox.paystack.ledger import balance_locked, balances, book_transfer
from sandbox.paystack.notices import Notice, notice_of
from sandbox.paystack.recipients import new_code
from sandbox.paystack.transfer_resources import transfer_event
from sandbox.store import Recipient, Transfer, TransferPlan
from sandbox.webhooks import PAYSTACK, queue_event
from sandbox.world import World

REFERENCE = re.compile(r"[a-z0-9_-]{16,50}")
MAX_AMOUNT = 10**13
# Of these outcomes the product is told; a transfer that is abandoned, blocked or rejected ends in silence.
TOLD = ("success", "failed", "reversed")
OPEN = ("pending", "received", "otp")
OUTCOMES = (*TOLD, *OPEN, "abandoned", "blocked", "rejected")
# What a person may still do to a transfer of some status.
ACTIONS = {"success": ("success", OPEN), "fail": ("failed", OPEN), "reverse": ("reversed", (*OPEN, "success"))}
OTP = "123456"
REJECTED = "rejected"
BATCH_SIZE = 50


def send_transfer(world: World, asked: dict[str, Any]) -> Transfer:
    """Check and take what `POST /transfer` asks for.

    Raises:
        PaystackError: a field is missing or wrong, the reference was used before, or the balance is too low.
    """
    if asked.get("source") != "balance":
        raise invalid("invalid_source", "Transfer source is invalid", "The source of a transfer is 'balance'")
    amount, reference = _amount(asked.get("amount")), _reference(asked.get("reference"))
    reason = str(asked["reason"]) if asked.get("reason") else None
    with world.store.begin() as session:
        recipient = _checked_recipient(session, asked, reference)
    # Asked without a lock, because the merchant's server may ask about other transfers meanwhile.
    approved = is_approved(world, recipient, amount, reference, reason)
    with balance_locked(world) as session:
        recipient = _checked_recipient(session, asked, reference)
        fee = transfer_fee_of(amount, recipient.currency, recipient.type)
        _check_balance(world, session, recipient.currency, amount + fee)
        outcome, delay_seconds = _next_outcome(world, session) if approved else (REJECTED, 0.0)
        now = world.clock.now()
        transfer = Transfer(
            reference=reference,
            transfer_code=new_code("TRF"),
            recipient=recipient,
            amount=amount,
            currency=recipient.currency,
            fee=fee,
            reason=reason,
            status="pending" if approved and outcome not in OPEN else outcome,
            outcome=outcome,
            delay_seconds=delay_seconds,
            due_at=None if outcome in OPEN or not approved else now + timedelta(seconds=delay_seconds),
            created_at=now,
            updated_at=now,
        )
        session.add(transfer)
        session.flush()
        book_transfer(session, transfer, "", now)
        notice = _advance(world, session, transfer) if transfer.due_at and not delay_seconds else None
    _announce(world, [notice])
    return transfer


def finalize_transfer(world: World, transfer_code: object, otp: object) -> Transfer:
    """The account's owner has typed the one-time password: the transfer goes on.

    Raises:
        PaystackError: the code or the password is wrong, no password is waited for, or the balance is too low.
    """
    with balance_locked(world) as session:
        transfer = session.scalar(_locked(Transfer.transfer_code == str(transfer_code)))
        if transfer is None:
            raise invalid("invalid_transfer_code", "Transfer code is invalid", "Provide the code of a transfer")
        if transfer.status != "otp":
            raise invalid("invalid_transfer_status", "Transfer is not awaiting an OTP", "Verify the transfer instead")
        if str(otp) != OTP:
            raise invalid("invalid_otp", "OTP is invalid", "Ensure that the OTP is the one that was sent")
        _check_balance(world, session, transfer.currency, transfer.amount + transfer.fee)
        now = world.clock.now()
        transfer.status, transfer.outcome, transfer.updated_at = "pending", "success", now
        book_transfer(session, transfer, "otp", now)
        transfer.due_at = now + timedelta(seconds=transfer.delay_seconds)
    return transfer


def find_transfer(world: World, *wanted: ColumnElement[bool]) -> Transfer:
    """
    Raises:
        PaystackError: 404, there is no such transfer.
    """
    with world.store.begin() as session:
        transfer = session.scalar(select(Transfer).where(*wanted))
    if transfer is None:
        raise _unknown_transfer()
    return transfer


def move_transfer(world: World, reference: str, action: str) -> Transfer:
    """Make a transfer succeed, fail or be reversed now, whatever was planned for it.

    Raises:
        PaystackError: 404, there is no such transfer; 409, its status does not allow it.
    """
    status, allowed = ACTIONS[action]
    with world.store.begin() as session:
        transfer = session.scalar(_locked(Transfer.reference == reference))
        if transfer is None:
            raise _unknown_transfer()
        if transfer.status == status:
            return transfer
        if transfer.status not in allowed:
            raise PaystackError(409, "conflict", f"A transfer that is {transfer.status} cannot be {status}.", "")
        transfer.outcome, transfer.due_at = status, None
        notice = _turn(world, session, transfer, status)
    _announce(world, [notice])
    return transfer


def settle_due(world: World) -> None:
    """Do what is due by the sandbox's clock."""
    now = world.clock.now()
    # A clock that was set back must not leave a transfer pending until a far-away day.
    due = or_(Transfer.due_at <= now, Transfer.created_at > now)
    query = _locked(Transfer.due_at.is_not(None), due).order_by(Transfer.id).limit(BATCH_SIZE)
    with world.store.begin() as session:
        notices = [_advance(world, session, transfer) for transfer in session.scalars(query).all()]
    if notices:
        _announce(world, notices)


def _advance(world: World, session: Session, transfer: Transfer) -> Notice | None:
    """One step of what was planned; a transfer that will be reversed is paid first."""
    if transfer.outcome == "reversed" and transfer.status == "pending":
        transfer.due_at = world.clock.now() + timedelta(seconds=transfer.delay_seconds)
        return _turn(world, session, transfer, "success")
    transfer.due_at = None
    return _turn(world, session, transfer, transfer.outcome)


def _turn(world: World, session: Session, transfer: Transfer, status: str) -> Notice | None:
    before, now = transfer.status, world.clock.now()
    transfer.status, transfer.updated_at = status, now
    if status == "success":
        transfer.transferred_at = now
    book_transfer(session, transfer, before, now)
    if status in TOLD:
        queue_event(world, session, PAYSTACK, transfer.reference, transfer_event(transfer))
    return notice_of(session, transfer, before)


def _announce(world: World, notices: list[Notice | None]) -> None:
    """After the commit: the phones hear of their money, and the events go out."""
    world.doorbell.set()
    for notice in notices:
        if notice is not None:
            notice.write_to(world.inbox)


def _locked(*wanted: ColumnElement[bool]) -> Select[Transfer]:
    # It waits for whoever is at the same transfer, so that "what is due is done" is true when it returns.
    return select(Transfer).where(*wanted).with_for_update(of=Transfer)


def _check_balance(world: World, session: Session, currency: str, needed: int) -> None:
    if balances(world, session).get(currency, 0) < needed:
        raise PaystackError(
            400,
            "insufficient_balance",
            "Your balance is not enough to fulfil this request",
            "Top up your balance and try again",
            "api_error",
        )


def _next_outcome(world: World, session: Session) -> tuple[str, float]:
    plan = session.scalar(select(TransferPlan).order_by(TransferPlan.id).limit(1))
    usual_seconds = world.config.transfer_seconds
    if plan is None:
        return "success", usual_seconds
    outcome, delay_seconds = plan.outcome, usual_seconds if plan.delay_seconds is None else plan.delay_seconds
    if plan.count is not None:
        plan.count -= 1
        if plan.count == 0:
            session.delete(plan)
    return outcome, delay_seconds


def _checked_recipient(session: Session, asked: dict[str, Any], reference: str) -> Recipient:
    """Whom to pay; the reference must be new."""
    recipient = _recipient(session, asked)
    if session.scalar(select(Transfer.id).where(Transfer.reference == reference)) is not None:
        raise invalid(
            "duplicate_transfer_reference",
            "Please provide a unique reference. Reference already exists on a transfer",
            "Provide a unique reference",
        )
    return recipient


def _recipient(session: Session, asked: dict[str, Any]) -> Recipient:
    code = str(asked.get("recipient") or "")
    recipient = session.scalar(select(Recipient).where(Recipient.recipient_code == code))
    if recipient is None:
        raise invalid(
            "invalid_transfer_recipient",
            "Recipient specified is invalid",
            "Provide a valid recipient. Ensure you are passing the recipient code in the recipient param",
        )
    # Without a currency Paystack takes naira.
    if str(asked.get("currency") or "NGN").upper() != recipient.currency:
        raise invalid(
            "invalid_currency", "Currency does not match the recipient", f"Send currency {recipient.currency}"
        )
    return recipient


def _amount(value: object) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if isinstance(value, str) and value.isdecimal() and value.isascii():
        value, is_whole = int(value), True
    if not is_whole or not isinstance(value, int) or not 0 < value <= MAX_AMOUNT:
        raise invalid("invalid_amount", "Amount is invalid", "Send the amount as a whole number of subunits")
    return value


def _reference(value: object) -> str:
    if value is None or value == "":
        return new_code("trf").lower()
    if not isinstance(value, str) or not REFERENCE.fullmatch(value):
        raise invalid(
            "invalid_reference",
            "Transfer reference is invalid",
            "Use 16 to 50 lowercase letters, digits, dashes and underscores",
        )
    return value


def _unknown_transfer() -> PaystackError:
    return PaystackError(404, "transfer_not_found", "Transfer not found", "Check the reference or code of the transfer")
