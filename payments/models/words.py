"""The words that stand in the tables of payments: states, methods, kinds of differences."""

METHODS = ("checkout", "mobile_money", "ussd", "bank_transfer", "standing_account")
CHECKOUT_STATES = ("opening", "open", "paid", "declined", "closed", "held", "reversed")
STANDING_STATES = ("opening", "open", "refused")
ACCOUNT_KINDS = ("bank", "mobile_money")
ACCOUNT_STATES = ("checking", "asked", "confirmed", "refused")
PAYOUT_STATES = ("reserved", "submitting", "pending", "unknown", "paid", "failed", "reversed", "held")
UNDER_WAY = ("reserved", "submitting", "pending", "unknown")
REFUND_STATES = ("reserved", "submitting", "pending", "unknown", "paid", "failed", "held")
REFUND_OPEN = ("reserved", "submitting", "pending", "unknown", "held")
DISPUTE_STATES = ("open", "won", "lost", "held")

# What reconciliation can find; docs/payments.md explains each, and what to do.
DIFFERENCES = (
    "collection_missed",
    "collection_unknown",
    "collection_not_there",
    "collection_amount",
    "collection_fee",
    "collection_reversed",
    "payout_missed",
    "payout_unknown",
    "payout_not_there",
    "payout_amount",
    "payout_fee",
    "payout_reversed",
    "refund_missed",
    "refund_unknown",
    "refund_amount",
    "refund_failed",
    "dispute_missed",
    "settlement_sum",
    "balance",
)


def one_of(column: str, values: tuple[str, ...]) -> str:
    """The condition that a column has one of these values."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"
