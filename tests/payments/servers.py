"""Servers that behave badly on purpose: each request is recorded and answered by the next line of a script."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox.services import free_port


@dataclass(frozen=True)
class Heard:
    """One request as it arrived; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def route(self) -> str:
        """The path without its query."""
        return urlsplit(self.path).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query, keep_blank_values=True).items()}

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}


@dataclass(frozen=True)
class Reply:
    """A complete answer. `body` may be anything that JSON can hold, or text, or bytes."""

    body: Any = ""
    status: int = 200
    content_type: str = "application/json"

    def send(self, handler: "_Handler") -> None:
        content = self.body if isinstance(self.body, bytes) else self._text().encode()
        handler.send_response(self.status)
        handler.send_header("Content-Type", self.content_type)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _text(self) -> str:
        return self.body if isinstance(self.body, str) else json.dumps(self.body)


def hang(handler: "_Handler") -> None:
    """Takes the request and says nothing until the server ends: the caller's read time-out."""
    handler.server.ended.wait(30)


def reset(handler: "_Handler") -> None:
    """Takes the request and resets the connection."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def hang_up(handler: "_Handler") -> None:
    """Takes the request and closes the connection without a word."""
    handler.connection.shutdown(socket.SHUT_RDWR)


def break_off(handler: "_Handler") -> None:
    """Begins a good answer and stops in the middle of it."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"status": true, "data": {"auth')


FAULTS = (hang, reset, hang_up, break_off)
Step = Reply | Callable[[Any], Any]


@dataclass
class ScriptedServer:
    """`script` is played request by request; its last line is repeated. `heard` is all that came."""

    script: list[Step] = field(default_factory=lambda: [Reply({})])
    heard: list[Heard] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def answers(self, *script: Step) -> "ScriptedServer":
        self.script = list(script)
        return self

    def next(self, request: Heard) -> Step:
        with self._lock:
            self.heard.append(request)
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def stop(self) -> None:
        self._server.ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: ScriptedServer

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.ended = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Heard(self.command, self.path, headers, body)
        step = self.server.owner.next(request)
        if not isinstance(step, Reply) and step not in FAULTS:
            step = step(request)
        if isinstance(step, Reply):
            step.send(self)
        else:
            step(self)

    do_GET = do_PUT = do_POST

    def log_message(self, *args: Any) -> None:
        return


@contextmanager
def scripted(*script: Step) -> Iterator[ScriptedServer]:
    """A server for as long as the block lasts."""
    server = ScriptedServer()
    try:
        yield server.answers(*script) if script else server
    finally:
        server.stop()


def nobody() -> str:
    """An address on which nobody listens."""
    return f"http://127.0.0.1:{free_port()}"
