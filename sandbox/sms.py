"""How many segments a text takes as an SMS, counted from the rules of GSM 03.38 and nothing of the product.

The count is our own on purpose: when the product's count differs, one of the two is wrong and the page shows it.
"""

from typing import Literal

Encoding = Literal["gsm7", "ucs2"]

GSM7_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENDED = frozenset("\f^{}\\[~]|€")
# Units of one lone message, and of each part of a concatenated one (the rest is the header).
UNITS_ALONE: dict[Encoding, int] = {"gsm7": 160, "ucs2": 70}
UNITS_IN_PART: dict[Encoding, int] = {"gsm7": 153, "ucs2": 67}


def encoding_of(text: str) -> Encoding:
    return "gsm7" if all(char in GSM7_BASIC or char in GSM7_EXTENDED for char in text) else "ucs2"


def segments_of(text: str) -> int:
    """Segments of a text; an empty one still takes a message, so it counts 1."""
    encoding = encoding_of(text)
    widths = [_width(char, encoding) for char in text]
    if sum(widths) <= UNITS_ALONE[encoding]:
        return 1
    segments, filled = 1, 0
    for width in widths:
        # A pair (an extended character or a surrogate pair) never straddles two segments.
        if filled + width > UNITS_IN_PART[encoding]:
            segments, filled = segments + 1, 0
        filled += width
    return segments


def _width(char: str, encoding: Encoding) -> int:
    if encoding == "gsm7":
        return 2 if char in GSM7_EXTENDED else 1
    return 2 if ord(char) > 0xFFFF else 1
