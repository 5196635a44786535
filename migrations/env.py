"""Alembic's environment: the product's metadata and the address from the product's settings."""

from alembic import context
from sqlalchemy import create_engine, pool

import bot.models  # noqa: F401  (every models module registers its tables)
import core.outbox  # noqa: F401
import ledger.models  # noqa: F401
import payments.models  # noqa: F401
from core.db import Base
from core.settings import settings


def run() -> None:
    """Runs the migrations in one transaction, giving up rather than waiting for a lock that blocks members."""
    own = settings()
    url = context.config.get_main_option("sqlalchemy.url") or own.database_owner_url or own.database_url
    engine = create_engine(url, poolclass=pool.NullPool, connect_args={"options": "-c lock_timeout=10s"})
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=False)
        with context.begin_transaction():
            context.run_migrations()


run()
