"""Times as people name them."""

from datetime import UTC, date, datetime

import pytest

from bot import periods
from bot.periods import BEGINNING, Period

TODAY = date(2026, 11, 24)
READ = {
    "today": (TODAY, TODAY),
    "yesterday": (date(2026, 11, 23), date(2026, 11, 23)),
    "this week": (date(2026, 11, 23), TODAY),
    "last week": (date(2026, 11, 16), date(2026, 11, 22)),
    "this month": (date(2026, 11, 1), TODAY),
    "last month": (date(2026, 10, 1), date(2026, 10, 31)),
    "this year": (date(2026, 1, 1), TODAY),
    "all": (BEGINNING, TODAY),
    "october": (date(2026, 10, 1), date(2026, 10, 31)),
    "Oct.": (date(2026, 10, 1), date(2026, 10, 31)),
    "OCTOBER 2025": (date(2025, 10, 1), date(2025, 10, 31)),
    "december": (date(2025, 12, 1), date(2025, 12, 31)),
    "november": (date(2026, 11, 1), TODAY),
    "sept": (date(2026, 9, 1), date(2026, 9, 30)),
    "2026-02": (date(2026, 2, 1), date(2026, 2, 28)),
    "2024-2": (date(2024, 2, 1), date(2024, 2, 29)),
    "2025": (date(2025, 1, 1), date(2025, 12, 31)),
    "2026-10-05": (date(2026, 10, 5), date(2026, 10, 5)),
    "5 october": (date(2026, 10, 5), date(2026, 10, 5)),
    "5th oct 2025": (date(2025, 10, 5), date(2025, 10, 5)),
    "1 oct to 15 oct": (date(2026, 10, 1), date(2026, 10, 15)),
    "from 2026-10-01 to 2026-10-15": (date(2026, 10, 1), date(2026, 10, 15)),
    "september to november": (date(2026, 9, 1), TODAY),
    "december to january": (date(2025, 12, 1), date(2026, 1, 31)),
}


@pytest.mark.parametrize("said", READ)
def test_a_time_is_understood(said: str) -> None:
    assert periods.read(said, TODAY, "en") == Period(*READ[said])


@pytest.mark.parametrize(
    "said", ["foo", "31 february", "2026-13", "2026-02-30", "15 oct to 1 oct", "to", "1999-01", "5", "a to b"]
)
def test_anything_else_is_no_time(said: str) -> None:
    assert periods.read(said, TODAY, "en") is None


def test_months_are_known_in_the_members_language_too() -> None:
    assert periods.read("octobre", TODAY, "fr") == periods.read("october", TODAY, "fr")


def test_without_a_time_it_is_this_month_and_the_two_before() -> None:
    assert periods.recent(TODAY) == Period(date(2026, 9, 1), TODAY)
    assert periods.recent(date(2026, 1, 31)).first == date(2025, 11, 1)


def test_days_begin_and_end_where_the_group_lives() -> None:
    since, until = Period(date(2026, 10, 1), date(2026, 10, 31)).moments("Africa/Nairobi")
    assert since == datetime(2026, 9, 30, 21, tzinfo=UTC)
    assert until == datetime(2026, 10, 31, 21, tzinfo=UTC)
