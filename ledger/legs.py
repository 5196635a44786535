"""The legs of every kind of movement, one function each; docs/ledger.md shows the same as a table with examples.

Amounts are minor units and positive; credit is positive in a leg. A fee is what the provider keeps. Each function
raises `AmountNotPositive` for an amount below zero, which would turn the movement round, and `Unbalanced` for amounts
that cannot belong together; legs of zero are left out by the posting.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ledger import errors
from ledger.postings import Leg

CASH_BOX = "box"
"""Where cash lies that no provider holds: the treasurer's box."""


@dataclass(frozen=True, slots=True)
class Allocation:
    """What a repayment pays off, in minor units; `surplus` goes to the member's savings."""

    penalty: int = 0
    fee: int = 0
    interest: int = 0
    principal: int = 0
    surplus: int = 0

    def __post_init__(self) -> None:
        _refuse_negative(self.penalty, self.fee, self.interest, self.principal, self.surplus)

    @property
    def total(self) -> int:
        return self.penalty + self.fee + self.interest + self.principal + self.surplus


def contribution(user_id: int | None, provider: str, amount: int, gross: int, fee: int) -> list[Leg]:
    """`gross` was paid, of which `amount` is the member's; what was paid on top covers the fee."""
    return _received(provider, gross, fee, amount, [Leg("savings", amount, user_id)])


def social_fund(provider: str, amount: int, gross: int, fee: int) -> list[Leg]:
    """A payment into the fund that is never shared out."""
    return _received(provider, gross, fee, amount, [Leg("social_fund", amount)])


def repayment(user_id: int, provider: str, paid: Allocation, gross: int, fee: int) -> list[Leg]:
    """A member pays back: what they owe shrinks, each part on its own wallet."""
    return _received(provider, gross, fee, paid.total, _pay_off(user_id, paid))


def withdrawal(user_id: int, provider: str, amount: int, sent: int, fee: int) -> list[Leg]:
    """`amount` leaves the member's savings, `sent` of it reaches them; the rest covers the fee."""
    return [Leg("savings", -amount, user_id), *_sent(provider, amount, sent, fee)]


def payout(source: str, provider: str, sent: int, fee: int) -> list[Leg]:
    """The group's own money is paid out: `source` is "expense", or "social_fund" for help from the fund."""
    if source not in ("expense", "social_fund"):
        raise errors.UnknownWallet(f"a payout is no {source}")
    return [Leg(source, -sent), *_sent(provider, sent, sent, fee)]


def fee(provider: str, amount: int) -> list[Leg]:
    """A provider took a fee by itself."""
    _refuse_negative(amount)
    return [Leg("fee_expense", -amount), Leg("cash", amount, provider=provider)]


def loan_disbursement(user_id: int, provider: str, principal: int, fee: int) -> list[Leg]:
    """The member gets `principal` and owes it; the group bears the provider's fee."""
    return [Leg("loan", -principal, user_id), *_sent(provider, principal, principal, fee)]


def interest(user_id: int, amount: int) -> list[Leg]:
    """Interest fell due."""
    _refuse_negative(amount)
    return [Leg("interest_due", -amount, user_id), Leg("interest_income", amount)]


def penalty(user_id: int, amount: int) -> list[Leg]:
    """A penalty for being late."""
    _refuse_negative(amount)
    return [Leg("penalty_due", -amount, user_id), Leg("penalty_income", amount)]


def loan_fee(user_id: int, amount: int) -> list[Leg]:
    """What the group itself charges for a loan."""
    _refuse_negative(amount)
    return [Leg("fee_due", -amount, user_id), Leg("fee_income", amount)]


def refund(user_id: int, provider: str, amount: int, fee: int = 0) -> list[Leg]:
    """A contribution goes back to who paid it; the provider's first fee is gone, a new one may come on top."""
    return [Leg("savings", -amount, user_id), *_sent(provider, amount, amount, fee)]


