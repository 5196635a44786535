"""Disputes and payments that are taken back: held while it is open, lost once, and never more than there is."""

import pytest

from core import clock, db
from core.money import Money
from core.outbox import TryAgain
from ledger import legs
from ledger.audit import Cause
from ledger.postings import Leg, Movement, record
from payments import disputing, refunding
from payments.errors import NotRefundable
from payments.models import Checkout
from tests.ledger.actors import allowed
from tests.payments.actors import at_once, run_outbox
from tests.payments.conftest import MovableClock
from tests.payments.returns import NO_ANSWER, Paid, ReturnsDesk, a_payment, told, verify_again
from tests.payments.servers import ScriptedServer

DISPUTE = "358950"
OPEN, ENDED = "awaiting-merchant-feedback", "resolved"
# By hand: twice 508.00 came in, the provider kept 7.62 of each; 500.00 of each are the member's.
SAVED = {"savings": 100_000, "cash": -100_076, "fee_income": 1_600, "fee_expense": -1_524}
# All 508.00 are gone: they were paid back to the member, whose savings bear them.
LOST = {"savings": 49_200, "cash": -49_276, "fee_income": 1_600, "fee_expense": -1_524}


@pytest.fixture
def desk(provider_server: ScriptedServer) -> ReturnsDesk:
    return ReturnsDesk(provider_server)


@pytest.fixture
def payment(desk: ReturnsDesk) -> Paid:
    """The second of two payments of a member, so that the provider has the money which it takes back."""
    return a_payment(a_payment().saver)


def hears(desk: ReturnsDesk, payment: Paid, amount: int | None, status: str, resolution: str | None = None) -> None:
    desk.disputed(payment.reference, amount, status, resolution)
    disputing.hear("paystack", payment.reference, DISPUTE)


def spends(payment: Paid, amount: int) -> None:
    """What the member has got of their savings since."""
    _records(payment, "withdrawal", amount, legs.withdrawal(payment.saver.user_id, "paystack", amount, amount, 0))


def others_pay_in(payment: Paid, amount: int) -> None:
    """More cash at the provider, that is not the member's."""
    _records(payment, "social_fund", amount, legs.social_fund("paystack", amount, amount, 0))


def _records(payment: Paid, kind: str, amount: int, moved: list[Leg]) -> None:
    with db.session() as session:
        movement = Movement(payment.group_id, kind, Money(amount, "KES"), moved, f"{kind} {amount}")
        record(session, allowed(session, movement), clock.now(), Cause(None, "sms"))
        session.commit()


def test_a_dispute_holds_what_may_be_lost_and_the_officers_hear_by_when(payment: Paid, desk: ReturnsDesk) -> None:
    for _ in range(3):
        hears(desk, payment, 50_800, OPEN)
    dispute = payment.dispute()
    assert (dispute.state, dispute.amount_minor) == ("open", 50_800)
    assert dispute.due_at is not None
    assert f"{dispute.due_at:%d %m %Y}" == "01 12 2026"
    assert payment.free() == (49_200, 49_276)
    assert payment.books() == SAVED
    assert told("bot.dispute_opened") == 1


def test_a_dispute_that_is_won_frees_the_money(payment: Paid, desk: ReturnsDesk) -> None:
    hears(desk, payment, 50_800, OPEN)
    for _ in range(2):
        hears(desk, payment, 50_800, ENDED, "declined")
    assert (payment.dispute().state, payment.checkout().state) == ("won", "paid")
    assert (payment.books(), payment.free()) == (SAVED, (100_000, 100_076))
    assert payment.states("chargeback") == ["cancelled"]
    assert told("bot.dispute_won") == 1


def test_a_dispute_that_is_lost_is_posted_once(payment: Paid, desk: ReturnsDesk) -> None:
    hears(desk, payment, 50_800, OPEN)
    for _ in range(2):
        hears(desk, payment, 50_800, ENDED, "merchant-accepted")
    verify_again(payment)
    assert (payment.dispute().state, payment.checkout().state) == ("lost", "reversed")
    assert (payment.books(), payment.free()) == (LOST, (49_200, 49_276))
    assert (payment.states("chargeback"), told("bot.charged_back")) == (["completed"], 1)


def test_a_dispute_that_is_heard_of_when_it_is_lost_is_posted(payment: Paid, desk: ReturnsDesk) -> None:
    hears(desk, payment, 50_800, ENDED, "auto-accepted")
    assert (payment.dispute().state, payment.books()) == ("lost", LOST)
    assert told("bot.dispute_opened") == 0


