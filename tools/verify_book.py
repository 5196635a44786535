#!/usr/bin/env python3
"""Checks a savings group's exported book: python3 verify_book.py FOLDER [--seal 9F3A-22C1 ...]

One file, Python 3.9 or newer, nothing to install, nothing of GroupWallet in it: read it, or write another one. It
computes every line, balance, receipt and reservation again from the files alone and names file and row of every fault.

The history (audit.csv) is a chain. The hash of a line is SHA-256 over the previous line's hash (32 bytes, none for the
first line) followed by these texts, joined by line breaks, in UTF-8:

    group number, line number, time, member who did it, action, data, channel, message number

A seal is the start of a line's hash. Whoever owns the database could compute all hashes anew; then everything here fits
together, and only a seal that somebody kept (on paper, in an old message) shows that the book was another one.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

FILES = (
    "members", "wallets", "transactions", "entries", "receipts", "reservations", "approvals", "votes", "audit",
)  # fmt: skip
VOTING, VOTING_SINCE_FORMAT = ("approvals", "votes"), 2  # Older exports have no such files.
AMOUNTS = {
    "wallets": ("balance", "reserved"),
    "transactions": ("amount",),
    "entries": ("amount", "balance_after"),
    "reservations": ("amount",),
    "approvals": ("amount",),
}
CREDIT_KINDS = ("savings", "fee_income", "interest_income", "penalty_income", "social_fund")
MOVEMENTS = (
    "contribution", "withdrawal", "payout", "fee", "loan_disbursement", "repayment", "interest", "penalty", "loan_fee",
    "refund", "reversal", "cash_in", "cash_out", "banking", "social_fund", "transfer", "guarantee", "share_out",
    "write_off", "chargeback",
)  # fmt: skip
# Money leaves only by a vote about one of these.
DECIDED_BY = {
    "withdrawal": ("withdrawal", "removal"),
    "cash_out": ("withdrawal", "removal", "payout", "loan"),
    "payout": ("payout",),
    "loan_disbursement": ("loan",),
    "write_off": ("write_off",),
}
# What gives back a payment, and what a payment is. Books of before format 3 do not say which.
RETURNS, PAYMENTS = ("refund", "chargeback"), ("contribution", "repayment", "social_fund")
VOTE_LINES = ("vote_opened", "vote_passed", "vote_failed", "vote_withdrawn", "vote_void")
OPEN_STATES = ("pending", "processing")
POSTED_STATES = ("completed", "reversed")
ENDED_STATES = ("failed", "expired", "cancelled")


class BadBook(Exception):
    """The files cannot even be read as a book."""


@dataclass(frozen=True)
class Fault:
    """`what` is a code, `where` names file and row, `detail` says what was found and what was expected."""

    what: str
    where: str
    detail: str


class Row(NamedTuple):
    """A line of a file; `number` is its row in a spreadsheet, where the header is row 1."""

    file: str
    number: int
    cells: dict[str, str]

    def __str__(self) -> str:
        line = f" (line {self.cells['line']})" if self.file == "audit" else ""
        return f"{self.file}.csv, row {self.number}{line}"

    def text(self, column: str) -> str:
        """The cell; an apostrophe in front only keeps spreadsheets from taking text for a formula."""
        cell = self.cells[column]
        return cell[1:] if cell.startswith("'") else cell

    def whole(self, column: str) -> int:
        """The cell as a whole number. Raises `BadBook`."""
        number = _whole(self.cells[column])
        if number is None:
            raise BadBook(f"{self}: {column} is {self.cells[column]!r}, which is no whole number")
        return number

    def maybe(self, column: str) -> int | None:
        """The cell as a whole number, or None when it is empty. Raises `BadBook`."""
        return self.whole(column) if self.cells.get(column) else None


@dataclass
class Book:
    """Everything in the folder."""

    about: dict[str, Any]
    rows: dict[str, list[Row]]

    def by_number(self, file: str, column: str) -> dict[int, Row]:
        return {row.whole(column): row for row in self.rows[file]}


def read(folder: Path) -> Book:
    """Raises `BadBook` when a file is missing or is no table with the right columns."""
    try:
        about = json.loads((folder / "book.json").read_text(encoding="utf-8"))
        missing = VOTING if about.get("format", 1) < VOTING_SINCE_FORMAT else ()
        return Book(about, {file: [] if file in missing else list(_rows(folder, file)) for file in FILES})
    except (OSError, ValueError, csv.Error) as error:
        raise BadBook(f"{folder}: {error}") from error


def check(book: Book, seals: list[str]) -> Iterator[Fault]:
    """Everything that is wrong. Raises `BadBook` where a file does not hold what it must."""
    try:
        for look in CHECKS:
            yield from look(book)
        yield from old_seals(book, seals)
    except (KeyError, TypeError, ValueError) as error:
        raise BadBook(f"a file holds something else than it must: {error!r}") from error


def about(book: Book) -> Iterator[Fault]:
    """Nothing was cut off since the export, and what people read is what was computed."""
    for file in FILES:
        if book.about["rows"].get(file, 0) != len(book.rows[file]):
            yield Fault("rows", f"{file}.csv", f"{len(book.rows[file])} rows, expected {book.about['rows'].get(file)}")
    head = book.rows["audit"][-1].text("hash") if book.rows["audit"] else ""
    if (book.about["full_seal"], book.about["seal"]) != (head, short(head)):
        yield Fault("head", "book.json", f"the seal is {book.about['full_seal']}, the last line's is {head}")
    for file, name in ((file, name) for file, names in AMOUNTS.items() for name in names):
        for row in book.rows[file]:
            minor = row.maybe(f"{name}_minor")
            if row.text(name) != ("" if minor is None else _major(minor, book.about["minor_digits"])):
                yield Fault("amount", str(row), f"{name} is {row.text(name)}, {name}_minor is {minor}")


def chain(book: Book) -> Iterator[Fault]:
    """Lines 1, 2, 3 …, each sealed on top of the one before."""
    number_before, hash_before = 0, ""
    for row in book.rows["audit"]:
        number, line_hash, previous = row.whole("line"), row.text("hash"), row.text("previous_hash")
        if number != number_before + 1:
            yield Fault("line_gap", str(row), f"the line before it is {number_before}: {number_before + 1} is missing")
        if previous != hash_before:
            yield Fault("line_link", str(row), f"it was sealed on {previous}, not on {hash_before}")
        computed = _line_hash(row, book.about["group_id"])
        if line_hash != computed or row.text("seal") != short(line_hash):
            yield Fault("line_hash", str(row), f"its hash is {line_hash}, what it says has {computed}")
        number_before, hash_before = number, line_hash


def entries(book: Book) -> Iterator[Fault]:
    """Each wallet's entries are numbered without a gap, and each balance is the one before plus the amount."""
    for rows in _grouped(book.rows["entries"], "wallet_id").values():
        version_before = balance_before = 0
        for row in sorted(rows, key=lambda row: row.whole("version")):
            version, amount, balance = (row.whole(name) for name in ("version", "amount_minor", "balance_after_minor"))
            where = f"{row} (wallet {row.text('wallet_id')}, version {version})"
            if version != version_before + 1:
                yield Fault("entry_gap", where, f"the entry before it is version {version_before}")
            if balance != balance_before + amount:
                expected = f"{balance_before} + {amount} = {balance_before + amount}"
                yield Fault("entry_balance", where, f"the balance after it is {balance}, expected {expected}")
            version_before, balance_before = version, balance


