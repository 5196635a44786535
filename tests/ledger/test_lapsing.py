"""What nobody goes on with ends: loans that were never paid out, guarantees that nobody answers."""

from datetime import timedelta

import pytest

from core import db
from ledger import cash, guaranteeing, lapsing, legs, loans, transactions
from ledger.audit import Cause
from ledger.models import Loan
from tests.ledger.actors import CAUSE, PROVIDER
from tests.ledger.lending import Lender, a_lender, kes


@pytest.fixture
def lender(session: db.Session) -> Lender:
    return a_lender(session)


def approved(lender: Lender) -> Loan:
    """A loan that the group has decided, for which Baraka stands."""
    lender.rules(loan_guarantors=1)
    loan = lender.asks(6_000, 4)
    lender.stands(loan, lender.world.baraka)
    loans.approve(lender.session, loan, lender.decides(loan))
    return loan


def ended(lender: Lender, **later: int) -> list[int]:
    return lapsing.end_loans(lender.session, lender.at + timedelta(**later), 10)


def test_a_loan_that_was_decided_and_not_paid_out_ends_after_30_days_and_frees_everybody(lender: Lender) -> None:
    loan = approved(lender)
    out = loans.begin_disbursement(lender.session, loan, PROVIDER, 0, "out", lender.at, CAUSE)
    assert ended(lender, days=30) == []  # Its money is under way.
    transactions.end(lender.session, lender.group.id, out.id, "failed", "the account is closed", lender.at, CAUSE)
    assert ended(lender, days=29, hours=23) == []
    assert ended(lender, days=30) == [loan.id]
    assert (loan.state, lender.held(lender.world.baraka)) == ("cancelled", 0)
    assert ended(lender, days=31) == []
    lender.asks(1_000, 4)


def test_a_loan_that_has_begun_goes_on_and_one_that_came_back_does_not(lender: Lender) -> None:
    loan = lender.pays_out(approved(lender))
    assert ended(lender, days=40) == []
    loans.undo_disbursement(lender.session, loan, "came back", lender.at, CAUSE)
    assert ended(lender, days=40) == [loan.id]


def test_a_loan_that_never_came_to_a_vote_ends_after_14_days(lender: Lender) -> None:
    lender.rules(loan_guarantors=1)
    loan = lender.asks(6_000, 4)
    assert ended(lender, days=13, hours=23) == []
    assert ended(lender, days=14) == [loan.id]
    assert loan.state == "cancelled"


def test_a_loan_in_cash_that_is_taken_back_is_given_up(lender: Lender) -> None:
    loan = approved(lender)
    brought = cash.receive(lender.session, lender.group.id, lender.world.ama.id, kes("6000"), lender.at, CAUSE)
    cash.confirm(lender.session, brought, lender.at, CAUSE)
    loans.begin_disbursement(lender.session, loan, legs.CASH_BOX, 0, "out", lender.at, CAUSE)
    borrower = Cause(lender.world.ama.id, "sms")
    assert cash.take_back(lender.session, lender.group.id, lender.world.ama.id, lender.at, borrower) is not None
    assert (loan.state, lender.held(lender.world.baraka)) == ("cancelled", 0)


def test_a_week_of_silence_is_a_no_and_leaves_room_for_another(lender: Lender) -> None:
    lender.rules(loan_guarantors=1)
    loan, efua = lender.asks(5_000, 4), lender.joins("Efua", 6_000_00)
    guaranteeing.name_guarantor(lender.session, loan, lender.world.baraka.id, lender.at, CAUSE)
    week = lender.at + timedelta(days=7)
    assert lapsing.end_guarantees(lender.session, week - timedelta(seconds=1), 10) == []
    assert lapsing.end_guarantees(lender.session, week, 10) == [(loan.id, lender.world.baraka.id)]
    assert lapsing.end_guarantees(lender.session, week, 10) == []
    lender.stands(loan, efua)
    assert guaranteeing.guarantors_ready(lender.session, loan)
