"""Paystack's payouts: the contract of every provider that pays out, and what is Paystack's own."""

import json
from typing import Any, ClassVar

import pytest

from core.money import Money
from payments.errors import UnsupportedCurrency
from payments.provider import AccountDetails, AccountKind, Bank, Outcome, PayoutApproval, PayoutOrder
from payments.providers.paystack_payouts import MAX_BANK_PAGES, PAYOUT_FEES, PAYOUT_LIMITS, TRANSFER_STATUSES
from tests.payments.payout_contract import HOLDER, PAYOUT, PayoutContract, a_payout, kes
from tests.payments.servers import Heard, Reply, nobody, scripted
from tests.payments.speech import SECRET, envelope, error, paystack, signed
from tests.payments.test_paystack import Speaks

WALLET = AccountDetails("mobile_money", "MPESA", "+254798765432", HOLDER, "KES")
TYPES = {
    "KES": {"mobile_money": "mobile_money", "bank": "kepss"},
    "GHS": {"mobile_money": "mobile_money", "bank": "ghipss"},
    "NGN": {"bank": "nuban"},
    "ZAR": {"bank": "basa"},
}
USED = "Please provide a unique reference. Reference already exists on a transfer"
TOO_LOW = "Your balance is not enough to fulfil this request"


class TestPaystackPayouts(Speaks, PayoutContract):
    kinds: ClassVar = {
        "KES": ("mobile_money", "bank"),
        "GHS": ("mobile_money", "bank"),
        "NGN": ("bank",),
        "ZAR": ("bank",),
    }
    not_paid_out = ("UGX", "EUR", "XXX", "XOF", "USD")
    payout_statuses: ClassVar = TRANSFER_STATUSES
    account = WALLET

    def bank_list(self, banks: tuple[Bank, ...]) -> Reply:
        return envelope([row(bank.code, bank.name, "kepss" if bank.kind == "bank" else bank.kind) for bank in banks])

    def named(self, holder: str) -> Reply:
        return envelope({"account_number": "0001234567", "account_name": holder, "bank_id": 9})

    def no_such_account(self) -> Reply:
        return error(422, "invalid_account", f"Could not resolve {WALLET.number} of {HOLDER}. Check parameters.")

    def known_as(self, code: str) -> Reply:
        details = {"account_number": "0798765432", "account_name": None, "bank_code": "MPESA"}
        return envelope({"active": True, "name": HOLDER, "recipient_code": code, "details": details})

    def taken(self, status: str, order: PayoutOrder) -> Reply:
        data = {"amount": 1, "reference": order.reference, "status": status, "transfer_code": "TRF_1", "recipient": 5}
        return envelope(data, "Transfer has been queued")

    def used_before(self) -> tuple[Reply, ...]:
        return (
            error(400, "duplicate_transfer_reference", USED),
            unwrapped(400, USED),
            unwrapped(404, USED),
            unwrapped(404, "Duplicate reference(s) found: gwp-17", type="api_error", code="unknown"),
        )

    def conclusive_refusals(self) -> tuple[Reply, ...]:
        return (
            error(400, "invalid_transfer_recipient", "Recipient specified is invalid"),
            error(400, "insufficient_balance", TOO_LOW),
            unwrapped(400, TOO_LOW),
            unwrapped(400, TOO_LOW, type="api_error", code="insufficient_balance"),
            unwrapped(400, "You cannot initiate third party payouts", type="api_error", code="transfer_unavailable"),
            unwrapped(400, "Amount is required"),
            self.wrong_key(),
        )

    def unclear_refusals(self) -> tuple[Reply, ...]:
        return (
            unwrapped(400, "System malfunction", type="api_error", code="unknown"),
            unwrapped(400, "Could not be completed", type="processor_error", code="unknown"),
            unwrapped(404, "Not here"),
            unwrapped(408, "Too slow"),
            unwrapped(409, "Conflict"),
            Reply({"status": False, "data": {"status": "success"}}),
            Reply({"message": "Endpoint request timed out"}),
        )

    def unknown_payouts(self) -> tuple[Reply, ...]:
        return (
            unwrapped(404, "Transfer not found"),
            error(404, "transfer_not_found", "Transfer not found"),
            error(400, "not_found", "Transfer not found"),
        )

    def payout_report(self, status: str, reference: str, amount: Money, fee: Money) -> Reply:
        return envelope(transfer(status, reference, amount, fee), "Transfer retrieved")

    def otp_payouts(self) -> tuple[tuple[Reply, Outcome], ...]:
        return (
            *((envelope(transfer(status, PAYOUT, kes(1), kes(0))), FINISHED[status]) for status in FINISHED),
            (unwrapped(400, "OTP is invalid"), Outcome.DECLINED),
            (error(400, "invalid_otp", "Wrong code"), Outcome.DECLINED),
            (unwrapped(400, "Transfer code is invalid"), Outcome.UNKNOWN),
            (unwrapped(400, "Transfer is not currently waiting for a password"), Outcome.UNKNOWN),
            (unwrapped(400, "otp service down", type="api_error", code="unknown"), Outcome.UNKNOWN),
            (self.wrong_key(), Outcome.UNKNOWN),
            (self.busy(), Outcome.NOT_SENT),
        )

    def check_otp_payout(self, heard: Heard, transfer_code: str, otp: str) -> None:
        assert (heard.method, heard.path) == ("POST", "/transfer/finalize_transfer")
        assert heard.json == {"transfer_code": transfer_code, "otp": otp}

    def approvals(self, reference: str, amount: Money) -> tuple[bytes, ...]:
        one = transfer("received", reference, amount, kes(0))
        return tuple(
            json.dumps(body).encode()
            for body in (
                {"event": "transferrequest.approval-required", "data": {"transfers": [one]}},
                {"event": "transfer.approval", "data": one},
                one,
            )
        )

    def check_payout_request(self, heard: Heard, order: PayoutOrder) -> None:
        assert (heard.method, heard.path) == ("POST", "/transfer")
        assert heard.headers["authorization"] == f"Bearer {SECRET}"
        assert heard.headers["content-type"] == "application/json"
        assert heard.json == {
            "source": "balance",
            "amount": int(order.amount.major * 100),
            "currency": order.amount.currency,
            "recipient": order.recipient_code,
            "reference": order.reference,
            "reason": order.reason,
        }

    def check_payout_question(self, heard: Heard, reference: str) -> None:
        assert (heard.method, heard.path, heard.body) == ("GET", f"/transfer/verify/{reference}", b"")
        assert heard.headers["authorization"] == f"Bearer {SECRET}"


