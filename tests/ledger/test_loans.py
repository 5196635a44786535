"""Loans: the tables of the facts lived through in the book, late and early, with guarantors, given up; to the cent."""

import os
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core import db
from core.money import Money
from ledger import audit, charging, errors, guaranteeing, loans, paying_off, repaying, transactions
from ledger.approvals import Subject
from ledger.audit import Cause
from ledger.models import Loan
from ledger.paying_off import Part
from ledger.postings import Leg
from tests.ledger.actors import CAUSE, PROVIDER, populated
from tests.ledger.lending import START, Lender


@pytest.fixture
def lender(session: db.Session) -> Lender:
    """Ama has 10,000 and Baraka 20,000 in the group; it lends at 2 % a month."""
    lender = Lender(session, populated(session))
    lender.saves(lender.world.ama, 10_000_00)
    lender.saves(lender.world.baraka, 20_000_00)
    return lender


def kes(text_: str) -> Money:
    return Money.of_major(Decimal(text_), "KES")


def months(count: int) -> date:
    """The day on which instalment `count` of a loan of the start is due."""
    return (date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31))[count - 1]


# The tables


def test_twelve_thousand_at_two_percent_lives_to_its_end_to_the_cent(lender: Lender) -> None:
    loan = lender.lends(12_000, 4)
    assert [(r.principal_minor, r.interest_minor) for r in lender.rows(loan)] == [
        (2911_49, 240_00), (2969_72, 181_77), (3029_11, 122_38), (3089_68, 61_79),
    ]  # fmt: skip
    for number, instalment in enumerate((3151_49, 3151_49, 3151_49, 3151_47), start=1):
        lender.goes_to(months(number))
        assert lender.owed(loan).next_amount.amount_minor == instalment
        lender.pays(instalment)
        lender.assert_rows_are_the_book()
    assert loan.state == "settled"
    assert (lender.wallet("loan"), lender.wallet("interest_due")) == (0, 0)
    assert lender.income("interest_income") == 605_94


@pytest.mark.parametrize(("base", "penalty", "total"), [("principal", 15_00, 3135_00), ("instalment", 15_45, 3136_35)])
def test_flat_with_a_penalty_for_each_late_instalment(lender: Lender, base: str, penalty: int, total: int) -> None:
    lender.rules(
        loan_method="flat", loan_rate_percent=Decimal(1), loan_penalty_percent=Decimal("1.5"), loan_penalty_base=base,
        loan_grace_days=2,
    )  # fmt: skip
    loan = lender.lends(3_000, 3)
    paid = 0
    for number in (1, 2, 3):
        lender.goes_to(months(number) + timedelta(days=2))
        assert lender.rows(loan)[number - 1].penalty_minor == 0
        lender.goes_to(months(number) + timedelta(days=3))
        lender.goes_to(months(number) + timedelta(days=4))
        assert lender.rows(loan)[number - 1].penalty_minor == penalty
        late = lender.owed(loan).overdue.amount_minor
        paid += late
        lender.pays(late)
        lender.assert_rows_are_the_book()
    assert (loan.state, paid) == ("settled", total)


def test_flat_with_a_write_off(lender: Lender) -> None:
    # 9 instalments of 500 + 180: 4 % of 4,500 each time.
    lender.rules(loan_method="flat", loan_rate_percent=Decimal(4))
    loan = lender.lends(4_500, 9)
    lender.goes_to(months(1))
    lender.pays(680_00)
    assert (lender.rows(loan)[0].paid_principal_minor, lender.rows(loan)[0].paid_interest_minor) == (500_00, 180_00)
    for _ in range(8):
        lender.goes_to(lender.day + timedelta(days=31))
    assert loans.write_off_amount(lender.session, loan, lender.day) == kes("5440")
    gives_up(lender, loan)
    assert loan.state == "written_off"
    assert lender.income("bad_debt") == -5_440_00
    lender.assert_rows_are_the_book()


