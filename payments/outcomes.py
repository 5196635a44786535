"""How a call to a provider ended (the model of Kill Bill's payment plugins, with ActiveMerchant's rule for retries)."""

from enum import StrEnum


class Outcome(StrEnum):
    """How a call to a provider ended."""

    SUCCEEDED = "succeeded"
    PENDING = "pending"
    DECLINED = "declined"
    """Terminal: the provider says that no money moved."""
    NOT_SENT = "not_sent"
    """The provider never saw it (refused, no such host, our own circuit breaker): safe to send again."""
    UNKNOWN = "unknown"
    """It may have happened (time-out, reset, 5xx, unreadable, unknown status): only ever ask, never send again."""
