"""Mistakes are reversed, never edited: up to which amount, once, with a reason, and only while the money is there."""

import dataclasses
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from core import db
from core.money import Money
from ledger import audit, errors, legs, reversals
from ledger.models import Group, Transaction, User
from ledger.postings import Leg, Movement, Posted, record
from ledger.reversals import Reversed
from tests.core.racing import at_once
from tests.ledger.actors import (
    AT,
    CAUSE,
    World,
    allowed,
    audit_lines,
    balances,
    entries,
    populated,
    receipt_numbers,
    row_counts,
    saved,
    wish,
)

REASON = "counted twice"


@pytest.fixture
def rich(session: db.Session, world: World) -> World:
    """The group has 900.00 in the box, of which Ama saved all; officers may reverse 10 %."""
    cash_in(session, world.umoja, world.ama, 90_000)
    return world


def cash_in(session: db.Session, group: Group, user: User, amount_minor: int) -> Posted:
    return note(session, group, "cash_in", user, amount_minor, legs.cash_in(user.id, amount_minor))


def note(session: db.Session, group: Group, kind: str, user: User, amount_minor: int, moved: list[Leg]) -> Posted:
    key = f"{kind} {session.scalar(select(func.count()).select_from(Transaction))}"
    movement = Movement(group.id, kind, Money(amount_minor, group.currency), moved, key, user.id)
    return record(session, allowed(session, movement), AT, CAUSE)


def reverse(session: db.Session, world: World, receipt_number: int, reason: str = REASON) -> Reversed:
    return reversals.by_officer(session, world.umoja.id, receipt_number, reason, AT, CAUSE)


def test_a_reversal_posts_the_opposite_with_its_reason(session: db.Session, rich: World) -> None:
    mistake = cash_in(session, rich.umoja, rich.baraka, 5_000)
    undone = reverse(session, rich, mistake.receipt_number)
    assert undone.transaction.id == mistake.transaction_id
    made = session.get_one(Transaction, undone.posted.transaction_id)
    assert (made.kind, made.state, made.reason, made.reverses_id) == (
        "reversal",
        "completed",
        REASON,
        mistake.transaction_id,
    )
    assert (made.amount_minor, made.user_id) == (5_000, rich.baraka.id)
    assert [e.amount_minor for e in entries(session, made)] == [
        -e.amount_minor for e in entries(session, undone.transaction)
    ]
    found = balances(session, rich.umoja)
    assert (found["savings", rich.baraka.id], found["cash", "box"]) == (0, -90_000)


def test_what_was_reversed_stays_in_the_book_and_says_so(session: db.Session, rich: World) -> None:
    mistake = cash_in(session, rich.umoja, rich.baraka, 5_000)
    reverse(session, rich, mistake.receipt_number)
    known = session.get_one(Transaction, mistake.transaction_id, populate_existing=True)
    assert (known.state, known.completed_at) == ("reversed", AT)
    assert len(entries(session, known)) == 2
    assert receipt_numbers(session, rich.umoja) == [1, 2, 3]
    assert audit_lines(session, rich.umoja)[-1].action == "reversal"
    assert audit.first_broken_line(session, rich.umoja.id) is None


def test_a_second_reversal_is_refused(session: db.Session, rich: World) -> None:
    mistake = cash_in(session, rich.umoja, rich.baraka, 5_000)
    reverse(session, rich, mistake.receipt_number)
    session.expire_all()
    _refused(session, rich, errors.AlreadyReversed, mistake.receipt_number)


def test_a_reversal_of_a_reversal_is_refused(session: db.Session, rich: World) -> None:
    mistake = cash_in(session, rich.umoja, rich.baraka, 5_000)
    undone = reverse(session, rich, mistake.receipt_number)
    _refused(session, rich, errors.NotReversible, undone.posted.receipt_number)


def test_money_that_lies_at_a_provider_is_not_reversed(session: db.Session, rich: World) -> None:
    saved(session, rich.umoja, rich.baraka, 100)
    _refused(session, rich, errors.NotReversible, receipt_numbers(session, rich.umoja)[-1])


