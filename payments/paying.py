"""What a provider's answer about a payout means for the books: posted once, given back, or held for a person."""

import logging
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import select

from core import clock, outbox
from core.db import Session
from core.money import Money
from ledger import audit, governing, legs, loans, postings, reversals, transactions
from ledger import errors as ledger_errors
from ledger.audit import Cause
from ledger.models import OPEN_STATES, Approval, Group, Loan, Transaction
from payments.models import Payout, PayoutAccount
from payments.provider import AccountKind, Outcome, PayoutVerification

SURELY_UNKNOWN_AFTER = timedelta(minutes=10)
"""A provider that still does not know a reference after this time has never got it."""
HELD_AFTER = timedelta(hours=24)
NEVER_PAID = "the payment service has not paid it"
"""Why a payout is reversed that was booked as paid by mistake."""

log = logging.getLogger(__name__)


def settle(session: Session, payout_id: int, said: PayoutVerification, at: datetime) -> None:
    """Writes what the provider said about a payout. The same answer again changes nothing.

    Terminal states never change, but for paid → reversed, which is a new transaction, and for a failed payout that was
    paid after all.
    """
    payout = lock(session, payout_id)
    if payout.state == "failed" and said.outcome is Outcome.SUCCEEDED:
        _settle_after_all(session, payout, said, at)
        return
    if payout.state in ("failed", "reversed"):
        return
    another = said.reference not in (None, payout.reference)
    if payout.state == "paid":
        if said.outcome is Outcome.DECLINED and said.status == "reversed" and not another:
            _take_back(session, payout, said.status, at)
        elif said.outcome is Outcome.DECLINED:
            _alarm("a payout that was paid is not called so any more: compare it at the provider", payout, said.status)
        return
    payout.provider_status = said.status
    if said.outcome is Outcome.SUCCEEDED:
        _settle_paid(session, payout, said, at)
    elif said.outcome is Outcome.DECLINED and another:
        _hold(payout, f"the provider answered for another reference: {said.reference}")
    elif said.outcome is Outcome.DECLINED:
        fail(session, payout_id, said.status, at)
    else:
        _wait(session, payout, said, at)


def fail(session: Session, payout_id: int, why: str, at: datetime, detail: str = "") -> None:
    """The money surely did not leave: what was reserved is free again, and it can be tried again without a vote.

    `why` stands in the group's book for ever; free words, which may name somebody, are the `detail`.
    """
    payout = lock(session, payout_id)
    if payout.state in ("paid", "failed", "reversed"):
        return
    payout.state, payout.held_reason, payout.ended_at, payout.provider_status = "failed", None, at, detail or why
    transactions.end(session, payout.group_id, payout.transaction_id, "failed", why, at, _cause(payout))
    payload = {"transaction": payout.transaction_id}
    outbox.put(session, "bot.payout_failed", payload, f"payout_failed:{payout.transaction_id}")


def call_unpaid(session: Session, payout: Payout, status: str, at: datetime, cause: Cause) -> None:
    """What is booked as paid was not paid: the opposite is posted, and the vote can be carried out again.

    The payout has failed then, so that it is asked about once more before another one is sent. The caller holds its
    lock. Raises what the ledger refuses; nothing is written then, if the caller rolls back.
    """
    _undo(session, payout, NEVER_PAID, at, cause)
    payout.state, payout.ended_at, payout.provider_status = "failed", at, status


def book_after_all(session: Session, payout: Payout, said: PayoutVerification, at: datetime) -> None:
    """A payout that had failed or come back was paid after all: booked, or held. The caller holds its lock."""
    _settle_after_all(session, payout, said, at)


def complete_cash(session: Session, transaction_id: int, at: datetime, cause: Cause) -> postings.Posted:
    """Posts what the treasurer has handed over from the box, once the payee has said so. Raises what `post` raises."""
    transaction = session.get_one(Transaction, transaction_id)
    return _post(session, transaction, legs.CASH_BOX, 0, at, cause)


def kind_of(account: PayoutAccount) -> AccountKind:
    return cast(AccountKind, account.kind)


def lock(session: Session, payout_id: int) -> Payout:
    """The payout as it stands now, until the end of this transaction."""
    # The group first, as every posting does, then its payout: in another order two would wait for each other for ever.
    group_id = session.scalars(select(Payout.group_id).where(Payout.id == payout_id)).one()
    transactions.lock_group(session, group_id)
    return session.get_one(Payout, payout_id, with_for_update=True, populate_existing=True)


def _settle_after_all(session: Session, payout: Payout, said: PayoutVerification, at: datetime) -> None:
    """Somebody finished a failed payout at the provider: booked at once, or held where the vote has been paid anew."""
    _alarm("a payout that had failed was paid after all: compare it at the provider", payout, said.status)
    audit.record(session, payout.group_id, "payout_paid_after_all", {"payout": payout.id}, at, _cause(payout))
    payout.provider_status = said.status
    _settle_paid(session, payout, said, at)


def _settle_paid(session: Session, payout: Payout, said: PayoutVerification, at: datetime) -> None:
    currency = session.scalars(select(Group.currency).where(Group.id == payout.group_id)).one()
    expected = Money(payout.amount_minor, currency)
    fee = said.fee.amount_minor if said.fee is not None else payout.fee_minor
    if said.reference != payout.reference:
        _hold(payout, f"the provider answered for another reference: {said.reference}")
    elif said.amount != expected:
        _hold(payout, f"{said.amount} was sent where {expected} was asked for")
    else:
        try:
            with session.begin_nested():
                transaction = _open_transaction(session, payout, at)
                _post(session, transaction, payout.provider, fee, at, _cause(payout))
        except ledger_errors.LedgerError as error:
            # A fee far above the quoted one, say: the money has left, and a person must see why it cannot be booked.
            _hold(payout, f"paid, but not booked: {error.code}")
            return
        payout.state, payout.held_reason, payout.ended_at, payout.fee_charged_minor = "paid", None, at, fee
        if fee != payout.fee_minor:
            log.warning(
                "the provider's fee for a payout is not what was quoted",
                extra={"payout": payout.id, "quoted": payout.fee_minor, "charged": fee},
            )


