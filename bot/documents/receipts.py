"""A receipt: one amount, large, and whatever somebody who was not there must know about it."""

from bot.documents import sealing
from bot.documents.lettering import printable
from bot.documents.model import ReceiptDocument
from bot.documents.sheet import SOFT, WARN, WARN_WASH, Sheet
from bot.documents.words import Words, has_cents

ROW = 8.6


class ReceiptSheet(Sheet):
    """The drawing of one receipt, from top to bottom."""

    def __init__(self, document: ReceiptDocument) -> None:
        self.document = document
        balances = (document.own_balance, document.group_balance)
        words = Words(document.language, has_cents(document.amount, *(amount for amount in balances if amount)))
        self.number = words.say("document-receipt-number", number=str(document.number))
        title = words.say("document-receipt-full-title", group=document.group_name, number=self.number)
        super().__init__("A5", words, title, document.issued_on)

    def drawn(self) -> bytes:
        self.add_page()
        self.brand(self.words.say("document-receipt"))
        self._amount()
        if self.document.reversed_by is not None:
            self._reversed(self.document.reversed_by)
        for term, text in self._facts():
            self._fact(term, text)
        self.y += 7
        sealing.draw(self, self.document)
        return bytes(self.output())

    def _amount(self) -> None:
        document, y = self.document, self.edge + 21
        self.write_at(self.edge, y, self.words.say("document-receipt-title", number=self.number), 11, SOFT)
        self.write_fitting(self.edge, y + 12, self.breadth, self.words.money(document.amount), 28)
        self.write_fitting(self.edge, y + 20, self.breadth, printable(document.group_name), 11, bold=False)
        self.y = y + 27

    def _reversed(self, by: int) -> None:
        number = self.words.say("document-receipt-number", number=str(by))
        self.box(self.edge, self.y, self.breadth, 10, WARN_WASH)
        self.write_fitting(
            self.edge + 4, self.y + 6.3, self.breadth - 8, self.words.say("document-reversed", number=number), 9, WARN
        )
        self.y += 14

    def _facts(self) -> list[tuple[str, str]]:
        document, words = self.document, self.words
        facts = [
            (words.say("document-what"), words.say("document-kind", kind=document.kind)),
            (words.say("document-who"), printable(document.who)),
            (words.say("document-date"), words.day(document.on)),
        ]
        if document.own_balance is not None:
            facts.append((words.say("document-own-after"), words.money(document.own_balance)))
        if document.group_balance is not None:
            facts.append((words.say("document-group-after"), words.money(document.group_balance)))
        facts.append((words.say("document-issued-on"), words.day(document.issued_on)))
        return facts

    def _fact(self, term: str, text: str) -> None:
        self.rule(self.y)
        base = self.y + 5.6
        said = self.shortened(text, self.breadth * 0.8, 9.5, bold=True)
        room = self.breadth - self.width_of(said, 9.5, bold=True) - 6
        self.write_at(self.edge, base, self.shortened(term, room, 9), 9, SOFT)
        self.write_right(self.right, base, said, 9.5, bold=True)
        self.y += ROW
