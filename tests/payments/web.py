"""The web application in this process, for tests that look at its answers."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask.testing import FlaskClient

from wsgi import create_app


@contextmanager
def client() -> Iterator[FlaskClient]:
    """A browser, or a provider, in front of the application."""
    with create_app().test_client() as opened:
        yield opened