def test_what_belongs_to_a_loan_is_not_reversed_by_the_book_alone(session: db.Session, rich: World) -> None:
    penalty = note(session, rich.umoja, "penalty", rich.baraka, 500, legs.penalty(rich.baraka.id, 500))
    with pytest.raises(errors.NotReversible):
        reverse(session, rich, penalty.receipt_number)
    assert balances(session, rich.umoja)["penalty_due", rich.baraka.id] == -500


@pytest.mark.parametrize("officers_alone", [True, False])
def test_what_a_vote_decided_is_not_reversed_so_that_the_same_vote_never_pays_twice(
    session: db.Session, rich: World, officers_alone: bool
) -> None:
    paid = note(session, rich.umoja, "cash_out", rich.ama, 5_000, legs.cash_out(rich.ama.id, 5_000))
    with pytest.raises(errors.NotReversible):
        reversals.check(session, rich.umoja.id, paid.receipt_number, officers_alone)


@pytest.mark.parametrize("number", [0, 99, -1])
def test_a_receipt_that_the_group_does_not_have_is_none(session: db.Session, rich: World, number: int) -> None:
    with pytest.raises(errors.UnknownReceipt):
        reverse(session, rich, number)


def test_another_groups_receipt_is_none_here(session: db.Session, rich: World) -> None:
    cash_in(session, rich.harambee, rich.chidi, 500)
    assert cash_in(session, rich.harambee, rich.chidi, 500).receipt_number == 2
    with pytest.raises(errors.UnknownReceipt):
        reverse(session, rich, 2)


@pytest.mark.parametrize(
    ("percent", "amount_minor", "allowed"),
    [
        # The mistake lies in the box, too, when its limit is computed: 90,000 + the amount.
        (10, 10_000, True),
        (10, 10_001, False),
        (0, 1, False),
        (100, 90_000, True),
        (1, 909, True),
        (1, 910, False),
    ],
)
def test_officers_reverse_up_to_a_part_of_the_groups_money(
    session: db.Session, rich: World, percent: int, amount_minor: int, allowed: bool
) -> None:
    rich.umoja.reversal_limit_percent = percent
    session.flush()
    mistake = cash_in(session, rich.umoja, rich.baraka, amount_minor)
    if allowed:
        assert reverse(session, rich, mistake.receipt_number) is not None
    else:
        _refused(session, rich, errors.NeedsVote, mistake.receipt_number)


def test_whoever_needs_a_vote_is_told_the_limit(session: db.Session, rich: World) -> None:
    mistake = cash_in(session, rich.umoja, rich.baraka, 20_009)
    with pytest.raises(errors.NeedsVote) as caught:
        reverse(session, rich, mistake.receipt_number)
    # 10 % of 1,100.09, rounded down to a cent.
    assert caught.value.limit == reversals.officers_limit(session, rich.umoja.id) == Money(11_000, "KES")


def test_the_limit_counts_the_groups_cash_in_every_place_and_of_no_other_group(
    session: db.Session, rich: World
) -> None:
    saved(session, rich.umoja, rich.baraka, 10_000)
    saved(session, rich.harambee, rich.chidi, 77_000)
    assert reversals.officers_limit(session, rich.umoja.id) == Money(10_000, "KES")


def test_a_group_without_money_has_no_limit_to_spend(session: db.Session, world: World) -> None:
    assert reversals.officers_limit(session, world.umoja.id) == Money(0, "KES")


def test_what_a_vote_decided_may_be_above_the_officers_limit(session: db.Session, rich: World) -> None:
    mistake = cash_in(session, rich.umoja, rich.baraka, 80_000)
    transaction = session.get_one(Transaction, mistake.transaction_id)
    assert not reversals.undo(session, transaction, REASON, AT, CAUSE).replayed
    assert balances(session, rich.umoja)["savings", rich.baraka.id] == 0


def test_money_that_was_used_since_cannot_be_taken_back(session: db.Session, rich: World) -> None:
    mistake = cash_in(session, rich.umoja, rich.baraka, 5_000)
    note(session, rich.umoja, "cash_out", rich.baraka, 1, legs.cash_out(rich.baraka.id, 1))
    _refused(session, rich, errors.InsufficientFunds, mistake.receipt_number)
    assert session.get_one(Transaction, mistake.transaction_id, populate_existing=True).state == "completed"


