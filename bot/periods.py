"""Times as people name them for a statement: `october`, `2026-10`, `last month`, `this year`, `1 oct to 15 oct`."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from babel.dates import get_month_names

MONTHS_BY_DEFAULT = 3
BEGINNING = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Period:
    """From the day `first` to the day `last`, both in it."""

    first: date
    last: date

    def moments(self, time_zone: str) -> tuple[datetime, datetime]:
        """Its beginning, and the beginning of the day after it, as moments in UTC."""
        zone = ZoneInfo(time_zone)
        starts = (datetime.combine(day, time.min, zone) for day in (self.first, self.last + timedelta(days=1)))
        since, until = (moment.astimezone(UTC) for moment in starts)
        return since, until


def recent(today: date) -> Period:
    """This month and the two before it."""
    return Period(_months_back(today, MONTHS_BY_DEFAULT - 1), today)


def read(text: str, today: date, language: str) -> Period | None:
    """The period that somebody named; None when it is none. What is not over yet ends today."""
    said = re.sub(r"\s+", " ", text.strip().casefold().strip(".!?"))
    if said in ("today", "yesterday"):
        day = today if said == "today" else today - timedelta(days=1)
        return Period(day, day)
    if said in ("this week", "week"):
        return Period(today - timedelta(days=today.weekday()), today)
    if said == "last week":
        monday = today - timedelta(days=today.weekday() + 7)
        return Period(monday, monday + timedelta(days=6))
    if said in ("this month", "month"):
        return Period(today.replace(day=1), today)
    if said == "last month":
        return Period(_months_back(today, 1), today.replace(day=1) - timedelta(days=1))
    if said in ("this year", "year"):
        return Period(today.replace(month=1, day=1), today)
    if said in ("all", "everything"):
        return Period(BEGINNING, today)
    parts = re.split(r"\s+(?:to|until|till|-|–)\s+", said.removeprefix("from "))
    if len(parts) == 2:
        ends = [_span(part, today, language) for part in parts]
        if ends[0] is None or ends[1] is None or ends[1].last < ends[0].first:
            return None
        return Period(ends[0].first, min(ends[1].last, max(today, ends[0].first)))
    found = _span(said, today, language)
    return None if found is None else Period(found.first, max(found.first, min(found.last, today)))


def _span(said: str, today: date, language: str) -> Period | None:
    """A day, a month or a year. Without a year the newest one that has begun is meant."""
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", said):
        return _day(int(match[1]), int(match[2]), int(match[3]))
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})", said):
        return _month(int(match[1]), int(match[2]))
    if re.fullmatch(r"20\d\d", said):
        return Period(date(int(said), 1, 1), date(int(said), 12, 31))
    match = re.fullmatch(r"(?:(\d{1,2})(?:st|nd|rd|th)? )?([^\W\d_]+)\.?(?: (\d{4}))?", said)
    month = _months(language).get(match[2]) if match else None
    if match is None or month is None:
        return None
    day = int(match[1]) if match[1] else None
    year = int(match[3]) if match[3] else today.year
    if not match[3] and (month, day or 1) > (today.month, today.day):
        year -= 1
    return _day(year, month, day) if day else _month(year, month)


def _day(year: int, month: int, day: int) -> Period | None:
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return Period(found, found)


def _month(year: int, month: int) -> Period | None:
    if not 1 <= month <= 12 or year < BEGINNING.year:
        return None
    first = date(year, month, 1)
    return Period(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def _months_back(day: date, count: int) -> date:
    months = day.year * 12 + day.month - 1 - count
    return date(months // 12, months % 12 + 1, 1)


@cache
def _months(language: str) -> dict[str, int]:
    """The names of the months, long and short, in a language and in English."""
    names: dict[str, int] = {}
    for locale in ("en", language):
        for width in ("wide", "abbreviated"):
            for context in ("format", "stand-alone"):
                found = get_month_names(width, context, locale)
                names |= {name.casefold().strip("."): number for number, name in found.items()}
    return names | {"sept": 9}
