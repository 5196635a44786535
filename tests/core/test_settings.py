"""Settings: everything wrong is named at once, nothing secret is repeated, and production takes no sandbox."""

import json
import traceback
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import SettingsError
from core.settings import Settings, load

FIELD_KEY, BLIND_INDEX_KEY = (b64encode(bytes([number] * 32)).decode() for number in (1, 2))
SANDBOX_KEY = b64encode(b"sandbox".ljust(32, b".")).decode()
PRODUCTION = {
    "ENV": "production",
    "PUBLIC_BASE_URL": "https://wallet.example.org",
    "DATABASE_URL": "postgresql://groupwallet:hunter2@db.example.org:5432/groupwallet",
    "REDIS_URL": "redis://:hunter2@redis.example.org:6379/0",
    "TWILIO_ACCOUNT_SID": "AC0123456789abcdef0123456789abcdef",
    "TWILIO_AUTH_TOKEN": "hunter2-twilio",
    "TWILIO_SMS_NUMBER": "+15005550006",
    "TWILIO_WHATSAPP_NUMBER": "+14155238886",
    "PAYSTACK_SECRET_KEY": "sk_live_hunter2",
    "PAYER_EMAIL_DOMAIN": "payers.example.org",
    "FIELD_KEYS": json.dumps({"2026-11": FIELD_KEY}),
    "FIELD_KEY_ID": "2026-11",
    "BLIND_INDEX_KEY": BLIND_INDEX_KEY,
    "STORAGE_URL": "s3://documents/production",
}
REQUIRED = {name.upper() for name, field in Settings.model_fields.items() if field.is_required()}

Read = Callable[..., Settings]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """Reads an environment that is good for production, with these changes; None takes a variable away."""

    def read_with(**changes: str | None) -> Settings:
        for name in Settings.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
        for name, value in (PRODUCTION | changes).items():
            if value is not None:
                monkeypatch.setenv(name, value)
        return load(_env_file=None)

    return read_with


def refusal(read: Read, **changes: str | None) -> str:
    with pytest.raises(SettingsError) as caught:
        read(**changes)
    shown = "".join(traceback.format_exception(caught.value))
    assert "hunter2" not in shown, "a secret is in the error"
    assert FIELD_KEY not in shown and BLIND_INDEX_KEY not in shown, "a key is in the error"
    return str(caught.value)


def test_a_complete_environment_is_accepted_in_production(read: Read) -> None:
    settings = read()
    assert (settings.env, settings.public_base_url) == ("production", "https://wallet.example.org")


def test_production_is_what_one_gets_without_saying(read: Read) -> None:
    assert read(ENV=None).env == "production"


def test_every_missing_variable_is_named_at_once(read: Read) -> None:
    lines = refusal(read, **dict.fromkeys(PRODUCTION)).splitlines()
    assert {line.strip() for line in lines[1:]} == {f"{name}: is missing" for name in REQUIRED}


def test_an_empty_variable_is_a_missing_one(read: Read) -> None:
    assert "PAYSTACK_SECRET_KEY: is missing" in refusal(read, PAYSTACK_SECRET_KEY="")


def test_wrong_and_missing_variables_are_named_together(read: Read) -> None:
    text = refusal(read, REDIS_URL=None, LOG_LEVEL="LOUD", DATABASE_POOL_SIZE="many", PUBLIC_BASE_URL="wallet")
    for name in ("REDIS_URL", "LOG_LEVEL", "DATABASE_POOL_SIZE", "PUBLIC_BASE_URL"):
        assert f"  {name}: " in text


@pytest.mark.parametrize(
    "given",
    ["postgres://u:p@h:5432/d?sslmode=require", "postgresql://u:p@h:5432/d?sslmode=require"],
)
def test_the_driver_is_named_whatever_the_platform_calls_the_database(read: Read, given: str) -> None:
    assert read(DATABASE_URL=given).database_url == "postgresql+psycopg2://u:p@h:5432/d?sslmode=require"


def test_a_database_url_that_names_the_driver_stays(read: Read) -> None:
    assert read(DATABASE_URL="postgresql+psycopg2://h/d").database_url == "postgresql+psycopg2://h/d"


@pytest.mark.parametrize(
    "given", ["mysql://u:hunter2@h/d", "sqlite:///hunter2.db", "postgresql+psycopg://u:hunter2@h/d", "hunter2"]
)
def test_another_database_is_refused_without_its_password(read: Read, given: str) -> None:
    assert "DATABASE_URL: must be a PostgreSQL address" in refusal(read, DATABASE_URL=given)


@pytest.mark.parametrize("name", ["PUBLIC_BASE_URL", "TWILIO_BASE_URL", "PAYSTACK_BASE_URL"])
def test_addresses_have_no_slash_at_the_end(read: Read, name: str) -> None:
    settings = read(**{"ENV": "development", name: "http://localhost:8000/x/"})
    assert getattr(settings, name.lower()) == "http://localhost:8000/x"


@pytest.mark.parametrize("given", ["wallet.example.org", "ftp://wallet.example.org", "https://", "https://a.b/#c"])
def test_what_is_no_web_address_is_refused(read: Read, given: str) -> None:
    assert "PUBLIC_BASE_URL: must be an http(s) address" in refusal(read, PUBLIC_BASE_URL=given)


