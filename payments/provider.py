"""What every payment provider must be able to do, in and out, and how each of its answers is understood.

An adapter speaks one provider's protocol and nothing else: it never touches the database and never decides what an
answer means for the books. Every call ends as exactly one `Outcome`. What is asked for without a page is in
`provider_charges`, what a provider has written down in `provider_records`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from core.money import Money
from payments.errors import AmountNotPayable
from payments.outcomes import Outcome as Outcome
from payments.provider_charges import Charging
from payments.provider_charges import Method as Method
from payments.provider_records import Records


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
    """What the provider says about a reference: `paid` and `fee` only when money moved; `status` in its own words.

    `status` "reversed" with UNKNOWN: it was paid once, and the provider took it back; `paid` then says what was. `id`
    is the provider's own. `receiver` is the standing account that was paid into, None for any other payment.
    """

    outcome: Outcome
    status: str
    reference: str | None = None
    paid: Money | None = None
    fee: Money | None = None
    id: str | None = None
    receiver: str | None = None
    at: datetime | None = None


EventAbout = Literal["collection", "payout", "refund", "dispute", "standing_account", "other"]


@dataclass(frozen=True, slots=True)
class Event:
    """A signed webhook: `key` is the same for every delivery of the same news, `kind` its name at the provider.

    It is a hint to ask about `reference`, never proof: for a payout that is its own reference, for a refund or a
    dispute that of the collection, with the provider's `id` of the refund or dispute itself.
    """

    key: str
    reference: str
    kind: str
    about: EventAbout = "other"
    id: str = ""
    announces_success: bool = False
    """Whether it says that money came or arrived, so that a verification which does not is asked again."""


AccountKind = Literal["bank", "mobile_money"]
"""Where a payout can go: an account at a bank, or a wallet that a phone number names."""


@dataclass(frozen=True, slots=True)
class Bank:
    """A bank, or an operator of wallets; `code` is the provider's own and means nothing elsewhere."""

    code: str
    name: str
    kind: AccountKind


@dataclass(frozen=True, slots=True)
class BanksAnswer:
    """`banks` is complete when, and only when, the outcome is SUCCEEDED; it may be repeated freely."""

    outcome: Outcome
    banks: tuple[Bank, ...]
    detail: str


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """Where somebody wants to be paid. `number`: the bank's account number as written in the country, or E.164."""

    kind: AccountKind
    bank_code: str
    number: str
    holder: str
    currency: str


@dataclass(frozen=True, slots=True)
class HolderAnswer:
    """`holder` is the name that the bank has, when the outcome is SUCCEEDED; DECLINED: it knows no such account."""

    outcome: Outcome
    holder: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class RecipientAnswer:
    """`code` names the account in payouts and is there when, and only when, the outcome is SUCCEEDED.

    Asking again makes no second recipient, so that every outcome but DECLINED may be repeated.
    """

    outcome: Outcome
    code: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """What is paid out: `amount` arrives in full, the fee is taken beside it.

    `reference` is 16 to 50 of `[a-z0-9-]`, stored before it is sent and never used for another payout; `reason` is
    shown on the receiver's statement. `account` is there for providers that keep no recipients.
    """

    reference: str
    amount: Money
    recipient_code: str
    reason: str
    account: AccountDetails | None = None


@dataclass(frozen=True, slots=True)
class PayoutAnswer:
    """What came of sending a payout, once.

    SUCCEEDED: paid already. PENDING: taken, and under way. DECLINED: surely not taken, such as an invalid order or too
    low a balance. NOT_SENT: it never reached them. UNKNOWN: it may have happened (time-out, 5xx, unreadable, a
    reference that they have already): only ever verified, never sent under another reference. `status` is in the
    provider's own words.
    """

    outcome: Outcome
    status: str
    transfer_code: str | None = None
    fee: Money | None = None


