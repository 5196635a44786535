"""What one client process does in a round of postings: the product's own calls, a commit after each.

Processes rather than threads: a worker of the product has its own interpreter too. Each keeps one connection.
"""

import multiprocessing
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from uuid import uuid4

from benchmarks import people
from benchmarks.prepared import Prepared
from core import clock, db
from ledger import postings
from ledger.audit import Cause
from ledger.postings import Movement


@dataclass(frozen=True)
class Share:
    """What one client works on: the transactions from `start` to before `end`, for so many seconds at most."""

    prepared: Prepared
    start: int
    end: int
    seconds: float


def post(share: Share) -> float:
    """Postings per second: `ledger.postings.post` on transactions that were prepared before."""

    def one(number: int, member: people.Member) -> None:
        with db.session() as session:
            transaction_id = share.prepared.first_id + number
            cause = Cause(member.user_id, "whatsapp", people.MESSAGE_ID)
            postings.post(session, member.group_id, transaction_id, people.legs(member.user_id), clock.now(), cause)
            session.commit()

    return _rate(share, share.end - share.start, one)


def contribute(share: Share) -> float:
    """Contributions per second: `begin` and `complete`, as the product makes them, in one database transaction."""
    round_key = uuid4().hex

    def one(number: int, member: people.Member) -> None:
        with db.session() as session:
            people.contribute(session, member.group_id, member.user_id, f"{round_key}:{number}", clock.now())
            session.commit()

    return _rate(share, sys.maxsize, one)


def record(share: Share) -> float:
    """Contributions per second, each written down in one go: transaction, legs, balances, receipt, audit line."""
    round_key = uuid4().hex

    def one(number: int, member: people.Member) -> None:
        with db.session() as session:
            movement = Movement(
                member.group_id,
                "contribution",
                people.AMOUNT,
                people.legs(member.user_id),
                f"{round_key}:{number}",
                member.user_id,
            )
            postings.record(session, movement, clock.now(), Cause(member.user_id, "whatsapp", people.MESSAGE_ID))
            session.commit()

    return _rate(share, sys.maxsize, one)


def context() -> BaseContext:
    """Where client processes come from: forks of a small process that has imported all of this already."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload([__name__])
    return made


def ignore_interrupt() -> None:
    """Ctrl-C is for the process that started us; it tells us when to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _rate(share: Share, most: int, work: Callable[[int, people.Member], None]) -> float:
    done, seconds, started = 0, 0.0, time.perf_counter()
    while done < most and seconds < share.seconds:
        number = share.start + done
        work(number, share.prepared.member(number))
        done += 1
        seconds = time.perf_counter() - started
    return done / seconds
