"""Guarantors: their savings are held while they stand for a loan, and set free as it is paid back."""

from datetime import timedelta
from decimal import Decimal

import pytest

from core import db
from ledger import errors, guaranteeing, loans
from ledger.models import Transaction
from tests.ledger.actors import CAUSE
from tests.ledger.lending import Lender, a_lender, months


@pytest.fixture
def lender(session: db.Session) -> Lender:
    return a_lender(session)


def test_guarantors_savings_are_held_and_set_free_as_the_loan_is_paid(lender: Lender) -> None:
    lender.rules(loan_guarantors=1)
    baraka = lender.world.baraka.id
    loan = lender.asks(12_000, 4)
    guaranteeing.name_guarantor(lender.session, loan, baraka, lender.at, CAUSE)
    assert not guaranteeing.guarantors_ready(lender.session, loan)
    guaranteeing.answer_guarantee(lender.session, loan, baraka, True, lender.at, CAUSE)
    assert guaranteeing.guarantors_ready(lender.session, loan)
    assert lender.held(lender.world.baraka) == 12_000_00
    lender.hands_over(loan)
    for number, left in ((1, 9088_51), (2, 6118_79), (3, 3089_68), (4, 0)):
        lender.goes_to(months(number))
        lender.pays(3151_49)
        assert lender.held(lender.world.baraka) == left
    assert loan.state == "settled"


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
    guaranteeing.answer_guarantee(lender.session, loan, baraka, True, lender.at, CAUSE)
    with pytest.raises(errors.GuaranteeError) as answered:
        guaranteeing.name_guarantor(lender.session, loan, baraka, lender.at, CAUSE)
    assert answered.value.code == "guarantor_twice"
    loans.refuse(lender.session, loan, lender.at, CAUSE)
    assert lender.held(lender.world.baraka) == 0
    with pytest.raises(errors.GuaranteeError):
        guaranteeing.answer_guarantee(lender.session, loan, baraka, True, lender.at, CAUSE)


def test_shares_add_up_to_the_loan_whoever_refuses(lender: Lender) -> None:
    lender.rules(loan_guarantors=3)
    baraka, *others = (lender.world.baraka, *(lender.joins(name, 5_000_00) for name in ("Dalila", "Efua", "Fatou")))
    loan = lender.asks(100, 4)
    for member in (baraka, *others[:2]):
        guaranteeing.name_guarantor(lender.session, loan, member.id, lender.at, CAUSE)
    assert [each.amount_minor for each in guaranteeing.of(lender.session, loan)] == [33_34, 33_33, 33_33]
    with pytest.raises(errors.GuaranteeError) as enough:
        guaranteeing.name_guarantor(lender.session, loan, others[2].id, lender.at, CAUSE)
    assert enough.value.code == "guarantors_enough"
    # The one who refuses stood for a cent more than the others: so does who comes instead.
    guaranteeing.answer_guarantee(lender.session, loan, baraka.id, False, lender.at, CAUSE)
    for member in others[:2]:
        guaranteeing.answer_guarantee(lender.session, loan, member.id, True, lender.at, CAUSE)
    assert not guaranteeing.guarantors_ready(lender.session, loan)
    lender.stands(loan, others[2])
    assert guaranteeing.guarantors_ready(lender.session, loan)
    assert [lender.held(member) for member in others] == [33_33, 33_33, 33_34]


@pytest.mark.parametrize(
    ("after", "shares"), [(1, [40_00, 80_00]), (2, [40_00, 80_00]), (4, [40_00, 26_67, 26_67, 26_66])]
)
def test_a_rule_that_changes_meanwhile_leaves_no_loan_without_guarantors(
    lender: Lender, after: int, shares: list[int]
) -> None:
    everybody = [lender.world.baraka, *(lender.joins(name, 5_000_00) for name in ("Dalila", "Efua", "Fatou"))]
    loan = lender.rules(loan_guarantors=3).asks(120, 4)
    lender.stands(loan, everybody[0])
    lender.rules(loan_guarantors=after)
    for member in everybody[1 : len(shares)]:
        assert not guaranteeing.guarantors_ready(lender.session, loan)
        lender.stands(loan, member)
    assert guaranteeing.guarantors_ready(lender.session, loan)
    assert [lender.held(member) for member in everybody[: len(shares)]] == shares


