"""What members hear about loans: who is asked to stand for one, how it began, what came back; never others' debts."""

from datetime import datetime, timedelta

from bot import ballots, challenges, loanwords, outgoing
from core import clock
from core.db import Session
from core.money import Money
from ledger import approvals, groups, guaranteeing, loans, reading, receipts, repaying
from ledger.models import Group, Guarantee, Loan, Transaction, User
from ledger.names import brief

GUARANTEE_ASKED_FOR = timedelta(days=7)


def guarantee_asked(session: Session, loan_id: int, user_id: int, at: datetime) -> None:
    """A member is asked whether they stand for a loan, with what of their savings."""
    loan, group, borrower = _loan(session, loan_id)
    guarantee = session.get_one(Guarantee, (group.id, loan_id, user_id))
    if guarantee.state != "asked":
        return
    asked = challenges.issue(session, user_id, group.id, "guarantee", loan_id, at + GUARANTEE_ASKED_FOR, at)
    if asked is None:
        return
    values = {
        "group": group.name,
        "asker": brief(borrower.name or "?"),
        "amount": str(Money(loan.principal_minor, group.currency)),
        "count": loan.periods,
        "period": loan.period,
        "reason": loan.reason,
        "share": str(Money(guarantee.amount_minor, group.currency)),
        "figures": asked.code,
    }
    outgoing.notify(
        session,
        user_id,
        "guarantee-ask",
        values,
        group_id=group.id,
        dedupe_key=f"guarantee_asked:{loan_id}:{user_id}:{asked.id}",
        at=at,
        buttons=challenges.buttons(asked),
    )


def guarantee_answered(session: Session, loan_id: int, user_id: int, says_yes: bool, at: datetime) -> None:
    """The borrower hears who stands for the loan and who does not."""
    loan, group, borrower = _loan(session, loan_id)
    values = {
        "group": group.name,
        "name": brief(groups.names(session, [user_id]).get(user_id, "?")),
        "amount": str(Money(loan.principal_minor, group.currency)),
    }
    outgoing.notify(
        session,
        borrower.id,
        "guarantee-given-note" if says_yes else "guarantee-refused-note",
        values,
        group_id=group.id,
        dedupe_key=f"guarantee_answered:{loan_id}:{user_id}:{says_yes}",
        at=at,
    )


def vote_opened(session: Session, loan_id: int, approval_id: int | None, at: datetime) -> None:
    """The borrower hears that their guarantors have said yes, and that the group votes now, or why it cannot."""
    loan, group, borrower = _loan(session, loan_id)
    if approval_id is None:
        closed = {"group": group.name, "amount": str(Money(loan.principal_minor, group.currency))}
        outgoing.notify(
            session, borrower.id, "loan-not-asked-note", closed,
            group_id=group.id, dedupe_key=f"loan_vote_opened:{loan_id}", at=at,
        )  # fmt: skip
        return
    approval = approvals.find(session, group.id, approval_id)
    if approval is None or approval.state != "open":
        return
    values = {
        "group": group.name,
        "amount": str(Money(loan.principal_minor, group.currency)),
        "until": ballots.moment(approval.closes_at, group.time_zone, borrower.language),
    }
    key = f"loan_vote_opened:{loan_id}"
    outgoing.notify(session, borrower.id, "loan-vote-opened-note", values, group_id=group.id, dedupe_key=key, at=at)


def started(session: Session, loan: Loan, at: datetime) -> None:
    """The borrower hears what to pay when, as the schedule stands in the book."""
    group, borrower = session.get_one(Group, loan.group_id), session.get_one(User, loan.user_id)
    if loan.started_on is None:
        return
    drawn = loans.schedule(loan, group.currency, loan.started_on)
    channel = outgoing.channel_of(session, borrower.id)
    values = {
        "group": group.name,
        "schedule": loanwords.schedule(drawn, channel or "sms", borrower.language),
        "plain": drawn.instalments[0].total.plain,
    }
    key = f"loan_started:{loan.id}:{loan.started_on}"
    outgoing.notify(session, borrower.id, "loan-started", values, group_id=group.id, dedupe_key=key, at=at)


