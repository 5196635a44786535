"""Whether the other side can have seen a call that failed: only then is it safe to make it again."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests

from core import http
from sandbox.services import free_port


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that reads one call and then does `answer` with the connection; yields its address."""

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65_536)
            answer(connection)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(5)


def failure(url: str) -> requests.RequestException:
    with pytest.raises(requests.RequestException) as caught:
        requests.post(url, data="pay", timeout=0.2)
    return caught.value


def test_a_refused_connection_was_never_seen() -> None:
    assert http.never_left(failure(f"http://127.0.0.1:{free_port()}"))


def test_an_answer_that_does_not_come_leaves_it_open() -> None:
    caller_gave_up = threading.Event()

    def waits(connection: socket.socket) -> None:
        caller_gave_up.wait(5)

    with listening(waits) as url:
        error = failure(url)
        caller_gave_up.set()
    assert isinstance(error, requests.ReadTimeout)
    assert not http.never_left(error)


def test_a_connection_cut_before_the_answer_leaves_it_open() -> None:
    with listening(lambda connection: None) as url:
        assert not http.never_left(failure(url))


def test_a_connection_reset_leaves_it_open() -> None:
    def resets(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with listening(resets) as url:
        assert not http.never_left(failure(url))


def test_an_error_status_was_seen() -> None:
    assert not http.never_left(requests.HTTPError("500 Server Error"))


def test_a_connection_that_was_never_made_in_time_was_never_seen() -> None:
    assert http.never_left(requests.ConnectTimeout())
