"""The banks and wallets that the stand-in pays out to, with Flutterwave's codes, and whose account it is.

Nigerian codes are those of the central bank, as at Paystack; Ghanaian ones have `GH` before the GHIPSS code. A wallet
is `MPS` in Kenya, Uganda, Rwanda and Zambia, `FMM` where there are francs, or its operator: the guides to mobile money
transfers are of two minds. Codes of Kenyan and South African banks are assumed to be the national ones.
"""

from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneNumberFormat
from sqlalchemy.orm import Session

from sandbox.flutterwave.amounts import COUNTRY
from sandbox.paystack.accounts import holder_of as name_at_bank
from sandbox.paystack.banks import BANKS as LISTED
from sandbox.paystack.banks import BUSINESS, MOBILE_MONEY
from sandbox.paystack.banks import find_bank as find_listed

CODE_PREFIX = {"GHS": "GH"}
WALLETS = (
    ("KES", "MPS", "M-PESA"),
    ("UGX", "MPS", "Mobile Money"),
    ("RWF", "MPS", "Mobile Money"),
    ("GHS", "MTN", "MTN"),
    ("GHS", "VODAFONE", "Telecel Cash"),
    ("GHS", "TIGO", "AT Money"),
    ("GHS", "AIRTELTIGO", "AT Money"),
    ("UGX", "MTN", "MTN Mobile Money"),
    ("UGX", "AIRTEL", "Airtel Money"),
    ("RWF", "MTN", "MTN Mobile Money"),
    ("XOF", "FMM", "Mobile Money"),
    ("XOF", "ORANGEMONEY", "Orange Money"),
    ("XOF", "MTN", "MTN Mobile Money"),
    ("XOF", "MOOV", "Moov Money"),
    ("XOF", "WAVE", "Wave"),
    ("XAF", "FMM", "Mobile Money"),
    ("XAF", "ORANGEMONEY", "Orange Money"),
    ("XAF", "MTN", "MTN Mobile Money"),
    ("TZS", "VODACOM", "M-Pesa"),
    ("TZS", "TIGO", "Mixx by Yas"),
    ("TZS", "AIRTEL", "Airtel Money"),
    ("TZS", "HALOPESA", "HaloPesa"),
    ("ZMW", "MPS", "Mobile Money"),
)


@dataclass(frozen=True)
class Bank:
    id: int
    code: str
    name: str
    currency: str
    is_wallet: bool = False


_ROWS = (
    *(
        (b.currency, CODE_PREFIX.get(b.currency, "") + b.code, b.name, False)
        for b in LISTED
        if b.type not in (MOBILE_MONEY, BUSINESS)
    ),
    *((currency, code, name, True) for currency, code, name in WALLETS),
)
BANKS = tuple(
    Bank(n, code, name, currency, is_wallet) for n, (currency, code, name, is_wallet) in enumerate(_ROWS, 132)
)


def banks_of(country: str) -> list[Bank]:
    return [bank for bank in BANKS if COUNTRY[bank.currency] == country.upper()]


def find_bank(code: str, currency: str | None = None) -> Bank | None:
    """The first bank with this code; codes are unique in a currency only."""
    return next((bank for bank in BANKS if bank.code == code and currency in (None, bank.currency)), None)


def holder_of(session: Session, account_number: str, bank: Bank) -> str | None:
    """The name that the bank has for the account, the same as at Paystack; None when it cannot be resolved."""
    listed = find_listed(bank.code.removeprefix(CODE_PREFIX.get(bank.currency, "")), bank.currency)
    return None if listed is None else name_at_bank(session, account_number, listed)


def phone_of(number: str, currency: str) -> str | None:
    """The phone in E.164 that a number spells in the currency's country, with or without its country code."""
    try:
        parsed = phonenumbers.parse(number, COUNTRY[currency])
    except phonenumbers.NumberParseException:
        return None
    # Possible and not valid: the phones here may have numbers that no operator has been given.
    is_phone = phonenumbers.is_possible_number(parsed)
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164) if is_phone else None
