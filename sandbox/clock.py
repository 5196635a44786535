"""The clock that the sandbox and the product share: real time plus an offset kept in one small file.

The file holds the offset in whole seconds, as text. Only the sandbox writes it, by an atomic rename, so a
reader never sees half a number.
"""

import os
import re
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

SECONDS_PER_UNIT = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
MAX_OFFSET_SECONDS = 20 * 365 * 86_400
SPAN = re.compile(r"(\d{1,9})([smhdw])")


class SpanError(ValueError):
    """A span of time that cannot be read, or that leads too far away."""


@dataclass(frozen=True)
class SandboxClock:
    path: Path

    def offset_seconds(self) -> int:
        try:
            return int(self.path.read_text().strip() or 0)
        except FileNotFoundError:
            return 0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.offset_seconds())

    def forward(self, span: str) -> None:
        """Move on by a span such as `90s`, `15m`, `24h`, `3d` or `2w`; `1d 12h` adds up.

        Raises:
            SpanError: the span is not one, or the clock would be more than 20 years ahead.
        """
        self._write(self.offset_seconds() + seconds_of(span))

    def reset(self) -> None:
        self._write(0)

    def _write(self, offset_seconds: int) -> None:
        if offset_seconds > MAX_OFFSET_SECONDS:
            raise SpanError("The clock cannot go more than 20 years ahead.")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=self.path.name)
        with os.fdopen(handle, "w") as file:
            file.write(str(offset_seconds))
        # mkstemp makes the file private, and the product may run as another user.
        os.chmod(name, 0o644)
        os.replace(name, self.path)


def seconds_of(span: str) -> int:
    parts = span.replace(" ", "").lower()
    found = SPAN.findall(parts)
    if not found or "".join(number + unit for number, unit in found) != parts:
        raise SpanError(f"'{span}' is not a span of time; write for example 90s, 15m, 24h, 3d or 2w.")
    return sum(int(number) * SECONDS_PER_UNIT[unit] for number, unit in found)
