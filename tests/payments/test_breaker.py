"""A provider in trouble is left in peace by every process, and one caller at a time looks whether it is well again."""

import pytest

from core import clock, db
from payments import providers
from payments.breaker import FAILURES, SharedBreaker
from payments.models import ProviderHealth
from payments.provider import Outcome
from payments.providers.connection import OpenTransaction
from tests.payments.actors import at_once
from tests.payments.conftest import MovableClock
from tests.payments.servers import Reply, ScriptedServer, hang_up
from tests.payments.speech import envelope

PAUSE_SECONDS = 30


def a_breaker() -> SharedBreaker:
    return SharedBreaker("paystack", PAUSE_SECONDS)


def health() -> ProviderHealth | None:
    with db.session() as session:
        return session.get(ProviderHealth, "paystack")


@pytest.fixture(autouse=True)
def _clock(provider_server: ScriptedServer, movable_clock: MovableClock) -> None:
    """The product's clock is one that the test moves."""


def fail(times: int = FAILURES) -> None:
    breaker = a_breaker()
    for _ in range(times):
        assert breaker.allows()
        breaker.note(healthy=False)


def test_a_provider_without_a_history_is_called_and_nothing_is_written() -> None:
    breaker = a_breaker()
    assert breaker.allows()
    breaker.note(healthy=True)
    assert health() is None


def test_a_few_failures_are_no_reason_and_an_answer_forgets_them() -> None:
    fail(FAILURES - 1)
    breaker = a_breaker()
    assert breaker.allows()
    breaker.note(healthy=True)
    fail(FAILURES - 1)
    assert a_breaker().allows()


def test_five_failures_in_a_row_spare_it_for_every_process(movable_clock: MovableClock) -> None:
    fail()
    assert not a_breaker().allows(), "another process's breaker must see the same"
    movable_clock.forward(seconds=PAUSE_SECONDS - 2)
    assert not a_breaker().allows()


def test_after_the_pause_one_caller_tries_and_the_others_wait(movable_clock: MovableClock) -> None:
    fail()
    movable_clock.forward(seconds=PAUSE_SECONDS + 1)
    assert sorted(at_once(*[lambda: a_breaker().allows()] * 4)) == [False, False, False, True]


def test_the_one_that_tried_decides(movable_clock: MovableClock) -> None:
    fail()
    movable_clock.forward(seconds=PAUSE_SECONDS + 1)
    breaker = a_breaker()
    assert breaker.allows()
    breaker.note(healthy=False)
    assert not a_breaker().allows()
    movable_clock.forward(seconds=PAUSE_SECONDS + 1)
    breaker = a_breaker()
    assert breaker.allows()
    breaker.note(healthy=True)
    found = health()
    assert a_breaker().allows() and found is not None and (found.failures, found.spared_until) == (0, None)


def test_one_provider_in_trouble_does_not_spare_the_other() -> None:
    fail()
    assert SharedBreaker("flutterwave", PAUSE_SECONDS).allows()


def test_the_adapter_of_the_product_stops_calling_and_says_that_nothing_was_sent(
    provider_server: ScriptedServer, movable_clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    provider = providers.by_name("paystack")
    provider_server.answers(hang_up)
    outcomes = [provider.verify("gw-17-0123456789abcdef").outcome for _ in range(FAILURES + 3)]
    assert outcomes == [Outcome.UNKNOWN] * FAILURES + [Outcome.NOT_SENT] * 3
    assert len(provider_server.heard) == FAILURES
    assert "a provider does not answer: nobody asks it for a while" in caplog.text
    provider_server.answers(envelope({"status": "abandoned", "reference": "gw-17-0123456789abcdef"}))
    movable_clock.forward(seconds=PAUSE_SECONDS + 1)
    assert provider.verify("gw-17-0123456789abcdef").outcome is Outcome.PENDING
    assert clock.now() is not None


def test_a_refusal_is_an_answer(provider_server: ScriptedServer) -> None:
    provider = providers.by_name("paystack")
    provider_server.answers(Reply({"status": False, "message": "Not found", "code": "transaction_not_found"}, 404))
    for _ in range(FAILURES + 3):
        assert provider.verify("gw-17-0123456789abcdef").outcome is Outcome.PENDING
    assert len(provider_server.heard) == FAILURES + 3
    assert health() is None


def test_no_provider_is_called_while_a_transaction_is_open(provider_server: ScriptedServer) -> None:
    provider = providers.by_name("paystack")
    with db.session() as session:
        assert not db.in_transaction(), "a session that has done nothing holds nothing"
        session.get(ProviderHealth, "paystack")
        with pytest.raises(OpenTransaction, match="/transaction/verify/gw-17"):
            provider.verify("gw-17-0123456789abcdef")
        assert provider_server.heard == []
        session.commit()
        provider_server.answers(Reply({"status": False, "message": "Not found", "code": "transaction_not_found"}, 404))
        assert provider.verify("gw-17-0123456789abcdef").outcome is Outcome.PENDING
    assert not db.in_transaction()
