"""Loans where the book meets the payments: whose account gets the money, and a job that one bad loan does not stop."""

import logging
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from core import db
from core.money import Money
from ledger import approvals, errors, loans, transactions
from ledger.audit import Cause
from ledger.models import Approval, Instalment, Loan, Transaction
from payments import accounts, deciding, lending, paying
from payments.models import Payout, PayoutAccount
from payments.provider import Outcome, PayoutVerification
from tests.ledger.actors import CAUSE
from tests.ledger.lending import Lender, a_lender


@pytest.fixture
def lender(session: db.Session) -> Lender:
    return a_lender(session)


def an_account(lender: Lender, tail: str, days: int) -> PayoutAccount:
    """An account of Ama's, usable for so many days."""
    account = PayoutAccount(
        group_id=lender.group.id, user_id=lender.world.ama.id, provider="paystack", kind="mobile_money",
        bank_code="MPESA", bank_name="M-PESA", number=f"+254722000{tail}", holder=None, tail=tail, state="confirmed",
        created_at=lender.at, usable_from=lender.at - timedelta(days=days),
    )  # fmt: skip
    lender.session.add(account)
    lender.session.flush()
    return account


def wants(lender: Lender, account: PayoutAccount) -> Loan:
    """Ama has asked for a loan to that account; it has no vote yet."""
    loan = lender.asks(1_000, 2)
    loan.destination = accounts.destination(account)
    lender.session.flush()
    return loan


def asks_the_group(lender: Lender, loan: Loan) -> Approval:
    tally = lending.ask_the_group(lender.session, lender.group, loan, lender.at, Cause(loan.user_id, "sms"))
    return lender.session.get_one(Approval, tally.approval_id)


def test_the_group_votes_about_the_account_that_the_borrower_has_now(lender: Lender) -> None:
    old = an_account(lender, "100", days=9)
    loan = wants(lender, old)
    new = an_account(lender, "101", days=1)
    approval = asks_the_group(lender, loan)
    assert (approval.destination, loan.destination) == (accounts.destination(new), accounts.destination(new))
    assert "101" in approval.facts


def test_a_loan_whose_borrower_has_no_account_any_more_is_not_asked_about(lender: Lender) -> None:
    account = an_account(lender, "100", days=9)
    loan = wants(lender, account)
    account.state, account.usable_from = "refused", None
    lender.session.flush()
    with pytest.raises(errors.SubjectChanged):
        asks_the_group(lender, loan)


@pytest.mark.parametrize(("cancelled", "after"), [(False, ("paid", "active")), (True, ("held", "cancelled"))])
def test_a_loan_that_was_paid_after_all_begins_unless_it_is_over(
    lender: Lender, cancelled: bool, after: tuple[str, str]
) -> None:
    session, loan = lender.session, wants(lender, an_account(lender, "100", days=9))
    approval = asks_the_group(lender, loan)
    for user_id in approvals.silent(session, lender.group.id, approval.id):
        if approval.state == "open":
            deciding.vote(session, lender.group.id, approval.id, "yes", lender.at, Cause(user_id, "sms"))
            session.refresh(approval)
    payout = session.scalars(select(Payout)).one()
    paying.fail(session, payout.id, "declined", lender.at)
    if cancelled:
        loans.cancel(session, loan, lender.at, CAUSE)
    said = PayoutVerification(Outcome.SUCCEEDED, "success", payout.reference, Money(payout.amount_minor, "KES"))
    paying.settle(session, payout.id, said, lender.at)
    session.refresh(loan)
    assert (payout.state, loan.state) == after


def test_a_loan_that_cannot_be_charged_does_not_stop_the_others(
    committing: str, caplog: pytest.LogCaptureFixture
) -> None:
    with db.session() as session:
        lender = a_lender(session)
        bad, good = lender.lends(1_000, 2), lender.lends(1_000, 2, lender.world.baraka)
        first = session.scalars(select(Instalment).where(Instalment.loan_id == bad.id, Instalment.number == 1)).one()
        assert first.due < datetime.now(UTC).date()
        # The key under which its interest would be booked stands for something else.
        other, key = Money(1_00, "KES"), f"interest:{bad.id}:1"
        transactions.begin(session, lender.group.id, "contribution", bad.user_id, other, key, lender.at, CAUSE)
        session.commit()
        good_id, bad_id = good.id, bad.id
    with caplog.at_level(logging.ERROR):
        assert lending.sweep() == 2
    assert [vars(record)["loan"] for record in caplog.records] == [bad_id]
    with db.session() as session:
        charged = select(Instalment.loan_id).where(Instalment.interest_is_charged.is_(True)).distinct()
        assert session.scalars(charged).all() == [good_id]
        assert session.scalar(select(Transaction.id).where(Transaction.kind == "interest").limit(1)) is not None
