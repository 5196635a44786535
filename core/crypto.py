"""Texts that the database may only hold sealed, and the index by which a sealed text is found.

AES-256-GCM with the place of the text (table, column, row) as associated data: a sealed value that was changed, or
moved to another row or column, does not open. Keys have names and can be replaced (`core/rotation.py`); the key of the
blind index cannot, since every index would have to be made anew from the texts. Which fields are sealed is said by the
models (`core/fields.py`).
"""

import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import CryptoError
from core.settings import settings

# Sealed bytes: format, length of the key's id, the key's id, nonce, cipher text with its tag.
FORMAT = 1
NONCE_BYTES = 12
TAG_BYTES = 16


def seal(text: str, where: str) -> bytes:
    """The text under the current key, bound to `where`: "users.name:<uid>". Twice the same text looks different."""
    start = current_start()
    nonce = secrets.token_bytes(NONCE_BYTES)
    cipher = AESGCM(settings().field_keys[settings().field_key_id].get_secret_value())
    return start + nonce + cipher.encrypt(nonce, text.encode(), start + where.encode())


def unseal(sealed: bytes, where: str) -> str:
    """The text that was sealed for this very place. Raises `CryptoError`, which never quotes it."""
    key_id = key_id_of(sealed)
    key = settings().field_keys.get(key_id)
    if key is None:
        raise CryptoError(f"{where} is sealed under the key {key_id!r}, which is missing from FIELD_KEYS")
    start = _start(key_id)
    nonce, locked = sealed[len(start) : len(start) + NONCE_BYTES], sealed[len(start) + NONCE_BYTES :]
    try:
        return AESGCM(key.get_secret_value()).decrypt(nonce, locked, start + where.encode()).decode()
    except InvalidTag:
        raise CryptoError(
            f"{where} does not open: it was changed, moved from another place, or {key_id!r} is another key now"
        ) from None


def key_id_of(sealed: bytes) -> str:
    """The id of the key under which the value is sealed. Raises `CryptoError` for what never was a sealed value."""
    if len(sealed) < 2 or sealed[0] != FORMAT or len(sealed) < 2 + sealed[1] + NONCE_BYTES + TAG_BYTES:
        raise CryptoError("this is no sealed value of a format that we know")
    return sealed[2 : 2 + sealed[1]].decode(errors="replace")


def is_current(sealed: bytes) -> bool:
    """Whether the value is under the key with which new ones are sealed; any other is for the rotation."""
    return sealed.startswith(current_start())


def current_start() -> bytes:
    """How every value begins that is sealed under the current key, and no other."""
    return _start(settings().field_key_id)


def blind_index(value: str, purpose: str) -> bytes:
    """32 bytes by which an equal value of the same purpose ("users.phone") is found, and that tell nothing else.

    Keyed, since all phone numbers of a country can be tried in minutes; by purpose, so that two tables of a stolen
    copy cannot be joined.
    """
    key = settings().blind_index_key.get_secret_value()
    return hmac.digest(key, f"{purpose}:{value}".encode(), "sha256")


def _start(key_id: str) -> bytes:
    name = key_id.encode()
    return bytes((FORMAT, len(name))) + name
