"""Paystack's charges without a page: the contract of every provider, and what is Paystack's own."""

from dataclasses import replace
from typing import Any, ClassVar

import pytest

from payments.provider import Outcome
from payments.provider_charges import ChargeAnswer, ChargeOrder, PayInto, StandingOrder
from payments.providers.paystack import LIMITS, Paystack
from payments.providers.paystack_charges import METHODS, NETWORKS
from tests.payments.charge_contract import ACCOUNT, EMAIL, EXPIRES, ChargeContract, a_charge, a_member
from tests.payments.contract import REFERENCE
from tests.payments.servers import Heard, Reply, scripted
from tests.payments.speech import SECRET, envelope, error, paystack
from tests.payments.test_paystack import PATIENCE, Speaks

ON_PHONE = "Please complete authorization process on your mobile phone"
VOUCHER = "Please dial *110# to generate a voucher code. Then input the voucher"
DIAL = "Please dial *737*33*4*18791# on your mobile phone to complete the transaction"
TRANSFER = "Please make a transfer to the account specified"
INTO = PayInto("Test Bank", "1260257501", "TEST-MANAGED-ACCOUNT", EXPIRES)
PROVIDERS = {"mpesa": "mpesa", "mtn": "mtn", "at": "atl", "telecel": "vod"}
CODES = {"gtbank": "737", "uba": "919", "sterling": "822", "zenith": "966"}
DIALLED = {"KES": "+254798765432", "GHS": "0551987654"}


def charged(status: str, reference: str = REFERENCE, **more: Any) -> Reply:
    return envelope({"reference": reference, "status": status, **more}, "Charge attempted")


def pending(status: str, action: Any, words: str = "", **more: Any) -> ChargeAnswer:
    return ChargeAnswer(Outcome.PENDING, status, action, words, **more)


