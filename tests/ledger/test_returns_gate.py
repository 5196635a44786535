"""What goes back must have come in: forged refunds and chargebacks are refused, whoever asks, and honest ones pass.

Everything is said to the database as the narrow role may say it, without the code that would not say it so.
"""

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from core import db
from core.money import Money
from ledger import errors, exporting, legs, reversals, transactions, verifying
from ledger.legs import Allocation
from ledger.models import Transaction
from ledger.postings import Leg, Movement, Posted, post, record
from tests.ledger.actors import (
    AT,
    CAUSE,
    PROVIDER,
    World,
    allowed,
    as_owner,
    audit_lines,
    balances,
    open_wallet,
    pay,
    row_counts,
    saved,
    wish,
)
from tools import verify_book

KINDS = pytest.mark.parametrize("kind", ["refund", "chargeback"])


@pytest.fixture
def payment(session: db.Session, world: World) -> Transaction:
    """Ama has paid 50.77 for 50.00; Baraka has 70.00 there, Chidi 40.00 in another group."""
    saved(session, world.umoja, world.baraka, 7_000)
    saved(session, world.harambee, world.chidi, 4_000)
    paid = wish(session, world.umoja, world.ama, 5_000)
    pay(session, paid, fee_minor=76, gross_minor=5_077)
    session.refresh(paid)
    return paid


def begins(
    session: db.Session, payment: Transaction, kind: str, amount: int, key: str = "forged", user_id: int | None = None
) -> Transaction:
    """A pending one that names this payment."""
    money = Money(amount, "KES")
    of = user_id or payment.user_id
    return transactions.begin(session, payment.group_id, kind, of, money, key, AT, CAUSE, "why", returns_id=payment.id)


def moved(kind: str, user_id: int, amount: int, provider: str = PROVIDER) -> list[Leg]:
    if kind == "refund":
        return legs.refund(user_id, provider, amount)
    return legs.chargeback(user_id, provider, amount, amount)


def goes_back(session: db.Session, payment: Transaction, kind: str, amount: int, key: str = "k") -> Posted:
    """One that is honest: begun, held and posted."""
    assert payment.user_id is not None
    begun = begins(session, payment, kind, amount, key)
    holds = [Leg("savings", amount, payment.user_id), Leg("cash", amount, provider=PROVIDER)]
    transactions.reserve(session, payment.group_id, begun.id, holds, AT, CAUSE)
    return post(session, payment.group_id, begun.id, moved(kind, payment.user_id, amount), AT, CAUSE)


def written_down(session: db.Session, payment: Transaction, kind: str, made: list[Leg], amount: int) -> Posted:
    """The same in one go, with any legs."""
    movement = Movement(
        payment.group_id, kind, Money(amount, "KES"), made, f"at once {amount}", payment.user_id, returns_id=payment.id
    )
    return record(session, movement, AT, CAUSE)


@KINDS
def test_a_payment_goes_back_once_and_the_chain_says_which(
    session: db.Session, world: World, payment: Transaction, kind: str, tmp_path: Path
) -> None:
    goes_back(session, payment, kind, 3_000)
    assert f'"reason":"{_hash("why")}","returns":{payment.id},"receipt":' in audit_lines(session, world.umoja)[-1].data
    goes_back(session, payment, kind, 2_000, "the rest")
    found = balances(session, world.umoja)
    assert (found["savings", world.ama.id], found["savings", world.baraka.id]) == (0, 7_000)
    assert list(verifying.verify(session, world.umoja.id)) == []
    exporting.export(session, world.umoja.id, tmp_path / "book", AT)
    assert list(verify_book.check(verify_book.read(tmp_path / "book"), [])) == []


def test_a_chargeback_takes_what_was_paid_the_fee_included(session: db.Session, payment: Transaction) -> None:
    assert payment.user_id is not None
    written_down(session, payment, "chargeback", legs.chargeback(payment.user_id, PROVIDER, 5_077, 5_000), 5_077)


