"""Two groups with members, in a transaction that is rolled back."""

import pytest

from core import db
from tests.ledger.actors import World, populated


@pytest.fixture
def world(session: db.Session) -> World:
    return populated(session)
