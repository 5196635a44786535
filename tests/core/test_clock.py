"""The business's clock: the real time, unless the sandbox has moved it by its file."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core import clock
from tests.conftest import settings_of

ADDRESSES = {"DATABASE_URL": "postgresql://unused", "REDIS_URL": "redis://unused"}


@pytest.fixture
def clock_file(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "clock"
    with settings_of(**ADDRESSES, CLOCK_FILE=str(path)):
        yield path


def test_without_a_file_it_is_now() -> None:
    with settings_of(**ADDRESSES):
        before = datetime.now(UTC)
        assert before <= clock.now() <= datetime.now(UTC)
        assert clock.offset() == timedelta(0)


@pytest.mark.parametrize("seconds", [3 * 86_400, 1, 0, -3600])
def test_the_file_moves_the_clock(clock_file: Path, seconds: int) -> None:
    clock_file.write_text(f"{seconds}\n")
    before = datetime.now(UTC)
    assert before <= clock.now() - timedelta(seconds=seconds) <= datetime.now(UTC)


def test_the_file_is_read_each_time(clock_file: Path) -> None:
    for seconds in (60, 7200):
        clock_file.write_text(str(seconds))
        assert clock.offset() == timedelta(seconds=seconds)


@pytest.mark.parametrize("content", [None, "", "tomorrow", "1.5"])
def test_a_file_that_says_nothing_moves_nothing(clock_file: Path, content: str | None) -> None:
    if content is not None:
        clock_file.write_text(content)
    assert clock.offset() == timedelta(0)


def test_now_is_aware_and_in_utc(clock_file: Path) -> None:
    assert clock.now().utcoffset() == timedelta(0)
