"""What passed and could not be carried out at once: done as a whole later, never half of it, never twice."""

import pytest
from sqlalchemy import select

from bot import announcing_loans
from core import db
from core.money import Money
from ledger import transactions
from ledger.audit import Cause
from ledger.models import Guarantee, Loan, Membership
from ledger.postings import Leg
from payments.models import Payout
from tests.bot.actors import AT, Talker
from tests.bot.deciding import Circle, a_circle, code_of, confirm_code, has_account


@pytest.fixture
def circle(session: db.Session) -> Circle:
    circle = a_circle(session, "sms", "whatsapp", "sms", "sms", "sms")
    circle.save("12000", "5000", "5000")
    has_account(circle[0], circle.group)
    return circle


def tries_again(talker: Talker) -> Talker:
    talker.says("try again").expects("Try once more")
    return talker.says(confirm_code(talker) if talker.channel == "sms" else "1")


def payouts(circle: Circle) -> list[Payout]:
    return list(circle.session.scalars(select(Payout).where(Payout.group_id == circle.group.id)))


def test_a_loan_that_passed_while_cash_was_short_is_approved_and_paid_out_later(circle: Circle) -> None:
    ama, chidi = circle[0], circle[2]
    circle.rule(loan_guarantors=1)
    ama.says("borrow 4000 for 3 months because of the roof")
    ama.says(confirm_code(ama)).expects("Who stands for you?")
    ama.says("guarantor Chidi")
    loan = circle.session.scalars(select(Loan)).one()
    announcing_loans.guarantee_asked(circle.session, loan.id, chidi.row().id, ama.at)
    chidi.says(f"Y {code_of(chidi, 'guarantee')}").expects("savings is held")
    circle.announced()
    short = holds_cash(circle, 21_000_00)
    for member in circle.members[2:4]:
        member.says(f"Y {code_of(member)}")
    assert circle.votes()[0].state == "passed"
    assert circle.session.get(Loan, loan.id, populate_existing=True).state == "approved"  # type: ignore[union-attr]
    tries_again(ama).expects("still not possible", "not enough free money")
    transactions.end(circle.session, circle.group.id, short, "cancelled", "over", AT, Cause(None, "sms"))
    tries_again(ama).expects("I try again")
    [payout] = payouts(circle)
    assert payout.amount_minor == 4_000_00
    assert circle.session.scalars(select(Guarantee.state)).one() == "held"


def holds_cash(circle: Circle, amount_minor: int) -> int:
    """So much of the group's cash is held for something else; the transaction that holds it."""
    group_id, cause = circle.group.id, Cause(None, "sms")
    other = circle[0].row().id
    held = transactions.begin(
        circle.session, group_id, "guarantee", other, Money(amount_minor, "KES"), "cash", AT, cause
    )
    transactions.reserve(circle.session, group_id, held.id, [Leg("cash", amount_minor, provider="paystack")], AT, cause)
    return held.id


def test_a_removal_that_was_stuck_removes_and_pays_in_one_go(circle: Circle) -> None:
    ama, baraka = circle[0], circle[1]
    has_account(baraka, circle.group)
    ama.says("remove Baraka because he moved away").expects("Reply")
    ama.says(confirm_code(ama)).expects("votes now")
    circle.announced()
    group_id, cause = circle.group.id, Cause(ama.row().id, "sms")
    coming = transactions.begin(
        circle.session, group_id, "withdrawal", baraka.row().id, Money(100_00, "KES"), "x", AT, cause
    )
    for member in circle.members[2:4]:
        member.says(f"Y {code_of(member)}")
    assert circle.votes()[0].state == "passed"
    assert status_of(circle, baraka) == "active"
    assert payouts(circle) == []
    transactions.end(circle.session, group_id, coming.id, "failed", "refused", AT, cause)
    tries_again(ama).expects("I try again")
    assert status_of(circle, baraka) == "removed"
    assert [payout.amount_minor for payout in payouts(circle)] == [5_000_00]


def status_of(circle: Circle, talker: Talker) -> str:
    found = select(Membership.status).where(
        Membership.group_id == circle.group.id, Membership.user_id == talker.row().id
    )
    return circle.session.scalars(found).one()
