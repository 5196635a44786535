"""What the mouth and ears refuse.

BotError
├── BadSignature       a webhook that its channel's provider did not sign
├── UnreadableMessage  a signed webhook without the fields every message has
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
