"""The sandbox as one Flask application: its parts put together, and errors in the words of whoever was asked."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from aiosmtpd.controller import Controller
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from sandbox import collecting, controls, desk, payouts, phones
from sandbox.clock import SandboxClock
from sandbox.config import SandboxConfig
from sandbox.flutterwave import FLUTTERWAVE_BLUEPRINTS, FlutterwaveError, FlutterwaveSettler
from sandbox.flutterwave import error_answer as flutterwave_error_answer
from sandbox.inbox import Inbox
from sandbox.mail import mail_server
from sandbox.paystack import after_api, charges_api, checkout, payouts_api
from sandbox.paystack import api as paystack_api
from sandbox.paystack.envelope import PaystackError
from sandbox.paystack.envelope import error_answer as paystack_error_answer
from sandbox.paystack.ledger import open_ledger
from sandbox.paystack.settling import TransferSettler
from sandbox.people import PersonError
from sandbox.store import Store
from sandbox.twilio import api as twilio_api
from sandbox.twilio import calls, content
from sandbox.twilio.errors import TwilioError
from sandbox.twilio.errors import error_answer as twilio_error_answer
from sandbox.webhooks import WebhookSender
from sandbox.world import EXTENSION, World

SENDER, SETTLER, MAIL = "sandbox_webhook_sender", "sandbox_transfer_settler", "sandbox_mail_server"
FLUTTERWAVE_SETTLER = "sandbox_flutterwave_settler"
PAGE = "sandbox.page"
MAX_BODY_BYTES = 32 * 1024 * 1024


def create_sandbox(config: SandboxConfig) -> Flask:
    """Build the sandbox and start what works behind its answers; `stop_sandbox` ends that."""
    store = Store(config.database_url)
    store.create()
    open_ledger(store)
    clock = SandboxClock(Path(config.clock_file))
    world = World(config=config, store=store, clock=clock, inbox=Inbox(store, clock))
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.extensions[EXTENSION] = world
    world.faults.install(app)
    for module in (
        phones,
        controls,
        payouts,
        twilio_api,
        calls,
        content,
        paystack_api,
        payouts_api,
        charges_api,
        after_api,
        checkout,
        collecting,
        desk,
    ):
        app.register_blueprint(module.blueprint)
    for blueprint in FLUTTERWAVE_BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.add_url_rule("/healthz", view_func=healthz)
    app.register_error_handler(HTTPException, answer_error)
    app.register_error_handler(PersonError, phones.refuse_person)
    _add_page(app)
    _start(app, world)
    return app


def stop_sandbox(app: Flask) -> None:
    """End the threads and connections of a sandbox; what is not sent yet waits in its tables."""
    world: World = app.extensions[EXTENSION]
    world.faults.stop()
    mail: Controller | None = app.extensions[MAIL]
    if mail is not None:
        mail.stop()
    app.extensions[SETTLER].stop()
    app.extensions[FLUTTERWAVE_SETTLER].stop()
    app.extensions[SENDER].stop()
    world.pool.shutdown(wait=True, cancel_futures=True)
    world.store.dispose()


def healthz() -> Response:
    return jsonify(status="ok")


def answer_error(error: HTTPException) -> Response:
    """An unknown address or method, told in the way of the API that it was meant for."""
    status = error.code or 500
    if request.path.startswith(("/2010-04-01/", "/v1/")):
        answer = twilio_error_answer(TwilioError(20404))
    elif request.path.startswith(("/paystack/checkout/", "/flutterwave/checkout/")):
        answer = Response(f"{error.description}\n", content_type="text/plain; charset=utf-8")
    elif request.path.startswith("/paystack/"):
        answer = paystack_error_answer(
            PaystackError(status, "unknown", error.name, "Check the address and the method", "api_error")
        )
    elif request.path.startswith("/flutterwave/"):
        answer = flutterwave_error_answer(FlutterwaveError(error.name, status))
    else:
        answer = jsonify(error=error.description or error.name)
    answer.status_code = status
    return answer


def _add_page(app: Flask) -> None:
    """The page is a part of its own: without it the APIs still serve tests and terminals."""
    spec = find_spec(PAGE)
    if spec is not None and spec.origin is not None:
        app.register_blueprint(import_module(PAGE).blueprint)


def _start(app: Flask, world: World) -> None:
    sender = WebhookSender(world)
    sender.start()
    settler = TransferSettler(world)
    settler.start()
    flutterwave_settler = FlutterwaveSettler(world)
    flutterwave_settler.start()
    mail = mail_server(world) if world.config.smtp_port else None
    if mail is not None:
        mail.start()
    app.extensions.update({SENDER: sender, SETTLER: settler, FLUTTERWAVE_SETTLER: flutterwave_settler, MAIL: mail})
