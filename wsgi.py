"""The composition root: settings, logging, blueprints, commands, and which error is which HTTP answer. Nothing else.

Started as `granian --interface wsgi --factory wsgi:create_app`.
"""

import click
from flask import Flask, Response, jsonify

import bot.errors
import bot.papers
import bot.webhooks
import ledger.cli
import ledger.quoting
import payments.cli
import payments.errors
import payments.pages
import payments.routing
import payments.webhooks
from core import cli, logs
from core.settings import settings

MAX_BODY_BYTES = 256 * 1024

HTTP_STATUS: dict[type[Exception], int] = {
    bot.errors.BadSignature: 403,
    bot.errors.UnreadableMessage: 400,
    payments.errors.BadSignature: 403,
}


def create_app() -> Flask:
    """The web application. Raises `SettingsError` naming every setting that is missing or contradictory.

    For a command of `flask --app wsgi` the settings are read by whatever needs them: a loan can be quoted without any.
    """
    if not _is_for_a_command():
        logs.configure(settings().log_level)
        payments.routing.check()
    app = Flask("groupwallet", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_BODY_BYTES
    app.register_blueprint(bot.webhooks.blueprint)
    app.register_blueprint(bot.papers.blueprint)
    app.register_blueprint(payments.webhooks.blueprint)
    app.register_blueprint(payments.pages.blueprint)
    app.add_url_rule("/healthz", "healthz", lambda: ("ok", 200))
    for error, status in HTTP_STATUS.items():
        app.register_error_handler(error, _answer(status))
    app.after_request(_harden)
    app.cli.add_command(cli.fields)
    app.cli.add_command(ledger.cli.ledger)
    app.cli.add_command(ledger.quoting.loan_quote)
    app.cli.add_command(payments.cli.payouts)
    app.cli.add_command(payments.cli.payments)
    return app


def _is_for_a_command() -> bool:
    context = click.get_current_context(silent=True)
    return context is not None and context.info_name != "run"


def _answer(status: int):  # noqa: ANN202
    def handle(error: Exception) -> tuple[Response, int]:
        return jsonify(error=getattr(error, "code", "error")), status

    return handle


def _harden(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    )
    return response