def wallets(book: Book) -> Iterator[Fault]:
    """What is in a wallet is the sum of its entries, on its own side of zero, and covers what is reserved of it."""
    moved = _grouped(book.rows["entries"], "wallet_id")
    held: dict[int, int] = defaultdict(int)
    for row in book.rows["reservations"]:
        held[row.whole("wallet_id")] += row.whole("amount_minor") if row.text("state") == "held" else 0
    known = book.by_number("wallets", "wallet_id")
    for number in sorted(moved.keys() - known.keys()):
        yield Fault("wallet_missing", "wallets.csv", f"there are entries of wallet {number}, but no wallet")
    for number, row in known.items():
        where, mine = f"{row} (wallet {number})", moved.get(number, [])
        balance, reserved = row.whole("balance_minor"), row.whole("reserved_minor")
        total = sum(entry.whole("amount_minor") for entry in mine)
        if balance != total:
            yield Fault("wallet_balance", where, f"its balance is {balance}, its entries add up to {total}")
        if row.whole("version") != max((entry.whole("version") for entry in mine), default=0):
            yield Fault("wallet_version", where, f"its version is {row.text('version')}, not that of its last entry")
        if balance < 0 if row.text("kind") in CREDIT_KINDS else balance > 0:
            yield Fault("wallet_side", where, f"its balance is {balance}, on the wrong side for {row.text('kind')}")
        if reserved != held[number]:
            yield Fault("wallet_reserved", where, f"{reserved} is reserved, its reservations add up to {held[number]}")
        if not 0 <= reserved <= abs(balance):
            yield Fault("wallet_available", where, f"{reserved} is reserved of a balance of {balance}")


