"""Flutterwave's payouts: the contract of every provider that pays out, and what is Flutterwave's own."""

from dataclasses import replace
from typing import Any, ClassVar

import pytest

from core.money import Money
from payments.provider import AccountDetails, Bank, Outcome, PayoutAnswer, PayoutOrder, PayoutVerification, Provider
from payments.providers.connection import Breaker
from payments.providers.flutterwave import Flutterwave
from payments.providers.flutterwave_payouts import KINDS, TRANSFER_STATUSES, WALLETS, recipient_code
from tests.payments.flutterwave_speech import HASH, SECRET, error, flutterwave, good, number, transfer
from tests.payments.payout_contract import HOLDER, PAYOUT, PayoutContract, a_payout, kes
from tests.payments.servers import Heard, Reply, ScriptedServer, nobody, scripted
from tests.payments.test_flutterwave import Flutterwaves

WALLET = AccountDetails("mobile_money", "MPS", "+254798765432", HOLDER, "KES")
ACCOUNTS = {
    "KES": WALLET,
    "NGN": AccountDetails("bank", "058", "0690000040", HOLDER, "NGN"),
    "GHS": AccountDetails("mobile_money", "MTN", "+233244123456", HOLDER, "GHS"),
    "UGX": AccountDetails("mobile_money", "MPS", "+256772123456", HOLDER, "UGX"),
    "RWF": AccountDetails("mobile_money", "MPS", "+250788123456", HOLDER, "RWF"),
    "XOF": AccountDetails("mobile_money", "WAVE", "+221771234567", HOLDER, "XOF"),
    "XAF": AccountDetails("mobile_money", "FMM", "+237670123456", HOLDER, "XAF"),
    "TZS": AccountDetails("mobile_money", "VODACOM", "+255754123456", HOLDER, "TZS"),
    "ZMW": AccountDetails("mobile_money", "MPS", "+260971234567", HOLDER, "ZMW"),
}


class WithAccounts(Flutterwave):
    """The contract's orders have no account, as other providers know it by its code: this one is told of it."""

    def send_payout(self, order: PayoutOrder) -> PayoutAnswer:
        return super().send_payout(with_account(order))


class TestFlutterwavePayouts(Flutterwaves, PayoutContract):
    kinds: ClassVar = KINDS
    not_paid_out = ("ZAR", "USD", "EUR", "XXX")
    payout_statuses: ClassVar = TRANSFER_STATUSES
    account = WALLET

    def provider(self, base_url: str, breaker: Breaker | None = None) -> Provider:
        return WithAccounts(base_url, SECRET, HASH, (1.0, 1.0), breaker)

    def bank_list(self, banks: tuple[Bank, ...]) -> Reply:
        return good([{"id": 1, "code": bank.code, "name": bank.name} for bank in banks])

    def named(self, holder: str) -> Reply:
        return good({"account_number": "0690000040", "account_name": holder})

    def no_such_account(self) -> Reply:
        return error(400, f"Sorry, that account number is invalid, please check and try again: {WALLET.number}")

    def known_as(self, code: str) -> Reply | None:
        return None

    def taken(self, status: str, order: PayoutOrder) -> Reply:
        return good(transfer(status, order.reference, order.amount, Money(1, order.amount.currency)))

    def used_before(self) -> tuple[Reply, ...]:
        return (
            error(400, "Transfer with reference already exists"),
            error(400, "Duplicate transfer reference"),
            error(409, "reference must be unique"),
            error(400, "This reference was used before: insufficient information"),
        )

    def conclusive_refusals(self) -> tuple[Reply, ...]:
        return (
            error(400, "Insufficient funds in customer wallet"),
            error(400, "beneficiary_name is required"),
            error(400, "amount must be a number"),
            error(400, "Transfers by API are not enabled, or the IP is not whitelisted"),
            error(403, "Forbidden"),
            self.wrong_key(),
        )

    def unclear_refusals(self) -> tuple[Reply, ...]:
        return (
            error(400, "Transfer creation failed"),
            error(400, "An error occurred while processing"),
            error(404, "amount is required"),
            error(408, "Too slow"),
            error(200, "beneficiary_name is required"),
            Reply({"message": "Endpoint request timed out"}),
            Reply({"status": "error", "message": None}, 400),
        )

    def unknown_payouts(self) -> tuple[Reply, ...]:
        return (good([], {"page_info": {"total": 0, "current_page": 1, "total_pages": 0}}),)

    def payout_report(self, status: str, reference: str, amount: Money, fee: Money) -> Reply:
        return good([transfer(status, reference, amount, fee)])

    def otp_payouts(self) -> tuple[tuple[Reply, Outcome], ...]:
        return ()

    def approvals(self, reference: str, amount: Money) -> tuple[bytes, ...]:
        return ()

    def check_payout_request(self, heard: Heard, order: PayoutOrder) -> None:
        account = ACCOUNTS[order.amount.currency]
        digits = account.number.removeprefix("+")
        assert (heard.method, heard.path) == ("POST", "/transfers")
        assert heard.headers["authorization"] == f"Bearer {SECRET}"
        sender = {"meta": {"sender": "GroupWallet", "sender_country": "KE", "mobile_number": digits}}
        assert heard.json == {
            "account_bank": account.bank_code,
            "account_number": digits,
            "amount": number(order.amount),
            "currency": order.amount.currency,
            "debit_currency": order.amount.currency,
            "beneficiary_name": HOLDER,
            "narration": order.reason,
            "reference": order.reference,
        } | (sender if account.currency == "KES" else {})

    def check_payout_question(self, heard: Heard, reference: str) -> None:
        assert (heard.method, heard.route, heard.query) == ("GET", "/transfers", {"reference": reference})

    def test_banks_are_listed_with_their_kind(self, server: ScriptedServer) -> None:
        """Operators of wallets are known beforehand, and no bank even where they are listed as one."""
        equity, mpesa = Bank("68", "Equity Bank", "bank"), Bank("MPS", "Listed differently", "bank")
        for currency, kinds in KINDS.items():
            server.answers(self.bank_list((equity, mpesa)))
            answer = self.provider(server.url).banks(currency)
            wallets = {Bank(code, name, "mobile_money") for code, name in WALLETS.get(currency, {}).items()}
            banks = {equity} if "bank" in kinds else set()
            assert answer.outcome is Outcome.SUCCEEDED
            assert {bank for bank in answer.banks if bank.code != "MPS" or currency != "NGN"} == wallets | banks
        assert {heard.path for heard in server.heard} == {"/banks/KE", "/banks/NG"}