def test_a_loan_of_a_few_cents_needs_no_guarantor_for_nothing(lender: Lender) -> None:
    lender.rules(loan_guarantors=3)
    dalila = lender.joins("Dalila", 5_000_00)
    loan = lender.asks(Decimal("0.02"), 1)
    for member in (lender.world.baraka, dalila):
        lender.stands(loan, member)
    assert guaranteeing.guarantors_ready(lender.session, loan)


def test_where_no_guarantors_are_wanted_a_loan_is_ready(lender: Lender) -> None:
    assert guaranteeing.guarantors_ready(lender.session, lender.asks(12_000, 4))


def test_savings_that_went_meanwhile_are_not_held(lender: Lender) -> None:
    loan = lender.rules(loan_guarantors=1).asks(12_000, 4)
    baraka = lender.world.baraka
    guaranteeing.name_guarantor(lender.session, loan, baraka.id, lender.at, CAUSE)
    dalila = lender.joins("Dalila", 5_000_00)
    lender.stands(lender.asks(15_000, 4, dalila), baraka)
    with pytest.raises(errors.InsufficientFunds), lender.session.begin_nested():
        guaranteeing.answer_guarantee(lender.session, loan, baraka.id, True, lender.at, CAUSE)
    assert [each.state for each in guaranteeing.of(lender.session, loan)] == ["asked"]
    guaranteeing.answer_guarantee(lender.session, loan, baraka.id, False, lender.at, CAUSE)
    assert lender.held(baraka) == 15_000_00


def test_nobody_is_named_or_says_yes_once_the_loan_is_decided(lender: Lender) -> None:
    loan = lender.rules(loan_guarantors=1).asks(6_000, 4)
    baraka = lender.world.baraka.id
    guaranteeing.name_guarantor(lender.session, loan, baraka, lender.at, CAUSE)
    lender.hands_over(loan)
    with pytest.raises(errors.GuaranteeError) as late:
        guaranteeing.answer_guarantee(lender.session, loan, baraka, True, lender.at, CAUSE)
    assert late.value.code == "guarantor_none"
    guaranteeing.answer_guarantee(lender.session, loan, baraka, False, lender.at, CAUSE)
    with pytest.raises(errors.NoLoan):
        guaranteeing.name_guarantor(lender.session, loan, lender.joins("Dalila", 9_000_00).id, lender.at, CAUSE)


def test_a_payout_that_comes_back_or_is_given_up_for_good(lender: Lender) -> None:
    loan = lender.rules(loan_guarantors=1).asks(6_000, 4)
    lender.stands(loan, lender.world.baraka)
    lender.hands_over(loan)
    loans.undo_disbursement(lender.session, loan, "reversed", lender.at, CAUSE)
    assert lender.held(lender.world.baraka) == 6_000_00  # It can go out again, so they still stand for it.
    loans.cancel(lender.session, loan, lender.at, CAUSE)
    assert lender.held(lender.world.baraka) == 0


def test_what_is_held_is_rounded_up_and_ends_with_the_loan(lender: Lender) -> None:
    lender.rules(loan_guarantors=3, loan_rate_percent=Decimal(0))
    three = [lender.world.baraka, lender.joins("Dalila", 5_000_00), lender.joins("Efua", 5_000_00)]
    loan = lender.asks(100, 1)
    for member in three:
        lender.stands(loan, member)
    lender.hands_over(loan)
    lender.pays(99_99)
    assert [lender.held(member) for member in three] == [1, 1, 1]
    lender.goes_to(months(1)).pays(1)
    guarantees = guaranteeing.of(lender.session, loan)
    assert [(each.state, each.held_minor) for each in guarantees] == [("released", 0)] * 3
    ended = [lender.session.get_one(Transaction, each.transaction_id, populate_existing=True) for each in guarantees]
    assert {(each.state, each.failure) for each in ended} == {("cancelled", "paid back")}
    assert [lender.held(member) for member in three] == [0, 0, 0]


def test_who_has_not_answered_can_be_asked_again(lender: Lender) -> None:
    lender.rules(loan_guarantors=1)
    loan, baraka = lender.asks(6_000, 4), lender.world.baraka.id
    guaranteeing.name_guarantor(lender.session, loan, baraka, lender.at, CAUSE)
    lender.day += timedelta(days=2)
    again = guaranteeing.name_guarantor(lender.session, loan, baraka, lender.at, CAUSE)
    assert (again.state, again.asked_at, again.amount_minor) == ("asked", lender.at, 6_000_00)
    assert len(guaranteeing.of(lender.session, loan)) == 1