@pytest.mark.parametrize("given", ["s3://documents", "s3://documents/a/b", "file:///srv/documents", "/srv/documents"])
def test_documents_lie_in_a_bucket_or_a_folder(read: Read, given: str) -> None:
    assert read(STORAGE_URL=given).storage_url == given


@pytest.mark.parametrize(
    "given", ["s3://", "s3:///prefix", "file://srv/documents", "ftp://h/d", "file:///", "s3://b/p?x=1"]
)
def test_what_is_no_place_for_documents_is_refused(read: Read, given: str) -> None:
    assert "STORAGE_URL: must be s3://bucket/prefix or file:///absolute/folder" in refusal(read, STORAGE_URL=given)


@pytest.mark.parametrize("name", ["S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"])
def test_half_of_the_credentials_of_s3_is_refused(read: Read, name: str) -> None:
    assert "set both or neither" in refusal(read, **{name: "hunter2"})
    both = read(S3_ACCESS_KEY_ID="AKIA", S3_SECRET_ACCESS_KEY="hunter2")
    assert "hunter2" not in repr(both)


SANDBOX_SIGNS = {
    "CLOCK_FILE": ".local/clock",
    "TWILIO_BASE_URL": "http://localhost:8001",
    "PAYSTACK_BASE_URL": "http://localhost:8001/paystack",
    "PAYSTACK_SECRET_KEY": "sk_test_sandbox_hunter2",
    "TWILIO_AUTH_TOKEN": "sandbox-hunter2",
    "FIELD_KEYS": json.dumps({"2026-11": FIELD_KEY, "2025-11": SANDBOX_KEY}),
    "BLIND_INDEX_KEY": b64encode(b"sandbox".rjust(32, b".")).decode(),
    "PUBLIC_BASE_URL": "http://wallet.example.org",
    "STORAGE_URL": ".local/documents",
}


@pytest.mark.parametrize("name", SANDBOX_SIGNS)
def test_production_refuses_each_sign_of_the_sandbox(read: Read, name: str) -> None:
    text = refusal(read, **{name: SANDBOX_SIGNS[name]})
    assert "ENV=production" in text
    assert [sign for sign in SANDBOX_SIGNS if f"{sign} is" in text] == [name]


def test_production_names_all_signs_of_the_sandbox_at_once(read: Read) -> None:
    text = refusal(read, **SANDBOX_SIGNS)
    assert [sign for sign in SANDBOX_SIGNS if f"{sign} is" in text] == list(SANDBOX_SIGNS)


@pytest.mark.parametrize("env", ["development", "test"])
def test_elsewhere_the_sandbox_is_welcome(read: Read, env: str) -> None:
    settings = read(ENV=env, **SANDBOX_SIGNS)
    assert settings.clock_file == Path(".local/clock")


def test_secrets_are_not_shown_by_the_settings_themselves(read: Read) -> None:
    settings = read(DATABASE_URL="postgresql://h/d", REDIS_URL="redis://h/0")
    assert "hunter2" not in f"{settings!r} {settings}"


def test_settings_do_not_change_while_the_process_lives(read: Read) -> None:
    settings = read()
    with pytest.raises(ValueError, match="frozen"):
        settings.env = "test"


SHORT = b64encode(b"2" * 31).decode()


@pytest.mark.parametrize(
    "given",
    ["hunter2", "[]", "{}", FIELD_KEY, '{"2026-11": "hunter2"}', '{"2026-11": 1}', json.dumps({"2026-11": SHORT})],
    ids=["text", "list", "none", "a bare key", "no base64", "number", "too short"],
)
def test_keys_that_cannot_be_used_are_refused_with_the_way_to_make_one(read: Read, given: str) -> None:
    text = refusal(read, FIELD_KEYS=given)
    assert "FIELD_KEYS: must be" in text and "openssl rand -base64 32" in text


@pytest.mark.parametrize("key_id", ["", "2026/11", "a" * 33, "Ṣadé"])
def test_a_keys_id_is_short_and_plain(read: Read, key_id: str) -> None:
    text = refusal(read, FIELD_KEYS=json.dumps({key_id: FIELD_KEY}))
    assert "FIELD_KEYS: has a key whose id is not 1 to 32 letters" in text


def test_new_values_are_sealed_under_a_key_that_there_is(read: Read) -> None:
    assert "FIELD_KEY_ID: must be the id of one of FIELD_KEYS" in refusal(read, FIELD_KEY_ID="2027-11")


def test_the_blind_index_has_a_key_of_its_own(read: Read) -> None:
    assert "BLIND_INDEX_KEY: must be another key" in refusal(read, BLIND_INDEX_KEY=FIELD_KEY)
    assert "BLIND_INDEX_KEY: must be 32 bytes in base64; make one with" in refusal(read, BLIND_INDEX_KEY="hunter2")


def test_keys_are_read_as_bytes_and_not_shown(read: Read) -> None:
    settings = read()
    assert settings.field_keys["2026-11"].get_secret_value() == bytes([1] * 32)
    assert settings.blind_index_key.get_secret_value() == bytes([2] * 32)
    for secret in (FIELD_KEY, BLIND_INDEX_KEY, "\\x01", "\\x02"):
        assert secret not in repr(settings)
