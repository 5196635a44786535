"""Phone numbers: one spelling for each, and what its country says."""

import pytest

from core import phone
from core.errors import PhoneError


@pytest.mark.parametrize(
    ("written", "country"),
    [
        ("+254712345678", None),
        ("+254 712 345 678", None),
        ("+254 (0)712-345678", None),
        ("0712345678", "KE"),
        ("0712 345 678", "KE"),
        ("712345678", "KE"),
        ("+254712345678", "NG"),
    ],
)
def test_one_number_has_one_spelling(written: str, country: str | None) -> None:
    assert phone.parse(written, country) == "+254712345678"


@pytest.mark.parametrize(
    ("written", "country"),
    [("", None), ("Ama", "KE"), ("0712345678", None), ("0712", "KE"), ("+254112", None), ("+999123456789", None)],
)
def test_what_cannot_be_a_number_is_refused(written: str, country: str | None) -> None:
    with pytest.raises(PhoneError):
        phone.parse(written, country)


def test_the_refusal_does_not_repeat_what_was_written() -> None:
    with pytest.raises(PhoneError) as caught:
        phone.parse("+25471234567890123")
    assert "7123" not in str(caught.value)


@pytest.mark.parametrize(
    ("number", "country", "currency", "time_zone"),
    [
        ("+254712345678", "KE", "KES", "Africa/Nairobi"),
        ("+2348031234567", "NG", "NGN", "Africa/Lagos"),
        ("+233241234567", "GH", "GHS", "Africa/Accra"),
        ("+256772345678", "UG", "UGX", "Africa/Kampala"),
        ("+221771234567", "SN", "XOF", "Africa/Dakar"),
        ("+27821234567", "ZA", "ZAR", "Africa/Johannesburg"),
    ],
)
def test_a_number_says_country_currency_and_time_zone(number: str, country: str, currency: str, time_zone: str) -> None:
    assert phone.country(number) == country
    assert phone.currency(country) == currency
    assert phone.time_zone(number) == time_zone


@pytest.mark.parametrize("number", ["+999123456789", "nonsense", ""])
def test_the_country_of_an_unknown_number_is_unknown(number: str) -> None:
    assert phone.country(number) == "ZZ"


def test_an_unknown_country_has_the_fallback_currency() -> None:
    assert phone.currency("ZZ") == "USD"
    assert phone.currency("ZZ", fallback="EUR") == "EUR"


@pytest.mark.parametrize(
    ("code", "expected"), [("KES", True), ("XOF", True), ("USD", True), ("DEM", False), ("XAU", False), ("kes", False)]
)
def test_tender_is_what_can_be_paid_with_today(code: str, expected: bool) -> None:
    assert phone.is_tender(code) is expected
