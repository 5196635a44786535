"""A group's whole book as files that anybody can open, and that `tools/verify_book.py` checks without this product.

One moment of the book (run it in `verifying.snapshot()`), read page by page, so memory does not grow with the book. The
files hold members' names, but no phone numbers. Whoever gets them can compute every hash again.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from core.db import Session
from core.money import Money, minor_digits
from ledger import seals
from ledger.models import (
    Approval,
    AuditRow,
    Entry,
    Group,
    Membership,
    Receipt,
    Reservation,
    Transaction,
    User,
    Vote,
    Wallet,
)

FORMAT_VERSION = 3
PAGE_ROWS = 5_000
# A spreadsheet takes a cell that begins so for a formula; after an apostrophe it is text. `verify_book.py` undoes it.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
README = Path(__file__).parent / "book-readme.txt"


@dataclass(frozen=True, slots=True)
class Book:
    """What was written: how many lines of the chain and entries, and the seal of the last line."""

    lines: int
    entries: int
    seal: str


@dataclass(frozen=True, slots=True)
class _Table:
    """A file with these columns, in the order of `key`, which is unique in a group."""

    key: Sequence[InstrumentedAttribute[Any]]
    columns: Mapping[str, InstrumentedAttribute[Any]]


def export(session: Session, group_id: int, folder: Path, at: datetime) -> Book:
    """Writes the book into `folder`. Raises `FileExistsError` when the folder is there already."""
    group = session.get_one(Group, group_id)
    folder.mkdir(parents=True)
    rows = {"members": _write(folder / "members.csv", _MEMBER_HEADER, _members(session, group_id))}
    for name, table in _TABLES.items():
        lines = (_line(table, row, group.currency) for row in _read(session, group_id, table))
        rows[name] = _write(folder / f"{name}.csv", _header(table), lines)
    head = seals.head(session, group_id)
    _describe(folder, group, head, rows, at)
    return Book(rows["audit"], rows["entries"], head.short)


def _describe(folder: Path, group: Group, head: seals.Seal, rows: dict[str, int], at: datetime) -> None:
    book = {
        "format": FORMAT_VERSION,
        "group_id": group.id,
        "code": group.code,
        "name": group.name,
        "currency": group.currency,
        "minor_digits": minor_digits(group.currency),
        "time_zone": group.time_zone,
        "exported_at": _plain(at),
        "seal": head.short,
        "full_seal": head.full,
        "rows": rows,
        "how_to_check": "python3 verify_book.py FOLDER --seal SEAL, with every seal that somebody has kept",
    }
    (folder / "book.json").write_text(json.dumps(book, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    readme = README.read_text(encoding="utf-8").format_map(book | {"folder": folder.name})
    (folder / "README.txt").write_text(readme, encoding="utf-8")


def _write(path: Path, header: Sequence[str], lines: Iterable[Sequence[Any]]) -> int:
    """Returns how many lines there were, without the header."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for line in lines:
            writer.writerow(line)
            count += 1
    return count


def _read(session: Session, group_id: int, table: _Table) -> Iterator[RowMapping]:
    """All rows, a page at a time, each page after the last key of the one before."""
    keys = [key.label(f"key{number}") for number, key in enumerate(table.key)]
    columns = [column.label(name) for name, column in table.columns.items()]
    statement = select(*columns, *keys).where(table.key[0].class_.group_id == group_id).order_by(*table.key)
    statement = statement.limit(PAGE_ROWS)
    page = session.execute(statement).mappings().all()
    yield from page
    while len(page) == PAGE_ROWS:
        last = tuple_(*(page[-1][f"key{number}"] for number in range(len(keys))))
        page = session.execute(statement.where(tuple_(*table.key) > last)).mappings().all()
        yield from page


def _members(session: Session, group_id: int) -> Iterator[list[Any]]:
    """A group's members are few, and their names have to be opened."""
    rows = session.execute(
        select(User.id, User.uid, User.name_sealed, Membership.role, Membership.status, Membership.joined_at)
        .join(User, User.id == Membership.user_id)
        .where(Membership.group_id == group_id)
        .order_by(Membership.id)
    )
    for row in rows:
        cells = (row.id, User.name.of(row), row.role, row.status, row.joined_at)
        yield [_plain(cell) for cell in cells]


def _header(table: _Table) -> list[str]:
    """An amount has two columns (minor and major units), and so has a hash (in full and its seal)."""
    return [header for name in table.columns for header in _headers(name)]


