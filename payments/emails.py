"""The address that a provider wants of every payer: opaque, on a domain of the operator's, and it says nothing."""

from core.settings import settings


def payer_email(user_id: int, group_id: int | None = None) -> str:
    """The member's address; with a group, the one that only their account for this group has."""
    of_group = "" if group_id is None else f"-{group_id}"
    return f"member-{user_id}{of_group}@{settings().payer_email_domain}"
