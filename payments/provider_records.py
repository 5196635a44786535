"""What a provider has written down itself: its lists, for refunds, disputes and reconciliation."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from core.money import Money
from payments.outcomes import Outcome

RecordKind = Literal["collection", "payout", "refund", "dispute"]


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a provider's list.

    `id` is the provider's; `reference` is ours (of the collection, for refunds and disputes), "" where it has none.
    `outcome` by kind. Collection: SUCCEEDED is paid, DECLINED failed or `reversed` (see `status`), PENDING not paid
    yet. Payout: as in `PayoutVerification`. Refund: SUCCEEDED is back with the payer, DECLINED failed, PENDING on its
    way. Dispute: PENDING is open, SUCCEEDED is decided for us, DECLINED is lost. `fee` only where it is told.
    `receiver` is the standing account that was paid into. `at` is when it was made.
    """

    kind: RecordKind
    id: str
    reference: str
    amount: Money
    fee: Money | None
    outcome: Outcome
    status: str
    at: datetime
    receiver: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecordsAnswer:
    """`records` is complete when, and only when, the outcome is SUCCEEDED."""

    outcome: Outcome
    records: tuple[Record, ...]
    detail: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """Collections that the provider has put together: `total` is what they came to, `fees` what it kept of that."""

    id: str
    total: Money
    fees: Money
    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SettlementsAnswer:
    """`settlements` is complete when, and only when, the outcome is SUCCEEDED."""

    outcome: Outcome
    settlements: tuple[Settlement, ...]
    detail: str


@dataclass(frozen=True, slots=True)
class BalancesAnswer:
    """What payouts can be made from, one per currency, when the outcome is SUCCEEDED."""

    outcome: Outcome
    balances: tuple[Money, ...]
    detail: str


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Money back to whoever paid the collection `reference`. A provider keeps no reference for a refund itself."""

    reference: str
    amount: Money
    reason: str


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """What came of asking for a refund, once. PENDING: taken; `id` names it from now on.

    DECLINED: surely not made. UNKNOWN: it may have been made, so it is looked for in `refunds_of`.
    """

    outcome: Outcome
    status: str
    id: str | None = None


class Records(Protocol):
    """The part of an adapter that looks things up and gives money back. Reads may be repeated freely."""

    def records(self, kind: RecordKind, start: datetime, end: datetime, currency: str | None = None) -> RecordsAnswer:
        """Everything of that kind made from `start` (included) to `end` (excluded), all pages."""

    def settlements(self, start: datetime, end: datetime) -> SettlementsAnswer:
        """The settlements of that time."""

    def settled(self, settlement_id: str, currency: str) -> RecordsAnswer:
        """The collections in a settlement. SUCCEEDED with none where the provider does not list them."""

    def balances(self) -> BalancesAnswer:
        """What can be paid out at this moment."""

    def refund(self, order: RefundOrder) -> RefundAnswer:
        """Asks for a refund, once."""

    def refunds_of(self, reference: str) -> RecordsAnswer:
        """The refunds of one collection: its records of kind "refund"."""

    def dispute(self, dispute_id: str) -> RecordsAnswer:
        """One dispute, as a record; none where they know no such one."""
