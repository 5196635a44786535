"""SMS at the edges of 3GPP TS 23.038: how many segments a text takes, and what it becomes so that it takes few."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.gsm7 import BASIC, EXTENDED, encoding, segments, transliterated


@pytest.mark.parametrize(
    ("text", "count", "chosen"),
    [
        ("", 1, "gsm7"),
        ("a" * 160, 1, "gsm7"),
        ("a" * 161, 2, "gsm7"),
        ("a" * 306, 2, "gsm7"),
        ("a" * 307, 3, "gsm7"),
        ("a" * 459, 3, "gsm7"),
        ("a" * 460, 4, "gsm7"),
        ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ", 1, "gsm7"),
        # Two septets each.
        ("€" * 80, 1, "gsm7"),
        ("€" * 81, 2, "gsm7"),
        ("a" * 159 + "€", 2, "gsm7"),
        ("a" * 158 + "€", 1, "gsm7"),
        # A pair may not be cut in two: 76 pairs fill 152 of 153 septets, and the 77th goes to the next part.
        ("€" * 152, 2, "gsm7"),
        ("€" * 153, 3, "gsm7"),
        ("a" * 152 + "€" + "a" * 151, 2, "gsm7"),
        ("a" * 152 + "€" + "a" * 152, 3, "gsm7"),
        ("a" * 151 + "€" + "a" * 153, 2, "gsm7"),
        # One character outside turns the whole message into UCS-2.
        ("₦" * 70, 1, "ucs2"),
        ("₦" * 71, 2, "ucs2"),
        ("₦" * 134, 2, "ucs2"),
        ("₦" * 135, 3, "ucs2"),
        ("a" * 69 + "ẹ", 1, "ucs2"),
        ("a" * 70 + "ẹ", 2, "ucs2"),
        ("a" * 160 + "…", 3, "ucs2"),
        # A character beyond U+FFFF takes two units, which stay together: 33 of them in 67 units.
        ("😀" * 35, 1, "ucs2"),
        ("😀" * 36, 2, "ucs2"),
        ("😀" * 66, 2, "ucs2"),
        ("😀" * 67, 3, "ucs2"),
    ],
)
def test_a_text_is_counted(text: str, count: int, chosen: str) -> None:
    assert (segments(text), encoding(text)) == (count, chosen)


@pytest.mark.parametrize("char", sorted(EXTENDED))
def test_every_extended_character_counts_twice(char: str) -> None:
    assert (segments("a" * 158 + char), segments("a" * 159 + char)) == (1, 2)


@pytest.mark.parametrize("char", sorted(BASIC))
def test_every_basic_character_counts_once(char: str) -> None:
    assert (segments("a" * 159 + char), encoding(char)) == (1, "gsm7")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("₦5,000", "NGN 5,000"),
        ("₵50", "GHS 50"),
        ("Adékúnlé", "Adékunlé"),
        ("Ṣadé Ọlá", "Sadé Ola"),
        ("Akɔsua Ɛfua", "Akosua Efua"),
        ("“Umoja” – it’s…", '"Umoja" - it\'s...'),
        ("• one · two", "- one - two"),
        ("Zoë & Þór", "Zoe & Thor"),
        ("{a}[b]~^|\\€", "{a}[b]~^|\\€"),
        ("Ñandú ß Ø Å", "Ñandu ß Ø Å"),
        ("Amina\nJuma", "Amina\nJuma"),
    ],
)
def test_other_letters_become_the_closest_ones(text: str, plain: str) -> None:
    assert transliterated(text) == plain


@given(st.text(max_size=200))
def test_whatever_is_transliterated_is_pure_and_stays_so(text: str) -> None:
    once = transliterated(text)
    assert encoding(once) == "gsm7"
    assert transliterated(once) == once


@given(st.text(alphabet="aé€[₦ọ😀 ", max_size=500))
def test_more_text_never_takes_fewer_segments(text: str) -> None:
    assert segments(text) <= segments(text + "a")
    units = sum(2 if char in EXTENDED else 1 for char in text)
    if encoding(text) == "gsm7" and segments(text) > 1:
        assert units / 153 <= segments(text) <= units / 152 + 1
