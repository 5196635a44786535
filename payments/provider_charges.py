"""Collecting without a page: prompts on the payer's phone, codes to dial, accounts to pay into."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from core.money import Money
from payments.outcomes import Outcome

Method = Literal["checkout", "mobile_money", "ussd", "bank_transfer", "standing_account"]
"""How a payer pays: on the provider's page, by a prompt on the phone, by a code that is dialled, into an account made
for this one payment, or into the member's own account, which stays theirs."""

Action = Literal["approve", "otp", "dial", "transfer", "visit"]
"""What the payer does next: approve the prompt, tell us a one-time password, dial `ussd_code`, pay into `account`, or
open `url` (useless on a feature phone)."""


@dataclass(frozen=True, slots=True)
class ChargeOrder:
    """A payment that is asked for directly. `reference` is 16 to 50 of `[a-z0-9-]`, stored before it is sent.

    `phone` (E.164) and `network` ("mpesa", "mtn", "at", "telecel") belong to mobile money; `network` is the bank whose
    code is dialled for ussd ("gtbank", "uba", "sterling", "zenith").
    """

    reference: str
    gross: Money
    method: Method
    payer_email: str
    label: str
    phone: str | None = None
    network: str | None = None
    expires_at: datetime | None = None
    """Until when an account for one payment shall be open; only for bank_transfer."""


@dataclass(frozen=True, slots=True)
class PayInto:
    """An account that the payer pays into; `expires_at` None where it stays."""

    bank: str
    number: str
    holder: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChargeAnswer:
    """What came of asking. PENDING with an `action` is the usual end; SUCCEEDED is still verified before it counts.

    UNKNOWN: it may have reached the payer, only ever verified. DECLINED: it was surely not begun, or, with
    `reached_payer`, it failed there, so that nobody else is asked for the same payment. `status` in the provider's
    words; `words` is what the provider wants the payer to read, "" without.
    """

    outcome: Outcome
    status: str
    action: Action | None = None
    words: str = ""
    ussd_code: str | None = None
    account: PayInto | None = None
    url: str | None = None
    reached_payer: bool = False


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """A member's own account to pay into. `payer_email` is who they are to the provider: one per member and group."""

    payer_email: str
    first_name: str
    last_name: str
    phone: str | None
    currency: str


@dataclass(frozen=True, slots=True)
class StandingAnswer:
    """`account` is there when, and only when, the outcome is SUCCEEDED. Asking again makes no second account."""

    outcome: Outcome
    account: PayInto | None
    detail: str


class Charging(Protocol):
    """The part of an adapter that asks for money directly. Network trouble is an outcome, never an exception."""

    def methods(self, currency: str) -> tuple[Method, ...]:
        """How this provider collects the currency; always "checkout" where it collects at all.

        Raises `UnsupportedCurrency`.
        """

    def networks(self, currency: str, method: Method) -> Mapping[str, str]:
        """Whom `ChargeOrder.network` may name, with the name that people know: {"mtn": "MTN MoMo"}. Empty without."""

    def start_charge(self, order: ChargeOrder) -> ChargeAnswer:
        """Asks for the payment, once; an unknown end is for `verify` alone to say."""

    def submit_otp(self, reference: str, otp: str) -> ChargeAnswer:
        """Gives the one-time password that the payer told us. A wrong one may be DECLINED with action "otp": again."""

    def open_standing_account(self, order: StandingOrder) -> StandingAnswer:
        """Asks for the member's own account; DECLINED where the provider has none."""
