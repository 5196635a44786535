"""What the documentation tells people to do works: every command, address and statement in it is tried."""

import ast
import json
import re
import shlex
import subprocess

import requests
from sqlalchemy import create_engine, text

from sandbox.house import House
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


def _blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", document, re.S)


def test_the_readme_starts_with_a_picture_that_exists_and_the_two_commands() -> None:
    picture = re.search(r"!\[.+?\]\((.+?)\)", README)
    assert picture
    assert (ROOT / picture[1]).exists()
    assert [block.strip() for block in _blocks(README, "sh")][:2] == ["make run", "make test"]


def test_every_make_target_that_is_named_exists() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = set(re.findall(r"make ([a-z-]+)", listed))
    for document in (README, OPERATIONS):
        assert set(re.findall(r"`make ([a-z-]+)`", document)) <= targets


def test_the_curl_examples_answer(house: House) -> None:
    lines = [line for block in _blocks(README, "sh") for line in block.splitlines() if line.startswith("curl")]
    assert len(lines) >= 5
    for line in lines:
        words = shlex.split(line)
        url = next(word for word in words if word.startswith("localhost"))
        data = words[words.index("-d") + 1] if "-d" in words else None
        answer = requests.request(
            "POST" if data else "GET",
            url.replace("localhost:8001", house.sandbox_url),
            json=json.loads(data) if data else None,
            timeout=20,
        )
        assert answer.status_code == 200, f"{line}: {answer.text}"


def test_the_processes_of_the_guide_are_those_of_the_procfile() -> None:
    procfile = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    for name in ("worker-payments", "worker-bot", "worker-ticks", "clock"):
        assert f"`{procfile[name]}`" in OPERATIONS
    web = procfile["web"].replace("0.0.0.0", "127.0.0.1").replace("$PORT", "8000").replace("${WEB_CONCURRENCY:-2}", "2")
    assert f"`{web}`" in OPERATIONS
    assert procfile["release"] in OPERATIONS


def test_the_statements_for_the_night_run(database_url: str) -> None:
    engine = create_engine(database_url)
    inline = re.findall(r"`((?:SELECT|UPDATE) [^`]+)`", OPERATIONS)
    blocks = [block for block in _blocks(OPERATIONS, "sql") if block.startswith("SELECT")]
    assert len(inline) + len(blocks) >= 3
    with engine.begin() as connection:
        for statement in [*inline, *blocks]:
            connection.execute(text(statement.replace("= …", "= 1").rstrip().rstrip(";")))
    engine.dispose()


def test_the_links_between_documents_lead_somewhere() -> None:
    for document in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        written = document.read_text()
        for link in re.findall(r"\]\(((?!http)[^)#]+)", written):
            assert (document.parent / link).exists(), f"{document.name}: {link}"
        for named in re.findall(r"`((?:docs|bot|core|ledger|payments|sandbox|tests|migrations)/[\w/.-]+)`", written):
            assert (ROOT / named).exists(), f"{document.name}: {named}"


def _words_in(place: str) -> set[str]:
    """Every text that stands in the code of a package; one that is written in pieces, as a whole."""
    trees = (ast.parse(path.read_text()) for path in (ROOT / place).rglob("*.py"))
    nodes = (node for tree in trees for node in ast.walk(tree))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _errors_of_payments() -> set[str]:
    """The words of every error that payments log."""
    calls = [
        node
        for path in (ROOT / "payments").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
    ]
    named = ((getattr(call.func, "attr", getattr(call.func, "id", "")), call.args[0]) for call in calls)
    return {str(said.value) for name, said in named if name in ("error", "alarm", "_alarm")}  # type: ignore[attr-defined]


def test_the_log_lines_that_need_a_person_are_really_written() -> None:
    table = OPERATIONS.split("These lines need a person:")[1].split("### ")[0]
    named = [line for _, line in re.findall(r"^\| (`+) ?(.+?) ?\1 (?:as an error )?\|", table, re.M)]
    assert len(named) >= 5
    assert set(named) <= set().union(*map(_words_in, ("core", "payments", "bot", "ledger")))
    assert _errors_of_payments() <= set(named), "an operator has to know what to do about each"
