"""Payout accounts: where a member gets their money. A new one is checked, confirmed, announced, and waits a day.

Whoever takes over a phone must not be able to empty it at once: so the group hears of every change, and a vote that
names the old account is void (docs/decisions/0013).
"""

from datetime import datetime, timedelta

from rapidfuzz import fuzz, process
from sqlalchemy import Select, func, select

from core import db, outbox, phone
from core.db import Session
from core.errors import PhoneError
from ledger import audit
from ledger.audit import Cause
from ledger.models import Group
from payments import errors, providers
from payments.models import PayoutAccount
from payments.provider import AccountKind, Bank, Outcome, Provider

WAIT = timedelta(hours=24)
CHANGES_A_DAY = 3
NEAR = 75
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


def propose(session: Session, group: Group, user_id: int, bank: str, number: str, at: datetime) -> PayoutAccount:
    """Writes down where a member wants their money; a job asks the provider about it and then the member.

    `bank` is as they wrote it ("mpesa", "gtbank"), `number` a phone or an account number.
    Raises `UnsupportedCurrency`, `UnreadableAccount`, or `TooManyAccounts` after three in a day.
    """
    provider = providers.for_currency(group.currency)
    kinds = provider.account_kinds(group.currency)
    recent = select(func.count()).where(
        PayoutAccount.group_id == group.id, PayoutAccount.user_id == user_id, PayoutAccount.created_at > at - WAIT
    )
    if (session.scalar(recent) or 0) >= CHANGES_A_DAY:
        raise errors.TooManyAccounts
    kind, figures = _read_number(number, group.country, kinds)
    account = PayoutAccount(
        group_id=group.id,
        user_id=user_id,
        provider=provider.name,
        kind=kind,
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
        currency = session.scalars(select(Group.currency).where(Group.id == account.group_id)).one()
    if account.state != "checking":
        return
    provider = providers.by_name(account.provider)
    bank = _find_bank(provider, currency, account)
    problem, holder = ("bank_unknown", None) if bank is None else _holder(provider, currency, bank, account.number)
    with db.session() as session:
        account = session.get_one(PayoutAccount, account_id, with_for_update=True, populate_existing=True)
        if account.state != "checking":
            return
        if bank is not None:
            account.bank_code, account.bank_name, account.kind = bank.code, bank.name, bank.kind
        account.holder = holder
        account.state = "refused" if problem else "asked"
        payload = {"account": account_id, "problem": problem}
        outbox.put(session, "bot.account_checked", payload, f"account_checked:{account_id}")
        session.commit()


def confirm(session: Session, account_id: int, at: datetime, cause: Cause) -> PayoutAccount | None:
    """The member has confirmed it: it is usable a day from now. None when it was answered before.

    Called by `deciding.confirm_account`, which voids the votes that name another account of theirs.
    """
    account = session.get_one(PayoutAccount, account_id, with_for_update=True, populate_existing=True)
    if account.state != "asked":
        return None
    account.state, account.usable_from = "confirmed", at + WAIT
    session.flush()
    data = {"account": account.id, "member": account.user_id, "usable_from": account.usable_from.isoformat()}
    audit.record(session, account.group_id, "payout_account", data, at, cause)
    outbox.put(session, "bot.account_changed", {"account": account.id}, f"account_changed:{account.id}")
    return account


def refuse(session: Session, account_id: int) -> bool:
    """The member says that it is not theirs. False when it was answered before."""
    account = session.get_one(PayoutAccount, account_id, with_for_update=True, populate_existing=True)
    if account.state != "asked":
        return False
    account.state = "refused"
    return True


def stop(session: Session, group_id: int, user_id: int, at: datetime, cause: Cause) -> PayoutAccount | None:
    """Takes back the account whose day of waiting is not over: somebody else may have named it. None without one."""
    account = coming(session, group_id, user_id, at)
    if account is None:
        return None
    account.state, account.usable_from = "refused", None
    session.flush()
    data = {"account": account.id, "member": user_id}
    audit.record(session, group_id, "payout_account_stopped", data, at, cause)
    return account


def _confirmed(group_id: int, user_id: int) -> Select[PayoutAccount]:
    return select(PayoutAccount).where(
        PayoutAccount.group_id == group_id, PayoutAccount.user_id == user_id, PayoutAccount.state == "confirmed"
    )


def _read_number(number: str, country: str, kinds: tuple[AccountKind, ...]) -> tuple[AccountKind, str]:
    """A phone number where wallets of phones are usual, an account number elsewhere."""
    if "mobile_money" in kinds:
        try:
            return "mobile_money", phone.parse(number, country)
        except PhoneError:
            if "bank" not in kinds:
                raise errors.UnreadableAccount from None
    figures = "".join(char for char in number if char.isalnum())
    if not 6 <= len(figures) <= 20 or not figures.isascii() or sum(char.isdigit() for char in figures) < 6:
        raise errors.UnreadableAccount
    return "bank", figures


def _find_bank(provider: Provider, currency: str, account: PayoutAccount) -> Bank | None:
    """The bank that the member meant, unless two fit. Raises `TryAgain`."""
    answer = provider.banks(currency)
    if answer.outcome is not Outcome.SUCCEEDED:
        raise outbox.TryAgain(f"the provider gave no list of banks: {answer.detail}")
    fitting = [bank for bank in answer.banks if bank.kind == account.kind]
    if account.kind == "mobile_money" and len(fitting) == 1:
        return fitting[0]  # There is one such wallet in the country, whatever the member calls it.
    names = [_plain(bank.name) for bank in fitting]
    said = _plain(account.bank_name)
    if said in names:
        return fitting[names.index(said)]
    found = process.extract(said, names, scorer=_alike, score_cutoff=NEAR, limit=2)
    if not found or (len(found) > 1 and found[0][1] == found[1][1]):
        return None
    return fitting[found[0][2]]


def _alike(said: str, name: str, **_: object) -> float:
    """How well what was said names the bank: "gtb" begins its short form, "equity" is a word of its name."""
    short = "".join(word[0] for word in name.split())
    if said == short or said.replace(" ", "") == name.replace(" ", ""):
        return 100
    return max(fuzz.ratio(said, name), fuzz.token_set_ratio(said, name))


def _plain(name: str) -> str:
    kept = "".join(char if char.isalnum() else " " for char in name.casefold().replace("-", ""))
    return " ".join(word for word in kept.split() if word not in ("bank", "plc", "limited", "ltd", "kenya", "nigeria"))


def _holder(provider: Provider, currency: str, bank: Bank, number: str) -> tuple[str | None, str | None]:
    """(problem, holder's name). Raises `TryAgain`."""
    if not provider.can_name_holder(currency, bank.kind):
        return None, None
    answer = provider.holder(number, bank.code)
    if answer.outcome is Outcome.SUCCEEDED:
        return None, answer.holder
    if answer.outcome is Outcome.DECLINED:
        return "number_unknown", None
    raise outbox.TryAgain(f"the provider did not name the holder: {answer.detail}")
