"""Who runs in a folder: one `make run` at a time, and what one that was killed left behind is cleared away."""

import fcntl
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

PROGRAMS = ("sandbox.serve", "wsgi:create_app", "worker.py", "cron.py")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Holds the folder. Raises `RuntimeError` when another `make run` holds it."""
    lock_path = folder.with_name(f"{folder.name}.lock")
    lock_path.parent.mkdir(parents=True, exist_ok=True)
    with lock_path.open("w") as lock:
        try:
            # The system lets go of the lock when we end, however we end.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeError("It is already running in another window; stop it there with Ctrl-C.") from None
        _stop_leftovers(folder)
        yield


def note(folder: Path, processes: dict[str, int]) -> None:
    """Writes down the process ids of a running house."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "processes.json").write_text(json.dumps(processes))


def _stop_leftovers(folder: Path) -> None:
    """Kills the processes of a run that could not stop them itself, if these ids still belong to them."""
    for process in psutil.process_iter(["name", "cwd"]):
        # It renames itself, so where it works is all that tells whose it is.
        if "valkey" in (process.info["name"] or "") and process.info["cwd"] == str((folder / "redis").resolve()):
            process.kill()
    try:
        noted = json.loads((folder / "processes.json").read_text())
    except (FileNotFoundError, ValueError):
        return
    for pid in noted.values():
        try:
            command = " ".join(psutil.Process(pid).cmdline())
            if any(program in command for program in PROGRAMS):
                os.killpg(pid, signal.SIGKILL)
        except (psutil.NoSuchProcess, ProcessLookupError):
            continue
