"""`tools/verify_book.py` finds in the exported files alone whatever somebody does to a book."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core import db
from ledger import exporting, seals
from tests.conftest import ROOT
from tests.ledger import books
from tests.ledger.actors import World, populated
from tests.ledger.books import Book
from tests.ledger.tamperings import BEFORE_VOTES, REHASHED_TAIL, TAMPERINGS
from tools import verify_book
from tools.verify_book import BadBook, Fault

TOOL = ROOT / "tools" / "verify_book.py"


@pytest.fixture
def world(session: db.Session) -> World:
    return populated(session)


@pytest.fixture
def book(session: db.Session, world: World) -> Book:
    return books.written(session, world)


@pytest.fixture
def folder(session: db.Session, book: Book, tmp_path: Path) -> Path:
    """The honest book's export."""
    return exported(session, book, tmp_path)


def exported(session: db.Session, book: Book, tmp_path: Path) -> Path:
    exporting.export(session, book.group.id, tmp_path / "book", datetime(2026, 12, 31, tzinfo=UTC))
    return tmp_path / "book"


def faults(folder: Path, *known_seals: str) -> list[Fault]:
    return list(verify_book.check(verify_book.read(folder), list(known_seals)))


def edit(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text(encoding="utf-8")
    after = change(before)
    assert after != before
    path.write_text(after, encoding="utf-8")


def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """As somebody outside runs it: no packages of ours, no environment."""
    command = [sys.executable, "-I", "-S", TOOL, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"LC_ALL": "C.UTF-8"})


def test_an_honest_book_has_no_fault(book: Book, folder: Path) -> None:
    assert faults(folder, book.old_seal, book.old_full_seal) == []


@pytest.mark.parametrize("how", TAMPERINGS)
def test_tampering_is_found_and_named(session: db.Session, book: Book, tmp_path: Path, how: str) -> None:
    tampering = TAMPERINGS[how]
    books.tampered(session, book, *tampering.statements)
    found = faults(exported(session, book, tmp_path), book.old_seal)
    named = [fault for fault in found if fault.what == tampering.what and fault.where.startswith(tampering.file)]
    assert named, found
    for number in re.findall(r"[0-9]+", tampering.where.format(**book.names)):
        assert any(number in f"{fault.where} {fault.detail}" for fault in named), named


def test_a_chain_computed_anew_is_found_by_an_old_seal_and_by_nothing_else(
    session: db.Session, book: Book, tmp_path: Path
) -> None:
    books.tampered(session, book, *REHASHED_TAIL)
    folder = exported(session, book, tmp_path)
    assert faults(folder) == []
    assert [(fault.what, fault.where) for fault in faults(folder, book.old_seal)] == [("seal", f"seal {book.old_seal}")]


@pytest.mark.parametrize("when", BEFORE_VOTES)
def test_a_book_from_before_there_were_votes_has_no_fault(
    session: db.Session, book: Book, tmp_path: Path, when: str
) -> None:
    books.tampered(session, book, *BEFORE_VOTES[when])
    assert faults(exported(session, book, tmp_path)) == []


def test_an_export_from_before_there_were_votes_can_still_be_checked(
    session: db.Session, world: World, tmp_path: Path
) -> None:
    folder = exported(session, Book(world.harambee), tmp_path)
    for name in ("approvals", "votes"):
        (folder / f"{name}.csv").unlink()
        edit(folder / "book.json", lambda about, name=name: re.sub(rf',\n *"{name}": 0', "", about))  # type: ignore[misc]
    edit(folder / "book.json", lambda about: about.replace('"format": 3', '"format": 1'))
    assert faults(folder) == []


def test_every_cell_that_is_changed_in_the_files_is_found(book: Book, folder: Path) -> None:
    """One digit of each file that speaks of money, turned into another one."""
    for name in ("audit", "entries", "receipts", "wallets"):
        honest = (folder / f"{name}.csv").read_text(encoding="utf-8")
        row = honest.splitlines()[1]
        for at in [found.start() for found in re.finditer("[0-9]", row)]:
            changed = f"{row[:at]}{(int(row[at]) + 1) % 10}{row[at + 1 :]}"
            (folder / f"{name}.csv").write_text(honest.replace(row, changed, 1), encoding="utf-8")
            assert _is_found(folder), changed
        (folder / f"{name}.csv").write_text(honest, encoding="utf-8")


def test_a_row_cut_off_at_the_end_is_found(folder: Path) -> None:
    edit(folder / "members.csv", lambda lines: lines[: lines.rstrip().rindex("\n") + 1])
    assert [(fault.what, fault.where) for fault in faults(folder)] == [("rows", "members.csv")]


def test_an_amount_that_people_read_must_be_the_one_that_is_computed(folder: Path) -> None:
    edit(folder / "entries.csv", lambda lines: lines.replace(",5000.00,", ",6000.00,", 1))
    assert {fault.what for fault in faults(folder)} == {"amount"}


def test_a_seal_in_the_books_description_must_be_that_of_the_last_line(folder: Path) -> None:
    edit(folder / "book.json", lambda about: re.sub('"seal": "....', '"seal": "0000', about))
    assert [(fault.what, fault.where) for fault in faults(folder)] == [("head", "book.json")]


@pytest.mark.parametrize("cell", ["5000.00", "x", "", "1_000", "٣"])
def test_what_is_no_whole_number_is_named(folder: Path, cell: str) -> None:
    edit(folder / "entries.csv", lambda lines: lines.replace(",500000,", f",{cell},", 1))
    with pytest.raises(BadBook, match=r"entries.csv, row 2: (amount_minor|balance_after_minor) is"):
        faults(folder)


def test_a_missing_file_or_column_is_named(folder: Path) -> None:
    edit(folder / "receipts.csv", lambda lines: lines.replace("transaction_id", "id", 1))
    with pytest.raises(BadBook, match="transaction_id"):
        faults(folder)
    (folder / "entries.csv").unlink()
    with pytest.raises(BadBook, match=r"entries\.csv"):
        verify_book.read(folder)


def test_what_is_no_seal_is_refused(folder: Path) -> None:
    with pytest.raises(BadBook, match="9F3A is no seal"):
        faults(folder, "9F3A")


def test_it_runs_by_itself_and_says_in_plain_words_that_all_is_well(
    session: db.Session, book: Book, folder: Path
) -> None:
    done = run(folder, "--seal", book.old_seal, "--seal", book.old_full_seal)
    assert (done.returncode, done.stderr) == (0, "")
    assert "The book of Umoja is right" in done.stdout
    assert "All 2 seals that you gave stand in it" in done.stdout
    assert seals.head(session, book.group.id).short in done.stdout


def test_it_ends_with_1_for_a_fault_and_with_2_for_what_is_no_book(
    session: db.Session, book: Book, tmp_path: Path
) -> None:
    books.tampered(session, book, *TAMPERINGS["an amount"].statements)
    done = run(exported(session, book, tmp_path))
    assert done.returncode == 1
    assert re.search(r"^entries\.csv, row \d+ \(wallet \d+, version 1\): the balance after it is", done.stdout, re.M)
    assert re.search(r"^Something is wrong with this book: \d+ faults", done.stdout, re.M)
    (tmp_path / "book" / "book.json").write_text(json.dumps({}))
    done = run(tmp_path / "book")
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be checked" in done.stderr


def _is_found(folder: Path) -> bool:
    try:
        return bool(faults(folder))
    except BadBook:
        return True