def wallet_lines(book: Book) -> Iterator[Fault]:
    """A line of the history says whose each wallet is, of which kind, and where its money lies."""
    known, opened = book.by_number("wallets", "wallet_id"), set()
    for line in (line for line in book.rows["audit"] if line.text("action") == "wallet_opened"):
        said = _data(line)
        opened.add(said.get("wallet"))
        row = known.get(said.get("wallet", 0))
        if row is None:
            yield Fault("wallet_opened", str(line), f"it opens a wallet that is not there: {line.text('data')}")
            continue
        owner = row.maybe("member_id")
        now = {"wallet": said["wallet"], "kind": row.text("kind"), "user": owner, "provider": row.text("provider")}
        if said != now:
            where = f"{row} (wallet {said['wallet']})"
            yield Fault("wallet_opened", where, f"it was opened as {line.text('data')} and is now {now}")
    for number in sorted(known.keys() - opened):
        yield Fault("wallet_opened", f"{known[number]} (wallet {number})", "no line of the history opens it")


def postings(book: Book) -> Iterator[Fault]:
    """Who was posted has entries that add up to zero, a receipt, and a line that says exactly that."""
    moved = _grouped(book.rows["entries"], "transaction_id")
    receipts = _grouped(book.rows["receipts"], "transaction_id")
    known = book.by_number("transactions", "transaction_id")
    lines, full_from = book.by_number("audit", "line"), _first_full_line(book)
    for number in sorted((moved.keys() | receipts.keys()) - known.keys()):
        yield Fault("transaction_missing", "transactions.csv", f"transaction {number} has entries or a receipt only")
    for number, row in known.items():
        where, legs, state = f"{row} (transaction {number})", moved.get(number, []), row.text("state")
        if total := sum(leg.whole("amount_minor") for leg in legs):
            yield Fault("unbalanced", where, f"its entries add up to {total}, not to zero")
        if state in POSTED_STATES and len(legs) < 2:
            yield Fault("entries_missing", where, f"it is {state} and has {len(legs)} entries")
        if state not in POSTED_STATES and (legs or number in receipts):
            yield Fault("entries_unexpected", where, f"it is {state} and has {len(legs)} entries or a receipt")
        if state in POSTED_STATES and len(receipts.get(number, [])) != 1:
            yield Fault("receipt_missing", where, f"it is {state} and has {len(receipts.get(number, []))} receipts")
        for receipt in receipts.get(number, []):
            yield from _posting_line(row, legs, receipt, lines.get(receipt.whole("line")), full_from)


