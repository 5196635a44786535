"""Our own names for what a provider is asked to do: 16 to 50 of `[a-z0-9-]`, which every provider takes."""

import secrets

PREFIX = "gw-"


def of_collection(transaction_id: int) -> str:
    """A new reference for one attempt to collect a payment."""
    return f"{PREFIX}{transaction_id}-{secrets.token_hex(8)}"


def of_payout(transaction_id: int) -> str:
    """A new reference for a payout."""
    return f"{PREFIX}out-{transaction_id}-{secrets.token_hex(8)}"


def is_ours(reference: str) -> bool:
    """Whether a reference was made here, or by another environment of ours; else it is the provider's own."""
    return reference.startswith(PREFIX)
