"""Web servers as processes: the Procfile's own command, and gunicorn's for comparison, with the same workers."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from sandbox.house import ROOT
from sandbox.services import free_port

PRODUCT = "wsgi:create_app"
BARE = "benchmarks.bare:create_app"
WORKERS = 2
START_SECONDS = 30
STOP_SECONDS = 10
# /healthz is answered by whichever worker is up first; the others need a moment more.
SETTLE_SECONDS = 0.5


@dataclass(frozen=True)
class Server:
    """A shell command with $PORT and {app} in it."""

    name: str
    command: str

    def of(self, app: str) -> str:
        return self.command.replace("{app}", app)


def procfile() -> Server:
    """The Procfile's web line, but on the loopback address: a benchmark has no business on the network."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    command = next(line.removeprefix("web:").strip() for line in lines if line.startswith("web:"))
    if PRODUCT not in command:
        raise RuntimeError(f"the Procfile's web line does not start {PRODUCT}: {command}")
    command = command.replace("0.0.0.0", "127.0.0.1")
    return Server(shlex.split(command)[0], command.replace(PRODUCT, "{app}"))


def gunicorns() -> list[Server]:
    """gunicorn with as many processes, without threads and with as many threads."""
    command = "gunicorn --bind 127.0.0.1:$PORT --workers $WEB_CONCURRENCY --log-level warning --no-control-socket"
    return [
        Server("gunicorn sync", f"{command} '{{app}}()'"),
        Server("gunicorn gthread", f"{command} --worker-class gthread --threads 4 --keep-alive 30 '{{app}}()'"),
    ]


@contextmanager
def serving(server: Server, app: str, folder: Path) -> Iterator[int]:
    """Runs `app` on a free port for as long as the block lasts; yields the port. Raises `RuntimeError`."""
    port = free_port()
    log = folder / f"{app.split(':')[0]}-{server.name.replace(' ', '-')}.log"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {server.of(app)}"],
            cwd=ROOT,
            env={**os.environ, "PATH": path, "PORT": str(port), "WEB_CONCURRENCY": str(WORKERS)},
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches us alone, and we stop the server in order.
        )
    try:
        _await(process, port, log)
        yield port
    finally:
        _stop(process)


def _await(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _is_up(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the web server did not start; the end of its log:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)
    time.sleep(SETTLE_SECONDS)


def _is_up(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=2).ok
    except requests.RequestException:
        return False


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
