"""Repayments that are taken back: what they paid off is owed again, the rows are the book, and no loan stays paid."""

from datetime import timedelta
from pathlib import Path

import pytest

from core import db
from core.money import Money
from ledger import chargebacks, exporting, legs, loans, postings, reading, repaying, transactions, verifying
from ledger.models import Loan, Transaction
from tests.ledger.actors import CAUSE, PROVIDER, voted
from tests.ledger.lending import Lender, a_lender, months
from tools import verify_book


@pytest.fixture
def lender(session: db.Session) -> Lender:
    return a_lender(session)


def pays(lender: Lender, minor: int) -> Transaction:
    posted = lender.pays(minor)
    return lender.session.get_one(Transaction, posted.transaction_id, populate_existing=True)


def takes_back(lender: Lender, payment: Transaction, minor: int | None = None, key: str = "taken:1") -> Transaction:
    amount = Money(payment.amount_minor if minor is None else minor, "KES")
    posted = chargebacks.take(lender.session, payment, amount, PROVIDER, key, lender.at, CAUSE)
    lender.assert_rows_are_the_book()
    return lender.session.get_one(Transaction, posted.transaction_id, populate_existing=True)


def brings_back(lender: Lender, taken: Transaction) -> None:
    chargebacks.give_back(lender.session, taken, PROVIDER, lender.day, lender.at, CAUSE)
    lender.assert_rows_are_the_book()


def spends(lender: Lender, minor: int) -> None:
    """Ama takes her savings out, as the group has voted."""
    ama, group = lender.world.ama, lender.group
    vote, money = voted(lender.session, group.id, "withdrawal", ama.id, minor), Money(minor, "KES")
    out = transactions.begin(
        lender.session, group.id, "withdrawal", ama.id, money, f"out {minor}", lender.at, CAUSE, approval_id=vote
    )
    moved = legs.withdrawal(ama.id, PROVIDER, minor, minor, 0)
    postings.post(lender.session, group.id, out.id, moved, lender.at, CAUSE)


def stands(lender: Lender, loan: Loan) -> tuple[object, ...]:
    """Where a loan stands: its state, what of each instalment is paid, what is owed of it, and the member's savings."""
    lender.session.refresh(loan)
    rows = [
        (row.paid_principal_minor, row.paid_interest_minor, row.paid_penalty_minor, row.settled_at is None)
        for row in lender.rows(loan)
    ]
    owed = lender.owed(loan)
    return loan.state, loan.ended_at, rows, owed.principal, owed.overdue_parts, owed.remaining, lender.wallet("savings")


@pytest.mark.parametrize("minor", [1, 40_000, 60_000, 102_000])
def test_a_repayment_that_is_taken_back_leaves_the_loan_as_it_was(lender: Lender, minor: int) -> None:
    loan = lender.lends(1_000, 3)
    lender.goes_to(months(2) + timedelta(days=20))
    pays(lender, 5_000)
    before = stands(lender, loan)
    taken = takes_back(lender, pays(lender, minor))
    assert stands(lender, loan) == before
    assert (taken.state, lender.income("bad_debt")) == ("completed", 0)


def test_interest_that_a_payment_had_brought_forward_stays_charged(lender: Lender) -> None:
    loan = lender.lends(1_000, 3)
    takes_back(lender, pays(lender, 60_000))
    assert [row.interest_is_charged for row in lender.rows(loan)] == [True, True, False]


def test_a_loan_that_was_settled_early_is_owed_again_with_the_interest_of_its_coming_periods(lender: Lender) -> None:
    loan = lender.lends(1_000, 3)
    lender.goes_to(months(1) - timedelta(days=3))
    before = lender.owed(loan).settle
    payment = pays(lender, before.amount_minor)
    lender.session.refresh(loan)
    assert loan.state == "settled"
    takes_back(lender, payment)
    lender.session.refresh(loan)
    assert (loan.state, loan.ended_at, lender.owed(loan).settle) == ("active", None, before)
    assert [row.interest_is_charged for row in lender.rows(loan)] == [True, False, False]
    lender.goes_to(months(3))
    lender.assert_rows_are_the_book()
    assert all(row.interest_charged_minor == row.interest_minor for row in lender.rows(loan))


def test_what_had_gone_to_the_savings_comes_out_of_them(lender: Lender) -> None:
    loan, saved = lender.lends(1_000, 1), lender.wallet("savings")
    payment = pays(lender, 150_000)
    assert lender.wallet("savings") == saved + 50_000
    takes_back(lender, payment)
    lender.session.refresh(loan)
    assert (loan.state, lender.wallet("loan"), lender.wallet("savings")) == ("active", -100_000, saved)


