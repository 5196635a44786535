"""What officers may give back without a vote is counted over a month: many small refunds are not one big one."""

import pytest

from core import clock, db
from core.money import Money
from ledger import errors, legs, reversals
from ledger.audit import Cause
from ledger.models import Group
from ledger.postings import Movement, record
from payments import refunding
from tests.payments.actors import at_once, run_outbox
from tests.payments.conftest import MovableClock
from tests.payments.returns import Paid, ReturnsDesk, a_payment
from tests.payments.servers import ScriptedServer


@pytest.fixture
def desk(provider_server: ScriptedServer) -> ReturnsDesk:
    return ReturnsDesk(provider_server)


@pytest.fixture
def payments(desk: ReturnsDesk) -> list[Paid]:
    """Ten payments of 500.00, of which officers alone may give back two: 20 % of 5,003.80."""
    first = a_payment()
    payments = [first, *(a_payment(first.saver) for _ in range(9))]
    limit(first, 20)
    return payments


def limit(payment: Paid, percent: int) -> None:
    with db.session() as session:
        session.get_one(Group, payment.group_id).reversal_limit_percent = percent
        session.commit()


def test_small_refunds_together_stay_below_the_limit(payments: list[Paid]) -> None:
    for payment in payments[:2]:
        payment.is_decided_back()
    with pytest.raises(errors.NeedsVote) as raised:
        payments[2].is_decided_back()
    assert raised.value.limit == Money(76, "KES")
    assert payments[2].why_not() == "needs_vote"


def test_what_went_back_already_counts_and_the_share_is_of_what_was_there_before(
    payments: list[Paid], desk: ReturnsDesk
) -> None:
    desk.status = "processed"
    first = payments[0].is_decided_back()
    run_outbox("payments.submit_refund")
    refunding.verify(first)
    assert payments[0].refund().state == "paid"
    payments[1].is_decided_back()
    assert payments[2].why_not() == "needs_vote"


def test_what_was_refused_at_the_provider_does_not_count(payments: list[Paid], desk: ReturnsDesk) -> None:
    desk.status = "failed"
    first = payments[0].is_decided_back()
    run_outbox("payments.submit_refund")
    refunding.verify(first)
    assert payments[0].refund().state == "failed"
    for payment in payments[1:3]:
        payment.is_decided_back()


def test_after_thirty_days_it_does_not_count_any_more(payments: list[Paid], movable_clock: MovableClock) -> None:
    for payment in payments[:2]:
        payment.is_decided_back()
    movable_clock.forward(days=31)
    payments[2].is_decided_back()


def test_what_the_group_has_voted_does_not_count(payments: list[Paid]) -> None:
    with db.session() as session:
        for payment in payments[:3]:
            user_id = payment.saver.user_id
            refunding.begin(session, payment.group_id, payment.receipt, "paid twice", user_id, clock.now())
        session.commit()
    for payment in payments[3:5]:
        payment.is_decided_back()


def test_what_officers_reversed_in_the_box_counts(payments: list[Paid]) -> None:
    first = payments[0]
    with db.session() as session:
        user_id, cause = first.saver.user_id, Cause(first.saver.user_id, "sms")
        cash = Movement(first.group_id, "cash_in", Money(60_000, "KES"), legs.cash_in(user_id, 60_000), "c", user_id)
        posted = record(session, cash, clock.now(), cause)
        reversals.by_officer(session, first.group_id, posted.receipt_number, "wrong member", clock.now(), cause)
        session.commit()
    assert first.why_not() == ""
    first.is_decided_back()
    assert payments[1].why_not() == "needs_vote"


def test_wishes_that_are_confirmed_at_once_stay_below_the_limit(payments: list[Paid]) -> None:
    asked = [(payment, payment.is_asked_back()) for payment in payments[:4]]

    def confirms(payment: Paid, number: int) -> str:
        try:
            payment.is_confirmed(number)
        except errors.NeedsVote:
            return "vote"
        return "confirmed"

    said = at_once(*(lambda each=each: confirms(*each) for each in asked))
    assert sorted(said) == ["confirmed", "confirmed", "vote", "vote"]
