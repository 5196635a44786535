"""The people of the sandbox: made-up names with real, valid mobile numbers of their country."""

import random
import re
import unicodedata
from typing import Any

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from sandbox.store import Person

NAMES = {
    "KE": ("Wanjiru", "Otieno", "Achieng", "Kamau", "Njeri", "Mutua", "Chebet", "Barasa"),
    "NG": ("Ngozi", "Tunde", "Amina", "Chidi", "Folake", "Emeka", "Bisi", "Ibrahim"),
    "GH": ("Ama", "Kofi", "Akosua", "Kwame", "Efua", "Yaw", "Abena", "Kojo"),
    "ZA": ("Thandi", "Sipho", "Lerato", "Bongani", "Nomsa", "Pieter", "Zanele", "Themba"),
    "UG": ("Nakato", "Okello", "Namara", "Mugisha", "Apio", "Kato", "Nabirye", "Ssali"),
    "CI": ("Awa", "Koffi", "Aya", "Kouassi", "Mariam", "Yao", "Adjoa", "Ismaël"),
}
PHONE_KINDS = ("smart", "feature")
DEFAULT_COUNTRY = "KE"
EMAIL_DOMAIN = "sandbox.test"
# Enough for every prefix of a numbering plan to be met; then the country has no mobile numbers to give.
MAX_TRIES = 500


class PersonError(ValueError):
    """The person cannot be made; the message says why, in one sentence."""


def as_e164(text: str) -> str:
    """A phone number in E.164, with the plus that a web address may have lost.

    Raises:
        PersonError: it is no phone number.
    """
    digits = text.strip().replace(" ", "")
    try:
        number = phonenumbers.parse(digits if digits.startswith("+") else f"+{digits}")
    except phonenumbers.NumberParseException as error:
        raise PersonError(f"'{text}' is not a phone number with its country code.") from error
    if not phonenumbers.is_possible_number(number):
        raise PersonError(f"'{text}' is not a possible phone number.")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def country_of(e164: str) -> str:
    return phonenumbers.region_code_for_number(phonenumbers.parse(e164)) or "ZZ"


def add_person(
    session: Session, name: str | None, country: str | None, e164: str | None, phone_kind: str | None
) -> Person:
    """Make a person; what is not given is made up.

    Raises:
        PersonError: the number is taken or no number, the country has no mobile numbers, the kind is unknown.
    """
    kind = phone_kind or PHONE_KINDS[0]
    if kind not in PHONE_KINDS:
        raise PersonError("phone_kind is 'smart' or 'feature'.")
    number = as_e164(e164) if e164 else _new_number(session, (country or DEFAULT_COUNTRY).upper())
    if session.get(Person, number):
        raise PersonError(f"{number} already belongs to someone.")
    region = (country or country_of(number)).upper()
    chosen = (name or "").strip() or _new_name(session, region)
    person = Person(e164=number, name=chosen, country=region, email=_new_email(session, chosen), phone_kind=kind)
    session.add(person)
    session.flush()
    return person


def ensure_person(session: Session, e164: str) -> Person:
    """The owner of a number; a number that nobody owns yet gets one, also when two requests race for it."""
    person = session.get(Person, e164)
    if person:
        return person
    region = country_of(e164)
    values = {
        "e164": e164,
        "name": _new_name(session, region),
        "country": region,
        "email": f"{e164.lstrip('+')}@{EMAIL_DOMAIN}",
        "phone_kind": PHONE_KINDS[0],
        "sms_opted_out": False,
    }
    session.execute(insert(Person).values(values).on_conflict_do_nothing(index_elements=["e164"]))
    return session.execute(select(Person).where(Person.e164 == e164)).scalar_one()


def person_json(person: Person) -> dict[str, Any]:
    return {
        "e164": person.e164,
        "name": person.name,
        "country": person.country,
        "email": person.email,
        "phone_kind": person.phone_kind,
        "sms_opted_out": person.sms_opted_out,
    }


def _new_number(session: Session, country: str) -> str:
    example = phonenumbers.example_number_for_type(country, PhoneNumberType.MOBILE)
    if example is None:
        raise PersonError(f"'{country}' is not a country whose mobile numbers are known.")
    # As text, because some countries (Côte d'Ivoire) count the leading zero.
    national = phonenumbers.national_significant_number(example)
    for _ in range(MAX_TRIES):
        # The first digits carry the operator; the last six are free in every plan we know.
        digits = national[:-6] + f"{random.randrange(10**6):06d}"
        number = phonenumbers.parse(f"+{example.country_code}{digits}")
        e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        if phonenumbers.is_valid_number(number) and session.get(Person, e164) is None:
            return e164
    raise PersonError(f"No free mobile number was found for '{country}'.")


def _new_name(session: Session, country: str) -> str:
    names = NAMES.get(country, NAMES[DEFAULT_COUNTRY])
    taken = set(session.scalars(select(Person.name)))
    for turn in range(1, 10_000):
        for name in names:
            candidate = name if turn == 1 else f"{name} {turn}"
            if candidate not in taken:
                return candidate
    raise PersonError("There are no names left.")


def _new_email(session: Session, name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", ".", plain).strip(".") or "someone"
    taken = set(session.scalars(select(Person.email).where(Person.email.startswith(base))))
    if f"{base}@{EMAIL_DOMAIN}" not in taken:
        return f"{base}@{EMAIL_DOMAIN}"
    number = 2
    while f"{base}.{number}@{EMAIL_DOMAIN}" in taken:
        number += 1
    return f"{base}.{number}@{EMAIL_DOMAIN}"
