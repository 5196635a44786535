"""Money in and out through a payment provider: writes intents, asks outside of transactions, posts what is verified."""
