"""Money that a provider takes in parts, twice, or brings back: nothing is lost unsaid, and nothing is lost twice."""

import threading

import pytest
from sqlalchemy import select

from core import clock, db
from core.money import Money
from ledger import errors, verifying
from ledger.audit import Cause
from payments import disputing, refunding
from payments.errors import NotRefundable
from payments.models import Checkout, Dispute, Refund
from tests.payments.actors import at_once, run_outbox
from tests.payments.conftest import MovableClock
from tests.payments.returns import Paid, ReturnsDesk, a_payment, told, verify_again
from tests.payments.servers import ScriptedServer
from tests.payments.test_disputing import ENDED, LOST, OPEN, SAVED, hears, spends

OPERATOR = Cause(None, "operator")


@pytest.fixture
def desk(provider_server: ScriptedServer) -> ReturnsDesk:
    return ReturnsDesk(provider_server)


@pytest.fixture
def payment(desk: ReturnsDesk) -> Paid:
    """The second of two payments of a member, so that the provider has the money which it takes back."""
    return a_payment(a_payment().saver)


def another(
    desk: ReturnsDesk, payment: Paid, number: str, amount: int, status: str, resolution: str | None = None
) -> None:
    desk.disputed(payment.reference, amount, status, resolution, number)
    disputing.hear("paystack", payment.reference, number)


def called(payment: Paid, end: str) -> Money | None:
    """The operator says how the dispute of this payment ended; what was posted."""
    ending = disputing.called_won if end == "won" else disputing.called_lost
    with db.session() as session:
        dispute_id = session.scalars(select(Dispute.id).where(Dispute.checkout_id == payment.checkout_id)).one()
        posted = ending(session, dispute_id, clock.now(), OPERATOR)
        session.commit()
        assert list(verifying.verify(session, payment.group_id)) == []
    return posted


def test_two_disputes_about_parts_of_a_payment_are_both_posted(payment: Paid, desk: ReturnsDesk) -> None:
    another(desk, payment, "1", 20_000, ENDED, "merchant-accepted")
    assert (payment.checkout().state, payment.books()["savings"], payment.why_not()) == ("paid", 80_000, "refunded")
    another(desk, payment, "2", 30_800, ENDED, "merchant-accepted")
    assert (payment.checkout().state, payment.books()) == ("reversed", LOST)
    assert payment.disputes() == [("1", "lost", 20_000), ("2", "lost", 30_800)]
    assert told("bot.charged_back") == 2


def test_two_disputes_cannot_take_more_than_was_paid(payment: Paid, desk: ReturnsDesk) -> None:
    another(desk, payment, "1", 20_000, ENDED, "merchant-accepted")
    another(desk, payment, "2", 30_801, ENDED, "merchant-accepted")
    assert [state for _, state, _ in payment.disputes()] == ["lost", "held"]
    assert (payment.books()["savings"], told("bot.return_held")) == (80_000, 1)


def test_what_is_left_after_a_part_was_lost_can_be_taken_back(payment: Paid, desk: ReturnsDesk) -> None:
    another(desk, payment, "1", 20_000, ENDED, "merchant-accepted")
    desk.payment = "reversed"
    for _ in range(2):
        verify_again(payment)
    assert (payment.books(), payment.states("chargeback")) == (LOST, ["completed", "completed"])
    another(desk, payment, "2", 30_800, OPEN)
    another(desk, payment, "2", 30_800, ENDED, "merchant-accepted")
    assert (payment.books(), payment.disputes()[1][1]) == (LOST, "lost")


def test_of_two_open_disputes_the_second_holds_nothing_once_all_is_gone(payment: Paid, desk: ReturnsDesk) -> None:
    another(desk, payment, "1", 50_800, OPEN)
    another(desk, payment, "2", 20_000, OPEN)
    another(desk, payment, "1", 50_800, ENDED, "merchant-accepted")
    another(desk, payment, "2", 20_000, ENDED, "merchant-accepted")
    assert (payment.books(), payment.free()) == (LOST, (49_200, 49_276))


def test_a_dispute_that_was_won_and_is_lost_in_the_end_is_posted(payment: Paid, desk: ReturnsDesk) -> None:
    hears(desk, payment, 50_800, OPEN)
    hears(desk, payment, 50_800, ENDED, "declined")
    for _ in range(2):
        hears(desk, payment, 50_800, ENDED, "merchant-accepted")
    assert (payment.dispute().state, payment.books()) == ("lost", LOST)
    assert payment.states("chargeback") == ["cancelled", "completed"]
    assert told("bot.charged_back") == 1


