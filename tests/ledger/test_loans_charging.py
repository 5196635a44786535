"""What falls due: interest on its day, a penalty after the days of grace, once each, never more than the law allows."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import db
from ledger import charging, falling_due
from ledger.models import Instalment, Loan
from tests.ledger.actors import CAUSE
from tests.ledger.lending import START, Lender, a_lender, months


@pytest.fixture
def lender(session: db.Session) -> Lender:
    return a_lender(session)


def test_what_fell_due_is_charged_once_however_often_one_looks(lender: Lender) -> None:
    loan = lender.lends(12_000, 4)
    lender.goes_to(months(1))
    assert lender.income("interest_income") == 240_00
    assert charging.charge_due(lender.session, lender.group.id, loan.id, lender.day, lender.at, CAUSE) == []
    assert charging.due_loans(lender.session, lender.day, 10) == []
    assert lender.income("interest_income") == 240_00


def test_interest_without_a_rate_is_charged_without_a_movement(lender: Lender) -> None:
    lender.rules(loan_rate_percent=Decimal(0))
    loan = lender.lends(1_000, 2)
    due = charging.due_loans(lender.session, months(2) + timedelta(days=4), 10)
    assert due == [(lender.group.id, loan.id)]
    lender.goes_to(months(2) + timedelta(days=4))
    assert lender.wallet("interest_due") == 0
    assert charging.due_loans(lender.session, lender.day, 10) == []


@pytest.mark.parametrize(("lent", "penalty"), [(1_500, 22_00), (2_500, 38_00)])
def test_a_penalty_is_rounded_half_to_even_to_the_loans_unit(lender: Lender, lent: int, penalty: int) -> None:
    lender.rules(loan_penalty_percent=Decimal("1.5"), loan_grace_days=0, loan_rounding_minor=100)
    loan = lender.lends(lent, 1)
    lender.goes_to(months(1) + timedelta(days=1))
    assert lender.rows(loan)[0].penalty_minor == penalty


def test_a_penalty_is_of_what_is_unpaid_and_comes_once_for_each_instalment(lender: Lender) -> None:
    lender.rules(loan_penalty_percent=Decimal(10), loan_grace_days=3)
    loan = lender.lends(12_000, 4)
    lender.goes_to(months(1)).pays(240_00 + 1911_49)
    lender.goes_to(months(1) + timedelta(days=3))
    assert lender.wallet("penalty_due") == 0
    for days in (4, 5, 20):
        lender.goes_to(months(1) + timedelta(days=days))
        assert lender.wallet("penalty_due") == -100_00
    assert loan.defaulted_principal_minor == 10_088_51
    lender.pays(1_100_00)
    lender.goes_to(months(2)).pays(3151_49)
    lender.goes_to(months(2) + timedelta(days=9))
    assert lender.income("penalty_income") == 100_00
    lender.assert_rows_are_the_book()


def test_loans_that_have_waited_longest_are_charged_first(lender: Lender) -> None:
    lender.day = START + timedelta(days=5)
    late = lender.lends(1_000, 1)
    lender.day = START
    early = lender.lends(1_000, 1, lender.world.baraka)
    day = START + timedelta(days=60)
    assert charging.due_loans(lender.session, day, 10) == [(lender.group.id, early.id), (lender.group.id, late.id)]
    assert charging.due_loans(lender.session, day, 1) == [(lender.group.id, early.id)]


def test_a_loan_of_another_group_is_not_charged(lender: Lender) -> None:
    loan = lender.lends(12_000, 4)
    args = (months(1), lender.at, CAUSE)
    assert charging.charge_due(lender.session, lender.world.harambee.id, loan.id, *args) == []
    charged = charging.charge_due(lender.session, lender.group.id, loan.id, *args)
    assert [(each.kind, each.number, each.amount.amount_minor) for each in charged] == [("interest", 1, 240_00)]


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


def test_interest_that_fell_due_before_the_default_does_not_count_whenever_the_clock_looks(lender: Lender) -> None:
    lender.rules(loan_period="weekly", loan_rate_percent=Decimal(30), loan_grace_days=10, loan_method="flat")
    first, second = lender.lends(1_000, 10), lender.lends(1_000, 10, lender.world.baraka)
    for days in range(1, 101):
        day = START + timedelta(days=days)
        charging.charge_due(lender.session, lender.group.id, first.id, day, lender.at, CAUSE)
    charging.charge_due(lender.session, lender.group.id, second.id, day, lender.at, CAUSE)
    for loan in (first, second):
        # Two weeks' interest was due when the first instalment was late, on day 18.
        assert sum(row.interest_charged_minor for row in lender.rows(loan)) == 600_00 + 1_000_00
        assert loan.charged_since_default_minor == loan.defaulted_principal_minor == 1_000_00
    lender.assert_rows_are_the_book()


@given(
    rows=st.lists(
        st.tuples(st.integers(1, 40), st.integers(1, 10_000), st.integers(0, 9_000), st.integers(0, 9_999)),
        min_size=1,
        max_size=6,
    ),
    grace=st.integers(0, 60),
    percent=st.sampled_from(("0", "1.5", "33.3333", "100")),
    base=st.sampled_from(("principal", "instalment")),
    unit=st.sampled_from((None, 5, 100)),
)
def test_looking_every_day_or_once_at_the_end_charges_the_same(
    rows: list[tuple[int, int, int, int]], grace: int, percent: str, base: str, unit: int | None
) -> None:
    found = []
    for looks in ([START + timedelta(days=days) for days in range(400)], [START + timedelta(days=399)]):
        loan = Loan(
            grace_days=grace, penalty_percent=Decimal(percent), penalty_base=base, rounding_minor=unit,
            charged_since_default_minor=0,
        )  # fmt: skip
        drawn = instalments_of(rows)
        for day in looks:
            charge(loan, drawn, day)
        found.append(
            [(row.interest_charged_minor, row.penalty_minor, row.penalty_is_charged) for row in drawn]
            + [(loan.defaulted_principal_minor, loan.charged_since_default_minor)]
        )
    assert found[0] == found[1]
    assert (loan.defaulted_principal_minor or 0) >= loan.charged_since_default_minor


def instalments_of(rows: list[tuple[int, int, int, int]]) -> list[Instalment]:
    due, drawn = START, list[Instalment]()
    for number, (days, principal, interest, paid) in enumerate(rows, start=1):
        due += timedelta(days=days)
        drawn.append(
            Instalment(
                number=number, due=due, principal_minor=principal, interest_minor=interest, interest_charged_minor=0,
                interest_is_charged=False, penalty_minor=0, penalty_is_charged=False,
                paid_principal_minor=min(paid, principal - 1), paid_interest_minor=0, paid_penalty_minor=0,
            )
        )  # fmt: skip
    return drawn


def charge(loan: Loan, rows: list[Instalment], day: date) -> None:
    fallen = falling_due.by(loan, rows, day)
    loan.defaulted_principal_minor = fallen.defaulted_principal
    loan.charged_since_default_minor = fallen.charged_since_default
    for each in fallen.charges:
        row = rows[each.number - 1]
        if each.kind == "interest":
            row.interest_charged_minor, row.interest_is_charged = each.amount_minor, True
        else:
            row.penalty_minor, row.penalty_is_charged = each.amount_minor, True
