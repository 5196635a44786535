"""Seals: the short code that stands for a group's whole book up to one line of its chain.

A seal is the first 32 bits of that line's hash (SHA-256), printed like `9F3A-22C1`, so that it fits a text message and
can be read aloud. Two lines of one book share a seal by chance once in 4 billion; the documents carry the whole hash
beside it, for whoever suspects that somebody searched for a second book with the same short seals.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from core.db import Session
from ledger import audit

LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class Seal:
    """The seal of line `line`: `short` for people, `full` as 64 hexadecimal digits; `action` is what the line says."""

    short: str
    full: str
    line: int
    at: datetime
    action: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Where a seal stands in the book of `last_line` lines; `intact` when every line up to it is as it was sealed."""

    seal: Seal
    last_line: int
    intact: bool


def short(line_hash: bytes) -> str:
    """The hash as people pass it on: `9F3A-22C1`."""
    figures = line_hash[:LENGTH_BYTES].hex().upper()
    return f"{figures[:4]}-{figures[4:]}"


def read(written: str) -> bytes | None:
    """The seal in what somebody wrote ("9f3a 22c1", with an O for a nought), or all 64 digits of it off a paper.

    The bytes that the hash begins with: 4 or 32. None when it is no seal.
    """
    figures = re.sub(r"[^0-9A-Z]", "", written.upper()).replace("O", "0").replace("I", "1").replace("L", "1")
    return bytes.fromhex(figures) if re.fullmatch(r"[0-9A-F]{8}|[0-9A-F]{64}", figures) else None


def head(session: Session, group_id: int) -> Seal:
    """The seal of the whole book as it stands now."""
    return of(session.execute(_HEAD, {"group": group_id}).one())


def find(session: Session, group_id: int, start_of_hash: bytes) -> Finding | None:
    """Where the seal stands in the group's book, and whether all before it is intact; None when it stands nowhere.

    `start_of_hash` is what `read` gave, or the whole hash of a paper. Computes every line up to the seal again,
    at about 3 µs a line.
    """
    row = _line(session, group_id, start_of_hash)
    if row is None:
        return None
    broken = audit.first_broken_line(session, group_id, row.seq)
    return Finding(of(row), row.last_line, intact=broken is None)


def stands(session: Session, group_id: int, start_of_hash: bytes) -> bool:
    """Whether any line of the group's book has this seal; says nothing about the lines before it."""
    return _line(session, group_id, start_of_hash) is not None


def of(row: Row[Any]) -> Seal:
    """The seal of a line of the audit log (`seq`, `at`, `action`, `hash`)."""
    line_hash = bytes(row.hash)
    return Seal(short(line_hash), line_hash.hex(), row.seq, row.at, row.action)


def _line(session: Session, group_id: int, start_of_hash: bytes) -> Row[Any] | None:
    values = {"group": group_id, "seal": start_of_hash[:LENGTH_BYTES], "start": start_of_hash}
    return session.execute(_FIND, values).one_or_none()


_HEAD = text("SELECT seq, at, action, hash FROM audit_log WHERE group_id = :group ORDER BY seq DESC LIMIT 1")

_FIND = text("""
    SELECT seq, at, action, hash, (SELECT max(seq) FROM audit_log WHERE group_id = :group) AS last_line
      FROM audit_log WHERE group_id = :group AND substr(hash, 1, 4) = :seal AND substr(hash, 1, length(:start)) = :start
     ORDER BY seq LIMIT 1""")
