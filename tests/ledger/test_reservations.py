"""Promised money: reserved once, settled by its posting or released, and never taken by somebody else meanwhile.

Races, and the rule that only a commit checks: test_reservation_races.py.
"""

import json

import pytest

from core import db
from ledger import audit, errors, transactions
from ledger.models import Transaction
from ledger.postings import Leg
from tests.ledger.actors import AT, CAUSE, PROVIDER, World, audit_lines, balances, row_counts, saved, wish
from tests.ledger.withdrawals import PART, SAVED, asked, holds, promised, reserve, reserved, sent, states, wallet


@pytest.fixture
def rich(session: db.Session, world: World) -> World:
    """Ama has saved 100.00, which lie at the provider."""
    saved(session, world.umoja, world.ama, SAVED)
    return world


def test_a_reservation_moves_nothing_and_lessens_what_is_available(session: db.Session, rich: World) -> None:
    transaction = promised(session, rich)
    assert wallet(session, rich.umoja) == (SAVED, PART, SAVED - PART, 1)
    assert wallet(session, rich.umoja, "cash") == (-SAVED, PART, SAVED - PART, 1)
    assert states(session, transaction) == [("held", PART), ("held", PART)]


def test_a_reservation_is_a_line_of_the_audit_log(session: db.Session, rich: World) -> None:
    transaction = promised(session, rich)
    line = audit_lines(session, rich.umoja)[-1]
    assert line.action == "reserved"
    data = json.loads(line.data)
    assert data["transaction"] == transaction.id
    assert [amount for _, amount in data["reserved"]] == [PART, PART]
    assert audit.first_broken_line(session, rich.umoja.id) is None


def test_the_posting_settles_what_was_held_and_may_take_it(session: db.Session, rich: World) -> None:
    transaction = promised(session, rich, SAVED)
    sent(session, rich, transaction, SAVED)
    assert states(session, transaction) == [("settled", SAVED), ("settled", SAVED)]
    assert balances(session, rich.umoja) == {("savings", rich.ama.id): 0, ("cash", PROVIDER): 0}
    assert reserved(session, rich.umoja) == 0


def test_a_posting_that_takes_less_than_was_held_frees_the_rest(session: db.Session, rich: World) -> None:
    sent(session, rich, promised(session, rich, PART), 1_000)
    assert wallet(session, rich.umoja) == (SAVED - 1_000, 0, SAVED - 1_000, 2)


def test_a_posting_told_of_twice_settles_once(session: db.Session, rich: World) -> None:
    transaction = promised(session, rich)
    sent(session, rich, transaction)
    before = row_counts(session)
    assert sent(session, rich, transaction).replayed
    assert row_counts(session) == before
    assert wallet(session, rich.umoja) == (SAVED - PART, 0, SAVED - PART, 2)


@pytest.mark.parametrize("state", ["failed", "expired", "cancelled"])
def test_an_end_without_money_releases_what_was_held(session: db.Session, rich: World, state: str) -> None:
    transaction = promised(session, rich)
    assert transactions.end(session, rich.umoja.id, transaction.id, state, "no answer", AT, CAUSE)
    assert states(session, transaction) == [("released", PART), ("released", PART)]
    assert wallet(session, rich.umoja) == (SAVED, 0, SAVED, 1)
    line = audit_lines(session, rich.umoja)[-1]
    assert line.action == f"withdrawal_{state}"
    assert [amount for _, amount in json.loads(line.data)["released"]] == [PART, PART]


def test_a_second_end_releases_nothing_more(session: db.Session, rich: World) -> None:
    first, second = promised(session, rich, 3_000), promised(session, rich, 4_000)
    assert second.id != first.id
    for _ in range(2):
        transactions.end(session, rich.umoja.id, first.id, "failed", "", AT, CAUSE)
    assert wallet(session, rich.umoja) == (SAVED, 4_000, SAVED - 4_000, 1)


def test_a_part_can_be_released_and_the_rest_stays_held(session: db.Session, rich: World) -> None:
    transaction = promised(session, rich)
    part = Leg("savings", 1_500, rich.ama.id)
    transactions.release(session, rich.umoja.id, transaction.id, part, AT, CAUSE)
    assert sorted(states(session, transaction)) == [("held", PART - 1_500), ("held", PART)]
    assert wallet(session, rich.umoja) == (SAVED, PART - 1_500, SAVED - PART + 1_500, 1)
    assert audit_lines(session, rich.umoja)[-1].action == "released"


