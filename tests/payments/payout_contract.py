"""What every provider that pays out must keep to: one suite, inherited by each provider's tests.

A subclass says how its provider speaks; the tests say what the product
relies on, above all that no payout is ever taken for lost that may have happened. The hooks are explained in
`tests/payments/contract.py`.
"""

import json
import logging
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.money import Money
from payments.errors import BadSignature, UnsupportedCurrency
from payments.provider import (
    AccountDetails,
    AccountKind,
    Bank,
    Outcome,
    PayoutAnswer,
    PayoutApproval,
    PayoutOrder,
)
from tests.payments.contract import UNCLEAR, Contract, Tripped, logged, spoilt, spoilt_reply, status_of
from tests.payments.servers import Heard, Reply, ScriptedServer, break_off, hang, hang_up, nobody, reset

PAYOUT = "gwp-17-0123456789abcdef"
HOLDER = "Wanjikũ Otieno"
REASON = "Loan from Umoja"
OTP = "928783"


class PayoutContract(Contract):
    """The tests. `payout_statuses` is every status of the provider in its own words, and what it must become."""

    kinds: ClassVar[dict[str, tuple[AccountKind, ...]]]
    not_paid_out: ClassVar[tuple[str, ...]] = ("UGX", "EUR", "XXX")
    payout_statuses: ClassVar[dict[str, Outcome]]
    account: ClassVar[AccountDetails]

    def bank_list(self, banks: tuple[Bank, ...]) -> Reply:
        raise NotImplementedError

    def named(self, holder: str) -> Reply:
        raise NotImplementedError

    def no_such_account(self) -> Reply:
        raise NotImplementedError

    def known_as(self, code: str) -> Reply | None:
        raise NotImplementedError

    def taken(self, status: str, order: PayoutOrder) -> Reply:
        raise NotImplementedError

    def used_before(self) -> tuple[Reply, ...]:
        raise NotImplementedError

    def conclusive_refusals(self) -> tuple[Reply, ...]:
        raise NotImplementedError

    def unclear_refusals(self) -> tuple[Reply, ...]:
        raise NotImplementedError

    def unknown_payouts(self) -> tuple[Reply, ...]:
        raise NotImplementedError

    def payout_report(self, status: str, reference: str, amount: Money, fee: Money) -> Reply:
        raise NotImplementedError

    def otp_payouts(self) -> tuple[tuple[Reply, Outcome], ...]:
        raise NotImplementedError

    def check_otp_payout(self, heard: Heard, transfer_code: str, otp: str) -> None:
        raise NotImplementedError

    def approvals(self, reference: str, amount: Money) -> tuple[bytes, ...]:
        raise NotImplementedError

    def signed(self, body: bytes) -> dict[str, str]:
        raise NotImplementedError

    def check_payout_request(self, heard: Heard, order: PayoutOrder) -> None:
        raise NotImplementedError

    def check_payout_question(self, heard: Heard, reference: str) -> None:
        raise NotImplementedError

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
        known, nameless = self.known_as("RCP_1"), self.known_as("")
        if known is None or nameless is None:
            assert provider.recipient(self.account).outcome is Outcome.SUCCEEDED
            assert server.heard == []
            return
        for reply, outcome, code in (
            (known, Outcome.SUCCEEDED, "RCP_1"),
            (nameless, Outcome.UNKNOWN, None),
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
        if self.known_as("RCP_1"):
            assert (recipient.outcome, recipient.code) == (Outcome.UNKNOWN, None)

    # Sending

    def test_a_payout_is_sent_as_documented_in_every_currency(self, server: ScriptedServer) -> None:
        for currency in self.kinds:
            order = a_payout(currency)
            server.answers(self.taken(status_of(Outcome.PENDING, self.payout_statuses), order))
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
        if self.known_as("RCP_1"):
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
        server.answers(self.payout_report(self._paid, PAYOUT, kes(5_000), kes(40)))
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
            server.answers(self.payout_report(self._paid, PAYOUT, amount, fee))
            verification = self.provider(server.url).verify_payout(PAYOUT)
            assert (verification.reference, verification.amount, verification.fee) == (PAYOUT, amount, fee)

    def test_what_is_reported_is_the_providers_own_not_ours(self, server: ScriptedServer) -> None:
        server.answers(self.payout_report(self._paid, "gwp-9-other", Money(1, "NGN"), kes(0)))
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
            server.answers(self.payout_report(self._paid, PAYOUT, kes(5_000), kes(40)))
            assert provider.verify_payout(PAYOUT).outcome is Outcome.SUCCEEDED

    def test_an_odd_answer_about_a_payout_is_an_outcome_and_never_an_error(self, server: ScriptedServer) -> None:
        provider = self.provider(server.url)
        for reply in spoilt_reply(self.payout_report(self._paid, PAYOUT, kes(5_000), kes(40))):
            verification = provider.verify_payout(server.answers(reply) and PAYOUT)
            assert verification.amount is not None or verification.outcome is not Outcome.SUCCEEDED
        for reply in spoilt_reply(self.taken(self._paid, a_payout())):
            answer = provider.send_payout(server.answers(reply) and a_payout())
            assert answer.outcome is not Outcome.NOT_SENT

    @property
    def _paid(self) -> str:
        return status_of(Outcome.SUCCEEDED, self.payout_statuses)

    # The owner's password, and the question whether a payout is ours

    def test_the_owners_password_is_given_once_and_a_wrong_one_is_declined(self, server: ScriptedServer) -> None:
        for reply, outcome in (*self.otp_payouts(), *((step, Outcome.UNKNOWN) for step in UNCLEAR.values())):
            server.heard.clear()
            answer = self.provider(server.answers(reply).url).finish_payout("TRF_1", OTP)
            if not self.otp_payouts():
                assert (answer.outcome, server.heard) == (Outcome.DECLINED, [])
                continue
            assert answer.outcome is outcome, reply
            assert len(server.heard) == 1
            self.check_otp_payout(server.heard[-1], "TRF_1", OTP)

    def test_the_question_whether_a_payout_is_ours_names_it_and_its_amount(self) -> None:
        provider = self.provider(nobody())
        for body in self.approvals(PAYOUT, kes(5_000)):
            assert provider.read_approval(body, self.signed(body)) == PayoutApproval(PAYOUT, kes(5_000))
            for odd in spoilt(json.loads(body)):
                asked = json.dumps(odd).encode()
                approval = provider.read_approval(asked, self.signed(asked))
                assert isinstance(approval.reference, str)

    def test_a_question_that_is_not_signed_is_refused(self) -> None:
        provider = self.provider(nobody())
        bodies = self.approvals(PAYOUT, kes(5_000)) or (b"{}",)
        for body in bodies:
            good = self.signed(body)
            for headers in ({}, dict.fromkeys(good, ""), {name: value[:-1] for name, value in good.items()}):
                with pytest.raises(BadSignature):
                    provider.read_approval(body, headers)
            if not self.approvals(PAYOUT, kes(5_000)):
                with pytest.raises(BadSignature):
                    provider.read_approval(body, good)

    # The breaker, and logs

    def test_a_tripped_breaker_pays_nobody(self, server: ScriptedServer) -> None:
        provider = self.provider(server.url, Tripped())
        assert provider.send_payout(a_payout()).outcome is Outcome.NOT_SENT
        assert provider.verify_payout(PAYOUT).outcome is Outcome.NOT_SENT
        if self.otp_payouts():
            assert provider.finish_payout("TRF_1", OTP).outcome is Outcome.NOT_SENT
        assert server.heard == []

    def test_no_account_name_or_secret_is_in_a_log_line(
        self, server: ScriptedServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        # As core.logs has it, for urllib3 quotes whole addresses at DEBUG. First, as it also sets caplog's own level.
        caplog.set_level(logging.WARNING, "urllib3")
        caplog.set_level(logging.DEBUG)
        provider, account = self.provider(server.url), self.account
        told = []
        steps = [self.known_as("RCP_1") or self.named(HOLDER), *(reply for reply, _ in self.otp_payouts())]
        for step in (self.named(HOLDER), *steps, self.no_such_account(), reset, hang, Reply("<", 200)):
            server.answers(step)
            holder, sent = provider.holder(account.number, account.bank_code), provider.send_payout(a_payout())
            told += [provider.recipient(account).detail, holder.detail, sent.status]
            told += [provider.verify_payout(PAYOUT).status, provider.banks(account.currency).detail]
            told += [provider.finish_payout("TRF_1", OTP).status]
        everything = " ".join([*told, logged(caplog), repr(provider)])
        for private in (self.secret, account.number.lstrip("+"), account.number[-8:], HOLDER, "Wanjik", REASON, OTP):
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
