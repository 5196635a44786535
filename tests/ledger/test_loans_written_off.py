"""Giving a loan up: guarantors pay what they stand for, the group loses the rest, exactly as it has voted."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core import db
from ledger import approvals, errors, guaranteeing, loans
from ledger.approvals import Subject
from ledger.audit import Cause
from tests.ledger.actors import CAUSE
from tests.ledger.lending import Lender, a_lender, kes, months


@pytest.fixture
def lender(session: db.Session) -> Lender:
    return a_lender(session)


def test_what_guarantors_stand_for_is_paid_by_them_before_the_group_loses_anything(lender: Lender) -> None:
    lender.rules(loan_guarantors=1)
    loan = lender.asks(12_000, 4)
    guaranteeing.name_guarantor(lender.session, loan, lender.world.baraka.id, lender.at, CAUSE)
    guaranteeing.answer_guarantee(lender.session, loan, lender.world.baraka.id, True, lender.at, CAUSE)
    lender.hands_over(loan)
    lender.goes_to(months(1))
    lender.goes_to(months(2))
    assert loans.write_off_amount(lender.session, loan, lender.day) == kes("421.77")  # The interest of two months.
    lender.gives_up(loan)
    assert (lender.wallet("savings", lender.world.baraka), lender.income("bad_debt")) == (8_000_00, -421_77)
    assert (lender.wallet("loan"), lender.held(lender.world.baraka)) == (0, 0)


def test_guarantors_pay_in_the_usual_order_and_what_is_lost_is_the_rest(lender: Lender) -> None:
    lender.rules(loan_guarantors=1, loan_penalty_percent=Decimal(10))
    loan = lender.asks(6_000, 2)
    lender.stands(loan, lender.world.baraka)
    lender.hands_over(loan)
    lender.goes_to(months(1)).pays(lender.owed(loan).next_amount.amount_minor)
    lender.goes_to(months(2) + timedelta(days=4))
    left, charged = lender.owed(loan).principal, lender.owed(loan).overdue_parts
    guaranteed, written_off = lender.gives_up(loan)
    assert (guaranteed.replayed, written_off.replayed) == (False, False)
    # 6,000 lent, about half paid back: the guarantor stands for that half, of which penalty and interest go first.
    assert lender.wallet("savings", lender.world.baraka) == 20_000_00 - left.amount_minor
    assert lender.income("bad_debt") == -(charged.penalty + charged.interest)
    assert [lender.wallet(kind) for kind in ("loan", "interest_due", "penalty_due")] == [0, 0, 0]


def test_shares_that_were_rounded_up_never_pay_more_than_is_owed(lender: Lender) -> None:
    lender.rules(loan_guarantors=3, loan_rate_percent=Decimal(0))
    three = [lender.world.baraka, lender.joins("Dalila", 5_000_00), lender.joins("Efua", 5_000_00)]
    loan = lender.asks(100, 1)
    for member in three:
        lender.stands(loan, member)
    lender.hands_over(loan)
    lender.pays(99_99)
    assert loans.write_off_amount(lender.session, loan, lender.day) == kes("0")
    assert len(lender.gives_up(loan)) == 1
    assert (loan.state, lender.wallet("loan"), lender.income("bad_debt")) == ("written_off", 0, 0)
    assert [lender.held(member) for member in three] == [0, 0, 0]
    assert [each.state for each in guaranteeing.of(lender.session, loan)] == ["used", "released", "released"]


def test_a_payment_since_the_vote_means_that_the_group_votes_again(lender: Lender) -> None:
    loan = lender.lends(12_000, 4)
    lost = loans.write_off_amount(lender.session, loan, lender.day)
    approval_id = lender.passes(Subject("write_off", loan.user_id, lost, details={"loan": loan.id}), loan)
    lender.pays(100_00)
    with pytest.raises(errors.SubjectChanged):
        loans.write_off(lender.session, loan, approval_id, lender.at, CAUSE)


def test_what_had_fallen_due_when_the_group_was_asked_is_lost_too_whenever_the_clock_looks(lender: Lender) -> None:
    loan = lender.lends(12_000, 4)
    lender.day = months(1)  # Nobody has charged the interest of today yet.
    approval_id = lender.votes_away(loan)
    lender.goes_to(lender.day)
    assert lender.wallet("interest_due") == -240_00
    loans.write_off(lender.session, loan, approval_id, lender.at, CAUSE)
    assert lender.income("bad_debt") == -12_240_00
    other = lender.lends(10_000, 4)
    lender.day += timedelta(days=35)
    lost = loans.write_off_amount(lender.session, other, lender.day)
    assert lost == kes("10200")
    lender.gives_up(other)
    assert lender.income("bad_debt") == -12_240_00 - 10_200_00


def test_interest_that_fell_due_since_the_vote_means_another_vote(lender: Lender) -> None:
    loan = lender.lends(12_000, 4)
    approval_id = lender.votes_away(loan)
    lender.goes_to(months(1))
    with pytest.raises(errors.SubjectChanged):
        loans.write_off(lender.session, loan, approval_id, lender.at, CAUSE)
    lender.gives_up(loan)
    assert loan.state == "written_off"


def test_only_a_vote_that_has_passed_about_this_loan_gives_it_up(lender: Lender) -> None:
    lender.rules(loans_open_max=2)
    loan, other = lender.lends(1_000, 1), lender.lends(1_000, 1)
    about_the_other = lender.votes_away(other)
    subject = Subject("write_off", loan.user_id, kes("1000"), details={"loan": loan.id})
    still_open = approvals.ask(lender.session, lender.group, subject, lender.at, Cause(loan.user_id, "sms"))
    assert still_open.state == "open"
    for approval_id in (about_the_other, still_open.approval_id, loan.approval_id or 0, 10**9):
        with pytest.raises(errors.NotVoted):
            loans.write_off(lender.session, loan, approval_id, lender.at, CAUSE)
    loans.write_off(lender.session, other, about_the_other, lender.at, CAUSE)
    with pytest.raises(errors.NoLoan):
        loans.write_off(lender.session, other, about_the_other, lender.at, CAUSE)
    assert loan.state == "active"
    lender.assert_rows_are_the_book()


def test_what_comes_after_a_loan_was_given_up_is_savings(lender: Lender) -> None:
    loan = lender.lends(1_000, 1)
    lender.gives_up(loan)
    lender.pays(300_00)
    assert (loan.state, lender.wallet("savings"), lender.wallet("loan")) == ("written_off", 10_300_00, 0)


def test_while_the_group_votes_about_giving_it_up_the_clock_charges_nothing(lender: Lender) -> None:
    lender.rules(loan_penalty_percent=Decimal(10))
    loan = lender.lends(12_000, 4)
    lender.goes_to(months(1) - timedelta(days=1))
    lost = loans.write_off_amount(lender.session, loan, lender.day)
    subject = Subject("write_off", loan.user_id, lost, details={"loan": loan.id})
    asked = approvals.ask(lender.session, lender.group, subject, lender.at, Cause(loan.user_id, "sms"))
    lender.goes_to(months(1) + timedelta(days=5))
    assert lender.wallet("interest_due") == 0
    cause = Cause(lender.world.baraka.id, "sms")
    cast = approvals.vote(
        lender.session, lender.group.id, asked.approval_id, "yes", lender.at - timedelta(days=5), cause
    )
    assert cast.tally.state == "passed"
    loans.write_off(lender.session, loan, asked.approval_id, lender.at, CAUSE)
    assert (loan.state, lender.income("bad_debt")) == ("written_off", -12_000_00)
    lender.assert_rows_are_the_book()


def test_a_vote_that_keeps_a_loan_has_charged_afterwards_what_fell_due_meanwhile(lender: Lender) -> None:
    lender.rules(loan_penalty_percent=Decimal(10))
    loan, other = lender.lends(12_000, 4), lender.lends(12_000, 4, lender.world.baraka)
    lender.goes_to(months(1) - timedelta(days=1))
    lost = loans.write_off_amount(lender.session, loan, lender.day)
    subject = Subject("write_off", loan.user_id, lost, details={"loan": loan.id})
    asked = approvals.ask(lender.session, lender.group, subject, lender.at, Cause(loan.user_id, "sms"))
    lender.goes_to(months(1) + timedelta(days=5))
    owing = [lender.wallet(kind, lender.world.baraka) for kind in ("interest_due", "penalty_due")]
    assert owing[0] < 0 > owing[1]
    approvals.close(lender.session, lender.group.id, asked.approval_id, "withdrawn", "paid soon", lender.at, CAUSE)
    lender.goes_to(lender.day)
    assert [lender.wallet(kind) for kind in ("interest_due", "penalty_due")] == owing
    assert other.state == "active"
    lender.assert_rows_are_the_book()