def gives_up(lender: Lender, loan: Loan) -> None:
    lost = loans.write_off_amount(lender.session, loan, lender.day)
    approval_id = lender.passes(
        Subject("write_off", loan.user_id, lost if lost.amount_minor else None, details={"loan": loan.id}), loan
    )
    loans.write_off(lender.session, loan, approval_id, lender.at, CAUSE)


# Limits


def test_the_limits_of_a_loan_are_told_with_what_is_possible(lender: Lender) -> None:
    with pytest.raises(errors.TermTooLong) as term:
        lender.asks(1_000, 13)
    assert term.value.limit == 12
    with pytest.raises(errors.NotEnoughCash) as cash:
        lender.rules(loan_savings_multiple=10).asks(40_000, 3)
    assert cash.value.limit == kes("30000")
    with pytest.raises(errors.AboveSavingsLimit) as limit:
        lender.rules(loan_savings_multiple=2).asks(20_001, 3)
    assert limit.value.limit == kes("20000")
    with pytest.raises(errors.OtherPeriod):
        loans.quote(lender.session, lender.group, lender.world.ama.id, kes("100"), 3, "weekly", START, PROVIDER)
    with pytest.raises(errors.AmountNotPositive):
        lender.asks(0, 3)


def test_one_loan_at_a_time_unless_the_rules_say_otherwise(lender: Lender) -> None:
    lender.lends(5_000, 2)
    with pytest.raises(errors.TooManyLoans):
        lender.asks(1_000, 2)
    lender.rules(loans_open_max=2)
    with pytest.raises(errors.AboveSavingsLimit) as limit:
        lender.asks(26_000, 2)
    assert limit.value.limit == kes("25000")
    lender.lends(1_000, 2)
    lender.assert_rows_are_the_book()


def test_a_question_that_nobody_votes_about_makes_way_for_another(lender: Lender) -> None:
    first = lender.asks(5_000, 2)
    second = lender.asks(6_000, 2)
    lender.session.refresh(first)
    assert (first.state, second.state, second.number) == ("cancelled", "asked", 2)


def test_the_terms_stay_as_they_were_asked_for(lender: Lender) -> None:
    loan = lender.asks(12_000, 4)
    lender.rules(loan_rate_percent=Decimal(50), loan_method="flat")
    lender.hands_over(loan)
    assert [row.interest_minor for row in lender.rows(loan)][:2] == [240_00, 181_77]


def test_without_the_vote_no_money_leaves(lender: Lender) -> None:
    loan = lender.asks(12_000, 4)
    with pytest.raises(errors.NoLoan):
        loans.begin_disbursement(lender.session, loan, PROVIDER, 0, "k", lender.at, CAUSE)


# Paying back


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


def test_the_same_payment_twice_is_booked_once(lender: Lender) -> None:
    loan = lender.lends(12_000, 4)
    wish = transactions.begin(
        lender.session, lender.group.id, "repayment", lender.world.ama.id, kes("500"), "once", lender.at, CAUSE
    )
    first, again = lender.completes(wish), lender.completes(wish)
    assert (again.receipt_number, again.replayed) == (first.receipt_number, True)
    assert sum(r.paid_principal_minor + r.paid_interest_minor for r in lender.rows(loan)) == 500_00


# What falls due


def test_what_fell_due_is_charged_once_however_often_one_looks(lender: Lender) -> None:
    loan = lender.lends(12_000, 4)
    lender.goes_to(months(1))
    assert lender.income("interest_income") == 240_00
    assert charging.charge_due(lender.session, lender.group.id, loan.id, lender.day, lender.at, CAUSE) == []
    assert charging.due_loans(lender.session, lender.day, 10) == []
    assert lender.income("interest_income") == 240_00


