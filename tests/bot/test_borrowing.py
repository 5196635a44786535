"""Loans in the chat: a quote in money, guarantors, what is owed, paying back by link and out of savings."""

import pytest
from sqlalchemy import select

from bot import announcing_charges, announcing_loans
from bot.channels import gsm7
from core import clock, db
from ledger import charging, loans, transactions
from ledger.audit import Cause
from ledger.models import Approval, Loan, Transaction
from tests.bot.actors import Talker
from tests.bot.deciding import Circle, a_circle, code_of, confirm_code, has_account


@pytest.fixture
def circle(session: db.Session) -> Circle:
    """Ama (SMS) has 10,000 and an account, Baraka (WhatsApp) 20,000, Chidi (SMS) nothing."""
    circle = a_circle(session, "sms", "whatsapp", "sms")
    circle.save("10000", "20000")
    has_account(circle[0], circle.group)
    return circle


def lends(circle: Circle, said: str = "borrow 12000 for 4 months because of the roof") -> Loan:
    """Ama asks, the group says yes, and the money has arrived."""
    circle[0].says(said).expects("Reply")
    circle[0].says(confirm_code(circle[0])).expects("votes now")
    circle.announced()
    circle[1].says(f"Y {code_of(circle[1])}").expects("decided it")
    session, at = circle.session, circle[0].at
    out = session.scalars(select(Transaction).where(Transaction.kind == "loan_disbursement")).one()
    on = clock.day_at(at, circle.group.time_zone)
    loans.complete_disbursement(session, out, "paystack", 40_00, on, at, Cause(None, "paystack"))
    session.expire_all()
    return session.scalars(select(Loan)).one()


def later(circle: Circle, days: int) -> None:
    """So many days go by, and what fell due has been charged."""
    for member in circle.members:
        member.waits(days=days)
    on = clock.day_at(circle[0].at, circle.group.time_zone)
    for group_id, loan_id in charging.due_loans(circle.session, on, 10):
        charging.charge_due(circle.session, group_id, loan_id, on, circle[0].at, Cause(None, "clock"))


def test_a_quote_says_the_cost_in_money_and_the_instalments_on_both_channels(circle: Circle) -> None:
    by_sms = circle[0].says("borrow 12000 for 4 months because of the roof")
    by_sms.expects("KES 12,000", "the roof", "KES 12,605.94", "KES 605.94", "KES 3,151.49", "Reply")
    assert gsm7.segments(by_sms.reply) <= 2
    has_account(circle[1], circle.group)
    on_whatsapp = circle[1].says("borrow 12000 for 4 months because of the roof")
    on_whatsapp.expects("1. 20 Dec: KES 3,151.49", "4. 20 Mar", "KES 3,151.47", "*KES 605.94*", "2 % a month")


@pytest.mark.parametrize(
    "said",
    [
        "borrow 12000 for 4 months because of the roof",
        "borrow 12k for the roof over 4 months pls",
        "Borrow 12,000 for four months to fix the roof",
        "please borrow ksh 12000 for 4 months: because of the roof",
    ],
)
def test_the_same_loan_in_many_words(circle: Circle, said: str) -> None:
    circle[0].says(said).expects("KES 12,000", "roof", "KES 12,605.94")


def test_what_is_missing_is_asked_one_thing_at_a_time_and_nothing_is_lost(circle: Circle) -> None:
    circle[0].says("borrow").expects("How much")
    circle[0].says("12000").expects("For how many months")
    circle[0].says("soon").expects("number of months")
    circle[0].says("13").expects("12 months at most")
    circle[0].says("borrow 12000 because of one month illness").expects("For how many months")
    circle[0].says("half a year").expects("one month illness", "KES 12,")
    circle[0].says("0").says("borrow for 4 months").expects("How much")
    circle[0].says("12000").expects("What is it for?")
    circle[0].says("loan for a cow").expects("loan for a cow", "KES 12,605.94")


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("borrow 40000 for 3 months because of a car", "you can borrow KES 30,000 now"),
        ("borrow 5000 for 3 weeks because of a car", "lends by the month"),
        ("borrow 5 for 3 months because of sweets", "smallest payout"),
        ("borrow 1000.50 for 3 months because of sweets", "without cents"),
        ("borrow 1000 in cash for 3 months because of sweets", "can lend KES 0 now"),
        ("borrow $100 for 3 months because of sweets", "in KES"),
    ],
)
def test_what_cannot_be_lent_is_told_with_the_reason(circle: Circle, said: str, answer: str) -> None:
    circle[0].says(said).expects(answer)


def test_without_savings_nothing_can_be_borrowed(circle: Circle) -> None:
    has_account(circle[2], circle.group)
    circle[2].says("borrow 1000 for 3 months because of sweets").expects("3 times your own savings", "contribute")


