"""docs/ledger.md cannot lie: its story is posted step by step, and every figure in it is compared with the book."""

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from sqlalchemy import Row, text

from core import db
from core.money import Money
from ledger import audit, groups, legs, transactions
from ledger.models import (
    CREDIT_KINDS,
    DEBIT_KINDS,
    DECIDED_BY,
    MEMBER_CREDIT_KINDS,
    MEMBER_DEBIT_KINDS,
    MOVEMENTS,
    PAYMENTS,
    RETURNS,
    Group,
)
from ledger.postings import Leg, Movement, post, record
from tests.conftest import ROOT
from tests.ledger.actors import (
    AT,
    CAUSE,
    audit_lines,
    founded,
    going_back,
    payment_of,
    person,
    receipt_numbers,
    voted,
    whose,
)

PAGE = (ROOT / "docs" / "ledger.md").read_text()
PLACES = {"at Paystack": "paystack", "in the box": "box"}
# These are asked for first and posted later; all others are written down in one go.
ASKED_FIRST = ("contribution", "withdrawal", "loan_disbursement", "repayment", "refund", "payout", "chargeback")

Wallet = tuple[str, int, str]


@dataclass(frozen=True)
class Step:
    """One heading of the story: `call` is "" where money is only reserved for the next step."""

    number: int
    call: str
    columns: list[str]
    rows: list[list[str]]

    @property
    def kind(self) -> str:
        return self.call.removeprefix("legs.").split("(")[0]


class Story:
    """The three people and their group; `posted` are the legs of each step so far."""

    def __init__(self, session: db.Session) -> None:
        self.session = session
        ama, baraka, chidi = (person(session, name) for name in ("Ama", "Baraka", "Chidi"))
        self.group: Group = founded(session, ama, "Umoja")
        for member in (baraka, chidi):
            groups.join(session, self.group, member.id, AT, CAUSE)
        session.flush()
        self.people = {"Ama": ama.id, "Baraka": baraka.id, "Chidi": chidi.id}
        self.posted: dict[int, list[Leg]] = {}
        self.transaction_ids: dict[int, int] = {}
        self.held: list[Leg] = []
        self.still_available: list[int] = []

    def wallet(self, cell: str) -> Wallet:
        """The wallet that a cell names: "`savings` of Ama", "`cash` at Paystack", "`expense`"."""
        kind, where = re.fullmatch(r"`(\w+)` ?(.*)", cell).groups()  # type: ignore[union-attr]
        owner = self.people[where.removeprefix("of ")] if where.startswith("of ") else 0
        return kind, owner, PLACES[where] if where and not owner else ""

    def legs_of(self, call: str) -> list[Leg]:
        """What the code in a step makes; `step[n]` is what step n posted."""
        names = {"legs": legs, "step": self.posted} | {name.lower(): number for name, number in self.people.items()}
        made: list[Leg] = eval(call, names)  # Code from a page of this repository.
        return made

    def post(self, step: Step) -> None:
        """Reserves what the page reserved before, and posts the step."""
        moved = self.posted[step.number] = self.legs_of(step.call)
        amount = Money(_asked_for(step, moved), self.group.currency)
        payer = whose(moved) if step.kind in (*PAYMENTS, *RETURNS) else None
        payment = payment_of(self.session, self.group.id, payer, amount.amount_minor) if step.kind in RETURNS else None
        key, vote = f"step {step.number}", self.vote(step.kind, amount.amount_minor)
        if step.kind not in ASKED_FIRST:
            reverses_id = self.transaction_ids[_reversed_step(step)] if step.kind == "reversal" else None
            movement = Movement(self.group.id, step.kind, amount, moved, key, None, key, reverses_id, vote)
            self.transaction_ids[step.number] = record(self.session, movement, AT, CAUSE).transaction_id
            return
        begun = transactions.begin(
            self.session, self.group.id, step.kind, payer, amount, key, AT, CAUSE, None, vote, payment
        )
        if self.held:
            self.reserve(begun.id)
        post(self.session, self.group.id, begun.id, moved, AT, CAUSE)
        self.transaction_ids[step.number] = begun.id
        self.held = []

    def vote(self, kind: str, amount_minor: int) -> int | None:
        """The group says yes to what needs it."""
        return voted(self.session, self.group.id, kind, None, amount_minor) if kind in DECIDED_BY else None

    def reserve(self, transaction_id: int) -> None:
        """Reserves, and compares what then is still available with what the page says."""
        transactions.reserve(self.session, self.group.id, transaction_id, self.held, AT, CAUSE)
        found = self.book()
        for leg, available_minor in zip(self.held, self.still_available, strict=True):
            assert found[leg.kind, leg.user_id or 0, leg.provider].available_minor == available_minor

    def hold(self, step: Step) -> None:
        """Remembers what the page promises to the next step."""
        wallets = [self.wallet(cell) for cell, *_ in step.rows]
        amounts = [_minor(reserved) for _, reserved, _ in step.rows]
        self.held = [Leg(*_parts(wallet, amount)) for wallet, amount in zip(wallets, amounts, strict=True)]
        self.still_available = [_minor(available) for *_, available in step.rows]

    def entries(self, step: Step) -> dict[Wallet, tuple[int, int]]:
        """Wallet → (entry, balance after) of the step, from the database."""
        rows = self.session.execute(
            text("""SELECT w.kind, w.owner_id, w.provider, e.amount_minor, e.balance_after_minor
                      FROM entries e JOIN wallets w ON w.id = e.wallet_id WHERE e.transaction_id = :id"""),
            {"id": self.transaction_ids[step.number]},
        )
        return {(kind, owner, provider): (moved, after) for kind, owner, provider, moved, after in rows}

    def book(self) -> dict[Wallet, Row[Any]]:
        rows = self.session.execute(text("SELECT * FROM wallets WHERE group_id = :id"), {"id": self.group.id})
        return {(row.kind, row.owner_id, row.provider): row for row in rows}


