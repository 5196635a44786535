"""The bank test of Jepsen: money goes to and fro between people while others look, and nobody sees a cent too many.

Eight members of two groups, real commits, writers that now and then ask for too much, repeat themselves or give up
before the commit. `make test-deep` (LEDGER_DEPTH=deep) does the same for a minute instead of three seconds.
"""

import os
import random
import time
from collections import Counter
from functools import partial

import pytest
from sqlalchemy import text

from core import db
from core.money import Money
from ledger import audit, errors, groups, legs, verifying
from ledger.models import Group
from ledger.postings import Leg, Movement, record
from tests.core.racing import at_once
from tests.ledger.actors import AT, CAUSE, founded, person, receipt_numbers

SECONDS = 60 if os.environ.get("LEDGER_DEPTH") == "deep" else 3
WRITERS, READERS = 4, 2
EACH = 10_000
MEMBERS = 4

# One statement is one snapshot.
LOOK = text("""
    SELECT count(*) AS wallets, sum(balance_minor) AS total, min(balance_minor) AS least,
           min(available_minor) AS least_available, count(DISTINCT group_id) AS groups,
           (SELECT sum(total) FILTER (WHERE total <> :of_a_group) FROM (
               SELECT sum(balance_minor) AS total FROM wallets
                WHERE group_id = ANY(:groups) AND kind = 'savings' GROUP BY group_id) by_group) AS wrong_groups,
           (SELECT sum(e.amount_minor) FROM entries e JOIN wallets w ON w.id = e.wallet_id
             WHERE e.group_id = ANY(:groups) AND w.kind = 'savings') AS moved
      FROM wallets WHERE group_id = ANY(:groups) AND kind = 'savings'""")


@pytest.fixture
def bank(committing: str) -> dict[int, list[int]]:
    """Group → its members, each of whom has saved 100.00 in the group's box."""
    with db.session() as session:
        opened = dict(_founded(session, name) for name in ("Umoja", "Harambee"))
        session.commit()
        return opened


@pytest.mark.timeout(SECONDS * 3 + 60)
def test_every_look_finds_exactly_the_money_that_there_is(bank: dict[int, list[int]]) -> None:
    end = time.monotonic() + SECONDS
    writers = [partial(_moves_money, bank, number, end) for number in range(WRITERS)]
    readers = [partial(_looks, list(bank), end)] * READERS
    *written, first_looks, second_looks = at_once(*writers, *readers)
    done: Counter[str] = Counter()
    for counted in written:
        assert isinstance(counted, Counter), counted
        done += counted
    assert isinstance(first_looks, int), first_looks
    assert isinstance(second_looks, int), second_looks
    # Everything that should happen did, so the test has tested something.
    assert min(done["moved"], done["refused"], done["repeated"], done["given up"], first_looks, second_looks) > 0, done
    with db.session() as session:
        for group_id in bank:
            assert audit.first_broken_line(session, group_id) is None
            assert list(verifying.verify(session, group_id)) == []
        numbers = [receipt_numbers(session, session.get_one(Group, group_id)) for group_id in bank]
    assert all(found == list(range(1, len(found) + 1)) for found in numbers)
    assert sum(map(len, numbers)) == len(bank) * MEMBERS + done["moved"]


def _founded(session: db.Session, name: str) -> tuple[int, list[int]]:
    people = [person(session, f"{name} {number}") for number in range(MEMBERS)]
    group = founded(session, people[0], name)
    for member in people[1:]:
        groups.join(session, group, member.id, AT, CAUSE)
    session.flush()
    for member in people:
        moved = legs.cash_in(member.id, EACH)
        movement = Movement(group.id, "cash_in", Money(EACH, group.currency), moved, f"first {member.id}")
        record(session, movement, AT, CAUSE)
    return group.id, [member.id for member in people]


def _moves_money(bank: dict[int, list[int]], writer: int, end: float) -> Counter[str]:
    """Random transfers until the time is over; what came of them."""
    chance, done = random.Random(writer), Counter[str]()
    while time.monotonic() < end:
        group_id = chance.choice(list(bank))
        giver, taker = chance.sample(bank[group_id], 2)
        amount = chance.randint(1, EACH)
        moved = [Leg("savings", -amount, giver), Leg("savings", amount, taker)]
        movement = Movement(group_id, "transfer", Money(amount, "KES"), moved, f"{writer} {done.total()}")
        done[_committed(movement, gives_up=chance.random() < 0.1)] += 1
        if chance.random() < 0.1:
            done["repeated"] += _committed(movement, gives_up=True) == "repeated"
    return done


def _committed(movement: Movement, gives_up: bool) -> str:
    with db.session() as session:
        try:
            posted = record(session, movement, AT, CAUSE)
        except errors.InsufficientFunds:
            return "refused"
        if posted.replayed:
            return "repeated"
        if gives_up:
            return "given up"
        session.commit()
        return "moved"


def _looks(group_ids: list[int], end: float) -> int:
    """How often it looked."""
    looks = 0
    while time.monotonic() < end:
        with db.session() as session:
            seen = session.execute(LOOK, {"groups": group_ids, "of_a_group": MEMBERS * EACH}).one()
        assert (seen.wallets, seen.groups, seen.total) == (2 * MEMBERS, 2, 2 * MEMBERS * EACH)
        assert seen.wrong_groups is None
        assert seen.moved == seen.total
        assert seen.least >= 0
        assert seen.least_available >= 0
        looks += 1
    return looks
