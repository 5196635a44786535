"""Payout accounts: where a member gets their money. A new one is checked, confirmed, announced, and waits a day.

Whoever takes over a phone must not be able to empty it at once: so the group hears of every change, and a vote that
names the old account is void (docs/decisions/0013).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select

from core import db, outbox, phone
from core.db import Session
from core.errors import PhoneError
from ledger import audit, transactions
from ledger.audit import Cause
from ledger.models import Group, User
from payments import banknames, errors, providers, routing
from payments.models import PayoutAccount
from payments.provider import Bank, Outcome, Provider

WAIT = timedelta(hours=24)
CHANGES_A_DAY = 5  # Whatever became of them: somebody may mistype a number twice.
SHOWN_FIGURES = 3
MOST_BANK_NAME, MOST_HOLDER = 18, 30


def current(session: Session, group_id: int, user_id: int, at: datetime) -> PayoutAccount | None:
    """The account that a payout to this member would go to now."""
    return session.scalar(
        _confirmed(group_id, user_id)
        .where(PayoutAccount.usable_from <= at)
        .order_by(PayoutAccount.usable_from.desc(), PayoutAccount.id.desc())
        .limit(1)
    )


def coming(session: Session, group_id: int, user_id: int, at: datetime) -> PayoutAccount | None:
    """The confirmed account whose day of waiting is not over."""
    return session.scalar(
        _confirmed(group_id, user_id).where(PayoutAccount.usable_from > at).order_by(PayoutAccount.id.desc()).limit(1)
    )


def masked(account: PayoutAccount) -> str:
    """The account as everybody may see it: "M-PESA ...678"."""
    return f"{account.bank_name[:MOST_BANK_NAME]} ...{account.tail}"


def shown(account: PayoutAccount) -> str:
    """The account with the holder's name where the bank gave one: "GTBank ...678 (AMA NJERI)"."""
    return f"{masked(account)} ({account.holder[:MOST_HOLDER]})" if account.holder else masked(account)


def destination(account: PayoutAccount) -> str:
    """How an approval names it."""
    return f"account:{account.id}"


def of_destination(session: Session, group_id: int, named: str | None) -> PayoutAccount | None:
    """The account that an approval names; None where it names the cash box or nothing."""
    kind, _, number = (named or "").partition(":")
    if kind != "account":
        return None
    return session.scalar(
        select(PayoutAccount).where(PayoutAccount.group_id == group_id, PayoutAccount.id == int(number))
    )


def propose(session: Session, group: Group, user: User, bank: str, number: str, at: datetime) -> PayoutAccount:
    """Writes down where a member wants their money; a job asks the provider about it and then the member.

    `bank` is as they wrote it ("mpesa", "gtbank"), `number` a phone or an account number; without one it is their own
    phone, where wallets are paid to. Raises `UnsupportedCurrency`, `UnreadableAccount`, or `TooManyAccounts` after
    five in a day.
    """
    provider = routing.payer_out(group.country, group.currency)
    kinds = provider.account_kinds(group.currency)
    recent = select(func.count()).where(
        PayoutAccount.group_id == group.id, PayoutAccount.user_id == user.id, PayoutAccount.created_at > at - WAIT
    )
    if (session.scalar(recent) or 0) >= CHANGES_A_DAY:
        raise errors.TooManyAccounts
    if not number and ("mobile_money" not in kinds or user.phone is None):
        raise errors.UnreadableAccount
    figures = _figures(number) if number else user.phone or ""
    account = PayoutAccount(
        group_id=group.id,
        user_id=user.id,
        provider=provider.name,
        kind="bank" if number else "mobile_money",  # What was said; the bank's own kind follows when it is known.
        bank_code="",
        bank_name=bank,
        number=figures,
        holder=None,
        tail=figures[-SHOWN_FIGURES:],
        created_at=at,
    )
    session.add(account)
    session.flush()
    outbox.put(session, "payments.check_account", {"account": account.id}, f"check_account:{account.id}")
    return account


def check(account_id: int) -> None:
    """Finds the bank and the holder's name at the provider, then has the member asked whether it is right.

    Raises `TryAgain` when the provider gives no answer.
    """
    with db.session() as session:
        account = session.get_one(PayoutAccount, account_id)
        group = session.get_one(Group, account.group_id)
    if account.state != "checking":
        return
    found = _look_up(providers.by_name(account.provider), group, account)
    with db.session() as session:
        account = session.get_one(PayoutAccount, account_id, with_for_update=True, populate_existing=True)
        if account.state != "checking":
            return
        if found.bank is not None:
            account.bank_code, account.bank_name, account.kind = found.bank.code, found.bank.name, found.bank.kind
        account.number, account.tail, account.holder = found.number, found.number[-SHOWN_FIGURES:], found.holder
        account.state = "refused" if found.problem else "asked"
        payload = {"account": account_id, "problem": found.problem}
        outbox.put(session, "bot.account_checked", payload, f"account_checked:{account_id}")
        session.commit()


