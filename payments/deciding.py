"""Deciding: a vote, and what the group has decided with it, in one transaction.

Whoever sees a vote decided carries it out: money is reserved and its payout put to work, a rule or a role is changed.
What cannot be carried out at this moment (the money is not there any more) stays decided, and can be tried again.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from core import clock, db, outbox
from core.db import Session
from ledger import approvals, errors, governing, loans, reversals
from ledger.approvals import Cast, Subject, Tally
from ledger.audit import Cause
from ledger.models import Approval, Group, Loan, Transaction
from payments import accounts, payouts, refunding
from payments.errors import NotRefundable
from payments.models import PayoutAccount

SWEEP_LIMIT = 200
BY_THE_CLOCK = Cause(actor_id=None, channel="clock")

log = logging.getLogger(__name__)


def ask(session: Session, group: Group, subject: Subject, at: datetime, cause: Cause) -> Tally:
    """Asks the group and has everybody sent a ballot; in a group of one it is decided at once.

    Raises `NobodyMayVote`.
    """
    asked = approvals.ask(session, group, subject, at, cause)
    if subject.kind == "loan":
        link = update(Loan).where(Loan.group_id == group.id, Loan.id == subject.details["loan"])
        session.execute(link.values(approval_id=asked.approval_id))
    if asked.state == "open":
        payload = {"group": group.id, "approval": asked.approval_id}
        outbox.put(session, "bot.vote_opened", payload, f"vote_opened:{asked.approval_id}")
    else:
        _decided(session, group.id, asked.approval_id, at, cause)
    return asked


def vote(session: Session, group_id: int, approval_id: int, choice: str, at: datetime, cause: Cause) -> Cast:
    """The vote of `cause.actor_id`; the one that decides also carries out what was decided."""
    cast = approvals.vote(session, group_id, approval_id, choice, at, cause)
    if cast.decided:
        _decided(session, group_id, approval_id, at, cause)
    return cast


def withdraw(session: Session, group_id: int, approval_id: int, at: datetime, cause: Cause) -> bool:
    """Whoever asked takes their question back. False when it is not theirs, or has ended."""
    approval = approvals.find(session, group_id, approval_id)
    if approval is None or approval.asked_by != cause.actor_id:
        return False
    return end(session, group_id, approval_id, "withdrawn", "withdrawn", at, cause)


def end(session: Session, group_id: int, approval_id: int, state: str, why: str, at: datetime, cause: Cause) -> bool:
    """Ends an open vote (failed at its deadline, withdrawn, void) with all that follows. False when it had ended."""
    if not approvals.close(session, group_id, approval_id, state, why, at, cause):
        return False
    _decided(session, group_id, approval_id, at, cause)
    return True


def try_again(session: Session, group_id: int, approval_id: int, at: datetime, cause: Cause) -> str:
    """Carries out once more what has passed and could not be done: the result, as in `_decided`.

    What was never begun is carried out as a whole, so that nobody is paid for a removal that did not happen; a payout
    that failed is only paid again.
    """
    approval = approvals.find(session, group_id, approval_id)
    if approval is None or not _may_be_tried_again(approval, at):
        return errors.NotVoted.code
    begun = session.scalar(
        select(Transaction.id).where(Transaction.group_id == group_id, Transaction.approval_id == approval_id).limit(1)
    )
    try:
        with session.begin_nested():
            if begun is None:
                return CARRY_OUT[approval.kind](session, approval, at, cause)
            payouts.retry(session, group_id, approval_id, at, cause)
    except errors.LedgerError as error:
        return error.code
    return "under_way"


def _may_be_tried_again(approval: Approval, at: datetime) -> bool:
    pays = approval.kind in approvals.PAYING_SUBJECTS and approval.amount_minor is not None
    return (
        pays
        and approval.state == "passed"
        and approval.decided_at is not None
        and approval.decided_at > at - payouts.RETRY_WITHIN
    )


def confirm_account(session: Session, account_id: int, at: datetime, cause: Cause) -> PayoutAccount | None:
    """A member confirms where they want their money from now on; votes that name another account of theirs are void.

    None when it was answered before.
    """
    account = accounts.confirm(session, account_id, at, cause)
    if account is None:
        return None
    for approval in approvals.open_ones(session, account.group_id):
        named = accounts.of_destination(session, account.group_id, approval.destination)
        if named is not None and named.user_id == account.user_id:
            end(session, account.group_id, approval.id, "void", "account_changed", at, cause)
    return account


def sweep() -> int:
    """Ends the votes whose time is over and reminds the silent of the others; returns how many it touched."""
    now = clock.now()
    with db.session() as session:
        overdue = approvals.overdue(session, now, SWEEP_LIMIT)
    for group_id, approval_id in overdue:
        try:
            with db.session() as session:  # Each for itself: one group's lock is not held for another's sake.
                end(session, group_id, approval_id, "failed", "deadline", now, BY_THE_CLOCK)
                session.commit()
        except (errors.LedgerError, SQLAlchemyError):
            log.exception("a vote could not be ended: the others go on", extra={"approval": approval_id})
    with db.session() as session:
        reminders = approvals.take_reminders(session, now, SWEEP_LIMIT)
        for group_id, approval_id in reminders:
            payload = {"group": group_id, "approval": approval_id}
            outbox.put(session, "bot.vote_reminder", payload, f"vote_reminder:{approval_id}")
        session.commit()
    return len(overdue) + len(reminders)


def _decided(session: Session, group_id: int, approval_id: int, at: datetime, cause: Cause) -> None:
    """What follows from the end of a vote. `result`: under_way, done, or the code of what stands in the way."""
    approval = approvals.find(session, group_id, approval_id)
    if approval is None:
        raise LookupError(f"there is no approval {approval_id} in group {group_id}")
    result = ""
    if approval.kind == "loan":
        loan = session.scalars(select(Loan).where(Loan.approval_id == approval_id)).one()
        if approval.state == "passed":
            loans.approve(session, loan, approval_id)  # Also when its money is not there at this moment.
        else:
            loans.refuse(session, loan, at, cause)
    if approval.state == "passed":
        result = _carry_out(session, approval, at, cause)
    payload = {"group": group_id, "approval": approval_id, "result": result}
    outbox.put(session, "bot.vote_ended", payload, f"vote_ended:{approval_id}")


def _carry_out(session: Session, approval: Approval, at: datetime, cause: Cause) -> str:
    try:
        with session.begin_nested():
            return CARRY_OUT[approval.kind](session, approval, at, cause)
    except (errors.LedgerError, NotRefundable) as error:
        log.warning("a vote passed and cannot be carried out now", extra={"approval": approval.id, "why": error.code})
        return error.code


def _pay_out(session: Session, approval: Approval, at: datetime, cause: Cause) -> str:
    if approval.details.get("leaving"):
        governing.settle_debts(session, approval, at, cause)
    payouts.begin(session, approval, at, cause)
    return "under_way"


def _write_off(session: Session, approval: Approval, at: datetime, cause: Cause) -> str:
    loan = session.get_one(Loan, approval.details["loan"])
    loans.write_off(session, loan, approval.id, at, cause)
    return "done"


def _reverse(session: Session, approval: Approval, at: datetime, cause: Cause) -> str:
    if approval.details.get("refund"):
        # It lies at a provider: what is posted, and when, is the provider's answer to say.
        number, reason = approval.details["receipt"], approval.reason or ""
        refunding.begin(session, approval.group_id, number, reason, approval.asked_by, at)
        return "under_way"
    transaction = reversals.check(session, approval.group_id, approval.details["receipt"], officers_alone=False)
    posted = reversals.undo(session, transaction, approval.reason or "", at, cause)
    payload = {"transaction": posted.transaction_id, "receipt": approval.details["receipt"]}
    outbox.put(session, "bot.reversed", payload, f"reversed:{posted.transaction_id}")
    return "done"


def _govern(session: Session, approval: Approval, at: datetime, cause: Cause) -> str:
    governing.carry_out(session, approval, at, cause)
    # Whoever is removed is paid by the same vote what was theirs.
    return _pay_out(session, approval, at, cause) if approval.amount_minor is not None else "done"


CARRY_OUT: dict[str, Callable[[Session, Approval, datetime, Cause], str]] = {
    "withdrawal": _pay_out,
    "payout": _pay_out,
    "loan": _pay_out,
    "write_off": _write_off,
    "reversal": _reverse,
    "rule": _govern,
    "role": _govern,
    "removal": _govern,
}
