"""Fees that are not as quoted are told to the operator, once they are more than an exception."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock, db
from core.money import Money
from payments import drifting, settling
from payments.models import Collection
from tests.payments.actors import a_checkout, a_saver, run_outbox, says, wishes
from tests.payments.conftest import MovableClock
from tests.payments.servers import ScriptedServer


def pays(charged_beyond: int) -> None:
    """Somebody pays 500 with a fee that differs from the quoted one by so much."""
    with db.session() as session:
        saver = a_saver(session)
        collection = wishes(session, saver, "500", at=clock.now())
        checkout = a_checkout(session, collection)
        charged = Money(collection.fee_minor + charged_beyond, "KES")
        settling.settle(session, checkout.id, says(collection, checkout, fee=charged), clock.now())
        session.commit()


@pytest.fixture(autouse=True)
def _clock(provider_server: ScriptedServer, movable_clock: MovableClock) -> None:
    """The product's clock is one that the test moves."""


def test_a_fee_that_drifts_is_an_alarm_the_next_day(
    movable_clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    for beyond in (0, 100, 100, 100):
        pays(beyond)
    day = clock.now().date()
    (drift,) = drifting.check(day)
    assert (drift.provider, drift.method, drift.paid, drift.drifted) == ("paystack", "checkout", 4, 3)
    assert str(drift.more) == "KES 3"
    assert "compare them with its price list" in caplog.text


def test_one_exception_and_fees_as_quoted_alarm_nobody(caplog: pytest.LogCaptureFixture) -> None:
    for beyond in (0, 0, 100):
        pays(beyond)
    assert drifting.check(clock.now().date()) == []
    assert drifting.check(clock.now().date() - timedelta(days=1)) == []
    assert "price list" not in caplog.text


def test_each_day_is_looked_at_once(movable_clock: MovableClock) -> None:
    movable_clock.forward(hours=(27 - clock.now().hour) % 24 + 1)
    assert drifting.sweep() == drifting.sweep() == 1
    assert run_outbox("payments.check_fees") == ["payments.check_fees"]
    with db.session() as session:
        assert session.scalars(select(Collection.id)).all() == []
