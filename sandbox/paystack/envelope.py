"""The envelope of every Paystack answer, and the errors it carries."""

from typing import Any

from flask import Response, jsonify


class PaystackError(Exception):
    """A call that Paystack turns down."""

    def __init__(self, status: int, code: str, message: str, next_step: str, kind: str = "validation_error") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.next_step = next_step
        self.kind = kind


def answer(message: str, data: Any, meta: dict[str, Any] | None = None) -> Response:
    body = {"status": True, "message": message, "data": data}
    return jsonify(body if meta is None else {**body, "meta": meta})


def error_answer(error: PaystackError) -> Response:
    response = jsonify(
        status=False, message=str(error), meta={"nextStep": error.next_step}, type=error.kind, code=error.code
    )
    response.status_code = error.status
    return response


def invalid(code: str, message: str, next_step: str) -> PaystackError:
    return PaystackError(400, code, message, next_step)


def unknown_reference() -> PaystackError:
    return PaystackError(
        404,
        "transaction_not_found",
        "Transaction reference not found.",
        "Ensure that you're passing a valid transaction reference",
    )
