"""Lending, where the book meets the payments: the vote about a loan, guarantors' answers, what falls due."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from core import clock, db, outbox
from core.db import Session
from core.money import Money
from ledger import charging, groups, guaranteeing, loans, reading
from ledger.approvals import Subject, Tally
from ledger.audit import Cause
from ledger.errors import LedgerError, SubjectChanged
from ledger.legs import CASH_BOX
from ledger.models import Group, Guarantee, Loan
from ledger.names import brief
from payments import accounts, deciding, payouts
from payments.errors import PaymentError
from payments.models import PayoutAccount

SWEEP_LIMIT = 500
BY_THE_CLOCK = Cause(actor_id=None, channel="clock")

log = logging.getLogger(__name__)


def ask_the_group(session: Session, group: Group, loan: Loan, at: datetime, cause: Cause) -> Tally:
    """Asks the group about a loan that is ready for it, to the account that the borrower has now.

    Raises `SubjectChanged` when they have none any more, what `payouts.quote` raises, or `NobodyMayVote`.
    """
    account = _account(session, loan, at)
    amount = Money(loan.principal_minor, group.currency)
    quoted = payouts.quote(group, account, amount, member_pays_fee=False)
    schedule = loans.schedule(loan, group.currency, clock.day_at(at, group.time_zone))
    stand = guarantors(session, loan)
    names = groups.names(session, [loan.user_id, *stand])
    held = reading.available(session, group.id, loan.user_id, group.currency, CASH_BOX).group
    subject = Subject(
        "loan",
        user_id=loan.user_id,
        amount=amount,
        destination=loan.destination,
        reason=loan.reason,
        details={"loan": loan.id, "payee": loan.user_id, "fee_minor": quoted.fee.amount_minor, "member_fee_minor": 0},
        facts={
            "name": brief(names.get(loan.user_id, "?")),
            "amount": str(amount),
            "count": loan.periods,
            "period": loan.period,
            "reason": loan.reason,
            "total": str(schedule.total),
            "cost": str(schedule.interest),
            "account": accounts.masked(account) if account else "cash",
            "guarantors": ", ".join(brief(names.get(user_id, "?")) for user_id in stand) or "none",
            "after": str(held - amount - quoted.fee),
        },
    )
    return deciding.ask(session, group, subject, at, cause)


def guarantee_answered(session: Session, loan: Loan, user_id: int, says_yes: bool, at: datetime, cause: Cause) -> bool:
    """A guarantor answers; with the last yes the group is asked. False when that loan waits for none any more.

    The borrower hears of every answer. Raises `InsufficientFunds` when their savings are needed elsewhere by now. When
    the group cannot be asked although all have said yes (the borrower has no account any more), the loan is cancelled
    and everybody's savings are free again.
    """
    guarantee = session.get(Guarantee, (loan.group_id, loan.id, user_id), populate_existing=True)
    if loan.state != "asked" or loan.approval_id is not None or guarantee is None or guarantee.state != "asked":
        return False
    guaranteeing.answer_guarantee(session, loan, user_id, says_yes, at, cause)
    payload = {"loan": loan.id, "member": user_id, "yes": says_yes}
    outbox.put(session, "bot.guarantee_answered", payload, f"guarantee_answered:{loan.id}:{user_id}:{says_yes}")
    if says_yes and guaranteeing.guarantors_ready(session, loan):
        group = session.get_one(Group, loan.group_id)
        approval_id = None
        try:
            with session.begin_nested():
                asks = Cause(loan.user_id, cause.channel, cause.message_id)
                approval_id = ask_the_group(session, group, loan, at, asks).approval_id
        except (LedgerError, PaymentError):
            loans.cancel(session, loan, at, cause)
        asked: dict[str, int | None] = {"loan": loan.id, "approval": approval_id}
        outbox.put(session, "bot.loan_vote_opened", asked, f"loan_vote_opened:{loan.id}")
    return True


def guarantors(session: Session, loan: Loan) -> Sequence[int]:
    """Who stands for the loan with held savings."""
    found = select(Guarantee.user_id).where(
        Guarantee.group_id == loan.group_id, Guarantee.loan_id == loan.id, Guarantee.state == "held"
    )
    return session.scalars(found.order_by(Guarantee.user_id)).all()


def sweep() -> int:
    """Charges the interest and the penalties that have fallen due, each loan by the calendar where its group lives.

    Returns how many loans were due.
    """
    now = clock.now()
    with db.session() as session:
        # Fourteen hours ahead is the latest day anywhere; each loan is then looked at by its own.
        due = charging.due_loans(session, (now + timedelta(hours=14)).date(), SWEEP_LIMIT)
    for group_id, loan_id in due:
        try:
            _charge(group_id, loan_id, now)
        except (LedgerError, SQLAlchemyError):
            log.exception("a loan could not be charged: the others go on", extra={"loan": loan_id})
    return len(due)


def _charge(group_id: int, loan_id: int, now: datetime) -> None:
    with db.session() as session:
        group = session.get_one(Group, group_id)
        charged = charging.charge_due(session, group_id, loan_id, clock.day_at(now, group.time_zone), now, BY_THE_CLOCK)
        penalties = [each for each in charged if each.kind == "penalty"]
        if penalties:
            number = max(each.number for each in penalties)
            total = sum(each.amount.amount_minor for each in penalties)
            payload = {"loan": loan_id, "amount": total, "number": number}
            outbox.put(session, "bot.penalty_charged", payload, f"penalty_charged:{loan_id}:{number}")
        session.commit()


def _account(session: Session, loan: Loan, at: datetime) -> PayoutAccount | None:
    """Where the loan goes, None for the cash box; an account that was replaced since gives way to the current one."""
    if (loan.destination or CASH_BOX) == CASH_BOX:
        return None
    account = accounts.current(session, loan.group_id, loan.user_id, at)
    if account is None:
        raise SubjectChanged
    loan.destination = accounts.destination(account)
    return account
