"""`post()`: what one posting writes, what the same posting again does, and what is refused with nothing written."""

import dataclasses
import json
from decimal import Decimal

import pytest

from core import db
from ledger import audit, errors, reversals, seals, transactions
from ledger.audit import Cause
from ledger.models import OPEN_STATES, Receipt, Transaction
from ledger.postings import Leg, Posted, post
from tests.ledger.actors import (
    AT,
    CAUSE,
    PROVIDER,
    World,
    audit_lines,
    balances,
    entries,
    open_cash,
    receipt_numbers,
    row_counts,
    saved,
    savings_legs,
    wish,
)


@pytest.fixture
def pending(session: db.Session, world: World) -> Transaction:
    """Ama's wish to contribute 50.00, in a group that has a cash wallet."""
    open_cash(session, world.umoja)
    return wish(session, world.umoja, world.ama, 5000)


def test_a_posting_moves_the_balances_and_completes_the_transaction(
    session: db.Session, world: World, pending: Transaction
) -> None:
    posted = post(session, pending.group_id, pending.id, savings_legs(world.ama), AT, CAUSE)
    head = audit_lines(session, world.umoja)[-1]
    assert posted == Posted(pending.id, 1, head.seq, seals.short(head.hash), replayed=False)
    assert balances(session, world.umoja) == {("cash", PROVIDER): -5000, ("savings", world.ama.id): 5000}
    session.refresh(pending)
    assert (pending.state, pending.completed_at) == ("completed", AT)


def test_entries_carry_the_balance_and_the_version_of_their_wallet(session: db.Session, world: World) -> None:
    first, second = saved(session, world.umoja, world.ama, 5000), saved(session, world.umoja, world.ama, 700)
    facts = [
        [(e.amount_minor, e.balance_after_minor, e.wallet_version) for e in entries(session, transaction)]
        for transaction in (first, second)
    ]
    assert facts == [[(5000, 5000, 1), (-5000, -5000, 1)], [(700, 5700, 2), (-700, -5700, 2)]]
    assert {(e.group_id, e.created_at) for e in entries(session, first)} == {(world.umoja.id, AT)}


def test_a_processing_transaction_can_be_posted(session: db.Session, world: World, pending: Transaction) -> None:
    transactions.mark_processing(session, pending.id)
    assert not post(session, pending.group_id, pending.id, savings_legs(world.ama), AT, CAUSE).replayed


def test_receipts_are_numbered_without_gaps_in_each_group(session: db.Session, world: World) -> None:
    for group, user in (
        (world.umoja, world.ama),
        (world.harambee, world.chidi),
        (world.umoja, world.baraka),
        (world.umoja, world.ama),
    ):
        saved(session, group, user)
    assert receipt_numbers(session, world.umoja) == [1, 2, 3]
    assert receipt_numbers(session, world.harambee) == [1]


def test_a_refused_posting_leaves_no_gap_in_the_receipts(session: db.Session, world: World) -> None:
    saved(session, world.umoja, world.ama)
    refused = wish(session, world.umoja, world.ama)
    with pytest.raises(errors.InsufficientFunds), session.begin_nested():
        post(session, refused.group_id, refused.id, savings_legs(world.ama, -9000), AT, CAUSE)
    saved(session, world.umoja, world.ama)
    assert receipt_numbers(session, world.umoja) == [1, 2]


def test_a_posting_is_a_line_of_the_audit_log_that_names_every_leg(
    session: db.Session, world: World, pending: Transaction
) -> None:
    post(session, pending.group_id, pending.id, savings_legs(world.ama), AT, Cause(world.baraka.id, "whatsapp", "SM99"))
    line = audit_lines(session, world.umoja)[-1]
    assert (line.action, line.actor_id, line.channel, line.message_id, line.at) == (
        "contribution",
        world.baraka.id,
        "whatsapp",
        "SM99",
        AT,
    )
    assert json.loads(line.data) == {
        "transaction": pending.id,
        "member": world.ama.id,
        "amount": 5000,
        "currency": "KES",
        "approval": None,
        "reason": None,
        "receipt": 1,
        "entries": [[e.wallet_id, e.amount_minor] for e in entries(session, pending)],
    }
    assert audit.first_broken_line(session, world.umoja.id) is None


def test_second_posting_with_the_same_legs_changes_nothing(
    session: db.Session, world: World, pending: Transaction
) -> None:
    first = post(session, pending.group_id, pending.id, savings_legs(world.ama), AT, CAUSE)
    before = row_counts(session)
    again = post(
        session, pending.group_id, pending.id, savings_legs(world.ama), AT, Cause(None, "whatsapp", "another message")
    )
    assert again == dataclasses.replace(first, replayed=True)
    assert row_counts(session) == before


