"""What `/sandbox/state` shows of the product's books, read by plain SQL from the product's own tables.

Here and nowhere else the sandbox knows the product's inside. It only reads, and shows nothing while the tables are
still missing. Names and phones are sealed there; their keys are those of the product's settings. Amounts are the
product's minor units; money held is the negative of the cash wallets.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from babel.numbers import get_currency_precision
from sqlalchemy import Connection, Engine, Row, text

from ledger.models import User

NEWEST_ENTRIES = 60
BOOK_TABLES = ("users", "groups", "memberships", "wallets", "transactions", "entries")
OUTBOX_STATES = ("pending", "running", "done", "dead")

PERSON = ("uid", "name_sealed", "phone_index", "phone_sealed")
SEALED = ", ".join(f"u.{column}" for column in PERSON)
GROUPS = """
    SELECT g.id, g.code, g.name, g.currency,
           COALESCE((SELECT -SUM(w.balance_minor) FROM wallets w WHERE w.group_id = g.id AND w.kind = 'cash'), 0)
               AS total_minor,
           COALESCE((SELECT SUM(e.amount_minor) FROM entries e WHERE e.group_id = g.id), 0) AS entries_sum_minor
    FROM groups g ORDER BY g.id"""
MEMBERS = f"""
    SELECT m.group_id, {SEALED}, m.role,
           COALESCE((SELECT SUM(w.balance_minor) FROM wallets w
                     WHERE w.group_id = m.group_id AND w.user_id = m.user_id AND w.kind = 'savings'), 0)
               AS savings_minor
    FROM memberships m JOIN users u ON u.id = m.user_id
    WHERE m.status = 'active' ORDER BY m.group_id, u.id"""
ENTRIES = f"""
    SELECT * FROM (
        SELECT e.group_id, e.transaction_id, t.kind, t.state, w.kind AS wallet, {SEALED}, e.amount_minor,
               e.created_at AS at,
               row_number() OVER (PARTITION BY e.group_id ORDER BY e.transaction_id DESC, e.wallet_id DESC) AS age
        FROM entries e
        JOIN transactions t ON t.id = e.transaction_id
        JOIN wallets w ON w.id = e.wallet_id
        LEFT JOIN users u ON u.id = w.user_id) newest
    WHERE age <= {NEWEST_ENTRIES} ORDER BY group_id, age"""
PENDING = f"""
    SELECT t.group_id, t.id AS transaction_id, t.kind, {SEALED}, t.amount_minor, t.state
    FROM transactions t LEFT JOIN users u ON u.id = t.user_id
    WHERE t.state IN ('pending', 'processing') ORDER BY t.group_id, t.id DESC"""
OUTBOX = "SELECT state, COUNT(*) AS count FROM outbox GROUP BY state"
PHONES_OF_CHECKOUTS = f"""
    SELECT c.reference, {SEALED} FROM checkouts c
    JOIN transactions t ON t.id = c.transaction_id JOIN users u ON u.id = t.user_id
    WHERE c.reference = ANY(:references)"""


def read_groups(engine: Engine) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        # All parts come from one moment, so that the sums on the page agree with each other.
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        if not _have(connection, *BOOK_TABLES):
            return []
        groups = _rows(connection, GROUPS)
        members = _by_group(connection, MEMBERS, _as_member)
        entries = _by_group(connection, ENTRIES, _as_owner)
        pending = _by_group(connection, PENDING, _as_owner)
    for group in groups:
        key = group["id"]
        group["minor_digits"] = get_currency_precision(group["currency"])
        group.update(members=members[key], entries=entries[key], pending=pending[key])
        for entry in group["entries"]:
            del entry["age"]
    return groups


def read_outbox(engine: Engine) -> dict[str, int]:
    counts = dict.fromkeys(OUTBOX_STATES, 0)
    with engine.connect() as connection:
        if _have(connection, "outbox"):
            counts.update({row["state"]: row["count"] for row in _rows(connection, OUTBOX)})
    return counts


def phones_of_checkouts(engine: Engine, references: list[str]) -> dict[str, str]:
    """Whose payments these are, as far as the product's tables tell."""
    with engine.connect() as connection:
        if not references or not _have(connection, "checkouts", "transactions", "users"):
            return {}
        rows = connection.execute(text(PHONES_OF_CHECKOUTS), {"references": references})
        return {row.reference: User.phone.of(row) or "" for row in rows}


def _have(connection: Connection, *tables: str) -> bool:
    return all(connection.scalar(text("SELECT to_regclass(:name)"), {"name": table}) for table in tables)


def _rows(connection: Connection, query: str) -> list[dict[str, Any]]:
    return [_shown(row) for row in connection.execute(text(query))]


def _by_group(
    connection: Connection, query: str, who: Callable[[Row[Any]], dict[str, str | None]]
) -> defaultdict[Any, list[dict[str, Any]]]:
    grouped: defaultdict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in connection.execute(text(query)):
        shown = _shown(row) | who(row)
        grouped[shown.pop("group_id")].append(shown)
    return grouped


def _as_member(row: Row[Any]) -> dict[str, str | None]:
    phone = User.phone.of(row)
    return {"name": User.name.of(row) or phone or "someone", "phone": phone}


def _as_owner(row: Row[Any]) -> dict[str, str | None]:
    return {"member": User.name.of(row) or User.phone.of(row)}


def _shown(row: Row[Any]) -> dict[str, Any]:
    return {key: _plain(value) for key, value in row._mapping.items() if key not in PERSON}


def _plain(value: Any) -> Any:
    """A value that JSON can carry; SUM() of bigint is a whole Decimal."""
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value