@pytest.fixture
def story(session: db.Session) -> Story:
    return Story(session)


def test_every_figure_of_the_story_is_what_the_book_says(session: db.Session, story: Story) -> None:
    for step in steps():
        if not step.call:
            assert step.columns == ["wallet", "reserved", "available after"]
            story.hold(step)
            continue
        story.post(step)
        assert step.columns == ["wallet", "entry", "balance after"]
        shown = {story.wallet(cell): (_minor(entry), _minor(after)) for cell, entry, after in step.rows}
        assert shown == story.entries(step), f"step {step.number}"
        assert sum(entry for entry, _ in shown.values()) == 0, f"step {step.number}"
    assert not story.held
    last = table("After the whole story")
    balances = {story.wallet(cell): _minor(balance) for cell, balance in last[:-1]}
    assert balances == {wallet: row.balance_minor for wallet, row in story.book().items()}
    assert last[-1] == ["sum", "0.00"]
    assert all(row.reserved_minor == 0 for row in story.book().values())
    assert receipt_numbers(session, story.group) == list(range(1, len(story.posted) + 1))
    assert audit.first_broken_line(session, story.group.id) is None


def test_the_story_is_numbered_and_leaves_no_movement_out() -> None:
    assert [step.number for step in steps()] == list(range(1, len(steps()) + 1))
    assert {step.kind for step in steps() if step.call} == set(MOVEMENTS)


def test_every_movement_has_a_row_and_a_function_and_there_are_no_others() -> None:
    rows = [_code(row[0])[0] for row in table("The movements")]
    functions = {
        name
        for name, function in inspect.getmembers(legs, inspect.isfunction)
        if function.__module__ == legs.__name__ and not name.startswith("_")
    }
    assert sorted(rows) == sorted(MOVEMENTS)
    assert functions == set(MOVEMENTS)


def test_the_row_of_a_movement_names_the_wallets_that_the_story_moves(story: Story) -> None:
    named = {_code(row[0])[0]: (_wallet_kinds(row[1]), _wallet_kinds(row[2])) for row in table("The movements")}
    for step in steps():
        if not step.call or step.kind == "reversal":
            continue
        moved = story.posted[step.number] = story.legs_of(step.call)
        plus, minus = named[step.kind]
        assert {leg.kind for leg in moved if leg.amount_minor > 0} <= plus, step.call
        assert {leg.kind for leg in moved if leg.amount_minor < 0} <= minus, step.call