def test_what_the_savings_do_not_cover_is_the_groups_loss(payment: Paid, desk: ReturnsDesk) -> None:
    spends(payment, 80_000)
    others_pay_in(payment, 60_000)
    hears(desk, payment, 50_800, OPEN)
    assert payment.free() == (0, 29_276)
    hears(desk, payment, 50_800, ENDED, "merchant-accepted")
    found = payment.books()
    assert (found.get("savings", 0), found["bad_debt"], found["cash"]) == (0, -30_800, -29_276)
    assert payment.free() == (0, 29_276)


def test_when_nothing_is_saved_any_more_the_group_loses_it_all(payment: Paid, desk: ReturnsDesk) -> None:
    spends(payment, 100_000)
    others_pay_in(payment, 60_000)
    hears(desk, payment, 50_800, ENDED, "merchant-accepted")
    assert (payment.dispute().state, payment.books()["bad_debt"]) == ("lost", -50_800)


def test_when_nothing_at_all_is_there_a_dispute_holds_nothing(payment: Paid, desk: ReturnsDesk) -> None:
    spends(payment, 100_000)
    _records(payment, "fee", 76, legs.fee("paystack", 76))
    hears(desk, payment, 50_800, OPEN)
    assert (payment.dispute().state, payment.dispute().transaction_id) == ("open", None)
    hears(desk, payment, 50_800, ENDED, "declined")
    assert payment.dispute().state == "won"


def test_a_loss_for_which_the_cash_is_not_there_is_held_and_booked_when_it_is(
    payment: Paid, desk: ReturnsDesk, movable_clock: MovableClock
) -> None:
    spends(payment, 80_000)
    for _ in range(2):
        hears(desk, payment, 50_800, ENDED, "merchant-accepted")
    assert (payment.dispute().state, payment.checkout().state) == ("held", "paid")
    assert told("bot.return_held") == 1
    others_pay_in(payment, 60_000)
    movable_clock.forward(hours=7)
    assert disputing.sweep() == 1
    run_outbox("payments.read_dispute")
    assert (payment.dispute().state, payment.books()["bad_debt"]) == ("lost", -30_800)


def test_less_than_was_disputed_may_go_back_in_the_end(payment: Paid, desk: ReturnsDesk) -> None:
    hears(desk, payment, 50_800, OPEN)
    hears(desk, payment, 20_000, ENDED, "merchant-accepted")
    assert payment.states("chargeback") == ["cancelled", "completed"]
    assert payment.books()["savings"] == 80_000
    assert payment.free() == (80_000, 80_076)


@pytest.mark.parametrize("amount", [50_801, 999_999])
def test_more_than_was_paid_is_for_a_person(payment: Paid, desk: ReturnsDesk, amount: int) -> None:
    hears(desk, payment, amount, ENDED, "merchant-accepted")
    assert (payment.dispute().state, payment.books()) == ("held", SAVED)


def test_a_dispute_about_another_payment_writes_nothing(payment: Paid, desk: ReturnsDesk) -> None:
    desk.disputed("gw-1-0000000000000000", 50_800, ENDED, "merchant-accepted")
    disputing.hear("paystack", payment.reference, DISPUTE)
    assert (payment.disputes(), payment.books()) == ([], SAVED)


def test_without_an_answer_nothing_is_written_and_it_is_asked_again(payment: Paid, desk: ReturnsDesk) -> None:
    with pytest.raises(TryAgain):
        disputing.hear("paystack", payment.reference, DISPUTE)
    desk.server.answers(NO_ANSWER)
    with pytest.raises(TryAgain):
        disputing.hear("paystack", payment.reference, DISPUTE)
    assert payment.books() == SAVED
    disputing.hear("paystack", "another-environment", DISPUTE)


def test_hearing_of_it_many_times_at_once_writes_it_once(payment: Paid, desk: ReturnsDesk) -> None:
    desk.disputed(payment.reference, 50_800, ENDED, "merchant-accepted")
    at_once(*[lambda: disputing.hear("paystack", payment.reference, DISPUTE)] * 5)
    assert (payment.books(), told("bot.charged_back")) == (LOST, 1)


