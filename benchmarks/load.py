"""The load generator: ready-made requests over raw sockets with keep-alive, from one thread.

It shares the machine with what it measures, so it does as little as possible per request and says how much CPU it
used. Each connection sends its next request when it has the answer to the last one.
"""

import gc
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

PATIENCE_SECONDS = 30
READ_BYTES = 65_536


@dataclass(frozen=True)
class Drive:
    """One round: how long it took, each request's latency, and the generator's own CPU time, all in seconds."""

    seconds: float
    latencies: list[float]
    cpu_seconds: float

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds


def drive(port: int, requests: Sequence[bytes], connections: int, answered_by: bytes) -> Drive:
    """Sends all requests over so many connections. Raises `RuntimeError` for any answer that is not the right one."""
    waiting = iter(requests)
    latencies: list[float] = []
    with selectors.DefaultSelector() as selector, _no_collection():
        cpu_started, started = time.process_time(), time.perf_counter()
        for request in (request for _, request in zip(range(connections), waiting, strict=False)):
            connection = _Connection(port)
            connection.send(request)
            selector.register(connection.wire, selectors.EVENT_READ, connection)
        while selector.get_map():
            ready = selector.select(PATIENCE_SECONDS)
            if not ready:
                raise RuntimeError(f"no answer for {PATIENCE_SECONDS} s")
            for key, _ in ready:
                _advance(selector, key.data, waiting, latencies, answered_by)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    return Drive(seconds, latencies, cpu_seconds)


def _advance(
    selector: selectors.BaseSelector,
    connection: "_Connection",
    waiting: Iterator[bytes],
    latencies: list[float],
    answered_by: bytes,
) -> None:
    """Reads what has come on one connection; after a whole answer, sends its next request or closes it."""
    answer = connection.receive()
    if answer is None:
        return
    latencies.append(time.perf_counter() - connection.sent_at)
    if not answer.startswith(b"HTTP/1.1 200") or answered_by not in answer:
        raise RuntimeError(f"not the answer that was expected: {answer[:600]!r}")
    request = next(waiting, None)
    if request is None or connection.is_closing:
        selector.unregister(connection.wire)
        connection.wire.close()
    if request is None:
        return
    if connection.is_closing:
        connection = _Connection(connection.port)
        selector.register(connection.wire, selectors.EVENT_READ, connection)
    connection.send(request)


@dataclass
class _Connection:
    """One connection; a server that answers `Connection: close` (gunicorn's sync workers) makes us open another."""

    port: int
    is_closing: bool = False
    received: bytes = b""
    missing: int = -1
    sent_at: float = field(default_factory=time.perf_counter)  # Opening a connection is part of the first request.
    wire: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self.wire = socket.create_connection(("127.0.0.1", self.port), PATIENCE_SECONDS)
        self.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> None:
        if self.missing == 0:
            self.sent_at = time.perf_counter()
        self.received, self.missing = b"", -1
        self.wire.sendall(request)

    def receive(self) -> bytes | None:
        """The whole answer, or None while a part of it is missing."""
        part = self.wire.recv(READ_BYTES)
        if not part:
            raise RuntimeError("the server closed the connection in the middle of an answer")
        self.received += part
        head, blank, body = self.received.partition(b"\r\n\r\n")
        if blank and self.missing < 0:
            headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            self.is_closing = headers.get(b"connection") == b"close"
            self.missing = int(headers[b"content-length"])
        if not blank or len(body) < self.missing:
            return None
        self.missing = 0
        return self.received


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without pauses of our own garbage collector, which would show as the server's latency."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
