"""The banks and wallets that the stand-in pays out to: a small part of what Paystack lists, with its codes.

Codes are those of each country: NIP institutions, CBK bank codes, GHIPSS and BASA branch codes; wallets have Paystack's
own. Source: Paystack's list of banks and PaystackOSS/doc-code-snippets (list-telcos, transfer-recipient-mpesa).
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

NUBAN, MOBILE_MONEY, BUSINESS, KEPSS, GHIPSS, BASA = (
    "nuban",
    "mobile_money",
    "mobile_money_business",
    "kepss",
    "ghipss",
    "basa",
)
COUNTRIES = {"NGN": "Nigeria", "GHS": "Ghana", "KES": "Kenya", "ZAR": "South Africa"}
LISTED_AT = "2018-03-29T12:54:59.000Z"

LISTED = {
    ("NGN", NUBAN): (
        ("044", "Access Bank", "access-bank"),
        ("050", "Ecobank Nigeria", "ecobank-nigeria"),
        ("070", "Fidelity Bank", "fidelity-bank"),
        ("011", "First Bank of Nigeria", "first-bank-of-nigeria"),
        ("214", "First City Monument Bank", "first-city-monument-bank"),
        ("058", "Guaranty Trust Bank", "guaranty-trust-bank"),
        ("082", "Keystone Bank", "keystone-bank"),
        ("50211", "Kuda Bank", "kuda-bank"),
        ("50515", "Moniepoint MFB", "moniepoint-mfb-ng"),
        ("999992", "OPay Digital Services Limited (OPay)", "paycom"),
        ("999991", "PalmPay", "palmpay"),
        ("076", "Polaris Bank", "polaris-bank"),
        ("221", "Stanbic IBTC Bank", "stanbic-ibtc-bank"),
        ("232", "Sterling Bank", "sterling-bank"),
        ("032", "Union Bank of Nigeria", "union-bank-of-nigeria"),
        ("033", "United Bank For Africa", "united-bank-for-africa"),
        ("035", "Wema Bank", "wema-bank"),
        ("057", "Zenith Bank", "zenith-bank"),
    ),
    ("KES", MOBILE_MONEY): (("MPESA", "M-PESA", "mpesa"),),
    ("KES", BUSINESS): (("MPPAYBILL", "M-PESA Paybill", "mppaybill"), ("MPTILL", "M-PESA Till", "mptill")),
    ("KES", KEPSS): (
        ("03", "Absa Bank Kenya", "absa-bank-kenya-ke"),
        ("11", "Co-operative Bank of Kenya", "co-operative-bank-of-kenya-ke"),
        ("63", "Diamond Trust Bank", "diamond-trust-bank-ltd-ke"),
        ("68", "Equity Bank", "equity-bank-ke"),
        ("70", "Family Bank", "family-bank-ke"),
        ("57", "I&M Bank", "i-and-m-bank-ke"),
        ("01", "Kenya Commercial Bank", "kenya-commercial-bank-ke"),
        ("07", "NCBA Bank Kenya", "ncba-bank-kenya-ke"),
        ("31", "Stanbic Bank Kenya", "stanbic-bank-kenya-ke"),
        ("02", "Standard Chartered Bank Kenya", "standard-chartered-bank-kenya-ke"),
    ),
    ("GHS", MOBILE_MONEY): (
        ("ATL", "AT Money", "atl-mobile-money"),
        ("MTN", "MTN", "mtn-mobile-money"),
        ("VOD", "Telecel Cash", "vod-mobile-money"),
    ),
    ("GHS", GHIPSS): (
        ("030100", "Absa Bank Ghana Ltd", "absa-bank-ghana-ltd"),
        ("280100", "Access Bank Ghana", "access-bank-ghana"),
        ("130100", "Ecobank Ghana Limited", "ecobank-ghana-limited"),
        ("240100", "Fidelity Bank Ghana Limited", "fidelity-bank-ghana-limited"),
        ("040100", "GCB Bank Limited", "gcb-bank-limited"),
        ("190100", "Stanbic Bank Ghana Limited", "stanbic-bank-ghana-limited"),
        ("120100", "Zenith Bank Ghana", "zenith-bank-ghana"),
    ),
    ("ZAR", BASA): (
        ("632005", "Absa Bank Limited, South Africa", "absa-za"),
        ("430000", "African Bank Limited", "african-bank-za"),
        ("470010", "Capitec Bank Limited", "capitec-bank-za"),
        ("679000", "Discovery Bank Limited", "discovery-bank-za"),
        ("250655", "First National Bank", "first-national-bank-za"),
        ("198765", "Nedbank", "nedbank-za"),
        ("051001", "Standard Bank South Africa", "standard-bank-za"),
        ("678910", "TymeBank", "tymebank-za"),
    ),
}


@dataclass(frozen=True)
class Bank:
    id: int
    code: str
    name: str
    slug: str
    type: str
    currency: str


BANKS = tuple(
    Bank(number, code, name, slug, type_, currency)
    for number, (currency, type_, code, name, slug) in enumerate(
        ((currency, type_, *row) for (currency, type_), rows in LISTED.items() for row in rows), start=1
    )
)
RECIPIENT_TYPES = (NUBAN, MOBILE_MONEY, KEPSS, GHIPSS, BASA)


def find_bank(code: str, currency: str | None = None, type_: str | None = None) -> Bank | None:
    """The first bank with this code; codes are unique in a currency and type only."""
    return next(
        (b for b in BANKS if b.code == code and currency in (None, b.currency) and type_ in (None, b.type)), None
    )


def banks_of(currency: str | None, country: str | None, type_: str | None) -> list[Bank]:
    """What the three filters leave; a filter that is None leaves everything."""
    return [
        bank
        for bank in BANKS
        if currency in (None, bank.currency)
        and country in (None, COUNTRIES[bank.currency].lower())
        and type_ in (None, bank.type)
    ]


def cursor_of(bank: Bank) -> str:
    return base64.b64encode(f"bank:{bank.id}".encode()).decode()


def id_of(cursor: str) -> int:
    """Raises `ValueError`: nobody was given this cursor."""
    try:
        kind, _, number = base64.b64decode(cursor, validate=True).decode().partition(":")
    except binascii.Error as error:
        raise ValueError(cursor) from error
    if kind != "bank":
        raise ValueError(cursor)
    return int(number)


def bank_resource(bank: Bank) -> dict[str, Any]:
    return {
        "id": bank.id,
        "name": bank.name,
        "slug": bank.slug,
        "code": bank.code,
        "longcode": "",
        "gateway": None,
        "pay_with_bank": False,
        "supports_transfer": True,
        "active": True,
        "country": COUNTRIES[bank.currency],
        "currency": bank.currency,
        "type": bank.type,
        "is_deleted": False,
        "createdAt": LISTED_AT,
        "updatedAt": LISTED_AT,
    }
