"""Reading a short book and a very long one, on the same server in the same run: `make bench-scale`.

The long book is one group's: the worst case for its members. It is filled by set-wise SQL with balances that add up, as
the tables' owner; its chain is not hashed, since nothing here reads it.
"""

import random
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median, quantiles

from sqlalchemy import Engine, create_engine, text

from benchmarks.reporting import emit, progress
from benchmarks.rounds import FULL, Effort
from core.db import Session
from ledger import reading, statements
from ledger.statements import Account, Cursor
from sandbox.house import House
from sandbox.services import create_database

MEMBERS = 50
LEGS = 4
PAGE_LINES = 20
WARM_UP_CALLS, CALLS = 500, 3_000
SIZES = {"full": (10_000, 10_000_000), "quick": (400, 4_000)}
CHUNK = 100_000  # Transactions per statement, so that progress shows.


@dataclass(frozen=True)
class Book:
    """A database with one group whose book has so many entries."""

    entries: int
    engine: Engine
    group_id: int
    first_user: int
    began: datetime
    ended: datetime

    @property
    def receipts(self) -> int:
        return self.entries // LEGS


def measure(house: House, effort: Effort) -> None:
    """One line per way of reading: the 99th percentiles, and their ratio (long to short)."""
    books = [_book(house, size) for size in SIZES["full" if effort == FULL else "quick"]]
    for name, read in READINGS.items():
        progress(f"Reading: {name}")
        _measure(name, read, *books)
    for book in books:
        book.engine.dispose()


def _measure(name: str, read: Callable[[Session, Book], object], short: Book, long: Book) -> None:
    # Call by call in turn: what disturbs the machine for a moment disturbs both.
    with Session(short.engine) as near, Session(long.engine) as far:
        for _ in range(WARM_UP_CALLS):  # What is read every day is in memory.
            _milliseconds(read, near, short), _milliseconds(read, far, long)
        pairs = [(_milliseconds(read, near, short), _milliseconds(read, far, long)) for _ in range(CALLS)]
    of_short, of_long = ([pair[side] for pair in pairs] for side in (0, 1))
    p99_short, p99_long = (quantiles(latencies, n=100)[98] for latencies in (of_short, of_long))
    emit(
        bench="scale",
        reading=name,
        short_entries=short.entries,
        long_entries=long.entries,
        short_p50_ms=median(of_short),
        long_p50_ms=median(of_long),
        short_p99_ms=p99_short,
        long_p99_ms=p99_long,
        ratio=p99_long / p99_short,
    )


def _milliseconds(read: Callable[[Session, Book], object], session: Session, book: Book) -> float:
    started = time.perf_counter()
    read(session, book)
    return (time.perf_counter() - started) * 1000


def _member(book: Book) -> Account:
    return Account(book.group_id, "KES", book.first_user + random.randrange(MEMBERS))


def _moment(book: Book) -> datetime:
    return book.began + (book.ended - book.began) * random.random()


def _newest(session: Session, book: Book) -> object:
    return statements.newest(session, _member(book), book.began, book.ended, PAGE_LINES)


def _page(session: Session, book: Book) -> object:
    """A page somewhere in the middle."""
    after = Cursor(random.randrange(1, book.receipts), 0)
    return statements.page(session, _member(book), book.began, book.ended, after, PAGE_LINES)


def _group_page(session: Session, book: Book) -> object:
    after = Cursor(random.randrange(1, book.receipts), 0)
    return statements.page(session, Account(book.group_id, "KES"), book.began, book.ended, after, PAGE_LINES)


READINGS: dict[str, Callable[[Session, Book], object]] = {
    "balance": lambda session, book: reading.balances(session, book.group_id, book.first_user, "KES"),
    "balance at a moment": lambda session, book: statements.balance_at(session, _member(book), _moment(book)),
    "newest page of a member": _newest,
    "some page of a member": _page,
    "some page of the group": _group_page,
}


def _book(house: House, entries: int) -> Book:
    """Makes a migrated database beside the house's own and fills it."""
    started = time.monotonic()
    name = f"scale_{entries}"
    url = create_database(house.database_url, name)
    House(url, house.redis_url, house.folder).migrate()
    engine = create_engine(url)
    with _owner(engine) as session:
        row = session.execute(_PEOPLE, {"members": MEMBERS}).one()
        session.commit()
    transactions = entries // LEGS
    for start in range(0, transactions, CHUNK):
        with _owner(engine) as session:
            values = {"group": row.group_id, "user": row.first_user, "members": MEMBERS}
            for statement in _FILL:
                session.execute(statement, values | {"start": start, "end": min(start + CHUNK, transactions) - 1})
            session.commit()
        progress(f"{name}: {min(start + CHUNK, transactions) * LEGS:,} of {entries:,} entries")
    with _owner(engine) as session:
        session.execute(_BALANCES, {"group": row.group_id})
        session.commit()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    progress(f"{name} took {time.monotonic() - started:.0f} s")
    ended = BEGAN + timedelta(minutes=transactions)
    return Book(entries, engine, row.group_id, row.first_user, BEGAN, ended)