def test_a_recipients_code_tells_neither_the_number_nor_the_name() -> None:
    for account in ACCOUNTS.values():
        code = flutterwave(nobody()).recipient(account).code
        assert code == f"flw:{account.kind}:{account.bank_code}"
        assert account.number[-8:] not in code and HOLDER not in code


WRONG = [
    (replace(WALLET, number="+256772123456"), "foreign_number"),
    (replace(WALLET, number="12"), "foreign_number"),
    (replace(WALLET, bank_code="MTN"), "unknown_operator"),
    (replace(WALLET, currency="ZAR"), "unsupported_account"),
    (replace(ACCOUNTS["GHS"], kind="bank"), "unsupported_account"),
]


@pytest.mark.parametrize(("account", "trouble"), WRONG)
def test_an_account_that_cannot_be_paid_is_declined_before_anything_is_sent(
    account: AccountDetails, trouble: str
) -> None:
    with scripted() as server:
        provider = flutterwave(server.url)
        recipient = provider.recipient(account)
        order = replace(a_payout(), recipient_code=recipient_code(account), account=account)
        assert (recipient.outcome, recipient.code, recipient.detail) == (Outcome.DECLINED, None, trouble)
        assert provider.send_payout(order) == PayoutAnswer(Outcome.DECLINED, trouble)
        assert server.heard == []


def test_a_payout_goes_to_the_account_that_was_checked_and_to_no_other() -> None:
    with scripted() as server:
        provider, code = flutterwave(server.url), recipient_code(WALLET)
        for order, status in (
            (a_payout(), "no_account"),
            (replace(a_payout(), account=WALLET, recipient_code="RCP_1"), "another_account"),
            (replace(a_payout("NGN"), account=WALLET, recipient_code=code), "another_account"),
        ):
            assert provider.send_payout(order) == PayoutAnswer(Outcome.DECLINED, status)
        assert server.heard == []


def test_a_bank_in_kenya_has_no_phone_to_name() -> None:
    account = replace(WALLET, kind="bank", bank_code="68", number="0150278822391")
    with scripted(good(transfer("NEW", PAYOUT, kes(5_000), kes(100)))) as server:
        order = replace(a_payout(), recipient_code=recipient_code(account), account=account)
        assert flutterwave(server.url).send_payout(order).outcome is Outcome.PENDING
        assert server.heard[0].json["meta"] == {"sender": "GroupWallet", "sender_country": "KE"}
        assert server.heard[0].json["account_number"] == "0150278822391"


