"""The web application in this process, for tests that look at its answers."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from flask.testing import FlaskClient

from wsgi import create_app


@contextmanager
def client() -> Iterator[FlaskClient]:
    """A client of the application; the log is put back afterwards, since the application takes it over."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    app = create_app()
    root.handlers, root.level = handlers, level
    with app.test_client() as opened:
        yield opened