# What a payout's status means once its owner's password was given: one that failed is asked about, not asked for again.
FINISHED = {
    status: Outcome.UNKNOWN if outcome is Outcome.DECLINED else outcome for status, outcome in TRANSFER_STATUSES.items()
} | {"brand_new": Outcome.UNKNOWN}


def transfer(status: str, reference: str, amount: Money, fee: Money) -> dict[str, Any]:
    """As GET /transfer/verify has it."""
    recipient = {"name": HOLDER, "recipient_code": "RCP_1", "details": {"account_number": "0798765432"}}
    return {
        "amount": int(amount.major * 100),
        "currency": amount.currency,
        "id": 860_670_817,
        "reference": reference,
        "source": "balance",
        "status": status,
        "transfer_code": "TRF_8opchtrhtjlfz90n",
        "recipient": recipient,
        "fee_charged": int(fee.major * 100),
        "fees_breakdown": None,
    }


def row(code: str, name: str, type_: str, **more: object) -> dict[str, object]:
    return {"code": code, "name": name, "type": type_, "active": True, "is_deleted": None, **more}


def unwrapped(status: int, message: str, **more: str) -> Reply:
    """An error as older parts of Paystack give it: without type and code, unless they are named."""
    return Reply({"status": False, "message": message, **more}, status)


FEES = [
    # amount in major units, currency, kind, fee in major units: by hand from the published schedule
    (10, "KES", "mobile_money", 20),
    (1_500, "KES", "mobile_money", 20),
    (1_501, "KES", "mobile_money", 40),
    (20_000, "KES", "mobile_money", 40),
    (20_001, "KES", "mobile_money", 60),
    (250_000, "KES", "mobile_money", 60),
    (10_000, "KES", "bank", 80),
    (10_001, "KES", "bank", 140),
    (50_001, "KES", "bank", 180),
    (999_999, "KES", "bank", 180),
    (1_000_000, "KES", "bank", 350),
    (100, "GHS", "mobile_money", 1),
    (100, "GHS", "bank", 8),
    (5_000, "NGN", "bank", 10),
    (5_001, "NGN", "bank", 25),
    (9_999, "NGN", "bank", 25),
    (10_000, "NGN", "bank", 75),  # stamp duty from here on
    (50_000, "NGN", "bank", 75),
    (50_001, "NGN", "bank", 100),
    (100, "ZAR", "bank", 3),
]


