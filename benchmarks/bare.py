"""The least that a Twilio webhook in Flask can do: check the signature and answer nothing. The limit for messages."""

from flask import Flask, Response, request
from twilio.request_validator import RequestValidator

from core.settings import settings


def create_app() -> Flask:
    """Started by the same server command as the product, on another port, for the same public address."""
    app = Flask("bare", static_folder=None)
    validator = RequestValidator(settings().twilio_auth_token.get_secret_value())
    base_url = settings().public_base_url

    def message() -> Response | tuple[str, int]:
        signature = request.headers.get("X-Twilio-Signature", "")
        if not validator.validate(base_url + request.path, request.form, signature):
            return "", 403
        return Response("<Response/>", mimetype="text/xml")

    app.add_url_rule("/webhooks/twilio/messages", "message", message, methods=["POST"])
    app.add_url_rule("/healthz", "healthz", lambda: ("ok", 200))
    return app
