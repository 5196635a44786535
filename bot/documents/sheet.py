"""A page of paper: margins, colours, type sizes, and the few things that are drawn on every document.

All lengths are millimetres, all type sizes points. Positions are of the text's base line.
"""

from datetime import UTC, date, datetime, time
from typing import Literal

from fpdf import FPDF

from bot.documents.lettering import BOLD, REGULAR
from bot.documents.words import Words

INK, SOFT, LINE, WASH, INDIGO, AMBER, WHITE = (
    (26, 31, 46), (90, 97, 116), (220, 223, 232), (244, 245, 250), (47, 62, 158), (244, 183, 64), (255, 255, 255),
)  # fmt: skip
WARN, WARN_WASH = (122, 83, 0), (255, 241, 207)
Colour = tuple[int, int, int]

PAPER = {"A4": (210.0, 297.0), "A5": (148.0, 210.0)}
FAMILY = "Noto Sans"
FOOT = 14
ELLIPSIS = "…"


class Sheet(FPDF):
    """A document under way. `y` moves down as things are drawn; `room` begins a new page where there is too little."""

    def __init__(self, paper: Literal["A4", "A5"], words: Words, title: str, issued_on: date) -> None:
        super().__init__(format=PAPER[paper])
        self.words = words
        self.foot = title
        self.edge = 18.0 if paper == "A4" else 13.0
        self.add_font(FAMILY, "", REGULAR)
        self.add_font(FAMILY, "B", BOLD)
        self.set_auto_page_break(False)
        self.set_margin(0)
        self.c_margin = 0
        self.set_title(title)
        self.set_lang(str(words.locale).replace("_", "-"))
        self.set_author("GroupWallet")
        # The same document has the same bytes, whenever and however often it is drawn.
        self.set_creation_date(datetime.combine(issued_on, time(), UTC))
        self.set_producer("GroupWallet")

    @property
    def right(self) -> float:
        """Where the right margin begins."""
        return self.w - self.edge

    @property
    def breadth(self) -> float:
        """Between the margins."""
        return self.w - 2 * self.edge

    def footer(self) -> None:
        base = self.h - FOOT + 5
        self.rule(self.h - FOOT)
        # Only a cell learns the number of pages once it is known; its text sits a little below the middle. What stands
        # for the number until then has another width, so this is the side that nothing is aligned to.
        self._style(7.5, SOFT, bold=False)
        self.set_xy(self.edge, base - 0.3 * self.font_size)
        self.cell(0, 0, self.words.say("document-page", page=str(self.page_no()), pages=self.str_alias_nb_pages))
        self.write_right(self.right, base, self.shortened(self.foot, self.breadth - 30, 7.5), 7.5, SOFT)

    def room(self, height: float) -> bool:
        """Begins a new page when less than `height` is left on this one; says whether it did."""
        if self.y + height <= self.h - FOOT - 4:
            return False
        self.add_page()
        self.y = self.edge + 4
        return True

    def write_at(self, x: float, y: float, text: str, size: float, colour: Colour = INK, bold: bool = False) -> None:
        self._style(size, colour, bold)
        self.text(x, y, text)

    def write_right(self, x: float, y: float, text: str, size: float, colour: Colour = INK, bold: bool = False) -> None:
        """The text ends at `x`, so figures of one column stand under each other."""
        self._style(size, colour, bold)
        self.text(x - self.get_string_width(text), y, text)

    def write_fitting(
        self, x: float, y: float, width: float, text: str, size: float, colour: Colour = INK, bold: bool = True
    ) -> None:
        """One line as large as `size` or as fits; a line that would become too small is shortened."""
        self._style(size, colour, bold)
        fitted = max(size * min(1.0, width / max(self.get_string_width(text), 0.1)), size * 0.6)
        self.write_at(x, y, self.shortened(text, width, fitted, bold), fitted, colour, bold)

    def lines(self, text: str, width: float, size: float, most: int = 99, bold: bool = False) -> list[str]:
        """The text broken between words; what does not fit into `most` lines ends in an ellipsis."""
        self._style(size, INK, bold)
        lines: list[str] = []
        for word in text.split(" "):
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.get_string_width(longer) <= width:
                lines[-1] = longer
            elif len(lines) < most:
                lines.append(word)
            else:
                lines[-1] = longer
        return [self.shortened(line, width, size, bold) for line in lines]

    def shortened(self, text: str, width: float, size: float, bold: bool = False) -> str:
        """The text, with an ellipsis for its end when it is wider than `width`."""
        self._style(size, INK, bold)
        if self.get_string_width(text) <= width:
            return text
        while text and self.get_string_width(text + ELLIPSIS) > width:
            text = text[:-1]
        return text.rstrip() + ELLIPSIS

    def width_of(self, text: str, size: float, bold: bool = False) -> float:
        self._style(size, INK, bold)
        return self.get_string_width(text)

    def rule(self, y: float, colour: Colour = LINE, x: float | None = None, until: float | None = None) -> None:
        self.set_draw_color(*colour)
        self.set_line_width(0.2)
        self.line(self.edge if x is None else x, y, self.right if until is None else until, y)

    def box(self, x: float, y: float, width: float, height: float, fill: Colour) -> None:
        self.set_fill_color(*fill)
        self.rect(x, y, width, height, style="F", round_corners=True, corner_radius=2)

    def brand(self, note: str) -> None:
        """The first line of a document: whose it is, and what it is."""
        top = self.edge
        self.box(self.edge, top, 7, 7, INDIGO)
        self.set_draw_color(*WHITE)
        self.set_line_width(0.5)
        for x, y in ((3.5, 2.55), (2.5, 4.25), (4.5, 4.25)):
            self.circle(self.edge + x, top + y, 1.15)
        self.set_fill_color(*AMBER)
        self.circle(self.edge + 3.5, top + 3.7, 0.42, style="F")
        self.write_at(self.edge + 9.5, top + 5, "GroupWallet", 11, INK, bold=True)
        self.write_right(self.right, top + 5, note, 9, SOFT)

    def _style(self, size: float, colour: Colour, bold: bool) -> None:
        self.set_font(FAMILY, "B" if bold else "", size)
        self.set_text_color(*colour)
