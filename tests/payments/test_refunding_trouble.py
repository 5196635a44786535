"""Refunds when the provider answers badly, late, twice or not at all: given back once all the same."""

import pytest

from core import clock, db
from core.outbox import TryAgain
from payments import refunding
from payments.models import Refund
from tests.payments.actors import at_once, run_outbox
from tests.payments.conftest import MovableClock
from tests.payments.returns import (
    GIVEN_BACK,
    NO_ANSWER,
    SAVED,
    Paid,
    ReturnsDesk,
    a_payment,
    told,
    verify_again,
)
from tests.payments.servers import ScriptedServer, hang_up, reset


@pytest.fixture
def desk(provider_server: ScriptedServer) -> ReturnsDesk:
    return ReturnsDesk(provider_server)


@pytest.fixture
def payment(desk: ReturnsDesk) -> Paid:
    return a_payment()


@pytest.mark.parametrize("step", [NO_ANSWER, hang_up, reset])
def test_an_unknown_outcome_keeps_the_money_and_is_only_looked_for(
    payment: Paid, desk: ReturnsDesk, step: object, movable_clock: MovableClock
) -> None:
    refund_id = payment.is_decided_back()
    desk.asking, desk.takes_unseen = [step], True  # type: ignore[list-item]
    run_outbox("payments.submit_refund")
    assert (payment.refund().state, payment.refund().provider_id) == ("unknown", None)
    refunding.submit(refund_id)
    assert desk.tried == 1
    movable_clock.forward(minutes=11)
    refunding.verify(refund_id)
    assert (payment.refund().state, payment.refund().provider_id) == ("pending", str(desk.made[0]["id"]))
    desk.status = "processed"
    refunding.verify(refund_id)
    assert (payment.refund().state, desk.tried, len(desk.made)) == ("paid", 1, 1)
    assert payment.books() == GIVEN_BACK


def test_what_surely_never_arrived_is_asked_for_again_after_ten_minutes(
    payment: Paid, desk: ReturnsDesk, movable_clock: MovableClock
) -> None:
    refund_id = payment.is_decided_back()
    desk.asking = [NO_ANSWER]
    run_outbox("payments.submit_refund")
    refunding.verify(refund_id)
    assert payment.refund().state == "unknown"  # An empty list at once proves nothing.
    movable_clock.forward(minutes=11)
    refunding.verify(refund_id)
    assert payment.refund().state == "reserved"
    run_outbox("payments.submit_refund")
    assert (payment.refund().state, desk.tried, len(desk.made)) == ("pending", 2, 1)


def test_as_long_as_the_provider_lists_nothing_readable_nothing_is_asked_for_again(
    payment: Paid, desk: ReturnsDesk, movable_clock: MovableClock
) -> None:
    refund_id = payment.is_decided_back()
    desk.asking = [NO_ANSWER]
    run_outbox("payments.submit_refund")
    desk.lists = False
    movable_clock.forward(hours=2)
    refunding.verify(refund_id)
    assert (payment.refund().state, desk.tried) == ("unknown", 1)


def test_one_that_is_listed_late_is_found_before_it_is_asked_for_again(
    payment: Paid, desk: ReturnsDesk, movable_clock: MovableClock
) -> None:
    refund_id = payment.is_decided_back()
    desk.asking = [NO_ANSWER]
    run_outbox("payments.submit_refund")
    movable_clock.forward(minutes=11)
    refunding.verify(refund_id)
    desk.makes(50_000)
    run_outbox("payments.submit_refund")
    assert (payment.refund().state, desk.tried, len(desk.made)) == ("pending", 1, 1)


def test_a_refund_that_somebody_made_at_the_provider_is_taken_for_ours_and_not_made_again(
    payment: Paid, desk: ReturnsDesk
) -> None:
    desk.makes(50_000, "processed")
    payment.is_decided_back()
    run_outbox("payments.submit_refund")
    assert (desk.tried, payment.refund().state) == (0, "paid")
    assert payment.books() == GIVEN_BACK


def test_a_refund_of_another_amount_at_the_provider_is_for_a_person(payment: Paid, desk: ReturnsDesk) -> None:
    desk.makes(20_000, "processed")
    refund_id = payment.is_decided_back()
    run_outbox("payments.submit_refund")
    assert (desk.tried, payment.refund().state) == (0, "held")
    assert told("bot.refund_held") == 1
    refunding.verify(refund_id)
    assert payment.refund().state == "held"
    assert payment.why_not() == "refund_open"


def test_without_a_list_nothing_is_asked_for(payment: Paid, desk: ReturnsDesk) -> None:
    refund_id = payment.is_decided_back()
    desk.lists = False
    with pytest.raises(TryAgain):
        refunding.submit(refund_id)
    assert (desk.tried, payment.refund().state) == (0, "reserved")


def test_a_provider_that_cannot_be_reached_is_tried_again_later(payment: Paid, desk: ReturnsDesk) -> None:
    refund_id = payment.is_decided_back()
    desk.server.stop()
    with pytest.raises(TryAgain):
        refunding.submit(refund_id)
    assert (payment.refund().state, payment.states("refund")) == ("reserved", ["pending"])