def _headers(name: str) -> tuple[str, ...]:
    if name.endswith("_minor"):
        return name, name.removesuffix("_minor")
    return (name, "seal") if name == "hash" else (name,)


def _line(table: _Table, row: RowMapping, currency: str) -> list[Any]:
    return [_plain(cell) for name in table.columns for cell in _cells(name, row[name], currency)]


def _cells(name: str, value: Any, currency: str) -> tuple[Any, ...]:
    if name.endswith("_minor"):
        return (value, value if value is None else Money(value, currency).major)
    return (value, seals.short(value)) if name == "hash" else (value,)


def _plain(value: Any) -> str:
    """A cell. Numbers stay numbers, also with a minus; text is never a formula."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return str(value)


_MEMBER_HEADER = ("member_id", "name", "role", "status", "joined_at")

_TABLES = {
    "wallets": _Table(
        key=(Wallet.id,),
        columns={
            "wallet_id": Wallet.id,
            "kind": Wallet.kind,
            "member_id": Wallet.user_id,
            "provider": Wallet.provider,
            "balance_minor": Wallet.balance_minor,
            "reserved_minor": Wallet.reserved_minor,
            "version": Wallet.version,
        },
    ),
    "transactions": _Table(
        key=(Transaction.id,),
        columns={
            "transaction_id": Transaction.id,
            "kind": Transaction.kind,
            "state": Transaction.state,
            "member_id": Transaction.user_id,
            "currency": Transaction.currency,
            "amount_minor": Transaction.amount_minor,
            "created_at": Transaction.created_at,
            "completed_at": Transaction.completed_at,
            "channel": Transaction.channel,
            "reverses_id": Transaction.reverses_id,
            "approval_id": Transaction.approval_id,
            "returns_id": Transaction.returns_id,
            "reason": Transaction.reason,
            "failure": Transaction.failure,
        },
    ),
    "entries": _Table(
        key=(Entry.wallet_id, Entry.wallet_version),
        columns={
            "wallet_id": Entry.wallet_id,
            "version": Entry.wallet_version,
            "transaction_id": Entry.transaction_id,
            "amount_minor": Entry.amount_minor,
            "balance_after_minor": Entry.balance_after_minor,
            "at": Entry.created_at,
        },
    ),
    "receipts": _Table(
        key=(Receipt.number,),
        columns={
            "number": Receipt.number,
            "transaction_id": Receipt.transaction_id,
            "line": Receipt.seq,
            "at": Receipt.issued_at,
        },
    ),
    "reservations": _Table(
        key=(Reservation.transaction_id, Reservation.wallet_id),
        columns={
            "transaction_id": Reservation.transaction_id,
            "wallet_id": Reservation.wallet_id,
            "amount_minor": Reservation.amount_minor,
            "state": Reservation.state,
            "created_at": Reservation.created_at,
            "ended_at": Reservation.ended_at,
        },
    ),
    "approvals": _Table(
        key=(Approval.id,),
        columns={
            "approval_id": Approval.id,
            "kind": Approval.kind,
            "asked_by": Approval.asked_by,
            "member_id": Approval.user_id,
            "amount_minor": Approval.amount_minor,
            "destination": Approval.destination,
            "facts_hash": Approval.facts_hash,
            "state": Approval.state,
            "why": Approval.ended_why,
            "eligible": Approval.eligible,
            "yes": Approval.yes,
            "no": Approval.no,
            "opened_at": Approval.opened_at,
            "closes_at": Approval.closes_at,
            "decided_at": Approval.decided_at,
        },
    ),
    "votes": _Table(
        key=(Vote.approval_id, Vote.user_id),
        columns={
            "approval_id": Vote.approval_id,
            "member_id": Vote.user_id,
            "choice": Vote.choice,
            "at": Vote.voted_at,
            "channel": Vote.channel,
        },
    ),
    "audit": _Table(
        key=(AuditRow.seq,),
        columns={
            "line": AuditRow.seq,
            "at": AuditRow.at,
            "actor_id": AuditRow.actor_id,
            "action": AuditRow.action,
            "data": AuditRow.data,
            "channel": AuditRow.channel,
            "message_id": AuditRow.message_id,
            "previous_hash": AuditRow.previous_hash,
            "hash": AuditRow.hash,
        },
    ),
}