def test_releasing_everything_on_a_wallet_ends_that_reservation(session: db.Session, rich: World) -> None:
    transaction = promised(session, rich)
    for part in (holds(rich.ama, PART - 1)[0], holds(rich.ama, 1)[0]):
        transactions.release(session, rich.umoja.id, transaction.id, part, AT, CAUSE)
    assert sorted(states(session, transaction)) == [("held", PART), ("released", 1)]
    _not_held(session, rich, transaction, holds(rich.ama, 1)[0])


@pytest.mark.parametrize("amount_minor", [PART + 1, 0, -1])
def test_no_more_is_released_than_is_held_and_nothing_is_no_part(
    session: db.Session, rich: World, amount_minor: int
) -> None:
    transaction = promised(session, rich)
    _not_held(session, rich, transaction, Leg("savings", amount_minor, rich.ama.id))


def test_what_a_transaction_does_not_hold_is_not_released(session: db.Session, rich: World) -> None:
    saved(session, rich.umoja, rich.baraka)
    transaction = promised(session, rich)
    for part in (Leg("savings", 1, rich.baraka.id), Leg("cash", 1, provider="box"), Leg("pocket", 1)):
        _not_held(session, rich, transaction, part)
    _not_held(session, rich, asked(session, rich.umoja, rich.ama), holds(rich.ama)[0])


def test_what_was_settled_is_not_released(session: db.Session, rich: World) -> None:
    transaction = promised(session, rich)
    sent(session, rich, transaction)
    _not_held(session, rich, transaction, holds(rich.ama)[0])


def test_reserving_the_same_again_changes_nothing(session: db.Session, rich: World) -> None:
    transaction = promised(session, rich)
    before = row_counts(session)
    assert reserve(session, transaction, holds(rich.ama)[::-1]) is False
    assert row_counts(session) == before
    assert wallet(session, rich.umoja) == (SAVED, PART, SAVED - PART, 1)


@pytest.mark.parametrize("amount_minor", [PART - 1, PART + 1])
def test_reserving_something_else_is_a_conflict(session: db.Session, rich: World, amount_minor: int) -> None:
    transaction = promised(session, rich)
    _refused(session, rich, errors.IdempotencyConflict, transaction, holds(rich.ama, amount_minor))
    _refused(session, rich, errors.IdempotencyConflict, transaction, holds(rich.ama)[:1])


@pytest.mark.parametrize("given_back", ["one wallet", "everything"])
def test_a_transaction_promises_once_even_if_it_gave_something_back(
    session: db.Session, rich: World, given_back: str
) -> None:
    transaction = promised(session, rich)
    for part in holds(rich.ama)[: 1 if given_back == "one wallet" else 2]:
        transactions.release(session, rich.umoja.id, transaction.id, part, AT, CAUSE)
    _refused(session, rich, errors.IdempotencyConflict, transaction, holds(rich.ama))


def test_the_same_money_is_not_promised_twice(session: db.Session, rich: World) -> None:
    promised(session, rich)
    second = asked(session, rich.umoja, rich.ama)
    _refused(session, rich, errors.InsufficientFunds, second, holds(rich.ama))
    assert reserve(session, second, holds(rich.ama, SAVED - PART))
    assert wallet(session, rich.umoja) == (SAVED, SAVED, 0, 1)


def test_more_than_is_available_is_reserved_nowhere_even_if_one_wallet_had_it(session: db.Session, rich: World) -> None:
    saved(session, rich.umoja, rich.baraka, 3_000)
    # The provider holds 130.00, of which Ama's savings are only 100.00.
    _refused(session, rich, errors.InsufficientFunds, asked(session, rich.umoja, rich.ama), holds(rich.ama, SAVED + 1))
    assert reserved(session, rich.umoja) == 0


def test_released_money_can_be_promised_again(session: db.Session, rich: World) -> None:
    first = promised(session, rich, SAVED)
    transactions.end(session, rich.umoja.id, first.id, "cancelled", "", AT, CAUSE)
    assert promised(session, rich, SAVED).id != first.id


def test_a_plain_posting_cannot_take_what_is_promised(session: db.Session, rich: World) -> None:
    promised(session, rich)
    taken = asked(session, rich.umoja, rich.ama)
    with pytest.raises(errors.InsufficientFunds), session.begin_nested():
        sent(session, rich, taken, SAVED - PART + 1)
    sent(session, rich, taken, SAVED - PART)
    assert wallet(session, rich.umoja) == (PART, PART, 0, 2)


