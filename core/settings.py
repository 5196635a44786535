"""The only reader of the environment.

`settings()` reads once per process, from the environment and a `.env` file beside the code, and names every missing
or contradictory variable at once. Nothing here may import another module of the product.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, Json, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.errors import SettingsError

TWILIO_API = "https://api.twilio.com"
PAYSTACK_API = "https://api.paystack.co"


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
    payer_email_domain: str

    clock_file: Path | None = None

    @field_validator("database_url")
    @classmethod
    def _name_the_driver(cls, url: str) -> str:
        return with_driver(url)

    @field_validator("public_base_url", "twilio_base_url", "paystack_base_url")
    @classmethod
    def _without_trailing_slash(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.fragment:
            raise ValueError("must be an http(s) address without a fragment")
        return url.rstrip("/")

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
        if "sandbox" in self.paystack_secret_key.get_secret_value():
            yield "PAYSTACK_SECRET_KEY is the sandbox's"
        if "sandbox" in self.twilio_auth_token.get_secret_value():
            yield "TWILIO_AUTH_TOKEN is the sandbox's"
        if not self.public_base_url.startswith("https://"):
            yield "PUBLIC_BASE_URL is not https"


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