@dataclass(frozen=True, slots=True)
class PayoutVerification:
    """What the provider says about a payout: `status` in its own words, `fee` only when it was paid.

    DECLINED: it failed or came back, `status` says which; also a payout that was SUCCEEDED before may be `reversed`. A
    reference they do not know is PENDING with status `not_found`: soon after sending, that proves nothing.
    """

    outcome: Outcome
    status: str
    reference: str | None = None
    amount: Money | None = None
    fee: Money | None = None


@dataclass(frozen=True, slots=True)
class PayoutApproval:
    """The provider asks: is this payout yours? `amount` None where it was unreadable."""

    reference: str
    amount: Money | None


class Provider(Charging, Records, Protocol):
    """One adapter. Network trouble is an outcome, never an exception."""

    name: str

    def limits(self, currency: str) -> tuple[Money, Money]:
        """The smallest and largest gross amount of one collection. Raises `UnsupportedCurrency`."""

    def step_minor(self, currency: str) -> int:
        """What a gross amount must be a multiple of, in minor units: 100 where only whole shillings can be sent."""

    def fee(self, gross: Money, method: Method = "checkout") -> Money:
        """What the provider keeps of `gross`, by its published schedule; never falls as `gross` grows."""

    def open_checkout(self, order: CheckoutOrder) -> CheckoutAnswer:
        """Asks for a checkout page."""

    def verify(self, reference: str) -> Verification:
        """Asks what became of a collection; a pure read, so it may be repeated freely."""

    def read_event(self, body: bytes, headers: Mapping[str, str]) -> Event:
        """Reads a webhook from its raw bytes and lower-case header names.

        Raises `BadSignature` unless the provider signed exactly these bytes.
        """

    def account_kinds(self, currency: str) -> tuple[AccountKind, ...]:
        """Where payouts in this currency can go, the most usual first. Raises `UnsupportedCurrency`."""

    def payout_limits(self, currency: str, kind: AccountKind) -> tuple[Money, Money]:
        """The smallest and largest amount of one payout. Raises `UnsupportedCurrency` if nothing can go there."""

    def payout_step_minor(self, currency: str) -> int:
        """What a payout must be a multiple of, in minor units: 100 where only whole shillings can be sent."""

    def payout_fee(self, amount: Money, kind: AccountKind) -> Money:
        """What the provider takes beside `amount`, by its published schedule; never falls as `amount` grows.

        Raises `UnsupportedCurrency`.
        """

    def banks(self, currency: str) -> BanksAnswer:
        """Asks for the banks and wallets that payouts in this currency can go to."""

    def can_name_holder(self, currency: str, kind: AccountKind) -> bool:
        """Whether `holder` can be asked about such accounts."""

    def holder(self, number: str, bank_code: str) -> HolderAnswer:
        """Asks whose account it is; `number` as in `AccountDetails`."""

    def recipient(self, account: AccountDetails) -> RecipientAnswer:
        """Makes the account known, so that payouts can go to it."""

    def send_payout(self, order: PayoutOrder) -> PayoutAnswer:
        """Sends the payout once; what became of an UNKNOWN one is for `verify_payout` alone to say."""

    def verify_payout(self, reference: str) -> PayoutVerification:
        """Asks what became of a payout; a pure read, so it may be repeated freely."""

    def finish_payout(self, transfer_code: str, otp: str) -> PayoutAnswer:
        """Gives the one-time password that the provider sent to the account's owner. DECLINED: a wrong one, again.

        A provider without such passwords answers DECLINED.
        """

    def read_approval(self, body: bytes, headers: Mapping[str, str]) -> PayoutApproval:
        """Reads the provider's question whether a payout is ours, asked before it is made.

        Raises `BadSignature`, also where the provider asks no such question.
        """


def quote(provider: Provider, amount: Money, payer_bears_fee: bool, method: Method = "checkout") -> Quote:
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
        while (needed := _stepped_up(amount + provider.fee(gross, method), step)) != gross:
            gross = needed
    return Quote(amount=amount, fee=provider.fee(gross, method), gross=gross)


def _stepped_up(money: Money, step_minor: int) -> Money:
    return Money(-(-money.amount_minor // step_minor) * step_minor, money.currency)