@pytest.mark.parametrize(("amount", "currency", "kind", "fee"), FEES)
def test_the_payout_fee_is_the_published_one(amount: int, currency: str, kind: AccountKind, fee: int) -> None:
    assert paystack(nobody()).payout_fee(Money(amount * 100, currency), kind) == Money(fee * 100, currency)


def test_a_kobo_more_than_a_tier_is_in_the_next() -> None:
    assert paystack(nobody()).payout_fee(Money(500_001, "NGN"), "bank") == Money(2_500, "NGN")


@pytest.mark.parametrize(("currency", "kind"), [("NGN", "mobile_money"), ("ZAR", "mobile_money"), ("XOF", "bank")])
def test_where_nothing_can_be_paid_there_is_no_limit_and_no_fee(currency: str, kind: AccountKind) -> None:
    with pytest.raises(UnsupportedCurrency):
        paystack(nobody()).payout_limits(currency, kind)
    with pytest.raises(UnsupportedCurrency):
        paystack(nobody()).payout_fee(Money(10_000, currency), kind)


def test_the_tables_are_about_the_same_places() -> None:
    places = {(currency, kind) for currency, kinds in TYPES.items() for kind in kinds}
    assert set(PAYOUT_LIMITS) == set(PAYOUT_FEES) == places


def test_only_shillings_are_paid_out_whole() -> None:
    provider = paystack(nobody())
    steps = {currency: provider.payout_step_minor(currency) for currency in TYPES}
    assert steps == dict.fromkeys(TYPES, 1) | {"KES": 100}


def test_only_nigerian_and_ghanaian_bank_accounts_can_be_looked_up() -> None:
    provider = paystack(nobody())
    places = [(currency, kind) for currency, kinds in TestPaystackPayouts.kinds.items() for kind in kinds]
    assert [place for place in places if provider.can_name_holder(*place)] == [("GHS", "bank"), ("NGN", "bank")]


def test_a_bank_account_is_looked_up_by_the_number_as_it_is() -> None:
    with scripted(envelope({"account_number": "0001234567", "account_name": "Doe Jane Loren"})) as server:
        assert paystack(server.url).holder("0001234567", "058").holder == "Doe Jane Loren"
        (heard,) = server.heard
        assert (heard.method, heard.route) == ("GET", "/bank/resolve")
        assert heard.query == {"account_number": "0001234567", "bank_code": "058"}


@pytest.mark.parametrize("type_", ["api_error", "processor_error"])
def test_trouble_at_the_bank_says_nothing_about_the_account(type_: str) -> None:
    with scripted(unwrapped(400, "Could not be completed", type=type_, code="unknown")) as server:
        assert paystack(server.url).holder("0001234567", "058").outcome is Outcome.UNKNOWN
        assert paystack(server.url).recipient(WALLET).outcome is Outcome.UNKNOWN


ACCOUNTS = [
    (WALLET, "0798765432"),
    (AccountDetails("mobile_money", "MPESA", "+254112345678", HOLDER, "KES"), "0112345678"),
    (AccountDetails("mobile_money", "MTN", "+233551234987", HOLDER, "GHS"), "0551234987"),
    (AccountDetails("bank", "68", "0180254712345", HOLDER, "KES"), "0180254712345"),
    (AccountDetails("bank", "300303", "02003100200", HOLDER, "GHS"), "02003100200"),
    (AccountDetails("bank", "058", "0001234567", HOLDER, "NGN"), "0001234567"),
    (AccountDetails("bank", "632005", "4060000000", HOLDER, "ZAR"), "4060000000"),
]


