"""`record()`: one movement written down in one go, and its key, which makes it happen once."""

import dataclasses
import json
from functools import partial
from typing import Any

import pytest

from core import db
from core.money import Money
from ledger import audit, errors, legs, reversals, seals
from ledger.audit import Cause
from ledger.models import Transaction
from ledger.postings import Leg, Movement, Posted, record
from tests.core.racing import at_once
from tests.ledger.actors import (
    AT,
    CAUSE,
    World,
    allowed,
    audit_lines,
    balances,
    populated,
    receipt_numbers,
    row_counts,
    wish,
)


def cash_in(world: World, amount_minor: int = 5_000, key: str = "k") -> Movement:
    """Ama's notes, counted at the meeting."""
    moved = legs.cash_in(world.ama.id, amount_minor)
    return Movement(world.umoja.id, "cash_in", Money(amount_minor, "KES"), moved, key, world.ama.id, "at the meeting")


def test_a_movement_is_written_down_completed_with_its_receipt_and_line(session: db.Session, world: World) -> None:
    posted = record(session, cash_in(world), AT, CAUSE)
    head = audit_lines(session, world.umoja)[-1]
    assert posted == Posted(posted.transaction_id, 1, head.seq, seals.short(head.hash), replayed=False)
    assert balances(session, world.umoja) == {("cash", "box"): -5_000, ("savings", world.ama.id): 5_000}
    known = session.get_one(Transaction, posted.transaction_id)
    assert (known.kind, known.state, known.user_id, known.amount_minor, known.currency, known.reason) == (
        "cash_in",
        "completed",
        world.ama.id,
        5_000,
        "KES",
        "at the meeting",
    )
    assert (known.created_at, known.completed_at, known.channel, known.message_id) == (
        AT,
        AT,
        CAUSE.channel,
        CAUSE.message_id,
    )
    assert json.loads(head.data)["transaction"] == posted.transaction_id
    assert head.action == "cash_in"


def test_the_same_key_with_the_same_content_answers_the_first_result(session: db.Session, world: World) -> None:
    first = record(session, cash_in(world), AT, CAUSE)
    record(session, cash_in(world, key="in between"), AT, CAUSE)
    before = row_counts(session)
    again = record(session, cash_in(world), AT, Cause(world.ama.id, "whatsapp", "another message"))
    assert again == dataclasses.replace(first, replayed=True)
    assert row_counts(session) == before


def test_the_order_of_the_legs_and_legs_of_zero_are_no_other_content(session: db.Session, world: World) -> None:
    movement = cash_in(world)
    record(session, movement, AT, CAUSE)
    same = dataclasses.replace(movement, legs=[*reversed(movement.legs), Leg("fee_expense", 0)])
    assert record(session, same, AT, CAUSE).replayed


def other_contents(world: World) -> dict[str, Movement]:
    known = cash_in(world)
    return {
        "amount": dataclasses.replace(known, amount=Money(5_001, "KES")),
        "legs": dataclasses.replace(known, legs=legs.cash_in(world.ama.id, 5_001)),
        "another member's legs": dataclasses.replace(known, legs=legs.cash_in(world.baraka.id, 5_000)),
        "member": dataclasses.replace(known, user_id=world.baraka.id),
        "no member": dataclasses.replace(known, user_id=None),
        "reason": dataclasses.replace(known, reason="found under a chair"),
        "no reason": dataclasses.replace(known, reason=None),
        "kind": dataclasses.replace(known, kind="contribution"),
    }


@pytest.mark.parametrize(
    "other",
    ["amount", "legs", "another member's legs", "member", "no member", "reason", "no reason", "kind"],
)
def test_the_same_key_with_other_content_is_a_conflict(session: db.Session, world: World, other: str) -> None:
    record(session, cash_in(world), AT, CAUSE)
    _refused(session, errors.IdempotencyConflict, other_contents(world)[other])


