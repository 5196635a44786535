"""A statement: what was there, every movement, what is there now. One line per movement, figures under each other."""

from datetime import date

from bot.documents import sealing
from bot.documents.lettering import printable
from bot.documents.model import StatementDocument, StatementRow
from bot.documents.sheet import INDIGO, INK, LINE, SOFT, WASH, WHITE, Sheet
from bot.documents.words import Words, has_cents
from core.money import Money

TEXT, HEAD = 8.5, 7.5
ROW, LEADING = 6.6, 3.8
GAP = 3.0
# Columns of figures are wide enough for 99,999,999.99.
FIGURE, DATE, RECEIPT = 24.0, 22.0, 13.0
MEMBERS_ACROSS = 2


class StatementSheet(Sheet):
    """The drawing of one statement, from top to bottom."""

    def __init__(self, document: StatementDocument) -> None:
        self.document = document
        cents = has_cents(
            document.opening, document.total_in, document.total_out, document.closing,
            *(amount for line in document.lines for amount in (line.amount, line.balance)),
            *(amount for _, amount in document.members),
        )  # fmt: skip
        words = Words(document.language, cents)
        self.period = words.say(
            "document-period", **{"from": words.day(document.period_start), "until": words.day(document.period_end)}
        )
        title = words.say("document-statement-title", group=document.group_name, period=self.period)
        super().__init__("A4", words, title, document.issued_on)
        self.balance_at = self.right
        self.out_at = self.balance_at - FIGURE
        self.in_at = self.out_at - FIGURE
        self.receipt_at = self.edge + DATE
        self.what_at = self.receipt_at + RECEIPT
        room = self.in_at - FIGURE - self.what_at
        # A member's own statement need not say on every line whose movement it is.
        self.what_width = room * 0.44 if document.member_name is None else room
        self.who_width = room - self.what_width
        self.who_at = self.what_at + self.what_width

    def drawn(self) -> bytes:
        self.add_page()
        self._top()
        self._totals()
        self._heads()
        document = self.document
        self._balance_line(document.period_start, self.words.say("document-opening"), document.opening)
        for line in document.lines:
            self._movement(line)
        if not document.lines:
            self.write_at(self.what_at, self.y + 4.4, self.words.say("document-no-movements"), TEXT, SOFT)
            self._end_line(ROW)
        self._closing()
        if document.members:
            self._members()
        self.y += 6
        sealing.draw(self, self.document)
        return bytes(self.output())

    def _top(self) -> None:
        document, say = self.document, self.words.say
        self.brand(say("document-statement"))
        y = self.edge + 22
        name = document.member_name
        whose = say("document-whole-group") if name is None else say("document-member", name=name)
        self.write_fitting(self.edge, y, self.breadth, printable(document.group_name), 22)
        self.write_fitting(self.edge, y + 8, self.breadth, whose, 11, bold=False)
        self.write_at(self.edge, y + 14, self.period, 9.5, SOFT)
        issued = say("document-issued", date=self.words.day(document.issued_on))
        self.write_right(self.right, y + 14, issued, 8, SOFT)
        self.y = y + 20

    def _totals(self) -> None:
        """The four figures that most people look for, before the lines that explain them."""
        document, say = self.document, self.words.say
        cells = (
            (say("document-opening"), document.opening),
            (say("document-in"), document.total_in),
            (say("document-out"), document.total_out),
            (say("document-closing"), document.closing),
        )
        width, height = (self.breadth - 3 * GAP) / len(cells), 17.0
        for place, (name, amount) in enumerate(cells):
            x, last = self.edge + place * (width + GAP), place == len(cells) - 1
            self.box(x, self.y, width, height, INDIGO if last else WASH)
            self.write_at(x + 4, self.y + 6, name, 8, WHITE if last else SOFT)
            self.write_fitting(x + 4, self.y + 12.8, width - 8, self.words.money(amount), 12, WHITE if last else INK)
        self.y += height + 9

    def _heads(self) -> None:
        """The names of the columns, on every page again."""
        say, y = self.words.say, self.y
        self.write_at(self.edge, y, say("document-date"), HEAD, SOFT)
        self.write_at(self.receipt_at, y, say("document-receipt"), HEAD, SOFT)
        self.write_at(self.what_at, y, say("document-what"), HEAD, SOFT)
        if self.document.member_name is None:
            self.write_at(self.who_at, y, say("document-who"), HEAD, SOFT)
        self.write_right(self.in_at, y, say("document-in"), HEAD, SOFT)
        self.write_right(self.out_at, y, say("document-out"), HEAD, SOFT)
        self.write_right(self.balance_at, y, say("document-balance"), HEAD, SOFT)
        self.y = y + 2.4
        self.rule(self.y, INK)

    def _movement(self, line: StatementRow) -> None:
        what, who = self._what(line), printable(line.who or "")
        whats = self.lines(what, self.what_width - GAP, TEXT, most=2)
        whos = self.lines(who, self.who_width - GAP, TEXT, most=3) if self.document.member_name is None else []
        height = ROW + LEADING * (max(len(whats), len(whos)) - 1)
        self._room(height)
        base = self.y + 4.4
        self.write_at(self.edge, base, self.words.day(line.on), TEXT, SOFT)
        if line.receipt_number is not None:
            number = self.words.say("document-receipt-number", number=str(line.receipt_number))
            self.write_at(self.receipt_at, base, number, TEXT, SOFT)
        for x, texts in ((self.what_at, whats), (self.who_at, whos)):
            for place, text in enumerate(texts):
                self.write_at(x, base + place * LEADING, text, TEXT)
        came = line.amount.amount_minor >= 0
        figure = self.words.figure(Money(abs(line.amount.amount_minor), line.amount.currency))
        self.write_right(self.in_at if came else self.out_at, base, figure, TEXT)
        self.write_right(self.balance_at, base, self.words.figure(line.balance), TEXT)
        self._end_line(height)

    def _what(self, line: StatementRow) -> str:
        what = self.words.say("document-kind", kind=line.kind)
        whose = self.document.member_name
        if whose is None or line.who in (None, whose):
            return what
        return self.words.say("document-what-with", what=what, who=line.who)

    def _balance_line(self, on: date, text: str, balance: Money) -> None:
        self._room(ROW)
        base = self.y + 4.4
        self.write_at(self.edge, base, self.words.day(on), TEXT, SOFT)
        self.write_at(self.what_at, base, text, TEXT, bold=True)
        self.write_right(self.balance_at, base, self.words.figure(balance), TEXT, bold=True)
        self._end_line(ROW)

    def _closing(self) -> None:
        """The sums of both columns beside the balance that they lead to."""
        document = self.document
        self._room(ROW + 2)
        self.rule(self.y, INK)
        for x, amount in ((self.in_at, document.total_in), (self.out_at, document.total_out)):
            self.write_right(x, self.y + 4.4, self.words.figure(amount), TEXT, bold=True)
        self._balance_line(document.period_end, self.words.say("document-closing"), document.closing)
        self.rule(self.y, INK)
        self.write_at(
            self.edge, self.y + 5, self.words.say("document-amounts-in", currency=document.closing.currency), HEAD, SOFT
        )
        self.y += 8

    def _members(self) -> None:
        """Each member's savings in two columns that are read down, and what they come to."""
        members, words = self.document.members, self.words
        self.room(12 + 2 * ROW)
        self.y += 8
        self.write_at(self.edge, self.y, words.say("document-members"), 11, bold=True)
        self.y += 3
        rows = -(-len(members) // MEMBERS_ACROSS)
        width = (self.breadth - 10) / MEMBERS_ACROSS
        for row in range(rows):
            self.room(ROW)
            for column, (name, amount) in enumerate(members[row::rows]):
                self._pair(self.edge + column * (width + 10), width, printable(name), amount)
            self.y += ROW
        total = Money(sum(amount.amount_minor for _, amount in members), self.document.closing.currency)
        self.room(ROW)
        self._pair(self.right - width, width, words.say("document-members-sum"), total, bold=True)
        self.y += ROW

    def _pair(self, x: float, width: float, text: str, amount: Money, bold: bool = False) -> None:
        figure = self.words.figure(amount)
        room = width - self.width_of(figure, TEXT, bold) - 5
        self.write_fitting(x, self.y + 4.4, room, text, TEXT, bold=bold)
        self.write_right(x + width, self.y + 4.4, figure, TEXT, bold=bold)
        self.rule(self.y + ROW, LINE, x, x + width)

    def _room(self, height: float) -> None:
        if self.room(height):
            self._heads()

    def _end_line(self, height: float) -> None:
        self.y += height
        self.rule(self.y)
