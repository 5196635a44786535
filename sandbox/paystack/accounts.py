"""Whose account it is: the phone behind a number, and the name that a bank has for it.

A wallet's number is a phone number; so are many Nigerian and Ghanaian account numbers without their leading zero. Such
an account belongs to the person of the sandbox who has that phone.
"""

import hashlib

import phonenumbers
from phonenumbers import PhoneNumberFormat
from sqlalchemy.orm import Session

from sandbox.paystack.banks import NUBAN, Bank
from sandbox.paystack.resources import COUNTRY
from sandbox.store import Person

# A number that ends so exists at no bank.
UNRESOLVED_ENDING = "0000"
NUBAN_DIGITS = 10
MAX_DIGITS = 20
SURNAMES = {
    "NGN": ("Okafor", "Adeyemi", "Bello", "Eze", "Ogunleye", "Musa", "Nwosu", "Balogun"),
    "GHS": ("Mensah", "Owusu", "Boateng", "Asante", "Appiah", "Osei", "Agyeman", "Darko"),
}
GIVEN_NAMES = {
    "NGN": ("Chinedu", "Yetunde", "Halima", "Uche", "Segun", "Zainab", "Ifeoma", "Kunle"),
    "GHS": ("Kwabena", "Adwoa", "Kwaku", "Esi", "Kofi", "Afia", "Nana", "Akua"),
}


def phone_of(account_number: str, currency: str) -> str | None:
    """The phone in E.164 that an account number spells in its country, if it spells one."""
    try:
        number = phonenumbers.parse(account_number, COUNTRY[currency])
    except phonenumbers.NumberParseException:
        return None
    is_local = number.country_code == phonenumbers.country_code_for_region(COUNTRY[currency])
    # Possible and not valid: the phones here may have numbers that no operator has been given.
    if not is_local or not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def holder_of(session: Session, account_number: str, bank: Bank) -> str | None:
    """The name at the bank, in capitals as banks have it, always the same for the same number; None when unresolved.

    Only Nigerian and Ghanaian accounts have a name here, because Paystack resolves no others.
    """
    digits = account_number.lstrip("+")
    if bank.currency not in SURNAMES or not digits.isdecimal() or len(digits) > MAX_DIGITS:
        return None
    if digits.endswith(UNRESOLVED_ENDING) or (bank.type == NUBAN and len(digits) != NUBAN_DIGITS):
        return None
    phone = phone_of(account_number, bank.currency)
    person = session.get(Person, phone) if phone else None
    if person is not None and " " in person.name:
        return person.name.upper()
    surname = _chosen(SURNAMES[bank.currency], f"surname {digits}")
    given_name = person.name if person else _chosen(GIVEN_NAMES[bank.currency], f"given {digits}")
    return f"{surname} {given_name}".upper()


def _chosen(names: tuple[str, ...], key: str) -> str:
    return names[hashlib.sha256(key.encode()).digest()[0] % len(names)]