def test_in_duplum_interest_and_penalties_never_exceed_what_was_owed_at_default(lender: Lender) -> None:
    lender.rules(loan_rate_percent=Decimal(60), loan_penalty_percent=Decimal(40), loan_grace_days=0, loan_method="flat")
    loan = lender.lends(1_000, 6)
    for _ in range(10):
        lender.goes_to(lender.day + timedelta(days=31))
    assert loan.defaulted_principal_minor == 1_000_00
    charged = -lender.wallet("interest_due") - lender.wallet("penalty_due")
    # 600 of interest fell due with the first instalment, before it was late.
    assert loan.charged_since_default_minor == 1_000_00
    assert charged <= 1_000_00 + 600_00
    lender.assert_rows_are_the_book()
    lender.pays(100_000_00)
    assert loan.state == "settled"


# A loan that comes back, guarantors, giving up


def test_a_disbursement_that_comes_back_can_go_out_again(lender: Lender) -> None:
    loan = lender.lends(12_000, 4)
    loans.undo_disbursement(lender.session, loan, "reversed", lender.at, CAUSE)
    assert (loan.state, lender.wallet("loan")) == ("approved", 0)
    lender.day = START + timedelta(days=7)
    out = loans.begin_disbursement(lender.session, loan, PROVIDER, 40_00, "again", lender.at, CAUSE)
    loans.complete_disbursement(lender.session, out, PROVIDER, 40_00, lender.day, lender.at, CAUSE)
    assert lender.rows(loan)[0].due == date(2026, 3, 7)
    lender.assert_rows_are_the_book()


def test_guarantors_savings_are_held_and_set_free_as_the_loan_is_paid(lender: Lender) -> None:
    lender.rules(loan_guarantors=1)
    baraka = lender.world.baraka.id
    loan = lender.asks(12_000, 4)
    guaranteeing.name_guarantor(lender.session, loan, baraka, lender.at, CAUSE)
    assert not guaranteeing.guarantors_ready(lender.session, loan)
    guaranteeing.answer_guarantee(lender.session, loan, baraka, True, lender.at, CAUSE)
    assert guaranteeing.guarantors_ready(lender.session, loan)
    assert held(lender) == 12_000_00
    lender.hands_over(loan)
    for number, left in ((1, 9088_51), (2, 6118_79), (3, 3089_68), (4, 0)):
        lender.goes_to(months(number))
        lender.pays(3151_49)
        assert held(lender) == left
    assert loan.state == "settled"


def held(lender: Lender) -> int:
    found: int = lender.session.execute(
        text("SELECT CAST(sum(reserved_minor) AS bigint) FROM wallets WHERE group_id = :g AND kind = 'savings'"),
        {"g": lender.group.id},
    ).scalar_one()
    return found


@pytest.mark.parametrize(
    ("who", "code"), [("ama", "guarantor_self"), ("chidi", "guarantor_not_member"), ("baraka", "guarantor_savings")]
)
def test_not_everybody_can_stand_for_a_loan(lender: Lender, who: str, code: str) -> None:
    lender.rules(loan_guarantors=1)
    loan = lender.asks(24_000, 4)
    with pytest.raises(errors.GuaranteeError) as refused:
        guaranteeing.name_guarantor(lender.session, loan, getattr(lender.world, who).id, lender.at, CAUSE)
    assert refused.value.code == code


def test_a_refusal_leaves_room_for_another_and_a_refused_loan_frees_everybody(lender: Lender) -> None:
    lender.rules(loan_guarantors=1)
    loan = lender.asks(6_000, 4)
    baraka = lender.world.baraka.id
    guaranteeing.name_guarantor(lender.session, loan, baraka, lender.at, CAUSE)
    with pytest.raises(errors.GuaranteeError):
        guaranteeing.name_guarantor(lender.session, loan, baraka, lender.at, CAUSE)
    guaranteeing.answer_guarantee(lender.session, loan, baraka, True, lender.at, CAUSE)
    loans.refuse(lender.session, loan, lender.at, CAUSE)
    assert held(lender) == 0
    with pytest.raises(errors.GuaranteeError):
        guaranteeing.answer_guarantee(lender.session, loan, baraka, True, lender.at, CAUSE)


