"""The worked numbers of loans to the cent, options and refusals; `test_schedule_properties.py` has any terms at all."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from core.money import MAX_MINOR, Money
from ledger import errors
from ledger.schedules import Schedule, Terms, draw_up

START = date(2026, 1, 31)


def terms(principal: str, currency: str = "KES", rate: str = "2", periods: int = 4, **others: Any) -> Terms:
    """A loan of so many major units, in equal instalments on a declining balance unless something else is said."""
    others = {"method": "declining_equal", "start": START} | others
    return Terms(Money.of_major(Decimal(principal), currency), Decimal(rate), periods, **others)


def parts(schedule: Schedule) -> list[tuple[str, str, str]]:
    """Principal, interest and total of each instalment, in major units."""
    return [(each.principal.plain, each.interest.plain, each.total.plain) for each in schedule.instalments]


def totals(schedule: Schedule) -> list[str]:
    return [each.total.plain for each in schedule.instalments]


def test_equal_instalments_on_a_declining_balance() -> None:
    schedule = draw_up(terms("12000"))
    assert parts(schedule) == [
        ("2911.49", "240", "3151.49"),
        ("2969.72", "181.77", "3151.49"),
        ("3029.11", "122.38", "3151.49"),
        ("3089.68", "61.79", "3151.47"),
    ]
    assert [each.balance.plain for each in schedule.instalments] == ["9088.51", "6118.79", "3089.68", "0"]
    assert (schedule.interest.plain, schedule.total.plain) == ("605.94", "12605.94")


def test_flat_interest_is_the_same_each_time() -> None:
    schedule = draw_up(terms("3000", rate="1", periods=3, method="flat"))
    assert parts(schedule) == [("1000", "30", "1030")] * 3
    assert schedule.total.plain == "3090"


def test_two_percent_a_month_every_two_months_are_four_percent_for_an_instalment() -> None:
    schedule = draw_up(terms("4500", rate="4", periods=9, method="flat", every=2))
    assert parts(schedule) == [("500", "180", "680")] * 9
    assert [each.due for each in schedule.instalments[:2]] == [date(2026, 3, 31), date(2026, 5, 31)]
    assert schedule.instalments[-1].due == date(2027, 7, 31), "eighteen months after the start"


def test_equal_parts_of_principal_cost_less_and_less() -> None:
    schedule = draw_up(terms("1000", rate="3", periods=3, method="declining_principal"))
    assert parts(schedule) == [("333.33", "30", "363.33"), ("333.33", "20", "353.33"), ("333.34", "10", "343.34")]


@pytest.mark.parametrize("method", ["declining_equal", "declining_principal", "flat"])
def test_money_that_costs_nothing_is_paid_back_in_equal_parts(method: str) -> None:
    assert parts(draw_up(terms("100", rate="0", periods=3, method=method))) == [
        ("33.33", "0", "33.33"),
        ("33.33", "0", "33.33"),
        ("33.34", "0", "33.34"),
    ]


@pytest.mark.parametrize("method", ["declining_equal", "declining_principal", "flat"])
def test_one_instalment_is_the_loan_and_its_interest(method: str) -> None:
    assert parts(draw_up(terms("12000", periods=1, method=method))) == [("12000", "240", "12240")]


def test_a_currency_without_decimals_is_lent_in_whole_units() -> None:
    assert parts(draw_up(terms("1200000", "UGX"))) == [
        ("291149", "24000", "315149"),
        ("296972", "18177", "315149"),
        ("302911", "12238", "315149"),
        ("308968", "6179", "315147"),
    ]
    assert parts(draw_up(terms("1000000", "XOF", rate="1", periods=3, method="declining_principal"))) == [
        ("333333", "10000", "343333"),
        ("333333", "6667", "340000"),
        ("333334", "3333", "336667"),
    ]
    assert totals(draw_up(terms("100000", "UGX", rate="1", periods=3, method="flat"))) == ["34333", "34333", "34334"]


def test_a_thousand_francs_in_three_parts_leave_one_franc_for_the_last() -> None:
    assert totals(draw_up(terms("1000", "XOF", rate="0", periods=3))) == ["333", "333", "334"]


def test_interest_half_way_between_two_units_goes_to_the_even_one() -> None:
    schedule = draw_up(terms("150", "UGX", rate="1", periods=2, method="declining_principal"))
    assert [each.interest.plain for each in schedule.instalments] == ["2", "1"], "1.5 and 0.75"
    assert draw_up(terms("250", "UGX", rate="1", periods=1)).interest.plain == "2", "2.5"


def test_an_equal_instalment_half_way_between_two_units_goes_to_the_even_one() -> None:
    """2525 · 1.02² · 2 % / (1.02² − 1) is exactly 1300.5, which decimals of 28 digits miss."""
    assert totals(draw_up(terms("2525", "UGX", periods=2)))[0] == "1300"


def test_flat_interest_that_is_no_whole_unit_is_made_up_for_at_the_end() -> None:
    schedule = draw_up(terms("133", "UGX", rate="1", periods=5, method="flat"))
    assert [each.interest.plain for each in schedule.instalments] == ["1", "1", "1", "1", "3"], "1.33 × 5 is 6.65"
    assert schedule.interest.plain == "7"


def test_flat_interest_that_was_rounded_up_stops_when_all_of_it_is_charged() -> None:
    schedule = draw_up(terms("60", "UGX", rate="1", periods=6, method="flat"))
    assert [each.interest.plain for each in schedule.instalments] == ["1", "1", "1", "1", "0", "0"], "0.6 × 6 is 3.6"


def test_a_group_that_counts_in_tens_rounds_interest_and_instalments_to_tens() -> None:
    schedule = draw_up(terms("12345", rounding_unit=10_00))
    assert parts(schedule) == [
        ("2990", "250", "3240"),
        ("3050", "190", "3240"),
        ("3110", "130", "3240"),
        ("3195", "60", "3255"),
    ]


def test_five_cents_are_the_smallest_coin_of_some_groups() -> None:
    schedule = draw_up(terms("1000", "GHS", rate="1.5", periods=3, method="declining_principal", rounding_unit=5))
    assert parts(schedule) == [("333.35", "15", "348.35"), ("333.35", "10", "343.35"), ("333.30", "5", "338.30")]


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("declining_equal", ["3200", "3200", "3200", "3000.04"]),
        ("declining_principal", ["3200", "3200", "3100", "3102.04"]),
        ("flat", ["3200", "3200", "3200", "3360"]),
    ],
)
def test_every_instalment_but_the_last_is_a_multiple(method: str, expected: list[str]) -> None:
    schedule = draw_up(terms("12000", method=method, instalment_multiple=100_00))
    assert totals(schedule) == expected
    assert schedule.instalments[-1].balance.plain == "0"


def test_interest_stays_exact_under_a_multiple() -> None:
    assert parts(draw_up(terms("12000", instalment_multiple=50_00)))[:2] == [
        ("2910", "240", "3150"),
        ("2968.20", "181.80", "3150"),
    ]


@pytest.mark.parametrize(
    ("start", "due"),
    [
        (date(2026, 1, 31), [(2026, 2, 28), (2026, 3, 31), (2026, 4, 30), (2026, 5, 31)]),
        (date(2027, 12, 30), [(2028, 1, 30), (2028, 2, 29), (2028, 3, 30), (2028, 4, 30)]),
        (date(2026, 11, 15), [(2026, 12, 15), (2027, 1, 15), (2027, 2, 15), (2027, 3, 15)]),
    ],
)
def test_a_monthly_instalment_keeps_its_day_as_well_as_the_month_allows(
    start: date, due: list[tuple[int, int, int]]
) -> None:
    schedule = draw_up(terms("12000", start=start))
    assert [each.due for each in schedule.instalments] == [date(*day) for day in due]


@pytest.mark.parametrize(
    ("every", "due"),
    [(1, [(2, 27), (3, 6), (3, 13), (3, 20)]), (2, [(3, 6), (3, 20), (4, 3), (4, 17)])],
)
def test_a_weekly_instalment_keeps_its_day_of_the_week(every: int, due: list[tuple[int, int]]) -> None:
    schedule = draw_up(terms("12000", start=date(2026, 2, 20), period="weekly", every=every))
    assert [(each.due.month, each.due.day) for each in schedule.instalments] == due


@pytest.mark.parametrize(
    ("others", "error"),
    [
        ({"principal": "0"}, errors.AmountNotPositive),
        ({"principal": "-12000"}, errors.AmountNotPositive),
        ({"periods": 0}, errors.PeriodsOutOfRange),
        ({"periods": -1}, errors.PeriodsOutOfRange),
        ({"periods": 521}, errors.PeriodsOutOfRange),
        ({"every": 0}, errors.PeriodsOutOfRange),
        ({"every": 53}, errors.PeriodsOutOfRange),
        ({"rate": "-0.01"}, errors.RateOutOfRange),
        ({"rate": "100.01"}, errors.RateOutOfRange),
        ({"rate": "1e9"}, errors.RateOutOfRange),
        ({"rate": "NaN"}, errors.RateOutOfRange),
        ({"rate": "sNaN"}, errors.RateOutOfRange),
        ({"rate": "Infinity"}, errors.RateOutOfRange),
        ({"rate": "1e-41"}, errors.RateOutOfRange),
        ({"rate": "1e-999999999"}, errors.RateOutOfRange),
        ({"rounding_unit": 0}, errors.RoundingOutOfRange),
        ({"rounding_unit": -5}, errors.RoundingOutOfRange),
        ({"instalment_multiple": 0}, errors.RoundingOutOfRange),
        ({"instalment_multiple": -100}, errors.RoundingOutOfRange),
        ({"start": date(9999, 10, 1)}, errors.DueDateOutOfRange),
        ({"start": date(9999, 12, 10), "period": "weekly"}, errors.DueDateOutOfRange),
    ],
)
def test_terms_that_nobody_can_mean_are_refused(others: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        draw_up(terms(**{"principal": "12000"} | others))


@pytest.mark.parametrize(
    ("others", "instalment"),
    [
        ({"instalment_multiple": 5_000_00}, 4),  # Paid back with the third, so nothing is left for the fourth.
        ({"instalment_multiple": 10_000_00}, 1),  # 3,151.49 is nearer to nothing.
        ({"method": "flat", "rounding_unit": 10_000_00}, 1),
        ({"rate": "100", "periods": 520}, 1),  # Every instalment would be interest only.
    ],
)
def test_a_rounding_that_would_leave_nothing_to_pay_back_is_refused(others: dict[str, Any], instalment: int) -> None:
    with pytest.raises(errors.RoundingTooCoarse) as caught:
        draw_up(terms("12000", **others))
    assert caught.value.instalment == instalment


def test_what_no_ledger_entry_could_hold_is_not_lent() -> None:
    with pytest.raises(errors.AmountTooLarge):
        draw_up(Terms(Money(MAX_MINOR, "KES"), Decimal(2), 4, "flat", START))
