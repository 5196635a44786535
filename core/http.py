"""What a failed HTTP call means: whether the other side can have seen it."""

import requests
from urllib3.exceptions import NewConnectionError


def never_left(error: requests.RequestException) -> bool:
    """True when no connection was ever made (refused, no such host, connect time-out): the call is safe to repeat."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)