def test_a_worker_that_died_while_asking_asks_nothing_twice(
    payment: Paid, desk: ReturnsDesk, movable_clock: MovableClock
) -> None:
    refund_id = payment.is_decided_back()
    with db.session() as session:
        refund = session.get_one(Refund, refund_id)
        refund.state, refund.submitted_at = "submitting", clock.now()
        session.commit()
    desk.makes(50_000)
    refunding.submit(refund_id)
    movable_clock.forward(minutes=3)
    assert refunding.sweep() == 1
    run_outbox("payments.verify_refund")
    assert (desk.tried, payment.refund().state) == (0, "pending")


def test_a_webhook_that_is_faster_than_the_answer_books_it(payment: Paid, desk: ReturnsDesk) -> None:
    refund_id = payment.is_decided_back()

    def answers(request: object) -> object:
        desk.makes(50_000, "processed")
        refunding.hear("paystack", payment.reference, "3018284")
        assert payment.refund().state == "paid"
        return NO_ANSWER

    desk.asking = [answers]  # type: ignore[list-item]
    refunding.submit(refund_id)
    assert (payment.refund().state, payment.states("refund")) == ("paid", ["completed"])
    assert payment.books() == GIVEN_BACK


def test_webhook_and_poller_at_once_book_it_once(payment: Paid, desk: ReturnsDesk) -> None:
    refund_id = payment.is_decided_back()
    run_outbox("payments.submit_refund")
    desk.status = "processed"

    def hears() -> None:
        refunding.hear("paystack", payment.reference, str(desk.made[0]["id"]))

    at_once(*[hears, lambda: refunding.verify(refund_id)] * 3)
    assert payment.states("refund") == ["completed"]
    assert payment.books() == GIVEN_BACK
    assert told("bot.refunded") == 1


def test_a_hint_without_a_name_is_about_the_newest_refund(
    payment: Paid, desk: ReturnsDesk, caplog: pytest.LogCaptureFixture
) -> None:
    payment.is_decided_back()
    run_outbox("payments.submit_refund")
    desk.status = "processed"
    for _ in range(2):
        refunding.hear("paystack", payment.reference, "")
    assert (payment.refund().state, payment.books()) == ("paid", GIVEN_BACK)
    assert "nobody asked us for" not in caplog.text


def test_workers_at_once_ask_for_it_once(payment: Paid, desk: ReturnsDesk) -> None:
    refund_id = payment.is_decided_back()
    at_once(*[lambda: refunding.submit(refund_id)] * 5)
    assert (desk.tried, len(desk.made)) == (1, 1)


def test_one_that_failed_and_was_paid_after_all_is_booked(payment: Paid, desk: ReturnsDesk) -> None:
    payment.is_decided_back()
    run_outbox("payments.submit_refund")
    desk.status = "failed"
    refunding.hear("paystack", payment.reference, str(desk.made[0]["id"]))
    second = payment.is_decided_back()
    desk.status = "processed"
    refunding.hear("paystack", payment.reference, str(desk.made[0]["id"]))
    assert payment.states("refund") == ["failed", "failed", "completed"]
    assert payment.books() == GIVEN_BACK
    refunding.submit(second)
    assert len(desk.made) == 1


def test_while_an_earlier_attempt_may_still_be_paid_no_second_one_is_made(payment: Paid, desk: ReturnsDesk) -> None:
    first = payment.is_decided_back()
    run_outbox("payments.submit_refund")
    desk.status = "failed"
    refunding.verify(first)
    second = payment.is_decided_back()
    desk.status = "pending"
    refunding.submit(second)
    assert (desk.tried, payment.refund().state) == (1, "failed")


def test_one_that_needs_attention_is_held_and_goes_on_by_itself(
    payment: Paid, desk: ReturnsDesk, movable_clock: MovableClock
) -> None:
    refund_id = payment.is_decided_back()
    run_outbox("payments.submit_refund")
    desk.status = "needs-attention"
    refunding.verify(refund_id)
    refunding.verify(refund_id)
    assert payment.refund().state == "held"
    assert "enter it" in (payment.refund().held_reason or "")
    assert told("bot.refund_held") == 1
    desk.status = "processed"
    movable_clock.forward(hours=1)
    assert refunding.sweep() == 1
    run_outbox("payments.verify_refund")
    assert payment.refund().state == "paid"


def test_another_amount_than_was_asked_for_is_held(payment: Paid, desk: ReturnsDesk) -> None:
    refund_id = payment.is_decided_back()
    run_outbox("payments.submit_refund")
    desk.status, desk.made[0]["amount"] = "processed", 49_999
    refunding.verify(refund_id)
    assert (payment.refund().state, payment.books()) == ("held", SAVED)


def test_a_payment_that_reads_reversed_after_its_refund_is_not_booked_a_second_time(
    payment: Paid, desk: ReturnsDesk
) -> None:
    refund_id = payment.is_decided_back()
    run_outbox("payments.submit_refund")
    desk.payment = "reversed"
    verify_again(payment)
    assert (payment.books(), payment.checkout().state) == (SAVED, "paid")
    desk.status = "processed"
    refunding.verify(refund_id)
    verify_again(payment)
    assert (payment.books(), payment.checkout().state) == (GIVEN_BACK, "reversed")
    assert payment.states("chargeback") == []


def test_a_whole_payment_that_somebody_gave_back_at_the_provider_unasked_is_booked(
    payment: Paid, desk: ReturnsDesk
) -> None:
    a_payment(payment.saver)
    made = desk.makes(50_800, "processed")
    desk.payment = "reversed"
    refunding.hear("paystack", payment.reference, str(made["id"]))
    assert payment.states("chargeback") == ["completed"]
    assert payment.checkout().state == "reversed"