def test_what_was_saved_and_spent_is_the_groups_loss_and_the_loan_is_owed_all_the_same(lender: Lender) -> None:
    lender.lends(1_000, 1)
    payment = pays(lender, 150_000)
    spends(lender, lender.wallet("savings"))
    takes_back(lender, payment)
    assert (lender.wallet("loan"), lender.wallet("savings"), lender.income("bad_debt")) == (-100_000, 0, -50_000)


def test_what_was_paid_on_top_for_the_fee_goes_last_and_the_savings_bear_it(lender: Lender) -> None:
    lender.lends(1_000, 2)
    wish = transactions.begin(
        lender.session, lender.group.id, "repayment", lender.world.ama.id, Money(50_000, "KES"), "r", lender.at, CAUSE
    )
    repaying.complete_repayment(lender.session, wish, PROVIDER, 50_800, 762, lender.day, lender.at, CAUSE)
    lender.session.refresh(wish)
    saved, owing = lender.wallet("savings"), lender.wallet("loan")
    takes_back(lender, wish, 50_000, "taken:1")
    assert (lender.wallet("loan") < owing, lender.wallet("savings")) == (True, saved)
    takes_back(lender, wish, 800, "taken:2")
    assert lender.wallet("savings") == saved - 800


def test_a_payment_that_is_taken_back_in_parts_leaves_the_loan_as_it_was(lender: Lender) -> None:
    loan = lender.lends(1_000, 4)
    lender.goes_to(months(2) + timedelta(days=20))
    before = stands(lender, loan)
    payment = pays(lender, 120_000)  # More than it takes.
    for number, minor in enumerate((10_000, 30_000, 1, 79_999)):
        takes_back(lender, payment, minor, f"taken:{number}")
    assert stands(lender, loan) == before
    assert lender.income("bad_debt") == 0


def test_with_a_later_payment_in_between_the_newest_instalments_are_owed_again(lender: Lender) -> None:
    loan = lender.lends(1_000, 4)
    lender.goes_to(months(1))
    first = pays(lender, 20_000)
    lender.goes_to(months(2))
    pays(lender, 30_000)
    owing = lender.wallet("loan") + lender.wallet("interest_due")
    takes_back(lender, first)
    assert lender.wallet("loan") + lender.wallet("interest_due") == owing - 20_000
    paid = [row.paid_principal_minor for row in lender.rows(loan)]
    assert paid == sorted(paid, reverse=True)


def test_a_loan_that_was_settled_since_by_another_payment_is_owed_again(lender: Lender) -> None:
    loan = lender.lends(1_000, 2)
    first = pays(lender, 30_000)
    lender.goes_to(months(1))
    pays(lender, lender.owed(loan).settle.amount_minor)
    takes_back(lender, first)
    lender.session.refresh(loan)
    assert (loan.state, lender.owed(loan).settle) == ("active", Money(30_000, "KES"))
    pays(lender, 30_000)
    lender.session.refresh(loan)
    assert (loan.state, lender.wallet("loan"), lender.wallet("interest_due")) == ("settled", 0, 0)


def test_of_a_loan_that_was_written_off_since_only_the_payment_is_owed_again(lender: Lender) -> None:
    loan = lender.lends(1_000, 2)
    payment = pays(lender, 30_000)
    lender.goes_to(months(2) + timedelta(days=40))
    lender.gives_up(loan)
    lost = lender.income("bad_debt")
    takes_back(lender, payment)
    lender.session.refresh(loan)
    assert (loan.state, lender.owed(loan).settle) == ("active", Money(30_000, "KES"))
    assert lender.income("bad_debt") == lost
    lender.goes_to(lender.day + timedelta(days=90))
    lender.assert_rows_are_the_book()
    assert lender.owed(loan).settle == Money(30_000, "KES")
    lender.gives_up(loan)
    lender.session.refresh(loan)
    assert (loan.state, lender.income("bad_debt")) == ("written_off", lost - 30_000)


