"""The ledger's tables. Sign convention: credit is positive (docs/ledger.md); all amounts are integer minor units.

Every table of a group carries `group_id`, so that groups can one day live on different servers.
"""

from ledger.models.book import AuditRow, Entry, Receipt, Reservation, Transaction, Wallet
from ledger.models.deciding import Approval, Vote
from ledger.models.lending import Guarantee, Instalment, Loan
from ledger.models.people import Group, Invitation, Membership, User
from ledger.models.words import (
    CREDIT_KINDS,
    DEBIT_KINDS,
    DECIDED_BY,
    GROUP_CREDIT_KINDS,
    GROUP_DEBIT_KINDS,
    MEMBER_CREDIT_KINDS,
    MEMBER_DEBIT_KINDS,
    METHODS,
    MOVEMENTS,
    OFFICERS,
    OPEN_STATES,
    PAYMENTS,
    PERIODS,
    RETURNS,
    ROLES,
    SUBJECTS,
)

__all__ = [
    "CREDIT_KINDS", "DEBIT_KINDS", "DECIDED_BY", "GROUP_CREDIT_KINDS", "GROUP_DEBIT_KINDS", "MEMBER_CREDIT_KINDS",
    "MEMBER_DEBIT_KINDS", "METHODS", "MOVEMENTS", "OFFICERS", "OPEN_STATES", "PAYMENTS", "PERIODS", "RETURNS", "ROLES",
    "SUBJECTS", "Approval", "AuditRow", "Entry", "Group", "Guarantee", "Instalment", "Invitation", "Loan", "Membership",
    "Receipt", "Reservation", "Transaction", "User", "Vote", "Wallet",
]  # fmt: skip
