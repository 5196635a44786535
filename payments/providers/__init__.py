"""The providers the product can talk to, by the name that stands in the books."""

from collections.abc import Callable
from functools import cache

from core.settings import settings
from payments.breaker import SharedBreaker
from payments.provider import Provider
from payments.providers.connection import CONNECT_SECONDS
from payments.providers.flutterwave import Flutterwave
from payments.providers.paystack import Paystack


@cache
def by_name(name: str) -> Provider:
    """The provider called `name`. Raises `KeyError` for an unknown one, and for one without settings."""
    made = _ADAPTERS[name]()
    if made is None:
        raise KeyError(f"{name} has no settings")
    return made


def configured() -> tuple[Provider, ...]:
    """Every provider that has settings."""
    with_settings = {"paystack": True, "flutterwave": settings().flutterwave_secret_key is not None}
    return tuple(by_name(name) for name in NAMES if with_settings[name])


def _paystack() -> Provider:
    own = settings()
    key = own.paystack_secret_key.get_secret_value()
    return Paystack(own.paystack_base_url, key, _patience(), _breaker("paystack"))


def _flutterwave() -> Provider | None:
    own = settings()
    if own.flutterwave_secret_key is None or own.flutterwave_secret_hash is None:
        return None
    key, secret_hash = own.flutterwave_secret_key.get_secret_value(), own.flutterwave_secret_hash.get_secret_value()
    return Flutterwave(own.flutterwave_base_url, key, secret_hash, _patience(), _breaker("flutterwave"))


def _patience() -> tuple[float, float]:
    return CONNECT_SECONDS, settings().provider_timeout_seconds


def _breaker(name: str) -> SharedBreaker:
    return SharedBreaker(name, settings().provider_pause_seconds)


_ADAPTERS: dict[str, Callable[[], Provider | None]] = {"paystack": _paystack, "flutterwave": _flutterwave}
NAMES = tuple(_ADAPTERS)
