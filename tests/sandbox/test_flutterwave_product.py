"""The product's own adapter against Flutterwave's stand-in: each understands the other to the last minor unit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.money import Money
from payments.provider import AccountDetails, AccountKind, CheckoutOrder, Outcome, PayoutOrder
from payments.provider_charges import ChargeAnswer, ChargeOrder, Method
from payments.provider_records import RefundOrder
from payments.providers.flutterwave import Flutterwave as ProductFlutterwave
from sandbox.config import SandboxConfig
from tests.sandbox.actors import Driver
from tests.sandbox.flutterwave import PHONE, RETURN_URL, Flutterwave, heard
from tests.sandbox.product import RecordingProduct

EMAIL = "m1@members.test"


@pytest.fixture
def config(config: SandboxConfig) -> SandboxConfig:
    return replace(config, transfer_seconds=0.05)


@pytest.fixture
def flutterwave(config: SandboxConfig, driver: Driver) -> Flutterwave:
    return Flutterwave(config, driver)


@pytest.fixture
def provider(config: SandboxConfig, flutterwave: Flutterwave) -> ProductFlutterwave:
    return ProductFlutterwave(
        f"{config.public_url}/flutterwave/v3", config.flutterwave_secret_key, config.flutterwave_secret_hash
    )


@pytest.mark.parametrize("currency", ["NGN", "GHS", "KES", "ZAR", "UGX", "RWF", "XOF", "XAF", "TZS", "ZMW", "USD"])
def test_a_checkout_is_paid_at_the_price_that_was_quoted(
    provider: ProductFlutterwave, flutterwave: Flutterwave, currency: str
) -> None:
    gross = Money(1_234_500, currency)
    order = CheckoutOrder("gw-0000000000000001", gross, EMAIL, RETURN_URL, "Umoja")
    opened = provider.open_checkout(order)
    assert opened.outcome is Outcome.SUCCEEDED and opened.url
    assert provider.open_checkout(order).outcome is Outcome.UNKNOWN
    unpaid = provider.verify(order.reference)
    assert (unpaid.outcome, unpaid.status) == (Outcome.PENDING, "not_found")
    flutterwave.pays(order.reference)
    paid = provider.verify(order.reference)
    assert (paid.outcome, paid.paid, paid.fee) == (Outcome.SUCCEEDED, gross, provider.fee(gross))


def test_a_payment_with_the_fee_on_top_is_what_was_asked_for(
    provider: ProductFlutterwave, flutterwave: Flutterwave
) -> None:
    flutterwave.opens("gw-1", currency="NGN")
    flutterwave.pays("gw-1", fee_on_top=True)
    paid = provider.verify("gw-1")
    assert (paid.paid, paid.fee) == (Money(500_000, "NGN"), Money(0, "NGN"))


def test_every_way_to_ask_for_money_is_understood(
    provider: ProductFlutterwave, flutterwave: Flutterwave, config: SandboxConfig
) -> None:
    def asks(number: int, currency: str, method: Method, **more: str) -> ChargeAnswer:
        return provider.start_charge(
            ChargeOrder(f"gw-{number}", Money(50_700, currency), method, EMAIL, "Umoja", **more)  # type: ignore[arg-type]
        )

    prompt = asks(1, "KES", "mobile_money", phone=PHONE, network="mpesa")
    assert (prompt.outcome, prompt.action, prompt.url) == (Outcome.PENDING, "approve", None)
    assert asks(1, "KES", "mobile_money", phone=PHONE, network="mpesa").outcome is Outcome.UNKNOWN
    dial = asks(2, "NGN", "ussd", network="gtbank")
    assert (dial.outcome, dial.action) == (Outcome.PENDING, "dial")
    assert dial.ussd_code and dial.ussd_code.startswith("*566*002*")
    transfer = asks(3, "NGN", "bank_transfer")
    assert (transfer.outcome, transfer.action) == (Outcome.PENDING, "transfer")
    assert transfer.account and (len(transfer.account.number), transfer.account.holder) == (10, "Umoja")
    visit = asks(4, "GHS", "mobile_money", phone="+233551234987", network="mtn")
    assert visit.action == "visit" and visit.url and visit.url.startswith(config.public_url)
    approve = asks(5, "TZS", "mobile_money", phone="+255744123456", network="vodacom")
    assert (approve.outcome, approve.action) == (Outcome.PENDING, "approve")
    for number in range(1, 6):
        assert provider.verify(f"gw-{number}").outcome is Outcome.PENDING
        flutterwave.pays(f"gw-{number}")
        assert provider.verify(f"gw-{number}").outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize(
    ("currency", "kind", "bank_code", "number"),
    [
        ("KES", "mobile_money", "MPS", PHONE),
        ("KES", "bank", "68", "1234567890"),
        ("NGN", "bank", "058", "0123456789"),
        ("GHS", "mobile_money", "MTN", "+233551234987"),
        ("UGX", "mobile_money", "MPS", "+256772123456"),
    ],
)
def test_a_payout_is_sent_once_and_ends_at_the_price_that_was_quoted(
    provider: ProductFlutterwave,
    flutterwave: Flutterwave,
    currency: str,
    kind: AccountKind,
    bank_code: str,
    number: str,
) -> None:
    account = AccountDetails(kind, bank_code, number, "Wanjiru Kamau", currency)
    amount = Money(1_250_000, currency)
    recipient = provider.recipient(account)
    order = PayoutOrder("gwp-0000000000000001", amount, str(recipient.code), "Umoja", account=account)
    assert provider.verify_payout(order.reference).status == "not_found"
    assert provider.send_payout(order).outcome is Outcome.PENDING
    flutterwave.becomes("SUCCESSFUL", order.reference)
    paid = provider.verify_payout(order.reference)
    assert (paid.outcome, paid.amount, paid.fee) == (
        Outcome.SUCCEEDED,
        amount,
        provider.payout_fee(amount, account.kind),
    )
    assert provider.send_payout(order).outcome is Outcome.UNKNOWN


def test_banks_and_holders_are_understood(provider: ProductFlutterwave) -> None:
    for currency in ("KES", "NGN", "GHS", "UGX"):
        assert {bank.kind for bank in provider.banks(currency).banks} == set(provider.account_kinds(currency))
    assert provider.holder("0123456789", "058").outcome is Outcome.SUCCEEDED
    assert provider.holder("0123450000", "058").outcome is Outcome.DECLINED


def test_what_is_written_down_is_read_to_the_last_line(
    provider: ProductFlutterwave, flutterwave: Flutterwave, driver: Driver, config: SandboxConfig
) -> None:
    for number in range(12):
        flutterwave.opens(f"gw-{number}")
        flutterwave.pays(f"gw-{number}")
    flutterwave.sends("gwp-1")
    flutterwave.becomes("SUCCESSFUL", "gwp-1")
    flutterwave.orders("refunds", "pending")
    asked = provider.refund(RefundOrder("gw-3", Money(100_050, "KES"), "twice"))
    assert asked.outcome is Outcome.PENDING
    driver.post(f"/sandbox/flutterwave/refunds/{asked.id}/complete")
    driver.post("/sandbox/flutterwave/transactions/gw-4/chargeback")
    driver.post("/sandbox/flutterwave/transactions/gw-5/reverse")
    reversed_ = provider.verify("gw-5")
    assert (reversed_.outcome, reversed_.status, reversed_.paid) == (Outcome.UNKNOWN, "reversed", Money(500_000, "KES"))
    now = datetime.now(UTC)
    day, found = timedelta(days=1), {}
    for kind in ("collection", "payout", "refund", "dispute"):
        answer = provider.records(kind, now - day, now + day, "KES")
        assert answer.outcome is Outcome.SUCCEEDED, answer.detail
        found[kind] = answer.records
    assert {record.reference for record in found["collection"]} == {f"gw-{number}" for number in range(12)}
    assert [record.outcome for record in found["collection"]].count(Outcome.SUCCEEDED) == 11
    assert [(record.reference, record.outcome) for record in found["payout"]] == [("gwp-1", Outcome.SUCCEEDED)]
    assert found["refund"] == provider.refunds_of("gw-3").records
    assert [(record.amount, record.outcome) for record in found["refund"]] == [
        (Money(100_050, "KES"), Outcome.SUCCEEDED)
    ]
    assert [(record.reference, record.outcome) for record in found["dispute"]] == [("gw-4", Outcome.PENDING)]
    [settlement] = provider.settlements(now - day, now + 3 * day).settlements
    assert (settlement.total, settlement.fees) == (Money(11 * 500_000, "KES"), Money(11 * 14_500, "KES"))
    assert len(provider.settled(settlement.id, "KES").records) == 11
    balances = {balance.currency: balance.amount_minor for balance in provider.balances().balances}
    kept = 11 * (500_000 - 14_500) - (500_000 + 4_000) - 100_050 - 500_000
    assert balances["KES"] == config.flutterwave_float * 100 + kept


def test_every_event_is_understood(
    provider: ProductFlutterwave, flutterwave: Flutterwave, product: RecordingProduct, driver: Driver
) -> None:
    flutterwave.charges("mpesa", "gw-1")
    number = flutterwave.pays("gw-1")["id"]
    flutterwave.sends("gwp-1")
    flutterwave.becomes("SUCCESSFUL", "gwp-1")
    flutterwave.orders("refunds", "pending")
    refund = flutterwave.post(f"/transactions/{number}/refund", {"amount": 5})["data"]["id"]
    driver.post(f"/sandbox/flutterwave/refunds/{refund}/complete")
    read = [
        provider.read_event(call.body, {name.lower(): value for name, value in call.headers.items()})
        for call in heard(product, 3)
    ]
    assert [(event.about, event.reference) for event in read] == [
        ("collection", "gw-1"),
        ("payout", "gwp-1"),
        ("refund", "gw-1"),
    ]
    assert [event.announces_success for event in read] == [True, True, False]
