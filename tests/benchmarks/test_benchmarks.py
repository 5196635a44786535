"""The benchmarks run and say what they promise to say. Never how fast: that is for `make bench` on a quiet machine."""

import json
import subprocess
import sys
from typing import Any

from tests.conftest import ROOT

INBOUND = {
    "bench": str,
    "command": str,
    "connections": int,
    "rate": float,
    "p50_ms": float,
    "p99_ms": float,
    "bare_rate": float,
    "ratio": float,
    "round_trips": float,
    "generator_cpu_s": float,
    "measured_s": float,
}
VERIFY = {"bench": str, "groups": str, "entries": int, "rate": float, "peak_mb": float}
POSTING = {"bench": str, "clients": int, "groups": str, "rate": float, "pgbench_rate": float, "ratio": float}


def test_a_quick_run_prints_one_line_of_figures_per_result() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore::RuntimeWarning", "-m", "benchmarks", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["command"], line["connections"]) for line in lines if line["bench"] == "inbound"] == [
        ("balance", 1),
        ("balance", 16),
        ("contribute", 1),
        ("contribute", 16),
    ]
    for bench in ("posting", "contribution"):
        assert [(line["clients"], line["groups"]) for line in lines if line["bench"] == bench] == [
            (1, "spread"),
            (8, "spread"),
            (8, "one"),
        ]
    for line in lines:
        _has_shape(line, INBOUND if line["bench"] == "inbound" else POSTING)


def test_a_quick_verification_finds_no_fault_and_says_how_many_entries_it_looked_at() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "verify"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["groups"] for line in lines] == ["many", "one large"]
    for line in lines:
        _has_shape(line, VERIFY)


def test_an_unknown_benchmark_is_refused_with_the_names_of_those_there_are() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "latency"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "no benchmark latency" in done.stderr
    assert "inbound, postings, verify" in done.stderr


def _has_shape(line: dict[str, Any], shape: dict[str, type]) -> None:
    assert {name: type(figure) for name, figure in line.items()} == shape
    assert all(figure > 0 for figure in line.values() if isinstance(figure, int | float))
