"""Legs of every kind of movement from a few random numbers: mostly what the book can bear, now and then too much."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ledger import legs
from ledger.legs import CASH_BOX, Allocation
from ledger.postings import Leg
from tests.ledger.actors import PROVIDER
from tests.ledger.model import Book

INCOME = ("fee_income", "interest_income", "penalty_income")
EXPENSES = ("fee_expense", "expense", "bad_debt")
DUES = ("penalty_due", "fee_due", "interest_due", "loan")


@dataclass(frozen=True)
class Chance:
    """What chance has chosen: two members, a place, an amount, a small amount, and how much of what there is."""

    member: int
    other: int
    place: str
    amount: int
    small: int
    percent: int
    flag: bool


def part(whole: int, percent: int) -> int:
    """So many percent of it, at least one, and above 100 % at least one more than it."""
    return max(1, whole * percent // 100, whole + 1 if percent > 100 else 0)


def _saved(book: Book, chance: Chance) -> int:
    return part(book.available("savings", chance.member), chance.percent)


def _owed(book: Book, chance: Chance) -> Allocation:
    owed = (book.owed(chance.member, kind) for kind in DUES)
    return Allocation(*(part(amount, chance.percent) if amount else 0 for amount in owed))


def _contribution(book: Book, chance: Chance) -> list[Leg]:
    gross, fee = chance.amount + chance.small * chance.flag, min(chance.small, chance.amount)
    return legs.contribution(chance.member, chance.place, chance.amount, gross, fee)


def _social_fund(book: Book, chance: Chance) -> list[Leg]:
    return legs.social_fund(chance.place, chance.amount, chance.amount + chance.small, chance.small)


def _withdrawal(book: Book, chance: Chance) -> list[Leg]:
    amount = _saved(book, chance)
    kept = min(chance.small, amount) if chance.flag else 0
    return legs.withdrawal(chance.member, chance.place, amount, amount - kept, chance.small)


def _refund(book: Book, chance: Chance) -> list[Leg]:
    return legs.refund(chance.member, chance.place, _saved(book, chance), chance.small)


def _chargeback(book: Book, chance: Chance) -> list[Leg]:
    amount = part(book.available("cash", 0, chance.place), chance.percent)
    from_savings = min(amount, book.available("savings", chance.member)) if chance.flag else 0
    return legs.chargeback(chance.member, chance.place, amount, from_savings)


def _payout(book: Book, chance: Chance) -> list[Leg]:
    source = "expense" if chance.flag else "social_fund"
    return legs.payout(source, chance.place, chance.amount, chance.small)


def _banking(book: Book, chance: Chance) -> list[Leg]:
    target = PROVIDER if chance.place == CASH_BOX else CASH_BOX
    return legs.banking(chance.place, target, part(book.available("cash", 0, chance.place), chance.percent))


def _loan(book: Book, chance: Chance) -> list[Leg]:
    principal = part(book.available("cash", 0, chance.place), chance.percent)
    return legs.loan_disbursement(chance.member, chance.place, principal, chance.small * chance.flag)


def _repayment(book: Book, chance: Chance) -> list[Leg]:
    paid = replace(_owed(book, chance), surplus=chance.small)
    return legs.repayment(chance.member, chance.place, paid, paid.total + chance.small * chance.flag, chance.small)


def _share_out(book: Book, chance: Chance) -> list[Leg]:
    income, expense = book.standing(*INCOME), book.standing(*EXPENSES)
    profit = sum(income.values()) - sum(expense.values())
    first = profit * chance.percent // 100
    return legs.share_out({chance.member: first, chance.other: profit - first}, income, expense)


MOVES: dict[str, Callable[[Book, Chance], list[Leg]]] = {
    "contribution": _contribution,
    "cash_in": lambda book, chance: legs.cash_in(chance.member, chance.amount),
    "cash_out": lambda book, chance: legs.cash_out(chance.member, _saved(book, chance)),
    "withdrawal": _withdrawal,
    "refund": _refund,
    "chargeback": _chargeback,
    "social_fund": _social_fund,
    "payout": _payout,
    "fee": lambda book, chance: legs.fee(chance.place, chance.small),
    "banking": _banking,
    "loan_disbursement": _loan,
    "loan_fee": lambda book, chance: legs.loan_fee(chance.member, chance.small),
    "interest": lambda book, chance: legs.interest(chance.member, chance.small),
    "penalty": lambda book, chance: legs.penalty(chance.member, chance.small),
    "repayment": _repayment,
    "transfer": lambda book, chance: legs.transfer(chance.member, _owed(book, chance)),
    "guarantee": lambda book, chance: legs.guarantee(chance.other, chance.member, _owed(book, chance)),
    "write_off": lambda book, chance: legs.write_off(chance.member, _owed(book, chance)),
    "share_out": _share_out,
}
