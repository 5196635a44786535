"""The only reader of the environment.

`settings()` reads once per process, from the environment and a `.env` file beside the code, and names every missing
or contradictory variable at once. Nothing here may import another module of the product.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    Field,
    Json,
    SecretBytes,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.errors import SettingsError

TWILIO_API = "https://api.twilio.com"
PAYSTACK_API = "https://api.paystack.co"
FLUTTERWAVE_API = "https://api.flutterwave.com/v3"
KEY_BYTES = 32
MAKE_A_KEY = "make one with: openssl rand -base64 32"


class Settings(BaseSettings):
    """Every setting of the product; `.env.example` explains each one to the person who deploys it."""

    model_config = SettingsConfigDict(
        env_file=Path(__file__).parent.parent / ".env", frozen=True, extra="ignore", env_ignore_empty=True
    )

    env: Literal["development", "test", "production"] = "production"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    public_base_url: str
    database_url: str = Field(repr=False)
    redis_url: str = Field(repr=False)
    database_owner_url: str | None = Field(default=None, repr=False)
    database_role: str = Field(default="groupwallet_app", pattern=r"^[a-z_][a-z0-9_]*$")
    database_pool_size: int = Field(default=4, ge=1, le=64)
    job_timeout_seconds: int = Field(default=60, ge=2, le=600)

    twilio_account_sid: str
    twilio_auth_token: SecretStr
    twilio_sms_number: str
    twilio_whatsapp_number: str
    twilio_base_url: str = TWILIO_API
    twilio_content_sids: Annotated[Json[dict[str, str]], NoDecode] = Field(default="{}")  # type: ignore[arg-type]

    paystack_secret_key: SecretStr
    paystack_base_url: str = PAYSTACK_API
    flutterwave_secret_key: SecretStr | None = None
    flutterwave_secret_hash: SecretStr | None = None
    flutterwave_base_url: str = FLUTTERWAVE_API
    payment_routes: Annotated[Json[dict[str, dict[str, list[str]]]], NoDecode] = Field(default="{}")  # type: ignore[arg-type]
    provider_timeout_seconds: float = Field(default=12, gt=0, le=60)
    provider_pause_seconds: float = Field(default=30, gt=0, le=600)
    payer_email_domain: str

    field_keys: Annotated[dict[str, SecretBytes], NoDecode]
    field_key_id: str
    blind_index_key: SecretBytes

    storage_url: str
    s3_endpoint_url: str | None = None
    s3_region: str = "us-east-1"
    s3_access_key_id: str | None = None
    s3_secret_access_key: SecretStr | None = None

    clock_file: Path | None = None

    @field_validator("database_url", "database_owner_url")
    @classmethod
    def _name_the_driver(cls, url: str | None) -> str | None:
        return None if url is None else with_driver(url)

    @field_validator(
        "public_base_url", "twilio_base_url", "paystack_base_url", "flutterwave_base_url", "s3_endpoint_url"
    )
    @classmethod
    def _without_trailing_slash(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.fragment:
            raise ValueError("must be an http(s) address without a fragment")
        return url.rstrip("/")

    @field_validator("field_keys", mode="before")
    @classmethod
    def _read_keys(cls, text: str) -> dict[str, bytes]:
        try:
            named = json.loads(text)
        except ValueError:
            named = None
        if not isinstance(named, dict) or not named:
            raise ValueError(f'must be a JSON object like {{"2026-11": "<key>"}}; {MAKE_A_KEY}')
        for key_id in named:
            # The id stands in front of every sealed value, and in what operators read.
            if not re.fullmatch(r"[A-Za-z0-9._-]{1,32}", key_id):
                raise ValueError("has a key whose id is not 1 to 32 letters, digits, dots and dashes, like 2026-11")
        return {key_id: _key(key) for key_id, key in named.items()}

    @field_validator("field_key_id")
    @classmethod
    def _names_a_key(cls, key_id: str, others: ValidationInfo) -> str:
        if key_id not in others.data.get("field_keys", {key_id: None}):
            raise ValueError("must be the id of one of FIELD_KEYS: the one under which new values are sealed")
        return key_id

    @field_validator("blind_index_key", mode="before")
    @classmethod
    def _read_key(cls, text: str, others: ValidationInfo) -> bytes:
        key = _key(text)
        if SecretBytes(key) in others.data.get("field_keys", {}).values():
            raise ValueError(f"must be another key than those of FIELD_KEYS; {MAKE_A_KEY}")
        return key

    @field_validator("storage_url")
    @classmethod
    def _is_a_bucket_or_a_folder(cls, url: str) -> str:
        parts = urlsplit(url)
        bucket = parts.scheme == "s3" and parts.netloc
        folder = parts.scheme in ("", "file") and parts.path.strip("/") and not parts.netloc
        if not (bucket or folder) or parts.query or parts.fragment:
            raise ValueError("must be s3://bucket/prefix or file:///absolute/folder")
        return url

    @model_validator(mode="after")
    def _s3_keys_come_in_pairs(self) -> Self:
        if (self.s3_access_key_id is None) != (self.s3_secret_access_key is None):
            raise ValueError("S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY belong together: set both or neither")
        return self

    @model_validator(mode="after")
    def _flutterwave_signs_its_webhooks(self) -> Self:
        if (self.flutterwave_secret_key is None) != (self.flutterwave_secret_hash is None):
            raise ValueError("FLUTTERWAVE_SECRET_KEY and FLUTTERWAVE_SECRET_HASH belong together: set both or neither")
        return self

    @model_validator(mode="after")
    def _no_sandbox_in_production(self) -> Self:
        if self.env == "production" and (reasons := list(self._sandbox_signs())):
            raise ValueError("ENV=production, but these are sandbox settings: " + "; ".join(reasons))
        return self

    def _sandbox_signs(self) -> Iterator[str]:
        if self.clock_file is not None:
            yield "CLOCK_FILE is set (the product's clock must not be movable)"
        if self.twilio_base_url != TWILIO_API:
            yield f"TWILIO_BASE_URL is not {TWILIO_API}"
        if self.paystack_base_url != PAYSTACK_API:
            yield f"PAYSTACK_BASE_URL is not {PAYSTACK_API}"
        if self.flutterwave_base_url != FLUTTERWAVE_API:
            yield f"FLUTTERWAVE_BASE_URL is not {FLUTTERWAVE_API}"
        if self.flutterwave_secret_key and "sandbox" in self.flutterwave_secret_key.get_secret_value():
            yield "FLUTTERWAVE_SECRET_KEY is the sandbox's"
        if "sandbox" in self.paystack_secret_key.get_secret_value():
            yield "PAYSTACK_SECRET_KEY is the sandbox's"
        if "sandbox" in self.twilio_auth_token.get_secret_value():
            yield "TWILIO_AUTH_TOKEN is the sandbox's"
        if any(b"sandbox" in key.get_secret_value() for key in self.field_keys.values()):
            yield "FIELD_KEYS is the sandbox's"
        if b"sandbox" in self.blind_index_key.get_secret_value():
            yield "BLIND_INDEX_KEY is the sandbox's"
        if not self.public_base_url.startswith("https://"):
            yield "PUBLIC_BASE_URL is not https"
        if not self.storage_url.startswith("s3:") and not urlsplit(self.storage_url).path.startswith("/"):
            yield "STORAGE_URL is a folder beside the code (the next deployment would lose it)"


def _key(text: object) -> bytes:
    try:
        key = base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"must be {KEY_BYTES} bytes in base64; {MAKE_A_KEY}")
    return key


def with_driver(database_url: str) -> str:
    """The address with the driver we use. Raises `ValueError` for one that is not PostgreSQL's.

    SQLAlchemy 2.1 resolves a bare postgresql:// to psycopg 3, and hosting platforms still hand out postgres://.
    """
    for prefix in ("postgresql://", "postgres://"):
        if database_url.startswith(prefix):
            return "postgresql+psycopg2://" + database_url.removeprefix(prefix)
    if not database_url.startswith("postgresql+psycopg2://"):
        raise ValueError("must be a PostgreSQL address, like postgresql://user:password@host:5432/groupwallet")
    return database_url


@cache
def settings() -> Settings:
    """The settings of this process. Raises `SettingsError` with one line per wrong variable."""
    return load()


def load(**overrides: Any) -> Settings:
    """Reads the environment afresh, for tests and for `settings()`; `overrides` win. Raises `SettingsError`."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError(_one_line_per_variable(error)) from None


def _one_line_per_variable(error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        name = str(problem["loc"][0]).upper() if problem["loc"] else "settings"
        text = "is missing" if problem["type"] == "missing" else problem["msg"].removeprefix("Value error, ")
        lines.append(f"  {name}: {text}")
    return "The settings are not usable (.env.example explains each):\n" + "\n".join(sorted(lines))
