"""Tokens in links: unguessable, and of letters and digits only, since phones cut a dash off the end of a link."""

import secrets
import string

ALPHABET = string.ascii_letters + string.digits


def new(length: int) -> str:
    """A fresh token; each letter is worth almost 6 bits, so 12 of them are 71 bits and 22 are 131."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
