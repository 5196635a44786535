"""What every payment provider must keep to: one suite, inherited by each provider's tests.

A subclass says how its provider speaks (the methods that raise NotImplementedError); the tests say what the product
relies on. They run over real HTTP against a server that answers, refuses, hangs or breaks off as the test wants.
"""

import json
import logging
import socket
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.money import Money
from payments.errors import AmountNotPayable, BadSignature, UnsupportedCurrency
from payments.provider import CheckoutOrder, Outcome, Provider, quote
from tests.payments.servers import Heard, Reply, ScriptedServer, break_off, hang, hang_up, nobody, reset, scripted

REFERENCE = "gw-17-0123456789abcdef"
IMPATIENCE_SECONDS = 1.0

# Answers from which nobody can tell whether the call was carried out.
UNCLEAR = {
    "no answer in time": hang,
    "a reset connection": reset,
    "a closed connection": hang_up,
    "an answer that breaks off": break_off,
    "HTTP 500": Reply("Internal Server Error", 500, "text/plain"),
    "HTTP 500 with JSON": Reply({"status": False, "message": "Error", "code": "unknown"}, 500),
    "HTTP 502 with a page": Reply("<html>Bad Gateway</html>", 502, "text/html"),
    "HTTP 503 with JSON": Reply({"status": False, "message": "try later"}, 503),
    "a page instead of JSON": Reply("<html><h1>Welcome</h1></html>", 200, "text/html"),
    "no content": Reply("", 200),
    "half of a JSON text": Reply('{"status": true, "data": {"refer', 200),
    "bytes that are no text": Reply(b"\xff\xfe\x00{", 200),
    "a list": Reply([], 200),
    "null": Reply("null", 200),
    "a redirect": Reply("", 302, "text/html"),
}


