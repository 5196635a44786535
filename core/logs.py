"""Logs: one line per event with named fields from an allow list, so that nobody's phone or name slips in."""

import json
import logging
import re
import traceback
from datetime import UTC, datetime

from sqlalchemy.exc import DBAPIError

from core.db import describe

FIELDS = (
    "call", "outcome", "detail", "ms", "error", "error_code", "outbox_id", "kind", "checkout", "reference", "reason",
    "quoted", "charged", "notification", "channel",
)  # fmt: skip

# A database error may quote a phone number; three digits are enough to find it. Other people's texts (messages and
# exceptions) may also hold it without its plus; our own fields hold references, which must stay whole.
PHONE = re.compile(r"(?:\+|%2B)\d{4,12}(\d{3})(?!\d)")
LONG_NUMBER = re.compile(r"(?:\+|%2B)?(?<!\d)\d{8,12}(\d{3})(?!\d)")


class JSONLines(logging.Formatter):
    """One JSON object per line: time, level, logger, message, and the allowed fields of `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": LONG_NUMBER.sub(r"…\1", record.getMessage()),
        }
        line.update({field: getattr(record, field) for field in FIELDS if hasattr(record, field)})
        if record.exc_info:
            line["exception"] = LONG_NUMBER.sub(r"…\1", _traceback(record.exc_info[1]))
        return PHONE.sub(r"…\1", json.dumps(line, default=str, ensure_ascii=False))


def _traceback(error: BaseException | None) -> str:
    """Where each error of the chain happened and what it was, without the rows that database errors quote."""
    parts: list[str] = []
    while error is not None:
        parts.insert(0, "".join(traceback.format_tb(error.__traceback__)) + describe(error))
        quotes_rows = isinstance(error, DBAPIError)
        # What lies under a database error is the driver's own, with the same text.
        error = None if quotes_rows else error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nThe above led to:\n".join(parts)


def configure(level: str) -> None:
    """Sends every logger of this process to standard error; chatty libraries only from WARNING on."""
    handler = logging.StreamHandler()
    handler.setFormatter(JSONLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("twilio.http_client", "urllib3", "rq", "rq.worker", "rq.cron"):
        logging.getLogger(noisy).setLevel("WARNING")