def test_a_repayment_goes_back_out_of_what_it_had_paid_off(session: db.Session, world: World) -> None:
    saved(session, world.umoja, world.baraka, 7_000)
    ama = world.ama.id
    lent = Movement(
        world.umoja.id, "loan_disbursement", Money(3_000, "KES"), legs.loan_disbursement(ama, PROVIDER, 3_000, 0), "l"
    )
    record(session, allowed(session, lent), AT, CAUSE)
    part = Allocation(principal=1_000)
    paid = Movement(
        world.umoja.id, "repayment", Money(1_000, "KES"), legs.repayment(ama, PROVIDER, part, 1_000, 0), "r", ama
    )
    repaid = session.get_one(Transaction, record(session, paid, AT, CAUSE).transaction_id)
    owed = [Leg("loan", -1_000, ama), Leg("cash", 1_000, provider=PROVIDER)]
    with pytest.raises(errors.NotPaidIn), session.begin_nested():
        written_down(
            session, repaid, "refund", [Leg("loan", -1_001, ama), Leg("cash", 1_001, provider=PROVIDER)], 1_001
        )
    written_down(session, repaid, "chargeback", owed, 1_000)
    assert balances(session, world.umoja)["loan", ama] == -3_000


@KINDS
def test_without_a_payment_none_can_even_be_begun(session: db.Session, world: World, kind: str) -> None:
    saved(session, world.umoja, world.baraka)
    with pytest.raises(errors.NotPaidIn), session.begin_nested():
        transactions.begin(session, world.umoja.id, kind, world.baraka.id, Money(1, "KES"), "x", AT, CAUSE)
    movement = Movement(world.umoja.id, kind, Money(1, "KES"), moved(kind, world.baraka.id, 1), "x", world.baraka.id)
    with pytest.raises(errors.NotPaidIn), session.begin_nested():
        record(session, movement, AT, CAUSE)
    insert = """INSERT INTO transactions (group_id, user_id, kind, currency, amount_minor, idempotency_key, channel,
                                          created_at) VALUES (:group, :user, :kind, 'KES', 1, 'x', 'sms', now())"""
    with pytest.raises(DBAPIError, match="there is no payment"), session.begin_nested():
        session.execute(text(insert), {"group": world.umoja.id, "user": world.baraka.id, "kind": kind})


@KINDS
def test_another_members_payment_is_not_ones_own(
    session: db.Session, world: World, payment: Transaction, kind: str
) -> None:
    with pytest.raises(errors.NotPaidIn), session.begin_nested():
        begins(session, payment, kind, 1, user_id=world.baraka.id)


@KINDS
def test_another_members_savings_can_neither_be_held_nor_taken(
    session: db.Session, world: World, payment: Transaction, kind: str
) -> None:
    begun, before = begins(session, payment, kind, 5_000), row_counts(session)
    holds = [Leg("savings", 5_000, world.baraka.id), Leg("cash", 5_000, provider=PROVIDER)]
    with pytest.raises(errors.NotPaidIn), session.begin_nested():
        transactions.reserve(session, payment.group_id, begun.id, holds, AT, CAUSE)
    with pytest.raises(errors.NotPaidIn), session.begin_nested():
        post(session, payment.group_id, begun.id, moved(kind, world.baraka.id, 5_000), AT, CAUSE)
    shared = [
        Leg("savings", -2_500, world.ama.id), Leg("savings", -2_500, world.baraka.id),
        Leg("cash", 5_000, provider=PROVIDER),
    ]  # fmt: skip
    with pytest.raises(errors.NotPaidIn), session.begin_nested():
        post(session, payment.group_id, begun.id, shared, AT, CAUSE)
    assert row_counts(session) == before


@KINDS
def test_a_payment_in_another_group_is_none(session: db.Session, world: World, kind: str) -> None:
    theirs = saved(session, world.harambee, world.chidi)
    with pytest.raises(errors.NotPaidIn), session.begin_nested():
        transactions.begin(
            session, world.umoja.id, kind, world.chidi.id, Money(1, "KES"), "x", AT, CAUSE, returns_id=theirs.id
        )


@KINDS
def test_not_more_goes_back_than_was_paid(session: db.Session, payment: Transaction, kind: str) -> None:
    with pytest.raises(errors.NotPaidIn), session.begin_nested():
        begins(session, payment, kind, 5_078)
    begun = begins(session, payment, kind, 5_000)
    assert payment.user_id is not None
    # Neither by legs nor by holds that say another amount than the transaction.
    with pytest.raises(errors.NotPaidIn), session.begin_nested():
        post(session, payment.group_id, begun.id, moved(kind, payment.user_id, 4_999), AT, CAUSE)
    with pytest.raises(errors.NotPaidIn), session.begin_nested():
        transactions.reserve(session, payment.group_id, begun.id, [Leg("cash", 5_001, provider=PROVIDER)], AT, CAUSE)


