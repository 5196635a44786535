"""What a sandbox is told at its start: where it lives, where the product lives, and the made-up credentials.

Nothing here is read from the environment; `serve.py` fills it from its command line.
"""

from dataclasses import dataclass

# The product's keys for its sealed fields, which everybody knows: 32 bytes that say so, in base64. Not part of the
# configuration: they reach the sandbox's look into the books by the environment, as they reach the product.
FIELD_KEY_ID = "sandbox"
FIELD_KEYS = '{"sandbox": "c2FuZGJveC1maWVsZC1rZXktZm9yLWEtbGFwdG9wLTE="}'
BLIND_INDEX_KEY = "c2FuZGJveC1ibGluZC1pbmRleC1rZXktbGFwdG9wLTE="


@dataclass(frozen=True)
class SandboxConfig:
    database_url: str  # SQLAlchemy URL of the product's database; the sandbox keeps to the schema `sandbox`
    public_url: str  # own address, such as http://localhost:8001
    product_url: str  # the product's PUBLIC_BASE_URL, such as http://localhost:8000
    clock_file: str  # total offset of the shared clock in seconds, as plain decimal text
    twilio_account_sid: str = "AC00000000000000000000000000005a4d"
    twilio_auth_token: str = "sandbox-twilio-auth-token"
    twilio_sms_number: str = "+15005550006"
    twilio_whatsapp_number: str = "+14155238886"
    paystack_secret_key: str = "sk_test_sandbox"
    flutterwave_secret_key: str = "FLWSECK_TEST-sandbox"
    flutterwave_secret_hash: str = "sandbox-flutterwave-hash"
    smtp_port: int = 0  # 0 starts no mail server
    webhook_retry_seconds: float = 180.0  # pause before each of Paystack's first four retries
    transfer_seconds: float = 1.0  # how long a payout is pending at Paystack
    # Where Paystack asks whether a transfer may be made; "" asks nobody.
    transfer_approval_url: str = ""
    # What the Paystack balance of each currency begins with, in subunits, so that payouts never lack money by accident.
    paystack_float_minor: int = 1_000_000_000
    # The same at Flutterwave, in major units.
    flutterwave_float: int = 10_000_000
    # How long a phone that got an empty TwiML answer waits for a message over REST.
    rest_reply_seconds: float = 2.0
    # The part after `#` of the inbound webhook's address, which tells Twilio how to retry.
    twilio_webhook_fragment: str = "rc=3&rp=ct,rt,5xx"
