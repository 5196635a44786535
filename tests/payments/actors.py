"""The vocabulary of the payments' tests: a group that saves, what a member wishes, what the provider says about it."""

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from sqlalchemy import select

from core import clock, db
from core.db import Session
from core.money import Money
from core.outbox import OutboxRow
from ledger import audit, groups
from ledger.audit import Cause
from ledger.models import AuditRow, Entry, Group, Receipt, Transaction, User, Wallet
from payments import collections
from payments.models import Checkout, Collection
from payments.provider import Outcome, Quote, Verification

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
# By hand: 500.00 with its fee on top. 507.61 would cover it, M-PESA sends 508.00, and Paystack keeps 1.5 % of that.
OF_500 = Quote(amount=Money(50_000, "KES"), fee=Money(762, "KES"), gross=Money(50_800, "KES"))
BY_CHAT = Cause(actor_id=None, channel="whatsapp")
COUNTRIES = {"KES": "+2547120{:05d}", "NGN": "+23480312{:05d}", "GHS": "+2332441{:05d}", "UGX": "+25677212{:04d}"}

_numbers = itertools.count(10_000)


@dataclass(frozen=True)
class Saver:
    """A member of a group of their own."""

    group_id: int
    user_id: int
    currency: str

    def money(self, major: str) -> Money:
        whole, _, cents = major.partition(".")
        return Money(int(whole) * 100 + int(cents or 0), self.currency)


def a_saver(session: Session, currency: str = "KES", name: str = "Ama", **rules: Any) -> Saver:
    """Somebody who founded a group in this currency; `rules` are columns of the group."""
    user = User(phone=COUNTRIES[currency].format(next(_numbers) % 100_000), name=name)
    session.add(user)
    session.flush()
    group = groups.create(session, user, "Umoja", AT, Cause(user.id, "whatsapp"))
    for column, value in rules.items():
        setattr(group, column, value)
    session.flush()
    assert group.currency == currency
    return Saver(group.id, user.id, currency)


def wishes(session: Session, saver: Saver, major: str, message: str | None = None, at: datetime = AT) -> Collection:
    """The member asks to contribute an amount."""
    cause = Cause(saver.user_id, "whatsapp", message or f"SM{next(_numbers)}")
    return collections.request(session, saver.group_id, saver.user_id, saver.money(major), at, cause)


def a_checkout(session: Session, collection: Collection, state: str = "open") -> Checkout:
    """A checkout page of the contribution, as it is after the button was pressed."""
    checkout = Checkout(
        group_id=collection.group_id,
        transaction_id=collection.transaction_id,
        provider=collection.provider,
        reference=f"gw-{collection.transaction_id}-{next(_numbers):016d}",
        state=state,
        url="https://pay.example/c/1" if state == "open" else None,
        next_check_at=AT,
        created_at=AT,
    )
    session.add(checkout)
    transaction = session.get_one(Transaction, collection.transaction_id)
    if transaction.state == "pending":
        transaction.state = "processing"
    session.flush()
    return checkout


def says(
    collection: Collection, checkout: Checkout, status: str = "success", currency: str = "KES", **changes: Any
) -> Verification:
    """What the provider says about a checkout: paid as quoted, unless changed."""
    if status != "success":
        return Verification(changes.get("outcome", Outcome.PENDING), status, checkout.reference)
    values = {
        "reference": checkout.reference,
        "paid": Money(collection.gross_minor, currency),
        "fee": Money(collection.fee_minor, currency),
    }
    return Verification(Outcome.SUCCEEDED, "success", **(values | changes))


def declined(checkout: Checkout) -> Verification:
    return Verification(Outcome.DECLINED, "failed", checkout.reference)


def balances(session: Session, group_id: int) -> dict[str, int]:
    """What each kind of wallet of the group holds (credit positive), wallets at zero left out."""
    session.expire_all()
    rows = session.execute(select(Wallet.kind, Wallet.balance_minor).where(Wallet.group_id == group_id))
    return {kind: balance for kind, balance in rows if balance}


