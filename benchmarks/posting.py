"""Postings per second through the ledger's functions, beside pgbench with the same SQL on transactions like them."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from statistics import median

from benchmarks import clients, people, pgbench, prepared
from benchmarks.clients import Share
from benchmarks.prepared import Payers, Prepared
from benchmarks.reporting import emit, progress
from benchmarks.rounds import Effort, alternate, ratio
from sandbox.house import House

MOST_CLIENTS = 8
MEMBERS_EACH = 8
WARM_UP_POSTINGS = 400
WARM_UP_SECONDS = 0.2
FEWEST_POSTINGS = 200


def measure(house: House, effort: Effort) -> None:
    """Two lines per number of clients and spread: only the posting, and the contribution from wish to receipt."""
    groups = effort.paying_groups
    progress(f"{groups * MEMBERS_EACH} members in {groups} groups, {MOST_CLIENTS} client processes")
    members = people.settle(groups, MEMBERS_EACH)
    everyone = prepared.payers(members, MEMBERS_EACH)
    one_group = prepared.payers([m for m in members if m.group_id == members[0].group_id], MEMBERS_EACH)
    with ProcessPoolExecutor(MOST_CLIENTS, clients.context(), clients.ignore_interrupt) as pool:
        for count, spread, payers in ((1, "spread", everyone), (8, "spread", everyone), (8, "one", one_group)):
            progress(f"Postings, {count} clients, groups: {spread}")
            _Case(house, pool, payers, count, effort.posting_seconds).measure(spread, effort.rounds)


@dataclass
class _Case:
    """So many clients posting for these payers. `supply` is how many transactions pgbench posts in a round's time."""

    house: House
    pool: ProcessPoolExecutor
    payers: Payers
    clients: int
    seconds: float
    supply: int = WARM_UP_POSTINGS

    def measure(self, spread: str, rounds: int) -> None:
        self._pgbench()
        self._warm_up_clients()
        posted, limits, contributed = alternate(rounds, self._post, self._pgbench, self._contribute)
        for bench, rates in (("posting", posted), ("contribution", contributed)):
            emit(
                bench=bench,
                clients=self.clients,
                groups=spread,
                rate=median(rates),
                pgbench_rate=median(limits),
                ratio=ratio(rates, limits),
            )

    def _post(self) -> float:
        return self._through(clients.post, self._prepare(), self.seconds)

    def _contribute(self) -> float:
        # Nothing is prepared for these: they begin their transactions themselves.
        return self._through(clients.contribute, Prepared(self.payers, 0, self.supply), self.seconds)

    def _pgbench(self) -> float:
        rate = pgbench.rate(self.house.database_url, self.house.folder, self._prepare(), self.clients)
        # A number instead of a time, for pgbench must not run out of transactions when it is suddenly faster.
        self.supply = max(FEWEST_POSTINGS, int(rate * self.seconds))
        return rate

    def _prepare(self) -> Prepared:
        return prepared.prepare(self.payers, self.clients, self.supply)

    def _warm_up_clients(self) -> None:
        """Opens every client's connection; twice, because a process may take two shares of a short round."""
        for _ in range(2):
            self._through(clients.contribute, Prepared(self.payers, 0, self.supply), WARM_UP_SECONDS)

    def _through(self, work: Callable[[Share], float], ready: Prepared, seconds: float) -> float:
        """The rate of all clients together, each of them a process that is busy for the whole round."""
        starts = range(0, ready.each * self.clients, ready.each)
        return sum(self.pool.map(work, [Share(ready, start, start + ready.each, seconds) for start in starts]))
