"""SMS encoding (3GPP TS 23.038): what fits a segment, and how any text becomes one that phones show and bills bear."""

from typing import Literal

from anyascii import anyascii

Encoding = Literal["gsm7", "ucs2"]

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")
# Units of a lone message, and of each part of a longer one (the rest is a header).
UNITS_ALONE: dict[Encoding, int] = {"gsm7": 160, "ucs2": 70}
UNITS_IN_PART: dict[Encoding, int] = {"gsm7": 153, "ucs2": 67}
SIGNS = {"₦": "NGN ", "₵": "GHS ", "•": "-", "·": "-", "…": "...", "–": "-", "—": "-", "’": "'", "“": '"', "”": '"'}


def transliterated(text: str) -> str:
    """The text in GSM-7 characters only: one letter outside of it would halve what fits into every segment."""
    return "".join(char if char in BASIC or char in EXTENDED else _closest(char) for char in text)


def encoding(text: str) -> Encoding:
    """The encoding that a phone network will choose for the text."""
    return "gsm7" if all(char in BASIC or char in EXTENDED for char in text) else "ucs2"


def segments(text: str) -> int:
    """How many segments the text takes; an empty one still takes a message."""
    chosen = encoding(text)
    widths = [_width(char, chosen) for char in text]
    if sum(widths) <= UNITS_ALONE[chosen]:
        return 1
    count, filled = 1, 0
    for width in widths:
        # A pair (an extended character or a surrogate pair) never straddles two segments.
        if filled + width > UNITS_IN_PART[chosen]:
            count, filled = count + 1, 0
        filled += width
    return count


def _closest(char: str) -> str:
    ascii_text = SIGNS.get(char) or anyascii(char)
    return "".join(c for c in ascii_text if c in BASIC or c in EXTENDED)


def _width(char: str, chosen: Encoding) -> int:
    if chosen == "gsm7":
        return 2 if char in EXTENDED else 1
    return 2 if ord(char) > 0xFFFF else 1
