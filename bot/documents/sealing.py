"""The seal at the end of a document: what it is, how anybody checks it, and a picture that does it for them."""

from dataclasses import dataclass
from typing import Protocol

import segno

from bot.documents.sheet import INDIGO, INK, SOFT, WASH, WHITE, Colour, Sheet
from bot.documents.words import Words

INSET = 6.0
QR_SIDE = 31.0
QR_BORDER = 2  # In modules: four are asked for on paper of any colour, and ours lies on a white square.
LEADING = 0.5  # Millimetres from line to line, per point of type.


class Sealed(Protocol):
    """What every sealed document says of its seal."""

    @property
    def seal(self) -> str: ...
    @property
    def seal_line(self) -> int: ...
    @property
    def full_seal(self) -> str: ...
    @property
    def verify_url(self) -> str: ...


@dataclass(frozen=True, slots=True)
class _Part:
    """One text of the block; `above` is the space before its first line."""

    text: str
    size: float
    above: float
    colour: Colour = SOFT
    bold: bool = False


def draw(sheet: Sheet, document: Sealed) -> None:
    """The block where the sheet stands, or on the next page: it is never torn apart."""
    x = sheet.edge + INSET + QR_SIDE + INSET
    broken = [
        (part, sheet.lines(part.text, sheet.right - x - INSET, part.size, bold=part.bold))
        for part in _parts(sheet.words, document)
    ]
    tall = sum(part.above + (len(lines) - 1) * part.size * LEADING for part, lines in broken)
    height = 2 * INSET + max(QR_SIDE, tall)
    sheet.room(height)
    sheet.box(sheet.edge, sheet.y, sheet.breadth, height, WASH)
    _picture(sheet, document.verify_url, sheet.edge + INSET, sheet.y + INSET)
    y = sheet.y + (height - tall) / 2
    for part, lines in broken:
        y += part.above
        for place, line in enumerate(lines):
            sheet.write_at(x, y + place * part.size * LEADING, line, part.size, part.colour, part.bold)
        y += (len(lines) - 1) * part.size * LEADING
    sheet.y += height


def _parts(words: Words, document: Sealed) -> list[_Part]:
    say = words.say
    digits = " ".join(document.full_seal[start : start + 8] for start in range(0, len(document.full_seal), 8))
    return [
        _Part(say("document-seal", seal=document.seal), 12, 4.2, INK, bold=True),
        _Part(say("document-seal-meaning", line=str(document.seal_line)), 8, 5.6),
        _Part(say("document-seal-check"), 8, 5),
        _Part(say("document-seal-command", seal=document.seal), 9.5, 4.8, INDIGO, bold=True),
        _Part(say("document-seal-full", digits=digits), 6, 5.2),
    ]


def _picture(sheet: Sheet, url: str, x: float, y: float) -> None:
    """The address as a QR code of vectors; on a screen it can be tapped."""
    matrix = segno.make_qr(url, error="m").matrix
    module = QR_SIDE / (len(matrix) + 2 * QR_BORDER)
    sheet.set_fill_color(*WHITE)
    sheet.rect(x, y, QR_SIDE, QR_SIDE, style="F")
    sheet.set_fill_color(*INK)
    for row, modules in enumerate(matrix):
        for column, dark in enumerate(modules):
            if dark:
                # A little larger than its place, or viewers show white hairs between the dots.
                left, top = x + (column + QR_BORDER) * module, y + (row + QR_BORDER) * module
                sheet.rect(left, top, module * 1.03, module * 1.03, style="F")
    sheet.link(x, y, QR_SIDE, QR_SIDE, url)
