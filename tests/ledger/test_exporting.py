"""An exported book: complete, exact, safe to open in a spreadsheet, and read page by page."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from core import db
from ledger import exporting, groups, seals
from ledger.models import Group
from tests.ledger import books
from tests.ledger.actors import AT, CAUSE, World, audit_lines, person
from tests.ledger.books import Book

EXPORTED_AT = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
FILES = [
    "approvals", "audit", "entries", "members", "receipts", "reservations", "transactions", "votes", "wallets",
]  # fmt: skip


@pytest.fixture
def book(session: db.Session, world: World) -> Book:
    return books.written(session, world)


def exported(session: db.Session, group: Group, folder: Path) -> dict[str, list[dict[str, str]]]:
    exporting.export(session, group.id, folder, EXPORTED_AT)
    found = {}
    for path in folder.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.stem] = list(csv.DictReader(file))
    return found


def test_every_row_of_the_book_is_in_its_file(session: db.Session, book: Book, tmp_path: Path) -> None:
    files = exported(session, book.group, tmp_path / "book")
    assert sorted(files) == FILES
    for name in set(FILES) - {"members", "audit"}:
        count = session.scalar(text(f"SELECT count(*) FROM {name} WHERE group_id = :group"), {"group": book.group.id})
        assert len(files[name]) == count
    assert len(files["audit"]) == book.names["head"]


def test_the_book_says_whose_it_is_and_carries_the_seal_of_its_last_line(
    session: db.Session, book: Book, tmp_path: Path
) -> None:
    written = exporting.export(session, book.group.id, tmp_path / "book", EXPORTED_AT)
    about = json.loads((tmp_path / "book" / "book.json").read_text())
    head = seals.head(session, book.group.id)
    assert about["exported_at"] == "2026-12-31T23:59:00.000000Z"
    assert (about["code"], about["name"], about["currency"]) == (book.group.code, "Umoja", "KES")
    assert (about["minor_digits"], about["time_zone"]) == (2, "Africa/Nairobi")
    assert (about["seal"], about["full_seal"], written.seal) == (head.short, head.full, head.short)
    assert about["rows"]["audit"] == written.lines == head.line
    readme = (tmp_path / "book" / "README.txt").read_text()
    assert f"The book of Umoja ({book.group.code})" in readme
    assert head.short in readme
    assert head.full in readme
    assert "{" not in readme


def test_amounts_are_there_in_minor_and_in_major_units(session: db.Session, book: Book, tmp_path: Path) -> None:
    files = exported(session, book.group, tmp_path / "book")
    (arrived,) = (
        row
        for row in files["entries"]
        if (row["transaction_id"], row["wallet_id"]) == (str(book.names["dear"]), str(book.names["cash"]))
    )
    assert (arrived["amount_minor"], arrived["amount"]) == ("-699842", "-6998.42")


def test_a_currency_without_decimals_has_none(session: db.Session, tmp_path: Path) -> None:
    group = groups.create(session, person(session, "Aoko", "+256700000001"), "Kampala", AT, CAUSE)
    files = exported(session, group, tmp_path / "book")
    assert group.currency == "UGX"
    assert (files["wallets"][0]["balance_minor"], files["wallets"][0]["balance"]) == ("0", "0")


def test_a_line_of_the_history_has_all_that_its_hash_covers(session: db.Session, book: Book, tmp_path: Path) -> None:
    line, row = audit_lines(session, book.group)[-1], exported(session, book.group, tmp_path / "book")["audit"][-1]
    assert row == {
        "line": str(line.seq),
        "at": "2026-03-14T09:26:53.589793Z",
        "actor_id": "",
        "action": "contribution",
        "data": line.data,
        "channel": "sms",
        "message_id": "SM31415",
        "previous_hash": line.previous_hash.hex(),
        "hash": line.hash.hex(),
        "seal": seals.short(line.hash),
    }


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x","y")', "+1", "-1", "@SUM(A1)", "\t=1", "'=1"])
def test_a_name_is_never_a_formula(session: db.Session, world: World, tmp_path: Path, name: str) -> None:
    world.baraka.name = name
    session.flush()
    members = exported(session, world.umoja, tmp_path / "book")["members"]
    assert [member["name"] for member in members] == ["Ama", f"'{name}"]
    assert [member["member_id"] for member in members] == [str(world.ama.id), str(world.baraka.id)]


def test_an_empty_table_still_has_its_header(session: db.Session, world: World, tmp_path: Path) -> None:
    exported(session, world.umoja, tmp_path / "book")
    assert (tmp_path / "book" / "reservations.csv").read_text() == (
        "transaction_id,wallet_id,amount_minor,amount,state,created_at,ended_at\n"
    )


def test_a_book_is_read_in_pages_without_losing_a_row(session: db.Session, world: World, tmp_path: Path) -> None:
    books.tampered(
        session,
        Book(world.umoja),
        """INSERT INTO entries (group_id, transaction_id, wallet_id, amount_minor, balance_after_minor, wallet_version,
                                created_at)
           SELECT :group, n, n % 3, n, n, n, now() FROM generate_series(1, 10000) n""",
    )
    entries = exported(session, world.umoja, tmp_path / "book")["entries"]
    assert len({row["transaction_id"] for row in entries}) == len(entries) == 2 * exporting.PAGE_ROWS
    keys = [(int(row["wallet_id"]), int(row["version"])) for row in entries]
    assert keys == sorted(keys)


def test_an_export_overwrites_nothing(session: db.Session, world: World, tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        exporting.export(session, world.umoja.id, tmp_path, EXPORTED_AT)
    assert list(tmp_path.iterdir()) == []