@pytest.mark.parametrize("reason", ["", None])
def test_a_reversal_needs_a_reason(session: db.Session, rich: World, reason: Any) -> None:
    mistake = cash_in(session, rich.umoja, rich.baraka, 5_000)
    with pytest.raises(IntegrityError, match="ck_transactions_reversal"), session.begin_nested():
        reverse(session, rich, mistake.receipt_number, reason)
    assert balances(session, rich.umoja)["savings", rich.baraka.id] == 5_000


def test_the_same_reversal_again_answers_the_first_result(session: db.Session, rich: World) -> None:
    transaction = session.get_one(Transaction, cash_in(session, rich.umoja, rich.baraka, 5_000).transaction_id)
    first = reversals.undo(session, transaction, REASON, AT, CAUSE)
    before = row_counts(session)
    assert reversals.undo(session, transaction, REASON, AT, CAUSE) == dataclasses.replace(first, replayed=True)
    assert row_counts(session) == before


def test_the_same_reversal_for_another_reason_is_a_conflict(session: db.Session, rich: World) -> None:
    transaction = session.get_one(Transaction, cash_in(session, rich.umoja, rich.baraka, 5_000).transaction_id)
    reversals.undo(session, transaction, REASON, AT, CAUSE)
    with pytest.raises(errors.IdempotencyConflict), session.begin_nested():
        reversals.undo(session, transaction, "another reason", AT, CAUSE)


def test_a_second_reversal_under_another_key_is_refused_by_the_database(session: db.Session, rich: World) -> None:
    mistake = cash_in(session, rich.umoja, rich.baraka, 5_000)
    back = legs.reversal(legs.cash_in(rich.baraka.id, 5_000))
    movement = Movement(
        rich.umoja.id, "reversal", Money(5_000, "KES"), back, "one", None, REASON, mistake.transaction_id
    )
    record(session, movement, AT, CAUSE)
    with pytest.raises(errors.AlreadyReversed), session.begin_nested():
        record(session, dataclasses.replace(movement, key="two"), AT, CAUSE)


def test_nothing_is_reversed_that_was_not_posted(session: db.Session, rich: World) -> None:
    pending = wish(session, rich.umoja, rich.ama)
    with pytest.raises(errors.TransactionClosed):
        reversals.undo(session, pending, REASON, AT, CAUSE)
    back = legs.reversal(legs.cash_in(rich.ama.id, 5_000))
    movement = Movement(rich.umoja.id, "reversal", Money(5_000, "KES"), back, "one", None, REASON, pending.id)
    with pytest.raises(errors.TransactionClosed), session.begin_nested():
        record(session, movement, AT, CAUSE)


def test_another_groups_transaction_is_not_reversed_here(session: db.Session, rich: World) -> None:
    foreign = cash_in(session, rich.harambee, rich.chidi, 5_000)
    back = legs.reversal(legs.cash_in(rich.ama.id, 5_000))
    movement = Movement(
        rich.umoja.id, "reversal", Money(5_000, "KES"), back, "one", None, REASON, foreign.transaction_id
    )
    with pytest.raises(errors.UnknownWallet), session.begin_nested():
        record(session, movement, AT, CAUSE)
    assert session.get_one(Transaction, foreign.transaction_id, populate_existing=True).state == "completed"


def test_two_officers_who_reverse_at_once_reverse_once(committing: str) -> None:
    with db.session() as session:
        world = populated(session)
        cash_in(session, world.umoja, world.ama, 90_000)
        number = cash_in(session, world.umoja, world.baraka, 5_000).receipt_number
        session.commit()

    def committed_reversal(reason: str) -> str:
        with db.session() as session:
            undone = reverse(session, world, number, reason)
            session.commit()
            assert undone is not None
            return "replayed" if undone.posted.replayed else "reversed"

    results = at_once(*(partial(committed_reversal, reason) for reason in (REASON, REASON, "another reason")))
    assert results.count("reversed") == 1
    others = {type(result) for result in results if result not in ("reversed", "replayed")}
    assert others <= {errors.AlreadyReversed, errors.IdempotencyConflict}
    with db.session() as session:
        assert balances(session, world.umoja)["savings", world.baraka.id] == 0


def _refused(session: db.Session, world: World, error: type[Exception], receipt_number: int) -> None:
    before = row_counts(session)
    with pytest.raises(error), session.begin_nested():
        reverse(session, world, receipt_number)
    assert row_counts(session) == before
