"""The two who call the sandbox: a driver that holds the phones, and the Twilio SDK led to the stand-in."""

import socket
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response as TwilioResponse
from twilio.rest import Client

from sandbox.config import SandboxConfig


class StandInHttpClient(TwilioHttpClient):  # type: ignore[misc]
    """The SDK's own client with the host of every address replaced, the way the product does it."""

    def __init__(self, base_url: str, timeout: float = 5.0) -> None:
        super().__init__(timeout=timeout)
        self._base = urlsplit(base_url)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> TwilioResponse:
        moved = urlsplit(url)._replace(scheme=self._base.scheme, netloc=self._base.netloc)
        return super().request(method, urlunsplit(moved), *args, **kwargs)


def twilio_client(config: SandboxConfig, auth_token: str | None = None, timeout: float = 5.0) -> Client:
    http_client = StandInHttpClient(config.public_url, timeout)
    return Client(config.twilio_account_sid, auth_token or config.twilio_auth_token, http_client=http_client)


class Driver:
    """The JSON API in a few verbs; each returns the parsed answer and insists on the expected status."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config

    def get(self, path: str, status: int = 200) -> Any:
        return self._checked(requests.get(f"{self.config.public_url}{path}", timeout=15), status)

    def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        return self._checked(requests.post(f"{self.config.public_url}{path}", json=body, timeout=15), status)

    def person(self, **given: str) -> dict[str, Any]:
        made: dict[str, Any] = self.post("/sandbox/people", given, 201)
        return made

    def sends(self, phone: str, text: str = "", channel: str = "sms", status: int = 200, **more: Any) -> Any:
        body = {"channel": channel, "text": text, **more}
        answer = self.post(f"/sandbox/phones/{phone}/messages", body, status)
        return answer["replies"] if status == 200 else answer

    def inbox(self, phone: str, query: str = "") -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.get(f"/sandbox/phones/{phone}/inbox{query}")["messages"]
        return messages

    def orders_fault(self, target: str, kind: str, count: int | None = 1, **more: Any) -> None:
        self.post("/sandbox/faults", {"target": target, "kind": kind, "count": count, **more}, 201)

    def webhook_errors(self) -> list[dict[str, Any]]:
        errors: list[dict[str, Any]] = self.get("/sandbox/state")["webhook_errors"]
        return errors

    def _checked(self, response: requests.Response, status: int) -> Any:
        assert response.status_code == status, response.text
        return response.json()


class Paystack:
    """A client of the stand-in's API with the secret key."""

    def __init__(self, config: SandboxConfig) -> None:
        self.base_url = f"{config.public_url}/paystack"
        self.headers = {"Authorization": f"Bearer {config.paystack_secret_key}"}

    def get(self, path: str, timeout: float = 5.0) -> requests.Response:
        return requests.get(f"{self.base_url}{path}", headers=self.headers, timeout=timeout)

    def post(self, path: str, body: Any, timeout: float = 5.0) -> requests.Response:
        return requests.post(f"{self.base_url}{path}", json=body, headers=self.headers, timeout=timeout)

    def gives(self, path: str, body: Any = None, status: int = 200) -> Any:
        """The `data` of an answer with this status; a body is posted."""
        response = self.get(path) if body is None else self.post(path, body)
        assert response.status_code == status, response.text
        return response.json().get("data")

    def refuses(self, path: str, body: Any, status: int = 400) -> str:
        """The code of an error with this status."""
        response = self.post(path, body)
        assert response.status_code == status, response.text
        return str(response.json()["code"])

    def balance(self, currency: str = "KES") -> int:
        return int(next(row["balance"] for row in self.gives("/balance") if row["currency"] == currency))

    def initialize(self, timeout: float = 5.0, **fields: Any) -> requests.Response:
        asked = {"email": "m1@members.test", "amount": 500_000, "currency": "KES", **fields}
        return requests.post(
            f"{self.base_url}/transaction/initialize", json=asked, headers=self.headers, timeout=timeout
        )

    def opens(self, reference: str, **fields: Any) -> dict[str, Any]:
        response = self.initialize(reference=reference, **fields)
        assert response.status_code == 200, response.text
        data: dict[str, Any] = response.json()["data"]
        return data

    def verifies(self, reference: str) -> dict[str, Any]:
        data: dict[str, Any] = self.get(f"/transaction/verify/{reference}").json()["data"]
        return data


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