def transactions(session: Session, group_id: int) -> list[tuple[str, int]]:
    """The group's transactions in their order: state and amount."""
    session.expire_all()
    rows = session.execute(
        select(Transaction.state, Transaction.amount_minor)
        .where(Transaction.group_id == group_id)
        .order_by(Transaction.id)
    )
    return [(state, amount) for state, amount in rows]


def receipts(session: Session, group_id: int) -> list[int]:
    return list(session.scalars(select(Receipt.number).where(Receipt.group_id == group_id).order_by(Receipt.number)))


def history(session: Session, group_id: int) -> list[str]:
    """The actions in the group's audit log, without the opening of wallets."""
    happened = (AuditRow.group_id == group_id) & (AuditRow.action != "wallet_opened")
    found = select(AuditRow.action).where(happened).order_by(AuditRow.seq)
    return list(session.scalars(found))


def outbox(session: Session, kind: str = "") -> list[tuple[str, dict[str, Any]]]:
    """The work that was put out, in its order: kind and payload."""
    rows = session.execute(select(OutboxRow.kind, OutboxRow.payload).order_by(OutboxRow.id))
    return [(found, payload) for found, payload in rows if kind in found]


def outbox_of(session: Session, saver: Saver) -> list[str]:
    """The kinds of work about this group's contributions, for tests that share a database."""
    own = set(session.scalars(select(Transaction.id).where(Transaction.group_id == saver.group_id)))
    checkouts = set(session.scalars(select(Checkout.id).where(Checkout.group_id == saver.group_id)))
    return [
        kind
        for kind, payload in outbox(session)
        if payload.get("transaction") in own or payload.get("checkout") in checkouts
    ]


def assert_books_are_whole(session: Session, group_id: int) -> None:
    """What must be true whatever happened: zero sums, wallets that agree with entries, an unbroken history."""
    session.expire_all()
    entries = session.scalars(select(Entry).where(Entry.group_id == group_id)).all()
    assert sum(entry.amount_minor for entry in entries) == 0
    for transaction_id in {entry.transaction_id for entry in entries}:
        assert sum(entry.amount_minor for entry in entries if entry.transaction_id == transaction_id) == 0
    for wallet in session.scalars(select(Wallet).where(Wallet.group_id == group_id)):
        assert wallet.balance_minor == sum(e.amount_minor for e in entries if e.wallet_id == wallet.id)
    numbers = receipts(session, group_id)
    assert numbers == list(range(1, len(numbers) + 1))
    assert audit.first_broken_line(session, group_id) is None


def the_group(session: Session, saver: Saver) -> Group:
    return session.get_one(Group, saver.group_id)


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Runs all works in threads that start together; what each returned, or the first error raised."""
    start = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        start.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future in [pool.submit(run, work) for work in works]]


def run_outbox(kind: str = "") -> list[str]:
    """Runs the pending work whose kind begins so, each job as a worker would; returns the kinds in their order."""
    with db.session() as session:
        rows = session.execute(
            select(OutboxRow.id, OutboxRow.kind)
            .where(OutboxRow.state == "pending", OutboxRow.kind.startswith(kind))
            .order_by(OutboxRow.id)
        ).all()
    done = []
    for row_id, found in rows:
        package, name = found.split(".")
        getattr(import_module(f"{package}.jobs"), name)(row_id)
        done.append(found)
    return done


def a_link(major: str = "500") -> tuple[Saver, str]:
    """A member's pay link, committed."""
    with db.session() as session:
        saver = a_saver(session)
        token = wishes(session, saver, major, at=clock.now()).token
        session.commit()
    return saver, token


def checkouts(token: str) -> list[Checkout]:
    with db.session() as session:
        return list(
            session.scalars(
                select(Checkout)
                .join(Collection, Collection.transaction_id == Checkout.transaction_id)
                .where(Collection.token == token)
                .order_by(Checkout.id)
            )
        )


def state_of(saver: Saver) -> list[tuple[str, int]]:
    with db.session() as session:
        return transactions(session, saver.group_id)
