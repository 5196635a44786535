"""Flutterwave's checkout, verification and webhooks: the contracts of every provider, and what is its own."""

import json
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import MoneyError
from core.money import Money
from payments.errors import BadSignature, UnsupportedCurrency
from payments.provider import CheckoutOrder, Outcome, Provider, quote
from payments.providers.connection import Breaker
from payments.providers.flutterwave import LIMITS, PAYMENT_OPTIONS, RATES
from payments.providers.flutterwave_charges import METHODS
from payments.providers.flutterwave_http import from_wire, to_wire
from payments.providers.flutterwave_records import STATUSES
from tests.payments.contract import REFERENCE
from tests.payments.events_contract import EventContract, News
from tests.payments.flutterwave_speech import (
    BUSY,
    HASH,
    NO_TRANSACTION,
    SECRET,
    USED,
    WRONG_KEY,
    error,
    event,
    flutterwave,
    good,
    refund_event,
    transaction,
    transfer,
)
from tests.payments.provider_contract import ProviderContract, an_order, kes
from tests.payments.servers import Heard, Reply, nobody, scripted


class Flutterwaves:
    """What all its suites share."""

    secret = SECRET

    def provider(self, base_url: str, breaker: Breaker | None = None) -> Provider:
        return flutterwave(base_url, breaker)

    def busy(self) -> Reply:
        return BUSY

    def wrong_key(self) -> Reply:
        return WRONG_KEY

    def signed(self, body: bytes) -> dict[str, str]:
        return {"verif-hash": HASH}


class TestFlutterwave(Flutterwaves, ProviderContract):
    currencies = tuple(LIMITS)
    statuses: ClassVar = STATUSES
    bends = (
        Money(10_000_000, "NGN"),  # here the fee reaches its cap of NGN 2,000, which with tax is 2,150
        Money(52, "XOF"),
        Money(100, "GHS"),
    )

    def page(self, url: str, reference: str) -> Reply:
        return good({"link": url}, message="Hosted Link")

    def duplicate(self) -> Reply:
        return USED

    def refusal(self) -> Reply:
        return error(400, "email must be a valid email")

    def unknown_reference(self) -> Reply:
        return NO_TRANSACTION

    def report(self, status: str, reference: str, paid: Money, fee: Money) -> Reply:
        return good(transaction(status, reference, paid, fee))

    def reversed_report(self, reference: str, paid: Money, fee: Money) -> Reply:
        return good(transaction("reversed", reference, paid, fee))

    def standing_report(self, reference: str, paid: Money, fee: Money, number: str) -> Reply | None:
        return None

    def check_page_request(self, heard: Heard, order: CheckoutOrder) -> None:
        assert (heard.method, heard.path) == ("POST", "/payments")
        assert heard.headers["authorization"] == f"Bearer {SECRET}"
        assert heard.json == {
            "tx_ref": order.reference,
            "amount": int(order.gross.major),
            "currency": order.gross.currency,
            "redirect_url": order.return_url,
            "payment_options": PAYMENT_OPTIONS[order.gross.currency],
            "customer": {"email": order.payer_email},
            "customizations": {"title": order.label},
        }

    def check_verify_request(self, heard: Heard, reference: str) -> None:
        assert (heard.method, heard.route, heard.body) == ("GET", "/transactions/verify_by_reference", b"")
        assert heard.query == {"tx_ref": reference}
        assert heard.headers["authorization"] == f"Bearer {SECRET}"


