"""Paystack's events: signed over their bytes, sent until they are taken, and never lost by a restart."""

import hashlib
import hmac
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sandbox.config import SandboxConfig
from sandbox.serve import SandboxServer
from tests.sandbox.actors import Driver, Paystack, free_port
from tests.sandbox.product import Heard, RecordingProduct, eventually

PATH = "/webhooks/payment/paystack"


def events(product: RecordingProduct, count: int) -> list[Heard]:
    eventually(lambda: len(product.of(PATH)) >= count)
    return product.of(PATH)


def test_a_payment_is_told_with_a_signature_over_the_bytes(
    paystack: Paystack, driver: Driver, product: RecordingProduct, config: SandboxConfig
) -> None:
    paystack.opens("gw-1", metadata={"member": "Áma ₦"})
    driver.post("/sandbox/payments/gw-1/pay")
    [call] = events(product, 1)
    digest = hmac.new(config.paystack_secret_key.encode(), call.body, hashlib.sha512).hexdigest()
    headers = {name.lower(): value for name, value in call.headers.items()}
    assert headers["x-paystack-signature"] == digest
    assert headers["content-type"] == "application/json"
    event = json.loads(call.body)
    verified = paystack.verifies("gw-1")
    assert event["event"] == "charge.success"
    for key in ("id", "status", "reference", "amount", "currency", "fees", "paid_at", "metadata", "customer"):
        assert event["data"][key] == verified[key], key


def test_a_declined_or_abandoned_payment_tells_nothing(
    paystack: Paystack, driver: Driver, product: RecordingProduct
) -> None:
    for reference, action in (("gw-1", "decline"), ("gw-2", "abandon"), ("gw-3", "pay")):
        paystack.opens(reference)
        driver.post(f"/sandbox/payments/{reference}/{action}")
    assert [json.loads(call.body)["data"]["reference"] for call in events(product, 1)] == ["gw-3"]


def test_an_event_that_is_refused_comes_again_with_the_same_bytes(
    paystack: Paystack, driver: Driver, product: RecordingProduct
) -> None:
    product.statuses = [500, 404]
    paystack.opens("gw-1")
    driver.post("/sandbox/payments/gw-1/pay")
    calls = events(product, 3)
    assert len(calls) == 3 and len({call.body for call in calls}) == 1
    assert {error["status"] for error in driver.webhook_errors()} == {500, 404}


def test_after_five_attempts_an_hour_passes_and_after_three_days_it_ends(
    paystack: Paystack, driver: Driver, product: RecordingProduct
) -> None:
    product.statuses = [500] * 50
    paystack.opens("gw-1")
    driver.post("/sandbox/payments/gw-1/pay")
    assert len(events(product, 5)) == 5
    driver.post("/sandbox/clock", {"forward": "59m"})
    eventually(lambda: len(product.of(PATH)) > 5, timeout_seconds=0.15)
    assert len(product.of(PATH)) == 5
    driver.post("/sandbox/clock", {"forward": "2m"})
    assert len(events(product, 6)) == 6
    driver.post("/sandbox/clock", {"forward": "72h"})
    assert len(events(product, 7)) == 7
    driver.post("/sandbox/clock", {"forward": "2h"})
    eventually(lambda: len(product.of(PATH)) > 7, timeout_seconds=0.15)
    assert len(product.of(PATH)) == 7


def test_an_event_can_be_sent_twice(paystack: Paystack, driver: Driver, product: RecordingProduct) -> None:
    paystack.opens("gw-1")
    driver.post("/sandbox/webhooks/gw-1/resend", status=409)
    driver.post("/sandbox/payments/gw-1/pay")
    driver.post("/sandbox/webhooks/gw-1/resend", status=202)
    first, second = events(product, 2)
    assert first.body == second.body
    driver.post("/sandbox/webhooks/none/resend", status=404)


def test_two_clicks_at_once_are_one_payment_and_one_event(
    paystack: Paystack, driver: Driver, product: RecordingProduct
) -> None:
    paystack.opens("gw-1")
    with ThreadPoolExecutor(8) as clicks:
        answers = list(clicks.map(lambda _: driver.post("/sandbox/payments/gw-1/pay")["status"], range(8)))
    assert answers == ["success"] * 8
    paystack.opens("gw-2")
    driver.post("/sandbox/payments/gw-2/pay")
    assert [json.loads(call.body)["data"]["reference"] for call in events(product, 2)] == ["gw-1", "gw-2"]


def test_a_lost_event_is_never_sent(paystack: Paystack, driver: Driver, product: RecordingProduct) -> None:
    driver.orders_fault("paystack", "lose_webhooks", count=1)
    for reference in ("gw-1", "gw-2"):
        paystack.opens(reference)
        driver.post(f"/sandbox/payments/{reference}/pay")
    [call] = events(product, 1)
    assert json.loads(call.body)["data"]["reference"] == "gw-2"


def test_a_restart_of_both_loses_no_event(
    start_sandbox: Callable[..., SandboxServer], config: SandboxConfig, product: RecordingProduct
) -> None:
    driver = Driver(config)
    nobody = f"http://127.0.0.1:{free_port()}"
    first = start_sandbox(product_url=nobody)
    paystack = Paystack(config)
    paystack.opens("gw-1")
    driver.post("/sandbox/payments/gw-1/pay")
    assert eventually(lambda: [error["status"] for error in driver.webhook_errors()])[0] is None
    first.stop()
    start_sandbox()
    assert len(events(product, 1)) == 1
    assert paystack.verifies("gw-1")["status"] == "success"


@pytest.mark.parametrize("jump", ["1s", "3d"])
def test_a_clock_that_is_set_back_strands_nothing(
    jump: str, paystack: Paystack, driver: Driver, product: RecordingProduct
) -> None:
    answer: dict[str, Any] = driver.post("/sandbox/clock", {"forward": jump})
    assert answer["offset_seconds"] > 0
    product.statuses = [500]
    paystack.opens("gw-1")
    driver.post("/sandbox/payments/gw-1/pay")
    events(product, 1)
    driver.post("/sandbox/clock", {"reset": True})
    assert len(events(product, 2)) == 2
