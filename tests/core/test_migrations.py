"""Migrations: they make what the models say, and they only ever lead forward (docs/decisions/0008)."""

from collections.abc import Iterator

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from core.db import Base
from tests.conftest import copy_of

CONSTRAINTS = text("""
    SELECT CAST(conrelid::regclass AS text), conname, pg_get_constraintdef(oid) FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'p', 'u')
       AND conrelid <> coalesce(to_regclass('alembic_version'), 0)
     UNION SELECT tablename, indexname, indexdef FROM pg_indexes
     WHERE schemaname = 'public' AND tablename <> 'alembic_version'
     UNION SELECT table_name, column_name, concat_ws(' ', data_type, column_default, is_nullable, is_identity)
      FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'""")


@pytest.fixture
def database_url(server_url: str, migrated: str) -> Iterator[str]:
    """A copy for each test, which takes it apart."""
    with copy_of(server_url, migrated) as url:
        yield url


@pytest.fixture
def connection(alembic: Config, committing: str) -> Iterator[Connection]:
    engine = create_engine(committing, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_models_and_migrations_agree(alembic: Config) -> None:
    command.check(alembic)


def test_models_and_migrations_make_the_same_columns_constraints_and_indexes(
    connection: Connection, server_url: str
) -> None:
    with copy_of(server_url, "template0") as empty_url:
        engine = create_engine(empty_url)
        Base.metadata.create_all(engine)
        with engine.connect() as from_models:
            expected = set(from_models.execute(CONSTRAINTS))
        engine.dispose()
    assert set(connection.execute(CONSTRAINTS)) == expected


def test_no_migration_leads_back(alembic: Config) -> None:
    for script in ScriptDirectory.from_config(alembic).walk_revisions():
        assert not hasattr(script.module, "downgrade"), script.revision


def test_the_history_is_one_line_and_each_step_says_why(alembic: Config) -> None:
    scripts = list(ScriptDirectory.from_config(alembic).walk_revisions())
    assert [script.revision for script in reversed(scripts)] == [f"{n:04d}" for n in range(1, len(scripts) + 1)]
    assert [script.revision for script in scripts if "Why:" not in (script.module.__doc__ or "")] == []