def test_the_ballot_says_what_the_group_would_lend_and_earn(circle: Circle) -> None:
    circle[0].says("borrow 12000 for 4 months because of the roof")
    circle[0].says(confirm_code(circle[0]))
    circle.announced()
    for member in circle.members[1:]:
        ballot = next(body for body in circle.heard(member) if "KES 12,000" in body)
        for words in ("Ama", "4 months", "the roof", "KES 12,605.94", "M-PESA"):
            assert words in ballot


def test_what_is_owed_and_when(circle: Circle) -> None:
    circle[0].says("loan").expects("You have no loan")
    lends(circle)
    circle[0].says("loan").expects("you owe KES 12,000", "KES 3,151.49", "repay 3152")
    later(circle, 40)
    circle[0].says("loan").expects("KES 3,151.49 is late", "talk to an officer")
    circle[1].says("loan").expects("You have no loan")


def test_a_repayment_that_did_not_go_through_is_told_as_one(circle: Circle) -> None:
    lends(circle)
    circle[0].says("repay 500")
    transaction = circle.session.scalars(select(Transaction).where(Transaction.kind == "repayment")).one()
    cause = Cause(None, "paystack")
    transactions.end(
        circle.session, circle.group.id, transaction.id, "failed", "the payment was declined", circle[0].at, cause
    )
    circle.session.expire_all()
    announcing_charges.ended(circle.session, transaction.id, circle[0].at)
    assert circle.heard(circle[0])[-1] == (
        "Your repayment of KES 500 to Umoja did not go through: it was declined. Nothing was taken."
        " To try again, write: repay 500. Or: repay 500 by link"
    )


def test_a_repayment_says_what_it_pays_and_is_asked_for_on_the_phone(circle: Circle) -> None:
    lends(circle)
    circle[0].says("repay 5000").expects("you pay back KES 5,000", "interest", "loan", "asks for your PIN")
    circle[0].says("repay all").expects("KES 12,000", "Then it is paid back", "asks for your PIN")
    circle[0].says("repay 5000 by link").expects("you pay back KES 5,000", "/p/")
    circle[0].says("repay all by link").expects("KES 12,000", "/p/")
    circle[0].says("repay").expects("How much do you want to pay back?").says("500").expects("you pay back KES 500")
    circle[0].says("repay all my loan").expects("KES 12,000")
    circle[0].says("repay 13000 by link").expects("KES 1,000 goes to your savings")
    circle[0].says("repay 4000").expects("several times and nothing was paid", "repay 4000 by link")
    circle.rule(overpayment="refuse")
    circle[0].says("repay 13000").expects("You owe KES 12,000 only", "repay all")
    circle[0].says("repay lots").expects("for example: repay 5000")


def test_paying_out_of_ones_savings_needs_ones_word(circle: Circle) -> None:
    loan = lends(circle)
    circle[0].says("repay 4000 from savings").expects("out of your savings", "KES 6,000 saved", "Reply")
    circle[0].says(confirm_code(circle[0])).expects("Done: KES 4,000", "Still owed")
    circle[0].says("repay 9000 from my savings").expects("KES 6,000 of free savings")
    assert circle.session.get(Loan, loan.id, populate_existing=True).state == "active"  # type: ignore[union-attr]


def test_a_late_penalty_is_told_to_nobody_else(circle: Circle) -> None:
    circle.rule(loan_penalty_percent=2, loan_grace_days=3)
    loan = lends(circle)
    later(circle, 40)
    announcing_loans.penalty_charged(circle.session, loan.id, 58_23, circle[0].at)
    assert any("late" in body and "KES 58.23" in body for body in circle.heard(circle[0]))
    for other in circle.members[1:]:
        assert not any("is late" in body for body in circle.heard(other))


def test_giving_a_loan_up_is_an_officers_question_and_the_groups_answer(circle: Circle) -> None:
    loan = lends(circle)
    circle[2].says("write off Ama because she is ill").expects("Only an officer")
    circle[0].says("write off").expects("Whose loan, and why?")
    circle[0].says("write off Ama because she is ill").expects("Reply")
    circle[0].says(confirm_code(circle[0])).expects("votes now")
    circle.announced()
    circle[1].says(f"Y {code_of(circle[1])}").expects("decided it")
    assert circle.session.get(Loan, loan.id, populate_existing=True).state == "written_off"  # type: ignore[union-attr]
    assert circle.session.scalars(select(Approval.kind).order_by(Approval.id.desc())).first() == "write_off"


def test_a_member_of_another_group_borrows_nothing_here(circle: Circle) -> None:
    stranger = Talker(circle.session).is_known("Zoe")
    stranger.says("borrow 1000 for 3 months because of seeds").expects("You are not in a group yet")
