"""What the ledger refuses.

LedgerError
├── GroupError
│   ├── UnknownCode           no group has this code
│   ├── GroupFull             the group has as many members as it allows
│   ├── TooManyInvitations    one member invited too many people in a day
│   ├── AlreadyMember         joining or inviting twice
│   └── CurrencyFixed         money has moved, so the currency stays
├── AmountError
│   ├── AmountNotPositive     zero or less
│   └── AmountAboveLimit      above the group's limit for one contribution; `.limit`
└── PostingError
    ├── Unbalanced            the legs do not add up to zero
    ├── UnknownWallet         a leg names a wallet the group does not have
    ├── InsufficientFunds     a wallet would go below zero
    ├── IdempotencyConflict   the key was used for something else
    └── TransactionClosed     the transaction has already ended
"""

from core.money import Money


class LedgerError(Exception):
    """The base; `code` is what bot/texts and wsgi.py translate."""

    code = "ledger_error"


class GroupError(LedgerError):
    code = "group_error"


class UnknownCode(GroupError):
    code = "unknown_code"


class GroupFull(GroupError):
    code = "group_full"


class TooManyInvitations(GroupError):
    code = "too_many_invitations"


class AlreadyMember(GroupError):
    code = "already_member"


class CurrencyFixed(GroupError):
    code = "currency_fixed"


class AmountError(LedgerError):
    code = "amount_error"


class AmountNotPositive(AmountError):
    code = "amount_not_positive"


class AmountAboveLimit(AmountError):
    """`limit` is the largest amount that would have been accepted."""

    code = "amount_above_limit"

    def __init__(self, limit: Money) -> None:
        super().__init__(f"the limit is {limit}")
        self.limit = limit


class PostingError(LedgerError):
    code = "posting_error"


class Unbalanced(PostingError):
    code = "unbalanced"


class UnknownWallet(PostingError):
    code = "unknown_wallet"


class InsufficientFunds(PostingError):
    code = "insufficient_funds"


class IdempotencyConflict(PostingError):
    code = "idempotency_conflict"


class TransactionClosed(PostingError):
    code = "transaction_closed"
