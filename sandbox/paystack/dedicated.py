"""Customers and their standing account numbers, in Nigeria and Ghana; and transfers that come in from other banks."""

import hashlib
import re
import secrets
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sandbox.paystack.accounts import UNRESOLVED_ENDING
from sandbox.paystack.asked import email_of
from sandbox.paystack.charges import BANK_TRANSFER
from sandbox.paystack.envelope import PaystackError, invalid
from sandbox.paystack.payments import Reported, announce, has_ended, settle
from sandbox.paystack.resources import INTEGRATION, MERCHANT, customer_of, iso
from sandbox.paystack.tables import Customer, DedicatedAccount
from sandbox.store import Json, Payment
from sandbox.webhooks import PAYSTACK, queue_event
from sandbox.world import World

KIND, CHANNEL = "dedicated_account", "dedicated_nuban"
# Slug → name, Paystack's id of the bank, currency.
BANKS = {
    "titan-paystack": ("Titan Paystack", 629, "NGN"),
    "wema-bank": ("Wema Bank", 20, "NGN"),
    "test-bank": ("Test Bank", 24, "NGN"),
    "access-bank-ghana": ("Access Bank Ghana", 280, "GHS"),
}
USUAL_BANK = {"NG": "titan-paystack", "GH": "access-bank-ghana"}
GHANA = "+233"
NUMBER_DIGITS = {"NGN": 8, "GHS": 11}
PHONE = re.compile(r"\+?\d{7,15}")


def tell_customer(world: World, asked: dict[str, Any]) -> Customer:
    """Keep what `POST /customer` tells; the same email is the same customer, with what is new.

    Raises:
        PaystackError: the email or the phone is none.
    """
    with world.store.begin() as session:
        return _told_customer(world, session, asked)


def give_account(world: World, asked: dict[str, Any]) -> DedicatedAccount:
    """The standing account of a customer at a bank; there is one of each.

    Raises:
        PaystackError: the customer or the bank is unknown.
    """
    wanted = str(asked.get("customer") or "")
    with world.store.begin() as session:
        _lock(session)
        customer = session.get(Customer, wanted)
        if customer is None and wanted.isdecimal():
            known = session.scalars(select(Customer))
            customer = next((c for c in known if customer_of(c.email)["id"] == int(wanted)), None)
        if customer is None:
            raise invalid("customer_not_found", "Customer not found", "Create the customer first")
        # Without a bank it is one of the customer's country.
        usual = USUAL_BANK["GH" if str(customer.phone or "").startswith(GHANA) else "NG"]
        return _account(world, session, customer, _bank_slug(asked.get("preferred_bank") or usual))


def assign_account(world: World, asked: dict[str, Any]) -> None:
    """Customer and account in one call, which is answered before it is done: an event tells how it ended.

    Raises:
        PaystackError: a field is missing or wrong.
    """
    for key in ("first_name", "last_name", "phone", "preferred_bank", "country"):
        if not asked.get(key):
            raise invalid("missing_params", f"{key} is required", f"Provide a valid {key}")
    country = str(asked["country"]).upper()
    if country not in USUAL_BANK:
        raise invalid("invalid_params", "Country is not supported", f"One of {', '.join(USUAL_BANK)}")
    slug = _bank_slug(asked["preferred_bank"])
    if BANKS[slug][2] != BANKS[USUAL_BANK[country]][2]:
        raise invalid("invalid_preferred_bank", "Preferred bank is of another country", "Send a bank of the country")
    with world.store.begin() as session:
        _lock(session)
        customer = _told_customer(world, session, asked)
        session.flush()
        # As at the resolution of accounts: a number with this ending belongs to nobody.
        is_known = not str(asked.get("account_number") or "").endswith(UNRESOLVED_ENDING)
        account = _account(world, session, customer, slug) if is_known else None
        data = {
            "customer": customer_resource(customer),
            "dedicated_account": None if account is None else account_resource(account),
            "identification": {"status": "success" if account else "failed"},
        }
        event = f"dedicatedaccount.assign.{'success' if account else 'failed'}"
        queue_event(world, session, PAYSTACK, customer.customer_code, {"event": event, "data": data})
    world.doorbell.set()


def transfer_in(world: World, account_number: str, amount: int, sender_name: str) -> tuple[str, str]:
    """A transfer from some bank reaches an account number: the reference of the payment, and its status.

    A temporary account takes only the amount that it was made for; another goes back, which an event tells.

    Raises:
        PaystackError: 404, no open charge and no standing account has this number.
    """
    with world.store.begin() as session:
        account = session.scalar(select(DedicatedAccount).where(DedicatedAccount.account_number == account_number))
        if account is not None:
            payment = _new_inflow(world, session, account, amount, sender_name)
        else:
            payment = _open_charge(world, session, account_number)
            if amount != payment.amount:
                queue_event(world, session, PAYSTACK, payment.reference, _rejected(payment, amount))
                world.doorbell.set()
                return payment.reference, "rejected"
            payment.told = {**(payment.told or {}), "sender_name": sender_name}
        notice = settle(world, session, payment, Reported())
    announce(world, notice)
    return payment.reference, payment.status


