"""Contributions: the wish and its key, its end without money, and the legs of the money that came."""

import json

import pytest

from core import db
from core.money import Money
from ledger import contributions, errors, transactions
from ledger.models import Transaction
from tests.ledger.actors import (
    AT,
    CAUSE,
    PROVIDER,
    World,
    audit_lines,
    balances,
    entries,
    pay,
    row_counts,
    saved,
    wish,
)


def kes(amount_minor: int) -> Money:
    return Money(amount_minor, "KES")


@pytest.mark.parametrize("amount_minor", [1, 5000])
def test_an_amount_up_to_the_limit_is_accepted(amount_minor: int) -> None:
    contributions.check_amount(kes(amount_minor), largest=kes(5000))


@pytest.mark.parametrize("amount_minor", [0, -1])
def test_an_amount_that_is_not_positive_is_refused(amount_minor: int) -> None:
    with pytest.raises(errors.AmountNotPositive):
        contributions.check_amount(kes(amount_minor), largest=kes(5000))


def test_an_amount_above_the_limit_is_refused_with_the_limit() -> None:
    with pytest.raises(errors.AmountAboveLimit) as caught:
        contributions.check_amount(kes(5001), largest=kes(5000))
    assert caught.value.limit == kes(5000)


def test_a_wish_is_pending_and_moves_nothing(session: db.Session, world: World) -> None:
    before = row_counts(session)
    transaction = wish(session, world.umoja, world.ama, 5000, key="k")
    assert (transaction.kind, transaction.state, transaction.amount_minor, transaction.currency) == (
        "contribution",
        "pending",
        5000,
        "KES",
    )
    assert (transaction.channel, transaction.message_id, transaction.created_at) == (
        CAUSE.channel,
        CAUSE.message_id,
        AT,
    )
    assert row_counts(session) == before


def test_the_same_wish_twice_is_one_transaction(session: db.Session, world: World) -> None:
    assert wish(session, world.umoja, world.ama, key="k").id == wish(session, world.umoja, world.ama, key="k").id
    assert session.query(Transaction).filter_by(group_id=world.umoja.id).count() == 1


def test_a_key_belongs_to_one_group(session: db.Session, world: World) -> None:
    assert wish(session, world.umoja, world.ama, key="k").id != wish(session, world.harambee, world.chidi, key="k").id


@pytest.mark.parametrize(("who", "amount_minor"), [("baraka", 5000), ("ama", 5001)])
def test_a_key_used_for_another_wish_is_a_conflict(
    session: db.Session, world: World, who: str, amount_minor: int
) -> None:
    wish(session, world.umoja, world.ama, 5000, key="k")
    with pytest.raises(errors.IdempotencyConflict):
        wish(session, world.umoja, getattr(world, who), amount_minor, key="k")


def test_a_payer_who_went_to_pay_makes_it_processing_once(session: db.Session, world: World) -> None:
    transaction = wish(session, world.umoja, world.ama)
    for _ in range(2):
        transactions.mark_processing(session, transaction.id)
    session.refresh(transaction)
    assert transaction.state == "processing"


@pytest.mark.parametrize("ending", ["failed", "completed"])
def test_going_to_pay_does_not_reopen_what_ended(session: db.Session, world: World, ending: str) -> None:
    transaction = wish(session, world.umoja, world.ama)
    if ending == "completed":
        pay(session, transaction)
    else:
        transactions.end(session, transaction.group_id, transaction.id, ending, "", AT, CAUSE)
    transactions.mark_processing(session, transaction.id)
    session.refresh(transaction)
    assert transaction.state == ending


@pytest.mark.parametrize("state", ["failed", "cancelled", "expired"])
@pytest.mark.parametrize("went_to_pay", [False, True])
def test_an_end_without_money_is_kept_with_its_reason(
    session: db.Session, world: World, state: str, went_to_pay: bool
) -> None:
    transaction = wish(session, world.umoja, world.ama)
    if went_to_pay:
        transactions.mark_processing(session, transaction.id)
    assert transactions.end(session, transaction.group_id, transaction.id, state, "no money came", AT, CAUSE)
    session.refresh(transaction)
    assert (transaction.state, transaction.failure, transaction.completed_at) == (state, "no money came", None)
    line = audit_lines(session, world.umoja)[-1]
    assert line.action == f"contribution_{state}"
    assert json.loads(line.data) == {"transaction": transaction.id, "reason": "no money came"}


