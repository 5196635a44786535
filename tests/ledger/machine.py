"""The real ledger and the model side by side: every step is done by both, and after it they are compared.

The rules (what is done) are in test_model.py.
"""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, invariant
from sqlalchemy import Engine, text

from core import db
from core.money import Money
from ledger import audit, errors, transactions, verifying
from ledger.models import DECIDED_BY, OPEN_STATES
from ledger.postings import Leg, Movement, Posted, post, record
from tests.ledger.actors import AT, CAUSE, audit_lines, populated, receipt_numbers, voted
from tests.ledger.model import Book, Key, Outcome, Said, Vote

REASON = "because"


class Machine(RuleBasedStateMachine):
    """One group of two and a stranger, in a transaction that is rolled back at the end."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.connection = engine.connect()
        self.outer = self.connection.begin()
        self.session = db.Session(self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        world = populated(self.session)
        self.group, self.people, self.stranger = world.umoja, (world.ama.id, world.baraka.id), world.chidi.id
        self.currency = world.umoja.currency
        self.keys = 0
        self.book = Book(self.people, len(audit_lines(self.session, self.group)))
        # By key: the transaction's number, its legs, and what was asked of `record`.
        self.ids: dict[str, int] = {}
        self.legs: dict[str, list[Leg]] = {}
        self.said: dict[str, Movement] = {}

    def teardown(self) -> None:
        try:
            assert list(verifying.verify(self.session, self.group.id)) == []
        finally:
            self.session.close()
            self.outer.rollback()
            self.connection.close()

    @invariant()
    def every_wallet_is_what_the_model_says(self) -> None:
        rows = self.session.execute(
            text("""SELECT kind, owner_id, provider, balance_minor, reserved_minor, available_minor, version
                      FROM wallets WHERE group_id = :group"""),
            {"group": self.group.id},
        )
        found = {(kind, owner, provider): tuple(facts) for kind, owner, provider, *facts in rows}
        assert found == {wallet: known.facts for wallet, known in self.book.wallets.items()}
        assert sum(balance for balance, *_ in found.values()) == 0

    @invariant()
    def every_transaction_is_where_the_model_says(self) -> None:
        rows = self.session.execute(
            text("""SELECT t.idempotency_key, t.state, r.number FROM transactions t
                      LEFT JOIN receipts r ON r.group_id = t.group_id AND r.transaction_id = t.id
                     WHERE t.group_id = :group"""),
            {"group": self.group.id},
        )
        wanted = {key: (known.state, known.receipt) for key, known in self.book.transactions.items()}
        assert {key: (state, number) for key, state, number in rows} == wanted
        assert receipt_numbers(self.session, self.group) == list(range(1, self.book.receipts + 1))

    @invariant()
    def the_entries_of_every_transaction_are_its_legs(self) -> None:
        rows = self.session.execute(
            text("""SELECT t.idempotency_key, w.kind, w.owner_id, w.provider, e.amount_minor
                      FROM entries e JOIN transactions t ON t.id = e.transaction_id JOIN wallets w ON w.id = e.wallet_id
                     WHERE e.group_id = :group"""),
            {"group": self.group.id},
        )
        found: dict[str, dict[Key, int]] = {}
        for key, kind, owner, provider, amount in rows:
            found.setdefault(key, {})[kind, owner, provider] = amount
        assert found == {key: known.moved for key, known in self.book.transactions.items() if known.moved}

    @invariant()
    def the_chain_is_whole_and_has_a_line_for_everything(self) -> None:
        length = self.session.scalar(
            text("SELECT count(*) FROM audit_log WHERE group_id = :group"), {"group": self.group.id}
        )
        assert length == self.book.lines
        assert audit.first_broken_line(self.session, self.group.id) is None

    def write_down(self, kind: str, moved: list[Leg], vote: str = "yes") -> None:
        self.write_down_movement(self.movement(self.new_key(), kind, moved, vote))

    def write_down_movement(self, movement: Movement) -> None:
        outcome = self.agree(
            lambda: self.book.record(movement.key, _said(movement), list(movement.legs)),
            lambda: record(self.session, movement, AT, CAUSE),
        )
        if isinstance(outcome, Posted):
            self.ids[movement.key], self.legs[movement.key] = outcome.transaction_id, list(movement.legs)
            self.said[movement.key] = movement

    def ask(self, kind: str, moved: list[Leg], vote: str) -> str:
        """Begins a movement that will be posted later, and answers its key."""
        key = self.new_key()
        movement = self.movement(key, kind, moved, vote)
        self.book.begin(key, _said(movement))
        begun = transactions.begin(
            self.session, self.group.id, kind, None, movement.amount, key, AT, CAUSE, REASON, movement.approval_id
        )
        self.ids[key], self.legs[key], self.said[key] = begun.id, moved, movement
        return key

    def complete(self, key: str, moved: list[Leg]) -> None:
        self.agree(
            lambda: self.book.post(key, moved),
            lambda: post(self.session, self.group.id, self.ids[key], moved, AT, CAUSE),
        )

    def movement(self, key: str, kind: str, moved: list[Leg], vote: str) -> Movement:
        plus = sum(leg.amount_minor for leg in moved if type(leg.amount_minor) is int and leg.amount_minor > 0)
        movement = Movement(self.group.id, kind, Money(plus or 1, self.currency), moved, key, reason=REASON)
        return dataclasses.replace(movement, approval_id=self.vote_about(movement, vote))

    def vote_about(self, movement: Movement, vote: str) -> int | None:
        """What the movement names: the group's "yes" to it, "none", or the "last" vote, about whatever that was."""
        if movement.kind not in DECIDED_BY or vote == "none":
            return None
        if vote == "last" and self.book.votes:
            return max(self.book.votes)
        amount = movement.amount.amount_minor
        number = voted(self.session, self.group.id, movement.kind, None, amount)
        self.book.vote(number, Vote(DECIDED_BY[movement.kind][0], None, amount))
        return number

    def agree(self, expected: Callable[[], Any], done: Callable[[], Any]) -> Any:
        """Both do the same or refuse for the same reason; what the ledger answered, or None when it refused."""
        wanted, found = _what_came_of(expected), _what_came_of(partial(self._within_a_savepoint, done))
        shown = Outcome(found.receipt_number, found.replayed) if isinstance(found, Posted) else found
        assert shown == wanted
        return None if isinstance(found, type) else found

    def _within_a_savepoint(self, done: Callable[[], Any]) -> Any:
        with self.session.begin_nested():
            result = done()
            # A deferred rule would never be asked in a transaction that is rolled back.
            self.session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            self.session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
            return result

    def open_keys(self) -> list[str]:
        return [key for key in self.ids if self.book.transactions[key].state in OPEN_STATES]

    def holding_keys(self) -> list[str]:
        return [key for key in self.ids if self.book.transactions[key].held]

    def new_key(self) -> str:
        self.keys += 1
        return f"{self.keys:04}"


def _said(movement: Movement) -> Said:
    amount = movement.amount.amount_minor
    return Said(movement.kind, movement.user_id, amount, movement.reason, movement.approval_id)


def _what_came_of(call: Callable[[], Any]) -> Any:
    """What it returned, or the class of the ledger's error that it raised."""
    try:
        return call()
    except errors.LedgerError as error:
        return type(error)
