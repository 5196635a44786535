"""Loans: the tables of the facts lived through in the book, to the cent; limits, and how the money gets there."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from core import db
from ledger import contributions, errors, groups, legs, loans, transactions
from tests.ledger.actors import CAUSE, PROVIDER, audit_lines, balances
from tests.ledger.lending import START, Lender, a_lender, kes, months


@pytest.fixture
def lender(session: db.Session) -> Lender:
    return a_lender(session)


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
    lender.gives_up(loan)
    assert loan.state == "written_off"
    assert lender.income("bad_debt") == -5_440_00
    lender.assert_rows_are_the_book()


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


def test_a_quote_is_looked_at_again_when_the_loan_is_asked_for(lender: Lender) -> None:
    ama = lender.world.ama.id
    quoted = loans.quote(lender.session, lender.group, ama, kes("5000"), 2, None, START, PROVIDER)
    lender.lends(1_000, 2)
    with pytest.raises(errors.TooManyLoans):
        loans.ask(lender.session, lender.group, ama, quoted, "the roof", lender.at, CAUSE)
    lender.rules(loans_open_max=2, loan_savings_multiple=1).saves(lender.world.ama, 4_000_00)
    loans.ask(lender.session, lender.group, ama, quoted, "the roof", lender.at, CAUSE)


def test_what_is_in_the_box_is_not_what_lies_at_the_provider(lender: Lender) -> None:
    ama = lender.world.ama.id
    with pytest.raises(errors.NotEnoughCash) as refused:
        loans.quote(lender.session, lender.group, ama, kes("100"), 1, None, START, legs.CASH_BOX)
    assert refused.value.limit == kes("0")


def test_the_terms_stay_as_they_were_asked_for(lender: Lender) -> None:
    loan = lender.asks(12_000, 4)
    lender.rules(loan_rate_percent=Decimal(50), loan_method="flat")
    lender.hands_over(loan)
    assert [row.interest_minor for row in lender.rows(loan)][:2] == [240_00, 181_77]


def test_a_loan_that_is_asked_for_is_a_line_of_the_chain(lender: Lender) -> None:
    loan = lender.asks(12_000, 4)
    line = audit_lines(lender.session, lender.group)[-1]
    assert (line.action, line.actor_id) == ("loan_asked", lender.world.ama.id)
    for said in (f'"loan":{loan.id}', '"principal":1200000', '"rate_percent":"2.0000"', '"periods":4'):
        assert said in line.data
    assert lender.asks(6_000, 4, lender.world.baraka).number == loan.number + 1


# Decided, and handed over


def test_what_was_decided_stays_so(lender: Lender) -> None:
    loan = lender.asks(12_000, 4)
    approval_id = lender.decides(loan)
    for _ in range(2):
        loans.approve(lender.session, loan, approval_id)
        assert (loan.state, loan.approval_id) == ("approved", approval_id)
    with pytest.raises(errors.NoLoan):
        loans.refuse(lender.session, loan, lender.at, CAUSE)
    other = lender.asks(1_000, 4, lender.world.baraka)
    for _ in range(2):
        loans.refuse(lender.session, other, lender.at, CAUSE)
    assert other.state == "refused"
    assert [line.action for line in audit_lines(lender.session, lender.group)].count("loan_refused") == 1
    with pytest.raises(errors.NoLoan):
        loans.approve(lender.session, other, approval_id)


def test_without_the_vote_no_money_leaves(lender: Lender) -> None:
    loan = lender.asks(12_000, 4)
    with pytest.raises(errors.NoLoan):
        loans.begin_disbursement(lender.session, loan, PROVIDER, 0, "k", lender.at, CAUSE)


def test_the_group_bears_the_fee_and_the_money_is_held_until_it_has_left(lender: Lender) -> None:
    loan = lender.asks(12_000, 4)
    loans.approve(lender.session, loan, lender.decides(loan))
    args = (lender.session, loan, PROVIDER, 40_00, "out", lender.at, CAUSE)
    out = loans.begin_disbursement(*args)
    assert loans.begin_disbursement(*args).id == out.id
    with pytest.raises(errors.NotEnoughCash) as refused:
        lender.rules(loan_savings_multiple=10).asks(18_000, 4, lender.world.baraka)
    assert refused.value.limit == kes("17960")
    receipts = [
        loans.complete_disbursement(lender.session, out, PROVIDER, 40_00, on, lender.at, CAUSE)
        for on in (START, START + timedelta(days=1))
    ]
    assert [receipt.replayed for receipt in receipts] == [False, True]
    assert (loan.state, loan.started_on, len(lender.rows(loan))) == ("active", START, 4)
    found = balances(lender.session, lender.group)
    assert found["cash", PROVIDER] == -(30_000_00 - 12_040_00)
    assert (found["loan", lender.world.ama.id], lender.income("fee_expense")) == (-12_000_00, -40_00)


def test_a_fee_that_the_group_cannot_bear_is_found_before_anything_leaves(lender: Lender) -> None:
    loan = lender.asks(30_000, 4)
    loans.approve(lender.session, loan, lender.decides(loan))
    with pytest.raises(errors.InsufficientFunds), lender.session.begin_nested():
        loans.begin_disbursement(lender.session, loan, PROVIDER, 1, "out", lender.at, CAUSE)
    assert loan.state == "approved"


def test_a_loan_out_of_the_box(lender: Lender) -> None:
    wish = contributions.begin(
        lender.session, lender.group.id, lender.world.ama.id, kes("2000"), "box", lender.at, CAUSE
    )
    contributions.complete(lender.session, wish, legs.CASH_BOX, 2_000_00, 0, lender.at, CAUSE)
    loan = lender.asks(1_500, 1)
    loans.approve(lender.session, loan, lender.decides(loan))
    lender.pays_out(loan, provider=legs.CASH_BOX)
    assert balances(lender.session, lender.group)["cash", legs.CASH_BOX] == -500_00
    lender.assert_rows_are_the_book()


def test_who_no_longer_wants_an_approved_loan_can_say_so_until_the_money_is_under_way(lender: Lender) -> None:
    loan = lender.asks(12_000, 4)
    loans.approve(lender.session, loan, lender.decides(loan))
    out = loans.begin_disbursement(lender.session, loan, PROVIDER, 0, "out", lender.at, CAUSE)
    with pytest.raises(errors.NoLoan):
        loans.cancel(lender.session, loan, lender.at, CAUSE)
    transactions.end(lender.session, lender.group.id, out.id, "failed", "the account is closed", lender.at, CAUSE)
    loans.cancel(lender.session, loan, lender.at, CAUSE)
    assert loan.state == "cancelled"
    with pytest.raises(errors.NoLoan):
        loans.begin_disbursement(lender.session, loan, PROVIDER, 0, "again", lender.at, CAUSE)
    lender.asks(12_000, 4)


def test_a_disbursement_that_comes_back_can_go_out_again(lender: Lender) -> None:
    loan = lender.lends(12_000, 4)
    loans.undo_disbursement(lender.session, loan, "reversed", lender.at, CAUSE)
    assert (loan.state, lender.wallet("loan")) == ("approved", 0)
    lender.day = START + timedelta(days=7)
    out = loans.begin_disbursement(lender.session, loan, PROVIDER, 40_00, "again", lender.at, CAUSE)
    loans.complete_disbursement(lender.session, out, PROVIDER, 40_00, lender.day, lender.at, CAUSE)
    assert lender.rows(loan)[0].due == date(2026, 3, 7)
    lender.assert_rows_are_the_book()


@pytest.mark.parametrize("since", ["paid", "charged"])
def test_a_disbursement_that_comes_back_too_late_needs_a_person(lender: Lender, since: str) -> None:
    loan = lender.lends(12_000, 4)
    if since == "paid":
        lender.pays(100)
    else:
        lender.goes_to(months(1))
    with pytest.raises(errors.NoLoan):
        loans.undo_disbursement(lender.session, loan, "reversed", lender.at, CAUSE)
    assert loan.state == "active"


def test_a_payout_that_is_tried_again_looks_at_the_savings_of_today(lender: Lender) -> None:
    loan = lender.asks(12_000, 4)
    loans.approve(lender.session, loan, lender.decides(loan))
    out = loans.begin_disbursement(lender.session, loan, PROVIDER, 0, "out", lender.at, CAUSE)
    transactions.end(lender.session, lender.group.id, out.id, "failed", "the account is closed", lender.at, CAUSE)
    lender.rules(loan_savings_multiple=1)
    with pytest.raises(errors.AboveSavingsLimit) as above:
        loans.begin_disbursement(lender.session, loan, PROVIDER, 0, "again", lender.at, CAUSE)
    assert above.value.limit == kes("10000")
    lender.rules(loan_savings_multiple=2)
    again = loans.begin_disbursement(lender.session, loan, PROVIDER, 0, "again", lender.at, CAUSE)
    assert again.state == "pending"


def test_who_is_no_member_any_more_is_lent_nothing(lender: Lender) -> None:
    loan = lender.asks(12_000, 4)
    loans.approve(lender.session, loan, lender.decides(loan))
    belonging = groups.membership(lender.session, lender.group.id, lender.world.ama.id)
    assert belonging
    groups.end_membership(lender.session, belonging, "left", lender.at, CAUSE)
    with pytest.raises(errors.NoLoan):
        loans.begin_disbursement(lender.session, loan, PROVIDER, 0, "out", lender.at, CAUSE)
