"""`make run`: the whole product on this machine, with progress for each step, until Ctrl-C."""

import argparse
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any

from core.settings import with_driver
from sandbox import running, services
from sandbox.house import ROOT, House

WEB_PORT = 8000
SANDBOX_PORT = 8001


def main() -> None:
    """Starts everything, keeps it running, and stops it in order on Ctrl-C or SIGTERM; or forgets what it stored."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("action", nargs="?", choices=("run", "reset"), default="run")
    parser.add_argument("--folder", type=Path, default=ROOT / ".local", help="where data and logs are kept")
    arguments = parser.parse_args()
    try:
        with running.alone(arguments.folder):
            if arguments.action == "reset":
                shutil.rmtree(arguments.folder, ignore_errors=True)
                print("The sandbox's data is gone. make run starts afresh.")
            else:
                _run(arguments.folder)
    except RuntimeError as error:
        sys.exit(f"\n  {error}\n")


def _run(folder: Path) -> None:
    # Explicitly for both: a script's background process starts with Ctrl-C ignored.
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, _interrupt)
    print("\n  GroupWallet starts on this machine\n", flush=True)
    try:
        with ExitStack() as stack:
            house = _start(stack, folder)
            _welcome(house)
            _keep_running(house)
    except KeyboardInterrupt:
        print(f"\n\n  Stopped. Your data stays in {folder.name}; make reset empties it.\n", flush=True)


def _start(stack: ExitStack, folder: Path) -> House:
    # A second Ctrl-C while everything stops would leave processes behind.
    stack.callback(signal.signal, signal.SIGINT, signal.SIG_DFL)
    database_url = os.environ.get("DATABASE_URL") or _step(
        "PostgreSQL", lambda: stack.enter_context(services.postgresql(folder / "postgresql"))
    )
    redis_url = os.environ.get("REDIS_URL") or _step(
        "Redis (Valkey)", lambda: stack.enter_context(services.redis(folder / "redis"))
    )
    house = House(
        with_driver(database_url), redis_url, folder, web_port=_port(WEB_PORT), sandbox_port=_port(SANDBOX_PORT)
    )
    stack.callback(house.stop)
    stack.callback(signal.signal, signal.SIGINT, signal.SIG_IGN)
    for name, start in house.steps():
        _step(name, start)
    return house


def _keep_running(house: House) -> None:
    while True:
        time.sleep(1)
        for name in house.restart_dead():
            print(f"  ! {name} had stopped and was started again; see {house.log(name)}", flush=True)


def _step(name: str, start: Callable[[], Any]) -> Any:
    show_progress = sys.stdout.isatty()
    if show_progress:
        print(f"  … {name}", end="\r", flush=True)
    started = time.monotonic()
    result = start()
    print(f"  ✓ {name:<40} {time.monotonic() - started:4.1f} s", flush=True)
    return result


def _port(wanted: int) -> int:
    with socket.socket() as probe:
        # Without this a port that was in use a minute ago counts as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return services.free_port()
    return wanted


def _welcome(house: House) -> None:
    print(
        f"""
  Open {house.sandbox_url}  and chat with the phones you see there:
     hi  →  Ama  →  create Umoja  →  contribute 5000  →  tap the link and pay  →  balance

  The product itself listens on {house.web_url}; logs are in {house.log("").parent}.
  To prove the books:  . {house.write_environment()} && .venv/bin/flask --app wsgi ledger verify
  Ctrl-C stops everything.
""",
        flush=True,
    )


def _interrupt(signal_number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
