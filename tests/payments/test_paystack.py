"""Paystack: the contract of every provider, and what is Paystack's own."""

import json
from typing import Any, ClassVar

import pytest

from core.money import Money
from payments.provider import CheckoutOrder, Outcome, Provider, quote
from payments.provider_charges import Method
from payments.providers.connection import Breaker
from payments.providers.paystack import CHANNELS, LIMITS, STATUSES, Paystack
from tests.payments.actors import OF_500
from tests.payments.contract import IMPATIENCE_SECONDS, PAID_AT, REFERENCE
from tests.payments.events_contract import EventContract, News
from tests.payments.provider_contract import ProviderContract, an_order, kes
from tests.payments.servers import Heard, Reply, nobody, scripted
from tests.payments.speech import SECRET, envelope, error, paystack, signed, success_event

PATIENCE = (IMPATIENCE_SECONDS, IMPATIENCE_SECONDS)


class Speaks:
    """What is the same in every suite."""

    secret = SECRET

    def provider(self, base_url: str, breaker: Breaker | None = None) -> Provider:
        return Paystack(base_url, SECRET, PATIENCE, breaker)

    def busy(self) -> Reply:
        return error(429, "rate_limited", "Too many requests")

    def wrong_key(self) -> Reply:
        return error(401, "invalid_Key", "Invalid key")

    def signed(self, body: bytes) -> dict[str, str]:
        return signed(body)


