"""What holds for the schedule of any loan, checked against decimals of 400 digits as a second opinion."""

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from typing import get_args

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.money import MAX_MINOR, Money
from ledger import errors
from ledger.schedules import Method, Schedule, Terms, draw_up

unhurried = settings(deadline=None, max_examples=200)
currencies = st.sampled_from(["KES", "UGX", "XOF", "KWD"])
days = st.dates(date(2020, 1, 1), date(2100, 12, 31))


def all_terms(*methods: Method) -> st.SearchStrategy[Terms]:
    """Loans that somebody might agree on, with roundings that are sometimes too coarse for them."""
    return st.builds(
        Terms,
        principal=st.builds(Money, st.integers(1_000, 10**12), currencies),
        rate_percent=st.decimals(0, 15, places=4),
        periods=st.integers(1, 60),
        method=st.sampled_from(methods or get_args(Method)),
        start=days,
        period=st.sampled_from(["weekly", "monthly"]),
        every=st.integers(1, 3),
        rounding_unit=st.sampled_from([None, 1, 5, 100]),
        instalment_multiple=st.sampled_from([None, None, 10, 500]),
    )


def drawn_up(terms: Terms) -> Schedule:
    """Leaves out the loans for which the rounding is too coarse."""
    try:
        return draw_up(terms)
    except errors.RoundingTooCoarse:
        assume(False)
        raise


def half_even(amount: Decimal, unit: int) -> int:
    """The second opinion on rounding; inside a context of many digits."""
    return int((amount / unit).quantize(Decimal(1), ROUND_HALF_EVEN)) * unit


@unhurried
@given(all_terms())
def test_principals_add_up_to_the_loan_and_balances_fall_to_nothing(terms: Terms) -> None:
    balance = terms.principal
    for instalment in drawn_up(terms).instalments:
        assert instalment.principal.amount_minor > 0
        assert instalment.balance == balance - instalment.principal
        balance = instalment.balance
    assert balance.amount_minor == 0


@unhurried
@given(all_terms())
def test_every_total_is_principal_and_interest_and_so_is_the_whole(terms: Terms) -> None:
    schedule = drawn_up(terms)
    for each in schedule.instalments:
        assert each.total == each.principal + each.interest
        assert each.interest.amount_minor >= 0
    assert schedule.interest.amount_minor == sum(each.interest.amount_minor for each in schedule.instalments)
    assert schedule.total == terms.principal + schedule.interest


@unhurried
@given(all_terms())
def test_a_multiple_holds_for_every_instalment_but_the_last(terms: Terms) -> None:
    multiple = terms.instalment_multiple or terms.unit
    assert all(each.total.amount_minor % multiple == 0 for each in drawn_up(terms).instalments[:-1])


@unhurried
@given(all_terms())
def test_interest_is_rounded_to_the_unit_and_never_above_the_rate_on_the_whole_loan(terms: Terms) -> None:
    schedule = drawn_up(terms)
    assert all(each.interest.amount_minor % terms.unit == 0 for each in schedule.instalments)
    if terms.method != "flat":
        for each in schedule.instalments:
            assert each.interest.amount_minor <= terms.principal.amount_minor * terms.rate + Fraction(terms.unit, 2)
    assert schedule.interest.amount_minor <= (terms.principal.amount_minor * terms.rate + terms.unit) * terms.periods


@unhurried
@given(all_terms("declining_equal", "declining_principal"))
def test_interest_on_a_declining_balance_is_that_of_the_balance(terms: Terms) -> None:
    balance = terms.principal.amount_minor
    with localcontext(prec=400):
        for each in drawn_up(terms).instalments:
            assert each.interest.amount_minor == half_even(balance * terms.rate_percent / 100, terms.unit)
            balance = each.balance.amount_minor


@unhurried
@given(all_terms("flat"))
def test_flat_interest_adds_up_to_what_was_promised(terms: Terms) -> None:
    with localcontext(prec=400):
        promised = half_even(terms.principal.amount_minor * terms.rate_percent / 100 * terms.periods, terms.unit)
    assert drawn_up(terms).interest.amount_minor == promised


@unhurried
@given(all_terms("declining_equal"))
def test_the_equal_instalment_is_that_of_the_formula(terms: Terms) -> None:
    assume(terms.periods > 1 and terms.rate_percent > 0)
    schedule = drawn_up(terms)
    with localcontext(prec=400):
        rate = terms.rate_percent / 100
        formula = terms.principal.amount_minor * rate / (1 - (1 + rate) ** -terms.periods)
        step = terms.instalment_multiple or terms.unit
        assert abs(schedule.instalments[0].total.amount_minor - formula) <= Decimal(step) / 2


@unhurried
@given(all_terms("declining_principal"))
def test_equal_parts_of_principal_are_equal_without_a_multiple(terms: Terms) -> None:
    assume(terms.instalment_multiple is None)
    assert len({each.principal for each in drawn_up(terms).instalments[:-1]}) <= 1


@unhurried
@given(all_terms())
def test_instalments_are_numbered_and_each_is_due_after_the_one_before(terms: Terms) -> None:
    schedule = drawn_up(terms)
    assert [each.number for each in schedule.instalments] == list(range(1, terms.periods + 1))
    due = [terms.start, *(each.due for each in schedule.instalments)]
    assert due == sorted(set(due))
    if terms.period == "monthly":
        assert all(day.day == terms.start.day or (day.day < terms.start.day and day.day >= 28) for day in due)


@unhurried
@given(
    st.builds(
        Terms,
        principal=st.builds(Money, st.integers(-10, MAX_MINOR), currencies),
        rate_percent=st.decimals() | st.decimals(0, 100, places=2),
        periods=st.integers(-1, 525),
        method=st.sampled_from(get_args(Method)),
        start=st.dates(),
        period=st.sampled_from(["weekly", "monthly"]),
        every=st.integers(0, 54),
        rounding_unit=st.none() | st.integers(-1, MAX_MINOR),
        instalment_multiple=st.none() | st.integers(-1, MAX_MINOR),
    )
)
def test_whatever_the_terms_there_is_a_schedule_or_a_refusal_with_a_name(terms: Terms) -> None:
    try:
        schedule = draw_up(terms)
    except errors.LedgerError:
        return
    assert sum(each.principal.amount_minor for each in schedule.instalments) == terms.principal.amount_minor
