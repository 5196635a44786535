"""Where a benchmark runs: embedded servers on a temporary folder, with all tables, and settings for every process.

PostgreSQL keeps its defaults: a commit that is not on the disk yet does not count as one.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.reporting import progress
from core import db
from sandbox import services
from sandbox.house import House


@contextmanager
def stage() -> Iterator[House]:
    """A migrated house of which nothing runs yet; this process and its children have its settings."""
    with tempfile.TemporaryDirectory(prefix="groupwallet-bench-") as name:
        folder = Path(name)
        progress("PostgreSQL and Redis on a temporary folder")
        with services.postgresql(folder / "postgresql") as database_url, services.redis(folder / "redis") as redis_url:
            house = House(database_url, redis_url, folder)
            # A deployment has no movable clock, so no message there reads its file.
            os.environ.update({**house.environment(), "CLOCK_FILE": ""})
            progress("Tables")
            house.migrate()
            yield house
            db.engine().dispose()
