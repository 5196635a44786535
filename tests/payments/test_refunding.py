"""Refunds through the real jobs: given back once whatever the provider does, and the books say just that."""

import pytest
from sqlalchemy import select

from core import clock, db
from core.money import Money
from ledger import errors, legs
from ledger.audit import Cause
from ledger.models import Group, Receipt, Transaction
from ledger.postings import Movement, record
from payments import paid, refunded, refunding, settling
from payments.errors import NotRefundable
from payments.models import Checkout, Collection
from tests.ledger.actors import allowed
from tests.payments.actors import a_checkout, at_once, run_outbox, says
from tests.payments.conftest import MovableClock
from tests.payments.returns import (
    GIVEN_BACK,
    REFUSED,
    SAVED,
    Paid,
    ReturnsDesk,
    a_payment,
    told,
)
from tests.payments.servers import ScriptedServer


@pytest.fixture
def desk(provider_server: ScriptedServer) -> ReturnsDesk:
    return ReturnsDesk(provider_server)


@pytest.fixture
def payment(desk: ReturnsDesk) -> Paid:
    return a_payment()


def test_a_refund_is_asked_for_once_and_booked_when_it_is_back(payment: Paid, desk: ReturnsDesk) -> None:
    refund_id = payment.is_decided_back()
    assert payment.free() == (0, 38)
    run_outbox("payments.submit_refund")
    assert payment.refund().state == "pending"
    assert payment.books() == SAVED
    refunding.verify(refund_id)
    assert payment.refund().state == "pending"
    desk.status = "processed"
    refunding.verify(refund_id)
    refunding.verify(refund_id)
    assert (payment.refund().state, payment.states("refund")) == ("paid", ["completed"])
    assert payment.books() == GIVEN_BACK
    assert [each["amount"] for each in desk.made] == [50_000]
    assert (told("bot.refund_begun"), told("bot.refunded")) == (1, 1)
    assert payment.why_not() == "refunded"


def test_nothing_is_held_and_nothing_asked_for_until_another_officer_confirms(payment: Paid, desk: ReturnsDesk) -> None:
    payment.is_asked_back()
    assert payment.free() == (50_000, 50_038)
    run_outbox("payments.")
    assert refunding.sweep() == 0
    assert desk.tried == 0
    assert payment.why_not() == "refund_asked"


def test_what_is_confirmed_twice_is_given_back_once(payment: Paid, desk: ReturnsDesk) -> None:
    asked = payment.is_asked_back()

    def confirms() -> str:
        try:
            payment.is_confirmed(asked)
        except errors.TransactionClosed:
            return "over"
        return "confirmed"

    assert sorted(at_once(*[confirms] * 4)) == ["confirmed", "over", "over", "over"]


def test_two_officers_at_once_ask_once(payment: Paid, desk: ReturnsDesk) -> None:
    def asks() -> str:
        try:
            payment.is_asked_back()
        except NotRefundable as error:
            return error.code
        return "asked"

    assert sorted(at_once(*[asks] * 4)) == ["asked", *["refund_asked"] * 3]


def test_an_officer_who_says_no_ends_it_and_it_can_be_asked_for_again(payment: Paid, desk: ReturnsDesk) -> None:
    asked = payment.is_asked_back()
    with db.session() as session:
        assert refunding.refuse(session, asked, clock.now(), Cause(None, "sms"))
        assert not refunding.refuse(session, asked, clock.now(), Cause(None, "sms"))
        session.commit()
    with pytest.raises(errors.TransactionClosed):
        payment.is_confirmed(asked)
    payment.is_decided_back()
    assert payment.states("refund") == ["cancelled", "pending"]


def test_what_nobody_confirms_in_a_week_is_over(payment: Paid, desk: ReturnsDesk, movable_clock: MovableClock) -> None:
    payment.is_asked_back()
    movable_clock.forward(days=6, hours=23)
    assert refunding.sweep() == 0
    movable_clock.forward(hours=2)
    assert refunding.sweep() == 1
    assert payment.states("refund") == ["expired"]
    assert told("bot.refund_ended") == 1


def test_above_the_limit_officers_alone_are_refused_also_when_it_sank_since(payment: Paid, desk: ReturnsDesk) -> None:
    asked = payment.is_asked_back()
    with db.session() as session:
        session.get_one(Group, payment.group_id).reversal_limit_percent = 50
        session.commit()
    assert payment.why_not() == "refund_asked"
    with pytest.raises(errors.NeedsVote):
        payment.is_confirmed(asked)


