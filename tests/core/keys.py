"""Keys for tests: as many as wanted, each known by its id."""

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from core.settings import settings
from tests.conftest import settings_of


def ring(*key_ids: str) -> dict[str, str]:
    """The settings of a process that knows these keys and seals under the last of them."""
    keys = {key_id: b64encode(sha256(key_id.encode()).digest()).decode() for key_id in key_ids}
    return {"FIELD_KEYS": json.dumps(keys), "FIELD_KEY_ID": key_ids[-1]}


@contextmanager
def knowing(*key_ids: str) -> Iterator[None]:
    """This process with these keys, on the database it works on already."""
    kept = settings()
    with settings_of(DATABASE_URL=kept.database_url, REDIS_URL=kept.redis_url, **ring(*key_ids)):
        yield
