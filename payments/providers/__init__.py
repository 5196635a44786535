"""The providers the product can talk to, by the name that stands in the books."""

from functools import cache

from core.settings import settings
from payments.provider import Provider
from payments.providers.paystack import Paystack


@cache
def by_name(name: str) -> Provider:
    """The provider called `name`. Raises `KeyError`."""
    return _ADAPTERS[name]()


def for_currency(currency: str) -> Provider:
    """The provider that collects this currency. Raises `UnsupportedCurrency`."""
    provider = by_name("paystack")
    provider.limits(currency)
    return provider


def _paystack() -> Provider:
    return Paystack(settings().paystack_base_url, settings().paystack_secret_key.get_secret_value())


_ADAPTERS = {"paystack": _paystack}
