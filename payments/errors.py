"""What payments refuse.

PaymentError
├── UnsupportedCurrency     no provider collects this currency
├── NoWayToPay              nothing without the internet can be offered there
├── TooManyPrompts          several prompts on this phone, and none was paid
├── AmountBelowMinimum      below what the provider accepts; `.limit`
├── AmountAboveMaximum      above what the provider pays out at once; `.limit`
├── AmountNotPayable        cents, where only whole shillings can be sent
├── UnknownLink             no pay link has this token
├── LinkClosed              the contribution has already ended
├── UnreadableAccount       neither a phone number nor an account number
├── TooManyAccounts         three new payout accounts in a day
├── NotHeld                 no payment with this reference waits for a person
├── ProviderUnavailable     the provider cannot be reached or gave no usable answer; nothing is lost
├── NotRefundable           a payment that cannot be given back (any more); `.code` says why
├── NotCorrectable          no command can correct it safely; the text says why
└── BadSignature            a webhook that its provider did not sign
"""

from core.money import Money


class PaymentError(Exception):
    """The base; `code` is what bot/texts and wsgi.py translate."""

    code = "payment_error"


class UnsupportedCurrency(PaymentError):
    code = "unsupported_currency"


class NoWayToPay(PaymentError):
    code = "no_way_to_pay"


class TooManyPrompts(PaymentError):
    code = "too_many_prompts"


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


class NotHeld(PaymentError):
    code = "not_held"


class ProviderUnavailable(PaymentError):
    code = "provider_unavailable"


class NotRefundable(PaymentError):
    """A payment that cannot be given back, or not now.

    `code`: not_refundable (it came through no provider, or is no payment of a member), refund_of_loan (it paid a loan
    back), refund_open (it is on its way back), refund_asked (another officer has to confirm it), refunded (it went back
    before), refund_disputed (the payer's bank asks for it).
    """

    code = "not_refundable"

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotCorrectable(PaymentError):
    """No command can correct it safely (now); the text says why, and what to do."""

    code = "not_correctable"


class BadSignature(PaymentError):
    code = "bad_signature"