def test_every_wallet_has_a_row_with_its_owner_and_its_side() -> None:
    shown = {_code(row[0])[0]: (row[1], row[2], row[3]) for row in table("The wallets")}
    of_members = MEMBER_CREDIT_KINDS + MEMBER_DEBIT_KINDS
    assert shown == {
        kind: (
            "a member's" if kind in of_members else "the group's",
            "credit" if kind in CREDIT_KINDS else "debit",
            "≥ 0" if kind in CREDIT_KINDS else "≤ 0",
        )
        for kind in CREDIT_KINDS + DEBIT_KINDS
    }


def test_the_page_names_the_functions_that_the_narrow_role_may_call(session: db.Session) -> None:
    may_call = session.scalars(
        text("""SELECT p.proname FROM pg_proc p CROSS JOIN LATERAL aclexplode(p.proacl) a
                 WHERE p.prosecdef AND a.grantee = CAST('groupwallet_app' AS regrole)""")
    )
    named = re.search(r"The\nbook moves only through(.*?)\. Votes move only through(.*?)\. So", PAGE, re.S)
    assert named
    assert set(_code(named[0])) <= set(may_call)
    assert [len(_code(part)) for part in named.groups()] == [7, 3]


def test_the_lines_that_the_page_shows_say_what_real_ones_say(session: db.Session, story: Story) -> None:
    for step in steps()[:13]:
        story.post(step) if step.call else story.hold(step)
    shown = re.search(r"^Steps 12 and 13 .*?```json\n(.*?)```", PAGE, re.M | re.S)
    assert shown
    actions = ("vote_opened", "voted", "vote_passed", "withdrawal")
    last = {line.action: line.data for line in audit_lines(session, story.group) if line.action in actions}
    found = [json.loads(last[action]) for action in actions]
    for said, real in zip(map(json.loads, shown[1].splitlines()), found, strict=True):
        assert list(said) == list(real)
        for name in said.keys() - {"transaction", "approval", "member", "electorate", "entries", "facts"}:
            assert said[name] == real[name], name
        assert len(said.get("entries", [])) == len(real.get("entries", []))


@cache
def steps() -> list[Step]:
    return list(_steps())


def table(title: str) -> list[list[str]]:
    """The rows of the first table under the heading, without its head."""
    _, _, section = PAGE.partition(f"# {title}\n")
    assert section, f"there is no section {title}"
    return _table(section)[1]


def _steps() -> Iterator[Step]:
    for number, section in re.findall(r"^### (\d+)\. .+?$(.*?)(?=^##)", PAGE, re.M | re.S):
        code = re.search(r"```python\n(.*?)```", section, re.S)
        columns, rows = _table(section)
        yield Step(int(number), code[1].strip() if code else "", columns, rows)


def _table(section: str) -> tuple[list[str], list[list[str]]]:
    found = re.search(r"(?:^\|.*\n)+", section, re.M)
    assert found, section[:80]
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in found[0].splitlines())
    return head, rows


def _minor(shown: str) -> int:
    """Cents of a figure as the page prints it: "−5,000.84"."""
    assert re.fullmatch(r"[−+]?\d{1,3}(,\d{3})*\.\d\d", shown), shown
    return int(re.sub(r"[,.+]", "", shown).replace("−", "-"))


def _parts(wallet: Wallet, amount_minor: int) -> tuple[str, int, int | None, str]:
    kind, owner, provider = wallet
    return kind, amount_minor, owner or None, provider


def _asked_for(step: Step, moved: list[Leg]) -> int:
    """Of a withdrawal what it takes from the savings, of what goes back just that, of anything else all that moves."""
    if step.kind in RETURNS:
        return going_back(moved)
    if step.kind == "withdrawal":
        return -sum(leg.amount_minor for leg in moved if leg.kind == "savings")
    return sum(leg.amount_minor for leg in moved if leg.amount_minor > 0)


def _reversed_step(step: Step) -> int:
    found = re.search(r"step\[(\d+)\]", step.call)
    assert found, step.call
    return int(found[1])


def _code(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def _wallet_kinds(cell: str) -> set[str]:
    dues = MEMBER_DEBIT_KINDS if "*dues*" in cell else ()
    return {*_code(cell), *dues}