def repayment_completed(session: Session, transaction_id: int, at: datetime) -> None:
    """A receipt to the payer with what is left, a short note to the other officers."""
    transaction = session.get_one(Transaction, transaction_id)
    group, payer = session.get_one(Group, transaction.group_id), session.get_one(User, transaction.user_id)
    receipt = receipts.of_transaction(session, group.id, transaction_id)
    if receipt is None:
        raise LookupError(f"transaction {transaction_id} has no receipt")
    active = loans.active(session, group.id, payer.id)
    owed = repaying.owed(session, active[0], clock.day_at(at, group.time_zone)) if active else None
    amount = str(Money(transaction.amount_minor, transaction.currency))
    values = {
        "number": f"R-{receipt.number}",
        "amount": amount,
        "group": group.name,
        "name": brief(payer.name or ""),
        "left": loanwords.left(owed, payer.language),
        "seal": receipt.seal.short,
    }
    key = f"repayment_receipt:{transaction_id}"
    outgoing.notify(session, payer.id, "repayment-receipt", values, group_id=group.id, dedupe_key=key, at=at)
    total = str(reading.balances(session, group.id, payer.id, group.currency).group)
    note = {"name": brief(payer.name or "?"), "amount": amount, "group": group.name, "total": total}
    for officer_id in groups.officers(session, group.id):
        if officer_id != payer.id:
            key = f"repayment_note:{transaction_id}:{officer_id}"
            outgoing.notify(session, officer_id, "repayment-note", note, group_id=group.id, dedupe_key=key, at=at)


def guarantee_lapsed(session: Session, loan_id: int, user_id: int, at: datetime) -> None:
    """The borrower hears who has not answered in a week."""
    loan, group, borrower = _loan(session, loan_id)
    if loan.state != "asked":
        return
    values = {
        "group": group.name,
        "name": brief(groups.names(session, [user_id]).get(user_id, "?")),
        "amount": str(Money(loan.principal_minor, group.currency)),
    }
    key = f"guarantee_lapsed:{loan_id}:{user_id}"
    outgoing.notify(session, borrower.id, "guarantee-lapsed-note", values, group_id=group.id, dedupe_key=key, at=at)


def ended(session: Session, loan_id: int, at: datetime, *, lapsed: bool) -> None:
    """A loan will not be: the borrower hears it when the clock ended it, and guarantors that their savings are free."""
    loan, group, borrower = _loan(session, loan_id)
    amount = Money(loan.principal_minor, group.currency)
    values = {"group": group.name, "amount": str(amount), "plain": amount.plain, "name": brief(borrower.name or "?")}
    key = f"loan_ended:{loan_id}"
    if lapsed:
        outgoing.notify(
            session,
            borrower.id,
            "loan-lapsed-unready" if loan.approval_id is None else "loan-lapsed-unpaid",
            values,
            group_id=group.id,
            dedupe_key=key,
            at=at,
        )
    for guarantee in guaranteeing.of(session, loan, ("released",)):
        if guarantee.transaction_id is None:
            continue  # They were asked, and nothing of theirs was held.
        values |= {"share": str(Money(guarantee.amount_minor, group.currency))}
        outgoing.notify(
            session,
            guarantee.user_id,
            "guarantee-free-note",
            values,
            group_id=group.id,
            dedupe_key=f"{key}:{guarantee.user_id}",
            at=at,
        )


def penalty_charged(session: Session, loan_id: int, amount_minor: int, at: datetime, number: int | None = None) -> None:
    """Only the member themself hears that penalties were added (`amount_minor` in all), and what to do.

    `number` is the last instalment that they are for: it is told once, and two on one day are both told.
    """
    loan, group, borrower = _loan(session, loan_id)
    owed = repaying.owed(session, loan, clock.day_at(at, group.time_zone))
    values = {
        "group": group.name,
        "amount": str(Money(amount_minor, group.currency)),
        "plain": owed.overdue.plain,
    }
    key = f"penalty_charged:{loan_id}:{number or f'{at:%Y%m%d%H%M}'}"
    outgoing.notify(session, borrower.id, "penalty-charged", values, group_id=group.id, dedupe_key=key, at=at)


def _loan(session: Session, loan_id: int) -> tuple[Loan, Group, User]:
    loan = session.get_one(Loan, loan_id)
    return loan, session.get_one(Group, loan.group_id), session.get_one(User, loan.user_id)
