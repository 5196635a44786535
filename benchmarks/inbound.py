"""Messages per second: signed webhooks to the product as it is deployed, beside a route that only checks signatures."""

from collections.abc import Callable
from statistics import median, quantiles

from sqlalchemy import text

from benchmarks import people, round_trips, web
from benchmarks.load import Drive, drive
from benchmarks.messages import COMMANDS, Command, Writers
from benchmarks.reporting import emit, progress
from benchmarks.rounds import Effort, alternate, ratio
from core import db
from sandbox.house import House

CONNECTIONS = (1, 16)
MEMBERS_EACH = 10
BARE_ANSWER = b"<Response/>"
COUNTED_MESSAGES = 10
FEWEST_MESSAGES = 50


def measure(house: House, effort: Effort) -> None:
    """One line per command and number of connections."""
    writers = settle(effort)
    server = web.procfile()
    progress("Round trips per message, in a product whose statements are logged")
    with round_trips.logged(house.database_url), web.serving(server, web.PRODUCT, house.folder) as logged:
        trips = {command.name: _round_trips(house, logged, writers, command, effort) for command in COMMANDS}
    progress("The product and the bare route, each as the Procfile starts it")
    with (
        web.serving(server, web.PRODUCT, house.folder) as product,
        web.serving(server, web.BARE, house.folder) as bare,
    ):
        for command in COMMANDS:
            for connections in CONNECTIONS:
                progress(f"{command.name}, {connections} connections")
                _measure(product, bare, writers, command, connections, effort, trips[command.name])


def settle(effort: Effort) -> Writers:
    """Members who write, of as many groups as the effort says."""
    progress(f"{effort.writing_groups * MEMBERS_EACH} members in {effort.writing_groups} groups")
    return Writers(people.settle(effort.writing_groups, MEMBERS_EACH))


def rounds_of(
    port: int, writers: Writers, command: Command, answered_by: bytes, connections: int, effort: Effort
) -> Callable[[], Drive]:
    """Warms the server up; returns a round of about the effort's length, each time with new messages."""
    warm = drive(port, writers.requests(command, effort.warm_up_messages), connections, answered_by)
    count = max(FEWEST_MESSAGES, int(warm.rate * effort.message_seconds))

    def one_round() -> Drive:
        requests = writers.requests(command, count)
        driven = drive(port, requests, connections, answered_by)
        _close_open_contributions()
        return driven

    return one_round


def milliseconds(driven: list[Drive]) -> tuple[float, float]:
    """The median and the 99th percentile of all latencies."""
    cuts = quantiles([latency * 1000 for each in driven for latency in each.latencies], n=100)
    return cuts[49], cuts[98]


def _measure(
    product: int, bare: int, writers: Writers, command: Command, connections: int, effort: Effort, trips: float
) -> None:
    own, limit = alternate(
        effort.rounds,
        rounds_of(product, writers, command, command.answered_by, connections, effort),
        rounds_of(bare, writers, command, BARE_ANSWER, connections, effort),
    )
    rates, limits = [each.rate for each in own], [each.rate for each in limit]
    p50_ms, p99_ms = milliseconds(own)
    emit(
        bench="inbound",
        command=command.name,
        connections=connections,
        rate=median(rates),
        p50_ms=p50_ms,
        p99_ms=p99_ms,
        bare_rate=median(limits),
        ratio=ratio(rates, limits),
        round_trips=trips,
        generator_cpu_s=sum(each.cpu_seconds for each in own + limit),
        measured_s=sum(each.seconds for each in own + limit),
    )


def _round_trips(house: House, port: int, writers: Writers, command: Command, effort: Effort) -> float:
    """Round trips per message. Many connections first, so that every worker has opened its own to the database."""
    drive(port, writers.requests(command, effort.warm_up_messages), max(CONNECTIONS), command.answered_by)
    requests = writers.requests(command, COUNTED_MESSAGES)
    trips = round_trips.count(house.folder / "postgresql", lambda: drive(port, requests, 1, command.answered_by))
    _close_open_contributions()
    return trips / COUNTED_MESSAGES


def _close_open_contributions() -> None:
    """Nobody has hundreds of unpaid links, which every message would have to look through."""
    with db.session() as session:
        session.execute(
            text("UPDATE transactions SET state = 'cancelled', failure = 'benchmark' WHERE state = 'pending'")
        )
        session.commit()
