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


def test_faults_can_be_ordered_at_the_start(sandbox_database_url: str, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "sandbox.serve", "--port", str(port), "--database-url", sandbox_database_url]
    command += ["--clock-file", str(tmp_path / "clock")]
    command += ["--fault", '{"target":"paystack","kind":"slow","count":null,"seconds":1}']
    command += ["--fault", '{"target":"flutterwave","kind":"wrong_amount","count":2}']
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert eventually(lambda: is_up(f"http://localhost:{port}"), timeout_seconds=10)
        faults = requests.get(f"http://localhost:{port}/sandbox/faults", timeout=5).json()["faults"]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
    assert [(fault["target"], fault["kind"], fault["count"]) for fault in faults] == [
        ("paystack", "slow", None),
        ("flutterwave", "wrong_amount", 2),
    ]


def test_a_fault_that_cannot_be_read_stops_the_start(sandbox_database_url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox.serve", "--database-url", sandbox_database_url]
    command += ["--clock-file", str(tmp_path / "clock"), "--fault", '{"target":"bank"}']
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2 and "'target' is one of paystack" in done.stderr
