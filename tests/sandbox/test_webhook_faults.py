"""Events that go wrong on order: three times, late, out of order, forged; of each provider on its own."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import text

from sandbox.config import SandboxConfig
from sandbox.serve import SandboxServer
from sandbox.store import SCHEMA, Store, Webhook
from sandbox.webhooks import signature_of
from tests.sandbox.actors import Driver, Paystack
from tests.sandbox.product import Heard, RecordingProduct, eventually

PATH = "/webhooks/payment/paystack"
SETTLE_SECONDS = 0.3


def pays(paystack: Paystack, driver: Driver, *references: str) -> None:
    for reference in references:
        paystack.opens(reference)
        driver.post(f"/sandbox/payments/{reference}/pay")


def calls(product: RecordingProduct, count: int) -> list[Heard]:
    """The calls, when there are as many and no more come."""
    eventually(lambda: len(product.of(PATH)) >= count)
    eventually(lambda: len(product.of(PATH)) > count, timeout_seconds=SETTLE_SECONDS)
    return product.of(PATH)


def references(heard: list[Heard]) -> list[str]:
    return [json.loads(call.body)["data"]["reference"] for call in heard]


def test_an_event_is_delivered_three_times(paystack: Paystack, driver: Driver, product: RecordingProduct) -> None:
    driver.orders_fault("paystack", "duplicate_webhooks")
    pays(paystack, driver, "gw-1", "gw-2")
    assert references(calls(product, 4)) == ["gw-1", "gw-1", "gw-1", "gw-2"]


def test_an_event_is_late_by_the_clock(paystack: Paystack, driver: Driver, product: RecordingProduct) -> None:
    driver.orders_fault("paystack", "late_webhooks", seconds=86_400)
    pays(paystack, driver, "gw-1", "gw-2")
    assert references(calls(product, 1)) == ["gw-2"]
    driver.post("/sandbox/clock", {"forward": "23h"})
    assert references(calls(product, 1)) == ["gw-2"]
    driver.post("/sandbox/clock", {"forward": "2h"})
    assert references(calls(product, 2)) == ["gw-2", "gw-1"]


def test_two_events_change_places(paystack: Paystack, driver: Driver, product: RecordingProduct) -> None:
    driver.orders_fault("paystack", "shuffle_webhooks", count=2)
    pays(paystack, driver, "gw-1", "gw-2", "gw-3", "gw-4", "gw-5")
    assert references(calls(product, 5)) == ["gw-2", "gw-1", "gw-4", "gw-3", "gw-5"]


def test_an_event_that_waits_for_another_waits_no_longer_than_a_minute(
    paystack: Paystack, driver: Driver, product: RecordingProduct
) -> None:
    driver.orders_fault("paystack", "shuffle_webhooks")
    pays(paystack, driver, "gw-1")
    assert calls(product, 0) == []
    driver.post("/sandbox/clock", {"forward": "61s"})
    assert references(calls(product, 1)) == ["gw-1"]


def test_a_forged_event_comes_before_the_true_one(
    paystack: Paystack, driver: Driver, product: RecordingProduct, config: SandboxConfig
) -> None:
    driver.orders_fault("paystack", "forge_webhooks")
    product.statuses = [403]
    pays(paystack, driver, "gw-1")
    forged, true = calls(product, 2)
    signatures = [
        next(value for name, value in call.headers.items() if name.lower() == "x-paystack-signature")
        for call in (forged, true)
    ]
    right = [signature_of(call.body, config.paystack_secret_key) for call in (forged, true)]
    assert signatures[0] != right[0] and signatures[1] == right[1]
    assert [json.loads(call.body)["data"]["amount"] for call in (forged, true)] == [1_000_000, 500_000]
    assert driver.webhook_errors() == []


def test_a_forged_event_that_is_accepted_is_shown(
    paystack: Paystack, driver: Driver, product: RecordingProduct
) -> None:
    driver.orders_fault("paystack", "forge_webhooks")
    pays(paystack, driver, "gw-1")
    assert len(calls(product, 2)) == 2
    assert [error["error"] for error in driver.webhook_errors()] == ["a forged event was accepted"]


def test_a_fault_of_one_provider_leaves_the_other_alone(
    paystack: Paystack, driver: Driver, product: RecordingProduct
) -> None:
    driver.orders_fault("flutterwave", "lose_webhooks", count=None)
    pays(paystack, driver, "gw-1")
    assert references(calls(product, 1)) == ["gw-1"]


def test_flutterwave_repeats_the_secret_and_signs_nothing(
    driver: Driver, product: RecordingProduct, config: SandboxConfig
) -> None:
    store = Store(config.database_url)
    now = datetime.now(UTC)
    row = Webhook(provider="flutterwave", reference="gw-1", body="{}", created_at=now, next_attempt_at=now)
    row.state = "pending"
    with store.begin() as session:
        session.add(row)
    store.dispose()
    [call] = eventually(lambda: product.of("/webhooks/payment/flutterwave"))
    headers = {name.lower(): value for name, value in call.headers.items()}
    assert headers["verif-hash"] == config.flutterwave_secret_hash
    assert "x-paystack-signature" not in headers


def test_a_database_of_an_older_sandbox_gets_what_it_lacks(
    start_sandbox: Callable[..., SandboxServer], config: SandboxConfig
) -> None:
    first = start_sandbox()
    paystack, driver = Paystack(config), Driver(config)
    pays(paystack, driver, "gw-1")
    balance = paystack.balance()
    first.stop()
    store = Store(config.database_url)
    with store.begin() as session:
        session.execute(text(f"ALTER TABLE {SCHEMA}.webhooks DROP COLUMN provider, DROP COLUMN fault"))
        session.execute(text(f"ALTER TABLE {SCHEMA}.payments DROP COLUMN kind, DROP COLUMN told, DROP COLUMN due_at"))
        session.execute(text(f"DELETE FROM {SCHEMA}.ledger"))
    store.dispose()
    start_sandbox()
    assert (paystack.verifies("gw-1")["status"], paystack.balance()) == ("success", balance)
    pays(paystack, driver, "gw-2")
    assert paystack.balance() == balance + 492_500
