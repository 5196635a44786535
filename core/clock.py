"""What time it is, for everything that the business dates: deadlines, windows, receipts.

Only the sandbox moves this clock, by a file that holds an offset in seconds; settings refuse the file in production.
Leases and back-offs of the outbox use the database's own clock instead, so moving this one never re-runs a job.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.settings import settings


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC) + offset()


def offset() -> timedelta:
    """How far the sandbox has moved the clock; zero without a sandbox."""
    path = settings().clock_file
    if path is None:
        return timedelta(0)
    try:
        return timedelta(seconds=int(path.read_text()))
    except (FileNotFoundError, ValueError):
        return timedelta(0)


def day_at(moment: datetime, time_zone: str) -> date:
    """The day that it is there at that moment: what is due "on the 5th" is due by the clock of the group."""
    return moment.astimezone(ZoneInfo(time_zone)).date()