def receipts(book: Book) -> Iterator[Fault]:
    """Numbers 1, 2, 3 …, and no line of the history books something that has no receipt."""
    before = 0
    for row in sorted(book.rows["receipts"], key=lambda row: row.whole("number")):
        number = row.whole("number")
        if number != before + 1:
            yield Fault("receipt_gap", f"{row} (receipt {number})", f"the receipt before it is {before}")
        before = number
    pointed_to = {row.whole("line") for row in book.rows["receipts"]}
    for line in book.rows["audit"]:
        if line.whole("line") not in pointed_to and {"receipt", "entries"} <= _data(line).keys():
            yield Fault("line_without_receipt", str(line), f"no receipt points to it: {line.text('data')}")


def reservations(book: Book) -> Iterator[Fault]:
    """What is promised belongs to an open transaction, and is what the history has reserved and not given back."""
    states = {number: row.text("state") for number, row in book.by_number("transactions", "transaction_id").items()}
    said = _reserved_and_released(book)
    for row in book.rows["reservations"]:
        transaction, wallet = row.whole("transaction_id"), row.whole("wallet_id")
        where = f"{row} (transaction {transaction} on wallet {wallet})"
        state, amount, ended = row.text("state"), row.whole("amount_minor"), states.get(transaction, "missing")
        if not {"held": ended in OPEN_STATES, "settled": ended in POSTED_STATES}.get(state, ended != "missing"):
            yield Fault("reservation_state", where, f"it is {state}, its transaction is {ended}")
        reserved, released = said.pop((transaction, wallet), (0, []))
        left = 0 if state == "released" else amount
        if reserved - sum(released) != left or (state == "released" and released[-1:] != [amount]):
            detail = f"{amount} {state}; the history has {reserved} reserved and {sum(released)} released"
            yield Fault("reservation_line", where, detail)
    for (transaction, wallet), (reserved, _) in said.items():
        detail = f"transaction {transaction} reserved {reserved} of wallet {wallet}, and it is not there"
        yield Fault("reservation_line", "reservations.csv", detail)


def endings(book: Book) -> Iterator[Fault]:
    """A transaction ended without money if, and only if, a line of the history says so."""
    actions = {f"{movement}_{state}" for movement in MOVEMENTS for state in ENDED_STATES}
    said: dict[int, Row] = {}
    for line in book.rows["audit"]:
        if line.text("action") in actions and {"transaction", "reason"} <= _data(line).keys():
            said[_data(line)["transaction"]] = line
    for number, row in book.by_number("transactions", "transaction_id").items():
        ending = said.pop(number, None)
        expected = f"{row.text('kind')}_{row.text('state')}" if row.text("state") in ENDED_STATES else None
        if (ending and ending.text("action")) != expected:
            says = f"{ending} says {ending.text('action')}" if ending else "no line of the history says so"
            detail = f"it is a {row.text('kind')} and {row.text('state')}; {says}"
            yield Fault("ending_line", f"{row} (transaction {number})", detail)
    for number, line in said.items():
        yield Fault("ending_line", str(line), f"it ends transaction {number}, which is not there")


def reversals(book: Book) -> Iterator[Fault]:
    """A reversed transaction has one reversal, with the opposite entries."""
    moved = _grouped(book.rows["entries"], "transaction_id")
    known = book.by_number("transactions", "transaction_id")
    reversed_by = {row.whole("reverses_id"): number for number, row in known.items() if row.text("reverses_id")}
    for number, row in known.items():
        where, by = f"{row} (transaction {number})", reversed_by.pop(number, None)
        if (row.text("state") == "reversed") != (by is not None):
            detail = f"transaction {by} reverses it" if by else "no transaction reverses it"
            yield Fault("reversal", where, f"it is {row.text('state')}, and {detail}")
        if by and _legs(moved.get(number, []), -1) != _legs(moved.get(by, [])):
            yield Fault("reversal", where, f"the entries of transaction {by} are not the opposite of its own")
    for number, by in reversed_by.items():
        yield Fault("reversal", str(known[by]), f"it reverses transaction {number}, which is not there")


