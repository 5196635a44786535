"""Two groups with members, in a transaction that is rolled back; and a database to commit to."""

from collections.abc import Iterator

import pytest

from core import db
from tests.conftest import copy_of
from tests.ledger.actors import World, populated


@pytest.fixture
def world(session: db.Session) -> World:
    return populated(session)


@pytest.fixture(scope="module")
def module_database_url(server_url: str, migrated: str) -> Iterator[str]:
    with copy_of(server_url, migrated) as url:
        yield url


@pytest.fixture
def database_url(module_database_url: str) -> str:
    """One database for the tests of a module, each of which commits groups of its own: quicker than many copies."""
    return module_database_url
