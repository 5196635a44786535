"""The font of every document, and how any text is made to fit it: a name that cannot be drawn must not stop a receipt.

Noto Sans has the letters of African languages (ẹ ọ ṣ ɛ ɔ ŋ, with tones) and figures of one width, so columns line up.
"""

import re
import unicodedata
from functools import cache
from pathlib import Path

from anyascii import anyascii
from fontTools.ttLib import TTFont

FONTS = Path(__file__).parent / "fonts"
REGULAR = FONTS / "NotoSans-Regular.ttf"
BOLD = FONTS / "NotoSans-SemiBold.ttf"


def printable(text: str) -> str:
    """The text in letters that the font has: others are transliterated, pictures and control characters dropped."""
    composed = unicodedata.normalize("NFC", text)
    drawn = "".join(char if ord(char) in _drawable() else _closest(char) for char in composed)
    return re.sub(" {2,}", " ", drawn).strip()


def _closest(char: str) -> str:
    if char.isspace():
        return " "
    if unicodedata.category(char)[0] not in "LMNPS" or unicodedata.category(char) == "So":
        return ""
    return "".join(letter for letter in anyascii(char) if ord(letter) in _drawable())


@cache
def _drawable() -> frozenset[int]:
    """What both weights can draw, without what has no shape: direction marks, joiners, line breaks."""
    regular, bold = (frozenset(TTFont(path, lazy=True).getBestCmap()) for path in (REGULAR, BOLD))
    return frozenset(
        point for point in regular & bold if unicodedata.category(chr(point)) not in ("Cf", "Cc", "Zl", "Zp")
    )
