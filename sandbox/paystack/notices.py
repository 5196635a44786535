"""What a phone shows when money comes or is taken back: the line that a wallet or a bank sends by itself."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from sandbox.inbox import Inbox
from sandbox.paystack.accounts import phone_of
from sandbox.paystack.banks import MOBILE_MONEY
from sandbox.paystack.resources import MERCHANT
from sandbox.store import Payment, Person, Transfer

CHANNEL = ORIGIN = "money"
SUBUNITS = 100


@dataclass(frozen=True)
class Notice:
    phone: str
    sender: str
    text: str

    def write_to(self, inbox: Inbox) -> None:
        inbox.write(
            channel=CHANNEL,
            direction="in",
            origin=ORIGIN,
            sender=self.sender,
            recipient=self.phone,
            phone=self.phone,
            body=self.text,
            status="delivered",
        )


def notice_of(session: Session, transfer: Transfer, status_before: str) -> Notice | None:
    """What the owner of the account hears of the step just made; nothing unless money moved on a phone we know."""
    came = transfer.status == "success"
    if not came and (transfer.status, status_before) != ("reversed", "success"):
        return None
    phone = owner_of(session, transfer)
    if phone is None:
        return None
    money, bank = shown(transfer.currency, transfer.amount), transfer.recipient.bank_name
    reason = f": {transfer.reason}" if transfer.reason else "."
    if came:
        return Notice(phone, bank, f"You received {money} from {MERCHANT} ({bank}){reason}")
    return Notice(phone, bank, f"{money} from {MERCHANT} was taken back ({bank}).")


def prompt_notice(payment: Payment, sender: str, question: str) -> Notice | None:
    """What a phone shows that is asked to pay: the prompt of its wallet, or how to answer it."""
    if payment.phone is None:
        return None
    return Notice(
        payment.phone, sender, f"{sender}: pay {shown(payment.currency, payment.amount)} to {MERCHANT}? {question}"
    )


def paid_notice(payment: Payment) -> Notice | None:
    """What a phone shows that has paid by itself; a checkout happens elsewhere."""
    if payment.phone is None or payment.kind == "checkout":
        return None
    sender = str((payment.told or {}).get("sender") or "Bank")
    money = shown(payment.currency, payment.amount)
    return Notice(payment.phone, sender, f"{sender}: you paid {money} to {MERCHANT}. Reference {payment.reference}.")


def owner_of(session: Session, transfer: Transfer) -> str | None:
    """The phone that the money went to: a wallet's own, or that of the person with this number as account number."""
    recipient = transfer.recipient
    phone = phone_of(recipient.account_number, recipient.currency)
    if phone is None or recipient.type == MOBILE_MONEY:
        return phone
    return phone if session.get(Person, phone) else None


def shown(currency: str, amount: int) -> str:
    """`KES 5,000`, and `KES 5,000.50` where there are cents."""
    whole, rest = divmod(amount, SUBUNITS)
    return f"{currency} {whole:,}" + (f".{rest:02d}" if rest else "")
