"""What the product knows about payments under way. Amounts are integer minor units of the group's currency."""

from payments.models.collecting import Checkout, Collection, PayHabit, StandingAccount
from payments.models.paying_out import Payout, PayoutAccount
from payments.models.returning import Dispute, Refund
from payments.models.watching import Difference, ProviderBalance, ProviderEvent, ProviderHealth
from payments.models.words import DIFFERENCES, METHODS, UNDER_WAY

__all__ = [
    "DIFFERENCES", "METHODS", "UNDER_WAY", "Checkout", "Collection", "Difference", "Dispute", "PayHabit", "Payout",
    "PayoutAccount", "ProviderBalance", "ProviderEvent", "ProviderHealth", "Refund", "StandingAccount",
]  # fmt: skip
