"""Paying back: what is owed, what a payment pays off and in which order, early and late, in money or out of savings."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import db
from core.money import Money
from ledger import errors, paying_off, repaying, transactions
from ledger.audit import Cause
from ledger.legs import CASH_BOX, Allocation
from ledger.paying_off import Part
from ledger.postings import Leg
from tests.ledger.actors import CAUSE, balances
from tests.ledger.lending import START, Lender, a_lender, kes, months


@pytest.fixture
def lender(session: db.Session) -> Lender:
    return a_lender(session)


# What is owed


def test_what_is_late_what_is_next_and_what_is_left_in_all(lender: Lender) -> None:
    loan = lender.lends(12_000, 4)
    lender.goes_to(months(1))
    owed = lender.owed(loan)
    assert (owed.overdue, owed.overdue_since) == (kes("0"), None)  # Whoever pays today is not late.
    assert (owed.next_amount, owed.next_due) == (kes("3151.49"), months(1))
    lender.goes_to(months(2) + timedelta(days=1))
    lender.pays(100_00)
    owed = lender.owed(loan)
    assert owed.overdue_parts == Allocation(interest=140_00 + 181_77, principal=2911_49 + 2969_72)
    assert (owed.overdue, owed.overdue_since) == (kes("6202.98"), months(1))
    assert (owed.next_amount, owed.next_due, owed.principal) == (kes("3151.49"), months(3), kes("12000"))
    assert owed.remaining == kes("12605.94") - kes("100")
    assert owed.settle == kes("12000") + kes("140") + kes("181.77") + kes("122.38")


def test_when_nothing_follows_what_is_overdue_is_next(lender: Lender) -> None:
    loan = lender.lends(12_000, 4)
    lender.goes_to(months(4) + timedelta(days=1))
    owed = lender.owed(loan)
    assert (owed.next_amount, owed.next_due) == (owed.overdue, months(4))
    assert owed.overdue == owed.settle == owed.remaining == kes("12605.94")


@pytest.mark.parametrize("penalty", ["1.5", "100"])
def test_one_is_told_today_what_the_book_charges_tonight(lender: Lender, penalty: str) -> None:
    lender.rules(loan_penalty_percent=Decimal(penalty), loan_rate_percent=Decimal(30), loan_grace_days=2)
    loan = lender.lends(12_000, 4)
    for days in (27, 28, 30, 31, 59, 60, 90, 200):
        lender.day = START + timedelta(days=days)
        told, planned = lender.owed(loan), repaying.plan_repayment(lender.session, loan, None, lender.day)
        lender.goes_to(lender.day)
        assert lender.owed(loan) == told
        assert repaying.plan_repayment(lender.session, loan, None, lender.day) == planned
    assert told.settle.amount_minor <= 12_000_00 * 2 + 2 * 3600_00  # In duplum holds for what is told, too.
    lender.pays(told.settle.amount_minor)
    assert loan.state == "settled"


def test_nothing_is_owed_of_a_loan_that_is_over_or_has_not_begun(lender: Lender) -> None:
    loan = lender.asks(1_000, 1)
    for _ in range(2):
        with pytest.raises(errors.NoLoan):
            lender.owed(loan)
        with pytest.raises(errors.NoLoan):
            repaying.plan_repayment(lender.session, loan, None, lender.day)
        if loan.state == "asked":
            lender.hands_over(loan)
            lender.gives_up(loan)


# In their order


def test_a_payment_pays_the_oldest_first_penalty_interest_principal(lender: Lender) -> None:
    lender.rules(loan_penalty_percent=Decimal(1), loan_grace_days=0)
    loan = lender.lends(12_000, 4)
    lender.goes_to(months(2) + timedelta(days=1))
    first = lender.rows(loan)[0]
    assert first.penalty_minor == 29_11  # 1 % of 2,911.49, half to even.
    lender.pays(100_00)
    first = lender.rows(loan)[0]
    assert (first.paid_penalty_minor, first.paid_interest_minor, first.paid_principal_minor) == (29_11, 70_89, 0)
    lender.pays(3_080_60 + 1)
    first, second = lender.rows(loan)[:2]
    assert first.settled_at is not None
    assert second.paid_penalty_minor == 1
    lender.assert_rows_are_the_book()


def test_paying_early_saves_the_interest_of_months_not_begun(lender: Lender) -> None:
    loan = lender.lends(12_000, 4)
    lender.goes_to(months(1))
    lender.pays(3151_49)
    lender.goes_to(date(2026, 3, 10))
    # The second month is running, so its interest is due; the other two cost nothing.
    assert lender.owed(loan).settle == kes("9088.51") + kes("181.77")
    lender.pays(9_270_28)
    assert loan.state == "settled"
    assert lender.income("interest_income") == 240_00 + 181_77
    lender.assert_rows_are_the_book()


def test_paying_a_flat_loan_early_saves_as_much(lender: Lender) -> None:
    lender.rules(loan_method="flat")
    loan = lender.lends(12_000, 4)
    lender.day = START + timedelta(days=10)
    assert (lender.owed(loan).settle, lender.owed(loan).remaining) == (kes("12240"), kes("12960"))
    lender.pays(12_240_00)
    assert (loan.state, lender.income("interest_income")) == ("settled", 240_00)
    assert [row.interest_charged_minor for row in lender.rows(loan)] == [240_00, 0, 0, 0]
    lender.goes_to(months(4))
    assert lender.income("interest_income") == 240_00


def test_paying_in_advance_pays_the_next_instalments_with_their_interest(lender: Lender) -> None:
    loan = lender.lends(12_000, 4)
    lender.pays(3151_49 + 181_77)
    first, second, third, _ = lender.rows(loan)
    assert first.settled_at is not None
    assert (second.interest_charged_minor, second.paid_interest_minor) == (181_77, 181_77)
    assert second.paid_principal_minor == 0
    assert not third.interest_is_charged
    lender.goes_to(months(2))
    assert lender.income("interest_income") == 240_00 + 181_77  # Charged when it was reached, and not again.
    lender.assert_rows_are_the_book()


def test_on_the_day_itself_only_the_principal_is_owed(lender: Lender) -> None:
    loan = lender.lends(12_000, 4)
    assert lender.owed(loan).settle == kes("12000")
    lender.day = START + timedelta(days=1)
    assert lender.owed(loan).settle == kes("12240")


def test_more_than_is_owed_goes_to_the_savings_or_is_refused_beforehand(lender: Lender) -> None:
    loan = lender.lends(1_000, 1)
    lender.goes_to(date(2026, 2, 28))
    plan = repaying.plan_repayment(lender.session, loan, kes("1100"), lender.day)
    assert (plan.surplus, plan.settles) == (kes("80"), True)
    lender.rules(overpayment="refuse")
    with pytest.raises(errors.PaysTooMuch) as refused:
        repaying.plan_repayment(lender.session, loan, kes("1100"), lender.day)
    assert refused.value.limit == kes("1020")
    # What has arrived is never left unbooked.
    lender.pays(1_100_00)
    assert (loan.state, lender.wallet("savings")) == ("settled", 10_080_00)


def test_a_payment_without_a_loan_is_savings(lender: Lender) -> None:
    loan = lender.lends(1_000, 1)
    lender.pays(2_000_00)
    assert loan.state == "settled"
    lender.pays(500_00)
    assert lender.wallet("savings") == 11_500_00


def test_several_loans_are_paid_oldest_first(lender: Lender) -> None:
    lender.rules(loans_open_max=2)
    first, second = lender.lends(1_000, 2), lender.lends(2_000, 2)
    lender.pays(1_500_00)
    lender.session.refresh(first)
    assert first.state == "settled"
    assert lender.owed(second).principal == kes("1540")  # 40 of the 500 are the interest that the payment reached.
    lender.assert_rows_are_the_book()


def test_a_plan_says_what_a_payment_does_to_all_of_the_members_loans(lender: Lender) -> None:
    lender.rules(loans_open_max=2, overpayment="refuse")
    first, second = lender.lends(1_000, 2), lender.lends(2_000, 2)
    plan = repaying.plan_repayment(lender.session, first, kes("1500"), lender.day)
    assert (plan.settles, plan.surplus, plan.paid) == (True, kes("0"), Allocation(interest=40_00, principal=1_460_00))
    with pytest.raises(errors.PaysTooMuch) as refused:
        repaying.plan_repayment(lender.session, first, kes("3000.01"), lender.day)
    assert refused.value.limit == kes("3000")
    lender.pays(1_500_00)
    assert lender.owed(second).principal == kes("1540")


def test_cash_pays_back_as_money_does(lender: Lender) -> None:
    loan = lender.lends(1_000, 1)
    ama = lender.world.ama.id
    wish = transactions.begin(lender.session, lender.group.id, "repayment", ama, kes("1000"), "cash", lender.at, CAUSE)
    repaying.complete_repayment(lender.session, wish, CASH_BOX, 1_000_00, 0, lender.day, lender.at, CAUSE)
    assert loan.state == "settled"
    assert balances(lender.session, lender.group)["cash", CASH_BOX] == -1_000_00


def test_a_payment_that_had_ended_without_money_pays_nothing(lender: Lender) -> None:
    loan = lender.lends(1_000, 1)
    args = (lender.session, lender.group.id)
    wish = transactions.begin(*args, "repayment", lender.world.ama.id, kes("500"), "gone", lender.at, CAUSE)
    transactions.end(*args, wish.id, "expired", "nobody paid", lender.at, CAUSE)
    with pytest.raises(errors.TransactionClosed):
        lender.completes(wish)
    assert lender.owed(loan).principal == kes("1000")


def test_the_same_payment_twice_is_booked_once(lender: Lender) -> None:
    loan = lender.lends(12_000, 4)
    wish = transactions.begin(
        lender.session, lender.group.id, "repayment", lender.world.ama.id, kes("500"), "once", lender.at, CAUSE
    )
    first, again = lender.completes(wish), lender.completes(wish)
    assert (again.receipt_number, again.replayed) == (first.receipt_number, True)
    assert sum(r.paid_principal_minor + r.paid_interest_minor for r in lender.rows(loan)) == 500_00


# Out of savings


def test_paying_out_of_ones_own_savings(lender: Lender) -> None:
    loan = lender.lends(1_000, 1)
    cause = Cause(lender.world.ama.id, "sms")
    lender.goes_to(date(2026, 2, 28))
    args = (lender.day, lender.at, cause)
    held_back = lender.session.begin_nested()
    hold(lender, 9_500_00)
    with pytest.raises(errors.InsufficientFunds):
        repaying.repay_from_savings(lender.session, loan, None, *args, "k1")
    held_back.rollback()
    lender.session.refresh(loan)
    repaying.repay_from_savings(lender.session, loan, kes("400"), *args, "k2")
    repaying.repay_from_savings(lender.session, loan, kes("99999"), *args, "k3")
    assert (loan.state, lender.wallet("savings")) == ("settled", 10_000_00 - 1_020_00)
    lender.assert_rows_are_the_book()


def hold(lender: Lender, amount: int) -> None:
    ama = lender.world.ama.id
    held = transactions.begin(
        lender.session, lender.group.id, "guarantee", ama, Money(amount, "KES"), "hold", lender.at, CAUSE
    )
    transactions.reserve(lender.session, lender.group.id, held.id, [Leg("savings", amount, ama)], lender.at, CAUSE)


def test_the_same_word_pays_out_of_savings_once(lender: Lender) -> None:
    loan = lender.lends(12_000, 4)
    args = (lender.session, loan, kes("500"), lender.day, lender.at, CAUSE)
    first, again = repaying.repay_from_savings(*args, "once"), repaying.repay_from_savings(*args, "once")
    assert (again.receipt_number, again.replayed) == (first.receipt_number, True)
    assert lender.wallet("savings") == 9_500_00
    with pytest.raises(errors.IdempotencyConflict):
        repaying.repay_from_savings(*args, "save:1")
    lender.assert_rows_are_the_book()


def test_all_of_it_out_of_savings_is_all_of_it_before_the_clock_has_charged_a_penalty_too(lender: Lender) -> None:
    lender.rules(loan_penalty_percent=Decimal(10), loan_grace_days=0)
    loan = lender.lends(1_000, 1)
    lender.day = months(1) + timedelta(days=1)
    repaying.repay_from_savings(lender.session, loan, None, lender.day, lender.at, CAUSE, "all")
    assert (loan.state, lender.wallet("savings")) == ("settled", 10_000_00 - 1_120_00)
    lender.assert_rows_are_the_book()


@given(
    parts=st.lists(
        st.tuples(st.integers(1, 10_000), st.integers(0, 500), st.integers(0, 300), st.booleans()),
        min_size=1,
        max_size=8,
    ),
    amount=st.integers(0, 90_000),
    day=st.integers(0, 300),
    room=st.integers(0, 2_000),
)
def test_a_payment_is_spent_exactly_and_never_pays_more_than_is_owed(
    parts: list[tuple[int, int, int, bool]], amount: int, day: int, room: int
) -> None:
    drawn = [
        Part(
            n,
            START + timedelta(days=30 * (n - 1)),
            START + timedelta(days=30 * n),
            principal,
            interest,
            penalty,
            charged,
        )
        for n, (principal, interest, penalty, charged) in enumerate(parts, start=1)
    ]
    on = START + timedelta(days=day)
    done = paying_off.pay_off(drawn, amount, on, room)
    assert done.paid.total + done.surplus == amount
    assert sum(part.charges for part in done.parts) <= room
    assert done.settles == (amount >= paying_off.to_settle(drawn, on, room))
    assert done.surplus == 0 or done.settles
    for part, paid in zip(drawn, done.parts, strict=False):
        assert paid.paid.principal <= part.principal
        assert paid.paid.penalty <= part.penalty
        assert paid.paid.interest <= part.interest