def test_each_of_those_is_accepted_under_a_key_of_its_own(session: db.Session, world: World) -> None:
    for name, movement in other_contents(world).items():
        assert not record(session, dataclasses.replace(movement, key=name), AT, CAUSE).replayed


def test_a_key_belongs_to_one_group(session: db.Session, world: World) -> None:
    record(session, cash_in(world), AT, CAUSE)
    foreign = Movement(world.harambee.id, "cash_in", Money(5_000, "KES"), legs.cash_in(world.chidi.id, 5_000), "k")
    assert not record(session, foreign, AT, CAUSE).replayed


def test_the_key_of_an_open_wish_stands_for_that_wish(session: db.Session, world: World) -> None:
    wish(session, world.umoja, world.ama, 5_000, key="k")
    _refused(session, errors.IdempotencyConflict, cash_in(world))
    same = dataclasses.replace(cash_in(world), kind="contribution", reason=None)
    # It is the same wish, but a wish is completed by `post` and never written down a second time.
    _refused(session, errors.TransactionClosed, same)


@pytest.mark.parametrize("currency", ["NGN", "UGX", "USD"])
def test_another_currency_than_the_groups_is_refused(session: db.Session, world: World, currency: str) -> None:
    _refused(session, errors.WrongCurrency, dataclasses.replace(cash_in(world), amount=Money(5_000, currency)))


@pytest.mark.parametrize("amount_minor", [0, -1])
def test_an_amount_that_is_not_positive_is_refused(session: db.Session, world: World, amount_minor: int) -> None:
    _refused(session, errors.AmountNotPositive, dataclasses.replace(cash_in(world), amount=Money(amount_minor, "KES")))


@pytest.mark.parametrize("amounts", [(), (0, 0), (5_000,), (5_000, -4_999)])
def test_legs_that_do_not_add_up_leave_not_even_the_transaction(
    session: db.Session, world: World, amounts: tuple[int, ...]
) -> None:
    moved = [Leg(kind, amount) for kind, amount in zip(("interest_income", "expense"), amounts, strict=False)]
    _refused(session, errors.Unbalanced, dataclasses.replace(cash_in(world), legs=moved))


def test_what_is_not_there_cannot_be_taken_and_its_key_stays_free(session: db.Session, world: World) -> None:
    out = Movement(world.umoja.id, "cash_out", Money(5_000, "KES"), legs.cash_out(world.ama.id, 5_000), "out")
    out = allowed(session, out)
    _refused(session, errors.InsufficientFunds, out)
    record(session, cash_in(world), AT, CAUSE)
    assert not record(session, out, AT, CAUSE).replayed


@pytest.mark.parametrize(
    "changes",
    [
        {"approval_id": None},
        {"user_id": None},
        {"amount": Money(5_001, "KES")},
        {"kind": "payout"},
        {"group_id": "harambee"},
    ],
    ids=["no vote", "another member", "another amount", "another subject", "another group"],
)
def test_money_leaves_only_by_a_vote_about_just_that(
    session: db.Session, world: World, changes: dict[str, Any]
) -> None:
    record(session, cash_in(world, 9_000), AT, CAUSE)
    out = allowed(session, cash_out(world))
    changes = {name: world.harambee.id if value == "harambee" else value for name, value in changes.items()}
    _refused(session, errors.NotVoted, dataclasses.replace(out, **changes))
    assert not record(session, out, AT, CAUSE).replayed


def test_a_vote_is_carried_out_once_and_again_only_after_a_reversal(session: db.Session, world: World) -> None:
    record(session, cash_in(world, 20_000), AT, CAUSE)
    out = allowed(session, cash_out(world))
    first = record(session, out, AT, CAUSE)
    again = dataclasses.replace(out, key="again")
    _refused(session, errors.AlreadyCarriedOut, again)
    reversals.undo(session, session.get_one(Transaction, first.transaction_id), "wrong notes", AT, CAUSE)
    assert not record(session, again, AT, CAUSE).replayed


