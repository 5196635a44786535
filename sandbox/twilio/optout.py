"""Twilio's own ear on SMS: bare words that stop and restart all messages, answered before the product hears them."""

STOP_WORDS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
START_WORDS = frozenset({"start", "yes", "unstop"})
HELP_WORDS = frozenset({"help", "info"})

STOP_REPLY = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe."
)
START_REPLY = (
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
HELP_REPLY = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."


def own_reply(text: str) -> tuple[str, bool | None] | None:
    """Twilio's reply to a bare word and the opt-out it sets (None leaves it); None for any other text."""
    word = text.strip().lower()
    if word in STOP_WORDS:
        return STOP_REPLY, True
    if word in START_WORDS:
        return START_REPLY, False
    return (HELP_REPLY, None) if word in HELP_WORDS else None
