"""The operator's commands on a database with real commits: `flask --app wsgi ledger verify` and `ledger export`."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from core import db
from ledger import cli, verifying
from ledger.models import User
from tests.conftest import ROOT, copy_of, settings_of
from tests.ledger import books
from tests.ledger.actors import populated, saved
from tests.ledger.books import Book
from tests.ledger.tamperings import REHASHED_TAIL, TAMPERINGS
from wsgi import create_app

Command = Callable[..., Result]


@pytest.fixture
def database_url(server_url: str, migrated: str) -> Iterator[str]:
    """A database for each test: what is committed here is wrong on purpose, and `verify` looks at all groups."""
    with copy_of(server_url, migrated) as url:
        yield url


@pytest.fixture
def book(committing: str) -> Book:
    """Umoja's book, beside Harambee's, which has one contribution."""
    with db.session() as session:
        world = populated(session)
        saved(session, world.harambee, world.chidi)
        book = books.written(session, world)
        session.commit()
        return book


@pytest.fixture
def command(committing: str) -> Command:
    """Runs `flask ledger …`."""
    runner = create_app().test_cli_runner()
    return lambda *arguments: runner.invoke(args=["ledger", *map(str, arguments)])


def spoil(book: Book, *statements: str) -> None:
    with db.session() as session:
        books.tampered(session, book, *statements)
        session.commit()


def test_honest_books_are_counted_and_the_command_ends_well(book: Book, command: Command) -> None:
    done = command("verify")
    assert done.exit_code == 0
    assert re.fullmatch(r"2 groups, \d+ entries, 0 faults \([\d,]+ entries per second\)\n", done.output)


def test_each_fault_is_a_line_that_names_the_row_and_the_command_ends_with_1(book: Book, command: Command) -> None:
    spoil(book, *TAMPERINGS["an amount with all that follows from it"].statements)
    done = command("verify", "--group", book.group.code.lower())
    assert done.exit_code == 1
    fault, summary = done.output.splitlines()
    assert fault.startswith(f"group {book.group.id}, transaction {book.names['first']}: line ")
    assert fault.endswith("(posting_line)")
    assert re.fullmatch(r"1 group, \d+ entries, 1 fault \([\d,]+ entries per second\)", summary)


def test_a_chain_computed_anew_is_found_by_a_seal_that_somebody_kept(book: Book, command: Command) -> None:
    spoil(book, *REHASHED_TAIL)
    assert command("verify").exit_code == 0
    done = command("verify", "--group", book.group.code, "--seal", book.old_seal, "--seal", book.old_full_seal)
    assert done.exit_code == 1
    assert [line.rsplit(" ", 1)[1] for line in done.output.splitlines()[:2]] == ["(seal)", "(seal)"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seal", "9F3A-22C1"], "say which with --group"),
        (["--group", "UMOJA-222222"], "there is no group UMOJA-222222"),
        (["--group", "{code}", "--seal", "hello"], "hello is no seal"),
    ],
)
def test_what_cannot_be_looked_for_is_a_mistake_in_the_command(
    book: Book, command: Command, arguments: list[str], words: str
) -> None:
    done = command("verify", *(argument.format(code=book.group.code) for argument in arguments))
    assert done.exit_code == 2
    assert words in done.output


def test_a_posting_during_a_verification_is_no_fault(book: Book) -> None:
    with verifying.snapshot() as session:
        before = session.execute(text("SELECT count(*) FROM entries")).scalar_one()
        with db.session() as other:
            saved(other, book.group, other.get_one(User, book.names["ama"]))
            other.commit()
        assert session.execute(text("SELECT count(*) FROM entries")).scalar_one() == before
        assert list(verifying.verify(session, book.group.id)) == []


def test_groups_are_walked_in_spans_that_leave_none_out(book: Book) -> None:
    whole, single = list(verifying.spans()), list(verifying.spans(groups_at_once=1))
    assert len(whole) == 1
    assert (single[0].first, single[-1].last) == (whole[0].first, whole[0].last)
    assert [span.first for span in single] == [span.last for span in single]
    assert len(single) == 2


def test_a_book_is_exported_and_checked_by_somebody_outside(book: Book, command: Command, tmp_path: Path) -> None:
    done = command("export", "--group", book.group.code, "--to", tmp_path / "book")
    assert done.exit_code == 0, done.output
    assert re.fullmatch(r".*/book: \d+ lines, \d+ entries, seal [0-9A-F]{4}-[0-9A-F]{4}\n", done.output)
    tool = [sys.executable, "-I", "-S", ROOT / "tools" / "verify_book.py", tmp_path / "book", "--seal", book.old_seal]
    checked = subprocess.run(tool, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_book_lands_in_a_folder_named_after_its_group_and_never_on_top_of_another(
    book: Book, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command("export", "--group", book.group.code).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == [f"{book.group.code}-book"]
    again = command("export", "--group", book.group.code)
    assert again.exit_code == 1
    assert "an export overwrites nothing" in again.output


def test_the_commands_are_part_of_the_application(book: Book) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "ledger", "verify"],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("2 groups")


def test_without_a_database_the_operator_hears_what_to_check(redis_url: str) -> None:
    with settings_of(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none", REDIS_URL=redis_url):
        answer = CliRunner().invoke(cli.ledger, ["verify"])
        db.engine().dispose()
    assert answer.exit_code == 1
    assert "the database does not answer; check DATABASE_URL" in answer.output
    assert "Traceback" not in answer.output
