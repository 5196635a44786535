"""The providers the product can talk to, by the name that stands in the books."""

from collections.abc import Callable
from functools import cache

from core.outbox import TryAgain
from core.settings import settings
from payments.breaker import SharedBreaker
from payments.provider import Provider
from payments.providers.connection import CONNECT_SECONDS
from payments.providers.flutterwave import Flutterwave
from payments.providers.paystack import Paystack


class NotConfigured(TryAgain, KeyError):
    """An unknown provider, or one without settings: a job about it waits until they are back."""

    def __str__(self) -> str:
        return f"the provider {self.args[0]} has no settings: put them back while money is under way there"


@cache
def by_name(name: str) -> Provider:
    """The provider called `name`. Raises `NotConfigured` for an unknown one, and for one without settings."""
    make = _ADAPTERS.get(name)
    made = make() if make else None
    if made is None:
        raise NotConfigured(name)
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
