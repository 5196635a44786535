"""Accounts that Paystack is told of before it pays out to them: each once, however often it is told."""

import secrets
import string
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sandbox.paystack.accounts import UNRESOLVED_ENDING, holder_of, phone_of
from sandbox.paystack.banks import MOBILE_MONEY, RECIPIENT_TYPES, Bank, find_bank
from sandbox.paystack.envelope import PaystackError, invalid
from sandbox.store import Recipient
from sandbox.world import World

CODE_LETTERS = string.ascii_lowercase + string.digits
CODE_LENGTH = 15
MAX_ACCOUNT_CHARS = 34


def new_code(prefix: str) -> str:
    """A code such as RCP_m7ljkv8leesep7p or TRF_v5tip3zx8nna9o7."""
    return f"{prefix}_{''.join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))}"


def unknown_bank(code: object) -> PaystackError:
    return invalid(
        "invalid_bank_code",
        f"Unknown bank code: {code}",
        "Use the List Banks endpoint to get the bank codes of a country",
    )


def tell_recipient(world: World, asked: dict[str, Any]) -> tuple[Recipient, bool]:
    """Check and keep what `POST /transferrecipient` asks for; and whether it is new.

    Raises:
        PaystackError: a field is missing or wrong, the bank is unknown, or the account cannot exist.
    """
    name, bank = _text(asked, "name"), _bank(asked)
    account_number = _account_number(asked, bank)
    with world.store.begin() as session:
        _lock(session)
        known = session.scalar(
            select(Recipient).where(
                Recipient.type == bank.type,
                Recipient.currency == bank.currency,
                Recipient.bank_code == bank.code,
                Recipient.account_number == account_number,
            )
        )
        if known is not None:
            return known, False
        is_wallet = bank.type == MOBILE_MONEY
        recipient = Recipient(
            recipient_code=new_code("RCP"),
            type=bank.type,
            name=name,
            currency=bank.currency,
            account_number=account_number,
            account_name=None if is_wallet else holder_of(session, account_number, bank),
            bank_code=bank.code,
            bank_name=bank.name,
            created_at=world.clock.now(),
        )
        session.add(recipient)
    return recipient, True


def _bank(asked: dict[str, Any]) -> Bank:
    type_ = _text(asked, "type")
    if type_ not in RECIPIENT_TYPES:
        raise invalid(
            "invalid_params", "Invalid recipient type", f"The type is one of {', '.join(sorted(RECIPIENT_TYPES))}"
        )
    code = _text(asked, "bank_code")
    bank = find_bank(code, str(asked.get("currency") or "NGN").upper(), type_)
    if bank is None:
        raise unknown_bank(code)
    return bank


def _account_number(asked: dict[str, Any], bank: Bank) -> str:
    number = _text(asked, "account_number").replace(" ", "")
    is_wallet = bank.type == MOBILE_MONEY
    if is_wallet and phone_of(number, bank.currency) is None:
        raise _wrong_account("Account number is invalid")
    if not is_wallet and not (number.isdecimal() and len(number) <= MAX_ACCOUNT_CHARS):
        raise _wrong_account("Account number is invalid")
    if not is_wallet and number.endswith(UNRESOLVED_ENDING):
        raise _wrong_account("Cannot resolve account")
    return number


def _wrong_account(message: str) -> PaystackError:
    return invalid("invalid_account_number", message, "Check the account number and the bank code")


def _text(asked: dict[str, Any], key: str) -> str:
    value = asked.get(key)
    # Forms and careless clients send numbers as numbers; an account number keeps its zeros only as text.
    text = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not text:
        raise invalid("missing_params", f"{key} is required", f"Provide a valid {key}")
    return text


def _lock(session: Session) -> None:
    """One at a time, so that two calls with the same account make one recipient."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext("sandbox.recipients"))))