def test_legs_of_zero_are_no_legs(session: db.Session, world: World, pending: Transaction) -> None:
    legs = [*savings_legs(world.ama), Leg("fee_expense", 0), Leg("no such kind", 0)]
    post(session, pending.group_id, pending.id, legs, AT, CAUSE)
    assert len(entries(session, pending)) == 2
    assert post(session, pending.group_id, pending.id, savings_legs(world.ama), AT, CAUSE).replayed


def test_legs_on_one_wallet_are_one_entry_and_their_order_says_nothing(
    session: db.Session, world: World, pending: Transaction
) -> None:
    halves = [Leg("savings", 2500, user_id=world.ama.id)] * 2
    post(session, pending.group_id, pending.id, [Leg("cash", -5000, provider=PROVIDER), *halves], AT, CAUSE)
    assert sorted((e.balance_after_minor, e.wallet_version) for e in entries(session, pending)) == [
        (-5000, 1),
        (5000, 1),
    ]
    assert post(session, pending.group_id, pending.id, savings_legs(world.ama)[::-1], AT, CAUSE).replayed


def test_a_wallet_is_overdrawn_or_not_as_a_whole_whatever_the_order_of_its_legs(
    session: db.Session, world: World, pending: Transaction
) -> None:
    there_and_back = [Leg("savings", -900, user_id=world.ama.id), Leg("savings", 900, user_id=world.ama.id)]
    assert not post(
        session, pending.group_id, pending.id, [*there_and_back, *savings_legs(world.ama)], AT, CAUSE
    ).replayed


@pytest.mark.parametrize("legs_of", ["another amount", "another member"])
def test_other_legs_for_a_posted_transaction_are_a_conflict(
    session: db.Session, world: World, pending: Transaction, legs_of: str
) -> None:
    post(session, pending.group_id, pending.id, savings_legs(world.ama), AT, CAUSE)
    other = savings_legs(world.ama, 4000) if legs_of == "another amount" else savings_legs(world.baraka)
    _refused(session, errors.IdempotencyConflict, pending, other)


@pytest.mark.parametrize("state", ["failed", "cancelled", "expired"])
def test_an_ended_transaction_takes_no_money(
    session: db.Session, world: World, pending: Transaction, state: str
) -> None:
    transactions.end(session, pending.group_id, pending.id, state, "", AT, CAUSE)
    _refused(session, errors.TransactionClosed, pending, savings_legs(world.ama))


def test_a_reversed_transaction_answers_its_old_receipt_and_moves_nothing(
    session: db.Session, world: World, pending: Transaction
) -> None:
    post(session, pending.group_id, pending.id, savings_legs(world.ama), AT, CAUSE)
    reversals.undo(session, pending, "a mistake", AT, CAUSE)
    before = row_counts(session)
    again = post(session, pending.group_id, pending.id, savings_legs(world.ama), AT, CAUSE)
    assert (again.receipt_number, again.replayed) == (1, True)
    assert row_counts(session) == before


@pytest.mark.parametrize("amounts", [(), (0, 0), (-5000,), (-5000, 4999), (-5000, 2500, 2501)])
def test_legs_that_do_not_add_up_to_zero_are_unbalanced(
    session: db.Session, world: World, pending: Transaction, amounts: tuple[int, ...]
) -> None:
    legs = [Leg("savings", amount, user_id=world.ama.id) for amount in amounts]
    _refused(session, errors.Unbalanced, pending, legs)


@pytest.mark.parametrize("amount", [50.0, 5000.5, True, Decimal(5000), float("nan")])
def test_what_is_no_whole_number_never_reaches_the_database(
    session: db.Session, world: World, pending: Transaction, amount: object
) -> None:
    legs = [Leg("cash", -5000, provider=PROVIDER), Leg("savings", amount, user_id=world.ama.id)]  # type: ignore[arg-type]
    _refused(session, errors.AmountNotWhole, pending, legs)


@pytest.mark.parametrize("amount", [2**63, 2**64, -(2**63)])
def test_an_amount_beyond_what_an_entry_holds_is_refused(
    session: db.Session, world: World, pending: Transaction, amount: int
) -> None:
    _refused(session, errors.AmountTooLarge, pending, savings_legs(world.ama, amount))


