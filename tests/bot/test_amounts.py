"""Amounts as people write them: what is read, what is refused, and that a refusal is never a guess."""

import re
import time
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot import amounts
from core.money import Money

# What members write, the group's currency, and what they mean, in minor units.
READ = [
    ("5000", "KES", 500_000),
    ("5,000", "KES", 500_000),
    ("5 000", "KES", 500_000),
    ("5\u00a0000", "KES", 500_000),
    ("5\u202f000", "KES", 500_000),
    ("1,000,000.50", "KES", 100_000_050),
    ("1 000 000", "KES", 100_000_000),
    ("5000.50", "KES", 500_050),
    ("5000.5", "KES", 500_050),
    ("5000.00", "UGX", 5_000),
    ("0.01", "KES", 1),
    ("5k", "KES", 500_000),
    ("5K", "KES", 500_000),
    ("5 k", "KES", 500_000),
    ("2.5k", "KES", 250_000),
    ("2.55 k", "KES", 255_000),
    ("0.5k", "KES", 50_000),
    ("12k bob", "KES", 1_200_000),
    ("2m", "UGX", 2_000_000),
    ("1.5M", "NGN", 150_000_000),
    ("₦5000", "NGN", 500_000),
    ("₦ 5,000.00", "NGN", 500_000),
    ("N5000", "NGN", 500_000),
    ("5000 naira", "NGN", 500_000),
    ("NGN5k", "NGN", 500_000),
    ("ksh 500", "KES", 50_000),
    ("Ksh. 500", "KES", 50_000),
    ("kshs 500", "KES", 50_000),
    ("KES500", "KES", 50_000),
    ("500kes", "KES", 50_000),
    ("500 bob", "KES", 50_000),
    ("500 shillings", "KES", 50_000),
    ("500 shillings", "UGX", 500),
    ("500/=", "KES", 50_000),
    ("500 /=", "TZS", 50_000),
    ("5000/=", "UGX", 5_000),
    ("KES 5,000/=", "KES", 500_000),
    ("₵50", "GHS", 5_000),
    ("GH₵50", "GHS", 5_000),
    ("gh¢ 50", "GHS", 5_000),
    ("50 cedis", "GHS", 5_000),
    ("50ghc", "GHS", 5_000),
    ("R100", "ZAR", 10_000),
    ("100 rand", "ZAR", 10_000),
    ("5000 fcfa", "XOF", 5_000),
    ("5000 CFA.", "XOF", 5_000),
    ("RWF 2000", "RWF", 2_000),
    ("  5000  ", "KES", 500_000),
    ("+5000", "KES", 500_000),
    ("05000", "KES", 500_000),
    ("5000 please", "KES", 500_000),
    ("5000 pls!", "KES", 500_000),
    ("5000!", "KES", 500_000),
    ("5000 💰", "KES", 500_000),
    ("٥٠٠٠", "KES", 500_000),
    ("５０００", "KES", 500_000),
    ("५०००", "KES", 500_000),
    ("9999999999999", "KES", 999_999_999_999_900),
    ("5000.", "KES", 500_000),
    ("5000,", "KES", 500_000),
    ("5000, please", "KES", 500_000),
    ("5000. Thanks", "KES", 500_000),
    ("shs 500", "KES", 50_000),
    ("*5000*", "KES", 500_000),
    ('"5000"', "KES", 500_000),
    ("5\n000", "KES", 500_000),
    ("5\u2009000", "KES", 500_000),
    ("5000/-", "KES", 500_000),
    ("5000💰", "KES", 500_000),
]

