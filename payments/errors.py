"""What payments refuse.

PaymentError
├── UnsupportedCurrency     no provider collects this currency
├── AmountBelowMinimum      below what the provider accepts; `.limit`
├── AmountAboveMaximum      above what the provider pays out at once; `.limit`
├── AmountNotPayable        cents, where only whole shillings can be sent
├── UnknownLink             no pay link has this token
├── LinkClosed              the contribution has already ended
├── UnreadableAccount       neither a phone number nor an account number
├── TooManyAccounts         three new payout accounts in a day
├── ProviderUnavailable     the provider cannot be reached or gave no usable answer; nothing is lost
└── BadSignature            a webhook that its provider did not sign
"""

from core.money import Money


class PaymentError(Exception):
    """The base; `code` is what bot/texts and wsgi.py translate."""

    code = "payment_error"


class UnsupportedCurrency(PaymentError):
    code = "unsupported_currency"


class AmountBelowMinimum(PaymentError):
    """`limit` is the smallest amount that would have been accepted."""

    code = "amount_below_minimum"

    def __init__(self, limit: Money) -> None:
        super().__init__(f"the minimum is {limit}")
        self.limit = limit


class AmountAboveMaximum(PaymentError):
    """`limit` is the largest amount that would have been accepted."""

    code = "amount_above_maximum"

    def __init__(self, limit: Money) -> None:
        super().__init__(f"the maximum is {limit}")
        self.limit = limit


class AmountNotPayable(PaymentError):
    code = "amount_not_payable"


class UnknownLink(PaymentError):
    code = "unknown_link"


class LinkClosed(PaymentError):
    code = "link_closed"


class UnreadableAccount(PaymentError):
    code = "unreadable_account"


class TooManyAccounts(PaymentError):
    code = "too_many_accounts"


class ProviderUnavailable(PaymentError):
    code = "provider_unavailable"


class BadSignature(PaymentError):
    code = "bad_signature"
