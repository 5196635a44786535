"""What the ledger refuses.

LedgerError
├── GroupError
│   ├── UnknownCode           no group has this code
│   ├── GroupFull             the group has as many members as it allows
│   ├── TooManyInvitations    one member invited too many people in a day
│   ├── AlreadyMember         joining or inviting twice
│   ├── Removed               the group has ended this membership, and no officer has invited them since
│   ├── CurrencyFixed         money has moved, so the currency stays
│   ├── StaleVersion          somebody else has changed it since it was read; `.version` is today's
│   ├── GoverningError        a decision about members that cannot be carried out; `.code` says why
│   ├── UnknownRule           no such rule
│   └── RuleOutOfRange        a value that the rule does not allow
├── LoanError
│   ├── RateOutOfRange        below 0, above 100 % for one instalment, or with endless decimals
│   ├── PeriodsOutOfRange     too few instalments, too many, or too far apart
│   ├── RoundingOutOfRange    a rounding unit or an instalment multiple below 1
│   ├── RoundingTooCoarse     an instalment would pay nothing back; `.instalment`
│   ├── DueDateOutOfRange     the calendar ends before the loan does
│   ├── TermTooLong           more periods than the group allows; `.limit`
│   ├── OtherPeriod           weeks where the group counts in months, or the other way round
│   ├── AboveSavingsLimit     more than so many times one's own savings; `.limit`
│   ├── NotEnoughCash         the group has not that much free money where it would come from; `.limit`
│   ├── TooManyLoans          as many loans open as the group allows one member
│   ├── NoLoan                the member has no loan that could be paid back or guaranteed
│   ├── PaysTooMuch           more than is owed, where the group refuses that; `.limit`
│   └── GuaranteeError        not enough guarantors, or not one who can; `.code` says which
├── DecisionError
│   ├── ImpossibleVotes       more votes than people who may vote, or nobody who may
│   ├── NobodyMayVote         everybody abstains
│   ├── NotVoted              no vote of the group allows this movement
│   ├── SubjectChanged        what was voted about has changed since
│   └── AlreadyCarriedOut     the vote has been carried out, or is being carried out
├── AmountError
│   ├── AmountNotPositive     zero or less
│   └── AmountAboveLimit      above a limit of the group; `.limit`
└── PostingError
    ├── Unbalanced            the legs do not add up to zero
    ├── AmountNotWhole        a leg is no whole number of minor units
    ├── AmountTooLarge        an amount or a balance beyond 2⁶³ − 1
    ├── WrongCurrency         not the currency of the group
    ├── UnknownWallet         a leg names a wallet or a transaction the group does not have
    ├── InsufficientFunds     a wallet would go below zero, or below what is reserved of it
    ├── NotHeld               more was to be released than is reserved
    ├── NotPaidIn             more would go back than was paid, or to somebody else, or there was no such payment
    ├── IdempotencyConflict   the key was used for something else
    ├── TransactionClosed     the transaction has already ended
    └── ReversalError
        ├── UnknownReceipt    the group has no receipt with this number
        ├── AlreadyReversed   the transaction was reversed before
        ├── NotReversible     it lies at a provider, belongs to a loan, was voted, or is a reversal itself
        └── NeedsVote         above what officers may reverse alone; `.limit`
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


class Removed(GroupError):
    code = "removed"


class CurrencyFixed(GroupError):
    code = "currency_fixed"


class StaleVersion(GroupError):
    """`version` is the one to read before trying again."""

    code = "stale_version"

    def __init__(self, version: int) -> None:
        super().__init__(f"version {version} stands there now")
        self.version = version


class GoverningError(GroupError):
    """A decision about members that cannot be carried out, or not yet.

    `code`: not_a_member (they are none, or no longer), last_chair (the group would have no chair), stands_for_others
    (their savings are a guarantee), money_under_way (a payout to them is not over), still_owes (more than they saved).
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnknownRule(GroupError):
    code = "unknown_rule"


class RuleOutOfRange(GroupError):
    code = "rule_out_of_range"


class LoanError(LedgerError):
    code = "loan_error"


class RateOutOfRange(LoanError):
    code = "rate_out_of_range"


class PeriodsOutOfRange(LoanError):
    code = "periods_out_of_range"


class RoundingOutOfRange(LoanError):
    code = "rounding_out_of_range"


class RoundingTooCoarse(LoanError):
    """`instalment` is the number of the first one that would pay nothing back, or even add to the loan."""

    code = "rounding_too_coarse"

    def __init__(self, instalment: int) -> None:
        super().__init__(f"instalment {instalment} would pay nothing back: round less, or agree on fewer instalments")
        self.instalment = instalment


class DueDateOutOfRange(LoanError):
    code = "due_date_out_of_range"


class TermTooLong(LoanError):
    """`limit` is the most periods that the group allows."""

    code = "term_too_long"

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} periods")
        self.limit = limit


class OtherPeriod(LoanError):
    """`period` is how the group counts: weekly or monthly."""

    code = "other_period"

    def __init__(self, period: str) -> None:
        super().__init__(f"the group's loans are {period}")
        self.period = period


class AboveSavingsLimit(LoanError):
    """`limit` is the most that the member may borrow now; nothing or less means that they may borrow nothing."""

    code = "above_savings_limit"

    def __init__(self, limit: Money) -> None:
        super().__init__(f"at most {limit}")
        self.limit = limit


class NotEnoughCash(LoanError):
    """`limit` is what is free there."""

    code = "not_enough_cash"

    def __init__(self, limit: Money) -> None:
        super().__init__(f"only {limit} is free")
        self.limit = limit


class TooManyLoans(LoanError):
    code = "too_many_loans"


class NoLoan(LoanError):
    code = "no_loan"


class PaysTooMuch(LoanError):
    """`limit` is what is owed."""

    code = "pays_too_much"

    def __init__(self, limit: Money) -> None:
        super().__init__(f"only {limit} is owed")
        self.limit = limit


class GuaranteeError(LoanError):
    """`code`: guarantor_self, guarantor_twice, guarantor_savings (they have too little), guarantors_missing."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class DecisionError(LedgerError):
    code = "decision_error"


class ImpossibleVotes(DecisionError):
    code = "impossible_votes"


class NobodyMayVote(DecisionError):
    code = "nobody_may_vote"


class NotVoted(DecisionError):
    code = "not_voted"


class SubjectChanged(DecisionError):
    code = "subject_changed"


class AlreadyCarriedOut(DecisionError):
    code = "already_carried_out"


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


class AmountNotWhole(PostingError):
    code = "amount_not_whole"


class AmountTooLarge(PostingError):
    code = "amount_too_large"


class WrongCurrency(PostingError):
    code = "wrong_currency"


class UnknownWallet(PostingError):
    code = "unknown_wallet"


class InsufficientFunds(PostingError):
    code = "insufficient_funds"


class NotHeld(PostingError):
    code = "not_held"


class NotPaidIn(PostingError):
    code = "not_paid_in"


class IdempotencyConflict(PostingError):
    code = "idempotency_conflict"


class TransactionClosed(PostingError):
    code = "transaction_closed"


class ReversalError(PostingError):
    code = "reversal_error"


class UnknownReceipt(ReversalError):
    code = "unknown_receipt"


class AlreadyReversed(ReversalError):
    code = "already_reversed"


class NotReversible(ReversalError):
    code = "not_reversible"


class NeedsVote(ReversalError):
    """`limit` is the largest amount that officers may reverse without a vote."""

    code = "needs_vote"

    def __init__(self, limit: Money) -> None:
        super().__init__(f"above {limit} the group votes")
        self.limit = limit
