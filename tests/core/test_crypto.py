"""Sealed texts: they open in their own place alone, under a key that is known, and only as they were sealed."""

import json
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as some

from core import crypto
from core.errors import CryptoError
from tests.conftest import settings_of
from tests.core.keys import knowing, ring

AMA = "users.name:1"
NOWHERE = {"DATABASE_URL": "postgresql://nowhere/db", "REDIS_URL": "redis://nowhere"}


@pytest.fixture(autouse=True)
def keys() -> Iterator[None]:
    """A process that knows one key, and needs no database."""
    with settings_of(**NOWHERE, **ring("2025")):
        yield


@given(text=some.text(), where=some.text())
def test_a_text_comes_back_as_it_was(text: str, where: str) -> None:
    assert crypto.unseal(crypto.seal(text, where), where) == text


def test_nothing_of_the_text_is_left_and_twice_the_same_looks_different() -> None:
    once, again = crypto.seal("+254712345678", AMA), crypto.seal("+254712345678", AMA)
    assert once != again
    assert b"712345" not in once and b"users" not in once


def test_no_byte_can_be_changed_added_or_taken_away() -> None:
    sealed = crypto.seal("Ama", AMA)
    changed = [sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in range(len(sealed))]
    for tampered in [*changed, sealed + b"\0", sealed[:-1], sealed[1:], sealed[:20]]:
        with pytest.raises(CryptoError):
            crypto.unseal(tampered, AMA)


@pytest.mark.parametrize("elsewhere", ["users.name:2", "users.phone:1", "groups.name:1", "users.name:10", ""])
def test_a_value_that_was_moved_does_not_open(elsewhere: str) -> None:
    with pytest.raises(CryptoError, match="changed, moved from another place, or '2025' is another key now"):
        crypto.unseal(crypto.seal("Ama", AMA), elsewhere)


@pytest.mark.parametrize("never_sealed", [b"", b"\x01", b"Ama", b"\x01\x04" + b"2025" + b"x" * 27, b"\x02" * 60])
def test_what_never_was_sealed_is_told_apart(never_sealed: bytes) -> None:
    with pytest.raises(CryptoError, match="no sealed value of a format that we know"):
        crypto.unseal(never_sealed, AMA)


def test_an_unknown_key_is_named_to_the_operator() -> None:
    sealed = crypto.seal("Ama", AMA)
    with knowing("2026"), pytest.raises(CryptoError) as refused:
        crypto.unseal(sealed, AMA)
    assert str(refused.value) == "users.name:1 is sealed under the key '2025', which is missing from FIELD_KEYS"


def test_another_key_under_a_known_id_opens_nothing() -> None:
    sealed = crypto.seal("Ama", AMA)
    another = json.dumps({"2025": b64encode(b"another".ljust(32)).decode()})
    with (
        settings_of(**NOWHERE, FIELD_KEYS=another, FIELD_KEY_ID="2025"),
        pytest.raises(CryptoError, match="'2025' is another key now"),
    ):
        crypto.unseal(sealed, AMA)


def test_an_old_key_still_opens_and_its_values_are_known_as_old() -> None:
    old = crypto.seal("Ama", AMA)
    assert crypto.is_current(old)
    with knowing("2025", "2026"):
        new = crypto.seal("Ama", AMA)
        assert [crypto.unseal(sealed, AMA) for sealed in (old, new)] == ["Ama", "Ama"]
        assert [crypto.is_current(sealed) for sealed in (old, new)] == [False, True]
        assert [crypto.key_id_of(sealed) for sealed in (old, new)] == ["2025", "2026"]


def test_a_key_whose_id_begins_like_anothers_is_another_key() -> None:
    with knowing("2025", "20251"):
        longer = crypto.seal("Ama", AMA)
    with knowing("20251", "2025"):
        assert not crypto.is_current(longer)


def test_an_error_never_quotes_the_text() -> None:
    sealed = crypto.seal("+254712345678", AMA)
    with pytest.raises(CryptoError) as refused:
        crypto.unseal(sealed, "users.name:2")
    assert "712345" not in str(refused.value) and refused.value.__cause__ is None


def test_equal_values_of_one_purpose_have_one_index() -> None:
    index = crypto.blind_index("+254712345678", "users.phone")
    assert index == crypto.blind_index("+254712345678", "users.phone")
    assert len(index) == 32
    others = [("+254712345679", "users.phone"), ("+254712345678", "invitations.phone"), ("", "users.phone")]
    assert index not in [crypto.blind_index(value, purpose) for value, purpose in others]


def test_an_index_cannot_be_made_without_its_key() -> None:
    index = crypto.blind_index("+254712345678", "users.phone")
    for guess in (b"+254712345678", b"users.phone:+254712345678"):
        assert sha256(guess).digest() != index
    with settings_of(**NOWHERE, BLIND_INDEX_KEY=b64encode(b"another".ljust(32)).decode()):
        assert crypto.blind_index("+254712345678", "users.phone") != index


def test_a_new_field_key_leaves_the_indexes_alone() -> None:
    index = crypto.blind_index("+254712345678", "users.phone")
    with knowing("2025", "2026"):
        assert crypto.blind_index("+254712345678", "users.phone") == index
