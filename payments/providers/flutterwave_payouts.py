"""Flutterwave's transfers (https://developer.flutterwave.com/v3.0/docs/introduction-6): banks, holders, payouts.

Payouts are made from the Flutterwave balance. There are no recipients to be made: the whole account goes out with each
transfer. After 28 seconds they answer 503 and may go on with it; POST /transfers/{id}/retries would make a second
transfer under a reference of their own, so it is never called. A refusal is final only where it surely means that no
transfer was made: whoever believes one gives the money back.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core import phone
from core.errors import MoneyError
from core.money import Money
from payments.errors import BadSignature, UnsupportedCurrency
from payments.outcomes import Outcome
from payments.provider import (
    AccountDetails,
    AccountKind,
    Bank,
    BanksAnswer,
    HolderAnswer,
    PayoutAnswer,
    PayoutApproval,
    PayoutOrder,
    PayoutVerification,
    RecipientAnswer,
)
from payments.providers import limits
from payments.providers.flutterwave_http import (
    UNREADABLE,
    Answer,
    FlutterwaveHTTP,
    fee_from_wire,
    from_wire,
    text,
    to_wire,
)

# A transfer's own status, `data.status`; the same when it is sent and when it is asked about.
TRANSFER_STATUSES = {
    "NEW": Outcome.PENDING,
    "PENDING": Outcome.PENDING,
    "SUCCESSFUL": Outcome.SUCCEEDED,
    "FAILED": Outcome.DECLINED,
}

# The usual kind first. Not paid out, as they want what nobody is asked for: banks in Ghana, Uganda, Rwanda, Tanzania,
# Zambia and where there are francs (a branch code), South Africa (the receiver's e-mail and home address).
KINDS: dict[str, tuple[AccountKind, ...]] = {
    "KES": ("mobile_money", "bank"),
    "NGN": ("bank",),
    "GHS": ("mobile_money",),
    "UGX": ("mobile_money",),
    "RWF": ("mobile_money",),
    "XOF": ("mobile_money",),
    "XAF": ("mobile_money",),
    "TZS": ("mobile_money",),
    "ZMW": ("mobile_money",),
}

# Whose banks GET /banks/{country} lists, where there are any to pay out to.
BANK_COUNTRIES = {"KES": "KE", "NGN": "NG"}

# Operators of wallets (…/v3.0/docs/mobile-money, "Supported networks"); the guides are of two minds about `MPS` for
# every operator of a country, and both are taken.
WALLETS: dict[str, dict[str, str]] = {
    "KES": {"MPS": "M-PESA"},
    "GHS": {"MTN": "MTN MoMo", "VODAFONE": "Telecel Cash", "AIRTELTIGO": "AT Money"},
    "UGX": {"MPS": "Mobile Money", "MTN": "MTN MoMo", "AIRTEL": "Airtel Money"},
    "RWF": {"MPS": "Mobile Money", "MTN": "MTN MoMo"},
    "XOF": {"FMM": "Mobile Money", "ORANGEMONEY": "Orange Money", "MTN": "MTN MoMo", "MOOV": "Moov", "WAVE": "Wave"},
    "XAF": {"FMM": "Mobile Money", "ORANGEMONEY": "Orange Money", "MTN": "MTN MoMo"},
    "TZS": {"VODACOM": "M-Pesa", "TIGO": "Mixx by Yas", "AIRTEL": "Airtel Money", "HALOPESA": "HaloPesa"},
    "ZMW": {"MPS": "Mobile Money"},
}

# POST /accounts/resolve is documented for Nigerian bank accounts.
HOLDERS_KNOWN: frozenset[tuple[str, AccountKind]] = frozenset({("NGN", "bank")})

# Smallest and largest in major units. M-PESA's own limits for one payment to a customer and PesaLink's largest bank
# transfer; the rest are ours: ceilings for a savings group, and smallest amounts that are not eaten up by the fee.
PAYOUT_LIMITS: dict[tuple[str, AccountKind], tuple[str, str]] = {
    ("KES", "mobile_money"): ("10", "250000"),
    ("KES", "bank"): ("100", "999999"),
    ("NGN", "bank"): ("100", "5000000"),
    ("GHS", "mobile_money"): ("5", "25000"),
    ("UGX", "mobile_money"): ("1000", "5000000"),
    ("RWF", "mobile_money"): ("1000", "2000000"),
    ("XOF", "mobile_money"): ("500", "1500000"),
    ("XAF", "mobile_money"): ("500", "1000000"),
    ("TZS", "mobile_money"): ("1000", "3000000"),
    ("ZMW", "mobile_money"): ("10", "20000"),
}

PAYOUT_STEPS_MINOR = {"KES": 100, "TZS": 100}

# Fee of one transfer: up to this amount, this fee, both in major units. Published: Nigeria 10, 25 and 50 with 7.5 % tax
# (26.875 in the samples of Node-v3, documentation/transfers.md); Uganda 1,000, and 1.2 % above 125,000 (support page on
# operating an account there). Assumed: all others. What was charged is in the verification.
PAYOUT_FEES: dict[tuple[str, AccountKind], tuple[tuple[str, str], ...]] = {
    ("KES", "mobile_money"): (("1500", "20"), ("20000", "40"), ("Infinity", "60")),
    ("KES", "bank"): (("Infinity", "100"),),
    ("NGN", "bank"): (("5000", "10.75"), ("50000", "26.88"), ("Infinity", "53.75")),
    ("GHS", "mobile_money"): (("Infinity", "5"),),
    ("UGX", "mobile_money"): (("125000", "1000"), ("Infinity", "1.2%")),
    ("RWF", "mobile_money"): (("Infinity", "1000"),),
    ("XOF", "mobile_money"): (("Infinity", "500"),),
    ("XAF", "mobile_money"): (("Infinity", "500"),),
    ("TZS", "mobile_money"): (("Infinity", "1500"),),
    ("ZMW", "mobile_money"): (("Infinity", "8.5"),),
}

# Kenya wants to know who sends; the account is GroupWallet's, which has no phone, so the receiver's is given.
SENDER, SENDER_COUNTRIES = "GroupWallet", {"KES": "KE"}
LONGEST_NARRATION = 100

# Words of HTTP 400 that surely come before any transfer is made; the first is what payouts call it.
REFUSED_BEFORE = {
    "insufficient": "insufficient_balance",
    "not enough": "insufficient_balance",
    "is required": "invalid_order",
    "must be": "invalid_order",
    "not enabled": "not_enabled",
    "whitelist": "not_enabled",
    "not supported": "unsupported_account",
    "invalid account": "invalid_account",
    "account number is invalid": "invalid_account",
    "invalid bank": "invalid_account",
    "invalid currency": "unsupported_account",
    "invalid amount": "invalid_order",
    "less than": "invalid_order",
    "greater than": "invalid_order",
}

# What makes a refusal of POST /accounts/resolve one about the account.
NO_SUCH_ACCOUNT = ("invalid", "not found", "does not exist", "no account", "could not")

# Of several transfers with one reference, that which may have moved money counts.
WORST_FIRST = (Outcome.SUCCEEDED, Outcome.UNKNOWN, Outcome.PENDING, Outcome.DECLINED)


class FlutterwavePayouts(FlutterwaveHTTP):
    """The part of the adapter that pays out."""

    def account_kinds(self, currency: str) -> tuple[AccountKind, ...]:
        """Raises `UnsupportedCurrency`."""
        if currency not in KINDS:
            raise UnsupportedCurrency(currency)
        return KINDS[currency]

    def can_name_holder(self, currency: str, kind: AccountKind) -> bool:
        return (currency, kind) in HOLDERS_KNOWN

    def payout_limits(self, currency: str, kind: AccountKind) -> tuple[Money, Money]:
        """Raises `UnsupportedCurrency`."""
        return limits.read(PAYOUT_LIMITS, (currency, kind), currency)

    def payout_step_minor(self, currency: str) -> int:
        return PAYOUT_STEPS_MINOR.get(currency, 1)

    def payout_fee(self, amount: Money, kind: AccountKind) -> Money:
        """The published schedule, tax included, rounded up. Raises `UnsupportedCurrency`."""
        if (amount.currency, kind) not in PAYOUT_FEES:
            raise UnsupportedCurrency(f"{amount.currency} {kind}")
        tiers = PAYOUT_FEES[amount.currency, kind]
        fee = next(fee for up_to, fee in tiers if amount.major <= Decimal(up_to))
        major = amount.major * Decimal(fee.removesuffix("%")) / 100 if fee.endswith("%") else Decimal(fee)
        return fee_from_wire(f"{major:f}", amount.currency)

    def banks(self, currency: str) -> BanksAnswer:
        """GET /banks/{country}, and the operators of wallets, which it may list or not.

        Nothing is asked about a currency that cannot be paid out: DECLINED.
        """
        if currency not in KINDS:
            return BanksAnswer(Outcome.DECLINED, (), "unsupported_currency")
        wallets = WALLETS.get(currency, {})
        found = {("mobile_money", code): Bank(code, name, "mobile_money") for code, name in wallets.items()}
        if currency in BANK_COUNTRIES:
            answer = self._call("GET", f"/banks/{BANK_COUNTRIES[currency]}", expects=list)
            if answer.outcome is not Outcome.SUCCEEDED:
                return BanksAnswer(answer.outcome, (), answer.detail)
            listed = (bank for bank in map(_bank, answer.rows) if bank and bank.code not in wallets)
            found |= {("bank", bank.code): bank for bank in listed}
        return BanksAnswer(Outcome.SUCCEEDED, tuple(found.values()), "ok")

    def holder(self, number: str, bank_code: str) -> HolderAnswer:
        """POST /accounts/resolve."""
        body = {"account_number": number.removeprefix("+"), "account_bank": bank_code}
        answer = self._call("POST", "/accounts/resolve", body)
        if answer.outcome is Outcome.DECLINED and not _about_the_account(answer):
            return HolderAnswer(Outcome.UNKNOWN, None, answer.detail)
        if answer.outcome is not Outcome.SUCCEEDED:
            return HolderAnswer(answer.outcome, None, answer.detail)
        name = text(answer.data.get("account_name"))
        if not name:
            return HolderAnswer(Outcome.UNKNOWN, None, "the answer has no account_name")
        return HolderAnswer(Outcome.SUCCEEDED, name, "ok")

    def recipient(self, account: AccountDetails) -> RecipientAnswer:
        """Asks nobody, as there are no recipients: the code says which kind of account at which bank, and no more.

        It is kept unsealed, so that it must not tell the number or the name; `PayoutOrder.account` does.
        """
        trouble = _trouble(account)
        if trouble:
            return RecipientAnswer(Outcome.DECLINED, None, trouble)
        return RecipientAnswer(Outcome.SUCCEEDED, recipient_code(account), "ok")

    def send_payout(self, order: PayoutOrder) -> PayoutAnswer:
        """POST /transfers, once: what became of it is for `verify_payout`."""
        account = order.account
        if account is None:
            return PayoutAnswer(Outcome.DECLINED, "no_account")
        if trouble := _trouble(account):
            return PayoutAnswer(Outcome.DECLINED, trouble)
        if recipient_code(account) != order.recipient_code or account.currency != order.amount.currency:
            return PayoutAnswer(Outcome.DECLINED, "another_account")
        try:
            body = _transfer(order, account)
        except MoneyError:
            return PayoutAnswer(Outcome.DECLINED, "invalid_order")
        answer = self._call("POST", "/transfers", body, reference=order.reference)
        if answer.outcome is Outcome.DECLINED:
            return _refused(answer)
        if answer.outcome is not Outcome.SUCCEEDED:
            return PayoutAnswer(answer.outcome, answer.detail)
        data = answer.data
        if data.get("reference", order.reference) != order.reference:
            return PayoutAnswer(Outcome.UNKNOWN, "the answer is about another reference")
        status = text(data.get("status"))
        outcome = TRANSFER_STATUSES.get(status, Outcome.UNKNOWN)
        try:
            fee = _fee(data, outcome, order.amount.currency)
        except UNREADABLE:
            fee = None  # It was sent all the same; the verification is asked for the fee again.
        return PayoutAnswer(outcome, status, text(data.get("id")) or None, fee)

    def verify_payout(self, reference: str) -> PayoutVerification:
        """GET /transfers?reference=…, a list."""
        answer = self._call("GET", "/transfers", query={"reference": reference}, reference=reference, expects=list)
        if answer.outcome is Outcome.DECLINED:
            # Whatever they refuse, it is not the payout.
            return PayoutVerification(Outcome.UNKNOWN, answer.detail)
        if answer.outcome is not Outcome.SUCCEEDED:
            return PayoutVerification(answer.outcome, answer.detail)
        if not answer.rows:
            return PayoutVerification(Outcome.PENDING, "not_found")
        if not all(isinstance(row, dict) for row in answer.rows):
            return PayoutVerification(Outcome.UNKNOWN, "unreadable")
        ours = [row for row in answer.rows if row.get("reference") == reference]
        if not ours and len(answer.rows) > 1:
            return PayoutVerification(Outcome.UNKNOWN, "the answer is about other references")
        return min(map(_verification, ours or answer.rows), key=lambda found: WORST_FIRST.index(found.outcome))

    def finish_payout(self, transfer_code: str, otp: str) -> PayoutAnswer:
        """DECLINED: transfers by API have no one-time passwords."""
        return PayoutAnswer(Outcome.DECLINED, "no_passwords")

    def read_approval(self, body: bytes, headers: Mapping[str, str]) -> PayoutApproval:
        """Raises `BadSignature`: Flutterwave asks no such question that could be told from a forged one."""
        raise BadSignature


def recipient_code(account: AccountDetails) -> str:
    """What stands for the account in a payout: `flw:mobile_money:MPS`."""
    return f"flw:{account.kind}:{account.bank_code}"


def _trouble(account: AccountDetails) -> str:
    """Why nothing can be paid to this account; "" when it can."""
    if account.kind not in KINDS.get(account.currency, ()):
        return "unsupported_account"
    if account.kind == "bank":
        return ""
    if account.bank_code not in WALLETS[account.currency]:
        return "unknown_operator"
    # The number goes out as digits alone, so one of another country would be read by its own operator's rules.
    return "" if phone.currency(phone.country(account.number)) == account.currency else "foreign_number"


def _transfer(order: PayoutOrder, account: AccountDetails) -> dict[str, Any]:
    """Raises `MoneyError`."""
    number = account.number.removeprefix("+")
    body: dict[str, Any] = {
        "account_bank": account.bank_code,
        "account_number": number,
        "amount": to_wire(order.amount),
        "currency": order.amount.currency,
        # Without it they take the currency of the transfer too; said, lest an account's setting changes that.
        "debit_currency": order.amount.currency,
        "beneficiary_name": account.holder,
        "narration": order.reason[:LONGEST_NARRATION],
        "reference": order.reference,
    }
    if order.amount.currency in SENDER_COUNTRIES:
        sender = {"sender": SENDER, "sender_country": SENDER_COUNTRIES[order.amount.currency]}
        body["meta"] = sender | ({"mobile_number": number} if account.kind == "mobile_money" else {})
    return body


def _refused(answer: Answer) -> PayoutAnswer:
    """A refused transfer: DECLINED only when it was surely not made."""
    if answer.used_before:
        return PayoutAnswer(Outcome.UNKNOWN, "duplicate_reference")
    if answer.http_status in (401, 403):
        return PayoutAnswer(Outcome.DECLINED, answer.detail)
    known = next((status for words, status in REFUSED_BEFORE.items() if words in answer.message), None)
    if answer.http_status in (400, 422) and known:
        return PayoutAnswer(Outcome.DECLINED, known)
    return PayoutAnswer(Outcome.UNKNOWN, f"refused with {answer.detail}")


def _verification(row: dict[str, Any]) -> PayoutVerification:
    status = text(row.get("status"))
    outcome = TRANSFER_STATUSES.get(status, Outcome.UNKNOWN)
    theirs = text(row.get("reference")) or None
    try:
        amount = from_wire(row["amount"], row["currency"])
        fee = _fee(row, outcome, amount.currency)
    except UNREADABLE as error:
        # Without its numbers nothing can be compared; only a payout that is still under way needs none.
        if outcome is Outcome.PENDING:
            return PayoutVerification(outcome, status, theirs)
        return PayoutVerification(Outcome.UNKNOWN, f"unreadable: {type(error).__name__}", theirs)
    if outcome is Outcome.DECLINED and "revers" in text(row.get("complete_message")).lower():
        # They have no status of its own for what was paid and came back; only their words tell it from a failure.
        status = "reversed"
    return PayoutVerification(outcome, status, theirs, amount, fee)


def _fee(row: dict[str, Any], outcome: Outcome, currency: str) -> Money | None:
    """The fee of a paid transfer; before, it is only announced. Raises `ValueError`, `MoneyError`."""
    if outcome is not Outcome.SUCCEEDED or row.get("fee") is None:
        return None
    return fee_from_wire(row["fee"], currency)


def _bank(row: Any) -> Bank | None:
    """A bank that members can be paid at, or nothing."""
    if not isinstance(row, dict):
        return None
    code, name = text(row.get("code")), text(row.get("name"))
    return Bank(code, name, "bank") if code and name else None


def _about_the_account(answer: Answer) -> bool:
    """Whether a refusal is about the account that was named, not trouble on the way or a refused key."""
    return (
        answer.http_status in (400, 404, 422)
        and "account" in answer.message
        and any(words in answer.message for words in NO_SUCH_ACCOUNT)
    )