def approvals(book: Book) -> Iterator[Fault]:
    """What the group was asked is what the history says, its tally is its votes, and it ended as they say."""
    electorates, known = _grouped(book.rows["votes"], "approval_id"), book.by_number("approvals", "approval_id")
    said: dict[tuple[int, str], list[Row]] = defaultdict(list)
    for line in (line for line in book.rows["audit"] if line.text("action") in VOTE_LINES):
        said[_data(line).get("approval", 0), line.text("action")].append(line)
    for number in sorted(electorates.keys() - known.keys()):
        yield Fault("approval_missing", "approvals.csv", f"there are votes about approval {number} only")
    for number, row in known.items():
        where, voters = f"{row} (approval {number})", electorates.get(number, [])
        choices = [vote.text("choice") for vote in voters]
        tally = [row.whole(name) for name in ("eligible", "yes", "no")]
        votes = [len(voters), choices.count("yes"), choices.count("no")]
        if tally != votes:
            yield Fault("approval_tally", where, f"eligible, yes and no are {tally}, its votes are {votes}")
        if row.text("state") == "passed" and 100 * votes[1] < 51 * votes[0]:
            yield Fault("approval_passed", where, f"it has passed with {votes[1]} of {votes[0]}")
        for action, expected in _approval_lines(row, voters).items():
            lines = said.pop((number, action), [])
            if [_without_empty(_data(line)) for line in lines] != [expected]:
                says = [f"{line} says {line.text('data')}" for line in lines] or "no line of the history says so"
                yield Fault("approval_line", where, f"expected one {action} line {expected}; {says}")
    for (number, action), lines in said.items():
        detail = f"it says {action} of approval {number}, the book says nothing of the kind"
        yield from (Fault("approval_line", str(line), detail) for line in lines)


def votes(book: Book) -> Iterator[Fault]:
    """Each vote that was cast has one line of the history: who, what, by which way."""
    said: dict[tuple[int, int], list[Row]] = defaultdict(list)
    for line in (line for line in book.rows["audit"] if line.text("action") == "voted"):
        said[_data(line).get("approval", 0), _data(line).get("member", 0)].append(line)
    for row in (row for row in book.rows["votes"] if row.text("choice")):
        approval, member = row.whole("approval_id"), row.whole("member_id")
        cast = [(row.text("choice"), row.text("channel"), str(member))]
        lines = said.pop((approval, member), [])
        if [(_data(line).get("choice"), line.text("channel"), line.text("actor_id")) for line in lines] != cast:
            says = [f"{line} says {line.text('data')}" for line in lines] or "no line of the history says so"
            where = f"{row} (vote of member {member} about approval {approval})"
            yield Fault("vote_line", where, f"it is {row.text('choice')} by {row.text('channel')}; {says}")
    for (approval, member), lines in said.items():
        detail = f"no such vote of member {member} about approval {approval} was cast"
        yield from (Fault("vote_line", str(line), detail) for line in lines)


def voted(book: Book) -> Iterator[Fault]:
    """Money left only by a vote that has passed, about this member and this amount, once for each vote.

    Nothing is asked of the shorter lines of before there were votes.
    """
    asked, full_from = book.by_number("approvals", "approval_id"), _first_full_line(book)
    lines = {row.whole("transaction_id"): row.whole("line") for row in book.rows["receipts"]}
    done: set[int] = set()
    for number, row in book.by_number("transactions", "transaction_id").items():
        kind = row.text("kind")
        if kind not in DECIDED_BY or row.text("state") not in POSTED_STATES or lines.get(number, 0) < full_from:
            continue
        where, vote = f"{row} (transaction {number})", row.maybe("approval_id")
        approval = asked.get(vote or 0)
        if approval is None:
            yield Fault("not_voted", where, f"it is a {kind}, and approval {vote} is not there")
            continue
        if approval.text("kind") not in DECIDED_BY[kind] or not _allows(approval, row):
            yield Fault("not_voted", where, f"it is a {kind}; {approval} (approval {vote}) does not allow it")
        if row.text("state") == "completed":
            if vote in done:
                yield Fault("not_voted", where, f"another transaction was done by approval {vote}")
            done.add(vote or 0)


