"""The product's own Paystack client and the stand-in understand each other, beyond the checkout and payouts."""

from datetime import UTC, datetime, timedelta

import pytest

from core.money import Money
from payments.provider import Outcome
from payments.provider_charges import ChargeOrder, StandingOrder
from payments.provider_records import RefundOrder
from payments.providers.paystack import Paystack as ProductPaystack
from sandbox.config import SandboxConfig
from tests.sandbox.actors import Driver, Paystack

EMAIL = "m1@members.test"


@pytest.fixture
def client(paystack: Paystack, config: SandboxConfig) -> ProductPaystack:
    return ProductPaystack(paystack.base_url, config.paystack_secret_key)


def order(number: int, currency: str, method: str, network: str | None = None, phone: str | None = None) -> ChargeOrder:
    reference = f"gw-000000000000{number:04d}"
    return ChargeOrder(reference, Money(50_700, currency), method, EMAIL, "Umoja", phone, network)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "action"),
    [
        (order(1, "KES", "mobile_money", "mpesa", "+254712345678"), "approve"),
        (order(2, "GHS", "mobile_money", "mtn", "+233241234567"), "approve"),
        (order(3, "GHS", "mobile_money", "telecel", "+233201234567"), "otp"),
        (order(4, "NGN", "ussd", "gtbank"), "dial"),
        (order(5, "NGN", "bank_transfer"), "transfer"),
    ],
)
def test_a_charge_is_started_and_paid(asked: ChargeOrder, action: str, client: ProductPaystack, driver: Driver) -> None:
    started = client.start_charge(asked)
    assert (started.outcome, started.action) == (Outcome.PENDING, action)
    assert client.verify(asked.reference).outcome is Outcome.PENDING
    if action == "otp":
        wrong = client.submit_otp(asked.reference, "000000")
        assert (wrong.outcome, wrong.action) == (Outcome.DECLINED, "otp")
        assert client.submit_otp(asked.reference, "123456").outcome is Outcome.SUCCEEDED
    elif started.account is not None:
        paying = {"account_number": started.account.number, "amount_minor": 50_700}
        driver.post("/sandbox/transfers-in", paying, 201)
    else:
        driver.post(f"/sandbox/payments/{asked.reference}/pay")
    found = client.verify(asked.reference)
    assert (found.outcome, found.paid) == (Outcome.SUCCEEDED, asked.gross)


@pytest.mark.parametrize(("currency", "phone"), [("NGN", "+2348031234567"), ("GHS", "+233201234567")])
def test_a_member_has_one_standing_account(currency: str, phone: str, client: ProductPaystack) -> None:
    wanted = StandingOrder(EMAIL, "Ngozi", "Okafor", phone, currency)
    first, again = client.open_standing_account(wanted), client.open_standing_account(wanted)
    assert first.outcome is Outcome.SUCCEEDED and first.account is not None and first.account == again.account


def test_everything_is_found_in_the_lists(client: ProductPaystack, paystack: Paystack, driver: Driver) -> None:
    for reference in ("gw-1", "gw-2"):
        paystack.opens(reference)
        driver.post(f"/sandbox/payments/{reference}/pay")
    refund = client.refund(RefundOrder("gw-1", Money(100_000, "KES"), "left the group"))
    assert refund.outcome is Outcome.PENDING
    dispute = driver.post("/sandbox/payments/gw-2/dispute", status=201)
    driver.post(f"/sandbox/disputes/{dispute['id']}/lose")
    driver.post("/sandbox/settle", {"currency": "KES"}, 201)

    now = datetime.now(UTC)
    day = (now - timedelta(hours=12), now + timedelta(hours=12))
    assert {record.reference for record in client.records("collection", *day).records} == {"gw-1", "gw-2"}
    [listed] = client.records("refund", *day).records
    assert (listed.reference, listed.amount, listed.outcome) == ("gw-1", Money(100_000, "KES"), Outcome.PENDING)
    [lost] = client.records("dispute", *day).records
    assert (lost.reference, lost.outcome) == ("gw-2", Outcome.DECLINED)
    [settlement] = client.settlements(*day).settlements
    assert len(client.settled(settlement.id, "KES").records) == 2
    assert len(client.refunds_of("gw-1").records) == 1