class TestFlutterwaveEvents(Flutterwaves, EventContract):
    signature_covers_body = False

    def news(self, reference: str) -> tuple[News, ...]:
        paid = transaction("successful", reference, kes("508"), kes("14.74"))
        failed = transaction("failed", reference, kes("508"))
        sent, lost = (transfer(status, reference, kes("5000"), kes("40")) for status in ("SUCCESSFUL", "FAILED"))
        chargeback = {"id": 2221, "amount": 508, "status": "initiated", "stage": "new", "tx_ref": reference}
        of_refund = {"id": 88001, "tx_ref": reference, "AmountRefunded": 508, "status": "completed-momo"}
        return (
            News(
                event("charge.completed", paid), "charge.completed", "collection", "5200000001", announces_success=True
            ),
            News(event("charge.completed", failed), "charge.completed", "collection", "5200000001"),
            News(event("transfer.completed", sent), "transfer.completed", "payout", "396432", announces_success=True),
            News(event("transfer.completed", lost), "transfer.completed", "payout", "396432"),
            News(json.dumps({"event.type": "Transfer", "transfer": lost}).encode(), "Transfer", "payout", "396432"),
            News(event("refund.completed", of_refund), "refund.completed", "refund", "88001"),
            News(refund_event(89074, "completed"), "refund", "refund", "89074", names=False),
            News(event("chargeback.initiated", chargeback), "chargeback.initiated", "dispute", "2221"),
            News(json.dumps(chargeback | {"due_date": "2026-03-16"}).encode(), "dispute", "dispute", "2221"),
            News(
                json.dumps({"id": 12, "txRef": reference, "status": "successful", "event.type": "MPESA"}).encode(),
                "MPESA",
                "collection",
                "12",
                announces_success=True,
            ),
        )


def test_an_account_without_a_secret_hash_believes_no_webhook() -> None:
    body = event("charge.completed", transaction("successful", REFERENCE, kes("508")))
    for shown in ("", HASH):
        with pytest.raises(BadSignature):
            flutterwave(nobody(), secret_hash="").read_event(body, {"verif-hash": shown})


def test_a_made_up_webhook_does_not_stand_in_the_way_of_the_real_one() -> None:
    provider, real = flutterwave(nobody()), transaction("successful", REFERENCE, kes("508"))
    key = provider.read_event(event("charge.completed", real), {"verif-hash": HASH}).key
    for change in ({"id": 1}, {"status": "failed"}, {"amount": 1}, {"currency": "UGX"}, {"tx_ref": "gw-18"}):
        made_up = event("charge.completed", real | change)
        assert provider.read_event(made_up, {"verif-hash": HASH}).key != key
    same = json.dumps({"data": real, "event": "charge.completed"}, indent=1).encode()
    assert provider.read_event(same, {"verif-hash": HASH}).key == key


QUOTES = [
    # amount, gross, fee: by hand from the rates of flutterwave_fees
    (Money(500_000, "KES"), 515_000, 14_935),  # 5,149.33 would cover it; M-PESA sends whole shillings
    (Money(100_000, "NGN"), 102_198, 2_198),  # 2 % and 7.5 % tax on it
    (Money(9_785_000, "NGN"), 10_000_000, 215_000),  # the cap
    (Money(50_000_000, "NGN"), 50_215_000, 215_000),
    (Money(10_000, "UGX"), 10_310, 310),  # whole shillings only
    (Money(1_000, "XOF"), 1_026, 26),
    (Money(10_000, "GHS"), 10_257, 257),
]


@pytest.mark.parametrize(("amount", "gross", "fee"), QUOTES, ids=lambda value: str(value))
def test_the_fee_is_the_published_one(amount: Money, gross: int, fee: int) -> None:
    quoted = quote(flutterwave(nobody()), amount, payer_bears_fee=True)
    assert (quoted.gross.amount_minor, quoted.fee.amount_minor) == (gross, fee)


def test_a_fee_in_a_currency_without_a_price_is_none() -> None:
    with pytest.raises(UnsupportedCurrency):
        flutterwave(nobody()).fee(Money(100, "EUR"))


def test_on_the_wire_amounts_are_major_units_and_not_a_cent_is_rounded() -> None:
    with scripted(good({"link": "https://pay.example"})) as server:
        provider = flutterwave(server.url)
        for money, wire in (
            (Money(7_615, "GHS"), "76.15"),
            (Money(123_456_789_012_345, "NGN"), "1234567890123.45"),
            (Money(10, "GHS"), "0.1"),
            (Money(508_00, "KES"), "508"),
            (Money(1_500, "UGX"), "1500"),
        ):
            provider.open_checkout(an_order(gross=money))
            assert f'"amount": {wire},' in server.heard[-1].body.decode()


