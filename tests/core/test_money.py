"""Money: whole minor units of one currency, shown as people write it."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import MoneyError
from core.money import MAX_MINOR, Money, minor_digits

unhurried = settings(deadline=None, max_examples=60)
currencies = st.sampled_from(["KES", "NGN", "GHS", "ZAR", "UGX", "RWF", "XOF", "XAF", "TZS", "USD", "KWD"])
amounts = st.integers(-MAX_MINOR, MAX_MINOR)


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("KES", 2), ("NGN", 2), ("GHS", 2), ("ZAR", 2), ("TZS", 2), ("UGX", 0), ("RWF", 0), ("XOF", 0), ("XAF", 0)],
)
def test_a_currency_has_its_decimals(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits


@pytest.mark.parametrize("currency", ["", "kes", "KSH", "KESS", "€", "12A"])
def test_an_unknown_currency_is_refused(currency: str) -> None:
    with pytest.raises(MoneyError):
        Money(1, currency)


@pytest.mark.parametrize("amount", [1.0, 0.1, True, False, "1", None, Decimal(1), float("inf")])
def test_only_whole_numbers_are_amounts(amount: Any) -> None:
    with pytest.raises(MoneyError):
        Money(amount, "KES")


@pytest.mark.parametrize("amount_minor", [MAX_MINOR + 1, -MAX_MINOR - 1, 10**30])
def test_an_amount_that_no_ledger_entry_can_hold_is_refused(amount_minor: int) -> None:
    with pytest.raises(MoneyError):
        Money(amount_minor, "KES")


def test_a_sum_that_no_ledger_entry_can_hold_is_refused() -> None:
    with pytest.raises(MoneyError):
        Money(MAX_MINOR, "KES") + Money(1, "KES")


@pytest.mark.parametrize(
    ("amount_minor", "currency", "shown", "plain"),
    [
        (500_000, "KES", "KES 5,000", "5000"),
        (7_615, "KES", "KES 76.15", "76.15"),
        (7_610, "KES", "KES 76.10", "76.10"),
        (1, "NGN", "NGN 0.01", "0.01"),
        (0, "KES", "KES 0", "0"),
        (-123_456_789, "KES", "KES -1,234,567.89", "-1234567.89"),
        (5_000, "UGX", "UGX 5,000", "5000"),
        (1_234_567, "XOF", "XOF 1,234,567", "1234567"),
        (1_001, "KWD", "KWD 1.001", "1.001"),
        (MAX_MINOR, "KES", "KES 92,233,720,368,547,758.07", "92233720368547758.07"),
    ],
)
def test_an_amount_is_shown_as_people_write_it(amount_minor: int, currency: str, shown: str, plain: str) -> None:
    money = Money(amount_minor, currency)
    assert (str(money), money.plain) == (shown, plain)


@pytest.mark.parametrize(
    ("amount", "currency", "amount_minor"),
    [("76.15", "KES", 7_615), ("5000", "KES", 500_000), ("5e3", "KES", 500_000), ("5000", "UGX", 5_000)],
)
def test_major_units_become_minor_units(amount: str, currency: str, amount_minor: int) -> None:
    assert Money.of_major(Decimal(amount), currency) == Money(amount_minor, currency)


@pytest.mark.parametrize(
    ("amount", "currency"), [("76.155", "KES"), ("0.5", "UGX"), ("0.5", "XOF"), ("NaN", "KES"), ("1e30", "KES")]
)
def test_major_units_that_are_no_minor_units_are_refused(amount: str, currency: str) -> None:
    with pytest.raises(MoneyError):
        Money.of_major(Decimal(amount), currency)


def test_two_currencies_are_neither_added_nor_subtracted() -> None:
    with pytest.raises(MoneyError):
        Money(1, "KES") + Money(1, "UGX")
    with pytest.raises(MoneyError):
        Money(1, "KES") - Money(1, "UGX")


def test_the_same_figure_in_two_currencies_is_not_the_same_money() -> None:
    assert Money(100, "KES") != Money(100, "NGN")


@unhurried
@given(amounts, currencies)
def test_major_units_lead_back_to_the_same_money(amount_minor: int, currency: str) -> None:
    money = Money(amount_minor, currency)
    assert Money.of_major(money.major, currency) == money
    assert Money.of_major(Decimal(money.plain), currency) == money


@unhurried
@given(amounts, currencies)
def test_what_is_shown_says_the_exact_amount(amount_minor: int, currency: str) -> None:
    money = Money(amount_minor, currency)
    code, figures = str(money).split(" ")
    assert (code, Decimal(figures.replace(",", ""))) == (currency, money.major)


@unhurried
@given(st.integers(-(10**15), 10**15), st.integers(-(10**15), 10**15), currencies)
def test_sums_are_exact_and_can_be_taken_back(first: int, second: int, currency: str) -> None:
    total = Money(first, currency) + Money(second, currency)
    assert total.amount_minor == first + second
    assert total - Money(second, currency) == Money(first, currency)
    assert total - total == Money(0, currency)
