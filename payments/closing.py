"""What a member who goes is paid: all that is left of their savings, as far as it can be sent to them."""

from dataclasses import dataclass
from datetime import datetime

from core.db import Session
from core.money import Money
from ledger import reading
from ledger.legs import CASH_BOX
from ledger.models import Group
from payments import accounts, errors, payouts
from payments.models import PayoutAccount
from payments.payouts import PayoutQuote


@dataclass(frozen=True, slots=True)
class Closing:
    """`quote` None: nothing is to be paid, or nothing can be, and `problem` says why (no_account, no_money).

    `account` None is the cash box. `rest` stays in the book: cents that cannot be sent, or too little for a payout.
    """

    quote: PayoutQuote | None
    account: PayoutAccount | None
    rest: Money
    problem: str = ""

    @property
    def destination(self) -> str | None:
        """How a vote names it; None when nothing is paid."""
        if self.quote is None:
            return None
        return accounts.destination(self.account) if self.account else CASH_BOX


def plan(
    session: Session, group: Group, user_id: int, left: Money, at: datetime, *, in_cash: bool, member_pays_fee: bool
) -> Closing:
    """How `left` would reach the member: to their account, or from the box where that is wanted or the only way.

    `left` is what remains of their savings after what they owe.
    """
    nothing = Money(0, group.currency)
    if left.amount_minor <= 0:
        return Closing(None, None, nothing)
    account = None if in_cash else accounts.current(session, group.id, user_id, at)
    if account is not None:
        quoted = _largest(group, account, left, member_pays_fee)
        if quoted is not None and _has(session, group, account.provider, quoted.amount + quoted.fee):
            return Closing(quoted, account, left - quoted.amount - quoted.member_fee)
    if _has(session, group, CASH_BOX, left):
        return Closing(payouts.quote(group, None, left), None, nothing)
    if account is not None and _largest(group, account, left, member_pays_fee) is None:
        return Closing(None, None, left)
    return Closing(None, None, left, "no_money" if account or in_cash else "no_account")


def _largest(group: Group, account: PayoutAccount, left: Money, member_pays_fee: bool) -> PayoutQuote | None:
    """The largest payout that, with what the member bears of its fee, takes no more than `left`; None below the least.

    Fees never fall as amounts grow.
    """
    step = payouts.step_minor(account, group.currency)
    low, high, best = 1, left.amount_minor // step, None
    while low <= high:
        middle = (low + high) // 2
        try:
            quoted = payouts.quote(group, account, Money(middle * step, group.currency), member_pays_fee)
        except errors.AmountBelowMinimum:
            low = middle + 1
            continue
        except errors.AmountAboveMaximum:
            high = middle - 1
            continue
        if quoted.amount.amount_minor + quoted.member_fee.amount_minor <= left.amount_minor:
            low, best = middle + 1, quoted
        else:
            high = middle - 1
    return best


def _has(session: Session, group: Group, provider: str, needed: Money) -> bool:
    free = reading.available(session, group.id, 0, group.currency, provider).cash
    return free.amount_minor >= needed.amount_minor
