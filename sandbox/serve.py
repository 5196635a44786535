"""`python -m sandbox.serve`: the sandbox as a program of its own, until SIGTERM or Ctrl-C."""

import argparse
import json
import logging
import signal
import threading
from collections.abc import Sequence
from dataclasses import MISSING, fields

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.app import create_sandbox, stop_sandbox
from sandbox.config import SandboxConfig
from sandbox.faults import Fault, read_fault
from sandbox.world import EXTENSION, World

STOP_POLL_SECONDS = 0.01
DEFAULTS = {field.name: field.default for field in fields(SandboxConfig) if field.default is not MISSING}


class QuietHandler(WSGIRequestHandler):
    """Says nothing about requests; errors are still told."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        return


class SandboxServer:
    """A sandbox that listens; `start` returns at once and `stop` ends it cleanly."""

    def __init__(self, config: SandboxConfig, port: int, host: str = "127.0.0.1", faults: Sequence[Fault] = ()) -> None:
        self.app = create_sandbox(config)
        world: World = self.app.extensions[EXTENSION]
        for fault in faults:
            world.faults.order(fault)
        self._server: BaseWSGIServer = make_server(host, port, self.app, threaded=True, request_handler=QuietHandler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(STOP_POLL_SECONDS,), name="sandbox-http", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        stop_sandbox(self.app)
        self._server.server_close()


def main(arguments: list[str] | None = None) -> None:
    options = vars(_parser().parse_args(arguments))
    port, host, faults = (options.pop(name) for name in ("port", "host", "fault"))
    options["public_url"] = options["public_url"] or f"http://localhost:{port}"
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    server = SandboxServer(SandboxConfig(**options), port, host, faults)
    server.start()
    print(f"sandbox: {options['public_url']}", flush=True)
    stopped.wait()
    server.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.serve", description=__doc__)
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--public-url", default="", help="own address; http://localhost:PORT when not given")
    parser.add_argument("--product-url", default="http://localhost:8000", help="the product's PUBLIC_BASE_URL")
    parser.add_argument("--database-url", required=True, help="SQLAlchemy URL of the product's database")
    parser.add_argument("--clock-file", required=True, help="file that holds the shared clock's offset in seconds")
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        help='a fault from the start, such as {"target":"paystack","kind":"slow","count":null}; may be repeated',
    )
    for name, default in DEFAULTS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    return parser


def _fault(text: str) -> Fault:
    try:
        given = json.loads(text)
        return read_fault(given if isinstance(given, dict) else {})
    except ValueError as error:
        # A FaultError is one too; argparse shows the message of this kind only.
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    main()