def cash_out(world: World) -> Movement:
    moved = legs.cash_out(world.ama.id, 5_000)
    return Movement(world.umoja.id, "cash_out", Money(5_000, "KES"), moved, "out", world.ama.id)


def test_a_wallet_that_the_group_lacks_is_refused(session: db.Session, world: World) -> None:
    _refused(
        session, errors.UnknownWallet, dataclasses.replace(cash_in(world), legs=legs.cash_in(world.chidi.id, 5_000))
    )


@pytest.mark.parametrize("amount", [5_000.0, True, "5000"])
def test_what_is_no_whole_number_is_refused(session: db.Session, world: World, amount: Any) -> None:
    _refused(session, errors.AmountNotWhole, dataclasses.replace(cash_in(world), legs=legs_of(world, amount)))


@pytest.mark.parametrize(
    "place", ["o'neill", 'the "bank"', "back\\slash", "{a,b}", "NULL", "a, b", " ", "naïve ☂", "%s"]
)
def test_a_place_may_have_any_name(session: db.Session, world: World, place: str) -> None:
    moved = [Leg("cash", -5_000, provider=place), Leg("savings", 5_000, world.ama.id)]
    record(session, dataclasses.replace(cash_in(world), legs=moved), AT, CAUSE)
    assert balances(session, world.umoja) == {("cash", place): -5_000, ("savings", world.ama.id): 5_000}
    assert audit.first_broken_line(session, world.umoja.id) is None
    assert json.loads(audit_lines(session, world.umoja)[-2].data)["provider"] == place


def legs_of(world: World, amount: Any) -> list[Leg]:
    return [Leg("cash", -5_000, provider="box"), Leg("savings", amount, world.ama.id)]


def test_the_same_movement_recorded_by_eight_at_once_is_one(committing: str) -> None:
    world = _committed_world()
    results = at_once(*[partial(_committed_record, cash_in(world))] * 8)
    assert sorted(result.replayed for result in results) == [False] + [True] * 7
    assert len({dataclasses.replace(result, replayed=False) for result in results}) == 1
    with db.session() as session:
        assert balances(session, world.umoja)["savings", world.ama.id] == 5_000
        assert audit.first_broken_line(session, world.umoja.id) is None


def test_one_key_for_eight_different_movements_at_once_is_one_and_seven_conflicts(committing: str) -> None:
    world = _committed_world()
    results = at_once(*(partial(_committed_record, cash_in(world, 5_000 + number)) for number in range(8)))
    names = sorted(type(result).__name__ for result in results)
    assert names == ["IdempotencyConflict"] * 7 + ["Posted"]


def test_eight_movements_at_once_all_count_and_their_receipts_have_no_gap(committing: str) -> None:
    world = _committed_world()
    results = at_once(*(partial(_committed_record, cash_in(world, 100, key=str(number))) for number in range(8)))
    assert sorted(result.receipt_number for result in results) == list(range(1, 9))
    with db.session() as session:
        assert balances(session, world.umoja)["savings", world.ama.id] == 800
        assert receipt_numbers(session, world.umoja) == list(range(1, 9))
        assert audit.first_broken_line(session, world.umoja.id) is None


def _committed_world() -> World:
    with db.session() as session:
        world = populated(session)
        session.commit()
        return world


def _committed_record(movement: Movement) -> Posted:
    with db.session() as session:
        posted = record(session, movement, AT, CAUSE)
        session.commit()
        return posted


def _refused(session: db.Session, error: type[Exception], movement: Movement) -> None:
    """The movement raises `error`, and nothing is different."""
    before, known = row_counts(session), session.query(Transaction).count()
    with pytest.raises(error), session.begin_nested():
        record(session, movement, AT, CAUSE)
    assert (row_counts(session), session.query(Transaction).count()) == (before, known)