@given(
    minor=st.integers(1, 10**13),
    currency=st.sampled_from(tuple(LIMITS)),
)
def test_what_goes_out_comes_back_the_same_to_the_last_minor_unit(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    wire = json.dumps(to_wire(money))
    assert Decimal(wire) == money.major
    assert from_wire(json.loads(wire), currency) == from_wire(wire, currency) == money


def test_an_amount_that_json_cannot_hold_is_not_bent_into_shape() -> None:
    with pytest.raises(MoneyError):
        to_wire(Money(9_007_199_254_740_993_01, "NGN"))


def test_every_currency_has_all_that_belongs_to_it() -> None:
    assert set(LIMITS) == set(PAYMENT_OPTIONS) == set(RATES) == set(METHODS)


def settled(amount: str, **fields: Any) -> Reply:
    return good(transaction("successful", REFERENCE, Money(int(amount) * 100, "NGN")) | fields)


FEES = [
    # The samples of the documentation, and what a payer who bears the fee makes of them.
    ({"app_fee": 35, "charged_amount": 2500, "amount_settled": 2462.37}, 3_763),
    ({"app_fee": 35, "charged_amount": 2500, "amount_settled": None}, 3_500),
    ({"app_fee": 35, "charged_amount": 2500, "amount_settled": 0}, 3_500),
    ({"app_fee": 35, "charged_amount": 2535, "amount_settled": 2500}, 0),
    ({"app_fee": 35, "charged_amount": 2535, "amount_settled": None}, 0),
    ({"app_fee": 35, "merchant_fee": 10, "charged_amount": 2535, "amount_settled": None}, 1_000),
    ({"app_fee": 35.001, "charged_amount": 2500, "amount_settled": None}, 3_501),
    ({"app_fee": 35, "charged_amount": 2500, "amount_settled": 9999}, 3_500),
    ({"app_fee": "35.00", "charged_amount": "2500.00", "amount_settled": "2462.37"}, 3_763),
    ({"app_fee": None, "charged_amount": None, "amount_settled": None}, 0),
]


@pytest.mark.parametrize(("fields", "fee_minor"), FEES)
def test_the_fee_is_what_we_do_not_get(fields: dict[str, Any], fee_minor: int) -> None:
    with scripted(settled("2500", **fields)) as server:
        verification = flutterwave(server.url).verify(REFERENCE)
    assert (verification.paid, verification.fee) == (Money(250_000, "NGN"), Money(fee_minor, "NGN"))


def test_a_payer_who_bears_the_fee_has_paid_what_was_asked_for_and_no_more() -> None:
    with scripted(settled("2500", charged_amount=2535, app_fee=35, amount_settled=2500)) as server:
        assert flutterwave(server.url).verify(REFERENCE).paid == Money(250_000, "NGN")


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": 500.005},
        {"amount": "1e999999999"},
        {"amount": "five hundred"},
        {"amount": None},
        {"amount": True},
        {"currency": "Kenya shilling"},
        {"currency": None},
        {"app_fee": "much", "amount_settled": None},
        {"amount_settled": [1]},
    ],
)
def test_amounts_that_cannot_be_read_are_no_payment(fields: dict[str, Any]) -> None:
    with scripted(good(transaction("successful", REFERENCE, kes("508"), kes("14.74")) | fields)) as server:
        verification = flutterwave(server.url).verify(REFERENCE)
    assert (verification.outcome, verification.paid, verification.fee) == (Outcome.UNKNOWN, None, None)


def test_a_timeout_of_theirs_says_nothing() -> None:
    """HTTP 503 after 28 seconds: "A timeout does not always mean request failure"."""
    with scripted(error(503, "An error occurred. Please contact support")) as server:
        provider = flutterwave(server.url)
        assert provider.open_checkout(an_order()).outcome is Outcome.UNKNOWN
        assert provider.verify(REFERENCE).outcome is Outcome.UNKNOWN


def test_an_envelope_that_says_neither_success_nor_error_says_nothing() -> None:
    for body in ({"message": "Endpoint request timed out"}, {"status": "ok", "data": {}}, {"status": "success"}):
        with scripted(Reply(body)) as server:
            assert flutterwave(server.url).verify(REFERENCE).outcome is Outcome.UNKNOWN
