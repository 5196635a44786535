"""Cash into the box counts when the payer confirms it; what nobody confirms ends without money."""

from datetime import datetime, timedelta

import pytest

from core import db
from core.money import Money
from ledger import approvals, cash, errors, governing, legs, transactions
from ledger.approvals import Subject
from ledger.audit import Cause
from ledger.models import Approval, Transaction
from ledger.postings import Leg
from tests.ledger.actors import AT, World, balances, populated


@pytest.fixture
def world(session: db.Session) -> World:
    return populated(session)


def received(session: db.Session, world: World, amount_minor: int = 50_000, message: str = "SM1") -> Transaction:
    cause = Cause(world.ama.id, "sms", message)
    return cash.receive(session, world.umoja.id, world.baraka.id, Money(amount_minor, "KES"), AT, cause)


def payer(world: World) -> Cause:
    return Cause(world.baraka.id, "sms", "SM2")


def state(session: db.Session, transaction: Transaction) -> str:
    session.refresh(transaction)
    return transaction.state


def test_nothing_is_posted_before_the_payer_confirms(session: db.Session, world: World) -> None:
    transaction = received(session, world)
    assert balances(session, world.umoja) == {}
    posted = cash.confirm(session, transaction, AT, payer(world))
    assert posted.receipt_number == 1
    assert balances(session, world.umoja) == {("cash", "box"): -50_000, ("savings", world.baraka.id): 50_000}
    assert cash.confirm(session, transaction, AT, payer(world)).replayed


def test_the_same_message_is_one_transaction(session: db.Session, world: World) -> None:
    assert received(session, world).id == received(session, world).id
    with pytest.raises(errors.IdempotencyConflict):
        received(session, world, 60_000)
    with pytest.raises(errors.AmountNotPositive):
        received(session, world, 0, "SM3")


def test_what_was_refused_cannot_be_confirmed(session: db.Session, world: World) -> None:
    transaction = received(session, world)
    assert cash.refuse(session, transaction, AT, payer(world))
    assert not cash.refuse(session, transaction, AT, payer(world))
    assert state(session, transaction) == "cancelled"
    with pytest.raises(errors.TransactionClosed), session.begin_nested():
        cash.confirm(session, transaction, AT, payer(world))
    assert balances(session, world.umoja) == {}


@pytest.mark.parametrize(("at", "ended"), [(AT + timedelta(days=7, seconds=-1), 0), (AT + timedelta(days=7), 1)])
def test_a_week_of_silence_ends_it(session: db.Session, world: World, at: datetime, ended: int) -> None:
    transaction = received(session, world)
    amount = Money(100, "KES")
    other = transactions.begin(session, world.umoja.id, "repayment", world.baraka.id, amount, "link", AT, payer(world))
    assert cash.expire(session, at, 10) == [transaction.id][:ended]
    assert state(session, transaction) == ("expired" if ended else "pending")
    assert state(session, other) == "pending"  # By a pay link: that has its own end.
    assert cash.expire(session, at, 10) == []


def test_what_is_due_names_the_payee_until_it_is_handed_over(session: db.Session, world: World) -> None:
    cash.confirm(session, received(session, world), AT, payer(world))
    subject = Subject(
        "withdrawal", world.baraka.id, Money(20_000, "KES"), legs.CASH_BOX, "food", details={"payee": world.ama.id}
    )
    asked = approvals.ask(session, world.umoja, subject, AT, payer(world))
    approvals.vote(session, world.umoja.id, asked.approval_id, "yes", AT, Cause(world.ama.id, "sms"))
    approval = session.get_one(Approval, asked.approval_id)
    assert cash.due(session, world.umoja.id) == []
    out = transactions.begin(
        session, world.umoja.id, "cash_out", world.baraka.id, Money(20_000, "KES"), "out", AT, payer(world), "food",
        approval.id,
    )  # fmt: skip
    holds = [Leg("cash", 20_000, provider=legs.CASH_BOX), Leg("savings", 20_000, world.baraka.id)]
    transactions.reserve(session, world.umoja.id, out.id, holds, AT, payer(world))
    assert [(each.id, payee) for each, payee in cash.due(session, world.umoja.id)] == [(out.id, world.ama.id)]
    assert cash.due(session, world.harambee.id) == []
    transactions.end(session, world.umoja.id, out.id, "failed", "no", AT, payer(world))
    assert cash.due(session, world.umoja.id) == []


def handed(session: db.Session, world: World, kind: str = "withdrawal") -> Transaction:
    """200 of Baraka's savings that the group has decided to hand over from the box, as Baraka (or Ama) asked."""
    cash.confirm(session, received(session, world, message=f"SM-{kind}"), AT, payer(world))
    asker = world.ama if kind == "removal" else world.baraka
    subject = Subject(kind, world.baraka.id, Money(20_000, "KES"), legs.CASH_BOX, "food")
    vote = approvals.ask(session, world.umoja, subject, AT, Cause(asker.id, "sms"))
    other = world.baraka if kind == "removal" else world.ama
    approvals.vote(session, world.umoja.id, vote.approval_id, "yes", AT, Cause(other.id, "sms"))
    out = transactions.begin(
        session, world.umoja.id, "cash_out", world.baraka.id, Money(20_000, "KES"), f"out {vote.approval_id}", AT,
        payer(world), "food", vote.approval_id,
    )  # fmt: skip
    holds = [Leg("cash", 20_000, provider=legs.CASH_BOX), Leg("savings", 20_000, world.baraka.id)]
    transactions.reserve(session, world.umoja.id, out.id, holds, AT, payer(world))
    return out


def test_whoever_asked_takes_it_back_as_long_as_nobody_says_that_it_was_handed_over(
    session: db.Session, world: World
) -> None:
    out = handed(session, world)
    assert cash.take_back(session, world.umoja.id, world.ama.id, AT, payer(world)) is None
    taken = cash.take_back(session, world.umoja.id, world.baraka.id, AT, payer(world))
    assert (taken, out.state) == (out, "cancelled")
    assert not cash.withdraw_due(session, out.id, AT, payer(world))
    assert not cash.claim(session, out)
    assert cash.due(session, world.umoja.id) == []
    again = handed(session, world)
    assert cash.claim(session, again)
    assert cash.take_back(session, world.umoja.id, world.baraka.id, AT, payer(world)) is None
    assert not cash.withdraw_due(session, again.id, AT, payer(world))
    assert [each.id for each, _ in cash.due(session, world.umoja.id)] == [again.id]


def test_what_a_removed_member_gets_is_not_for_others_to_take_back(session: db.Session, world: World) -> None:
    out = handed(session, world, "removal")
    assert cash.take_back(session, world.umoja.id, world.ama.id, AT, payer(world)) is None
    assert state(session, out) == "pending"


@pytest.mark.parametrize("claimed", [True, False])
def test_a_month_without_a_word_ends_what_is_to_be_handed_over(
    session: db.Session, world: World, claimed: bool
) -> None:
    out = handed(session, world)
    if claimed:
        cash.claim(session, out)
    assert cash.expire_due(session, AT + timedelta(days=30, seconds=-1), 10) == []
    assert cash.expire_due(session, AT + timedelta(days=30), 10) == [out.id]
    assert state(session, out) == "expired"
    assert cash.expire_due(session, AT + timedelta(days=31), 10) == []
    governing.check_going(session, world.umoja, world.baraka.id, AT)  # No money under way keeps them any more.