def test_a_dispute_and_a_reversal_at_once_are_posted_once(payment: Paid, desk: ReturnsDesk) -> None:
    hears(desk, payment, 50_800, OPEN)
    desk.disputed(payment.reference, 50_800, ENDED, "merchant-accepted")
    desk.payment = "reversed"
    works = [lambda: disputing.hear("paystack", payment.reference, DISPUTE), lambda: verify_again(payment)]
    at_once(*works * 3)
    assert (payment.dispute().state, payment.books()) == ("lost", LOST)
    assert payment.states("chargeback") == ["completed"]


def test_the_sweep_asks_about_what_nobody_tells_us(
    payment: Paid, desk: ReturnsDesk, movable_clock: MovableClock
) -> None:
    hears(desk, payment, 50_800, OPEN)
    assert disputing.sweep() == 0
    desk.disputed(payment.reference, 50_800, ENDED, "declined")
    movable_clock.forward(hours=7)
    assert disputing.sweep() == 1
    run_outbox("payments.read_dispute")
    assert payment.dispute().state == "won"
    movable_clock.forward(hours=7)
    assert disputing.sweep() == 0


def test_a_payment_that_is_taken_back_is_posted_once_and_everybody_hears(payment: Paid, desk: ReturnsDesk) -> None:
    desk.payment = "reversed"
    at_once(*[lambda: verify_again(payment)] * 5)
    verify_again(payment)
    assert (payment.books(), payment.checkout().state) == (LOST, "reversed")
    assert (payment.states("chargeback"), told("bot.charged_back")) == (["completed"], 1)
    with db.session() as session, pytest.raises(NotRefundable):
        refunding.check(session, payment.group_id, payment.receipt)


def test_a_dispute_that_is_heard_of_after_the_money_is_gone_takes_nothing_more(
    payment: Paid, desk: ReturnsDesk
) -> None:
    desk.payment = "reversed"
    verify_again(payment)
    hears(desk, payment, 50_800, OPEN)
    assert payment.free() == (49_200, 49_276)
    hears(desk, payment, 50_800, ENDED, "merchant-accepted")
    assert (payment.dispute().state, payment.books()) == ("lost", LOST)


def test_what_cannot_be_booked_is_held_and_booked_when_the_cash_is_there(desk: ReturnsDesk) -> None:
    payment = a_payment()
    desk.payment = "reversed"
    for _ in range(2):
        verify_again(payment)  # 500.38 lie there, and 508.00 are gone.
    assert (payment.checkout().state, payment.states("chargeback")) == ("held", [])
    assert told("bot.return_held") == 1
    assert disputing.sweep() == 1
    desk.payment = "success"
    a_payment(payment.saver)
    assert disputing.sweep() == 1
    assert (payment.books(), payment.checkout().state) == (LOST, "reversed")
    assert disputing.sweep() == 0


def test_a_refund_that_was_not_asked_for_yet_is_given_up_for_a_dispute(payment: Paid, desk: ReturnsDesk) -> None:
    refund_id = payment.is_decided_back()
    hears(desk, payment, 50_800, OPEN)
    refunding.submit(refund_id)
    assert (payment.refund().state, desk.tried) == ("failed", 0)
    assert payment.free() == (49_200, 49_276)
    with db.session() as session, pytest.raises(NotRefundable) as raised:
        refunding.check(session, payment.group_id, payment.receipt)
    assert raised.value.code == "refund_disputed"


def test_nothing_that_went_back_by_a_refund_is_lost_a_second_time_by_a_dispute(
    payment: Paid, desk: ReturnsDesk
) -> None:
    refund_id = payment.is_decided_back()
    refunding.submit(refund_id)
    hears(desk, payment, 50_800, OPEN)
    assert payment.free() == (50_000, 50_076)
    desk.status = "processed"
    refunding.verify(refund_id)
    hears(desk, payment, 50_800, ENDED, "merchant-accepted")
    assert payment.dispute().state == "held"  # The payer would have got more than they paid.
    assert payment.books()["savings"] == 50_000
    hears(desk, payment, 800, ENDED, "merchant-accepted")
    assert (payment.dispute().state, payment.books()["savings"]) == ("lost", 49_200)


def test_a_payment_of_which_the_book_knows_nothing_takes_nothing_back(desk: ReturnsDesk) -> None:
    payment = a_payment()
    with db.session() as session:
        checkout = session.get_one(Checkout, payment.checkout_id)
        checkout.state, checkout.held_reason = "held", "another amount was paid"
        disputing.take_back(session, checkout, "reversed", clock.now())
        session.commit()
    assert payment.states("chargeback") == []
