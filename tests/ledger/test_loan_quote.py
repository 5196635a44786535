"""The operator, or anybody else, asks what a loan would cost; no database is needed for that."""

import json
from collections.abc import Callable
from datetime import date

import pytest
from click.testing import Result

from core import clock
from tests.conftest import settings_of
from wsgi import create_app

Quote = Callable[..., Result]
LOAN = {"principal": "12000", "currency": "KES", "rate": "2", "periods": "4", "method": "declining_equal"}
UNREACHABLE = {"DATABASE_URL": "postgresql://nobody@localhost:1/none", "REDIS_URL": "redis://localhost:1/0"}


@pytest.fixture
def quote() -> Quote:
    """`quote("--json", rate="3")`: the loan above with changes, where neither database nor Redis can be reached."""

    def run(*flags: str, **changes: str) -> Result:
        options = {"start": "2026-01-31"} | LOAN | changes
        words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
        with settings_of(**UNREACHABLE):
            return create_app().test_cli_runner().invoke(args=["loan-quote", *words, *flags])

    return run


def instalments(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert list(answer) == ["instalments"]
    return answer["instalments"]


def test_programs_get_the_schedule_in_major_units_with_all_decimals(quote: Quote) -> None:
    assert json.loads(quote("--json").stdout) == {
        "instalments": [
            {"number": 1, "due": "2026-02-28", "principal": "2911.49", "interest": "240.00", "total": "3151.49",
             "balance": "9088.51"},
            {"number": 2, "due": "2026-03-31", "principal": "2969.72", "interest": "181.77", "total": "3151.49",
             "balance": "6118.79"},
            {"number": 3, "due": "2026-04-30", "principal": "3029.11", "interest": "122.38", "total": "3151.49",
             "balance": "3089.68"},
            {"number": 4, "due": "2026-05-31", "principal": "3089.68", "interest": "61.79", "total": "3151.47",
             "balance": "0.00"},
        ]
    }  # fmt: skip


@pytest.mark.parametrize("currency", ["UGX", "xof"])
def test_a_currency_without_decimals_shows_none(quote: Quote, currency: str) -> None:
    first = instalments(quote("--json", currency=currency, method="flat"))[0]
    assert (first["principal"], first["interest"], first["total"], first["balance"]) == ("3000", "240", "3240", "9000")


def test_roundings_are_given_in_major_units(quote: Quote) -> None:
    rounded = instalments(quote("--json", currency="GHS", principal="1000.10", rounding_unit="0.05"))
    assert [each["total"] for each in rounded] == ["262.65", "262.65", "262.65", "262.65"]
    multiples = instalments(quote("--json", instalment_multiple="10"))
    assert [each["total"] for each in multiples] == ["3150.00", "3150.00", "3150.00", "3156.12"]


def test_instalments_may_be_weeks_apart_or_every_second_month(quote: Quote) -> None:
    assert [each["due"] for each in instalments(quote("--json", period="weekly"))][:2] == ["2026-02-07", "2026-02-14"]
    assert [each["due"] for each in instalments(quote("--json", every="2"))][:2] == ["2026-03-31", "2026-05-31"]


def test_without_a_start_the_loan_is_paid_out_today(configured: None) -> None:
    words = [word for name, value in LOAN.items() for word in (f"--{name}", value)]
    result = create_app().test_cli_runner().invoke(args=["loan-quote", *words, "--period", "weekly", "--json"])
    first = date.fromisoformat(str(instalments(result)[0]["due"]))
    assert (first - clock.now().date()).days in (6, 7)  # 6 when midnight has just passed.


def test_people_get_a_table_and_what_the_loan_costs_in_money(quote: Quote) -> None:
    result = quote()
    assert result.stdout.splitlines() == [
        "#         due  principal  interest      total   balance",
        "1  2026-02-28   2,911.49    240.00   3,151.49  9,088.51",
        "2  2026-03-31   2,969.72    181.77   3,151.49  6,118.79",
        "3  2026-04-30   3,029.11    122.38   3,151.49  3,089.68",
        "4  2026-05-31   3,089.68     61.79   3,151.47      0.00",
        "          all  12,000.00    605.94  12,605.94",
        "",
        "Borrowed KES 12,000, paid back KES 12,605.94: the loan costs KES 605.94.",
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"principal": "0"}, "a loan is more than nothing"),
        ({"principal": "-5"}, "a loan is more than nothing"),
        ({"principal": "12,000"}, "'12,000' is no number"),
        ({"principal": "1e9"}, "'1e9' is no number"),
        ({"principal": "NaN"}, "'NaN' is no number"),
        ({"principal": "٥٠٠"}, "is no number"),
        ({"principal": "0.001"}, "more decimals than KES"),
        ({"principal": "99999999999999999999"}, "beyond what a ledger entry can hold"),
        ({"principal": "92233720368547758.07"}, "beyond what a ledger entry can hold"),
        ({"currency": "KSH"}, "'KSH' is not an ISO 4217 currency"),
        ({"rate": "-1"}, "a rate is 0 to 100 %"),
        ({"rate": "101"}, "a rate is 0 to 100 %"),
        ({"rate": "2%"}, "'2%' is no number"),
        ({"periods": "0"}, "1 to 520 instalments, not 0"),
        ({"periods": "521"}, "1 to 520 instalments, not 521"),
        ({"periods": "four"}, "'four' is not a valid integer"),
        ({"method": "compound"}, "'compound' is not one of"),
        ({"rounding_unit": "0"}, "a rounding unit is more than nothing"),
        ({"rounding_unit": "0.001"}, "more decimals than KES"),
        ({"instalment_multiple": "-10"}, "an instalment multiple is more than nothing"),
        ({"instalment_multiple": "5000"}, "instalment 4 would pay nothing back"),
        ({"period": "daily"}, "'daily' is not one of"),
        ({"every": "0"}, "every 1 to 52 weeks or months"),
        ({"start": "2026-02-30"}, "'2026-02-30' does not match"),
        ({"start": "9999-12-01"}, "after the year 9999"),
    ],
)
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_what_cannot_be_meant_is_told_without_a_traceback(
    quote: Quote, flags: tuple[str, ...], changes: dict[str, str], told: str
) -> None:
    result = quote(*flags, **changes)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_a_loan_without_a_principal_is_asked_for_it(configured: None) -> None:
    result = create_app().test_cli_runner().invoke(args=["loan-quote", "--currency", "KES"])
    assert result.exit_code == 2
    assert "Missing option '--principal'" in result.stderr