class TestPaystackCharges(Speaks, ChargeContract):
    methods: ClassVar = {
        "KES": ("checkout", "mobile_money"),
        "GHS": ("checkout", "mobile_money", "standing_account"),
        "NGN": ("checkout", "ussd", "bank_transfer", "standing_account"),
        "ZAR": ("checkout",),
        "XOF": ("checkout",),
        "USD": ("checkout",),
    }
    networks: ClassVar = {
        ("KES", "mobile_money"): ("mpesa",),
        ("GHS", "mobile_money"): ("mtn", "at", "telecel"),
        ("NGN", "ussd"): ("gtbank", "uba", "sterling", "zenith"),
    }

    def charge_answers(self, order: ChargeOrder) -> tuple[tuple[Reply, ChargeAnswer], ...]:
        """The samples of PaystackOSS/doc-code-snippets, `payments/payment-methods`, then the rest of the table."""
        mine = order.reference
        into: dict[str, Any] = {
            "display_text": TRANSFER,
            "account_name": INTO.holder,
            "account_number": INTO.number,
            "bank": {"slug": "test-bank", "name": INTO.bank, "id": 24},
            "account_expires_at": EXPIRES.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        dialled = charged("pay_offline", mine, display_text=DIAL, ussd_code="*737*33*4*18791#")
        usual = {
            "mobile_money": (
                charged("pay_offline", mine, display_text=ON_PHONE),
                pending("pay_offline", "approve", ON_PHONE),
            ),
            "ussd": (dialled, pending("pay_offline", "dial", DIAL, ussd_code="*737*33*4*18791#")),
            "bank_transfer": (
                charged("pending_bank_transfer", mine, **into),
                pending("pending_bank_transfer", "transfer", TRANSFER, account=INTO),
            ),
        }
        if order.network == "telecel":
            usual["mobile_money"] = (
                charged("send_otp", mine, display_text=VOUCHER),
                pending("send_otp", "otp", VOUCHER),
            )
        waits = [
            (charged(status, mine), pending(status, "approve"))
            if order.method == "mobile_money"
            # There is nothing to approve: without a code or an account nobody can pay.
            else (charged(status, mine), ChargeAnswer(Outcome.UNKNOWN, status))
            for status in ("pending", "processing", "ongoing", "queued")
        ]
        url = "https://standard.paystack.co/close"
        return (
            usual[order.method],
            *waits,
            (charged("open_url", mine, url=url), pending("open_url", "visit", url=url)),
            (charged("success", mine), ChargeAnswer(Outcome.SUCCEEDED, "success")),
            (
                charged("failed", mine, message="Declined"),
                ChargeAnswer(Outcome.DECLINED, "failed", words="Declined", reached_payer=True),
            ),
            (
                charged("timeout", mine, message="Slow"),
                ChargeAnswer(Outcome.DECLINED, "timeout", words="Slow", reached_payer=True),
            ),
            (charged("open_url", mine), ChargeAnswer(Outcome.UNKNOWN, "open_url")),
            (charged("pending_bank_transfer", mine), ChargeAnswer(Outcome.UNKNOWN, "pending_bank_transfer")),
            (charged("send_pin", mine), ChargeAnswer(Outcome.UNKNOWN, "send_pin")),
            (charged("send_birthday", mine), ChargeAnswer(Outcome.UNKNOWN, "send_birthday")),
            (charged("brand_new", mine), ChargeAnswer(Outcome.UNKNOWN, "brand_new")),
        )

    def used_charges(self) -> tuple[Reply, ...]:
        return (
            error(400, "duplicate_reference", "Duplicate Transaction Reference"),
            Reply({"status": False, "message": "Duplicate Transaction Reference"}, 400),
        )

    def refused_charges(self) -> tuple[Reply, ...]:
        return (
            error(400, "invalid_phone", "The phone number +254798765432 is invalid"),
            Reply({"status": False, "message": "Charge attempted", "data": {"status": "failed"}}, 400),
            Reply({"status": False, "message": "Currency not enabled"}, 400),
        )

    def unclear_charges(self) -> tuple[Reply, ...]:
        return (
            Reply({"status": False, "message": "No", "type": "api_error", "code": "unknown"}, 400),
            Reply({"status": False, "message": "No", "type": "processor_error", "code": "unknown"}, 400),
            Reply({"status": False, "message": "Charge attempted", "data": {"status": "pay_offline"}}, 400),
            Reply({"status": False, "message": "Charge attempted", "data": {"status": "success"}}),
            Reply({"status": False, "message": "Conflict"}, 409),
            Reply({"message": "Endpoint request timed out"}),
        )

    def check_charge_request(self, heard: Heard, order: ChargeOrder) -> None:
        assert (heard.method, heard.path) == ("POST", "/charge")
        assert heard.headers["authorization"] == f"Bearer {SECRET}"
        currency, network = order.gross.currency, order.network or ""
        channel: dict[str, Any] = {
            "mobile_money": {"phone": DIALLED.get(currency), "provider": PROVIDERS.get(network)},
            "ussd": {"type": CODES.get(network)},
            "bank_transfer": {"account_expires_at": EXPIRES.strftime("%Y-%m-%dT%H:%M:%S.000Z")},
        }
        label = {"display_name": "For", "variable_name": "label", "value": order.label}
        assert heard.json == {
            "email": EMAIL,
            "amount": int(order.gross.major * 100),
            "currency": currency,
            "reference": order.reference,
            "metadata": {"custom_fields": [label]},
            order.method: channel[order.method],
        }

    def otp_answers(self, reference: str) -> tuple[tuple[Reply, ChargeAnswer], ...]:
        return (
            (charged("success"), ChargeAnswer(Outcome.SUCCEEDED, "success")),
            (charged("pay_offline", display_text=ON_PHONE), pending("pay_offline", "approve", ON_PHONE)),
            (charged("pending"), pending("pending", "approve")),
            (
                charged("failed", message="Declined"),
                ChargeAnswer(Outcome.DECLINED, "failed", words="Declined", reached_payer=True),
            ),
            (charged("send_otp", display_text=VOUCHER), ChargeAnswer(Outcome.DECLINED, "send_otp", "otp", VOUCHER)),
            (error(400, "invalid_otp", "Invalid OTP"), ChargeAnswer(Outcome.DECLINED, "invalid_otp", "otp")),
            (
                Reply({"status": False, "message": "The voucher is incorrect"}, 400),
                ChargeAnswer(Outcome.DECLINED, "400", "otp"),
            ),
            (
                Reply({"status": False, "message": "Transaction reference is invalid"}, 400),
                ChargeAnswer(Outcome.UNKNOWN, "400"),
            ),
        )

    def check_otp_request(self, heard: Heard, reference: str, otp: str) -> None:
        assert (heard.method, heard.path) == ("POST", "/charge/submit_otp")
        assert heard.json == {"otp": otp, "reference": reference}

    def standing_script(self, account: PayInto, currency: str) -> tuple[Reply, ...]:
        return (
            envelope({"email": EMAIL, "customer_code": "CUS_xnxdt6s1zg1f4nx", "id": 1173}, "Customer created"),
            envelope(dedicated(account, currency), "NUBAN successfully created"),
        )

    def standing_refusals(self) -> tuple[tuple[Reply, ...], ...]:
        customer = self.standing_script(ACCOUNT, "NGN")[0]
        return (
            (error(400, "invalid_email_address", "Invalid Email Address Passed"),),
            (customer, error(400, "feature_unavailable", "Dedicated NUBAN is not available for your business")),
            (customer, Reply({"status": False, "message": "Customer has not been validated"}, 400)),
        )

    def check_standing_requests(self, heard: list[Heard], order: StandingOrder) -> None:
        assert [(request.method, request.path) for request in heard] == [
            ("POST", "/customer"),
            ("POST", "/dedicated_account"),
        ]
        assert heard[0].json == {
            "email": EMAIL,
            "first_name": "Wanjiku",
            "last_name": "Otieno",
            "phone": order.phone,
        }
        # The tests' key is one for tests. For Ghana no bank is documented.
        bank = {"preferred_bank": "test-bank"} if order.currency == "NGN" else {}
        assert heard[1].json == {"customer": "CUS_xnxdt6s1zg1f4nx", **bank}


def dedicated(account: PayInto, currency: str, **more: Any) -> dict[str, Any]:
    bank = {"name": account.bank, "id": 20, "slug": "wema-bank"}
    names = {"account_name": account.holder, "account_number": account.number}
    return {"bank": bank, **names, "assigned": True, "currency": currency, "active": True, "id": 253, **more}


def test_the_tables_are_about_the_currencies_that_are_collected() -> None:
    assert set(METHODS) == set(LIMITS)
    assert all(method in METHODS[currency] for currency, method in NETWORKS)


def test_a_live_key_asks_for_the_bank_that_is_documented_for_nigeria() -> None:
    script = TestPaystackCharges().standing_script(ACCOUNT, "NGN")
    with scripted(*script) as server:
        Paystack(server.url, "sk_live_c0ffee", PATIENCE).open_standing_account(a_member("NGN"))
        assert server.heard[1].json["preferred_bank"] == "wema-bank"


def test_a_customer_who_has_an_account_is_answered_with_it_and_no_second_is_asked_for() -> None:
    known = {"customer_code": "CUS_1", "dedicated_account": dedicated(ACCOUNT, "NGN")}
    with scripted(envelope(known, "Customer retrieved")) as server:
        answer = paystack(server.url).open_standing_account(a_member("NGN"))
        assert (answer.outcome, answer.account, len(server.heard)) == (Outcome.SUCCEEDED, ACCOUNT, 1)


@pytest.mark.parametrize("more", [{"currency": "GHS"}, {"active": False}])
def test_an_account_that_is_closed_or_takes_another_currency_is_none(more: dict[str, Any]) -> None:
    customer = TestPaystackCharges().standing_script(ACCOUNT, "NGN")[0]
    with scripted(customer, envelope(dedicated(ACCOUNT, "NGN") | more)) as server:
        answer = paystack(server.url).open_standing_account(a_member("NGN"))
        assert (answer.outcome, answer.account) == (Outcome.UNKNOWN, None)


def test_a_member_without_a_phone_gets_an_account_all_the_same() -> None:
    with scripted(*TestPaystackCharges().standing_script(ACCOUNT, "NGN")) as server:
        paystack(server.url).open_standing_account(replace(a_member("NGN"), phone=None))
        assert "phone" not in server.heard[0].json


def test_an_account_for_one_payment_need_not_have_an_end() -> None:
    with scripted(charged("pending")) as server:
        paystack(server.url).start_charge(replace(a_charge("NGN", "bank_transfer", None, None), expires_at=None))
        assert server.heard[0].json["bank_transfer"] == {}