def old_seals(book: Book, seals: list[str]) -> Iterator[Fault]:
    """Every seal that somebody kept stands in the history. Raises `BadBook` for what is no seal."""
    hashes = [row.text("hash") for row in book.rows["audit"]]
    for seal in seals:
        figures = re.sub(r"[^0-9a-z]", "", seal.lower()).replace("o", "0").replace("i", "1").replace("l", "1")
        if not re.fullmatch(r"[0-9a-f]{8}|[0-9a-f]{64}", figures):
            raise BadBook(f"{seal} is no seal")
        if not any(line_hash.startswith(figures) for line_hash in hashes):
            yield Fault("seal", f"seal {seal}", "no line has it: the book was another one when this seal was given")


def short(line_hash: str) -> str:
    """The seal of a hash, as people pass it on: 9F3A-22C1."""
    return f"{line_hash[:4]}-{line_hash[4:8]}".upper()


def _kind(purse: Any) -> str:
    return "" if purse is None else purse.text("kind")


def returned(book: Book) -> Iterator[Fault]:
    """What went back had come in: at most what was paid, of the one who paid it, where it was paid.

    Nothing is asked of what went back before the history says which payment it was.
    """
    moved, known = _grouped(book.rows["entries"], "transaction_id"), book.by_number("transactions", "transaction_id")
    lines = {row.whole("transaction_id"): row.whole("line") for row in book.rows["receipts"]}
    since = _first_return_line(book)
    # A wallet that is missing is named elsewhere.
    purses = book.by_number("wallets", "wallet_id")
    back: dict[int, int] = defaultdict(int)
    for number, row in known.items():
        if row.text("kind") not in RETURNS or row.text("state") not in POSTED_STATES or lines.get(number, 0) < since:
            continue
        where, paid = f"{row} (transaction {number})", row.maybe("returns_id") or 0
        payment = known.get(paid)
        if payment is None or payment.text("kind") not in PAYMENTS or payment.text("state") not in POSTED_STATES:
            yield Fault("not_paid_in", where, f"it is a {row.text('kind')} of transaction {paid}, which is no payment")
            continue
        if payment.maybe("member_id") != row.maybe("member_id"):
            yield Fault("not_paid_in", where, f"another member has paid {payment} (transaction {paid})")
        back[paid] += row.whole("amount_minor") if row.text("state") == "completed" else 0
        arrived = -sum(
            leg.whole("amount_minor")
            for leg in moved.get(paid, [])
            if _kind(purses.get(leg.whole("wallet_id"))) in ("cash", "fee_expense")
        )
        if back[paid] > arrived:
            yield Fault("not_paid_in", where, f"of transaction {paid} went back {back[paid]}, and {arrived} was paid")
        filled = {leg.whole("wallet_id"): leg.whole("amount_minor") for leg in moved.get(paid, [])}
        for leg in moved.get(number, []):
            purse = purses.get(leg.whole("wallet_id"))
            if purse is not None and not _may_go_back(row, leg, purse, filled.get(leg.whole("wallet_id"))):
                yield Fault("not_paid_in", where, f"{leg} touches what transaction {paid} did not")


CHECKS: tuple[Callable[[Book], Iterator[Fault]], ...] = (
    about, chain, entries, wallets, wallet_lines, postings, receipts, reservations, endings, reversals, approvals,
    votes, voted, returned,
)  # fmt: skip