# What cannot be read, in a group that saves in KES, and what the member is told about it.
REFUSED = [
    ("", "missing"),
    ("   ", "missing"),
    ("\n", "missing"),
    ("0", "not_positive"),
    ("0.00", "not_positive"),
    ("000", "not_positive"),
    ("0k", "not_positive"),
    ("-5", "not_positive"),
    ("- 5", "not_positive"),
    ("−5000", "not_positive"),
    ("ksh -500", "not_positive"),
    ("5.000,50", "ambiguous"),
    ("5.000", "ambiguous"),
    ("1.000.000", "ambiguous"),
    ("1,5", "ambiguous"),
    ("5,00", "ambiguous"),
    ("1,50", "ambiguous"),
    ("5,0000", "ambiguous"),
    ("50,00,000", "ambiguous"),
    ("5,000 000", "ambiguous"),
    ("1 000,50", "ambiguous"),
    ("5 00", "ambiguous"),
    ("5000 6000", "ambiguous"),
    ("5000 0712345678", "ambiguous"),
    ("5..5", "ambiguous"),
    ("5.5.5", "ambiguous"),
    ("5'000", "ambiguous"),
    ("1.234k", "ambiguous"),
    ("2,5k", "ambiguous"),
    ("5,000k", "ambiguous"),
    ("5 000k", "ambiguous"),
    ("10.555", "ambiguous"),
    ("five thousand", "unreadable"),
    ("five", "unreadable"),
    ("k", "unreadable"),
    ("k5", "unreadable"),
    (".", "unreadable"),
    (".50", "unreadable"),
    ("😀", "unreadable"),
    ("💰5000", "unreadable"),
    ("(5000)", "unreadable"),
    ("£50", "unreadable"),
    ("€50", "unreadable"),
    ("½", "unreadable"),
    ("not 5000", "unreadable"),
    ("minus 5000", "unreadable"),
    ("half 5000", "unreadable"),
    ("to Umoja 5000", "unreadable"),
    ("₦5000", "other_currency"),
    ("5000 naira", "other_currency"),
    ("UGX 5000", "other_currency"),
    ("5000ugx", "other_currency"),
    ("$50", "other_currency"),
    ("US$50", "other_currency"),
    ("usd 50", "other_currency"),
    ("R100", "other_currency"),
    ("10000000000000", "too_large"),
    ("99999999999m", "too_large"),
    ("9" * 400, "too_large"),
]


# A number stands at the start of each of these, and it is not what was meant, or nobody can be sure.
NEVER_GUESSED = [
    *("5 thousand", "2 million", "5 hundred", "5 grand", "5mil", "5kk", "5k5", "5 dozen", "5000 thousand", "1 lakh"),
    *("5ooo", "5OOO", "1O00", "5e3", "5th", "5g", "5²", "5½", "50%", "5\ufe0f\u20e30\ufe0f\u20e30\ufe0f\u20e3"),
    *("5000-6000", "5000 - 6000", "5000 or 6000", "5000+2000", "5000x2", "5*1000", "5 times 1000", "5 -3", "5000/2"),
    *("50 dollars", "50€", "50$", "50 euro", "50¢", "500 cents", "500 kobo", "50 pounds"),
    *("5\u200b000", "5，000", "٥٬٠٠٠", "5’000", "5·000", "5_000", "5;000", "5:000", "5/000", "5-000"),
    *("0,500", "0 500", "500 each for 3", "5000 for 2 weeks"),
]


@pytest.mark.parametrize("text", NEVER_GUESSED, ids=ascii)
def test_a_number_that_may_not_be_meant_is_asked_for_again(text: str) -> None:
    reading = amounts.read(text, "KES")
    assert (reading.money, reading.problem in ("ambiguous", "other_currency")) == (None, True)


@pytest.mark.parametrize(("text", "currency", "minor"), READ, ids=lambda value: ascii(value)[:30])
def test_it_is_read_as_meant(text: str, currency: str, minor: int) -> None:
    reading = amounts.read(text, currency)
    assert (reading.money, reading.problem) == (Money(minor, currency), None)


@pytest.mark.parametrize(("text", "problem"), REFUSED, ids=lambda value: ascii(value)[:30])
def test_it_is_refused_with_a_reason(text: str, problem: str) -> None:
    reading = amounts.read(text, "KES")
    assert (reading.money, reading.problem) == (None, problem)


@pytest.mark.parametrize(
    ("text", "currency", "problem"),
    [
        ("5000.50", "UGX", "too_fine"),
        ("0.5", "XOF", "too_fine"),
        ("0.0005k", "KES", "ambiguous"),
        ("500 shillings", "NGN", "other_currency"),
        ("500/=", "GHS", "other_currency"),
        ("500 bob", "UGX", "other_currency"),
        ("₵50", "NGN", "other_currency"),
    ],
)
def test_what_another_currency_would_bear_this_one_refuses(text: str, currency: str, problem: str) -> None:
    assert amounts.read(text, currency).problem == problem