class ProviderContract:
    """The tests. `statuses` is every status of the provider in its own words, and the outcome that it must become."""

    currencies: ClassVar[tuple[str, ...]]
    unsupported: ClassVar[tuple[str, ...]] = ("UGX", "EUR", "XXX")
    secret: ClassVar[str]
    statuses: ClassVar[dict[str, Outcome]]
    # Gross amounts at which the fee's schedule bends: thresholds, caps. Quotes are tried all around them.
    bends: ClassVar[tuple[Money, ...]] = ()

    def provider(self, base_url: str) -> Provider:
        """A provider of this kind whose patience ends after IMPATIENCE_SECONDS."""
        raise NotImplementedError

    def page(self, url: str, reference: str) -> Reply:
        """The provider's answer when it made a checkout page."""
        raise NotImplementedError

    def duplicate(self) -> Reply:
        """Its answer to a reference that it has seen before."""
        raise NotImplementedError

    def refusal(self) -> Reply:
        """Its answer to a request that it turns down for good."""
        raise NotImplementedError

    def busy(self) -> Reply:
        """Its answer to too many requests: not carried out."""
        raise NotImplementedError

    def wrong_key(self) -> Reply:
        """Its answer to a caller whose key it does not accept."""
        raise NotImplementedError

    def unknown_reference(self) -> Reply:
        """Its answer about a payment that it does not know."""
        raise NotImplementedError

    def report(self, status: str, reference: str, paid: Money, fee: Money) -> Reply:
        """Its answer about a payment with this status."""
        raise NotImplementedError

    def event(self, reference: str) -> bytes:
        """The raw body of the webhook that tells of a successful payment."""
        raise NotImplementedError

    def signed(self, body: bytes) -> dict[str, str]:
        """The headers with which the provider signs this body, names in lower case."""
        raise NotImplementedError

    def check_page_request(self, heard: Heard, order: CheckoutOrder) -> None:
        """Asserts that the request for a page is what the provider's documentation asks for."""
        raise NotImplementedError

    def check_verify_request(self, heard: Heard, reference: str) -> None:
        """Asserts that the question about a payment is what the provider's documentation asks for."""
        raise NotImplementedError

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
                quote(provider, Money(100, "EUR"), payer_bears_fee=True)

    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(data=st.data())
    def test_the_quote_is_the_smallest_gross_that_covers_the_amount(self, data: st.DataObject) -> None:
        provider = self.provider("http://unused")
        amount = data.draw(self._payable(provider))
        step = provider.step_minor(amount.currency)
        quoted = quote(provider, amount, payer_bears_fee=True)
        assert quoted.amount == amount
        assert quoted.fee == provider.fee(quoted.gross)
        assert quoted.gross.amount_minor % step == 0
        # Exact where every minor unit can be paid; elsewhere less than one step is left over.
        assert 0 <= (quoted.gross - quoted.fee - amount).amount_minor < step
        if quoted.gross != amount:
            steps = st.integers(amount.amount_minor // step, quoted.gross.amount_minor // step - 1)
            less = Money(data.draw(steps, label="less") * step, amount.currency)
            assert (less - provider.fee(less)).amount_minor < amount.amount_minor

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
        assert 0 <= provider.fee(gross).amount_minor <= provider.fee(more).amount_minor

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

    @pytest.fixture
    def server(self) -> Iterator[ScriptedServer]:
        with scripted() as started:
            yield started

    def test_a_page_is_asked_for_as_documented(self, server: ScriptedServer) -> None:
        for currency in self.currencies:
            order = an_order(currency)
            server.answers(self.page("https://pay.example/c/1", REFERENCE))
            answer = self.provider(server.url).open_checkout(order)
            assert (answer.outcome, answer.url) == (Outcome.SUCCEEDED, "https://pay.example/c/1")
            self.check_page_request(server.heard[-1], order)

    def test_the_same_reference_again_is_unknown_and_never_a_second_page(self, server: ScriptedServer) -> None:
        answer = self.provider(server.answers(self.duplicate()).url).open_checkout(an_order())
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
        provider = self.provider(server.answers(self.report("success", REFERENCE, kes("507.62"), kes("7.61"))).url)
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
        for status in ("reversed", "brand_new", "", "SUCCESS", "None"):
            server.answers(self.report(status, REFERENCE, kes("507.62"), kes("7.61")))
            verification = self.provider(server.url).verify(REFERENCE)
            assert verification.outcome is Outcome.UNKNOWN
            assert verification.paid is None

    def test_a_payment_is_reported_in_every_currency(self, server: ScriptedServer) -> None:
        for currency in self.currencies:
            paid, fee = Money(1_234_500, currency), Money(18_500, currency)
            server.answers(self.report("success", REFERENCE, paid, fee))
            verification = self.provider(server.url).verify(REFERENCE)
            assert (verification.reference, verification.paid, verification.fee) == (REFERENCE, paid, fee)

    def test_amount_currency_and_reference_are_the_providers_own_not_ours(self, server: ScriptedServer) -> None:
        server.answers(self.report("success", "gw-99-other", Money(1, "NGN"), Money(0, "NGN")))
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
            server.answers(self.report("success", REFERENCE, kes("507.62"), kes("7.61")))
            assert provider.verify(REFERENCE).outcome is Outcome.SUCCEEDED

    # Webhooks

    def test_a_signed_event_names_its_reference(self) -> None:
        body = self.event(REFERENCE)
        event = self.provider(nobody()).read_event(body, self.signed(body))
        assert event.reference == REFERENCE

    def test_the_same_news_has_the_same_key_and_other_news_another(self) -> None:
        provider = self.provider(nobody())
        body, other = self.event(REFERENCE), self.event("gw-18-fedcba9876543210")
        again = provider.read_event(body, self.signed(body))
        assert provider.read_event(body, self.signed(body)).key == again.key
        assert provider.read_event(other, self.signed(other)).key != again.key

    def test_a_missing_wrong_or_foreign_signature_is_refused(self) -> None:
        provider, body = self.provider(nobody()), self.event(REFERENCE)
        good = self.signed(body)
        foreign = self.signed(self.event("gw-18-fedcba9876543210"))
        cut = {name: value[:-1] for name, value in good.items()}
        strange = dict.fromkeys(good, "ünsigned")
        for headers in ({}, dict.fromkeys(good, ""), foreign, cut, strange):
            with pytest.raises(BadSignature):
                provider.read_event(body, headers)

    def test_the_signature_holds_for_the_raw_bytes_only(self) -> None:
        provider, body = self.provider(nobody()), self.event(REFERENCE)
        headers = self.signed(body)
        same_meaning = json.dumps(json.loads(body), indent=1).encode()
        for changed in (same_meaning, body + b"\n", body.replace(b"17", b"18"), b""):
            with pytest.raises(BadSignature):
                provider.read_event(changed, headers)

    # Logs

    def test_the_secret_is_in_no_log_line_and_no_answer(
        self, server: ScriptedServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        provider = self.provider(server.url)
        details = []
        for step in (self.page("https://pay.example/c/1", REFERENCE), self.refusal(), reset, Reply("<html>", 200)):
            server.answers(step)
            details += [provider.open_checkout(an_order()).detail, provider.verify(REFERENCE).status]
        body = self.event(REFERENCE)
        provider.read_event(body, self.signed(body))
        told = " ".join(details) + " ".join(str(vars(record)) for record in caplog.records) + repr(provider)
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
