"""What every payment provider must keep to when it collects without a page: prompts, codes to dial, accounts.

A charge is asked for once: whatever may have reached the payer is UNKNOWN, and only ever verified. The hooks are
explained in `tests/payments/contract.py`.
"""

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from core.money import Money
from payments.errors import UnsupportedCurrency
from payments.provider import Outcome
from payments.provider_charges import ChargeAnswer, ChargeOrder, Method, PayInto, StandingOrder
from tests.payments.contract import REFERENCE, UNCLEAR, Contract, Tripped, logged, spoilt_reply
from tests.payments.servers import Heard, Reply, ScriptedServer, hang, nobody, reset

EMAIL = "member-7@payers.groupwallet.example"
ACCOUNT = PayInto("Wema Bank", "9930000737", "GROUPWALLET / WANJIKU OTIENO")
OTP = "847201"
EXPIRES = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)


class ChargeContract(Contract):
    """The tests."""

    methods: ClassVar[dict[str, tuple[Method, ...]]]
    networks: ClassVar[dict[tuple[str, Method], tuple[str, ...]]]
    phones: ClassVar[dict[str, str]] = {"KES": "+254798765432", "GHS": "+233551987654", "NGN": "+2348031987654"}

    def charge_answers(self, order: ChargeOrder) -> tuple[tuple[Reply, ChargeAnswer], ...]:
        raise NotImplementedError

    def used_charges(self) -> tuple[Reply, ...]:
        raise NotImplementedError

    def refused_charges(self) -> tuple[Reply, ...]:
        raise NotImplementedError

    def unclear_charges(self) -> tuple[Reply, ...]:
        raise NotImplementedError

    def check_charge_request(self, heard: Heard, order: ChargeOrder) -> None:
        raise NotImplementedError

    def otp_answers(self, reference: str) -> tuple[tuple[Reply, ChargeAnswer], ...]:
        raise NotImplementedError

    def check_otp_request(self, heard: Heard, reference: str, otp: str) -> None:
        raise NotImplementedError

    def standing_script(self, account: PayInto, currency: str) -> tuple[Reply, ...]:
        raise NotImplementedError

    def standing_refusals(self) -> tuple[tuple[Reply, ...], ...]:
        raise NotImplementedError

    def check_standing_requests(self, heard: list[Heard], order: StandingOrder) -> None:
        raise NotImplementedError

    # What can be asked for

    def test_the_methods_are_those_of_the_currency_and_a_page_is_always_one(self) -> None:
        provider = self.provider(nobody())
        assert {currency: provider.methods(currency) for currency in self.methods} == self.methods
        assert all("checkout" in methods for methods in self.methods.values())
        for currency in ("EUR", "XXX"):
            with pytest.raises(UnsupportedCurrency):
                provider.methods(currency)

    def test_the_networks_are_those_of_the_method_and_have_names(self) -> None:
        provider = self.provider(nobody())
        for currency in self.methods:
            methods: tuple[Method, ...] = ("checkout", "mobile_money", "ussd", "bank_transfer", "standing_account")
            for method in methods:
                networks = provider.networks(currency, method)
                assert tuple(networks) == self.networks.get((currency, method), ())
                assert all(networks.values())

    def _orders(self) -> list[ChargeOrder]:
        """One order for everything that can be asked for."""
        return [
            a_charge(currency, method, network, self.phones.get(currency))
            for currency, methods in self.methods.items()
            for method in methods
            if method not in ("checkout", "standing_account")
            for network in self.networks.get((currency, method), (None,))
        ]

    # A charge

    def test_a_charge_is_asked_for_as_documented(self, server: ScriptedServer) -> None:
        for order in self._orders():
            reply, expected = self.charge_answers(order)[0]
            assert self.provider(server.answers(reply).url).start_charge(order) == expected
            self.check_charge_request(server.heard[-1], order)

    def test_every_answer_to_a_charge_has_its_outcome_and_says_what_the_payer_does_next(
        self, server: ScriptedServer
    ) -> None:
        for order in self._orders():
            for reply, expected in self.charge_answers(order):
                answer = self.provider(server.answers(reply).url).start_charge(order)
                assert answer == expected
                consistent(answer)

    def test_the_usual_answer_gives_the_payer_something_to_do(self) -> None:
        for order in self._orders():
            _, usual = self.charge_answers(order)[0]
            assert usual.outcome is Outcome.PENDING and usual.action, order

    def test_what_cannot_be_asked_for_is_declined_without_a_call(self, server: ScriptedServer) -> None:
        provider = self.provider(server.url)
        for currency, methods in self.methods.items():
            for method in ("mobile_money", "ussd", "bank_transfer"):
                if method not in methods:
                    order = a_charge(currency, method, "mtn", self.phones.get(currency))
                    assert provider.start_charge(order).outcome is Outcome.DECLINED
        for order in self._orders():
            spoilt = [replace(order, network="nobody's")] if order.network else []
            if order.method == "mobile_money":
                spoilt += [replace(order, phone=None), replace(order, phone="+447911123456")]
            for wrong in spoilt:
                answer = provider.start_charge(wrong)
                assert (answer.outcome, answer.action) == (Outcome.DECLINED, None), wrong
        assert server.heard == []

    @pytest.mark.parametrize("trouble", UNCLEAR)
    def test_an_unclear_end_of_a_charge_may_have_reached_the_payer(self, server: ScriptedServer, trouble: str) -> None:
        order = self._orders()[0]
        answer = self.provider(server.answers(UNCLEAR[trouble]).url).start_charge(order)
        assert answer == ChargeAnswer(Outcome.UNKNOWN, answer.status)
        assert len(server.heard) == 1, "an unclear charge must not be asked for again on its own"

    def test_the_same_reference_again_and_trouble_on_the_way_are_unknown(self, server: ScriptedServer) -> None:
        for reply in self.used_charges() + self.unclear_charges():
            for order in self._orders():
                answer = self.provider(server.answers(reply).url).start_charge(order)
                assert answer.outcome is Outcome.UNKNOWN, reply

    def test_a_conclusive_refusal_of_a_charge_is_declined_and_says_why(self, server: ScriptedServer) -> None:
        for reply in (*self.refused_charges(), self.wrong_key()):
            answer = self.provider(server.answers(reply).url).start_charge(self._orders()[0])
            assert (answer.outcome, answer.action) == (Outcome.DECLINED, None), reply
            assert answer.status

    def test_an_answer_about_another_charge_says_nothing_about_ours(self, server: ScriptedServer) -> None:
        order = self._orders()[0]
        reply, _ = self.charge_answers(replace(order, reference="gw-18-fedcba9876543210"))[0]
        if order.reference in str(reply.body) or "gw-18" not in str(reply.body):
            pytest.skip("its answer names no reference")
        assert self.provider(server.answers(reply).url).start_charge(order).outcome is Outcome.UNKNOWN

    def test_a_charge_that_never_reached_them_was_not_sent(self, server: ScriptedServer) -> None:
        order = self._orders()[0]
        busy = self.provider(server.answers(self.busy()).url)
        for provider in (self.provider(nobody()), busy):
            assert provider.start_charge(order).outcome is Outcome.NOT_SENT
            assert provider.open_standing_account(a_member("NGN")).outcome is not Outcome.UNKNOWN
            if self.otp_answers(REFERENCE):
                assert provider.submit_otp(REFERENCE, OTP).outcome is Outcome.NOT_SENT

    def test_an_odd_answer_to_a_charge_is_an_outcome_and_never_an_error(self, server: ScriptedServer) -> None:
        provider = self.provider(server.url)
        for order in self._orders():
            for reply in spoilt_reply(self.charge_answers(order)[0][0]):
                server.answers(reply)
                consistent(provider.start_charge(order))

    # A payer's one-time password

    def test_a_password_is_given_as_documented_and_every_answer_has_its_outcome(self, server: ScriptedServer) -> None:
        for reply, expected in self.otp_answers(REFERENCE):
            answer = self.provider(server.answers(reply).url).submit_otp(REFERENCE, OTP)
            assert answer == expected
            consistent(answer)
            self.check_otp_request(server.heard[-1], REFERENCE, OTP)

    @pytest.mark.parametrize("trouble", UNCLEAR)
    def test_an_unclear_end_of_giving_a_password_is_unknown(self, server: ScriptedServer, trouble: str) -> None:
        if not self.otp_answers(REFERENCE):
            pytest.skip("it asks no payer for a password")
        provider = self.provider(server.answers(UNCLEAR[trouble]).url)
        assert provider.submit_otp(REFERENCE, OTP).outcome is Outcome.UNKNOWN
        assert len(server.heard) == 1, "a password must not be given twice on its own"
        server.answers(self.wrong_key())
        assert provider.submit_otp(REFERENCE, OTP).outcome is Outcome.UNKNOWN, "a refused key says nothing about it"

    def test_where_no_password_is_asked_none_is_given(self, server: ScriptedServer) -> None:
        if self.otp_answers(REFERENCE):
            pytest.skip("it asks some payers for a password")
        assert self.provider(server.url).submit_otp(REFERENCE, OTP).outcome is Outcome.DECLINED
        assert server.heard == []

    # A member's own account

    def _standing(self) -> list[str]:
        return [currency for currency, methods in self.methods.items() if "standing_account" in methods]

    def test_a_standing_account_is_opened_as_documented(self, server: ScriptedServer) -> None:
        for currency in self._standing():
            server.heard.clear()
            server.answers(*self.standing_script(ACCOUNT, currency))
            answer = self.provider(server.url).open_standing_account(a_member(currency))
            assert (answer.outcome, answer.account) == (Outcome.SUCCEEDED, ACCOUNT)
            self.check_standing_requests(server.heard, a_member(currency))

    def test_where_there_are_no_standing_accounts_none_is_asked_for(self, server: ScriptedServer) -> None:
        for currency in {"KES", "EUR", *self.methods} - set(self._standing()):
            answer = self.provider(server.url).open_standing_account(a_member(currency))
            assert (answer.outcome, answer.account) == (Outcome.DECLINED, None)
        assert server.heard == []

    @pytest.mark.parametrize("trouble", UNCLEAR)
    def test_trouble_at_any_step_opens_no_account(self, server: ScriptedServer, trouble: str) -> None:
        for currency in self._standing():
            script = self.standing_script(ACCOUNT, currency)
            for step in range(len(script)):
                server.heard.clear()
                server.answers(*script[:step], UNCLEAR[trouble])
                answer = self.provider(server.url).open_standing_account(a_member(currency))
                assert (answer.outcome, answer.account) == (Outcome.UNKNOWN, None)
                assert len(server.heard) == step + 1

    def test_a_standing_account_that_is_refused_is_declined(self, server: ScriptedServer) -> None:
        for currency in self._standing():
            for script in self.standing_refusals():
                answer = self.provider(server.answers(*script).url).open_standing_account(a_member(currency))
                assert (answer.outcome, answer.account) == (Outcome.DECLINED, None), script

    def test_an_odd_answer_opens_no_account_and_is_never_an_error(self, server: ScriptedServer) -> None:
        for currency in self._standing():
            provider, script = self.provider(server.url), self.standing_script(ACCOUNT, currency)
            for step, good in enumerate(script):
                for reply in spoilt_reply(good):
                    server.answers(*script[:step], reply, *script[step + 1 :])
                    answer = provider.open_standing_account(a_member(currency))
                    assert (answer.account is not None) == (answer.outcome is Outcome.SUCCEEDED)
                    assert answer.account is None or (answer.account.number and answer.account.bank)

    # The breaker, and logs

    def test_a_tripped_breaker_asks_nobody_to_pay(self, server: ScriptedServer) -> None:
        provider = self.provider(server.url, Tripped())
        assert provider.start_charge(self._orders()[0]).outcome is Outcome.NOT_SENT
        for currency in self._standing():
            assert provider.open_standing_account(a_member(currency)).outcome is Outcome.NOT_SENT
        if self.otp_answers(REFERENCE):
            assert provider.submit_otp(REFERENCE, OTP).outcome is Outcome.NOT_SENT
        assert server.heard == []

    def test_no_phone_name_account_password_or_secret_is_in_a_log_line(
        self, server: ScriptedServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        # As core.logs has it, for urllib3 quotes whole addresses at DEBUG. First, as it also sets caplog's own level.
        caplog.set_level(logging.WARNING, "urllib3")
        caplog.set_level(logging.DEBUG)
        provider, told = self.provider(server.url), []
        for order in self._orders():
            for step in (self.charge_answers(order)[0][0], *self.refused_charges(), reset, Reply("<", 200)):
                told.append(provider.start_charge(server.answers(step) and order).status)
        for currency in self._standing():
            for script in (self.standing_script(ACCOUNT, currency), *self.standing_refusals(), (hang,)):
                told.append(provider.open_standing_account(server.answers(*script) and a_member(currency)).detail)
        for reply, _ in self.otp_answers(REFERENCE):
            told.append(provider.submit_otp(server.answers(reply) and REFERENCE, OTP).status)
        everything = " ".join([*told, logged(caplog), repr(provider)])
        phones = [number[-8:] for number in self.phones.values()]
        for private in (self.secret, *phones, ACCOUNT.number, ACCOUNT.holder, "Wanjiku", EMAIL, OTP):
            assert private not in everything
        assert any(getattr(record, "reference", "") == REFERENCE for record in caplog.records)


def consistent(answer: ChargeAnswer) -> None:
    """Whatever the answer says that the payer does next, it holds what the payer needs for it."""
    assert (answer.ussd_code is not None) == (answer.action == "dial")
    assert (answer.account is not None) == (answer.action == "transfer")
    assert (answer.url is not None) == (answer.action == "visit")
    if answer.action == "otp":
        assert answer.outcome in (Outcome.PENDING, Outcome.DECLINED)
    else:
        assert (answer.action is not None) == (answer.outcome is Outcome.PENDING)


def a_charge(currency: str, method: Method, network: str | None, phone: str | None) -> ChargeOrder:
    mobile = method == "mobile_money"
    return ChargeOrder(
        reference=REFERENCE,
        gross=Money(507_600, currency),
        method=method,
        payer_email=EMAIL,
        label="Umoja",
        phone=phone if mobile else None,
        network=network,
        expires_at=EXPIRES if method == "bank_transfer" else None,
    )


def a_member(currency: str) -> StandingOrder:
    return StandingOrder(EMAIL, "Wanjiku", "Otieno", "+2348031987654", currency)
