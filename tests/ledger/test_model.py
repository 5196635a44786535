"""Anything in any order: the database and a page of plain Python must agree after every single step.

`make test` takes a short walk; `make test-deep` (LEDGER_DEPTH=deep) takes hundreds of long ones.
"""

import dataclasses
import os
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import Engine

from core.money import Money
from ledger import errors, legs, reversals, transactions
from ledger.legs import CASH_BOX
from ledger.models import MOVEMENTS, Transaction
from ledger.postings import Leg, Posted
from tests.ledger.actors import AT, CAUSE, PROVIDER
from tests.ledger.machine import REASON, Machine
from tests.ledger.model import Key, Outcome, Said
from tests.ledger.moves import MOVES, Chance, part

DEEP = os.environ.get("LEDGER_DEPTH") == "deep"
WALKS, STEPS = (300, 100) if DEEP else (30, 40)

whoms = st.integers(0, 1)
small = st.integers(0, 300)
# Now and then more than there is.
percents = st.sampled_from([25, 50, 50, 100, 101])
others = st.sampled_from(["", "", "amount", "reason", "user_id", "kind", "legs", "key", "approval_id"])
# Now and then none, or one about something else.
votes = st.sampled_from(["yes", "yes", "yes", "yes", "none", "last"])
endings = st.sampled_from(["failed", "expired", "cancelled"])

NO_WHOLE_NUMBERS: st.SearchStrategy[Any] = st.sampled_from([0.5, 5000.0, True, Decimal(1), float("nan"), "1", None])
UNLIKELY_LEGS = st.lists(st.tuples(st.sampled_from(["expense", "fee_income"]), st.integers(-9, 9)), max_size=3)
STRANGE_KINDS = st.sampled_from(["savings", "loan", "pocket", "expense"])