@contextmanager
def _owner(engine: Engine):  # noqa: ANN202
    with Session(engine) as session:
        # The rows are made to fit; checking ten million of them one by one would take an hour.
        session.execute(text("SET LOCAL session_replication_role = replica"))
        yield session


BEGAN = datetime.fromisoformat("2006-01-01T00:00:00+00:00")

_PEOPLE = text("""
    WITH people AS (INSERT INTO users (country) SELECT 'KE' FROM generate_series(1, :members) RETURNING id),
    grp AS (INSERT INTO groups (code, name, currency, country, time_zone, created_by)
            SELECT 'SCALE-234567', 'Scale', 'KES', 'KE', 'Africa/Nairobi', min(id) FROM people RETURNING id),
    joined AS (INSERT INTO memberships (group_id, user_id) SELECT grp.id, people.id FROM grp, people),
    own AS (INSERT INTO wallets (group_id, kind, user_id, currency)
            SELECT grp.id, 'savings', people.id, 'KES' FROM grp, people),
    shared AS (INSERT INTO wallets (group_id, kind, provider, currency)
               SELECT grp.id, kind, provider, 'KES' FROM grp, (VALUES ('cash', 'paystack'), ('fee_expense', ''),
                                                                      ('fee_income', '')) AS kinds (kind, provider))
    SELECT grp.id AS group_id, (SELECT min(id) FROM people) AS first_user FROM grp""")

# Transaction n, one a minute, is a contribution of 100 minor units by member n modulo their number.
_FILL = (
    text("""
    INSERT INTO transactions (id, group_id, user_id, kind, state, currency, amount_minor, idempotency_key, content,
                              channel, created_at, completed_at)
    OVERRIDING SYSTEM VALUE
    SELECT n + 1, :group, :user + n % :members, 'contribution', 'completed', 'KES', 100, n, '\\x00', 'sms', at, at
      FROM (SELECT n, timestamptz '2006-01-01 00:00+00' + n * interval '1 minute' AS at
              FROM generate_series(CAST(:start AS bigint), :end) n) moment"""),
    text("""
    INSERT INTO receipts (group_id, number, transaction_id, seq, issued_at)
    SELECT :group, n + 1, n + 1, n + 1, timestamptz '2006-01-01 00:00+00' + n * interval '1 minute'
      FROM generate_series(CAST(:start AS bigint), :end) n"""),
    text("""
    INSERT INTO entries (group_id, transaction_id, wallet_id, amount_minor, balance_after_minor, wallet_version,
                         created_at)
    SELECT :group, n + 1, w.id, w.amount, w.amount * version, version,
           timestamptz '2006-01-01 00:00+00' + n * interval '1 minute'
      FROM generate_series(CAST(:start AS bigint), :end) n
     CROSS JOIN LATERAL (
        SELECT id, CASE kind WHEN 'cash' THEN -100 WHEN 'fee_expense' THEN -2 WHEN 'fee_income' THEN 2 ELSE 100 END
                   AS amount,
               CASE kind WHEN 'savings' THEN n / :members + 1 ELSE n + 1 END AS version
          FROM wallets
         WHERE group_id = :group AND (kind <> 'savings' OR user_id = :user + n % :members)) w"""),
    text("""
    INSERT INTO audit_log (group_id, seq, at, action, data, channel, previous_hash, hash)
    SELECT :group, n + 1, timestamptz '2006-01-01 00:00+00' + n * interval '1 minute', 'contribution', '{}', 'sms', '',
           decode(md5(n::text), 'hex')
      FROM generate_series(CAST(:start AS bigint), :end) n"""),
)

_BALANCES = text("""
    UPDATE wallets w SET balance_minor = last.balance_after_minor, version = last.wallet_version
      FROM (SELECT DISTINCT ON (wallet_id) wallet_id, balance_after_minor, wallet_version FROM entries
             WHERE group_id = :group ORDER BY wallet_id, wallet_version DESC) last
     WHERE w.id = last.wallet_id""")
