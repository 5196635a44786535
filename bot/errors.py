"""What the mouth and ears refuse.

BotError
├── BadSignature       a webhook that its channel's provider did not sign
├── UnreadableMessage  a signed webhook without the fields every message has
├── PaperTooLong       a statement of more movements than a paper can hold
└── NeedsGroup         the command needs to know which group is meant
"""


class BotError(Exception):
    code = "bot_error"


class BadSignature(BotError):
    code = "bad_signature"


class UnreadableMessage(BotError):
    code = "unreadable_message"


class NeedsGroup(BotError):
    """Raised by a command, answered by the dialogue: either a question which one, or how to get into one."""

    code = "needs_group"


class PaperTooLong(BotError):
    """A paper that left movements out would not add up: the member is asked for a shorter time instead."""

    code = "paper_too_long"