@pytest.mark.parametrize(("account", "number"), ACCOUNTS)
def test_a_recipient_has_the_type_of_its_country_and_the_number_as_dialled_there(
    account: AccountDetails, number: str
) -> None:
    with scripted(envelope({"recipient_code": "RCP_1"})) as server:
        assert paystack(server.url).recipient(account).code == "RCP_1"
        (heard,) = server.heard
        assert (heard.method, heard.path) == ("POST", "/transferrecipient")
        assert heard.json == {
            "type": TYPES[account.currency][account.kind],
            "name": HOLDER,
            "account_number": number,
            "bank_code": account.bank_code,
            "currency": account.currency,
        }


@pytest.mark.parametrize(
    ("account", "detail"),
    [
        (AccountDetails("mobile_money", "MPESA", "+256712345678", HOLDER, "KES"), "foreign_number"),
        (AccountDetails("mobile_money", "MPESA", "0712345678", HOLDER, "KES"), "foreign_number"),
        (AccountDetails("mobile_money", "MTN", "+254712345678", HOLDER, "GHS"), "foreign_number"),
        (AccountDetails("mobile_money", "MTN", "+2348031234567", HOLDER, "NGN"), "unsupported_account"),
        (AccountDetails("bank", "1", "12345678", HOLDER, "XOF"), "unsupported_account"),
    ],
)
def test_an_account_of_another_country_is_never_made_known(account: AccountDetails, detail: str) -> None:
    with scripted() as server:
        answer = paystack(server.url).recipient(account)
        assert (answer.outcome, answer.detail, server.heard) == (Outcome.DECLINED, detail, [])


def test_only_places_where_members_can_be_paid_are_listed_once_each() -> None:
    rows: list[object] = [
        row("68", "Equity Bank", "kepss"),
        row("68", "Equity Bank", "kepss"),
        row("MPESA", "M-PESA", "mobile_money"),
        row("MPTILL", "M-PESA Till", "mobile_money_business"),
        row("01", "Closed Bank", "kepss", active=False),
        row("02", "Deleted Bank", "kepss", is_deleted=True),
        {"name": "No code", "type": "kepss"},
        {"code": 7, "name": "A number for a code", "type": "kepss"},
        "?",
        None,
    ]
    with scripted(envelope(rows)) as server:
        answer = paystack(server.url).banks("KES")
        assert answer.banks == (Bank("68", "Equity Bank", "bank"), Bank("MPESA", "M-PESA", "mobile_money"))
        assert (server.heard[0].route, server.heard[0].query["currency"]) == ("/bank", "KES")


def page(number: int, next_page: str | None) -> Reply:
    rows = [row(str(number), f"Bank {number}", "nuban")]
    return Reply({"status": True, "message": "ok", "data": rows, "meta": {"next": next_page, "perPage": 1}})


def test_all_pages_of_banks_are_read() -> None:
    with scripted(page(1, "YmFuazoxNjk="), page(2, "YmFuazoxNzA="), page(3, None)) as server:
        answer = paystack(server.url).banks("NGN")
        assert [bank.code for bank in answer.banks] == ["1", "2", "3"]
        assert [heard.query.get("next") for heard in server.heard] == [None, "YmFuazoxNjk=", "YmFuazoxNzA="]


def test_half_a_list_of_banks_is_none() -> None:
    with scripted(page(1, "more"), Reply("", 502)) as server:
        answer = paystack(server.url).banks("NGN")
        assert (answer.outcome, answer.banks) == (Outcome.UNKNOWN, ())


def test_a_list_of_banks_without_end_is_given_up() -> None:
    with scripted(page(1, "more")) as server:
        answer = paystack(server.url).banks("NGN")
        assert (answer.outcome, answer.banks, len(server.heard)) == (Outcome.UNKNOWN, (), MAX_BANK_PAGES)


def test_payouts_are_in_hundredths_also_without_cents() -> None:
    with scripted() as server:
        for currency, minor, wire in (("XOF", 1_020, 102_000), ("KES", 507_700, 507_700), ("NGN", 5_001, 5_001)):
            server.answers(envelope({"status": "pending", "reference": PAYOUT}))
            paystack(server.url).send_payout(a_payout(amount=Money(minor, currency)))
            assert server.heard[-1].json["amount"] == wire


