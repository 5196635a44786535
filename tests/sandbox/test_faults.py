"""Faults on order: the next calls fail in the chosen way, and only those."""

import time

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from sandbox.config import SandboxConfig
from tests.sandbox.actors import Driver, Paystack, twilio_client


def test_refuse_closes_the_connection_before_any_work(paystack: Paystack, driver: Driver) -> None:
    driver.orders_fault("paystack", "refuse")
    with pytest.raises(requests.ConnectionError):
        paystack.initialize(reference="gw-1")
    assert paystack.get("/transaction/verify/gw-1").status_code == 404


def test_http_500_does_no_work(paystack: Paystack, driver: Driver) -> None:
    driver.orders_fault("paystack", "http_500", count=2)
    assert [paystack.initialize(reference="gw-1").status_code for _ in range(3)] == [500, 500, 200]


def test_timeout_does_the_work_and_holds_the_answer(paystack: Paystack, driver: Driver) -> None:
    driver.orders_fault("paystack", "timeout")
    with pytest.raises(requests.ReadTimeout):
        paystack.initialize(reference="gw-1", timeout=0.3)
    assert paystack.verifies("gw-1")["status"] == "abandoned"


def test_slow_is_only_late(paystack: Paystack, driver: Driver) -> None:
    driver.orders_fault("paystack", "slow", seconds=0.3)
    before = time.monotonic()
    assert paystack.initialize(reference="gw-1").status_code == 200
    assert time.monotonic() - before >= 0.3


def test_a_path_limits_the_fault(paystack: Paystack, driver: Driver) -> None:
    driver.orders_fault("paystack", "http_500", count=None, path="/transaction/verify")
    assert paystack.initialize(reference="gw-1").status_code == 200
    assert [paystack.get("/transaction/verify/gw-1").status_code for _ in range(3)] == [500] * 3
    driver.orders_fault("paystack", "none")
    assert paystack.get("/transaction/verify/gw-1").status_code == 200


def test_a_payer_is_not_hit_by_the_fault_of_the_api(paystack: Paystack, driver: Driver) -> None:
    url = paystack.opens("gw-1")["authorization_url"]
    driver.orders_fault("paystack", "http_500")
    assert requests.get(url, timeout=5).status_code == 200
    assert paystack.get("/balance").status_code == 500


def test_a_call_can_ask_for_its_own_fault(paystack: Paystack, driver: Driver) -> None:
    def asks(fault: str, timeout: float = 5.0) -> requests.Response:
        headers = {**paystack.headers, "X-Sandbox-Fault": fault}
        return requests.get(f"{paystack.base_url}/balance", headers=headers, timeout=timeout)

    assert asks("http_500").status_code == 500
    assert paystack.get("/balance").status_code == 200
    with pytest.raises(requests.ConnectionError):
        asks("refuse")
    with pytest.raises(requests.ReadTimeout):
        asks("timeout;1", timeout=0.2)
    assert asks("slow; 0.1").status_code == 200
    assert asks("flood").status_code == asks("slow;long").status_code == asks("slow;9999").status_code == 400
    assert driver.get("/sandbox/faults") == {"faults": []}


def test_flutterwave_fails_on_its_own(paystack: Paystack, driver: Driver, config: SandboxConfig) -> None:
    driver.orders_fault("flutterwave", "http_500", path="/transfers")
    assert paystack.get("/balance").status_code == 200
    assert requests.get(f"{config.public_url}/flutterwave/v3/balances/KES", timeout=5).status_code != 500
    assert requests.get(f"{config.public_url}/flutterwave/v3/transfers", timeout=5).status_code == 500


def test_twilio_fails_on_its_own(paystack: Paystack, driver: Driver, config: SandboxConfig) -> None:
    driver.orders_fault("twilio", "http_500")
    assert paystack.get("/balance").status_code == 200
    with pytest.raises(TwilioRestException) as caught:
        twilio_client(config).messages.create(to="+254712345678", from_=config.twilio_sms_number, body="x")
    assert caught.value.status == 500


def test_an_unknown_fault_is_refused(driver: Driver) -> None:
    driver.post("/sandbox/faults", {"target": "bank", "kind": "refuse"}, 400)
    driver.post("/sandbox/faults", {"target": "paystack", "kind": "flood"}, 400)
    driver.post("/sandbox/faults", {"target": "paystack", "kind": "refuse", "count": 0}, 400)
    driver.post("/sandbox/faults", {"target": "paystack", "kind": "slow", "seconds": 121}, 400)
    driver.post("/sandbox/faults", {"target": "paystack", "kind": "late_webhooks", "seconds": -1}, 400)
    driver.post("/sandbox/faults", {"target": "paystack", "kind": "slow", "path": 5}, 400)
    assert driver.get("/sandbox/faults") == {"faults": []}
