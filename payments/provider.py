"""What every payment provider must be able to do, and how each of its answers is understood.

An adapter speaks one provider's protocol and nothing else: it never touches the database and never decides what an
answer means for the books. Every call ends as exactly one `Outcome` (the model of Kill Bill's payment plugins).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.money import Money
from payments.errors import AmountNotPayable


class Outcome(StrEnum):
    """How a call to a provider ended."""

    SUCCEEDED = "succeeded"
    PENDING = "pending"
    DECLINED = "declined"
    """Terminal: the provider says that no money moved."""
    NOT_SENT = "not_sent"
    """The provider never saw it (refused, no such host): safe to send again."""
    UNKNOWN = "unknown"
    """It may have happened (time-out, reset, 5xx, unreadable, unknown status): only ever ask, never send again."""


@dataclass(frozen=True, slots=True)
class Quote:
    """`amount` is credited, `fee` is what the provider keeps, `gross` is what the payer pays."""

    amount: Money
    fee: Money
    gross: Money


@dataclass(frozen=True, slots=True)
class CheckoutOrder:
    """What a checkout page is made for. `payer_email` is an opaque address: it must tell nothing about the payer."""

    reference: str
    gross: Money
    payer_email: str
    return_url: str
    label: str


@dataclass(frozen=True, slots=True)
class CheckoutAnswer:
    """`url` is there when, and only when, the outcome is SUCCEEDED; `detail` is for the operator's log."""

    outcome: Outcome
    url: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What the provider says about a reference: `paid` and `fee` only when money moved; `status` in its own words."""

    outcome: Outcome
    status: str
    reference: str | None = None
    paid: Money | None = None
    fee: Money | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A signed webhook: `key` is the same for every delivery of the same news."""

    key: str
    reference: str


class Provider(Protocol):
    """One adapter. Network trouble is an outcome, never an exception."""

    name: str

    def limits(self, currency: str) -> tuple[Money, Money]:
        """The smallest and largest gross amount of one collection. Raises `UnsupportedCurrency`."""

    def step_minor(self, currency: str) -> int:
        """What a gross amount must be a multiple of, in minor units: 100 where only whole shillings can be sent."""

    def fee(self, gross: Money) -> Money:
        """What the provider keeps of `gross`, by its published schedule; never falls as `gross` grows."""

    def open_checkout(self, order: CheckoutOrder) -> CheckoutAnswer:
        """Asks for a checkout page."""

    def verify(self, reference: str) -> Verification:
        """Asks what became of a collection; a pure read, so it may be repeated freely."""

    def read_event(self, body: bytes, headers: Mapping[str, str]) -> Event:
        """Reads a webhook from its raw bytes and lower-case header names.

        Raises `BadSignature` unless the provider signed exactly these bytes.
        """


def quote(provider: Provider, amount: Money, payer_bears_fee: bool) -> Quote:
    """What is paid so that `amount` is credited, fee included when the payer bears it.

    Raises `UnsupportedCurrency`, or `AmountNotPayable` for an amount between two steps of the provider. The fee never
    falls as the gross grows, so climbing from the amount itself ends at the smallest payable gross that covers it,
    exactly, also at caps and thresholds.
    """
    provider.limits(amount.currency)
    step = provider.step_minor(amount.currency)
    if amount.amount_minor % step:
        raise AmountNotPayable(amount.currency)
    gross = amount
    if payer_bears_fee:
        while (needed := _stepped_up(amount + provider.fee(gross), step)) != gross:
            gross = needed
    return Quote(amount=amount, fee=provider.fee(gross), gross=gross)


def _stepped_up(money: Money, step_minor: int) -> Money:
    return Money(-(-money.amount_minor // step_minor) * step_minor, money.currency)
