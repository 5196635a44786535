"""What every payment provider must keep to about money, checkout pages and what became of a payment.

The hooks are explained in `tests/payments/contract.py`.
"""

import logging
import socket
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.money import Money
from payments.errors import AmountNotPayable, UnsupportedCurrency
from payments.provider import CheckoutOrder, Outcome, Provider, quote
from payments.provider_charges import Method
from tests.payments.contract import IMPATIENCE_SECONDS as IMPATIENCE_SECONDS
from tests.payments.contract import (
    PAID_AT,
    REFERENCE,
    UNCLEAR,
    Contract,
    Noting,
    Tripped,
    logged,
    spoilt_reply,
    status_of,
)
from tests.payments.servers import Heard, Reply, ScriptedServer, break_off, hang, hang_up, nobody, reset


class ProviderContract(Contract):
    """The tests. `statuses` is every status of the provider in its own words, and the outcome that it must become."""

    currencies: ClassVar[tuple[str, ...]]
    unsupported: ClassVar[tuple[str, ...]] = ("EUR", "XXX")
    statuses: ClassVar[dict[str, Outcome]]
    bends: ClassVar[tuple[Money, ...]] = ()

    def page(self, url: str, reference: str) -> Reply:
        raise NotImplementedError

    def duplicate(self) -> Reply | None:
        raise NotImplementedError

    def refusal(self) -> Reply:
        raise NotImplementedError

    def unknown_reference(self) -> Reply:
        raise NotImplementedError

    def report(self, status: str, reference: str, paid: Money, fee: Money) -> Reply:
        raise NotImplementedError

    def reversed_report(self, reference: str, paid: Money, fee: Money) -> Reply | None:
        raise NotImplementedError

    def standing_report(self, reference: str, paid: Money, fee: Money, number: str) -> Reply | None:
        raise NotImplementedError

    def check_page_request(self, heard: Heard, order: CheckoutOrder) -> None:
        raise NotImplementedError

    def check_verify_request(self, heard: Heard, reference: str) -> None:
        raise NotImplementedError

    @property
    def _paid(self) -> str:
        return status_of(Outcome.SUCCEEDED, self.statuses)

    # Money

    def test_every_currency_has_limits_that_make_sense(self) -> None:
        for currency in self.currencies:
            smallest, largest = self.provider(nobody()).limits(currency)
            assert smallest.currency == largest.currency == currency
            assert 0 < smallest.amount_minor < largest.amount_minor
            step = self.provider(nobody()).step_minor(currency)
            assert step >= 1
            assert smallest.amount_minor % step == largest.amount_minor % step == 0, "a limit must be payable"

    def test_a_currency_it_does_not_collect_is_refused(self) -> None:
        provider = self.provider(nobody())
        for currency in self.unsupported:
            with pytest.raises(UnsupportedCurrency):
                provider.limits(currency)
            with pytest.raises(UnsupportedCurrency):
                quote(provider, Money(100, currency), payer_bears_fee=True)

    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(data=st.data())
    def test_the_quote_is_the_smallest_gross_that_covers_the_amount(self, data: st.DataObject) -> None:
        provider = self.provider("http://unused")
        amount = data.draw(self._payable(provider))
        method = data.draw(self._methods(provider, amount.currency))
        step = provider.step_minor(amount.currency)
        quoted = quote(provider, amount, payer_bears_fee=True, method=method)
        assert quoted.amount == amount
        assert quoted.fee == provider.fee(quoted.gross, method)
        assert quoted.gross.amount_minor % step == 0
        # Exact where every minor unit can be paid; elsewhere less than one step is left over.
        assert 0 <= (quoted.gross - quoted.fee - amount).amount_minor < step
        if quoted.gross != amount:
            steps = st.integers(amount.amount_minor // step, quoted.gross.amount_minor // step - 1)
            less = Money(data.draw(steps, label="less") * step, amount.currency)
            assert (less - provider.fee(less, method)).amount_minor < amount.amount_minor

    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(data=st.data())
    def test_a_group_that_bears_the_fee_asks_for_the_bare_amount(self, data: st.DataObject) -> None:
        provider = self.provider("http://unused")
        amount = data.draw(self._payable(provider))
        quoted = quote(provider, amount, payer_bears_fee=False)
        assert quoted.gross == quoted.amount == amount
        assert quoted.fee == provider.fee(amount)

    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(data=st.data())
    def test_the_fee_never_falls_as_the_gross_grows(self, data: st.DataObject) -> None:
        provider = self.provider("http://unused")
        gross = data.draw(self._amounts(provider))
        more = gross + Money(data.draw(st.one_of(st.integers(0, 3), st.integers(0, 10**7))), gross.currency)
        method = data.draw(self._methods(provider, gross.currency))
        assert 0 <= provider.fee(gross, method).amount_minor <= provider.fee(more, method).amount_minor

    @pytest.mark.parametrize("payer_bears_fee", [True, False])
    def test_an_amount_between_two_steps_cannot_be_paid(self, payer_bears_fee: bool) -> None:
        provider = self.provider(nobody())
        for currency in self.currencies:
            smallest, _ = provider.limits(currency)
            step = provider.step_minor(currency)
            for beside in {1, step // 2, step - 1} if step > 1 else ():
                with pytest.raises(AmountNotPayable):
                    quote(provider, smallest + Money(beside, currency), payer_bears_fee)
            assert quote(provider, smallest + Money(step, currency), payer_bears_fee).amount.amount_minor % step == 0

    def _methods(self, provider: Provider, currency: str) -> st.SearchStrategy[Method]:
        return st.sampled_from(provider.methods(currency))

    def _payable(self, provider: Provider) -> st.SearchStrategy[Money]:
        def stepped(amount: Money) -> Money:
            step = provider.step_minor(amount.currency)
            return Money(max(amount.amount_minor // step, 1) * step, amount.currency)

        return self._amounts(provider).map(stepped)

    def _amounts(self, provider: Provider) -> st.SearchStrategy[Money]:
        def anywhere(currency: str) -> st.SearchStrategy[Money]:
            smallest, largest = provider.limits(currency)
            return st.integers(smallest.amount_minor, largest.amount_minor).map(lambda minor: Money(minor, currency))

        def near(bend: Money) -> st.SearchStrategy[Money]:
            reach = max(provider.fee(bend).amount_minor, 2) + 5
            return st.integers(max(bend.amount_minor - 2 * reach, 1), bend.amount_minor + reach).map(
                lambda minor: Money(minor, bend.currency)
            )

        return st.one_of([anywhere(currency) for currency in self.currencies] + [near(bend) for bend in self.bends])

    # A checkout page

    def test_a_page_is_asked_for_as_documented(self, server: ScriptedServer) -> None:
        for currency in self.currencies:
            order = an_order(currency)
            server.answers(self.page("https://pay.example/c/1", REFERENCE))
            answer = self.provider(server.url).open_checkout(order)
            assert (answer.outcome, answer.url) == (Outcome.SUCCEEDED, "https://pay.example/c/1")
            self.check_page_request(server.heard[-1], order)

    def test_the_same_reference_again_is_unknown_and_never_a_second_page(self, server: ScriptedServer) -> None:
        reply = self.duplicate()
        if reply is None:
            pytest.skip("it takes the same reference again, as the same payment")
        answer = self.provider(server.answers(reply).url).open_checkout(an_order())
        assert (answer.outcome, answer.url) == (Outcome.UNKNOWN, None)

    def test_a_refused_connection_was_never_sent(self) -> None:
        provider = self.provider(nobody())
        assert provider.open_checkout(an_order()).outcome is Outcome.NOT_SENT
        assert provider.verify(REFERENCE).outcome is Outcome.NOT_SENT

    def test_a_host_that_takes_no_connection_in_time_was_never_sent(self) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
            # The queue of a listener that accepts nobody: the next caller's handshake is never answered.
            callers = [socket.socket() for _ in range(4)]
            for caller in callers:
                caller.setblocking(False)
                caller.connect_ex(full.getsockname())
            provider = self.provider(f"http://127.0.0.1:{full.getsockname()[1]}")
            assert provider.open_checkout(an_order()).outcome is Outcome.NOT_SENT
            for caller in callers:
                caller.close()

    @pytest.mark.parametrize("trouble", UNCLEAR)
    def test_an_unclear_end_of_asking_for_a_page_is_unknown(self, server: ScriptedServer, trouble: str) -> None:
        answer = self.provider(server.answers(UNCLEAR[trouble]).url).open_checkout(an_order())
        assert (answer.outcome, answer.url) == (Outcome.UNKNOWN, None)
        assert len(server.heard) == 1, "an unclear call must not be repeated on its own"

    def test_an_answer_without_an_address_is_no_page(self, server: ScriptedServer) -> None:
        answer = self.provider(server.answers(self.page("", REFERENCE)).url).open_checkout(an_order())
        assert (answer.outcome, answer.url) == (Outcome.UNKNOWN, None)

    def test_a_refused_order_is_declined(self, server: ScriptedServer) -> None:
        answer = self.provider(server.answers(self.refusal()).url).open_checkout(an_order())
        assert (answer.outcome, answer.url) == (Outcome.DECLINED, None)

    def test_too_many_requests_were_not_carried_out(self, server: ScriptedServer) -> None:
        provider = self.provider(server.answers(self.busy()).url)
        assert provider.open_checkout(an_order()).outcome is Outcome.NOT_SENT
        assert provider.verify(REFERENCE).outcome is Outcome.NOT_SENT

    # What became of a payment

    def test_a_payment_is_asked_about_as_documented(self, server: ScriptedServer) -> None:
        provider = self.provider(server.answers(self.report(self._paid, REFERENCE, kes("507.62"), kes("7.61"))).url)
        provider.verify(REFERENCE)
        self.check_verify_request(server.heard[-1], REFERENCE)

    def test_every_status_has_its_outcome(self, server: ScriptedServer) -> None:
        provider = self.provider(server.url)
        for status, outcome in self.statuses.items():
            server.answers(self.report(status, REFERENCE, kes("507.62"), kes("7.61")))
            verification = provider.verify(REFERENCE)
            assert (verification.outcome, verification.status) == (outcome, status)
            assert (verification.paid is not None) == (outcome is Outcome.SUCCEEDED)

    def test_a_status_nobody_has_heard_of_is_unknown(self, server: ScriptedServer) -> None:
        for status in ("brand_new", "", "SUCCESS", "None"):
            server.answers(self.report(status, REFERENCE, kes("507.62"), kes("7.61")))
            verification = self.provider(server.url).verify(REFERENCE)
            assert verification.outcome is Outcome.UNKNOWN
            assert verification.paid is None

    def test_a_payment_that_was_taken_back_is_no_payment_and_says_what_was(self, server: ScriptedServer) -> None:
        reply = self.reversed_report(REFERENCE, kes("507.62"), kes("7.61"))
        if reply is None:
            pytest.skip("it does not say so")
        verification = self.provider(server.answers(reply).url).verify(REFERENCE)
        assert (verification.outcome, verification.status) == (Outcome.UNKNOWN, "reversed")
        assert (verification.reference, verification.paid) == (REFERENCE, kes("507.62"))

    def test_a_payment_has_the_providers_own_id_and_the_time_it_was_paid(self, server: ScriptedServer) -> None:
        server.answers(self.report(self._paid, REFERENCE, kes("507.62"), kes("7.61")))
        verification = self.provider(server.url).verify(REFERENCE)
        assert verification.id
        assert (verification.at, verification.receiver) == (PAID_AT, None)

    def test_a_payment_into_a_standing_account_names_the_account(self, server: ScriptedServer) -> None:
        reply = self.standing_report(REFERENCE, Money(50_000, "NGN"), Money(500, "NGN"), "9930000902")
        if reply is None:
            pytest.skip("it has no standing accounts, or does not say which one was paid into")
        verification = self.provider(server.answers(reply).url).verify(REFERENCE)
        assert (verification.outcome, verification.receiver) == (Outcome.SUCCEEDED, "9930000902")

    def test_an_odd_answer_is_an_outcome_and_never_an_error(self, server: ScriptedServer) -> None:
        provider = self.provider(server.url)
        for reply in spoilt_reply(self.report(self._paid, REFERENCE, kes("507.62"), kes("7.61"))):
            verification = provider.verify(server.answers(reply) and REFERENCE)
            assert (verification.paid is None) or verification.outcome in (Outcome.SUCCEEDED, Outcome.UNKNOWN)
            assert verification.outcome is not Outcome.SUCCEEDED or verification.paid is not None
        for reply in spoilt_reply(self.page("https://pay.example/c/1", REFERENCE)):
            answer = provider.open_checkout(server.answers(reply) and an_order())
            assert isinstance(answer.url, str) == (answer.outcome is Outcome.SUCCEEDED)

    def test_a_payment_is_reported_in_every_currency(self, server: ScriptedServer) -> None:
        for currency in self.currencies:
            paid, fee = Money(1_234_500, currency), Money(18_500, currency)
            server.answers(self.report(self._paid, REFERENCE, paid, fee))
            verification = self.provider(server.url).verify(REFERENCE)
            assert (verification.reference, verification.paid, verification.fee) == (REFERENCE, paid, fee)

    def test_amount_currency_and_reference_are_the_providers_own_not_ours(self, server: ScriptedServer) -> None:
        server.answers(self.report(self._paid, "gw-99-other", Money(1, "NGN"), Money(0, "NGN")))
        verification = self.provider(server.url).verify(REFERENCE)
        assert verification.reference == "gw-99-other"
        assert verification.paid == Money(1, "NGN")

    def test_an_unknown_reference_may_yet_come(self, server: ScriptedServer) -> None:
        verification = self.provider(server.answers(self.unknown_reference()).url).verify(REFERENCE)
        assert (verification.outcome, verification.paid) == (Outcome.PENDING, None)

    def test_a_key_that_is_refused_says_nothing_about_a_payment(self, server: ScriptedServer) -> None:
        provider = self.provider(server.answers(self.wrong_key()).url)
        assert provider.verify(REFERENCE).outcome is Outcome.UNKNOWN
        assert provider.open_checkout(an_order()).outcome is Outcome.DECLINED

    @pytest.mark.parametrize("trouble", UNCLEAR)
    def test_an_unclear_answer_about_a_payment_is_unknown(self, server: ScriptedServer, trouble: str) -> None:
        verification = self.provider(server.answers(UNCLEAR[trouble]).url).verify(REFERENCE)
        assert (verification.outcome, verification.paid, verification.fee) == (Outcome.UNKNOWN, None, None)

    def test_after_trouble_the_next_call_works(self, server: ScriptedServer) -> None:
        provider = self.provider(server.url)
        for trouble in (hang, reset, hang_up, break_off, Reply("", 500)):
            server.answers(trouble)
            assert provider.verify(REFERENCE).outcome is Outcome.UNKNOWN
            server.answers(self.report(self._paid, REFERENCE, kes("507.62"), kes("7.61")))
            assert provider.verify(REFERENCE).outcome is Outcome.SUCCEEDED

    # The breaker, and logs

    def test_a_tripped_breaker_sends_nothing(self, server: ScriptedServer) -> None:
        provider = self.provider(server.url, Tripped())
        assert provider.open_checkout(an_order()).outcome is Outcome.NOT_SENT
        assert provider.verify(REFERENCE).outcome is Outcome.NOT_SENT
        assert server.heard == []

    def test_the_breaker_is_told_whether_it_was_answered_not_whether_it_liked_the_answer(
        self, server: ScriptedServer
    ) -> None:
        good = self.report(self._paid, REFERENCE, kes("507.62"), kes("7.61"))
        for step, healthy in ((good, True), (self.refusal(), True), (Reply("", 503), False), (hang, False)):
            noting = Noting()
            self.provider(server.answers(step).url, noting).verify(REFERENCE)
            assert set(noting.noted) == {healthy}

    def test_the_secret_is_in_no_log_line_and_no_answer(
        self, server: ScriptedServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        provider = self.provider(server.url)
        details = []
        for step in (self.page("https://pay.example/c/1", REFERENCE), self.refusal(), reset, Reply("<html>", 200)):
            server.answers(step)
            details += [provider.open_checkout(an_order()).detail, provider.verify(REFERENCE).status]
        told = " ".join([*details, logged(caplog), repr(provider)])
        assert self.secret not in told
        assert any(getattr(record, "call", "") for record in caplog.records), "calls must be in the log"


def an_order(currency: str = "KES", **changes: Any) -> CheckoutOrder:
    values: dict[str, Any] = {
        "reference": REFERENCE,
        "gross": Money(507_600, currency),
        "payer_email": "member-7@payers.groupwallet.example",
        "return_url": "https://groupwallet.example/p/abc?back=1",
        "label": "Umoja",
    }
    return CheckoutOrder(**(values | changes))


def kes(major: str) -> Money:
    whole, _, cents = major.partition(".")
    return Money(int(whole) * 100 + int(cents or 0), "KES")
