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
WARM_UP_POSTINGS = 800
# How many more transactions are prepared than the warm-up's rate would use: running out ends a round with an error.
MARGIN = 1.7
FEWEST_PREPARED = 2_000


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
            _Case(house, pool, payers, count, effort).measure(spread)


@dataclass(frozen=True)
class _Case:
    """So many clients posting for these payers."""

    house: House
    pool: ProcessPoolExecutor
    payers: Payers
    clients: int
    effort: Effort

    def measure(self, groups: str) -> None:
        supply = self._warm_up()
        seconds = self.effort.posting_seconds
        posted, limits, contributed = alternate(
            self.effort.rounds,
            lambda: self._through(clients.post, self._prepare(supply), seconds),
            lambda: self._pgbench(self._prepare(supply), seconds),
            # Nothing is prepared for these: they begin their transactions themselves.
            lambda: self._through(clients.contribute, Prepared(self.payers, 0, 0), seconds),
        )
        for bench, rates in (("posting", posted), ("contribution", contributed)):
            emit(
                bench=bench,
                clients=self.clients,
                groups=groups,
                rate=median(rates),
                pgbench_rate=median(limits),
                ratio=ratio(rates, limits),
            )

    def _warm_up(self) -> int:
        """Opens every client's connection; returns how many transactions a round of pgbench may use."""
        each = WARM_UP_POSTINGS // self.clients
        warm = pgbench.rate_of(
            self.house.database_url, self.house.folder, self._prepare(WARM_UP_POSTINGS), self.clients, each
        )
        for _ in range(2):
            self._through(clients.contribute, Prepared(self.payers, 0, 0), seconds=0.2)
        return max(FEWEST_PREPARED, int(warm * max(1, self.effort.posting_seconds) * MARGIN))

    def _prepare(self, at_least: int) -> Prepared:
        return prepared.prepare(self.payers, self.clients, at_least)

    def _pgbench(self, ready: Prepared, seconds: float) -> float:
        # It counts in whole seconds only.
        return pgbench.rate(
            self.house.database_url, self.house.folder, ready, self.clients, seconds=max(1, round(seconds))
        )

    def _through(self, work: Callable[[Share], float], ready: Prepared, seconds: float) -> float:
        """The rate of all clients together, each of them a process that is busy for the whole round."""
        # The parts of contributions differ too, or every client would walk through the groups in step.
        each = ready.each or len(self.payers.members) // self.clients + 1
        shares = [Share(ready, start, start + each, seconds) for start in range(0, each * self.clients, each)]
        return sum(self.pool.map(work, shares))