class TestPaystack(Speaks, ProviderContract):
    currencies = tuple(LIMITS)
    unsupported = ("UGX", "EUR", "XXX")
    statuses: ClassVar = STATUSES
    bends = (
        Money(250_000, "NGN"),  # from ₦2,500 on a flat ₦100 is added
        Money(12_666_667, "NGN"),  # here the fee reaches its cap of ₦2,000
        Money(10, "GHS"),
        Money(100, "ZAR"),
        Money(52, "XOF"),
        Money(3_000_000, "NGN"),  # here the fee of a standing account reaches its cap of ₦300
    )

    def page(self, url: str, reference: str) -> Reply:
        return envelope({"authorization_url": url, "access_code": "0peioxfhpn", "reference": reference})

    def duplicate(self) -> Reply:
        return error(400, "duplicate_reference", "Duplicate Transaction Reference")

    def refusal(self) -> Reply:
        return error(400, "invalid_email_address", "Invalid Email Address Passed")

    def unknown_reference(self) -> Reply:
        return error(404, "transaction_not_found", "Transaction reference not found.")

    def report(self, status: str, reference: str, paid: Money, fee: Money) -> Reply:
        data = {
            "id": 5_200_000_001,
            "status": status,
            "reference": reference,
            "amount": int(paid.major * 100),
            "fees": int(fee.major * 100),
            "currency": paid.currency,
            "channel": "mobile_money",
            "paid_at": PAID_AT.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        return envelope(data)

    def reversed_report(self, reference: str, paid: Money, fee: Money) -> Reply:
        return self.report("reversed", reference, paid, fee)

    def standing_report(self, reference: str, paid: Money, fee: Money, number: str) -> Reply:
        told = self.report("success", reference, paid, fee).body["data"]
        authorization = {"channel": "dedicated_nuban", "receiver_bank_account_number": number}
        return envelope(told | {"channel": "dedicated_nuban", "authorization": authorization})

    def check_page_request(self, heard: Heard, order: CheckoutOrder) -> None:
        assert (heard.method, heard.path) == ("POST", "/transaction/initialize")
        assert heard.headers["authorization"] == f"Bearer {SECRET}"
        assert heard.headers["content-type"] == "application/json"
        assert heard.json == {
            "email": order.payer_email,
            "amount": int(order.gross.major * 100),
            "currency": order.gross.currency,
            "reference": order.reference,
            "callback_url": order.return_url,
            "channels": CHANNELS[order.gross.currency],
            "label": order.label,
        }

    def check_verify_request(self, heard: Heard, reference: str) -> None:
        assert (heard.method, heard.path, heard.body) == ("GET", f"/transaction/verify/{reference}", b"")
        assert heard.headers["authorization"] == f"Bearer {SECRET}"


def told(kind: str, **data: Any) -> bytes:
    return json.dumps({"event": kind, "data": data}, ensure_ascii=False).encode()


class TestPaystackEvents(Speaks, EventContract):
    def news(self, reference: str) -> tuple[News, ...]:
        """As PaystackOSS/doc-code-snippets has them, `payments/webhooks/events`."""
        refund = {"transaction_reference": reference, "refund_reference": None, "currency": "NGN", "domain": "live"}
        disputed = {"id": 896467688, "reference": reference, "amount": 5800, "status": "success"}
        dispute = {"id": 358950, "refund_amount": 5800, "currency": "NGN", "transaction": disputed}
        payout = {"id": 69123462, "reference": reference, "amount": 200000, "transfer_code": "TRF_1"}
        assigned = {"customer": {"customer_code": reference}, "dedicated_account": {"account_number": "1234567890"}}
        return (
            News(success_event(reference), "charge.success", "collection", "", True),
            News(told("transfer.success", **payout, status="success"), "transfer.success", "payout", "", True),
            News(told("transfer.failed", **payout, status="failed"), "transfer.failed", "payout"),
            News(told("transfer.reversed", **payout, status="reversed"), "transfer.reversed", "payout"),
            News(told("refund.pending", **refund, status="pending", amount="10000"), "refund.pending", "refund"),
            News(told("refund.processing", **refund, status="processing"), "refund.processing", "refund"),
            News(
                told("refund.processed", **refund, status="processed", amount="5000", id="123456"),
                "refund.processed",
                "refund",
                "123456",
                True,
            ),
            News(told("refund.failed", **refund, status="failed", amount=20000), "refund.failed", "refund"),
            News(told("refund.needs-attention", **refund, id=747680), "refund.needs-attention", "refund", "747680"),
            News(
                told("charge.dispute.create", **dispute, status="awaiting-merchant-feedback"),
                "charge.dispute.create",
                "dispute",
                "358950",
            ),
            News(told("charge.dispute.remind", **dispute), "charge.dispute.remind", "dispute", "358950"),
            News(told("charge.dispute.resolve", **dispute), "charge.dispute.resolve", "dispute", "358950"),
            News(
                told("dedicatedaccount.assign.success", **assigned),
                "dedicatedaccount.assign.success",
                "standing_account",
                names=False,
            ),
            News(
                told("dedicatedaccount.assign.failed", customer={}, dedicated_account=None),
                "dedicatedaccount.assign.failed",
                "standing_account",
                names=False,
            ),
            News(
                told("bank.transfer.rejected", bank_transfer={"amount": "30000"}),
                "bank.transfer.rejected",
                "other",
                names=False,
            ),
            News(
                told("customeridentification.failed", email="x@y.example"),
                "customeridentification.failed",
                "other",
                names=False,
            ),
        )


QUOTES = [
    # amount, gross, fee: by hand from https://paystack.com/pricing
    (Money(500_000, "KES"), 507_700, 7_616),  # 5,076.14 would cover it; M-PESA sends whole shillings
    (OF_500.amount, OF_500.gross.amount_minor, OF_500.fee.amount_minor),
    (Money(300, "KES"), 400, 6),
    (Money(19_700, "KES"), 20_000, 300),  # whole as it is: nothing is added
    (Money(100_000, "NGN"), 101_523, 1_523),
    (Money(246_249, "NGN"), 249_999, 3_750),  # one kobo below the ₦2,500 threshold
    (Money(246_250, "NGN"), 260_152, 13_902),  # the threshold is reached, and ₦100 is added
    (Money(250_000, "NGN"), 263_959, 13_959),
    (Money(12_466_667, "NGN"), 12_666_667, 200_000),  # the cap
    (Money(100_000_000, "NGN"), 100_200_000, 200_000),
    (Money(10_000, "GHS"), 10_199, 199),
    (Money(10_000, "ZAR"), 10_402, 402),
    (Money(1_000, "XOF"), 1_020, 20),  # whole francs only
    (Money(10_000, "USD"), 10_406, 406),
]


@pytest.mark.parametrize(("amount", "gross", "fee"), QUOTES, ids=lambda value: str(value))
def test_the_fee_is_the_published_one(amount: Money, gross: int, fee: int) -> None:
    quoted = quote(paystack(nobody()), amount, payer_bears_fee=True)
    assert (quoted.gross.amount_minor, quoted.fee.amount_minor) == (gross, fee)


STANDING = [
    # method, gross, fee: https://support.paystack.com, dedicated virtual accounts: 1 %, at most ₦300
    ("standing_account", Money(1_000_000, "NGN"), 10_000),
    ("standing_account", Money(3_000_000, "NGN"), 30_000),
    ("standing_account", Money(3_000_100, "NGN"), 30_000),
    ("bank_transfer", Money(1_000_000, "NGN"), 25_000),
    ("ussd", Money(1_000_000, "NGN"), 25_000),
    # A country without a schedule for it has its own.
    ("standing_account", Money(10_000, "GHS"), 195),
    ("mobile_money", Money(10_000, "GHS"), 195),
    ("mobile_money", Money(10_000, "KES"), 150),
]


@pytest.mark.parametrize(("method", "gross", "fee"), STANDING)
def test_only_a_nigerian_standing_account_has_a_fee_of_its_own(method: Method, gross: Money, fee: int) -> None:
    assert paystack(nobody()).fee(gross, method) == Money(fee, gross.currency)


def test_only_shillings_have_to_be_whole() -> None:
    steps = {currency: paystack(nobody()).step_minor(currency) for currency in LIMITS}
    assert steps == dict.fromkeys(LIMITS, 1) | {"KES": 100}


def test_around_the_threshold_no_gross_is_left_out() -> None:
    """Every gross from ₦2,300 to ₦2,700: the quote never asks more than the cheapest one that covers the amount."""
    provider = paystack(nobody())
    net = {gross: gross - provider.fee(Money(gross, "NGN")).amount_minor for gross in range(230_000, 270_000)}
    for amount in range(244_000, 252_000, 7):
        cheapest = next(gross for gross, left in net.items() if left >= amount)
        assert quote(provider, Money(amount, "NGN"), payer_bears_fee=True).gross.amount_minor == cheapest


def test_on_the_wire_every_amount_is_in_hundredths_also_without_cents() -> None:
    with scripted(TestPaystack().page("https://pay.example", REFERENCE)) as server:
        for currency, minor, wire in (("XOF", 1_020, 102_000), ("KES", 507_700, 507_700), ("NGN", 5_001, 5_001)):
            paystack(server.url).open_checkout(an_order(gross=Money(minor, currency)))
            assert server.heard[-1].json["amount"] == wire


def test_half_a_franc_of_fee_costs_a_whole_one_and_half_a_franc_paid_is_unreadable() -> None:
    def report(amount: Any, fees: Any) -> Reply:
        data = {"status": "success", "reference": REFERENCE, "currency": "XOF", "amount": amount, "fees": fees}
        return envelope(data)

    with scripted(report(102_000, 1_989)) as server:
        assert paystack(server.url).verify(REFERENCE).fee == Money(20, "XOF")
        server.answers(report(102_050, 1_989))
        assert paystack(server.url).verify(REFERENCE).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "data",
    [
        {"amount": 507_614, "fees": 7_614},
        {"amount": "many", "currency": "KES"},
        {"amount": None, "currency": "KES"},
        {"amount": [507_614], "currency": "KES"},
        {"amount": 507_614, "currency": "Kenya shilling"},
        {"amount": 507_614, "currency": None},
        {"amount": 507_614, "currency": "KES", "fees": "some"},
        {"amount": 10**30, "currency": "KES"},
        {"amount": 507_614.7, "currency": "KES"},
        {"amount": 507_614, "currency": "KES", "fees": 7_614.5},
        {"amount": float("inf"), "currency": "KES"},
        {"amount": float("nan"), "currency": "KES"},
        {"currency": "KES"},
    ],
)
def test_a_success_whose_numbers_cannot_be_read_is_unknown(data: dict[str, Any]) -> None:
    with scripted(envelope({"status": "success", "reference": REFERENCE, **data})) as server:
        verification = paystack(server.url).verify(REFERENCE)
    assert (verification.outcome, verification.paid) == (Outcome.UNKNOWN, None)


