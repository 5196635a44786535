"""The stand-in of Paystack: its API, its hosted checkout page and its webhooks."""
