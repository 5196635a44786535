"""A door in front of a stand-in: while it is shut, whoever knocks is refused, as by a machine that is off."""

import contextlib
import socket
import threading

CHUNK_BYTES = 65_536


class Door:
    """Listens on a port of its own and passes everything through to `behind_port`, while it is open."""

    def __init__(self, behind_port: int) -> None:
        self._behind = ("127.0.0.1", behind_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._passing: list[socket.socket] = []
        self._is_open = True
        self._begin()

    def open(self) -> None:
        """Lets everybody in again; an open door stays open."""
        if self._is_open:
            return
        self._is_open = True
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._begin()

    def shut(self) -> None:
        """New connections are refused from now on, and those that are kept open end."""
        self._is_open = False
        # Without it the thread would hold the port until the next one comes.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for passing in self._passing:
            _end(passing)
        self._passing.clear()

    def _begin(self) -> None:
        threading.Thread(target=self._let_in, args=(self._listener,), daemon=True).start()

    def _let_in(self, listener: socket.socket) -> None:
        while True:
            try:
                outer, _ = listener.accept()
            except OSError:
                return  # It was shut.
            inner = socket.create_connection(self._behind)
            self._passing += [outer, inner]
            for source, target in ((outer, inner), (inner, outer)):
                threading.Thread(target=_carry, args=(source, target), daemon=True).start()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(CHUNK_BYTES):
            target.sendall(chunk)
    for each in (source, target):
        _end(each)


def _end(passing: socket.socket) -> None:
    with contextlib.suppress(OSError):
        passing.shutdown(socket.SHUT_RDWR)
    passing.close()
