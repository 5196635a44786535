"""The vocabulary of the tests about a group's life: what the outbox has for its members, and its cash box."""

from sqlalchemy import select

from bot import announcing, announcing_cash, announcing_group, announcing_loans, announcing_votes
from core.money import Money
from core.outbox import OutboxRow
from ledger import approvals, legs, loans
from ledger.approvals import Subject
from ledger.audit import Cause
from ledger.models import Membership, Transaction
from ledger.postings import Movement, record
from tests.bot.actors import Talker
from tests.bot.deciding import ANNOUNCED, Circle, code_of, confirm_code

WORK = ANNOUNCED | {
    "bot.paid_out": lambda s, p, at: announcing_votes.paid_out(s, p["transaction"], at),
    "bot.cash_due": lambda s, p, at: announcing_votes.cash_due(s, p["transaction"], at),
    "bot.member_gone": lambda s, p, at: announcing_group.member_gone(
        s, p["group"], p["member"], p["status"], p["key"], at, knows=p["knows"]
    ),
    "bot.cash_asked": lambda s, p, at: announcing_cash.asked(
        s, p["transaction"], p["officer"], p["witness"], p["message"], at
    ),
    "bot.cash_ended": lambda s, p, at: announcing_cash.ended(s, p["transaction"], at),
    "bot.cash_missing": lambda s, p, at: announcing_cash.missing(s, p["transaction"], p["challenge"], at),
    "bot.guarantee_asked": lambda s, p, at: announcing_loans.guarantee_asked(s, p["loan"], p["member"], at),
    "bot.guarantee_answered": lambda s, p, at: announcing_loans.guarantee_answered(
        s, p["loan"], p["member"], p["yes"], at
    ),
    "bot.guarantee_lapsed": lambda s, p, at: announcing_loans.guarantee_lapsed(s, p["loan"], p["member"], at),
    "bot.loan_vote_opened": lambda s, p, at: announcing_loans.vote_opened(s, p["loan"], p["approval"], at),
    "bot.loan_ended": lambda s, p, at: announcing_loans.ended(s, p["loan"], at, lapsed=p["lapsed"]),
    "bot.payout_failed": lambda s, p, at: announcing_votes.payout_failed(s, p["transaction"], at),
    "bot.contribution_completed": lambda s, p, at: announcing.contribution_completed(s, p["transaction"], at),
}


def announced(circle: Circle) -> None:
    """Does what the outbox has for the members, as a worker would, until nothing is left."""
    while True:
        waiting = select(OutboxRow).where(OutboxRow.kind.in_(WORK), OutboxRow.state == "pending")
        rows = circle.session.scalars(waiting.order_by(OutboxRow.id)).all()
        if not rows:
            return
        at = max(talker.at for talker in circle.members)
        for row in rows:
            WORK[row.kind](circle.session, row.payload, at)
            row.state = "done"
        circle.session.flush()


def asks(circle: Circle, talker: Talker, text: str, *expected: str) -> Talker:
    """Writes a request and confirms it with the code of the question."""
    talker.says(text).expects(*expected)
    talker.says(confirm_code(talker) if talker.channel == "sms" else "yes")
    announced(circle)
    return talker


def all_say(circle: Circle, choice: str, *voters: Talker) -> None:
    """Each of them answers the newest ballot with its code."""
    for voter in voters:
        voter.says(f"{choice} {code_of(voter)}")
        announced(circle)


def brings_cash(circle: Circle, talker: Talker, amount_minor: int) -> None:
    """Cash that came into the box before."""
    group, user_id = circle.group, talker.row().id
    key = f"box:{user_id}:{talker.at.timestamp()}"
    money = Money(amount_minor, group.currency)
    movement = Movement(group.id, "cash_in", money, legs.cash_in(user_id, amount_minor), key, user_id)
    record(circle.session, movement, talker.at, Cause(user_id, "sms"))
    circle.session.flush()


def borrows(circle: Circle, talker: Talker, amount_minor: int) -> None:
    """A loan over three months that everybody voted for and that was paid out by the provider just now."""
    session, group, user_id, at = circle.session, circle.group, talker.row().id, talker.at
    amount, cause = Money(amount_minor, group.currency), Cause(user_id, "sms")
    quoted = loans.quote(session, group, user_id, amount, 3, None, at.date(), "paystack")
    loan = loans.ask(session, group, user_id, quoted, "a roof", at, cause)
    tally = approvals.ask(session, group, Subject("loan", user_id, amount, details={"loan": loan.id}), at, cause)
    for member in circle.members:
        voice = Cause(member.row().id, "sms")
        approvals.vote(session, group.id, tally.approval_id, "yes", at, voice)
    loans.approve(session, loan, tally.approval_id)
    paid = loans.begin_disbursement(session, loan, "paystack", 0, f"loan {loan.id}", at, cause)
    loans.complete_disbursement(session, paid, "paystack", 0, at.date(), at, cause)
    session.flush()


def role_of(circle: Circle, talker: Talker) -> tuple[str, str]:
    """(status, role) of a member of the circle's group."""
    found = select(Membership).where(Membership.group_id == circle.group.id, Membership.user_id == talker.row().id)
    belonging = circle.session.scalars(found, execution_options={"populate_existing": True}).one()
    return belonging.status, belonging.role


def movements(circle: Circle, kind: str) -> list[Transaction]:
    found = select(Transaction).where(Transaction.group_id == circle.group.id, Transaction.kind == kind)
    return list(circle.session.scalars(found.order_by(Transaction.id), execution_options={"populate_existing": True}))
