"""Withdrawals that were asked for and promised: who holds what, and what is still available."""

from sqlalchemy import select, text

from core import db
from core.money import Money
from ledger import legs, transactions
from ledger.models import Group, Reservation, Transaction, User, Wallet
from ledger.postings import Leg, Posted, post
from tests.ledger.actors import AT, CAUSE, PROVIDER, World, voted

SAVED = 10_000
PART = 6_000


def asked(session: db.Session, group: Group, user: User, amount_minor: int = PART) -> Transaction:
    """A withdrawal that somebody asked for, and the group has said yes."""
    key = f"withdrawal {session.query(Transaction).count()}"
    amount = Money(amount_minor, group.currency)
    vote = voted(session, group.id, "withdrawal", user.id, amount_minor)
    return transactions.begin(session, group.id, "withdrawal", user.id, amount, key, AT, CAUSE, approval_id=vote)


def holds(user: User, amount_minor: int = PART) -> list[Leg]:
    """What a withdrawal holds: the member's savings, and the money that will be sent."""
    return [Leg("savings", amount_minor, user.id), Leg("cash", amount_minor, provider=PROVIDER)]


def reserve(session: db.Session, transaction: Transaction, held: list[Leg]) -> bool:
    return transactions.reserve(session, transaction.group_id, transaction.id, held, AT, CAUSE)


def promised(session: db.Session, world: World, amount_minor: int = PART) -> Transaction:
    """Ama's withdrawal with everything that it needs held."""
    transaction = asked(session, world.umoja, world.ama, amount_minor)
    assert reserve(session, transaction, holds(world.ama, amount_minor))
    return transaction


def sent(session: db.Session, world: World, transaction: Transaction, amount_minor: int = PART) -> Posted:
    moved = legs.withdrawal(world.ama.id, PROVIDER, amount_minor, amount_minor, 0)
    return post(session, world.umoja.id, transaction.id, moved, AT, CAUSE)


def wallet(session: db.Session, group: Group, kind: str = "savings") -> tuple[int, int, int, int]:
    """(balance, reserved, available, version) of Ama's savings, or of the group's wallet of another kind."""
    found = session.scalars(
        select(Wallet)
        .where(Wallet.group_id == group.id, Wallet.kind == kind, Wallet.balance_minor != 0)
        .execution_options(populate_existing=True)
    ).one()
    return found.balance_minor, found.reserved_minor, found.available_minor, found.version


def states(session: db.Session, transaction: Transaction) -> list[tuple[str, int]]:
    rows = session.execute(
        select(Reservation.state, Reservation.amount_minor)
        .where(Reservation.transaction_id == transaction.id)
        .order_by(Reservation.wallet_id)
    )
    return [(state, amount) for state, amount in rows]


def reserved(session: db.Session, group: Group) -> int:
    total: int = session.execute(
        text("SELECT CAST(coalesce(sum(reserved_minor), 0) AS bigint) FROM wallets WHERE group_id = :group"),
        {"group": group.id},
    ).scalar_one()
    return total