def _rows(folder: Path, file: str) -> Iterator[Row]:
    with (folder / f"{file}.csv").open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        header = next(reader, [])
        for number, cells in enumerate(reader, start=2):
            if len(cells) != len(header):
                raise BadBook(f"{file}.csv, row {number}: it has {len(cells)} cells, the header {len(header)}")
            yield Row(file, number, dict(zip(header, cells)))


@cache  # The same numbers come again and again.
def _whole(cell: str) -> int | None:
    return int(cell) if re.fullmatch(r"-?[0-9]+", cell) else None


def _line_hash(row: Row, group_id: int) -> str:
    columns = ("line", "at", "actor_id", "action", "data", "channel", "message_id")
    said = "\n".join([str(group_id), *(row.text(column) for column in columns)])
    return hashlib.sha256(bytes.fromhex(row.text("previous_hash")) + said.encode()).hexdigest()


def _major(minor: int, digits: int) -> str:
    """-7 minor units with two decimals are -0.07 major ones."""
    figures = str(abs(minor)).zfill(digits + 1)
    sign, end = "-" if minor < 0 else "", len(figures) - digits
    return f"{sign}{figures[:end]}.{figures[end:]}" if digits else f"{sign}{figures}"


def _grouped(rows: list[Row], column: str) -> dict[int, list[Row]]:
    grouped: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row.whole(column)].append(row)
    return grouped


def _legs(rows: list[Row], sign: int = 1) -> list[list[int]]:
    """The entries as a line of the history lists them: [wallet, amount], by wallet."""
    return sorted([row.whole("wallet_id"), sign * row.whole("amount_minor")] for row in rows)


def _data(line: Row) -> dict[str, Any]:
    return _said(line.text("data"))


@cache  # Several checks ask for the same lines.
def _said(text: str) -> dict[str, Any]:
    """What a line says; nothing when it is unreadable, which its hash will show as well."""
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _first_full_line(book: Book) -> int:
    """Where lines begin to say everything about a posting; books of before there were votes have shorter ones."""
    full = (line.whole("line") for line in book.rows["audit"] if {"amount", "receipt"} <= _data(line).keys())
    return min(full, default=sys.maxsize)


def _first_return_line(book: Book) -> int:
    """Where lines begin to say which payment goes back."""
    named = (line.whole("line") for line in book.rows["audit"] if {"returns", "receipt"} <= _data(line).keys())
    return min(named, default=sys.maxsize)


def _may_go_back(row: Row, leg: Row, purse: Row, filled: int | None) -> bool:
    """Whether giving back a payment may touch this purse, of which the payment moved `filled`."""
    kind, amount, owner = purse.text("kind"), leg.whole("amount_minor"), purse.maybe("member_id")
    if owner is not None and owner != row.maybe("member_id"):
        return False
    if kind == "cash":
        return filled is not None and purse.text("provider") != "box"
    if kind == "fee_expense" or amount > 0:
        return kind == "fee_expense"
    if kind == "savings" or (row.text("kind") == "chargeback" and (kind == "bad_debt" or owner is not None)):
        return True
    return filled is not None and -amount <= filled


def _approval_lines(row: Row, voters: list[Row]) -> dict[str, dict[str, Any]]:
    """What the lines about an approval must say, by their action."""
    number, why = row.whole("approval_id"), row.text("why") or None
    opened = {
        "approval": number,
        "kind": row.text("kind"),
        "member": row.maybe("member_id"),
        "amount": row.maybe("amount_minor"),
        "destination": row.text("destination") or None,
        "facts": row.text("facts_hash"),
        "electorate": sorted(vote.whole("member_id") for vote in voters),
    }
    ended = {} if row.text("state") == "open" else {f"vote_{row.text('state')}": {"approval": number, "why": why}}
    return {"vote_opened": opened, **ended}


