"""Two logins, as docs/operations.md sets them up: one owns the tables, the other serves members and bends nothing."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError

from core import db
from tests.conftest import ENVIRONMENT, ROOT, settings_of
from tests.ledger.actors import populated, saved

ONLY_READ = {
    "entries", "receipts", "audit_log", "reservations", "wallets", "approvals", "votes", "alembic_version",
}  # fmt: skip
NEVER_DELETED = {
    "users", "groups", "memberships", "invitations", "transactions", "documents", "loans", "instalments", "guarantees",
    "payout_accounts", "payouts", "challenges",
}  # fmt: skip
# What may be changed of a row that may not be written otherwise.
COLUMNS = {"transactions": {"state", "failure"}, "approvals": {"reminded_at", "facts_sealed"}}


@pytest.fixture
def logins(server_url: str, redis_url: str) -> Iterator[None]:
    """A database that an ordinary login owns and has migrated; this process works under the other login."""
    server = create_engine(make_url(server_url).set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")
    url = make_url(server_url).set(drivername="postgresql", database="two_logins", password="narrow")
    owner, web = (url.set(username=name).render_as_string(hide_password=False) for name in ("gw_owner", "gw_web"))
    with server.connect() as connection:
        for statement in SET_UP:
            connection.execute(text(statement))
    environment = {
        **os.environ,
        **ENVIRONMENT,
        "DATABASE_OWNER_URL": owner,
        "DATABASE_URL": web,
        "REDIS_URL": "redis://x",
    }
    subprocess.run([sys.executable, "-m", "alembic", "upgrade", "head"], cwd=ROOT, env=environment, check=True)
    with settings_of(DATABASE_OWNER_URL=owner, DATABASE_URL=web, REDIS_URL=redis_url):
        yield
        db.engine().dispose()
    with server.connect() as connection:
        for statement in TAKE_DOWN:
            connection.execute(text(statement))
    server.dispose()


@pytest.mark.usefixtures("logins")
def test_the_product_works_under_the_narrow_login_and_can_bend_nothing() -> None:
    with db.session() as session:
        world = populated(session)
        saved(session, world.umoja, world.ama)
        session.commit()
    for statement in ("UPDATE wallets SET balance_minor = 0", "DELETE FROM entries", "SET ROLE gw_owner"):
        with db.session() as session, pytest.raises(ProgrammingError):
            session.execute(text(statement))


def test_the_narrow_role_may_do_with_each_table_what_it_needs_and_no_more(session: db.Session) -> None:
    rows = session.execute(
        text("""SELECT c.relname, ARRAY(SELECT p FROM unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p
                                         WHERE has_table_privilege('groupwallet_app', c.oid, p)) AS may
                  FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace""")
    )
    may = {name: set(allowed) for name, allowed in rows}
    assert {name for name, allowed in may.items() if not allowed} >= ONLY_READ
    for name, allowed in may.items():
        assert "TRUNCATE" not in allowed, name
        assert not (name in NEVER_DELETED and "DELETE" in allowed), name
    assert may.keys() >= NEVER_DELETED
    assert may["transactions"] == {"INSERT"}


def test_the_narrow_role_may_change_but_a_few_columns_of_transactions_and_approvals(session: db.Session) -> None:
    rows = session.execute(
        text("""SELECT attrelid::regclass::text, attname FROM pg_attribute
                 WHERE attrelid = ANY(CAST(:tables AS regclass[])) AND attnum > 0
                   AND has_column_privilege('groupwallet_app', attrelid, attnum, 'UPDATE')"""),
        {"tables": [*COLUMNS, *ONLY_READ - COLUMNS.keys()]},
    )
    may_change: dict[str, set[str]] = {}
    for table, column in rows:
        may_change.setdefault(table, set()).add(column)
    assert may_change == COLUMNS


SET_UP = (
    "DROP DATABASE IF EXISTS two_logins WITH (FORCE)",
    "DROP ROLE IF EXISTS gw_owner, gw_web",
    """DO $$ BEGIN CREATE ROLE groupwallet_app NOLOGIN;
       EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$""",
    "CREATE ROLE gw_owner LOGIN PASSWORD 'narrow'",
    "CREATE ROLE gw_web LOGIN PASSWORD 'narrow' IN ROLE groupwallet_app",
    "CREATE DATABASE two_logins OWNER gw_owner",
)
TAKE_DOWN = ("DROP DATABASE two_logins WITH (FORCE)", "DROP ROLE gw_owner, gw_web")
