"""Reading what the JSON API was sent, and its one way to say that something is wrong."""

from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify, request


class ApiError(Exception):
    """A request that cannot be served; the message is one clear sentence for its sender."""

    def __init__(self, status: int, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.details = details or {}


def error_answer(error: ApiError) -> Response:
    response = jsonify(error=str(error), **error.details)
    response.status_code = error.status
    return response


def json_body() -> dict[str, Any]:
    if not request.get_data(cache=True):
        return {}
    body = request.get_json(silent=True, force=True)
    if not isinstance(body, dict):
        raise ApiError(400, "The body must be a JSON object.")
    return body


def text_of(body: dict[str, Any], key: str) -> str | None:
    value = body.get(key)
    if value is not None and not isinstance(value, str):
        raise ApiError(400, f"'{key}' must be text.")
    return value


def whole_number_of(body: dict[str, Any], key: str, *, signed: bool = False) -> int | None:
    value = body.get(key)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise ApiError(400, f"'{key}' must be a whole number.")
    if value is not None and value < 0 and not signed:
        raise ApiError(400, f"'{key}' must be a whole number that is not negative.")
    return value
