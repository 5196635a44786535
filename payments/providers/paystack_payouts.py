"""Paystack's transfers (https://paystack.com/docs/transfers): banks, holders, recipients, payouts.

Payouts are made from the Paystack balance, by registered businesses in Nigeria, Ghana, Kenya and South Africa. A
refusal is final only where it surely means that no transfer was made: whoever believes one gives the money back.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from core.money import Money
from payments.errors import UnsupportedCurrency
from payments.provider import (
    AccountDetails,
    AccountKind,
    Bank,
    BanksAnswer,
    HolderAnswer,
    Outcome,
    PayoutAnswer,
    PayoutApproval,
    PayoutOrder,
    PayoutVerification,
    RecipientAnswer,
)
from payments.providers import limits
from payments.providers.paystack_http import (
    UNREADABLE,
    Answer,
    PaystackHTTP,
    amount_in,
    from_wire,
    inner,
    read_object,
    text,
    to_wire,
    whole,
    word,
)

# A transfer's own status, `data.status`; the same when it is sent and when it is asked about.
TRANSFER_STATUSES = {
    "success": Outcome.SUCCEEDED,
    "pending": Outcome.PENDING,
    "received": Outcome.PENDING,
    "queued": Outcome.PENDING,
    "processing": Outcome.PENDING,
    "ongoing": Outcome.PENDING,
    # Waits for the one-time password of the account's owner, who should turn that off for transfers by API.
    "otp": Outcome.PENDING,
    "failed": Outcome.DECLINED,
    "reversed": Outcome.DECLINED,
    "abandoned": Outcome.DECLINED,
    "blocked": Outcome.DECLINED,
    "rejected": Outcome.DECLINED,
}

# Recipient types (https://paystack.com/docs/transfers/creating-transfer-recipients), the country's usual one first.
RECIPIENT_TYPES: dict[str, dict[AccountKind, str]] = {
    "KES": {"mobile_money": "mobile_money", "bank": "kepss"},
    "GHS": {"mobile_money": "mobile_money", "bank": "ghipss"},
    "NGN": {"bank": "nuban"},
    "ZAR": {"bank": "basa"},
}

# The types of GET /bank that members can be paid at. Kenya also lists mobile_money_business: shops' tills and paybills.
BANK_KINDS: dict[str, AccountKind] = {
    "mobile_money": "mobile_money",
    "nuban": "bank",
    "ghipss": "bank",
    "kepss": "bank",
    "basa": "bank",
}

# GET /bank/resolve answers for Nigerian and Ghanaian bank accounts; wallets are not documented.
HOLDERS_KNOWN: frozenset[tuple[str, AccountKind]] = frozenset({("NGN", "bank"), ("GHS", "bank")})

# Recipients of mobile money have the national form of the number: the documentation's sample for Ghana is 0551234987
# (PaystackOSS/doc-code-snippets, transfer-recipient-momo), and integrations in Kenya send 07…, unlike POST /charge.
DIALLING_CODES = {"KES": "+254", "GHS": "+233"}

# Smallest and largest in major units. M-PESA's own limits for one payment to a customer, PesaLink's largest bank
# transfer, what a Ghanaian wallet takes in a day; the rest are ours: ceilings as for collections, and smallest amounts
# that are not eaten up by the fee.
PAYOUT_LIMITS: dict[tuple[str, AccountKind], tuple[str, str]] = {
    ("KES", "mobile_money"): ("10", "250000"),
    ("KES", "bank"): ("100", "999999"),
    ("GHS", "mobile_money"): ("1", "25000"),
    ("GHS", "bank"): ("10", "50000"),
    ("NGN", "bank"): ("100", "5000000"),
    ("ZAR", "bank"): ("10", "100000"),
}

PAYOUT_STEPS_MINOR = {"KES": 100}

# Fee of one transfer: up to this amount, this fee, both in major units (https://paystack.com/ng/pricing, …/ke/pricing).
# Sources differ about Kenyan bank accounts above 10,000 (120 or 140, then 140 or 180): the dearer is quoted, so that
# what was set aside covers the transfer; what was charged is in the verification.
PAYOUT_FEES: dict[tuple[str, AccountKind], tuple[tuple[str, str], ...]] = {
    ("KES", "mobile_money"): (("1500", "20"), ("20000", "40"), ("Infinity", "60")),
    ("KES", "bank"): (("10000", "80"), ("50000", "140"), ("999999", "180"), ("Infinity", "350")),
    ("GHS", "mobile_money"): (("Infinity", "1"),),
    ("GHS", "bank"): (("Infinity", "8"),),
    ("NGN", "bank"): (("5000", "10"), ("50000", "25"), ("Infinity", "50")),
    ("ZAR", "bank"): (("Infinity", "3"),),
}

# Nigeria's stamp duty on electronic transfers, from this amount on; in major units.
STAMP_DUTY_FROM, STAMP_DUTY = Decimal(10_000), Decimal(50)

# Refusals of type api_error, which may also mean trouble at Paystack, that come before any transfer is made.
REFUSED_BEFORE = {"insufficient_balance", "transfer_unavailable"}

BANKS_PER_PAGE = 100
MAX_BANK_PAGES = 10


class PaystackPayouts(PaystackHTTP):
    """The half of the adapter that pays out."""

    def account_kinds(self, currency: str) -> tuple[AccountKind, ...]:
        """Raises `UnsupportedCurrency`."""
        if currency not in RECIPIENT_TYPES:
            raise UnsupportedCurrency(currency)
        return tuple(RECIPIENT_TYPES[currency])

    def can_name_holder(self, currency: str, kind: AccountKind) -> bool:
        return (currency, kind) in HOLDERS_KNOWN

    def payout_limits(self, currency: str, kind: AccountKind) -> tuple[Money, Money]:
        """Raises `UnsupportedCurrency`."""
        return limits.read(PAYOUT_LIMITS, (currency, kind), currency)

    def payout_step_minor(self, currency: str) -> int:
        return PAYOUT_STEPS_MINOR.get(currency, 1)

    def payout_fee(self, amount: Money, kind: AccountKind) -> Money:
        """The published schedule, stamp duty included. Raises `UnsupportedCurrency`."""
        if (amount.currency, kind) not in PAYOUT_FEES:
            raise UnsupportedCurrency(f"{amount.currency} {kind}")
        tiers = PAYOUT_FEES[amount.currency, kind]
        fee = next(Decimal(fee) for up_to, fee in tiers if amount.major <= Decimal(up_to))
        if amount.currency == "NGN" and amount.major >= STAMP_DUTY_FROM:
            fee += STAMP_DUTY
        return Money.of_major(fee, amount.currency)

    def banks(self, currency: str) -> BanksAnswer:
        """GET /bank, all pages. Nothing is asked about a currency that cannot be paid out: DECLINED."""
        if currency not in RECIPIENT_TYPES:
            return BanksAnswer(Outcome.DECLINED, (), "unsupported_currency")
        found: dict[tuple[AccountKind, str], Bank] = {}
        query = {"currency": currency, "use_cursor": "true", "perPage": str(BANKS_PER_PAGE)}
        for _ in range(MAX_BANK_PAGES):
            answer = self._call("GET", "/bank", query=query, expects=list)
            if answer.outcome is not Outcome.SUCCEEDED:
                return BanksAnswer(answer.outcome, (), answer.detail)
            found |= {(bank.kind, bank.code): bank for bank in map(_bank, answer.rows) if bank}
            if not answer.next_page:
                return BanksAnswer(Outcome.SUCCEEDED, tuple(found.values()), "ok")
            query = {**query, "next": answer.next_page}
        return BanksAnswer(Outcome.UNKNOWN, (), f"more than {MAX_BANK_PAGES} pages")

    def holder(self, number: str, bank_code: str) -> HolderAnswer:
        """GET /bank/resolve."""
        query = {"account_number": _national(number), "bank_code": bank_code}
        answer = self._call("GET", "/bank/resolve", query=query)
        if answer.outcome is Outcome.DECLINED and not answer.about_the_request:
            return HolderAnswer(Outcome.UNKNOWN, None, answer.detail)
        if answer.outcome is not Outcome.SUCCEEDED:
            return HolderAnswer(answer.outcome, None, answer.detail)
        name = text(answer.data.get("account_name"))
        if name is None:
            return HolderAnswer(Outcome.UNKNOWN, None, "the answer has no account_name")
        return HolderAnswer(Outcome.SUCCEEDED, name, "ok")

    def recipient(self, account: AccountDetails) -> RecipientAnswer:
        """POST /transferrecipient. The same account again is answered with the recipient that it already has."""
        kinds = RECIPIENT_TYPES.get(account.currency, {})
        if account.kind not in kinds:
            return RecipientAnswer(Outcome.DECLINED, None, "unsupported_account")
        number = account.number
        if account.kind == "mobile_money":
            code = DIALLING_CODES[account.currency]
            # Paystack gets no country: a number of another one must not become a stranger's in this one.
            if not number.startswith(code):
                return RecipientAnswer(Outcome.DECLINED, None, "foreign_number")
            number = _national(number)
        body = {
            "type": kinds[account.kind],
            "name": account.holder,
            "account_number": number,
            "bank_code": account.bank_code,
            "currency": account.currency,
        }
        answer = self._call("POST", "/transferrecipient", body)
        if answer.outcome is Outcome.DECLINED and not answer.about_the_request:
            return RecipientAnswer(Outcome.UNKNOWN, None, answer.detail)
        if answer.outcome is not Outcome.SUCCEEDED:
            return RecipientAnswer(answer.outcome, None, answer.detail)
        recipient_code = text(answer.data.get("recipient_code"))
        if recipient_code is None:
            return RecipientAnswer(Outcome.UNKNOWN, None, "the answer has no recipient_code")
        return RecipientAnswer(Outcome.SUCCEEDED, recipient_code, "ok")

    def send_payout(self, order: PayoutOrder) -> PayoutAnswer:
        """POST /transfer, once: what became of it is for `verify_payout`, whatever `nextStep` of an error advises."""
        body = {
            "source": "balance",
            "amount": to_wire(order.amount),
            # Without it Paystack takes naira.
            "currency": order.amount.currency,
            "recipient": order.recipient_code,
            "reference": order.reference,
            "reason": order.reason,
        }
        answer = self._call("POST", "/transfer", body, reference=order.reference)
        if answer.outcome is Outcome.DECLINED:
            return _refused(answer)
        if answer.outcome is not Outcome.SUCCEEDED:
            return PayoutAnswer(answer.outcome, answer.detail)
        if answer.data.get("reference", order.reference) != order.reference:
            return PayoutAnswer(Outcome.UNKNOWN, "the answer is about another reference")
        status = word(answer.data.get("status")) or ""
        outcome = TRANSFER_STATUSES.get(status, Outcome.UNKNOWN)
        fee = _told_fee(answer.data, outcome, order.amount.currency)
        return PayoutAnswer(outcome, status, text(answer.data.get("transfer_code")), fee)

    def verify_payout(self, reference: str) -> PayoutVerification:
        """GET /transfer/verify/{reference}."""
        answer = self._call("GET", f"/transfer/verify/{quote(reference, safe='')}", reference=reference)
        if answer.not_found:
            return PayoutVerification(Outcome.PENDING, "not_found")
        if answer.outcome is Outcome.DECLINED:
            # A refused key says nothing about the payout.
            return PayoutVerification(Outcome.UNKNOWN, answer.detail)
        if answer.outcome is not Outcome.SUCCEEDED:
            return PayoutVerification(answer.outcome, answer.detail)
        data = answer.data
        status = word(data.get("status")) or ""
        outcome = TRANSFER_STATUSES.get(status, Outcome.UNKNOWN)
        theirs = word(data.get("reference"))
        try:
            amount = amount_in(data)
            fee = fee_of(data, outcome, amount.currency)
        except UNREADABLE as error:
            # Without its numbers nothing can be compared; only a payout that is still under way needs none.
            if outcome is Outcome.PENDING:
                return PayoutVerification(outcome, status, theirs)
            return PayoutVerification(Outcome.UNKNOWN, f"unreadable: {type(error).__name__}", theirs)
        return PayoutVerification(outcome, status, theirs, amount, fee)

    def finish_payout(self, transfer_code: str, otp: str) -> PayoutAnswer:
        """POST /transfer/finalize_transfer, once; what else may stop it than a wrong password, `verify_payout` says."""
        answer = self._call("POST", "/transfer/finalize_transfer", {"transfer_code": transfer_code, "otp": otp})
        if answer.outcome is Outcome.DECLINED:
            is_wrong = answer.about_the_request and "otp" in f"{answer.detail} {answer.message}".lower()
            return PayoutAnswer(Outcome.DECLINED if is_wrong else Outcome.UNKNOWN, answer.detail, transfer_code)
        if answer.outcome is not Outcome.SUCCEEDED:
            return PayoutAnswer(answer.outcome, answer.detail, transfer_code)
        status = word(answer.data.get("status")) or ""
        outcome = TRANSFER_STATUSES.get(status, Outcome.UNKNOWN)
        if outcome is Outcome.DECLINED:
            # The password was right, and the payout failed: that is not for another password.
            outcome = Outcome.UNKNOWN
        return PayoutAnswer(
            outcome, status, transfer_code, _told_fee(answer.data, outcome, str(answer.data.get("currency")))
        )

    def read_approval(self, body: bytes, headers: Mapping[str, str]) -> PayoutApproval:
        """What Paystack posts to the approval address (https://paystack.com/docs/transfers/managing-transfers).

        It goes on with HTTP 200 and rejects the payout with 400. Published is only that the body describes the
        transfer; seen are the transfer itself, and an event that holds a list of them, signed like every webhook. The
        product sends one payout at a time: a list of several is not ours, and named by no reference.
        """
        self._check_signature(body, headers)
        asked = read_object(body)
        data = inner(asked, "data") or asked
        listed = data.get("transfers")
        if isinstance(listed, list):
            data = listed[0] if len(listed) == 1 and isinstance(listed[0], dict) else {}
        try:
            amount = amount_in(data)
        except UNREADABLE:
            amount = None
        return PayoutApproval(word(data.get("reference")) or "", amount)


def _bank(row: Any) -> Bank | None:
    """A bank or wallet that members can be paid at, or nothing."""
    if not isinstance(row, dict) or row.get("active") is False or row.get("is_deleted") is True:
        return None
    kind = BANK_KINDS.get(str(row.get("type")))
    code, name = text(row.get("code")), text(row.get("name"))
    return Bank(code, name, kind) if kind and code and name else None


def _refused(answer: Answer) -> PayoutAnswer:
    """A refused transfer: DECLINED only when it was surely not made."""
    # A used reference comes with HTTP 400 or 404, with and without a code; "Reference already exists on a transfer".
    if answer.used_before:
        return PayoutAnswer(Outcome.UNKNOWN, "duplicate_transfer_reference")
    # "Your balance is not enough to fulfil this request", often without a code.
    code = "insufficient_balance" if "balance is not enough" in answer.message.lower() else answer.detail
    if code in REFUSED_BEFORE or answer.key_refused or answer.error_type == "validation_error":
        return PayoutAnswer(Outcome.DECLINED, code)
    # HTTP 400 is documented as "the request was not fulfilled"; not so api_error, processor_error and other statuses.
    if answer.http_status in (400, 422) and not answer.error_type:
        return PayoutAnswer(Outcome.DECLINED, code)
    return PayoutAnswer(Outcome.UNKNOWN, code)


def _told_fee(data: Mapping[str, Any], outcome: Outcome, currency: str) -> Money | None:
    """The fee where it can be read: the payout was sent all the same, and the verification is asked for it again."""
    try:
        return fee_of(data, outcome, currency)
    except UNREADABLE:
        return None


def fee_of(data: Mapping[str, Any], outcome: Outcome, currency: str) -> Money | None:
    """The fee of a paid transfer; before, `fee_charged` is still zero. Raises one of `UNREADABLE`."""
    charged = data.get("fee_charged")
    if outcome is not Outcome.SUCCEEDED or charged is None:
        return None
    return from_wire(whole(charged), currency, round_up=True)


def _national(number: str) -> str:
    """`+254712345678` as it is dialled in its country: `0712345678`. A bank account number stays as it is."""
    code = next((code for code in DIALLING_CODES.values() if number.startswith(code)), None)
    return f"0{number.removeprefix(code)}" if code else number
