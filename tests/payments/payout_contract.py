"""What every provider that pays out must keep to: one suite, inherited by each provider's tests.

A subclass says how its provider speaks (the methods that raise NotImplementedError); the tests say what the product
relies on, above all that no payout is ever taken for lost that may have happened.
"""

import logging
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.money import Money
from payments.errors import UnsupportedCurrency
from payments.provider import (
    AccountDetails,
    AccountKind,
    Bank,
    Outcome,
    PayoutAnswer,
    PayoutOrder,
    Provider,
)
from tests.payments.provider_contract import UNCLEAR
from tests.payments.servers import Heard, Reply, ScriptedServer, break_off, hang, hang_up, nobody, reset, scripted

PAYOUT = "gwp-17-0123456789abcdef"
HOLDER = "Wanjikũ Otieno"
REASON = "Loan from Umoja"


class PayoutContract:
    """The tests. `payout_statuses` is every status of the provider in its own words, and what it must become."""

    kinds: ClassVar[dict[str, tuple[AccountKind, ...]]]
    not_paid_out: ClassVar[tuple[str, ...]] = ("UGX", "EUR", "XXX")
    secret: ClassVar[str]
    payout_statuses: ClassVar[dict[str, Outcome]]
    account: ClassVar[AccountDetails]

    def provider(self, base_url: str) -> Provider:
        """A provider of this kind whose patience ends after IMPATIENCE_SECONDS."""
        raise NotImplementedError

    def bank_list(self, banks: tuple[Bank, ...]) -> Reply:
        """The provider's answer when it lists these banks."""
        raise NotImplementedError

    def named(self, holder: str) -> Reply:
        """Its answer when the account is this person's."""
        raise NotImplementedError

    def no_such_account(self) -> Reply:
        """Its answer when the bank knows no such account."""
        raise NotImplementedError

    def known_as(self, code: str) -> Reply:
        """Its answer when it made an account known as a recipient."""
        raise NotImplementedError

    def taken(self, status: str, order: PayoutOrder) -> Reply:
        """Its answer to a payout that it took, now in this status."""
        raise NotImplementedError

    def used_before(self) -> tuple[Reply, ...]:
        """Its answers to a payout whose reference it has seen before."""
        raise NotImplementedError

    def conclusive_refusals(self) -> tuple[Reply, ...]:
        """Its answers from which it is certain that no payout was made: an invalid order, too low a balance."""
        raise NotImplementedError

    def unclear_refusals(self) -> tuple[Reply, ...]:
        """Refusals that do not say whether a payout was made."""
        raise NotImplementedError

    def busy(self) -> Reply:
        """Its answer to too many requests: not carried out."""
        raise NotImplementedError

    def wrong_key(self) -> Reply:
        """Its answer to a caller whose key it does not accept."""
        raise NotImplementedError

    def unknown_payouts(self) -> tuple[Reply, ...]:
        """Its answers about a payout that it does not know."""
        raise NotImplementedError

    def payout_report(self, status: str, reference: str, amount: Money, fee: Money) -> Reply:
        """Its answer about a payout with this status."""
        raise NotImplementedError

    def payout_events(self, reference: str) -> dict[str, bytes]:
        """The raw bodies of its webhooks about a payout, by the event's name."""
        raise NotImplementedError

    def signed(self, body: bytes) -> dict[str, str]:
        """The headers with which the provider signs this body, names in lower case."""
        raise NotImplementedError

    def check_payout_request(self, heard: Heard, order: PayoutOrder) -> None:
        """Asserts that the payout is what the provider's documentation asks for."""
        raise NotImplementedError

    def check_payout_question(self, heard: Heard, reference: str) -> None:
        """Asserts that the question about a payout is what the provider's documentation asks for."""
        raise NotImplementedError

    @pytest.fixture
    def server(self) -> Iterator[ScriptedServer]:
        with scripted() as started:
            yield started

    # Where, how much, at what fee

    def test_the_kinds_of_accounts_are_those_of_the_currency(self) -> None:
        provider = self.provider(nobody())
        assert {currency: provider.account_kinds(currency) for currency in self.kinds} == self.kinds

    def test_a_currency_it_does_not_pay_out_is_refused(self) -> None:
        provider = self.provider(nobody())
        for currency in self.not_paid_out:
            with pytest.raises(UnsupportedCurrency):
                provider.account_kinds(currency)
            for kind in ("bank", "mobile_money"):
                assert not provider.can_name_holder(currency, kind)
                with pytest.raises(UnsupportedCurrency):
                    provider.payout_limits(currency, kind)
            assert provider.banks(currency).outcome is Outcome.DECLINED

    def test_every_kind_has_limits_a_step_and_a_fee_that_make_sense(self) -> None:
        provider = self.provider(nobody())
        for currency, kind in self._places():
            smallest, largest = provider.payout_limits(currency, kind)
            step = provider.payout_step_minor(currency)
            assert smallest.currency == largest.currency == provider.payout_fee(smallest, kind).currency == currency
            assert 0 < smallest.amount_minor < largest.amount_minor
            assert smallest.amount_minor % step == largest.amount_minor % step == 0, "a limit must be payable"

    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(data=st.data())
    def test_the_payout_fee_never_falls_as_the_amount_grows(self, data: st.DataObject) -> None:
        provider = self.provider("http://unused")
        currency, kind = data.draw(st.sampled_from(self._places()))
        smallest, largest = provider.payout_limits(currency, kind)
        amount = Money(data.draw(st.integers(smallest.amount_minor, largest.amount_minor)), currency)
        more = amount + Money(data.draw(st.one_of(st.integers(0, 3), st.integers(0, 10**7))), currency)
        assert 0 <= provider.payout_fee(amount, kind).amount_minor <= provider.payout_fee(more, kind).amount_minor

    def _places(self) -> list[tuple[str, AccountKind]]:
        return [(currency, kind) for currency, kinds in self.kinds.items() for kind in kinds]

    # Banks, holders, recipients

    def test_banks_are_listed_with_their_kind(self, server: ScriptedServer) -> None:
        for currency, kinds in self.kinds.items():
            banks = tuple(Bank(f"0{number}", f"Bank {number}", kind) for number, kind in enumerate(kinds))
            answer = self.provider(server.answers(self.bank_list(banks)).url).banks(currency)
            assert (answer.outcome, set(answer.banks)) == (Outcome.SUCCEEDED, set(banks))

    def test_a_holder_is_named_only_when_the_bank_names_one(self, server: ScriptedServer) -> None:
        provider = self.provider(server.url)
        for reply, outcome, holder in (
            (self.named(HOLDER), Outcome.SUCCEEDED, HOLDER),
            (self.named(""), Outcome.UNKNOWN, None),
            (self.no_such_account(), Outcome.DECLINED, None),
            (self.wrong_key(), Outcome.UNKNOWN, None),
            (self.busy(), Outcome.NOT_SENT, None),
        ):
            server.answers(reply)
            answer = provider.holder(self.account.number, self.account.bank_code)
            assert (answer.outcome, answer.holder) == (outcome, holder)

    def test_a_recipient_is_known_only_when_there_is_a_code(self, server: ScriptedServer) -> None:
        provider = self.provider(server.url)
        for reply, outcome, code in (
            (self.known_as("RCP_1"), Outcome.SUCCEEDED, "RCP_1"),
            (self.known_as(""), Outcome.UNKNOWN, None),
            (self.no_such_account(), Outcome.DECLINED, None),
            (self.wrong_key(), Outcome.UNKNOWN, None),
            (self.busy(), Outcome.NOT_SENT, None),
        ):
            server.answers(reply)
            answer = provider.recipient(self.account)
            assert (answer.outcome, answer.code) == (outcome, code)

    @pytest.mark.parametrize("trouble", UNCLEAR)
    def test_an_unclear_answer_names_nobody_and_nothing(self, server: ScriptedServer, trouble: str) -> None:
        provider = self.provider(server.answers(UNCLEAR[trouble]).url)
        banks = provider.banks(next(iter(self.kinds)))
        holder = provider.holder(self.account.number, self.account.bank_code)
        recipient = provider.recipient(self.account)
        assert (banks.outcome, banks.banks) == (Outcome.UNKNOWN, ())
        assert (holder.outcome, holder.holder) == (Outcome.UNKNOWN, None)
        assert (recipient.outcome, recipient.code) == (Outcome.UNKNOWN, None)

    # Sending

    def test_a_payout_is_sent_as_documented_in_every_currency(self, server: ScriptedServer) -> None:
        for currency in self.kinds:
            order = a_payout(currency)
            server.answers(self.taken(self._status_of(Outcome.PENDING), order))
            assert self.provider(server.url).send_payout(order).outcome is Outcome.PENDING
            self.check_payout_request(server.heard[-1], order)

    def test_every_status_of_a_payout_that_was_taken_has_its_outcome(self, server: ScriptedServer) -> None:
        for status, outcome in self.payout_statuses.items():
            server.answers(self.taken(status, a_payout()))
            answer = self.provider(server.url).send_payout(a_payout())
            assert (answer.outcome, answer.status) == (outcome, status)

    def test_a_status_nobody_has_heard_of_may_be_a_payout(self, server: ScriptedServer) -> None:
        for status in ("brand_new", "", "SUCCESS", "None"):
            server.answers(self.taken(status, a_payout()))
            assert self.provider(server.url).send_payout(a_payout()).outcome is Outcome.UNKNOWN

    def test_an_answer_about_another_payout_says_nothing_about_ours(self, server: ScriptedServer) -> None:
        for status in self.payout_statuses:
            server.answers(self.taken(status, a_payout(reference="gwp-18-fedcba9876543210")))
            assert self.provider(server.url).send_payout(a_payout()).outcome is Outcome.UNKNOWN

    def test_the_same_reference_again_means_that_the_first_one_exists(self, server: ScriptedServer) -> None:
        for reply in self.used_before():
            answer = self.provider(server.answers(reply).url).send_payout(a_payout())
            assert answer.outcome is Outcome.UNKNOWN, reply

    def test_a_conclusive_refusal_is_declined_and_says_why(self, server: ScriptedServer) -> None:
        for reply in self.conclusive_refusals():
            answer = self.provider(server.answers(reply).url).send_payout(a_payout())
            assert answer.outcome is Outcome.DECLINED, reply
            assert answer.status

    def test_a_refusal_that_may_be_trouble_on_the_way_is_unknown(self, server: ScriptedServer) -> None:
        for reply in self.unclear_refusals():
            answer = self.provider(server.answers(reply).url).send_payout(a_payout())
            assert answer.outcome is Outcome.UNKNOWN, reply

    def test_a_refused_connection_sent_nothing(self) -> None:
        provider = self.provider(nobody())
        assert provider.send_payout(a_payout()).outcome is Outcome.NOT_SENT
        assert provider.verify_payout(PAYOUT).outcome is Outcome.NOT_SENT
        assert provider.banks(next(iter(self.kinds))).outcome is Outcome.NOT_SENT
        assert provider.holder(self.account.number, self.account.bank_code).outcome is Outcome.NOT_SENT
        assert provider.recipient(self.account).outcome is Outcome.NOT_SENT

    def test_too_many_requests_sent_nothing(self, server: ScriptedServer) -> None:
        provider = self.provider(server.answers(self.busy()).url)
        assert provider.send_payout(a_payout()).outcome is Outcome.NOT_SENT
        assert provider.verify_payout(PAYOUT).outcome is Outcome.NOT_SENT

    @pytest.mark.parametrize("trouble", UNCLEAR)
    def test_an_unclear_end_of_sending_may_be_a_payout(self, server: ScriptedServer, trouble: str) -> None:
        answer = self.provider(server.answers(UNCLEAR[trouble]).url).send_payout(a_payout())
        assert answer == PayoutAnswer(Outcome.UNKNOWN, answer.status)
        assert len(server.heard) == 1, "an unclear payout must not be sent again on its own"

    # What became of a payout

    def test_a_payout_is_asked_about_as_documented(self, server: ScriptedServer) -> None:
        server.answers(self.payout_report(self._status_of(Outcome.SUCCEEDED), PAYOUT, kes(5_000), kes(40)))
        self.provider(server.url).verify_payout(PAYOUT)
        self.check_payout_question(server.heard[-1], PAYOUT)

    def test_every_status_of_a_payout_has_its_outcome(self, server: ScriptedServer) -> None:
        for status, outcome in self.payout_statuses.items():
            server.answers(self.payout_report(status, PAYOUT, kes(5_000), kes(40)))
            verification = self.provider(server.url).verify_payout(PAYOUT)
            assert (verification.outcome, verification.status) == (outcome, status)
            assert (verification.reference, verification.amount) == (PAYOUT, kes(5_000))
            assert (verification.fee is not None) == (outcome is Outcome.SUCCEEDED)

    def test_a_payout_in_a_status_nobody_has_heard_of_is_unknown(self, server: ScriptedServer) -> None:
        for status in ("brand_new", "", "SUCCESS", "None"):
            server.answers(self.payout_report(status, PAYOUT, kes(5_000), kes(40)))
            assert self.provider(server.url).verify_payout(PAYOUT).outcome is Outcome.UNKNOWN

    def test_a_payout_is_reported_in_every_currency_also_without_cents(self, server: ScriptedServer) -> None:
        for currency in (*self.kinds, "XOF"):
            amount, fee = Money(1_234_500, currency), Money(4_000, currency)
            server.answers(self.payout_report(self._status_of(Outcome.SUCCEEDED), PAYOUT, amount, fee))
            verification = self.provider(server.url).verify_payout(PAYOUT)
            assert (verification.reference, verification.amount, verification.fee) == (PAYOUT, amount, fee)

    def test_what_is_reported_is_the_providers_own_not_ours(self, server: ScriptedServer) -> None:
        server.answers(self.payout_report(self._status_of(Outcome.SUCCEEDED), "gwp-9-other", Money(1, "NGN"), kes(0)))
        verification = self.provider(server.url).verify_payout(PAYOUT)
        assert (verification.reference, verification.amount) == ("gwp-9-other", Money(1, "NGN"))

    def test_a_payout_they_do_not_know_may_yet_come(self, server: ScriptedServer) -> None:
        for reply in self.unknown_payouts():
            verification = self.provider(server.answers(reply).url).verify_payout(PAYOUT)
            assert (verification.outcome, verification.status) == (Outcome.PENDING, "not_found")

    def test_a_refused_key_says_nothing_about_a_payout(self, server: ScriptedServer) -> None:
        provider = self.provider(server.answers(self.wrong_key()).url)
        assert provider.verify_payout(PAYOUT).outcome is Outcome.UNKNOWN

    @pytest.mark.parametrize("trouble", UNCLEAR)
    def test_an_unclear_answer_about_a_payout_is_unknown(self, server: ScriptedServer, trouble: str) -> None:
        verification = self.provider(server.answers(UNCLEAR[trouble]).url).verify_payout(PAYOUT)
        assert (verification.outcome, verification.amount, verification.fee) == (Outcome.UNKNOWN, None, None)

    def test_after_trouble_the_next_question_is_answered(self, server: ScriptedServer) -> None:
        provider = self.provider(server.url)
        for trouble in (hang, reset, hang_up, break_off, Reply("", 500)):
            server.answers(trouble)
            assert provider.verify_payout(PAYOUT).outcome is Outcome.UNKNOWN
            server.answers(self.payout_report(self._status_of(Outcome.SUCCEEDED), PAYOUT, kes(5_000), kes(40)))
            assert provider.verify_payout(PAYOUT).outcome is Outcome.SUCCEEDED

    def _status_of(self, outcome: Outcome) -> str:
        return next(status for status, its_outcome in self.payout_statuses.items() if its_outcome is outcome)

    # Webhooks and logs

    def test_every_event_about_a_payout_names_it_and_is_news_of_its_own(self) -> None:
        provider = self.provider(nobody())
        keys = set()
        for name, body in self.payout_events(PAYOUT).items():
            event = provider.read_event(body, self.signed(body))
            assert (event.kind, event.reference) == (name, PAYOUT)
            assert provider.read_event(body, self.signed(body)) == event
            keys.add(event.key)
        assert len(keys) == len(self.payout_events(PAYOUT))

    def test_no_account_name_or_secret_is_in_a_log_line(
        self, server: ScriptedServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        # As core.logs has it, for urllib3 quotes whole addresses at DEBUG. First, as it also sets caplog's own level.
        caplog.set_level(logging.WARNING, "urllib3")
        caplog.set_level(logging.DEBUG)
        provider, account = self.provider(server.url), self.account
        told = []
        for step in (self.named(HOLDER), self.known_as("RCP_1"), self.no_such_account(), reset, hang, Reply("<", 200)):
            server.answers(step)
            holder, sent = provider.holder(account.number, account.bank_code), provider.send_payout(a_payout())
            told += [provider.recipient(account).detail, holder.detail, sent.status]
            told += [provider.verify_payout(PAYOUT).status, provider.banks(account.currency).detail]
        lines = [str(vars(record)) for record in caplog.records]
        everything = " ".join(told + lines + [repr(provider)])
        for private in (self.secret, account.number.lstrip("+"), account.number[-8:], HOLDER, "Wanjik", REASON):
            assert private not in everything
        assert any(getattr(record, "reference", "") == PAYOUT for record in caplog.records)


def a_payout(currency: str = "KES", **changes: Any) -> PayoutOrder:
    values: dict[str, Any] = {
        "reference": PAYOUT,
        "amount": Money(500_000, currency),
        "recipient_code": "RCP_gd9vgag7n5lr5ix",
        "reason": REASON,
    }
    return PayoutOrder(**(values | changes))


def kes(shillings: int) -> Money:
    return Money(shillings * 100, "KES")