def test_what_stood_behind_the_amount_is_kept() -> None:
    assert amounts.read("5000 please", "KES").rest == "please"
    assert amounts.read("5000 kes for Umoja.", "KES").rest == "for Umoja"
    assert amounts.read("5000", "KES").rest == ""


@pytest.mark.parametrize(
    "text", ["a" * 10_000, "5" * 10_000, "5 " * 5_000, "5,000" * 2_000, "5" + "a" * 9_999, "💰" * 10_000]
)
def test_an_endless_text_is_refused_or_read_in_no_time(text: str) -> None:
    started = time.monotonic()
    reading = amounts.read(text, "KES")
    assert time.monotonic() - started < 0.5
    assert reading.money is None or reading.money == Money(500, "KES")


CURRENCIES = st.sampled_from(["KES", "NGN", "GHS", "ZAR", "UGX", "XOF"])


@given(minor=st.integers(1, 10**15 - 1), currency=CURRENCIES, data=st.data())
def test_every_amount_in_every_way_of_writing_it_is_read_exactly(
    minor: int, currency: str, data: st.DataObject
) -> None:
    money = Money(minor, currency)
    if money.major >= 10**13:
        money = Money(minor // 100, currency)
    whole, _, cents = f"{money.major:f}".partition(".")
    grouped = f"{int(whole):,}"
    ways = [whole, grouped, grouped.replace(",", " "), grouped.replace(",", "\u00a0")]
    ending = (
        f".{cents}" if cents else data.draw(st.sampled_from(["", ""] if currency in ("UGX", "XOF") else ["", ".00"]))
    )
    before = data.draw(st.sampled_from(["", f"{currency} ", currency.lower(), "  "]))
    after = data.draw(st.sampled_from(["", f" {currency}", " please", "!"]))
    text = f"{before}{data.draw(st.sampled_from(ways))}{ending}{after}"
    assert amounts.read(text, currency).money == money, text


@given(thousands=st.integers(1, 999), cents=st.integers(0, 99))
def test_thousands_with_a_k_are_thousands(thousands: int, cents: int) -> None:
    assert amounts.read(f"{thousands}k", "KES").money == Money(thousands * 100_000, "KES")
    written = f"{thousands}.{cents:02d}k"
    assert amounts.read(written, "KES").money == Money(thousands * 100_000 + cents * 1_000, "KES")


CAREFUL = [
    (re.compile(r"\d+"), lambda figures: Decimal(figures)),
    (re.compile(r"\d+\.\d{1,2}"), lambda figures: Decimal(figures)),
    (re.compile(r"\d{1,3}(,\d{3})+(\.\d{1,2})?"), lambda figures: Decimal(figures.replace(",", ""))),
    (re.compile(r"\d{1,3}( \d{3})+(\.\d{1,2})?"), lambda figures: Decimal(figures.replace(" ", ""))),
]


@settings(max_examples=1500)
@given(text=st.text(alphabet="0123456789., ", min_size=1, max_size=12))
@example("1.000,00")
@example("1,000.00")
@example("1 000 00")
@example("100,000,00")
@example("1.00.00")
def test_figures_and_separators_are_read_as_a_careful_person_would_or_not_at_all(text: str) -> None:
    reading = amounts.read(text, "KES")
    if reading.money is not None:
        figures = re.sub(" +", " ", text).strip().rstrip(" .,")  # A full stop behind the figures ends the sentence.
        meant = {read(figures) for form, read in CAREFUL if form.fullmatch(figures)}
        assert meant == {reading.money.major}


@settings(max_examples=500)
@given(text=st.text(max_size=60), currency=CURRENCIES)
@example("5\x00000", "KES")
@example("\ud800 5", "KES")
def test_no_text_at_all_is_an_error(text: str, currency: str) -> None:
    reading = amounts.read(text, currency)
    assert (reading.money is None) != (reading.problem is None)
    assert reading.money is None or (reading.money.amount_minor > 0 and reading.money.currency == currency)


def test_every_word_for_a_currency_stands_for_one_that_exists_and_only_for_it() -> None:
    for word, currency in amounts.CURRENCY_WORDS.items():
        assert word == word.lower()
        assert amounts.read(f"{word} 500", currency).money == Money.of_major(Decimal(500), currency), word
    assert not set(amounts.CURRENCY_WORDS) & set(amounts.SHARED_WORDS)
    assert not set(amounts.CURRENCY_WORDS) & {"k", "m"}
