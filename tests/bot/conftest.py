"""What the tests of the bot share: Twilio at the end of a real connection, and a clock that can be moved."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from core import db
from tests.bot.actors import Talker
from tests.bot.speech import lose_patience, taken
from tests.conftest import settings_of
from tests.payments.conftest import MovableClock, committing, module_database, movable_clock
from tests.payments.servers import ScriptedServer, scripted
from tests.payments.web import client

__all__ = ["committing", "module_database", "movable_clock"]


@pytest.fixture
def twilio_server(committing: str, redis_url: str, movable_clock: MovableClock) -> Iterator[ScriptedServer]:
    """Twilio as the test wants it; it takes every message unless told otherwise. Commits are real."""
    changes = {"DATABASE_URL": committing, "REDIS_URL": redis_url, "CLOCK_FILE": str(movable_clock.path)}
    with scripted(taken) as server, settings_of(TWILIO_BASE_URL=server.url, **changes):
        lose_patience()
        yield server
        db.engine().dispose()


@pytest.fixture
def web(committing: str) -> Iterator[FlaskClient]:
    """Twilio in front of the product; commits are real."""
    with client() as opened:
        yield opened


@pytest.fixture
def ama(session: db.Session) -> Talker:
    """Somebody who has told their name and founded Umoja."""
    talker = Talker(session)
    talker.is_known("Ama").founds("Umoja")
    return talker
