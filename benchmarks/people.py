"""Members and groups to measure with, made through the ledger's own functions before any clock runs."""

import itertools
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from core import clock, db
from core.db import Session
from core.money import Money
from ledger import contributions, groups
from ledger import legs as legs_of
from ledger.audit import Cause
from ledger.models import Group, User
from ledger.postings import Leg

PROVIDER = "paystack"
AMOUNT = Money(500_000, "KES")
FEE_MINOR = 7_615
GROSS_MINOR = AMOUNT.amount_minor + FEE_MINOR
MESSAGE_ID = "SM" + "0" * 32

_numbers = itertools.count(700_000_000)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who belongs to one group and has saved once."""

    user_id: int
    group_id: int
    phone: str


def settle(group_count: int, members_each: int) -> list[Member]:
    """New groups of new members, each of whom has saved once; neighbours in the list are of different groups."""
    by_group = [_settle_group(members_each) for _ in range(group_count)]
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # A database in use has statistics. Without them, plans would change when autovacuum comes by in mid-run.
        connection.execute(text("ANALYZE"))
    return [member for row in zip(*by_group, strict=True) for member in row]


def legs(user_id: int) -> list[Leg]:
    """The legs of a contribution whose payer bore the fee."""
    return legs_of.contribution(user_id, PROVIDER, AMOUNT.amount_minor, GROSS_MINOR, FEE_MINOR)


def contribute(session: Session, group_id: int, user_id: int, key: str, at: datetime) -> None:
    """One contribution from the wish to the receipt."""
    cause = Cause(user_id, "whatsapp", MESSAGE_ID)
    transaction = contributions.begin(session, group_id, user_id, AMOUNT, key, at, cause)
    contributions.complete(session, transaction, PROVIDER, GROSS_MINOR, FEE_MINOR, at, cause)


def _settle_group(size: int) -> list[Member]:
    at = clock.now()
    with db.session() as session:
        users = [User(phone=f"+254{next(_numbers)}", name="Ama", country="KE") for _ in range(size)]
        session.add_all(users)
        session.flush()
        group = groups.create(session, users[0], "Umoja", at, _cause(users[0]))
        for user in users[1:]:
            groups.join(session, group, user.id, at, _cause(user))
        for user in users:
            contribute(session, group.id, user.id, f"first:{user.id}", at)
        session.commit()
        return [_member(user, group) for user in users]


def _member(user: User, group: Group) -> Member:
    return Member(user.id, group.id, user.phone or "")


def _cause(user: User) -> Cause:
    return Cause(user.id, "whatsapp", MESSAGE_ID)