def test_a_payout_that_was_paid_at_once_has_its_code_and_fee() -> None:
    data = {"status": "success", "reference": PAYOUT, "transfer_code": "TRF_1", "fee_charged": 4_000}
    with scripted(envelope(data)) as server:
        answer = paystack(server.url).send_payout(a_payout())
        assert (answer.outcome, answer.transfer_code, answer.fee) == (Outcome.SUCCEEDED, "TRF_1", kes(40))
        server.answers(envelope(data | {"fee_charged": "some", "transfer_code": None}))
        answer = paystack(server.url).send_payout(a_payout())
        assert (answer.outcome, answer.transfer_code, answer.fee) == (Outcome.SUCCEEDED, None, None)


def test_too_low_a_balance_is_called_so_whether_or_not_there_is_a_code() -> None:
    for reply in (unwrapped(400, TOO_LOW), error(400, "insufficient_balance", TOO_LOW)):
        with scripted(reply) as server:
            assert paystack(server.url).send_payout(a_payout()).status == "insufficient_balance"


def test_half_a_franc_of_fee_costs_a_whole_one_and_half_a_franc_paid_is_unreadable() -> None:
    data = {"status": "success", "reference": PAYOUT, "currency": "XOF", "amount": 102_000, "fee_charged": 1_989}
    with scripted(envelope(data)) as server:
        verification = paystack(server.url).verify_payout(PAYOUT)
        assert (verification.amount, verification.fee) == (Money(1_020, "XOF"), Money(20, "XOF"))
        server.answers(envelope(data | {"amount": 102_050}))
        assert paystack(server.url).verify_payout(PAYOUT).outcome is Outcome.UNKNOWN


UNREADABLE: list[dict[str, Any]] = [
    {"amount": None},
    {"amount": "many"},
    {"amount": 500_000.5},
    {"amount": 10**30},
    {"currency": None},
    {"currency": "Kenya shilling"},
    {"fee_charged": "some"},
    {"fee_charged": 4_000.5},
]


@pytest.mark.parametrize("change", UNREADABLE)
def test_a_paid_payout_whose_numbers_cannot_be_read_is_unknown(change: dict[str, Any]) -> None:
    data = transfer("success", PAYOUT, kes(5_000), kes(40)) | change
    with scripted(envelope(data)) as server:
        verification = paystack(server.url).verify_payout(PAYOUT)
    assert (verification.outcome, verification.amount, verification.fee) == (Outcome.UNKNOWN, None, None)


@pytest.mark.parametrize("status", ["failed", "reversed"])
def test_no_money_is_given_back_for_a_payout_whose_amount_is_not_told(status: str) -> None:
    with scripted(envelope({"status": status, "reference": PAYOUT})) as server:
        assert paystack(server.url).verify_payout(PAYOUT).outcome is Outcome.UNKNOWN


def test_a_payout_under_way_needs_no_numbers() -> None:
    with scripted(envelope({"status": "otp", "reference": PAYOUT})) as server:
        verification = paystack(server.url).verify_payout(PAYOUT)
    assert (verification.outcome, verification.status, verification.amount) == (Outcome.PENDING, "otp", None)


def test_a_paid_payout_without_a_fee_is_not_taken_for_free() -> None:
    data = transfer("success", PAYOUT, kes(5_000), kes(40)) | {"fee_charged": None}
    with scripted(envelope(data)) as server:
        assert paystack(server.url).verify_payout(PAYOUT).fee is None


@pytest.mark.parametrize("data", [["x"], "x", 7, [[]]])
def test_data_of_another_shape_is_an_unclear_answer_and_never_an_error(data: object) -> None:
    with scripted(envelope(data)) as server:
        provider = paystack(server.url)
        assert provider.verify_payout(PAYOUT).outcome is Outcome.UNKNOWN
        assert provider.send_payout(a_payout()).outcome is Outcome.UNKNOWN
        assert provider.recipient(WALLET).outcome is Outcome.UNKNOWN
        assert provider.holder("0001234567", "058").outcome is Outcome.UNKNOWN
        server.answers(envelope({"banks": data}))
        assert provider.banks("KES").outcome is Outcome.UNKNOWN


def test_a_question_about_several_payouts_is_about_none_of_ours() -> None:
    one = transfer("received", PAYOUT, kes(5_000), kes(0))
    body = json.dumps({"event": "transferrequest.approval-required", "data": {"transfers": [one, one]}}).encode()
    assert paystack(nobody()).read_approval(body, signed(body)) == PayoutApproval("", None)
