"""People, groups and money in a few verbs, on the product's own functions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count

from sqlalchemy import select, text

from core.db import Session
from core.money import Money
from ledger import approvals, contributions, groups
from ledger.approvals import Subject
from ledger.audit import Cause
from ledger.models import DECIDED_BY, RETURNS, AuditRow, Entry, Group, Membership, Receipt, Transaction, User, Wallet
from ledger.postings import Leg, Movement, Posted

AT = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
CAUSE = Cause(actor_id=None, channel="sms", message_id="SM31415")
PROVIDER = "paystack"
_numbers = count(1)


@dataclass(frozen=True)
class World:
    """Umoja with its chair Ama and its member Baraka; Harambee with Chidi alone; both in Kenya."""

    ama: User
    baraka: User
    chidi: User
    umoja: Group
    harambee: Group


def person(session: Session, name: str, phone: str | None = None) -> User:
    user = User(name=name, phone=phone or f"+2547{next(_numbers):08d}")
    session.add(user)
    session.flush()
    return user


def founded(session: Session, chair: User, name: str) -> Group:
    return groups.create(session, chair, name, AT, CAUSE)


def populated(session: Session) -> World:
    ama, baraka, chidi = (person(session, name) for name in ("Ama", "Baraka", "Chidi"))
    umoja, harambee = founded(session, ama, "Umoja"), founded(session, chidi, "Harambee")
    groups.join(session, umoja, baraka.id, AT, CAUSE)
    session.flush()
    return World(ama, baraka, chidi, umoja, harambee)


def wish(session: Session, group: Group, user: User, amount_minor: int = 5000, key: str | None = None) -> Transaction:
    """A pending contribution."""
    amount = Money(amount_minor, group.currency)
    return contributions.begin(session, group.id, user.id, amount, key or f"wish-{next(_numbers)}", AT, CAUSE)


def pay(session: Session, transaction: Transaction, fee_minor: int = 0, gross_minor: int | None = None) -> Posted:
    """The money for a contribution came; without `gross_minor` the payer paid exactly what is credited."""
    gross = transaction.amount_minor if gross_minor is None else gross_minor
    return contributions.complete(session, transaction, PROVIDER, gross, fee_minor, AT, CAUSE)


def saved(session: Session, group: Group, user: User, amount_minor: int = 5000) -> Transaction:
    """A contribution that was paid."""
    transaction = wish(session, group, user, amount_minor)
    pay(session, transaction)
    session.refresh(transaction)
    return transaction


def voted(session: Session, group_id: int, kind: str, user_id: int | None, amount_minor: int) -> int:
    """A vote that has passed for a movement of this kind, about this member and this amount; its number.

    The first member asks, and the others say yes until it has passed: two lines of the chain, and one for each yes.
    """
    group = session.get_one(Group, group_id)
    first, *others = session.scalars(
        select(Membership.user_id)
        .where(Membership.group_id == group_id, Membership.status == "active")
        .order_by(Membership.user_id)
    )
    subject = Subject(DECIDED_BY[kind][0], user_id, Money(amount_minor, group.currency))
    tally = approvals.ask(session, group, subject, AT, Cause(first, "sms"))
    for other in others[: tally.needed - 1]:
        tally = approvals.vote(session, group_id, tally.approval_id, "yes", AT, Cause(other, "sms")).tally
    assert tally.state == "passed"
    return tally.approval_id


def whose(legs: Sequence[Leg]) -> int | None:
    """The one member whose wallets these legs name, if there is just one."""
    owners = {leg.user_id for leg in legs if leg.user_id}
    return owners.pop() if len(owners) == 1 else None


def going_back(legs: Sequence[Leg]) -> int:
    """What reaches the payer by a refund or a chargeback with these legs, in minor units."""
    return sum(leg.amount_minor for leg in legs if leg.kind in ("cash", "fee_expense"))


def payment_of(session: Session, group_id: int, user_id: int | None, amount_minor: int) -> int:
    """A contribution of this member by which at least so much was paid; its number."""
    found = text("""
        SELECT t.id FROM transactions t JOIN entries e ON e.transaction_id = t.id JOIN wallets w ON w.id = e.wallet_id
         WHERE t.group_id = :group AND t.kind = 'contribution' AND t.state = 'completed' AND t.user_id = :user
           AND w.kind IN ('cash', 'fee_expense')
         GROUP BY t.id HAVING -sum(e.amount_minor) >= :amount ORDER BY t.id DESC LIMIT 1""")
    values = {"group": group_id, "user": user_id, "amount": amount_minor}
    return int(session.execute(found, values).scalar_one())


def allowed(session: Session, movement: Movement) -> Movement:
    """The movement with the vote that it needs, if money leaves by it, or with the payment that it gives back."""
    if movement.kind in RETURNS:
        user_id, amount = whose(movement.legs), going_back(movement.legs)
        payment = payment_of(session, movement.group_id, user_id, amount)
        money = Money(amount, movement.amount.currency)
        return replace(movement, amount=money, user_id=user_id, returns_id=payment)
    if movement.kind not in DECIDED_BY:
        return movement
    amount = movement.amount.amount_minor
    return replace(movement, approval_id=voted(session, movement.group_id, movement.kind, movement.user_id, amount))


def savings_legs(user: User, amount_minor: int = 5000) -> list[Leg]:
    """Dr cash, Cr savings; with a negative amount the way back."""
    return [Leg("cash", -amount_minor, provider=PROVIDER), Leg("savings", amount_minor, user_id=user.id)]


def as_owner(session: Session) -> None:
    """From here on until the end of the transaction as the tables' owner, whom only their rules can stop."""
    session.execute(text("SET LOCAL ROLE NONE"))


def open_wallet(session: Session, group: Group, kind: str, provider: str = "", user_id: int = 0) -> int:
    statement = text("SELECT open_wallet(:group, :kind, :user, :provider, :at, NULL, 'sms', NULL)")
    values = {"group": group.id, "kind": kind, "user": user_id, "provider": provider, "at": AT}
    return int(session.execute(statement, values).scalar_one())


def open_cash(session: Session, group: Group) -> None:
    open_wallet(session, group, "cash", PROVIDER)


def balances(session: Session, group: Group) -> dict[tuple[str, int | str], int]:
    """(kind, owner or provider) → balance, of the wallets that ever moved."""
    rows = session.execute(
        select(Wallet.kind, Wallet.user_id, Wallet.provider, Wallet.balance_minor).where(
            Wallet.group_id == group.id, Wallet.version > 0
        )
    )
    return {(kind, user_id or provider): balance for kind, user_id, provider, balance in rows}


def entries(session: Session, transaction: Transaction) -> list[Entry]:
    return list(session.scalars(select(Entry).where(Entry.transaction_id == transaction.id).order_by(Entry.wallet_id)))


def receipt_numbers(session: Session, group: Group) -> list[int]:
    return list(session.scalars(select(Receipt.number).where(Receipt.group_id == group.id).order_by(Receipt.number)))


def audit_lines(session: Session, group: Group) -> list[AuditRow]:
    return list(session.scalars(select(AuditRow).where(AuditRow.group_id == group.id).order_by(AuditRow.seq)))


def row_counts(session: Session) -> tuple[int, ...]:
    """How many entries, receipts and audit lines there are, and the sum of all wallets' versions."""
    return tuple(
        session.execute(
            text("""SELECT (SELECT count(*) FROM entries), (SELECT count(*) FROM receipts),
                           (SELECT count(*) FROM audit_log), (SELECT sum(version) FROM wallets)""")
        ).one()
    )
