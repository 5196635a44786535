"""Which provider collects and pays out where: a table in the settings (PAYMENT_ROUTES), changed without code.

    {"GH": {"mobile_money": ["paystack"], "*": ["paystack", "flutterwave"]}, "UG": {"*": ["flutterwave"]}}

Country (ISO 3166) → method (as in `Method`, or "payout") → providers, the preferred one first; "*" is every other. What
the table does not say is the default: Paystack, then Flutterwave. A provider without settings, or one that does not do
it in this currency, is left out.
"""

from collections.abc import Container
from typing import get_args

from core.errors import SettingsError
from core.money import Money
from core.settings import settings
from payments import errors, providers
from payments.models import METHODS
from payments.provider import Method, Provider

ANY = "*"
PAYOUT = "payout"
DEFAULT = ("paystack", "flutterwave")


def collecting(country: str, currency: str, method: Method) -> tuple[Provider, ...]:
    """Who can collect that way, the preferred one first; empty when nobody can."""
    return tuple(provider for provider in _in_order(country, method) if method in methods_of(provider, currency))


def collector(country: str, currency: str, method: Method = "checkout") -> Provider:
    """The preferred provider. Raises `UnsupportedCurrency`."""
    for provider in collecting(country, currency, method):
        return provider
    raise errors.UnsupportedCurrency(currency)


def methods(country: str, currency: str) -> tuple[Method, ...]:
    """Every way in which somebody can pay there."""
    return tuple(method for method in get_args(Method) if collecting(country, currency, method))


def next_to(country: str, gross: Money, method: Method, network: str | None, tried: Container[str]) -> Provider | None:
    """The first provider beside those `tried` that takes exactly what was quoted to the payer; None without one."""
    for provider in collecting(country, gross.currency, method):
        smallest, largest = provider.limits(gross.currency)
        fits = smallest.amount_minor <= gross.amount_minor <= largest.amount_minor
        whole = gross.amount_minor % provider.step_minor(gross.currency) == 0
        named = provider.networks(gross.currency, method)
        if provider.name not in tried and fits and whole and (not named or network in named):
            return provider
    return None


def payer_out(country: str, currency: str) -> Provider:
    """The preferred provider for payouts. Raises `UnsupportedCurrency`."""
    for provider in _in_order(country, PAYOUT):
        try:
            provider.account_kinds(currency)
        except errors.UnsupportedCurrency:
            continue
        return provider
    raise errors.UnsupportedCurrency(currency)


def methods_of(provider: Provider, currency: str) -> tuple[Method, ...]:
    """How this provider collects the currency; empty where it does not."""
    try:
        return provider.methods(currency)
    except errors.UnsupportedCurrency:
        return ()


def check() -> None:
    """Raises `SettingsError` naming everything in PAYMENT_ROUTES that nobody would understand."""
    wrong = []
    for country, routes in settings().payment_routes.items():
        if country != ANY and not (len(country) == 2 and country.isascii() and country.isupper()):
            wrong.append(f'"{country}" is no country: two capital letters, like "KE", or "*"')
        for method, names in routes.items():
            if not names:
                wrong.append(f'"{method}" of {country} names nobody: leave it out instead')
            if method not in (*METHODS, PAYOUT, ANY):
                wrong.append(f'"{method}" of {country} is none of: {", ".join((*METHODS, PAYOUT, ANY))}')
            wrong += [f'"{name}" of {country} is none of: {", ".join(providers.NAMES)}'
                      for name in names if name not in providers.NAMES]  # fmt: skip
    if wrong:
        raise SettingsError("\n".join(f"  PAYMENT_ROUTES: {line}" for line in wrong))


def _in_order(country: str, method: str) -> tuple[Provider, ...]:
    table = settings().payment_routes
    for routes in (table.get(country, {}), table.get(ANY, {})):
        names = routes.get(method, routes.get(ANY))
        if names is not None:
            break
    else:
        names = list(DEFAULT)
    usable = {provider.name: provider for provider in providers.configured()}
    return tuple(usable[name] for name in names if name in usable)