def test_each_loan_that_a_payment_had_reached_is_owed_again(lender: Lender) -> None:
    lender.rules(loans_open_max=2)
    first = lender.lends(1_000, 1)
    lender.goes_to(lender.day + timedelta(days=5))
    second = lender.lends(1_000, 3)
    lender.goes_to(lender.day + timedelta(days=5))
    payment = pays(lender, lender.owed(first).settle.amount_minor + 40_000)
    lender.goes_to(lender.day + timedelta(days=1))
    repaying.repay_from_savings(
        lender.session, second, Money(10_000, "KES"), lender.day, lender.at, CAUSE, "from savings"
    )
    takes_back(lender, payment)
    lender.session.refresh(first)
    assert first.state == "active"
    paid = [row.paid_principal_minor + row.paid_interest_minor for row in lender.rows(first) + lender.rows(second)]
    assert sum(paid) == 10_000


def test_a_payment_from_savings_of_another_loan_is_left_alone(lender: Lender) -> None:
    lender.rules(loans_open_max=2)
    first, second = lender.lends(1_000, 2), lender.lends(1_000, 2)
    payment = pays(lender, 10_000)
    lender.goes_to(lender.day + timedelta(days=1))
    repaying.repay_from_savings(
        lender.session, second, Money(10_000, "KES"), lender.day, lender.at, CAUSE, "from savings"
    )
    takes_back(lender, payment)
    assert sum(row.paid_principal_minor + row.paid_interest_minor for row in lender.rows(first)) == 0
    assert sum(row.paid_principal_minor + row.paid_interest_minor for row in lender.rows(second)) == 10_000


def test_while_it_is_disputed_only_what_went_to_the_savings_is_held_of_them(lender: Lender) -> None:
    lender.lends(1_000, 1)
    payment, saved = pays(lender, 150_000), lender.wallet("savings")
    held = chargebacks.begin(lender.session, payment, Money(150_000, "KES"), PROVIDER, "dispute:1", lender.at, CAUSE)
    assert held is not None
    free = reading.available(lender.session, lender.group.id, lender.world.ama.id, "KES", PROVIDER)
    assert free.own.amount_minor == saved - 50_000
    posted = chargebacks.take(
        lender.session, payment, Money(150_000, "KES"), PROVIDER, "dispute:1", lender.at, CAUSE, held
    )
    assert (posted.transaction_id, lender.wallet("savings"), lender.wallet("loan")) == (
        held.id, saved - 50_000, -100_000,
    )  # fmt: skip
    lender.assert_rows_are_the_book()


def test_what_is_brought_back_pays_the_loan_again(lender: Lender) -> None:
    loan = lender.lends(1_000, 1)
    payment, saved = pays(lender, 150_000), lender.wallet("savings")
    spends(lender, saved)
    taken = takes_back(lender, payment)
    assert [each.id for each in chargebacks.standing(lender.session, payment)] == [taken.id]
    brings_back(lender, taken)
    brings_back(lender, taken)
    lender.session.refresh(loan)
    assert (loan.state, lender.wallet("loan"), lender.wallet("savings")) == ("settled", 0, 0)
    assert lender.income("bad_debt") + lender.income("fee_income") == 0
    assert chargebacks.standing(lender.session, payment) == []


def test_what_is_brought_back_when_it_was_paid_anew_is_saved(lender: Lender) -> None:
    loan = lender.lends(1_000, 1)
    payment, saved = pays(lender, 100_000), lender.wallet("savings")
    taken = takes_back(lender, payment)
    pays(lender, 100_000)
    brings_back(lender, taken)
    lender.session.refresh(loan)
    assert (loan.state, lender.wallet("savings")) == ("settled", saved + 100_000)


def test_guarantors_who_were_let_go_stay_free(lender: Lender) -> None:
    lender.rules(loan_guarantors=1)
    dalila = lender.joins("Dalila", 200_000)
    loan = lender.asks(1_000, 2)
    lender.stands(loan, dalila)
    lender.hands_over(loan)
    payment = pays(lender, lender.owed(loan).settle.amount_minor)
    assert lender.held(dalila) == 0
    takes_back(lender, payment)
    assert (lender.held(dalila), loans.held_by_guarantors(lender.session, loan)) == (0, 0)


def test_an_honest_book_in_which_loans_are_owed_again_has_no_fault(lender: Lender, tmp_path: Path) -> None:
    lender.lends(1_000, 2)
    payment = pays(lender, 150_000)
    taken = takes_back(lender, payment, 120_000)
    brings_back(lender, taken)
    takes_back(lender, pays(lender, 1_000), key="taken:2")
    assert list(verifying.verify(lender.session, lender.group.id)) == []
    exporting.export(lender.session, lender.group.id, tmp_path / "book", lender.at)
    assert list(verify_book.check(verify_book.read(tmp_path / "book"), [])) == []