def test_a_balance_beyond_what_a_wallet_holds_is_refused(
    session: db.Session, world: World, pending: Transaction
) -> None:
    post(session, pending.group_id, pending.id, savings_legs(world.ama, 2**63 - 1), AT, CAUSE)
    _refused(session, errors.AmountTooLarge, wish(session, world.umoja, world.ama), savings_legs(world.ama, 1))


@pytest.mark.parametrize(
    "leg",
    [
        Leg("loans", 5000),
        Leg("savings", 5000),
        Leg("fee_income", 5000, provider=PROVIDER),
        Leg("pocket", 5000),
        Leg("savings", 5000, user_id=2**62),
        Leg("loan", 5000, user_id=2**62),
        Leg("social_fund", 5000, user_id=1),
    ],
    ids=["no borrower", "no owner", "provider that is not its", "unknown kind", "stranger", "stranger's loan", "owner"],
)
def test_a_leg_on_a_wallet_the_group_lacks_is_refused(
    session: db.Session, world: World, pending: Transaction, leg: Leg
) -> None:
    _refused(session, errors.UnknownWallet, pending, [Leg("cash", -5000, provider=PROVIDER), leg])


def test_the_first_money_through_a_provider_opens_the_groups_cash_there(
    session: db.Session, world: World, pending: Transaction
) -> None:
    legs = [Leg("cash", -5000, provider="a new provider"), Leg("savings", 5000, user_id=world.ama.id)]
    post(session, pending.group_id, pending.id, legs, AT, CAUSE)
    assert balances(session, world.umoja)["cash", "a new provider"] == -5000


def test_a_leg_on_the_savings_of_another_groups_member_is_refused(
    session: db.Session, world: World, pending: Transaction
) -> None:
    _refused(session, errors.UnknownWallet, pending, savings_legs(world.chidi))


def test_a_transaction_nobody_began_cannot_be_posted(session: db.Session, world: World) -> None:
    before = row_counts(session)
    with pytest.raises(errors.UnknownWallet, match="no transaction"), session.begin_nested():
        post(session, world.umoja.id, 2**62, savings_legs(world.ama), AT, CAUSE)
    assert row_counts(session) == before


@pytest.mark.parametrize("overdrawn", ["savings", "cash", "fee_income", "fee_expense"])
def test_no_wallet_crosses_zero_to_its_wrong_side(session: db.Session, world: World, overdrawn: str) -> None:
    saved(session, world.umoja, world.ama, 1000)
    transaction = wish(session, world.umoja, world.ama)
    ama_takes, ama_gives = Leg("savings", -1001, user_id=world.ama.id), Leg("savings", 1001, user_id=world.ama.id)
    legs = {
        "savings": [Leg("cash", 1001 - 1000, provider=PROVIDER), Leg("fee_income", 1000), ama_takes],
        "cash": [Leg("cash", 1001, provider=PROVIDER), Leg("fee_expense", -1001)],
        "fee_income": [Leg("fee_income", -1001), ama_gives],
        "fee_expense": [Leg("cash", -1001, provider=PROVIDER), Leg("fee_expense", 1001)],
    }[overdrawn]
    _refused(session, errors.InsufficientFunds, transaction, legs)


def test_the_last_cent_can_be_taken_out(session: db.Session, world: World) -> None:
    saved(session, world.umoja, world.ama, 1000)
    post(session, world.umoja.id, wish(session, world.umoja, world.ama).id, savings_legs(world.ama, -1000), AT, CAUSE)
    assert balances(session, world.umoja) == {("cash", PROVIDER): 0, ("savings", world.ama.id): 0}


def test_a_refused_posting_can_be_made_right_and_posted(
    session: db.Session, world: World, pending: Transaction
) -> None:
    _refused(session, errors.InsufficientFunds, pending, savings_legs(world.ama, -5000))
    assert not post(session, pending.group_id, pending.id, savings_legs(world.ama), AT, CAUSE).replayed
    assert session.query(Receipt).filter_by(transaction_id=pending.id).one().number == 1


def _refused(session: db.Session, error: type[Exception], transaction: Transaction, legs: list[Leg]) -> None:
    """The posting raises `error`, and neither a row nor a balance nor the transaction's state is different."""
    session.refresh(transaction)
    before, state = row_counts(session), transaction.state
    with pytest.raises(error), session.begin_nested():
        post(session, transaction.group_id, transaction.id, legs, AT, CAUSE)
    session.refresh(transaction)
    assert (row_counts(session), transaction.state) == (before, state)
    assert (transaction.completed_at is None) == (state in OPEN_STATES or state in ("failed", "cancelled", "expired"))