@pytest.mark.parametrize("first", ["refund", "chargeback"])
@KINDS
def test_what_went_back_does_not_go_back_twice(
    session: db.Session, world: World, payment: Transaction, first: str, kind: str
) -> None:
    waiting = begins(session, payment, kind, 5_000, "begun in time")
    goes_back(session, payment, first, 5_000)
    saved(session, world.umoja, world.ama, 5_000)
    with pytest.raises(errors.NotPaidIn), session.begin_nested():
        begins(session, payment, kind, 78)
    with pytest.raises(errors.NotPaidIn), session.begin_nested():
        transactions.reserve(session, payment.group_id, waiting.id, [Leg("savings", 1, world.ama.id)], AT, CAUSE)
    with pytest.raises(errors.NotPaidIn), session.begin_nested():
        post(session, payment.group_id, waiting.id, moved(kind, world.ama.id, 5_000), AT, CAUSE)
    goes_back(session, payment, kind, 77, "what is left of it")


def test_a_refund_under_way_counts_and_one_that_came_to_nothing_does_not(
    session: db.Session, world: World, payment: Transaction
) -> None:
    refund = begins(session, payment, "refund", 5_000, "refund")
    begins(session, payment, "refund", 5_000, "asked for as well")
    transactions.reserve(session, payment.group_id, refund.id, [Leg("savings", 5_000, world.ama.id)], AT, CAUSE)
    for kind in ("refund", "chargeback"):
        with pytest.raises(errors.NotPaidIn), session.begin_nested():
            begins(session, payment, kind, 78)
    transactions.end(session, payment.group_id, refund.id, "failed", "declined", AT, CAUSE)
    goes_back(session, payment, "chargeback", 5_000)


def test_a_chargeback_that_is_only_held_may_be_won_and_does_not_count(
    session: db.Session, world: World, payment: Transaction
) -> None:
    held = begins(session, payment, "chargeback", 5_077, "dispute")
    transactions.reserve(session, payment.group_id, held.id, [Leg("savings", 1_000, world.ama.id)], AT, CAUSE)
    goes_back(session, payment, "refund", 4_000)
    with pytest.raises(errors.NotPaidIn), session.begin_nested():
        post(session, payment.group_id, held.id, moved("chargeback", world.ama.id, 5_077), AT, CAUSE)


def test_a_chargeback_that_was_reversed_makes_room_for_another(session: db.Session, payment: Transaction) -> None:
    taken = session.get_one(Transaction, goes_back(session, payment, "chargeback", 5_000).transaction_id)
    session.refresh(taken)
    reversals.undo(session, taken, "the bank has changed its mind", AT, CAUSE)
    goes_back(session, payment, "chargeback", 5_000, "and once more")


@KINDS
def test_cash_leaves_only_where_it_came_in(session: db.Session, world: World, payment: Transaction, kind: str) -> None:
    box = Movement(world.umoja.id, "cash_in", Money(9_000, "KES"), legs.cash_in(world.baraka.id, 9_000), "box")
    record(session, box, AT, CAUSE)
    begun = begins(session, payment, kind, 5_000)
    open_wallet(session, world.umoja, "cash", "another")
    for place in (legs.CASH_BOX, "another"):
        with pytest.raises(errors.NotPaidIn), session.begin_nested():
            post(session, payment.group_id, begun.id, moved(kind, world.ama.id, 5_000, place), AT, CAUSE)
    with pytest.raises(errors.NotPaidIn), session.begin_nested():
        transactions.reserve(session, payment.group_id, begun.id, [Leg("cash", 1, provider=legs.CASH_BOX)], AT, CAUSE)


@KINDS
def test_notes_in_the_box_are_not_given_back_so(session: db.Session, world: World, kind: str) -> None:
    made = legs.contribution(world.ama.id, legs.CASH_BOX, 1_000, 1_000, 0)
    notes = Movement(world.umoja.id, "contribution", Money(1_000, "KES"), made, "notes", world.ama.id)
    paid = session.get_one(Transaction, record(session, notes, AT, CAUSE).transaction_id)
    with pytest.raises(errors.NotPaidIn), session.begin_nested():
        written_down(session, paid, kind, moved(kind, world.ama.id, 1_000, legs.CASH_BOX), 1_000)


