"""What stands in a document, ready to be drawn. Whoever fills these in has done the arithmetic.

Dates are days in the group's time zone; amounts of one document have one currency.
"""

from dataclasses import dataclass
from datetime import date

from core.money import Money


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One movement. `kind` is the ledger's; `amount` is negative when money left, `balance` is what was then there."""

    on: date
    kind: str
    who: str | None
    receipt_number: int | None
    amount: Money
    balance: Money


@dataclass(frozen=True, slots=True)
class StatementDocument:
    """A member's statement, or the whole group's when `member_name` is None; then `members` tells each one's savings.

    `period_end` is the last day that is in it. `total_out` is given as a positive amount.
    """

    language: str
    group_name: str
    member_name: str | None
    period_start: date
    period_end: date
    opening: Money
    lines: tuple[StatementRow, ...]
    total_in: Money
    total_out: Money
    closing: Money
    members: tuple[tuple[str, Money], ...]
    seal: str
    seal_line: int
    full_seal: str
    verify_url: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class ReceiptDocument:
    """One receipt. The balances are those after the movement; None leaves a line out. `reversed_by` is a receipt."""

    language: str
    group_name: str
    number: int
    on: date
    kind: str
    who: str
    amount: Money
    own_balance: Money | None
    group_balance: Money | None
    seal: str
    seal_line: int
    full_seal: str
    verify_url: str
    issued_on: date
    reversed_by: int | None


@dataclass(frozen=True, slots=True)
class SavingsChart:
    """The group's money over time, oldest first, and what each member has saved; amounts in minor units."""

    language: str
    group_name: str
    currency: str
    points: tuple[tuple[date, int], ...]
    members: tuple[tuple[str, int], ...]
    title: str
