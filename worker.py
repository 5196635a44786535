"""A worker for one queue: `python worker.py payments`. The code is loaded before it forks, so a job starts at once."""

import sys
from importlib import import_module

from core import logs, queues
from core.settings import settings
from payments import routing

# What the jobs of a queue need, and no more: only the bot's worker carries what draws papers.
CODE = {"payments": "payments.jobs", "bot": "bot.jobs", "ticks": "cron"}


def main() -> None:
    """Works until it is told to stop; a running job is finished first."""
    if len(sys.argv) != 2 or sys.argv[1] not in queues.QUEUES:
        sys.exit(f"usage: python worker.py QUEUE\nQUEUE is one of: {', '.join(queues.QUEUES)}")
    queue = sys.argv[1]
    logs.configure(settings().log_level)
    routing.check()
    import_module(CODE[queue])
    queues.worker(queue).work(logging_level="WARNING")


if __name__ == "__main__":
    main()
