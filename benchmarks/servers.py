"""`python -m benchmarks servers`: the web server of the Procfile beside gunicorn, for decisions, not for every day."""

from contextlib import ExitStack
from statistics import median

from benchmarks import web
from benchmarks.inbound import BARE_ANSWER, CONNECTIONS, milliseconds, rounds_of, settle
from benchmarks.messages import COMMANDS, Command, Writers
from benchmarks.reporting import emit, progress
from benchmarks.rounds import Effort, alternate, ratio
from sandbox.house import House

BALANCE = COMMANDS[0]


def measure(house: House, effort: Effort) -> None:
    """One line per route, number of connections and server; the ratio is to the Procfile's server."""
    writers = settle(effort)
    for app, route, answered_by in ((web.BARE, "bare", BARE_ANSWER), (web.PRODUCT, "balance", BALANCE.answered_by)):
        servers = [web.procfile(), *web.gunicorns()]
        with ExitStack() as stack:
            ports = [stack.enter_context(web.serving(server, app, house.folder)) for server in servers]
            for connections in CONNECTIONS:
                progress(f"{route}, {connections} connections")
                _compare(servers, ports, route, writers, answered_by, connections, effort)


def _compare(
    servers: list[web.Server],
    ports: list[int],
    route: str,
    writers: Writers,
    answered_by: bytes,
    connections: int,
    effort: Effort,
) -> None:
    command = Command(route, BALANCE.text, answered_by)
    measures = [rounds_of(port, writers, command, answered_by, connections, effort) for port in ports]
    results = alternate(effort.rounds, *measures)
    ours = [each.rate for each in results[0]]
    for server, driven in zip(servers, results, strict=True):
        rates = [each.rate for each in driven]
        p50_ms, p99_ms = milliseconds(driven)
        emit(
            bench="servers",
            server=server.name,
            route=route,
            connections=connections,
            rate=median(rates),
            p50_ms=p50_ms,
            p99_ms=p99_ms,
            ratio=ratio(rates, ours),
        )
