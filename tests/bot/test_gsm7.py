"""How many segments a text takes, at the edges of GSM 03.38."""

import pytest

from bot.channels.gsm7 import encoding, segments


@pytest.mark.parametrize(
    ("text", "count", "chosen"),
    [
        ("", 1, "gsm7"),
        ("a" * 160, 1, "gsm7"),
        ("a" * 161, 2, "gsm7"),
        ("a" * 306, 2, "gsm7"),
        ("€" * 80, 1, "gsm7"),
        # 76 pairs fill 152 of 153 septets, and the 77th may not be cut in two.
        ("€" * 153, 3, "gsm7"),
        ("₦" * 70, 1, "ucs2"),
        ("₦" * 71, 2, "ucs2"),
        ("😀" * 35, 1, "ucs2"),
        ("😀" * 67, 3, "ucs2"),
    ],
)
def test_a_text_is_counted(text: str, count: int, chosen: str) -> None:
    assert (segments(text), encoding(text)) == (count, chosen)