def test_a_dispute_that_was_won_and_lost_without_the_cash_is_held_and_told(payment: Paid, desk: ReturnsDesk) -> None:
    hears(desk, payment, 50_800, OPEN)
    hears(desk, payment, 50_800, ENDED, "declined")
    spends(payment, 80_000)
    hears(desk, payment, 50_800, ENDED, "merchant-accepted")
    assert (payment.dispute().state, told("bot.return_held")) == ("held", 1)


def test_what_was_lost_and_is_decided_for_the_group_is_brought_back_once(payment: Paid, desk: ReturnsDesk) -> None:
    hears(desk, payment, 50_800, ENDED, "merchant-accepted")
    for _ in range(2):
        hears(desk, payment, 50_800, ENDED, "declined")
    assert (payment.dispute().state, payment.checkout().state, payment.books()) == ("won", "paid", SAVED)
    assert payment.states("chargeback") == ["reversed"]
    hears(desk, payment, 50_800, ENDED, "merchant-accepted")
    assert (payment.dispute().state, payment.books()) == ("lost", LOST)
    assert told("bot.charged_back") == 3


def test_what_was_taken_first_and_then_decided_for_the_group_is_brought_back(payment: Paid, desk: ReturnsDesk) -> None:
    desk.payment = "reversed"
    verify_again(payment)
    hears(desk, payment, 50_800, OPEN)
    desk.payment = "success"
    hears(desk, payment, 50_800, ENDED, "declined")
    assert (payment.dispute().state, payment.checkout().state, payment.books()) == ("won", "paid", SAVED)
    desk.payment = "reversed"
    verify_again(payment)
    assert payment.books() == LOST


def test_what_is_won_and_not_there_again_is_held_until_the_provider_has_it(
    payment: Paid, desk: ReturnsDesk, movable_clock: MovableClock
) -> None:
    desk.payment = "reversed"
    verify_again(payment)
    for _ in range(2):
        hears(desk, payment, 50_800, ENDED, "declined")
    assert (payment.dispute().state, payment.books(), told("bot.dispute_won")) == ("held", LOST, 1)
    desk.payment = "success"
    movable_clock.forward(hours=7)
    assert disputing.sweep() == 1
    run_outbox("payments.read_dispute")
    assert (payment.dispute().state, payment.books()) == ("won", SAVED)


def test_what_was_taken_and_never_booked_is_ours_again_when_it_is_won(desk: ReturnsDesk) -> None:
    payment = a_payment()
    desk.payment = "reversed"
    verify_again(payment)
    assert payment.checkout().state == "held"
    desk.payment = "success"
    hears(desk, payment, 50_800, ENDED, "declined")
    assert (payment.dispute().state, payment.checkout().state) == ("won", "paid")
    a_payment(payment.saver)
    assert disputing.sweep() == 0
    assert payment.books() == SAVED


def test_a_payment_whose_disputed_part_is_held_is_taken_back_whole_when_the_cash_is_there(
    payment: Paid, desk: ReturnsDesk
) -> None:
    spends(payment, 80_000)
    hears(desk, payment, 20_900, OPEN)
    desk.payment = "reversed"
    verify_again(payment)
    assert (payment.dispute().state, payment.checkout().state) == ("held", "held")
    desk.payment = "success"
    a_payment(payment.saver)
    assert disputing.sweep() == 1
    assert (payment.dispute().state, payment.checkout().state) == ("lost", "reversed")
    assert payment.books()["cash"] == -100_076 + 80_000 - 50_038 + 50_800


def test_an_operator_may_call_a_dispute_won(payment: Paid, desk: ReturnsDesk) -> None:
    hears(desk, payment, 50_800, OPEN)
    assert called(payment, "won") is None
    assert (payment.dispute().state, payment.free(), told("bot.dispute_won")) == ("won", (100_000, 100_076), 1)
    hears(desk, payment, 50_800, ENDED, "merchant-accepted")
    assert (payment.dispute().state, payment.books()) == ("won", SAVED)
    desk.payment = "reversed"
    for _ in range(2):
        verify_again(payment)
    assert (payment.books(), told("bot.return_held")) == (SAVED, 1)
    assert called(payment, "lost") == Money(50_800, "KES")
    assert payment.books() == LOST