def _without_empty(said: dict[str, Any]) -> dict[str, Any]:
    """What a line says as a file can tell it: an empty text is none."""
    return {name: None if value == "" else value for name, value in said.items()}


def _allows(approval: Row, transaction: Row) -> bool:
    """Whether it has passed, about this member and this amount."""
    same = all(approval.maybe(name) == transaction.maybe(name) for name in ("member_id", "amount_minor"))
    enough = 100 * approval.whole("yes") >= 51 * approval.whole("eligible")
    return same and enough and approval.text("state") == "passed"


def _posting_line(row: Row, legs: list[Row], receipt: Row, line: Row | None, full_from: int) -> Iterator[Fault]:
    where = f"{receipt} (receipt {receipt.text('number')}, transaction {receipt.text('transaction_id')})"
    if line is None:
        yield Fault("receipt_line", where, f"it points to line {receipt.text('line')}, which is not there")
        return
    if line.text("action") != row.text("kind"):
        yield Fault("posting_kind", where, f"it is a {row.text('kind')}, {line} says {line.text('action')}")
    said = _data(line)
    expected: dict[str, Any] = {
        "transaction": row.whole("transaction_id"),
        "currency": row.text("currency"),
        "receipt": receipt.whole("number"),
        "entries": _legs(legs),
    }
    if line.whole("line") >= full_from:
        reason = hashlib.sha256(row.text("reason").encode()).hexdigest()
        expected |= {
            "member": row.maybe("member_id"),
            "amount": row.whole("amount_minor"),
            "approval": row.maybe("approval_id"),
            # A file does not tell an empty reason from none.
            "reason": reason if row.text("reason") or said.get("reason") else None,
        }
        if row.maybe("returns_id"):
            expected["returns"] = row.maybe("returns_id")
    if {**said, "entries": sorted(said.get("entries", []))} != expected:
        yield Fault("posting_line", where, f"{line} says {line.text('data')}, the book says {expected}")
    if {receipt.text("at"), *(leg.text("at") for leg in legs)} != {line.text("at")}:
        yield Fault("posting_time", where, f"its entries, its receipt and {line} bear different times")


def _reserved_and_released(book: Book) -> dict[tuple[int, int], tuple[int, list[int]]]:
    """(transaction, wallet) → what was reserved, and each amount that was given back."""
    found: dict[tuple[int, int], tuple[int, list[int]]] = {}
    for line in book.rows["audit"]:
        said = _data(line)
        for word in ("reserved", "released"):
            for wallet, amount in said.get(word, []):
                reserved, released = found.get((said["transaction"], wallet), (0, []))
                reserved += amount if word == "reserved" else 0
                released = [*released, amount] if word == "released" else released
                found[said["transaction"], wallet] = (reserved, released)
    return found


def main(arguments: list[str] | None = None) -> int:
    """0 when everything is right, 1 when something is wrong, 2 when the files cannot be read."""
    parser = argparse.ArgumentParser(description="Checks a savings group's exported book.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seal", action="append", default=[], metavar="SEAL", help="a seal that somebody has kept")
    options = parser.parse_args(arguments)
    faults = 0
    try:
        book = read(options.folder)
        for fault in check(book, options.seal):
            faults += 1
            print(f"{fault.where}: {fault.detail} ({fault.what})")
    except BadBook as error:
        print(f"This cannot be checked. {error}", file=sys.stderr)
        return 2
    counts = f"{len(book.rows['entries']):,} entries, {len(book.rows['receipts']):,} receipts"
    if faults:
        print(f"\nSomething is wrong with this book: {faults:,} faults in {counts}.")
        return 1
    kept = f"All {len(options.seal)} seals that you gave stand in it." if options.seal else "You gave no older seal."
    print(f"The book of {book.about['name']} is right: {len(book.rows['audit']):,} lines of history, {counts}.")
    print(f"{kept} Its seal on {book.about['exported_at'][:10]} is {book.about['seal']}: write it down, and ask later.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
