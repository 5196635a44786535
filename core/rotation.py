"""Another key for what is sealed: every value that is not under the current key is opened and sealed anew.

In short transactions, and only where the value is still the one that was read: the product may work meanwhile, and a
second run finds only what is left.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, Row, case, func, literal, select, text, update

from core import crypto, db
from core.db import Session
from core.errors import CryptoError
from core.fields import Sealed

BATCH = 500


@dataclass
class Batch:
    """What became of some rows. `broken` says for each value that does not open why."""

    looked_at: int = 0
    resealed: int = 0
    broken: list[str] = field(default_factory=list)


def counts(sealed: Sealed[Any]) -> dict[str, int]:
    """How many values of the field are sealed under each key id."""
    column = sealed.table.c[sealed.column]
    written = func.encode(func.substring(column, 3, func.get_byte(column, 1)), "escape")
    key_id = case((func.octet_length(column) < 2, "?"), else_=written)
    with db.session() as session:
        _take_time(session)
        found = select(key_id, func.count()).where(column.is_not(None)).group_by(key_id).order_by(key_id)
        return {name: count for name, count in session.execute(found)}  # noqa: C416 (a row is no pair to mypy)


def rotate(sealed: Sealed[Any]) -> Iterator[Batch]:
    """Seals the field anew wherever it is under another key than the current one; one batch and commit at a time."""
    after = 0
    while True:
        with db.session() as session:
            rows = _next(session, sealed, after)
            if not rows:
                return
            batch = Batch(looked_at=len(rows))
            for row in rows:
                _reseal(session, sealed, row, batch)
            session.commit()
        after = rows[-1].id
        yield batch


def _next(session: Session, sealed: Sealed[Any], after: int) -> list[Row[Any]]:
    """The next rows, by id, whose value is under another key."""
    _take_time(session)
    columns = sealed.table.c
    chosen = [columns[name] for name in ("id", sealed.column, *sealed.bound_to)]
    other_key = _start_of(columns[sealed.column]) != literal(crypto.current_start(), LargeBinary)
    return list(
        session.execute(
            select(*chosen)
            .where(columns.id > after, columns[sealed.column].is_not(None), other_key)
            .order_by(columns.id)
            .limit(BATCH)
        )
    )


def _reseal(session: Session, sealed: Sealed[Any], row: Row[Any], batch: Batch) -> None:
    columns = sealed.table.c
    try:
        value = sealed.of(row)
    except CryptoError as error:
        batch.broken.append(f"row {row.id}: {error}")
        return
    # Whoever changed the value meanwhile has sealed a newer one. Not through the model: the row's version stays, for
    # what the row says stays.
    done = session.execute(
        update(sealed.table)
        .where(columns.id == row.id, columns[sealed.column] == getattr(row, sealed.column))
        .values({sealed.column: crypto.seal(value, sealed.where(row))})
        .returning(columns.id)
    )
    batch.resealed += done.scalar() is not None


def _start_of(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.substring(column, 1, len(crypto.current_start()))


def _take_time(session: Session) -> None:
    # Reading a whole table may take longer than what is allowed to a web request.
    session.execute(text("SET LOCAL statement_timeout = '10min'"))
