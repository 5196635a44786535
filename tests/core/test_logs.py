"""Logs: one JSON object per line, with the fields of the allow list and nobody's phone number."""

import io
import json
import logging
from typing import Any

import pytest

from core import logs

AMA = "+254712345678"


@pytest.fixture
def lines() -> io.StringIO:
    """What the process would print, with logging as the processes configure it."""
    logs.configure("INFO")
    stream = io.StringIO()
    for handler in logging.getLogger().handlers:
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(stream)
    return stream


def read(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_an_event_is_one_line_with_time_level_and_logger(lines: io.StringIO) -> None:
    logging.getLogger("ledger").warning("two lines\nof %s", "text")
    [line] = read(lines)
    assert line.pop("at").endswith("+00:00")
    assert line == {"level": "WARNING", "logger": "ledger", "message": "two lines\nof text"}


def test_allowed_fields_are_kept_and_all_others_dropped(lines: io.StringIO) -> None:
    logging.getLogger("x").info(
        "m", extra={"outbox_id": 7, "kind": "bot.deliver", "name_of_payer": "Ama", "body": "hi"}
    )
    [line] = read(lines)
    assert (line["outbox_id"], line["kind"]) == (7, "bot.deliver")
    assert "Ama" not in lines.getvalue() and "body" not in line


@pytest.mark.parametrize(
    "text", [AMA, f"whatsapp:{AMA}", f"Key (phone)=({AMA}) already exists.", f"to {AMA}, from {AMA}\n", f'"{AMA}"']
)
def test_a_phone_number_keeps_its_last_three_digits(lines: io.StringIO, text: str) -> None:
    logging.getLogger("x").error("sent to %s", text, extra={"detail": text, "error": ValueError(text)})
    assert "71234567" not in lines.getvalue()
    [line] = read(lines)
    assert "…678" in line["message"] and "…678" in line["detail"] and "…678" in line["error"]


def test_a_traceback_is_kept_in_the_line_without_phone_numbers(lines: io.StringIO) -> None:
    try:
        raise ValueError(f"no such number: {AMA}")
    except ValueError:
        logging.getLogger("x").exception("refused")
    [line] = read(lines)
    assert "test_logs.py" in line["exception"] and "…678" in line["exception"]
    assert AMA not in lines.getvalue()


def test_amounts_and_ids_are_not_masked(lines: io.StringIO) -> None:
    logging.getLogger("x").info("KES +5000, transaction 254712345, gw-12-ab34", extra={"quoted": 7614})
    [line] = read(lines)
    assert line["message"] == "KES +5000, transaction 254712345, gw-12-ab34"
    assert line["quoted"] == 7614


def test_what_is_no_json_is_written_as_text(lines: io.StringIO) -> None:
    logging.getLogger("x").info("m", extra={"detail": {1}, "reason": "ĝ ☂"})
    [line] = read(lines)
    assert (line["detail"], line["reason"]) == ("{1}", "ĝ ☂")


@pytest.mark.parametrize("chatty", ["twilio.http_client", "urllib3", "rq.worker"])
def test_libraries_that_log_addresses_are_quiet(lines: io.StringIO, chatty: str) -> None:
    logging.getLogger(chatty).info("POST To=%s", AMA)
    assert lines.getvalue() == ""
