"""Phone numbers as E.164 (`+254712345678`), and what a number's country says about currency and time zone."""

from functools import cache

import phonenumbers
from babel.core import get_global
from babel.numbers import get_territory_currencies
from phonenumbers import carrier as number_carriers
from phonenumbers import timezone as number_zones

from core.errors import PhoneError


def parse(text: str, default_country: str | None = None) -> str:
    """E.164 of a number as people write it. `default_country` (ISO 3166) reads national forms like 0712 345 678.

    Raises `PhoneError` when no such number can exist.
    """
    try:
        number = phonenumbers.parse(text, default_country)
    except phonenumbers.NumberParseException as error:
        raise PhoneError(str(error)) from None
    if not phonenumbers.is_valid_number(number):
        raise PhoneError("no such number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def country(e164: str) -> str:
    """ISO 3166 code of the number's country; "ZZ" when unknown."""
    try:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(e164))
        return region if region and region.isalpha() else "ZZ"
    except phonenumbers.NumberParseException:
        return "ZZ"


def currency(country_code: str, fallback: str = "USD") -> str:
    """The currency that is legal tender in the country today (CLDR), or `fallback`."""
    found = get_territory_currencies(country_code)
    return found[0] if found else fallback


def is_tender(code: str) -> bool:
    """Whether the three letters are a currency that is legal tender somewhere today (CLDR)."""
    return code in _tenders()


@cache
def _tenders() -> frozenset[str]:
    histories = get_global("territory_currencies").values()
    return frozenset(code for history in histories for code, _, until, tender in history if tender and until is None)


def time_zone(e164: str) -> str:
    """The IANA zone of the number, the first where a country has several; "UTC" when unknown."""
    zones = number_zones.time_zones_for_number(phonenumbers.parse(e164))
    return zones[0] if zones and zones[0] != "Etc/Unknown" else "UTC"


def carrier(e164: str) -> str:
    """The operator that the number was given out by, in lower case ("safaricom", "mtn"); "" when unknown.

    Where numbers may be taken along, their owner may have moved on since.
    """
    return str(number_carriers.name_for_number(phonenumbers.parse(e164), "en")).casefold()
