"""Cash into the box counts when the payer confirms it; what nobody confirms ends without money."""

from datetime import datetime, timedelta

import pytest

from core import db
from core.money import Money
from ledger import approvals, cash, errors, legs, transactions
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
