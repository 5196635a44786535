"""Clients of Flutterwave's stand-in: one that shows the secret key, and what the product heard of it."""

import json
from typing import Any

import requests

from sandbox.config import SandboxConfig
from tests.sandbox.actors import Driver
from tests.sandbox.product import Heard, RecordingProduct, eventually

EVENTS_PATH = "/webhooks/payment/flutterwave"
RETURN_URL = "http://product.test/p/abc?lang=en"
PHONE = "+254712345678"
WALLET = {"account_bank": "MPS", "account_number": "254712345678", "beneficiary_name": "Wanjiru Kamau"}
GTBANK = {"account_bank": "058", "account_number": "8031234567"}


class Flutterwave:
    def __init__(self, config: SandboxConfig, driver: Driver) -> None:
        self.base_url = f"{config.public_url}/flutterwave/v3"
        self.headers = {"Authorization": f"Bearer {config.flutterwave_secret_key}"}
        self.driver = driver

    def get(self, path: str, status: int = 200) -> Any:
        response = requests.get(f"{self.base_url}{path}", headers=self.headers, timeout=5)
        assert response.status_code == status, response.text
        return response.json()

    def post(self, path: str, body: Any, status: int = 200, timeout: float = 5.0) -> Any:
        url = f"{self.base_url}{path}"
        response = requests.post(url, json=body, headers=self.headers, timeout=timeout)
        assert response.status_code == status, response.text
        return response.json()

    def opens(self, tx_ref: str, status: int = 200, **fields: Any) -> Any:
        """A hosted checkout."""
        asked = {
            "tx_ref": tx_ref,
            "amount": 5000,
            "currency": "KES",
            "redirect_url": RETURN_URL,
            "customer": {"email": "m1@members.test", "name": "Member one"},
            "customizations": {"title": "Umoja"},
            **fields,
        }
        return self.post("/payments", asked, status)

    def link(self, tx_ref: str, **fields: Any) -> str:
        return str(self.opens(tx_ref, **fields)["data"]["link"])

    def charges(self, type_: str, tx_ref: str, status: int = 200, **fields: Any) -> Any:
        asked = {
            "tx_ref": tx_ref,
            "amount": 507,
            "email": "m1@members.test",
            "phone_number": "254712345678",
            "fullname": "Member one",
            **fields,
        }
        return self.post(f"/charges?type={type_}", asked, status)

    def verifies(self, tx_ref: str) -> dict[str, Any]:
        data: dict[str, Any] = self.get(f"/transactions/verify_by_reference?tx_ref={tx_ref}")["data"]
        return data

    def pays(self, tx_ref: str, **reported: Any) -> dict[str, Any]:
        """The payer approves; the transaction afterwards."""
        self.driver.post(f"/sandbox/flutterwave/transactions/{tx_ref}/pay", reported or None)
        return self.verifies(tx_ref)

    def sends(self, reference: str, status: int = 200, **fields: Any) -> Any:
        asked = {"amount": 5000, "currency": "KES", "reference": reference, "narration": "Umoja", **WALLET, **fields}
        return self.post("/transfers", asked, status)

    def transfer(self, reference: str) -> dict[str, Any]:
        [found] = self.get(f"/transfers?reference={reference}")["data"]
        return dict(found)

    def becomes(self, status: str, reference: str) -> dict[str, Any]:
        """The transfer as soon as it has this status."""
        eventually(lambda: self.transfer(reference)["status"] == status)
        found = self.transfer(reference)
        assert found["status"] == status, found
        return found

    def orders(self, kinds: str, outcome: str, **more: Any) -> None:
        self.driver.post(f"/sandbox/flutterwave/{kinds}/next", {"outcome": outcome, **more}, 201)

    def balance(self, currency: str = "KES") -> int | float:
        found: int | float = self.get(f"/balances/{currency}")["data"]["available_balance"]
        return found


def heard(product: RecordingProduct, count: int) -> list[Heard]:
    eventually(lambda: len(product.of(EVENTS_PATH)) >= count)
    return product.of(EVENTS_PATH)


def events(product: RecordingProduct, count: int) -> list[dict[str, Any]]:
    return [json.loads(call.body) for call in heard(product, count)]
