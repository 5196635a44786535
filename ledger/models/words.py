"""The words that stand in the ledger's tables: roles, kinds of wallets and movements, states."""

from sqlalchemy import text

ROLES = ("chair", "treasurer", "secretary", "member")
OFFICERS = ("chair", "treasurer", "secretary")
# Wallets of a member and of the group, by the side on which their balance lies (docs/ledger.md explains each).
MEMBER_CREDIT_KINDS = ("savings",)
MEMBER_DEBIT_KINDS = ("loan", "interest_due", "penalty_due", "fee_due")
GROUP_CREDIT_KINDS = ("fee_income", "interest_income", "penalty_income", "social_fund")
GROUP_DEBIT_KINDS = ("cash", "fee_expense", "expense", "bad_debt")
CREDIT_KINDS = MEMBER_CREDIT_KINDS + GROUP_CREDIT_KINDS
DEBIT_KINDS = GROUP_DEBIT_KINDS + MEMBER_DEBIT_KINDS
MOVEMENTS = (
    "contribution", "withdrawal", "payout", "fee", "loan_disbursement", "repayment", "interest", "penalty", "loan_fee",
    "refund", "reversal", "cash_in", "cash_out", "banking", "social_fund", "transfer", "guarantee", "share_out",
    "write_off", "chargeback",
)  # fmt: skip
OPEN_STATES = ("pending", "processing")
# What gives back a payment, and what a payment is.
RETURNS = ("refund", "chargeback")
PAYMENTS = ("contribution", "repayment", "social_fund")

# What the group decides about, and which movements of money need such a decision.
SUBJECTS = ("withdrawal", "payout", "loan", "write_off", "rule", "role", "removal", "reversal")
DECIDED_BY = {
    "withdrawal": ("withdrawal", "removal"),
    "cash_out": ("withdrawal", "removal"),
    "payout": ("payout",),
    "loan_disbursement": ("loan",),
    "write_off": ("write_off",),
}
APPROVAL_STATES = ("open", "passed", "failed", "withdrawn", "void")
CHOICES = ("yes", "no")

METHODS = ("declining_equal", "declining_principal", "flat")
PERIODS = ("weekly", "monthly")
LOAN_STATES = ("asked", "approved", "active", "settled", "written_off", "refused", "cancelled")
GUARANTEE_STATES = ("asked", "held", "refused", "released", "used")

NOW = text("now()")


def one_of(column: str, values: tuple[str, ...]) -> str:
    """The condition that a column has one of these values."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"