def confirm(session: Session, account_id: int, at: datetime, cause: Cause) -> PayoutAccount | None:
    """The member has confirmed it: it is usable a day from now, instead of any other that was waiting.

    None when it was answered before. Called by `deciding.confirm_account`, which voids the votes that name another
    account of theirs.
    """
    account = _locked(session, account_id)
    if account.state != "asked":
        return None
    _end_waiting(session, account.group_id, account.user_id, at)
    usable_from = at + WAIT
    account.state, account.usable_from = "confirmed", usable_from
    session.flush()
    data = {"account": account.id, "member": account.user_id, "usable_from": usable_from.isoformat()}
    audit.record(session, account.group_id, "payout_account", data, at, cause)
    outbox.put(session, "bot.account_changed", {"account": account.id}, f"account_changed:{account.id}")
    return account


def refuse(session: Session, account_id: int) -> bool:
    """The member says that it is not theirs. False when it was answered before."""
    account = _locked(session, account_id)
    if account.state != "asked":
        return False
    account.state = "refused"
    return True


def stop(session: Session, group_id: int, user_id: int, at: datetime, cause: Cause) -> PayoutAccount | None:
    """Takes back what waits for its day to be over: somebody else may have named it. The newest; None without one."""
    transactions.lock_group(session, group_id)
    ended = _end_waiting(session, group_id, user_id, at)
    for account in ended:
        data = {"account": account.id, "member": user_id}
        audit.record(session, group_id, "payout_account_stopped", data, at, cause)
    return ended[0] if ended else None


def _locked(session: Session, account_id: int) -> PayoutAccount:
    # The group first, as whoever pays out does: no account changes while a payout to it is being made.
    group_id = session.scalars(select(PayoutAccount.group_id).where(PayoutAccount.id == account_id)).one()
    transactions.lock_group(session, group_id)
    return session.get_one(PayoutAccount, account_id, with_for_update=True, populate_existing=True)


def _end_waiting(session: Session, group_id: int, user_id: int, at: datetime) -> Sequence[PayoutAccount]:
    """Refuses every confirmed account that cannot be used yet; the newest first."""
    waiting = session.scalars(
        _confirmed(group_id, user_id)
        .where(PayoutAccount.usable_from > at)
        .order_by(PayoutAccount.usable_from.desc(), PayoutAccount.id.desc()),
        execution_options={"populate_existing": True},
    ).all()
    for account in waiting:
        account.state, account.usable_from = "refused", None
    session.flush()
    return waiting


def _confirmed(group_id: int, user_id: int) -> Select[PayoutAccount]:
    return select(PayoutAccount).where(
        PayoutAccount.group_id == group_id, PayoutAccount.user_id == user_id, PayoutAccount.state == "confirmed"
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What the provider knows of an account; `problem`: bank_unknown, number_unreadable, number_unknown."""

    bank: Bank | None
    number: str
    holder: str | None = None
    problem: str | None = None


def _figures(number: str) -> str:
    """The number as it was written, without what is only there for the eye. Raises `UnreadableAccount`."""
    figures = "".join(char for char in number if char.isalnum() or char == "+")
    if not 6 <= len(figures) <= 20 or not figures.isascii() or sum(char.isdigit() for char in figures) < 6:
        raise errors.UnreadableAccount
    return figures


def _look_up(provider: Provider, group: Group, account: PayoutAccount) -> _Found:
    """Raises `TryAgain` when the provider gives no answer."""
    answer = provider.banks(group.currency)
    if answer.outcome is not Outcome.SUCCEEDED:
        raise outbox.TryAgain(f"the provider gave no list of banks: {answer.detail}")
    bank = _bank(answer.banks, account.bank_name)
    if bank is None:
        return _Found(None, account.number, problem="bank_unknown")
    number = account.number
    if bank.kind == "mobile_money":
        try:
            number = phone.parse(number, group.country)
        except PhoneError:
            return _Found(bank, number, problem="number_unreadable")
    elif account.kind == "mobile_money":
        return _Found(bank, number, problem="number_unreadable")  # A bank, and no number was said.
    if not provider.can_name_holder(group.currency, bank.kind):
        return _Found(bank, number)
    holder = provider.holder(number, bank.code)
    if holder.outcome is Outcome.SUCCEEDED:
        return _Found(bank, number, holder.holder)
    if holder.outcome is Outcome.DECLINED:
        return _Found(bank, number, problem="number_unknown")
    raise outbox.TryAgain(f"the provider did not name the holder: {holder.detail}")


def _bank(banks: Sequence[Bank], said: str) -> Bank | None:
    """The bank that was named; a number alone means the wallet of phones, where there is just one."""
    if said:
        return banknames.find(banks, said)
    wallets = [bank for bank in banks if bank.kind == "mobile_money"]
    return wallets[0] if len(wallets) == 1 else None