@KINDS
def test_what_is_no_completed_payment_is_not_given_back(
    session: db.Session, world: World, payment: Transaction, kind: str
) -> None:
    notes = Movement(world.umoja.id, "cash_in", Money(100, "KES"), legs.cash_in(world.ama.id, 100), "in", world.ama.id)
    sent = legs.withdrawal(world.ama.id, PROVIDER, 100, 100, 0)
    out = allowed(session, Movement(world.umoja.id, "withdrawal", Money(100, "KES"), sent, "out", world.ama.id))
    reversed_one = saved(session, world.umoja, world.ama, 100)
    reversals.undo(session, reversed_one, "nobody paid", AT, CAUSE)
    targets = [
        record(session, notes, AT, CAUSE).transaction_id,
        record(session, out, AT, CAUSE).transaction_id,
        goes_back(session, payment, "refund", 100).transaction_id,
        reversed_one.id,
        wish(session, world.umoja, world.ama).id,
    ]
    for target in targets:
        with pytest.raises(errors.NotPaidIn), session.begin_nested():
            begins(session, session.get_one(Transaction, target), kind, 1)


def test_a_refund_is_the_payers_own_and_no_loss_of_the_group_and_no_loan(
    session: db.Session, world: World, payment: Transaction
) -> None:
    back = Leg("cash", 1_000, provider=PROVIDER)
    fund = Movement(
        world.umoja.id, "social_fund", Money(5_000, "KES"), legs.social_fund(PROVIDER, 5_000, 5_000, 0), "f"
    )
    record(session, fund, AT, CAUSE)
    for other in (
        Leg("bad_debt", -1_000), Leg("expense", -1_000), Leg("social_fund", -1_000), Leg("loan", -1_000, world.ama.id),
    ):  # fmt: skip
        with pytest.raises(errors.NotPaidIn), session.begin_nested():
            written_down(session, payment, "refund", [other, back], 1_000)
    with pytest.raises(errors.NotPaidIn), session.begin_nested():
        written_down(session, payment, "chargeback", [Leg("social_fund", -1_000), back], 1_000)
    taken = [Leg("savings", -2_000, world.ama.id), Leg("savings", 1_000, world.baraka.id), back]
    with pytest.raises(errors.NotPaidIn), session.begin_nested():
        written_down(session, payment, "refund", taken, 1_000)


@KINDS
def test_the_same_again_answers_the_first_result(session: db.Session, payment: Transaction, kind: str) -> None:
    assert payment.user_id is not None
    made = moved(kind, payment.user_id, 5_000)
    first = written_down(session, payment, kind, made, 5_000)
    again = written_down(session, payment, kind, made, 5_000)
    assert (again.transaction_id, again.replayed) == (first.transaction_id, True)
    begun = begins(session, payment, kind, 77, "the rest")
    assert begins(session, payment, kind, 77, "the rest").id == begun.id


def test_which_payment_goes_back_is_part_of_what_a_key_stands_for(
    session: db.Session, world: World, payment: Transaction
) -> None:
    other = saved(session, world.umoja, world.ama, 5_000)
    begins(session, payment, "refund", 100)
    with pytest.raises(errors.IdempotencyConflict):
        begins(session, other, "refund", 100)
    written_down(session, payment, "refund", moved("refund", world.ama.id, 10), 10)
    with pytest.raises(errors.IdempotencyConflict), session.begin_nested():
        written_down(session, other, "refund", moved("refund", world.ama.id, 10), 10)


def test_which_payment_goes_back_cannot_be_changed(session: db.Session, world: World, payment: Transaction) -> None:
    other = saved(session, world.umoja, world.ama, 5_000)
    begun = begins(session, payment, "refund", 100)
    change = text("UPDATE transactions SET returns_id = :other WHERE id = :id")
    values = {"other": other.id, "id": begun.id}
    with pytest.raises(ProgrammingError, match="permission denied"), session.begin_nested():
        session.execute(change, values)
    as_owner(session)
    with pytest.raises(DBAPIError, match="UPDATE refused"), session.begin_nested():
        session.execute(change, values)


def _hash(reason: str) -> str:
    return hashlib.sha256(reason.encode()).hexdigest()
