"""`make run` as a newcomer starts it: progress, an address, a clean stop, and the same data at the second start."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import requests
from sqlalchemy import create_engine, text

from tests.conftest import ROOT


@contextmanager
def _run(folder: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """The running program, what it printed until it was ready, and the page's address."""
    command = [sys.executable, "-m", "sandbox", "--folder", str(folder)]
    # Without the servers that these tests themselves may have been given.
    own = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    process = subprocess.Popen(
        command, cwd=ROOT, env=own | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    said = ""
    try:
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        address = re.search(r"Open (http://localhost:\d+)", said)
        assert address, said
        yield process, said, address[1]
    finally:
        if process.poll() is None:
            process.kill()


def _processes_of(folder: Path) -> list[str]:
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        command = " ".join(process.info["cmdline"] or [])
        works_there = str(process.info["cwd"] or "").startswith(str(folder))
        if (works_there or str(folder) in command) and process.pid != os.getpid():
            found.append(command)
    return found


def test_it_shows_its_steps_answers_stops_cleanly_and_keeps_the_data(tmp_path: Path) -> None:
    folder = tmp_path / "local"
    with _run(folder) as (process, said, address):
        for step in ("PostgreSQL", "Redis", "Tables", "Stand-ins", "Web", "Workers", "Clock"):
            assert f"✓ {step}" in said
        assert requests.get(address, timeout=5).ok
        message = {"channel": "sms", "text": "hi"}
        url = f"{address}/sandbox/phones/+254712345678/messages"
        assert "What is your name?" in requests.post(url, json=message, timeout=20).json()["replies"][0]["text"]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    assert _processes_of(folder) == []

    with _run(folder) as (process, _, address):
        inbox = requests.get(f"{address}/sandbox/phones/+254712345678/inbox", timeout=5).json()["messages"]
        assert "What is your name?" in inbox[0]["text"]
        assert "0 faults" in _shell(f". {folder}/environment && {sys.executable} -m flask --app wsgi ledger verify")
        second = subprocess.run(
            [sys.executable, "-m", "sandbox", "--folder", str(folder)], cwd=ROOT, capture_output=True, text=True
        )
        assert second.returncode == 1
        assert "already running" in second.stderr
        process.kill()  # As a laptop does whose battery is empty: everything else stays behind.
        process.wait()
    assert _processes_of(folder)

    with _run(folder) as (process, _, address):
        assert requests.get(address, timeout=5).ok
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    deadline = time.monotonic() + 5
    while _processes_of(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _processes_of(folder) == []


def _shell(command: str) -> str:
    bare = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    done = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, env=bare, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_with_servers_of_ones_own_it_uses_those(tmp_path: Path, database_url: str, redis_url: str) -> None:
    as_platforms_write_it = database_url.replace("postgresql+psycopg2://", "postgres://")
    with _run(tmp_path / "local", DATABASE_URL=as_platforms_write_it, REDIS_URL=redis_url) as (process, said, address):
        assert "PostgreSQL" not in said
        message = {"channel": "sms", "text": "hi"}
        answer = requests.post(f"{address}/sandbox/phones/+254712345678/messages", json=message, timeout=20)
        assert "What is your name?" in answer.json()["replies"][0]["text"]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM inbound_messages")) == 1
    engine.dispose()
