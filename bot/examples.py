"""What an example in a message looks like where the member lives: the account that most people there have."""

ACCOUNTS = {"KES": "mpesa 0712345678", "GHS": "mtn 0241234567", "NGN": "gtbank 0123456789", "ZAR": "capitec 1234567890"}


def account(currency: str) -> str:
    """How a payout account is written in this currency."""
    return ACCOUNTS.get(currency, "equity 0123456789")