def _open_transaction(session: Session, payout: Payout, at: datetime) -> Transaction:
    """The payout's transaction; a new one by the same vote where it had ended, for the money has left all the same.

    Raises `AlreadyCarriedOut` when the vote has another attempt, or `NoLoan` when its loan is over.
    """
    ended = session.get_one(Transaction, payout.transaction_id, populate_existing=True)
    if ended.state in OPEN_STATES:
        return ended
    if ended.kind == "loan_disbursement":
        state = session.scalars(select(Loan.state).where(Loan.approval_id == ended.approval_id)).one()
        if state != "approved":
            raise ledger_errors.NoLoan
    amount, key = Money(ended.amount_minor, ended.currency), f"late:{payout.reference}"
    transaction = transactions.begin(
        session, ended.group_id, ended.kind, ended.user_id, amount, key, at, _cause(payout), ended.reason,
        ended.approval_id,
    )  # fmt: skip
    payout.transaction_id = transaction.id
    return transaction


def _post(
    session: Session, transaction: Transaction, provider: str, fee_minor: int, at: datetime, cause: Cause
) -> postings.Posted:
    """The legs by the kind of movement; the member bears the fee that the vote named, the group any difference."""
    approval = session.scalars(select(Approval).where(Approval.id == transaction.approval_id)).one()
    group = session.get_one(Group, transaction.group_id)
    amount, saver = transaction.amount_minor, transaction.user_id or 0
    if transaction.kind == "loan_disbursement":
        on = clock.day_at(at, group.time_zone)
        posted = loans.complete_disbursement(session, transaction, provider, fee_minor, on, at, cause)
    else:
        if transaction.kind == "payout":
            moved = legs.payout("expense", provider, amount, fee_minor)
        elif transaction.kind == "cash_out":
            moved = legs.cash_out(saver, amount)
        else:
            taken = amount + approval.details.get("member_fee_minor", 0)
            moved = legs.withdrawal(saver, provider, taken, amount, fee_minor)
        posted = postings.post(session, group.id, transaction.id, moved, at, cause)
    outbox.put(session, "bot.paid_out", {"transaction": transaction.id}, f"paid_out:{transaction.id}")
    if approval.details.get("leaving"):
        governing.settled(session, approval, at, cause)
    return posted


def _take_back(session: Session, payout: Payout, status: str, at: datetime) -> None:
    """The provider has brought a paid payout back: the opposite is posted, and the group hears of it."""
    try:
        _undo(session, payout, f"the payment service brought it back ({status})", at, _cause(payout))
    except ledger_errors.LedgerError as error:
        _alarm("a payout came back and cannot be booked: compare it at the provider and decide", payout, error.code)
        return
    payout.state, payout.ended_at, payout.provider_status = "reversed", at, status


def _undo(session: Session, payout: Payout, reason: str, at: datetime, cause: Cause) -> None:
    """Posts the opposite of a payout that was booked as paid; the group hears of it. Raises what the ledger refuses."""
    transaction = session.get_one(Transaction, payout.transaction_id, populate_existing=True)
    with session.begin_nested():
        if transaction.kind == "loan_disbursement":
            loan = session.scalars(select(Loan).where(Loan.disbursement_id == transaction.id)).one()
            loans.undo_disbursement(session, loan, reason, at, cause)
        else:
            reversals.undo(session, transaction, reason, at, cause)
    payload = {"transaction": transaction.id}
    outbox.put(session, "bot.payout_failed", payload, f"payout_reversed:{transaction.id}")


def _wait(session: Session, payout: Payout, said: PayoutVerification, at: datetime) -> None:
    """Not conclusive: asked again later, sent again only when it surely never arrived, held after a day."""
    since = payout.submitted_at or payout.created_at
    never_arrived = said.outcome is Outcome.PENDING and said.status == "not_found" and payout.transfer_code is None
    if never_arrived and payout.state in ("submitting", "unknown") and at - since >= SURELY_UNKNOWN_AFTER:
        payout.state = "reserved"
        key = f"submit_payout:{payout.id}:again:{payout.checks}"
        outbox.put(session, "payments.submit_payout", {"payout": payout.id}, key)
        return
    if said.outcome is Outcome.PENDING and said.status != "not_found":
        payout.state = "pending" if payout.state != "held" else payout.state
    if said.status == "otp":
        _alarm(
            "a payout waits for the provider's one-time password: finish it there, or switch the password off",
            payout,
            said.status,
        )
    # One that waits to be sent is not with the provider; `payouts.sweep` raises the alarm about it.
    if at - since >= HELD_AFTER and payout.state not in ("reserved", "held"):
        _hold(payout, f"no conclusive answer for a day: {said.status}")


def _hold(payout: Payout, reason: str) -> None:
    payout.state, payout.held_reason, payout.ended_at = "held", reason, None
    _alarm("a payout is held: compare it at the provider and decide", payout, reason)


def _alarm(message: str, payout: Payout, reason: str) -> None:
    log.error(message, extra={"payout": payout.id, "reference": payout.reference, "reason": reason})


def _cause(payout: Payout) -> Cause:
    return Cause(actor_id=None, channel=payout.provider, message_id=payout.reference)