def test_what_guarantors_stand_for_is_paid_by_them_before_the_group_loses_anything(lender: Lender) -> None:
    lender.rules(loan_guarantors=1)
    loan = lender.asks(12_000, 4)
    guaranteeing.name_guarantor(lender.session, loan, lender.world.baraka.id, lender.at, CAUSE)
    guaranteeing.answer_guarantee(lender.session, loan, lender.world.baraka.id, True, lender.at, CAUSE)
    lender.hands_over(loan)
    lender.goes_to(months(1))
    lender.goes_to(months(2))
    assert loans.write_off_amount(lender.session, loan, lender.day) == kes("421.77")  # The interest of two months.
    gives_up(lender, loan)
    assert (lender.wallet("savings", lender.world.baraka), lender.income("bad_debt")) == (8_000_00, -421_77)
    assert (lender.wallet("loan"), held(lender)) == (0, 0)


def test_a_payment_since_the_vote_means_that_the_group_votes_again(lender: Lender) -> None:
    loan = lender.lends(12_000, 4)
    lost = loans.write_off_amount(lender.session, loan, lender.day)
    approval_id = lender.passes(Subject("write_off", loan.user_id, lost, details={"loan": loan.id}), loan)
    lender.pays(100_00)
    with pytest.raises(errors.SubjectChanged):
        loans.write_off(lender.session, loan, approval_id, lender.at, CAUSE)


# Whatever happens, the rows are the book


DEEP = os.environ.get("LEDGER_DEPTH") == "deep"
STEPS = st.lists(
    st.tuples(st.sampled_from(("wait", "pay", "pay", "settle", "savings")), st.integers(1, 40_000)), max_size=10
)


@pytest.mark.timeout(1800 if DEEP else 120)
@settings(max_examples=300 if DEEP else 12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=STEPS,
    principal=st.integers(1, 25_000),
    periods=st.integers(1, 12),
    method=st.sampled_from(("declining_equal", "declining_principal", "flat")),
    rate=st.sampled_from(("0", "0.5", "2", "10")),
    penalty=st.sampled_from(("0", "1.5", "20")),
)
def test_whatever_is_paid_and_charged_the_rows_are_the_book(
    shared_engine: object, configured: None, steps: list[tuple[str, int]], principal: int, periods: int, method: str,
    rate: str, penalty: str,
) -> None:  # fmt: skip
    with shared_engine.connect() as connection:  # type: ignore[attr-defined]
        outer = connection.begin()
        with db.Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            lender = Lender(session, populated(session))
            lender.saves(lender.world.ama, 10_000_00)
            lender.saves(lender.world.baraka, 20_000_00)
            lender.rules(
                loan_method=method, loan_rate_percent=Decimal(rate), loan_penalty_percent=Decimal(penalty),
                loan_grace_days=1,
            )  # fmt: skip
            loan = lender.lends(principal, periods)
            assert sum(row.principal_minor for row in lender.rows(loan)) == principal * 100
            for step, amount in steps:
                live(lender, loan, step, amount)
                lender.assert_rows_are_the_book()
            assert audit.first_broken_line(session, lender.group.id) is None
        outer.rollback()


def live(lender: Lender, loan: Loan, step: str, amount: int) -> None:
    if step == "wait":
        lender.goes_to(lender.day + timedelta(days=amount % 60))
    elif step == "pay":
        lender.pays(amount)
    elif loan.state == "active" and step == "settle":
        lender.pays(lender.owed(loan).settle.amount_minor)
        assert loan.state == "settled"
    elif loan.state == "active":
        args = (lender.day, lender.at, CAUSE)
        try:
            with lender.session.begin_nested():
                repaying.repay_from_savings(
                    lender.session, loan, Money(amount, "KES"), *args, f"s:{amount}:{lender.day}"
                )
        except (errors.InsufficientFunds, errors.IdempotencyConflict):
            lender.session.expire_all()


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
