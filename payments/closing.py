"""What a member who goes is paid: all that is left of their savings, as far as it can be sent to them."""

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from core.db import Session
from core.money import Money
from ledger import reading
from ledger.legs import CASH_BOX
from ledger.models import Group, Wallet
from payments import accounts, errors, payouts
from payments.models import PayoutAccount
from payments.payouts import PayoutQuote

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Closing:
    """`quote` None: nothing is to be paid, or nothing can be, and `problem` says why.

    no_account: there is nowhere to send it; no_money: the group has not so much free anywhere; money_elsewhere: it has,
    but not where a payout to this account is made from, and the operator has to move it there (`payments.moving`).

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
    quoted = None if account is None else _largest(group, account, left, member_pays_fee)
    if account is not None and quoted is not None and _has(session, group, account.provider, quoted):
        return Closing(quoted, account, left - quoted.amount - quoted.member_fee)
    in_the_box = payouts.quote(group, None, left)
    if _has(session, group, CASH_BOX, in_the_box):
        return Closing(in_the_box, None, nothing)
    if account is None:
        return Closing(None, None, left, "no_money" if in_cash else "no_account")
    if quoted is None:
        return Closing(None, None, left)
    if not _has_anywhere(session, group, quoted):
        return Closing(None, None, left, "no_money")
    log.error(
        "a member cannot go, for the group's money lies elsewhere: move it to their account's provider, then write "
        "that down with `payments moved`",
        extra={"group": group.code, "provider": account.provider, "needed": str(quoted.amount + quoted.fee)},
    )
    return Closing(None, None, left, "money_elsewhere")


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


def _has(session: Session, group: Group, provider: str, quoted: PayoutQuote) -> bool:
    free = reading.available(session, group.id, 0, group.currency, provider).cash
    return free.amount_minor >= quoted.amount.amount_minor + quoted.fee.amount_minor


def _has_anywhere(session: Session, group: Group, quoted: PayoutQuote) -> bool:
    """Whether so much is free in all places but the box together, which the operator can bring to one of them."""
    free = select(func.coalesce(func.sum(Wallet.available_minor), 0)).where(
        Wallet.group_id == group.id, Wallet.kind == "cash", Wallet.provider != CASH_BOX
    )
    return int(session.scalar(free) or 0) >= quoted.amount.amount_minor + quoted.fee.amount_minor
