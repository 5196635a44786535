"""The sandbox as a program: it starts from its command line, listens, and stops on SIGTERM."""

import signal
import subprocess
import sys
from pathlib import Path

import requests

from tests.sandbox.actors import free_port
from tests.sandbox.product import eventually


def is_up(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=1).ok
    except requests.ConnectionError:
        return False


def test_it_serves_and_stops_cleanly(sandbox_database_url: str, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "sandbox.serve", "--port", str(port), "--database-url", sandbox_database_url]
    command += ["--clock-file", str(tmp_path / "clock"), "--webhook-retry-seconds", "1.5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert eventually(lambda: is_up(f"http://localhost:{port}"), timeout_seconds=10)
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    assert output == f"sandbox: http://localhost:{port}\n"
