"""Statements and receipts as PDF, for paper and for passing on. The same document always gives the same bytes."""

from bot.documents.model import ReceiptDocument, StatementDocument
from bot.documents.receipts import ReceiptSheet
from bot.documents.statements import StatementSheet


def statement(document: StatementDocument) -> bytes:
    """A4, as many pages as the movements take; every page repeats the heads of the columns."""
    return StatementSheet(document).drawn()


def receipt(document: ReceiptDocument) -> bytes:
    """One page of A5, which a phone shows whole and a printer puts on half a sheet."""
    return ReceiptSheet(document).drawn()