def test_an_amount_written_as_text_is_read() -> None:
    data = {"status": "success", "reference": REFERENCE, "amount": "507614", "fees": "7614", "currency": "KES"}
    with scripted(envelope(data)) as server:
        verification = paystack(server.url).verify(REFERENCE)
    assert (verification.paid, verification.fee) == (kes("5076.14"), kes("76.14"))


def test_an_envelope_that_says_false_is_no_success() -> None:
    page = {"status": False, "message": "?", "data": {"authorization_url": "https://pay.example"}}
    with scripted(Reply(page)) as server:
        assert paystack(server.url).open_checkout(an_order()).url is None


@pytest.mark.parametrize("data", [["x"], "x", 7, [[]]])
def test_data_of_another_shape_is_an_unclear_answer_and_never_an_error(data: object) -> None:
    with scripted(envelope(data)) as server:
        assert paystack(server.url).verify(REFERENCE).outcome is Outcome.UNKNOWN
        assert paystack(server.url).open_checkout(an_order()).outcome is Outcome.UNKNOWN


def dispute(number: int, reference: str) -> dict[str, Any]:
    return {"id": number, "status": "awaiting-merchant-feedback", "transaction": {"id": 1, "reference": reference}}


EVENTS = [
    # event, data, the reference that it is about
    ("charge.success", {"id": 1, "reference": "a-1", "status": "success"}, "a-1"),
    ("charge.success", {"id": 2, "reference": "a-2", "status": "success"}, "a-2"),
    ("transfer.success", {"id": 3, "reference": "a-1", "status": "success"}, "a-1"),
    ("transfer.failed", {"id": 3, "reference": "a-1", "status": "failed"}, "a-1"),
    # Two part refunds of one payment, and two disputes.
    ("refund.processed", {"id": 4, "transaction_reference": "a-1", "status": "processed", "amount": "500"}, "a-1"),
    ("refund.processed", {"id": 5, "transaction_reference": "a-1", "status": "processed", "amount": "500"}, "a-1"),
    ("charge.dispute.create", dispute(6, "a-1"), "a-1"),
    ("charge.dispute.create", dispute(7, "a-2"), "a-2"),
]