def test_a_posting_may_take_more_than_it_held_if_it_is_there(session: db.Session, rich: World) -> None:
    transaction = promised(session, rich, 1_000)
    sent(session, rich, transaction, SAVED)
    assert reserved(session, rich.umoja) == 0


def test_a_posting_cannot_take_what_another_transaction_holds(session: db.Session, rich: World) -> None:
    own, _other = promised(session, rich, 4_000), promised(session, rich, 6_000)
    with pytest.raises(errors.InsufficientFunds), session.begin_nested():
        sent(session, rich, own, 4_001)
    assert states(session, own) == [("held", 4_000), ("held", 4_000)]


@pytest.mark.parametrize("state", ["failed", "completed"])
def test_an_ended_transaction_reserves_nothing(session: db.Session, rich: World, state: str) -> None:
    transaction = asked(session, rich.umoja, rich.ama, 1_000)
    if state == "completed":
        sent(session, rich, transaction, 1_000)
    else:
        transactions.end(session, rich.umoja.id, transaction.id, state, "", AT, CAUSE)
    _refused(session, rich, errors.TransactionClosed, transaction, holds(rich.ama, 1_000))


def test_a_processing_transaction_can_reserve(session: db.Session, rich: World) -> None:
    transaction = asked(session, rich.umoja, rich.ama)
    transactions.mark_processing(session, transaction.id)
    assert reserve(session, transaction, holds(rich.ama))


def test_another_groups_transaction_reserves_nothing_here(session: db.Session, rich: World) -> None:
    foreign = wish(session, rich.harambee, rich.chidi)
    before = row_counts(session)
    with pytest.raises(errors.UnknownWallet), session.begin_nested():
        transactions.reserve(session, rich.umoja.id, foreign.id, holds(rich.ama), AT, CAUSE)
    with pytest.raises(errors.UnknownWallet), session.begin_nested():
        reserve(session, foreign, holds(rich.ama))
    assert row_counts(session) == before
    assert reserved(session, rich.umoja) == reserved(session, rich.harambee) == 0


def test_ending_another_groups_transaction_ends_nothing(session: db.Session, rich: World) -> None:
    transaction = promised(session, rich)
    assert not transactions.end(session, rich.harambee.id, transaction.id, "failed", "", AT, CAUSE)
    assert wallet(session, rich.umoja) == (SAVED, PART, SAVED - PART, 1)


@pytest.mark.parametrize("held", [Leg("loan", 1), Leg("pocket", 1), Leg("cash", 1, provider="nowhere")])
def test_a_wallet_that_the_group_lacks_holds_nothing(session: db.Session, rich: World, held: Leg) -> None:
    _refused(session, rich, errors.UnknownWallet, asked(session, rich.umoja, rich.ama), [*holds(rich.ama), held])


@pytest.mark.parametrize("held", [[], [Leg("savings", 0)], [Leg("savings", -1)]])
def test_only_positive_amounts_are_reserved(session: db.Session, rich: World, held: list[Leg]) -> None:
    _refused(session, rich, errors.AmountNotPositive, asked(session, rich.umoja, rich.ama), held)


def test_a_fraction_of_a_cent_is_never_reserved(session: db.Session, rich: World) -> None:
    held = [Leg("savings", 0.5, rich.ama.id)]  # type: ignore[arg-type]
    _refused(session, rich, errors.AmountNotWhole, asked(session, rich.umoja, rich.ama), held)


def _not_held(session: db.Session, world: World, transaction: Transaction, part: Leg) -> None:
    before, held = row_counts(session), reserved(session, world.umoja)
    with pytest.raises(errors.NotHeld), session.begin_nested():
        transactions.release(session, world.umoja.id, transaction.id, part, AT, CAUSE)
    assert (row_counts(session), reserved(session, world.umoja)) == (before, held)


def _refused(
    session: db.Session, world: World, error: type[Exception], transaction: Transaction, held: list[Leg]
) -> None:
    before, held_before = row_counts(session), reserved(session, world.umoja)
    with pytest.raises(error), session.begin_nested():
        reserve(session, transaction, held)
    assert (row_counts(session), reserved(session, world.umoja)) == (before, held_before)
