"""The envelope of every Flutterwave answer, the key that every caller shows, and reading what was sent."""

import hmac
import json
from decimal import Decimal
from typing import Any

from flask import Response, jsonify, request

from sandbox.world import world


class FlutterwaveError(Exception):
    """A call that Flutterwave turns down; it has no error codes, only words."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def answer(message: str, data: Any = None, meta: dict[str, Any] | None = None, has_data: bool = True) -> Response:
    """`has_data` False leaves `data` out, as the answers to some charges do."""
    body: dict[str, Any] = {"status": "success", "message": message}
    if meta is not None:
        body["meta"] = meta
    if has_data:
        body["data"] = data
    return jsonify(body)


def error_answer(error: FlutterwaveError) -> Response:
    response = jsonify(status="error", message=str(error), data=None)
    response.status_code = error.status
    return response


def authenticate() -> None:
    """
    Raises:
        FlutterwaveError: 401, the secret key is missing or another one.
    """
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if not key:
        raise FlutterwaveError("Authorization required", 401)
    known = hmac.compare_digest(key.strip().encode(), world().config.flutterwave_secret_key.encode())
    if scheme.lower() != "bearer" or not known:
        raise FlutterwaveError("Invalid authorization key", 401)


def fields_sent() -> dict[str, Any]:
    """The JSON object of the body, its `amount` as the exact decimal that was written.

    Raises:
        FlutterwaveError: it is no JSON object.
    """
    text = request.get_data(as_text=True)
    try:
        asked, exact = json.loads(text), json.loads(text, parse_float=Decimal)
    except ValueError:
        asked = exact = None
    if not isinstance(asked, dict):
        raise FlutterwaveError("Invalid request body")
    return {**asked, "amount": exact.get("amount")}


def text_of(asked: dict[str, Any], name: str, most_chars: int = 100) -> str:
    """A field that must be there, as text; account numbers and phones may come as whole numbers.

    Raises:
        FlutterwaveError: it is missing, or too long.
    """
    found = optional_text(asked, name, most_chars)
    if not found:
        raise FlutterwaveError(f"{name} is required")
    return found


def optional_text(asked: dict[str, Any], name: str, most_chars: int = 100) -> str:
    value = asked.get(name)
    text = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if len(text) > most_chars:
        raise FlutterwaveError(f"{name} must be less than or equal to {most_chars} characters long")
    return text