class Ledger(Machine):
    """Every movement, promises, ends, replays, reversals and nonsense."""

    @initialize(cash=st.integers(1, 30_000), lent=st.integers(1, 20_000), dues=small)
    def begins_with_some_money(self, cash: int, lent: int, dues: int) -> None:
        """So that a short walk comes to loans and withdrawals, too."""
        ama, baraka = self.people
        self.write_down("contribution", legs.contribution(ama, PROVIDER, 50_000, 51_000, 765))
        self.write_down("cash_in", legs.cash_in(baraka, cash))
        self.write_down("loan_disbursement", legs.loan_disbursement(baraka, PROVIDER, lent, 40))
        self.write_down("interest", legs.interest(baraka, dues))

    @rule(
        kind=st.sampled_from(sorted(MOVES)),
        whom=whoms,
        place=st.sampled_from([PROVIDER, CASH_BOX]),
        amount=st.integers(1, 10_000),
        small=small,
        percent=percents,
        flag=st.booleans(),
        vote=votes,
    )
    def moves(self, kind: str, whom: int, vote: str, **chosen: Any) -> None:
        chance = Chance(self.people[whom], self.people[1 - whom], **chosen)
        self.write_down(kind, MOVES[kind](self.book, chance), vote)

    @rule(
        whom=whoms,
        percent=percents,
        promised=st.lists(percents, max_size=2),
        then=st.sampled_from(["waits", "waits", "posts", "ends"]),
        vote=st.sampled_from(["yes", "yes", "yes", "none"]),
    )
    def asks_for_a_withdrawal(self, whom: int, percent: int, promised: list[int], then: str, vote: str) -> None:
        amount = part(self.book.available("savings", self.people[whom]), percent)
        moved = legs.withdrawal(self.people[whom], PROVIDER, amount, amount, 0)
        key = self.ask("withdrawal", moved, vote)
        for part_of_it in promised:
            self._promise(key, part_of_it)
        if then == "posts":
            self.complete(key, moved)
        elif then == "ends":
            self._end(key, "failed")

    @rule(data=st.data(), percent=percents)
    def promises_to_any(self, data: st.DataObject, percent: int) -> None:
        """Something that has ended, or holds something else, or never was a withdrawal."""
        self._promise(data.draw(self.keys_of([])), percent)

    @precondition(lambda self: self.holding_keys())
    @rule(data=st.data(), how_much=st.sampled_from(["nothing", "a part", "all", "all", "too much"]))
    def releases_a_part(self, data: st.DataObject, how_much: str) -> None:
        key = data.draw(self.keys_of(self.holding_keys()))
        held = self.book.transactions[key].held
        kind, owner, provider = wallet = data.draw(st.sampled_from(list(held)))
        whole = held[wallet]
        amount = {"nothing": 0, "a part": (whole + 1) // 2, "all": whole, "too much": whole + 1}[how_much]
        self.agree(
            lambda: self.book.release(key, wallet, amount),
            lambda: transactions.release(
                self.session, self.group.id, self.ids[key], Leg(kind, amount, owner or None, provider), AT, CAUSE
            ),
        )

    @rule(data=st.data(), again=st.booleans(), state=endings)
    def ends_one(self, data: st.DataObject, again: bool, state: str) -> None:
        self._end(data.draw(self.keys_of([] if again else self.open_keys())), state)

    @precondition(lambda self: self.open_keys())
    @rule(data=st.data())
    def sends_one(self, data: st.DataObject) -> None:
        key = data.draw(self.keys_of(self.open_keys()))
        transactions.mark_processing(self.session, self.ids[key])
        self.book.transactions[key].state = "processing"

    @rule(data=st.data(), again=st.booleans(), more=st.sampled_from([0, 0, 0, 1]))
    def posts_one(self, data: st.DataObject, again: bool, more: int) -> None:
        """An open one for the first time, or any again, sometimes with other legs."""
        key = data.draw(self.keys_of([] if again else self.open_keys()))
        moved = [dataclasses.replace(leg, amount_minor=leg.amount_minor * (1 + more)) for leg in self.legs[key]]
        self.complete(key, moved[::-1])

    @rule(data=st.data(), other=others)
    def records_one_again(self, data: st.DataObject, other: str) -> None:
        """With the same content, or with something else under the same key."""
        movement = self.said[data.draw(st.sampled_from(list(self.said)))]
        changes: dict[str, Any] = {
            "amount": Money(movement.amount.amount_minor + 1, self.currency),
            "reason": "another reason",
            "user_id": self.stranger,
            "kind": "fee" if movement.kind != "fee" else "banking",
            "legs": legs.cash_in(self.people[0], 77),
            "key": self.new_key(),
            "approval_id": max(self.book.votes),
        }
        self.write_down_movement(dataclasses.replace(movement, **{other: changes[other]}) if other else movement)

    @rule(data=st.data(), reason=st.sampled_from([REASON, REASON, "another reason"]))
    def reverses_one(self, data: st.DataObject, reason: str) -> None:
        """Any transaction, posted or not, reversed or not, reversals too."""
        key = data.draw(self.keys_of([]))
        target = self.book.transactions[key]
        back = legs.reversal(_as_legs(target.moved or {}))
        known = self.session.get_one(Transaction, self.ids[key], populate_existing=True)
        own_key = f"reversal:{known.id}"

        def expected() -> Outcome:
            if target.moved is None:
                raise errors.TransactionClosed
            return self.book.record(own_key, Said("reversal", None, target.said.amount, reason, reverses=key), back)

        outcome = self.agree(expected, lambda: reversals.undo(self.session, known, reason, AT, CAUSE))
        if isinstance(outcome, Posted):
            self.ids[own_key], self.legs[own_key] = outcome.transaction_id, back

    @rule(data=st.data(), whom=whoms)
    def writes_nonsense(self, data: st.DataObject, whom: int) -> None:
        """What is no whole number, what does not add up, and what belongs to a stranger."""
        anything = st.one_of(
            NO_WHOLE_NUMBERS.map(lambda amount: [Leg("savings", amount, self.people[whom]), Leg("expense", -1)]),
            UNLIKELY_LEGS.map(lambda parts: [Leg(kind, amount) for kind, amount in parts]),
            STRANGE_KINDS.map(lambda kind: [Leg("cash", -5, provider=CASH_BOX), Leg(kind, 5, self.stranger)]),
        )
        self.write_down("fee", data.draw(anything))

    def keys_of(self, wanted: list[str]) -> st.SearchStrategy[str]:
        """One of the wanted transactions, or any when there are none of those.

        In the order in which they began: numbers from the database differ when Hypothesis takes the same walk again.
        """
        return st.sampled_from(wanted or list(self.ids))

    def _promise(self, key: str, percent: int) -> None:
        """So many percent of the money that its posting will take."""
        taken = [leg for leg in self.legs[key] if (leg.kind == "savings") == (leg.amount_minor < 0)]
        holds = [dataclasses.replace(leg, amount_minor=abs(leg.amount_minor) * percent // 100) for leg in taken]
        self.agree(
            lambda: self.book.reserve(key, holds),
            lambda: transactions.reserve(self.session, self.group.id, self.ids[key], holds, AT, CAUSE),
        )

    def _end(self, key: str, state: str) -> None:
        self.agree(
            lambda: self.book.end(key, state),
            lambda: transactions.end(self.session, self.group.id, self.ids[key], state, REASON, AT, CAUSE),
        )


@pytest.mark.timeout(3_600 if DEEP else 120)
def test_the_ledger_does_what_a_page_of_plain_python_does(shared_engine: Engine, configured: None) -> None:
    run_state_machine_as_test(
        lambda: Ledger(shared_engine),  # type: ignore[arg-type]
        settings=settings(
            max_examples=WALKS,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # The short walk is the same every time, so that a red build is red for everybody.
            derandomize=not DEEP,
        ),
    )


def test_the_walk_may_take_every_kind_of_movement() -> None:
    assert MOVES.keys() | {"reversal"} == set(MOVEMENTS)


def _as_legs(moved: dict[Key, int]) -> list[Leg]:
    return [Leg(kind, amount, owner or None, provider) for (kind, owner, provider), amount in moved.items()]