def test_a_second_end_changes_nothing(session: db.Session, world: World) -> None:
    transaction = wish(session, world.umoja, world.ama)
    transactions.end(session, transaction.group_id, transaction.id, "expired", "first", AT, CAUSE)
    before = row_counts(session)
    assert not transactions.end(session, transaction.group_id, transaction.id, "failed", "second", AT, CAUSE)
    session.refresh(transaction)
    assert (transaction.state, transaction.failure) == ("expired", "first")
    assert row_counts(session) == before


def test_a_paid_contribution_cannot_end_without_money(session: db.Session, world: World) -> None:
    transaction = saved(session, world.umoja, world.ama)
    assert not transactions.end(session, transaction.group_id, transaction.id, "expired", "", AT, CAUSE)
    session.refresh(transaction)
    assert transaction.state == "completed"


def test_a_fee_borne_by_the_payer_comes_on_top(session: db.Session, world: World) -> None:
    pay(session, wish(session, world.umoja, world.ama, 500_000), gross_minor=507_614, fee_minor=7_614)
    assert balances(session, world.umoja) == {
        ("cash", PROVIDER): -500_000,
        ("fee_expense", ""): -7_614,
        ("fee_income", ""): 7_614,
        ("savings", world.ama.id): 500_000,
    }


def test_a_fee_borne_by_the_group_lessens_its_cash_and_not_the_members_savings(
    session: db.Session, world: World
) -> None:
    pay(session, wish(session, world.umoja, world.ama, 500_000), fee_minor=7_500)
    assert balances(session, world.umoja) == {
        ("cash", PROVIDER): -492_500,
        ("fee_expense", ""): -7_500,
        ("savings", world.ama.id): 500_000,
    }


def test_without_a_fee_there_are_two_entries(session: db.Session, world: World) -> None:
    transaction = saved(session, world.umoja, world.ama, 5000)
    assert sorted(e.amount_minor for e in entries(session, transaction)) == [-5000, 5000]


def test_a_fee_other_than_quoted_still_balances(session: db.Session, world: World) -> None:
    transaction = wish(session, world.umoja, world.ama, 10_000)
    pay(session, transaction, gross_minor=10_150, fee_minor=200)
    assert sum(e.amount_minor for e in entries(session, transaction)) == 0
    assert balances(session, world.umoja)["cash", PROVIDER] == -9_950


def test_money_told_of_twice_is_posted_once(session: db.Session, world: World) -> None:
    transaction = wish(session, world.umoja, world.ama, 5000)
    assert not pay(session, transaction).replayed
    before = row_counts(session)
    assert pay(session, transaction).replayed
    assert row_counts(session) == before


def test_another_amount_for_the_same_contribution_is_a_conflict(session: db.Session, world: World) -> None:
    transaction = saved(session, world.umoja, world.ama, 5000)
    with pytest.raises(errors.IdempotencyConflict), session.begin_nested():
        pay(session, transaction, gross_minor=6000)
    assert balances(session, world.umoja)["savings", world.ama.id] == 5000


def test_money_for_an_expired_contribution_is_refused(session: db.Session, world: World) -> None:
    transaction = wish(session, world.umoja, world.ama)
    transactions.end(session, transaction.group_id, transaction.id, "expired", "", AT, CAUSE)
    with pytest.raises(errors.TransactionClosed), session.begin_nested():
        pay(session, transaction)
    assert balances(session, world.umoja) == {}


def test_money_of_somebody_who_never_joined_is_refused(session: db.Session, world: World) -> None:
    transaction = wish(session, world.umoja, world.chidi)
    with pytest.raises(errors.UnknownWallet), session.begin_nested():
        pay(session, transaction)


def test_each_provider_holds_its_own_cash(session: db.Session, world: World) -> None:
    saved(session, world.umoja, world.ama, 5000)
    other = wish(session, world.umoja, world.baraka, 300)
    contributions.complete(session, other, "flutterwave", 300, 0, AT, CAUSE)
    found = balances(session, world.umoja)
    assert (found["cash", PROVIDER], found["cash", "flutterwave"]) == (-5000, -300)
