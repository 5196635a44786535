"""Watches what lies at the providers: whether the payouts that are promised can be made, and the books' money is there.

What was sent and is not booked yet has left the provider and is still in our books: it is taken off before comparing.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from core import clock, db
from core.db import Session
from core.money import Money
from ledger.legs import CASH_BOX
from ledger.models import Group, Wallet
from payments import differences, providers
from payments.comparing import Finding
from payments.models import UNDER_WAY, Checkout, Dispute, Payout, ProviderBalance, Refund
from payments.models.words import REFUND_OPEN
from payments.moving import BANK
from payments.provider import Outcome, Provider

ALARM_AGAIN_AFTER = timedelta(hours=6)
MAY_HAVE_LEFT = ("submitting", "pending", "unknown", "held")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Books:
    """What our books say of one currency at a provider, in minor units.

    `booked` is the groups' cash there, `reserved` what of it is promised; `sent` is what of that may have left already.
    """

    booked_minor: int = 0
    reserved_minor: int = 0
    sent_minor: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """What one group has at one place; `reserved` is what of it is promised."""

    group_code: str
    provider: str
    held: Money
    reserved: Money


def sweep() -> int:
    """Looks at the balance of every provider; returns how many answered."""
    return sum(look(provider) for provider in providers.configured())


def look(provider: Provider) -> bool:
    """Asks for the balances, keeps them beside the books, and says what is wrong. False when there was no answer."""
    with db.session() as session:
        books = books_at(session, provider.name)
    answer = provider.balances()
    if answer.outcome is not Outcome.SUCCEEDED:
        log.warning("no balance", extra={"provider": provider.name, "detail": answer.detail})
        return False
    told = {balance.currency: balance.amount_minor for balance in answer.balances}
    with db.session() as session:
        now = clock.now()
        for currency in sorted(told.keys() | books.keys()):
            _compare(session, provider.name, Money(told.get(currency, 0), currency), books.get(currency, Books()), now)
        session.commit()
    return True


def books_at(session: Session, provider: str) -> dict[str, Books]:
    """What our books say that lies at a provider, by currency."""
    sums = session.execute(
        select(Wallet.currency, -func.sum(Wallet.balance_minor), func.sum(Wallet.reserved_minor))
        .where(Wallet.kind == "cash", Wallet.provider == provider)
        .group_by(Wallet.currency)
    ).all()
    sent = _sent(session, provider)
    return {
        currency: Books(int(booked), int(reserved), sent.get(currency, 0))
        for currency, booked, reserved in sums
        if booked or reserved
    }


def providers_in_use() -> dict[str, dict[str, int]]:
    """Says which providers have money or work under way and no settings (any more), and how much of what is open there.

    Called when a process starts: jobs about such a provider wait, its webhooks are not taken, its payouts not made.
    """
    known = {provider.name for provider in providers.configured()}
    with db.session() as session:
        in_use = _open_things(session)
    without = {name: things for name, things in in_use.items() if name not in known}
    for name, things in sorted(without.items()):
        log.error(
            "a provider has money under way and no settings: put them back until nothing is open there",
            extra={"provider": name, **things},
        )
    return without


def places(session: Session) -> list[Place]:
    """Where each group's money lies, by currency and place, the largest first; the treasurers' boxes are left out."""
    rows = session.execute(
        select(Group.code, Wallet.provider, Wallet.currency, -Wallet.balance_minor, Wallet.reserved_minor)
        .join(Group, Group.id == Wallet.group_id)
        .where(Wallet.kind == "cash", Wallet.provider != CASH_BOX, Wallet.balance_minor != 0)
        .order_by(Wallet.currency, Wallet.provider, Wallet.balance_minor, Group.code)
    )
    return [
        Place(code, provider, Money(held, currency), Money(reserved, currency))
        for code, provider, currency, held, reserved in rows
    ]


def kept(session: Session) -> list[ProviderBalance]:
    """The balances as they were last told."""
    return list(session.scalars(select(ProviderBalance).order_by(ProviderBalance.provider, ProviderBalance.currency)))


def _open_things(session: Session) -> dict[str, dict[str, int]]:
    """How much is open at each provider: attempts to pay, payouts, refunds, disputes, groups with cash there."""
    counted = {
        "payments_open": select(Checkout.provider, func.count()).where(Checkout.state.in_(("opening", "open", "held"))),
        "payouts_open": select(Payout.provider, func.count()).where(Payout.state.in_((*UNDER_WAY, "held"))),
        "refunds_open": select(Refund.provider, func.count()).where(Refund.state.in_(REFUND_OPEN)),
        "disputes_open": select(Dispute.provider, func.count()).where(Dispute.state.in_(("open", "held"))),
        "groups_with_cash": select(Wallet.provider, func.count()).where(
            Wallet.kind == "cash", Wallet.balance_minor != 0, Wallet.provider.not_in((CASH_BOX, BANK))
        ),
    }
    found: dict[str, dict[str, int]] = {}
    for what, statement in counted.items():
        for provider, number in session.execute(statement.group_by(statement.selected_columns[0])):
            found.setdefault(provider, {})[what] = number
    return found


def _sent(session: Session, provider: str) -> dict[str, int]:
    payouts = (
        select(Group.currency, Payout.amount_minor + Payout.fee_minor)
        .join(Group, Group.id == Payout.group_id)
        .where(Payout.provider == provider, Payout.state.in_(MAY_HAVE_LEFT))
    )
    refunds = (
        select(Group.currency, Refund.amount_minor)
        .join(Group, Group.id == Refund.group_id)
        .where(Refund.provider == provider, Refund.state.in_(MAY_HAVE_LEFT))
    )
    sent: dict[str, int] = {}
    for statement in (payouts, refunds):
        for currency, amount in session.execute(statement):
            sent[currency] = sent.get(currency, 0) + amount
    return sent


def _compare(session: Session, provider: str, balance: Money, books: Books, at: datetime) -> None:
    currency = balance.currency
    before = session.get(ProviderBalance, (provider, currency))
    expected = Money(books.booked_minor - books.sent_minor, currency)
    is_below = balance.amount_minor < expected.amount_minor
    was_below = before is not None and before.balance_minor < before.booked_minor - books.sent_minor
    alarmed_at = before.alarmed_at if before is not None else None
    promised = Money(max(books.reserved_minor - books.sent_minor, 0), currency)
    fields = {"provider": provider, "balance": str(balance), "booked": str(expected), "promised": str(promised)}
    if balance.amount_minor < promised.amount_minor:
        if alarmed_at is None or at - alarmed_at >= ALARM_AGAIN_AFTER:
            alarmed_at = at
            log.error(
                "payouts would fail, less lies at the provider than is promised: top the balance up there, and see "
                "whether a settlement went to the bank",
                extra=fields,
            )
    elif is_below:
        log.warning("less lies at the provider than the books say", extra=fields)
    _keep(session, provider, balance, books, alarmed_at, at)
    if is_below and was_below:
        detail = "told twice in a row"
        if books.sent_minor:
            detail += f"; {Money(books.sent_minor, currency)} is on its way out and not counted"
        found = Finding("balance", currency, None, currency, expected.amount_minor, balance.amount_minor, detail)
        differences.note(session, provider, found, at)
    elif not is_below:
        differences.end_gone(session, provider, ("balance",), (currency,), (), at)


def _keep(
    session: Session, provider: str, balance: Money, books: Books, alarmed_at: datetime | None, at: datetime
) -> None:
    values = {
        "balance_minor": balance.amount_minor,
        "booked_minor": books.booked_minor,
        "reserved_minor": books.reserved_minor,
        "asked_at": at,
        "alarmed_at": alarmed_at,
    }
    statement = insert(ProviderBalance).values(provider=provider, currency=balance.currency, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["provider", "currency"], set_=values))
