"""Who collects and pays out where: the table in the settings, and what it falls back to."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from core.errors import SettingsError
from payments import providers, routing, ways
from payments.errors import UnsupportedCurrency
from payments.models import PayHabit
from payments.ways import LINK, Way
from tests.conftest import settings_of

FLUTTERWAVE = {"FLUTTERWAVE_SECRET_KEY": "FLWSECK_TEST-sandbox", "FLUTTERWAVE_SECRET_HASH": "sandbox-hash"}
KENYAN, GHANAIAN, NIGERIAN, SOUTH_AFRICAN = "+254712345678", "+233244123456", "+2348031234567", "+27821234567"


NOWHERE = {"DATABASE_URL": "postgresql://nobody@localhost/nothing", "REDIS_URL": "redis://localhost"}


@contextmanager
def routes(table: dict[str, dict[str, list[str]]] | None = None) -> Iterator[None]:
    changes = {} if table is None else {"PAYMENT_ROUTES": json.dumps(table)}
    with settings_of(**NOWHERE, **FLUTTERWAVE, **changes):
        yield


def names(country: str, currency: str, method: str = "checkout") -> list[str]:
    return [provider.name for provider in routing.collecting(country, currency, method)]  # type: ignore[arg-type]


def test_without_a_table_it_is_paystack_and_then_flutterwave() -> None:
    with routes():
        assert names("KE", "KES") == ["paystack", "flutterwave"]
        assert names("UG", "UGX") == ["flutterwave"]
        assert routing.payer_out("KE", "KES").name == "paystack"


def test_a_provider_without_settings_is_never_chosen() -> None:
    with settings_of(**NOWHERE):
        assert names("KE", "KES") == ["paystack"]
        assert names("UG", "UGX") == []
        with pytest.raises(UnsupportedCurrency):
            routing.collector("UG", "UGX")
        with pytest.raises(KeyError):
            providers.by_name("flutterwave")


def test_the_table_says_who_comes_first_by_country_and_method() -> None:
    table = {
        "GH": {"checkout": ["flutterwave", "paystack"], "payout": ["flutterwave"]},
        "KE": {"*": ["flutterwave"]},
        "*": {"*": ["paystack"]},
    }
    with routes(table):
        assert names("GH", "GHS") == ["flutterwave", "paystack"]
        assert routing.payer_out("GH", "GHS").name == "flutterwave"
        # What the country's own row does not say, the general row says.
        assert names("GH", "GHS", "mobile_money") == ["paystack"]
        assert names("KE", "KES", "mobile_money") == ["flutterwave"]
        assert names("NG", "NGN") == ["paystack"]


def test_a_method_that_a_provider_does_not_have_is_not_offered_by_it() -> None:
    with routes({"NG": {"*": ["flutterwave"]}}):
        assert "standing_account" not in routing.methods("NG", "NGN")
    with routes():
        assert "standing_account" in routing.methods("NG", "NGN")
        assert names("NG", "NGN", "standing_account") == ["paystack"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"Kenya": {"*": ["paystack"]}}, '"Kenya" is no country'),
        ({"KE": {"mpesa": ["paystack"]}}, '"mpesa" of KE is none of: checkout'),
        ({"KE": {"*": ["stripe"]}}, '"stripe" of KE is none of: paystack, flutterwave'),
    ],
)
def test_a_table_that_nobody_would_understand_is_refused_by_name(
    table: dict[str, dict[str, list[str]]], said: str
) -> None:
    with routes(table), pytest.raises(SettingsError, match="PAYMENT_ROUTES") as refused:
        routing.check()
    assert said in str(refused.value)


def test_each_phone_is_asked_to_pay_as_it_can() -> None:
    with routes():
        usual = ways.usual
        assert usual("KE", "KES", "sms", KENYAN, None) == Way("mobile_money", "mpesa")
        assert usual("GH", "GHS", "sms", GHANAIAN, None) == Way("mobile_money", "mtn")
        assert usual("GH", "GHS", "sms", "+233201234567", None) == Way("mobile_money", "telecel")
        assert usual("NG", "NGN", "sms", NIGERIAN, None) == Way("bank_transfer")
        assert usual("ZA", "ZAR", "sms", SOUTH_AFRICAN, None) is None
        for country, currency, number in (("KE", "KES", KENYAN), ("ZA", "ZAR", SOUTH_AFRICAN)):
            assert usual(country, currency, "whatsapp", number, None) == LINK


def test_a_feature_phone_never_gets_a_link_first() -> None:
    with routes():
        for country, currency in (("KE", "KES"), ("GH", "GHS"), ("NG", "NGN"), ("ZA", "ZAR"), ("UG", "UGX")):
            for number in (KENYAN, GHANAIAN, NIGERIAN, SOUTH_AFRICAN, "+447911123456", None):
                assert ways.usual(country, currency, "sms", number, None) != LINK


def test_a_prompt_goes_only_to_a_phone_of_the_wallets_country() -> None:
    with routes():
        assert ways.usual("KE", "KES", "sms", "+447911123456", None) is None
        assert ways.usual("KE", "KES", "sms", "+254733123456", None) is None, "Airtel has no M-PESA"
        habit = PayHabit(user_id=1, currency="KES", method="mobile_money", network="mpesa")
        assert ways.usual("KE", "KES", "whatsapp", "+447911123456", habit) == LINK


def test_what_the_member_chose_wins_as_long_as_somebody_offers_it() -> None:
    ussd = PayHabit(user_id=1, currency="NGN", method="ussd", network="gtbank")
    with routes():
        assert ways.usual("NG", "NGN", "sms", NIGERIAN, ussd) == Way("ussd", "gtbank")
        mpesa = PayHabit(user_id=1, currency="KES", method="mobile_money", network="mpesa")
        assert ways.usual("KE", "KES", "whatsapp", KENYAN, mpesa) == Way("mobile_money", "mpesa")
        gone = PayHabit(user_id=1, currency="NGN", method="ussd", network="a bank that closed")
        assert ways.usual("NG", "NGN", "sms", NIGERIAN, gone) == Way("bank_transfer")