def customer_resource(customer: Customer) -> Json:
    return {
        **customer_of(customer.email),
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "phone": customer.phone,
        "metadata": {},
        "international_format_phone": customer.phone,
    }


def created_customer(customer: Customer) -> Json:
    """As `POST /customer` is answered."""
    at = iso(customer.created_at)
    own = {"integration": INTEGRATION, "domain": "test", "identified": False, "identifications": None}
    return {**customer_resource(customer), **own, "createdAt": at, "updatedAt": at}


def account_resource(account: DedicatedAccount) -> Json:
    name, bank_id, _ = BANKS[account.bank_slug]
    at = iso(account.created_at)
    return {
        "bank": {"name": name, "id": bank_id, "slug": account.bank_slug},
        "account_name": account.account_name,
        "account_number": account.account_number,
        "assigned": True,
        "currency": account.currency,
        "metadata": None,
        "active": account.active,
        "id": account.id,
        "created_at": at,
        "updated_at": at,
        "assignment": {
            "integration": INTEGRATION,
            "assignee_id": customer_of(account.customer.email)["id"],
            "assignee_type": "Customer",
            "expired": False,
            "account_type": "PAY-WITH-TRANSFER-RECURRING",
            "assigned_at": at,
            "expired_at": None,
        },
    }


def _told_customer(world: World, session: Session, asked: dict[str, Any]) -> Customer:
    email, phone = email_of(asked), asked.get("phone")
    if phone and not PHONE.fullmatch(str(phone)):
        raise invalid("invalid_params", "Customer phone is invalid", "Send digits, perhaps after a +")
    code = customer_of(email)["customer_code"]
    customer = session.get(Customer, code)
    if customer is None:
        customer = Customer(customer_code=code, email=email, created_at=world.clock.now())
        session.add(customer)
    for key in ("first_name", "last_name", "phone"):
        if asked.get(key):
            setattr(customer, key, str(asked[key]))
    return customer


def _account(world: World, session: Session, customer: Customer, slug: str) -> DedicatedAccount:
    mine = (DedicatedAccount.customer_code == customer.customer_code, DedicatedAccount.bank_slug == slug)
    account = session.scalar(select(DedicatedAccount).where(*mine))
    if account is None:
        currency = BANKS[slug][2]
        number = secrets.randbelow(10 ** NUMBER_DIGITS[currency])
        names = [name for name in (customer.first_name, customer.last_name) if name]
        account = DedicatedAccount(
            customer=customer,
            account_number=f"99{number:0{NUMBER_DIGITS[currency]}d}",
            account_name=f"{MERCHANT}/{' '.join(names) or customer.customer_code}".upper(),
            bank_slug=slug,
            currency=currency,
            active=True,
            created_at=world.clock.now(),
        )
        session.add(account)
        session.flush()
    return account


def _bank_slug(given: object) -> str:
    slug = str(given)
    if slug not in BANKS:
        raise invalid("invalid_preferred_bank", "Preferred bank is invalid", f"One of {', '.join(BANKS)}")
    return slug


def _new_inflow(world: World, session: Session, account: DedicatedAccount, amount: int, sender_name: str) -> Payment:
    name, bank_id, _ = BANKS[account.bank_slug]
    bank = {"name": name, "id": bank_id, "slug": account.bank_slug}
    # Paystack makes this reference: the product learns of it by the event or by a list.
    reference = f"{hashlib.sha256(secrets.token_bytes(16)).hexdigest()[:12]}{account.id}"
    payment = Payment(
        reference=reference,
        access_code=secrets.token_hex(8)[:15],
        email=account.customer.email,
        amount=amount,
        requested_amount=amount,
        currency=account.currency,
        status="ongoing",
        channel=CHANNEL,
        gateway_response="Pending",
        metadata_sent={"value": ""},
        created_at=world.clock.now(),
        kind=KIND,
        account_number=account.account_number,
        told={"sender": name, "bank": bank, "sender_name": sender_name, "narration": f"NIP: {sender_name}"},
    )
    session.add(payment)
    session.flush()
    return payment


def _open_charge(world: World, session: Session, account_number: str) -> Payment:
    wanted = (Payment.account_number == account_number, Payment.kind == BANK_TRANSFER)
    payment = session.scalar(select(Payment).where(*wanted).with_for_update())
    is_over = payment is not None and payment.due_at is not None and payment.due_at <= world.clock.now()
    if payment is None or has_ended(payment) or is_over:
        raise PaystackError(404, "account_not_found", "No account with this number is open.", "")
    return payment


def _rejected(payment: Payment, amount: int) -> Json:
    transfer = {
        "amount": str(amount),
        "message": "incorrect amount sent",
        "message_type": "INCORRECT_AMOUNT",
        "transaction_id": str(payment.id),
    }
    customer = {**customer_of(payment.email), "domain": "test", "integration": INTEGRATION}
    return {"event": "bank.transfer.rejected", "data": {"bank_transfer": transfer, "customer": customer}}


def _lock(session: Session) -> None:
    """One at a time, so that two calls for the same customer make one account."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext("sandbox.customers"))))