def chargeback(
    user_id: int, provider: str, amount: int, from_savings: int, owed_again: Allocation | None = None
) -> list[Leg]:
    """A provider took a payment back: what it had paid off is `owed_again`; of the rest the member's savings bear what
    they can, and the group loses what they cannot.
    """
    _refuse_negative(amount, from_savings)
    owed_again = owed_again or Allocation()
    if from_savings + owed_again.total > amount or owed_again.surplus:
        raise errors.Unbalanced("more is taken from the member than went back")
    return [
        Leg("savings", -from_savings, user_id),
        *reversal(_pay_off(user_id, owed_again)),
        Leg("bad_debt", from_savings + owed_again.total - amount),
        Leg("cash", amount, provider=provider),
    ]


def cash_in(user_id: int, amount: int) -> list[Leg]:
    """Notes and coins into the box."""
    _refuse_negative(amount)
    return [Leg("cash", -amount, provider=CASH_BOX), Leg("savings", amount, user_id)]


def cash_out(user_id: int, amount: int) -> list[Leg]:
    """Notes and coins out of the box."""
    _refuse_negative(amount)
    return [Leg("savings", -amount, user_id), Leg("cash", amount, provider=CASH_BOX)]


def banking(source: str, target: str, amount: int) -> list[Leg]:
    """The group's money moves from one place to another, as when the box is paid in at the provider."""
    _refuse_negative(amount)
    return [Leg("cash", amount, provider=source), Leg("cash", -amount, provider=target)]


def transfer(user_id: int, paid: Allocation) -> list[Leg]:
    """A member settles what they owe from their own savings."""
    if paid.surplus:
        raise errors.Unbalanced("savings cannot be paid into themselves")
    return [Leg("savings", -paid.total, user_id), *_pay_off(user_id, paid)]


def guarantee(guarantor_id: int, borrower_id: int, paid: Allocation) -> list[Leg]:
    """A guarantor's savings pay off what the borrower owes."""
    if paid.surplus:
        raise errors.Unbalanced("a guarantor pays no more than is owed")
    return [Leg("savings", -paid.total, guarantor_id), *_pay_off(borrower_id, paid)]


def share_out(shares: Mapping[int, int], income: Mapping[str, int], expense: Mapping[str, int]) -> list[Leg]:
    """The cycle's profit goes to the members' savings; what was earned and spent in it is closed.

    `shares`: member → amount; `income` and `expense`: kind → what stands there. Raises `Unbalanced` unless the shares
    are exactly the profit.
    """
    if sum(shares.values()) != sum(income.values()) - sum(expense.values()):
        raise errors.Unbalanced("the shares are not the profit")
    closed = [Leg(kind, -amount) for kind, amount in income.items()]
    closed += [Leg(kind, amount) for kind, amount in expense.items()]
    return closed + [Leg("savings", amount, user_id) for user_id, amount in shares.items()]


def write_off(user_id: int, owed: Allocation) -> list[Leg]:
    """The group gives up what a member owes."""
    if owed.surplus:
        raise errors.Unbalanced("only what is owed can be written off")
    return [Leg("bad_debt", -owed.total), *_pay_off(user_id, owed)]


def reversal(posted: Iterable[Leg]) -> list[Leg]:
    """The opposite of what was posted."""
    return [Leg(leg.kind, -leg.amount_minor, leg.user_id, leg.provider) for leg in posted]


def _received(provider: str, gross: int, fee: int, credited: int, credits: list[Leg]) -> list[Leg]:
    _refuse_negative(fee, credited)
    if gross < credited:
        raise errors.Unbalanced("less was paid than is credited")
    arrived = [Leg("cash", fee - gross, provider=provider), Leg("fee_expense", -fee)]
    return [*arrived, Leg("fee_income", gross - credited), *credits]


def _sent(provider: str, amount: int, sent: int, fee: int) -> list[Leg]:
    _refuse_negative(fee, sent)
    if sent > amount:
        raise errors.Unbalanced("more was sent than was taken")
    gone = [Leg("cash", sent + fee, provider=provider), Leg("fee_expense", -fee)]
    return [*gone, Leg("fee_income", amount - sent)]


def _pay_off(user_id: int, paid: Allocation) -> list[Leg]:
    return [
        Leg("penalty_due", paid.penalty, user_id),
        Leg("fee_due", paid.fee, user_id),
        Leg("interest_due", paid.interest, user_id),
        Leg("loan", paid.principal, user_id),
        Leg("savings", paid.surplus, user_id),
    ]


def _refuse_negative(*amounts: int) -> None:
    if min(amounts) < 0:
        raise errors.AmountNotPositive
