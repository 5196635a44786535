"""What a phone shows of mobile money: a prompt to pay, what was paid and taken back, and what was paid out to it."""

from sqlalchemy.orm import Session

from sandbox.flutterwave.amounts import shown
from sandbox.flutterwave.banks import find_bank, phone_of
from sandbox.flutterwave.fees import MOBILE_TYPES
from sandbox.flutterwave.tables import FlwTransaction, FlwTransfer
from sandbox.paystack.notices import Notice
from sandbox.paystack.resources import MERCHANT
from sandbox.store import Person

OPERATORS = {"KES": "M-PESA", "GHS": "MTN MoMo", "UGX": "MTN MoMo", "RWF": "MTN MoMo"}
USUAL_OPERATOR = "Mobile Money"


def prompt_of(transaction: FlwTransaction) -> Notice | None:
    money = shown(transaction.asked_amount, transaction.asked_currency)
    return _notice(transaction, f"Pay {money} to {MERCHANT}? Enter your {{operator}} PIN to approve.")


def paid_notice_of(transaction: FlwTransaction) -> Notice | None:
    """Only wallets tell their owner here; a bank's own messages are no part of the sandbox."""
    if transaction.payment_type not in MOBILE_TYPES:
        return None
    money = shown(transaction.charged_amount, transaction.currency)
    return _notice(transaction, f"You paid {money} to {MERCHANT} ({{operator}}).")


def reversed_notice_of(transaction: FlwTransaction) -> Notice | None:
    if transaction.payment_type not in MOBILE_TYPES:
        return None
    money = shown(transaction.charged_amount, transaction.currency)
    return _notice(transaction, f"{money} that you paid to {MERCHANT} came back ({{operator}}).")


def transfer_notice_of(session: Session, transfer: FlwTransfer, status_before: str) -> Notice | None:
    """What the owner of the account hears of the step just made; nothing unless money moved on a phone we know."""
    came = transfer.status == "SUCCESSFUL"
    if not came and status_before != "SUCCESSFUL":
        return None
    phone = owner_of(session, transfer)
    if phone is None:
        return None
    money, bank = shown(transfer.amount, transfer.currency), transfer.bank_name
    reason = f": {transfer.narration}" if transfer.narration else "."
    if came:
        return Notice(phone, bank, f"You received {money} from {MERCHANT} ({bank}){reason}")
    return Notice(phone, bank, f"{money} from {MERCHANT} was taken back ({bank}).")


def owner_of(session: Session, transfer: FlwTransfer) -> str | None:
    """The phone that the money went to: a wallet's own, or that of the person with this number as account number."""
    phone, bank = phone_of(transfer.account_number, transfer.currency), find_bank(transfer.bank_code, transfer.currency)
    if phone is None or (bank is not None and bank.is_wallet):
        return phone
    return phone if session.get(Person, phone) else None


def operator_of(transaction: FlwTransaction) -> str:
    return OPERATORS.get(transaction.asked_currency, USUAL_OPERATOR)


def _notice(transaction: FlwTransaction, text: str) -> Notice | None:
    if transaction.phone is None:
        return None
    operator = operator_of(transaction)
    return Notice(transaction.phone, operator, text.format(operator=operator))
