"""The ledger beside one that people would pick instead: django-hordak, on the same server in the same run.

Both write the same contribution with its four legs in one transaction; ours also moves balances, numbers a receipt and
goes on with the group's hash chain. hordak is installed into an environment of its own, once.
"""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from sqlalchemy.engine import make_url

from benchmarks import clients, people, prepared
from benchmarks.clients import Share
from benchmarks.prepared import Payers, Prepared
from benchmarks.reporting import emit, progress
from benchmarks.rounds import Effort, alternate, ratio
from sandbox.house import ROOT, House
from sandbox.services import create_database

NAME = "django-hordak 2.0.0"
REQUIREMENTS = ("django-hordak==2.0.0", "django==5.2.19", "psycopg2-binary==2.9.13")
ENVIRONMENT = ROOT / ".local" / "hordak-2.0.0"
CLIENT = Path(__file__).parent / "hordak_client.py"
MEMBERS_EACH = 8
CLIENTS = (1, 8)
WORK = {"legs alone": [], "balances checked": ["checked"]}


def measure(house: House, effort: Effort) -> None:
    """One line per number of clients and kind of work: the legs alone, and with the balances checked as ours are."""
    python = _installed()
    progress(f"{NAME}: tables and accounts")
    create_database(house.database_url, "hordak")
    server = make_url(house.database_url)
    address = [str(server.host or server.query["host"]), "hordak"]
    subprocess.run([python, CLIENT, *address, "migrate"], check=True, capture_output=True)
    payers = prepared.payers(people.settle(effort.paying_groups, MEMBERS_EACH), MEMBERS_EACH)
    with ProcessPoolExecutor(max(CLIENTS), clients.context(), clients.ignore_interrupt) as pool:
        for work, options in WORK.items():
            for count in CLIENTS:
                progress(f"Contributions beside {NAME}, {work}, {count} clients")
                _measure(pool, payers, [str(python), str(CLIENT), *address, *options], work, count, effort)


def _measure(
    pool: ProcessPoolExecutor, payers: Payers, rival: list[str], work: str, count: int, effort: Effort
) -> None:
    def ours() -> float:
        ready = Prepared(payers, 0, 10_000)
        shares = [Share(ready, n * ready.each, (n + 1) * ready.each, effort.posting_seconds) for n in range(count)]
        return sum(pool.map(clients.record, shares))

    with _rivals(rival, count) as rivals:

        def theirs() -> float:
            for each in rivals:
                _ask(each, effort.posting_seconds)
            return sum(float(_answer(each)) for each in rivals)

        ours()  # Opens every client's connection.
        own, other = alternate(effort.rounds, ours, theirs)
    emit(
        bench="rival",
        rival=NAME,
        work=work,
        clients=count,
        rate=median(own),
        rival_rate=median(other),
        ratio=ratio(own, other),
    )


@contextmanager
def _rivals(command: list[str], count: int) -> Iterator[list["subprocess.Popen[str]"]]:
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
            )
            for _ in range(count)
        ]
        stack.callback(lambda: [rival.stdin.close() for rival in started if rival.stdin])
        for rival in started:
            _answer(rival)
        yield started


def _ask(rival: "subprocess.Popen[str]", seconds: float) -> None:
    if rival.stdin is not None:
        rival.stdin.write(f"{seconds}\n")
        rival.stdin.flush()


def _answer(rival: "subprocess.Popen[str]") -> str:
    line = rival.stdout.readline() if rival.stdout else ""
    if not line:
        raise RuntimeError(f"a client of {NAME} has stopped")
    return line


def _installed() -> Path:
    """The Python of hordak's environment, which is made on first use. Raises `RuntimeError` when that fails."""
    python, complete = ENVIRONMENT / "bin" / "python", ENVIRONMENT / ".complete"
    if not complete.exists():
        progress(f"Installing {NAME} into {ENVIRONMENT.relative_to(ROOT)}")
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)],
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"{NAME} could not be installed:\n{done.stderr[-1000:]}")
        complete.touch()
    return python