def test_a_taken_payout_has_their_id_and_no_fee_before_it_is_paid() -> None:
    with scripted(good(transfer("NEW", PAYOUT, kes(5_000), kes(40)))) as server:
        answer = flutterwave(server.url).send_payout(with_account(a_payout()))
    assert answer == PayoutAnswer(Outcome.PENDING, "NEW", "396432", None)


def test_their_timeout_after_28_seconds_may_be_a_payout() -> None:
    with scripted(error(503, "An error occurred. Please contact support")) as server:
        answer = flutterwave(server.url).send_payout(with_account(a_payout()))
        assert answer.outcome is Outcome.UNKNOWN
        assert [heard.path for heard in server.heard] == ["/transfers"], "nothing is retried, by them or by us"


def test_a_fee_with_a_fraction_of_a_kobo_costs_a_whole_one() -> None:
    row = transfer("SUCCESSFUL", PAYOUT, Money(1_250_000, "NGN"), Money(0, "NGN")) | {"fee": 26.875}
    with scripted(good([row])) as server:
        verification = flutterwave(server.url).verify_payout(PAYOUT)
    assert verification.fee == Money(2_688, "NGN") == flutterwave(nobody()).payout_fee(Money(1_250_000, "NGN"), "bank")


FEES = [
    (Money(150_000, "KES"), "mobile_money", 2_000),
    (Money(150_100, "KES"), "mobile_money", 4_000),
    (Money(500_000, "NGN"), "bank", 1_075),
    (Money(500_001, "NGN"), "bank", 2_688),
    (Money(5_000_001, "NGN"), "bank", 5_375),
    (Money(125_000, "UGX"), "mobile_money", 1_000),
    (Money(125_001, "UGX"), "mobile_money", 1_501),
]


@pytest.mark.parametrize(("amount", "kind", "fee"), FEES, ids=lambda value: str(value))
def test_the_payout_fee_is_the_published_one(amount: Money, kind: Any, fee: int) -> None:
    assert flutterwave(nobody()).payout_fee(amount, kind) == Money(fee, amount.currency)


LISTS = [
    (["FAILED", "SUCCESSFUL"], Outcome.SUCCEEDED),
    (["FAILED", "PENDING"], Outcome.PENDING),
    (["FAILED", "FAILED"], Outcome.DECLINED),
    (["PENDING", "brand_new"], Outcome.UNKNOWN),
]


@pytest.mark.parametrize(("statuses", "outcome"), LISTS)
def test_of_several_transfers_with_our_reference_the_one_that_may_have_paid_counts(
    statuses: list[str], outcome: Outcome
) -> None:
    foreign = transfer("SUCCESSFUL", "gwp-9-other", kes(1), kes(0))
    rows = [transfer(status, PAYOUT, kes(5_000), kes(40)) for status in statuses]
    with scripted(good([foreign, *rows])) as server:
        assert flutterwave(server.url).verify_payout(PAYOUT).outcome is outcome


def test_a_list_of_others_says_nothing_about_ours() -> None:
    others = [transfer("FAILED", f"gwp-{n}-other", kes(5_000), kes(40)) for n in (1, 2)]
    for rows in (others, ["odd"], [None, others[0]]):
        with scripted(good(rows)) as server:
            assert flutterwave(server.url).verify_payout(PAYOUT).outcome is Outcome.UNKNOWN


def test_a_payout_under_way_needs_no_numbers_and_an_ended_one_does() -> None:
    for status, outcome in (("PENDING", Outcome.PENDING), ("SUCCESSFUL", Outcome.UNKNOWN), ("FAILED", Outcome.UNKNOWN)):
        with scripted(good([transfer(status, PAYOUT, kes(1), kes(1)) | {"amount": None}])) as server:
            verification = flutterwave(server.url).verify_payout(PAYOUT)
        assert verification == PayoutVerification(outcome, verification.status, PAYOUT)


def test_only_words_about_the_account_mean_that_there_is_none() -> None:
    provider = flutterwave(nobody())
    assert provider.can_name_holder("NGN", "bank")
    assert not provider.can_name_holder("KES", "mobile_money")
    for reply in (error(400, "Account resolve failed"), error(400, "Invalid request"), error(500, "invalid account")):
        with scripted(reply) as server:
            assert flutterwave(server.url).holder("0690000040", "044").outcome is Outcome.UNKNOWN


def with_account(order: PayoutOrder) -> PayoutOrder:
    account = ACCOUNTS[order.amount.currency]
    return replace(order, account=account, recipient_code=recipient_code(account))