def test_savings_that_were_used_since_cannot_go_back(payment: Paid, desk: ReturnsDesk) -> None:
    asked = payment.is_asked_back()
    with db.session() as session:
        used = legs.withdrawal(payment.saver.user_id, "paystack", 1, 1, 0)
        movement = Movement(payment.group_id, "withdrawal", Money(1, "KES"), used, "x", payment.saver.user_id)
        record(session, allowed(session, movement), clock.now(), Cause(None, "sms"))
        session.commit()
    with pytest.raises(errors.InsufficientFunds):
        payment.is_confirmed(asked)
    assert payment.free() == (49_999, 50_037)


def test_a_refusal_frees_the_money_and_can_be_tried_again(payment: Paid, desk: ReturnsDesk) -> None:
    payment.is_decided_back()
    desk.asking = [REFUSED]
    run_outbox("payments.submit_refund")
    assert (payment.refund().state, payment.states("refund")) == ("failed", ["failed"])
    assert payment.free() == (50_000, 50_038)
    assert told("bot.refund_failed") == 1
    payment.is_decided_back()
    run_outbox("payments.submit_refund")
    assert len(desk.made) == 1


def test_one_that_fails_on_its_way_frees_the_money(payment: Paid, desk: ReturnsDesk) -> None:
    refund_id = payment.is_decided_back()
    run_outbox("payments.submit_refund")
    desk.status = "failed"
    refunding.hear("paystack", payment.reference, str(desk.made[0]["id"]))
    refunding.verify(refund_id)
    assert (payment.refund().state, payment.books()) == ("failed", SAVED)
    assert payment.free() == (50_000, 50_038)


def test_after_a_day_there_is_one_alarm_and_after_two_weeks_a_person(
    payment: Paid, desk: ReturnsDesk, movable_clock: MovableClock
) -> None:
    refund_id = payment.is_decided_back()
    run_outbox("payments.submit_refund")
    for _ in range(3):
        movable_clock.forward(hours=25)
        refunding.verify(refund_id)
        run_outbox("payments.slow_refund")
    assert (payment.refund().state, told("payments.slow_refund"), told("bot.refund_slow")) == ("pending", 1, 1)
    movable_clock.forward(days=11)
    refunding.verify(refund_id)
    refunding.verify(refund_id)
    assert (payment.refund().state, told("bot.refund_held")) == ("held", 1)
    desk.status = "processed"
    refunding.hear("paystack", payment.reference, str(desk.made[0]["id"]))
    assert payment.books() == GIVEN_BACK


def test_a_hint_about_somebody_elses_payment_ends_at_once(desk: ReturnsDesk) -> None:
    refunding.hear("paystack", "another-environment", "1")
    assert desk.server.heard == []


def test_a_payment_that_came_late_has_its_own_refund(desk: ReturnsDesk) -> None:
    first = a_payment()
    with db.session() as session:
        wish = session.scalars(select(Collection).where(Collection.group_id == first.group_id)).one()
        again = a_checkout(session, wish)
        settling.settle(session, again.id, says(wish, again), clock.now())
        late = paid.of_checkout(session, session.get_one(Checkout, again.id))
        assert late is not None
        assert late.transaction.id != session.get_one(Checkout, first.checkout_id).transaction_id
        found = paid.of_transaction(session, late.transaction)
        assert found is not None
        assert found.checkout.id == again.id
        number = session.scalars(select(Receipt.number).where(Receipt.transaction_id == late.transaction.id)).one()
        session.commit()
    second = Paid(first.saver, again.id, again.reference, number)
    second.is_decided_back()
    assert second.refund().checkout_id == again.id
    first.is_decided_back()
    assert first.refund().checkout_id == first.checkout_id


def test_a_receipt_that_is_no_payment_through_a_provider_is_refused(desk: ReturnsDesk) -> None:
    payment = a_payment()
    with db.session() as session:
        user_id, group_id = payment.saver.user_id, payment.group_id
        cash = Movement(group_id, "cash_in", Money(100, "KES"), legs.cash_in(user_id, 100), "c", user_id)
        posted = record(session, cash, clock.now(), Cause(None, "sms"))
        for number, code in ((posted.receipt_number, "not_refundable"), (99, "unknown_receipt")):
            with pytest.raises((NotRefundable, errors.ReversalError)) as raised:
                refunding.check(session, group_id, number)
            assert raised.value.code == code


def test_an_operator_may_call_one_failed(payment: Paid, desk: ReturnsDesk) -> None:
    refund_id = payment.is_decided_back()
    with db.session() as session:
        refunded.fail(session, refund_id, "called failed by an operator", clock.now())
        session.commit()
    run_outbox("payments.submit_refund")
    assert (desk.tried, payment.free()) == (0, (50_000, 50_038))
    with db.session() as session:
        assert session.scalars(select(Transaction.failure).where(Transaction.kind == "refund")).all() == [
            "called failed by an operator"
        ]
