"""A worker for one queue: `python worker.py payments`. The code is loaded before it forks, so a job starts at once."""

import sys

import bot.jobs  # noqa: F401  (loaded here, so that no forked job has to)
import payments.jobs  # noqa: F401
from core import logs, queues
from core.settings import settings


def main() -> None:
    """Works until it is told to stop; a running job is finished first."""
    if len(sys.argv) != 2 or sys.argv[1] not in queues.QUEUES:
        sys.exit(f"usage: python worker.py QUEUE\nQUEUE is one of: {', '.join(queues.QUEUES)}")
    logs.configure(settings().log_level)
    queues.worker(sys.argv[1]).work(logging_level="WARNING")


if __name__ == "__main__":
    main()