def test_events_have_no_id_yet_each_news_has_a_key_of_its_own() -> None:
    keys = set()
    for name, data, reference in EVENTS:
        body = json.dumps({"event": name, "data": data}).encode()
        event = paystack(nobody()).read_event(body, signed(body))
        assert event.reference == reference
        keys.add(event.key)
    assert len(keys) == len(EVENTS)


def test_a_success_without_fees_is_not_taken_for_free() -> None:
    answer = {"status": "success", "reference": REFERENCE, "amount": 507_614, "currency": "KES", "fees": None}
    with scripted(envelope(answer)) as server:
        assert paystack(server.url).verify(REFERENCE).fee is None


def test_two_part_refunds_that_have_no_id_are_two_news_and_their_delivery_again_is_none() -> None:
    def pending(amount: str) -> bytes:
        return told("refund.pending", transaction_reference=REFERENCE, status="pending", amount=amount)

    keys = []
    for body in (pending("10000"), pending("20000"), pending("10000")):
        keys.append(paystack(nobody()).read_event(body, signed(body)).key)
    assert keys[0] == keys[2] != keys[1]


def test_a_reference_never_leads_to_another_address() -> None:
    with scripted(error(404, "transaction_not_found")) as server:
        paystack(server.url).verify("../balance?x=1")
        assert server.heard[0].path == "/transaction/verify/..%2Fbalance%3Fx%3D1"