def test_an_operator_may_bring_back_what_was_lost(payment: Paid, desk: ReturnsDesk) -> None:
    hears(desk, payment, 50_800, ENDED, "merchant-accepted")
    assert called(payment, "won") == Money(50_800, "KES")
    assert called(payment, "won") is None
    assert (payment.dispute().state, payment.checkout().state, payment.books()) == ("won", "paid", SAVED)


def test_an_operator_may_call_a_dispute_lost_once(payment: Paid, desk: ReturnsDesk) -> None:
    hears(desk, payment, 50_800, OPEN)
    assert called(payment, "lost") == Money(50_800, "KES")
    assert called(payment, "lost") is None
    hears(desk, payment, 50_800, ENDED, "declined")
    assert (payment.dispute().state, payment.books(), payment.free()) == ("lost", LOST, (49_200, 49_276))


def test_a_dispute_that_is_called_lost_without_the_cash_stays_as_it_was(payment: Paid, desk: ReturnsDesk) -> None:
    spends(payment, 80_000)
    hears(desk, payment, 50_800, OPEN)
    with pytest.raises(errors.InsufficientFunds):
        called(payment, "lost")
    assert payment.dispute().state == "open"


def test_what_a_refund_gave_back_and_a_bank_took_too_is_called_lost_by_a_person(
    payment: Paid, desk: ReturnsDesk
) -> None:
    refund_id = payment.is_decided_back()
    refunding.submit(refund_id)
    hears(desk, payment, 50_800, OPEN)
    with pytest.raises(NotRefundable):
        called(payment, "lost")
    desk.status = "processed"
    refunding.verify(refund_id)
    a_payment(payment.saver)
    hears(desk, payment, 50_800, ENDED, "merchant-accepted")
    assert payment.dispute().state == "held"
    assert called(payment, "lost") == Money(50_800, "KES")
    found = payment.books()
    # By hand: 1,500.00 saved, 500.00 went back, 8.00 more are the member's; 500.00 the group has lost.
    assert (found["savings"], found["cash"]) == (99_200, -150_114 + 50_000 + 50_800)
    assert found["fee_expense"] == -3 * 762 - 50_000


def test_a_dispute_of_a_payment_that_is_not_booked_can_be_called_lost(desk: ReturnsDesk) -> None:
    payment = a_payment()
    with db.session() as session:
        checkout = session.get_one(Checkout, payment.checkout_id)
        checkout.state, checkout.held_reason = "held", "another amount was paid"
        session.commit()
    hears(desk, payment, 50_800, ENDED, "merchant-accepted")
    assert payment.dispute().state == "held"
    assert called(payment, "lost") is None
    assert (payment.dispute().state, payment.states("chargeback")) == ("lost", [])


def test_a_hint_that_names_another_payment_stops_no_refund_and_hides_no_dispute(desk: ReturnsDesk) -> None:
    victim = a_payment()
    other = a_payment(victim.saver)
    a_payment(victim.saver)
    refund_id = victim.is_decided_back()
    desk.disputed(other.reference, 50_800, OPEN)
    disputing.hear("paystack", victim.reference, "358950")
    assert (victim.disputes(), victim.refund().state) == ([], "reserved")
    hears(desk, other, 50_800, ENDED, "merchant-accepted")
    assert (other.disputes(), other.checkout().state) == ([("358950", "lost", 50_800)], "reversed")
    with db.session() as session:
        assert session.get_one(Refund, refund_id).state == "reserved"


def test_a_confirmation_and_a_dispute_at_once_do_not_wait_for_each_other(payment: Paid, desk: ReturnsDesk) -> None:
    """A dispute has the checkout and wants the group, while an officer confirms a refund of it."""
    asked, has_checkout = payment.is_asked_back(), threading.Event()

    def dispute() -> str:
        with db.session() as session:
            session.get_one(Checkout, payment.checkout_id, with_for_update=True)
            has_checkout.set()
            threading.Event().wait(0.5)  # The officer is on the way.
            disputing.take_back(session, session.get_one(Checkout, payment.checkout_id), "reversed", clock.now())
            session.commit()
        return "taken"

    def confirms() -> str:
        has_checkout.wait(5)
        try:
            payment.is_confirmed(asked)
        except NotRefundable as error:
            return error.code
        return "confirmed"

    assert at_once(dispute, confirms) == ["taken", "refunded"]
    assert payment.books() == LOST
