"""Open transactions, made by the thousand before a round, so that the round is postings and nothing else.

What a round leaves over stays open: a busy product has thousands of unpaid links, and a posting must not care.
"""

from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import text

from benchmarks.people import AMOUNT, MESSAGE_ID, Member
from core import db


@dataclass(frozen=True)
class Payers:
    """Members with consecutive ids, group by group. `stride` leads from one to a member of another group."""

    members: list[Member]
    stride: int

    @property
    def first_user_id(self) -> int:
        return self.members[0].user_id


@dataclass(frozen=True)
class Prepared:
    """Open transactions with consecutive ids, in equal parts for each client.

    Transaction `first_id + n` belongs to member `n * stride` modulo their number: simple enough for pgbench.
    """

    payers: Payers
    first_id: int
    each: int

    def member(self, number: int) -> Member:
        return self.payers.members[number * self.payers.stride % len(self.payers.members)]


def payers(members: list[Member], members_each: int) -> Payers:
    """Raises `RuntimeError` when somebody else made users between these."""
    ordered = sorted(members, key=lambda member: member.user_id)
    if ordered[-1].user_id - ordered[0].user_id != len(ordered) - 1:
        raise RuntimeError("the members' ids have gaps")
    first = ordered[0]
    if any(m.group_id - first.group_id != (m.user_id - first.user_id) // members_each for m in ordered):
        raise RuntimeError("the groups' ids have gaps")
    return Payers(ordered, members_each + 1)


def prepare(payers: Payers, clients: int, at_least: int) -> Prepared:
    """At least so many open transactions for all clients together."""
    each = at_least // clients + 1
    with db.session() as session:
        row = session.execute(
            _PREPARE,
            {
                "batch": uuid4().hex,
                "count": each * clients,
                "first_user": payers.first_user_id,
                "stride": payers.stride,
                "size": len(payers.members),
                "currency": AMOUNT.currency,
                "amount": AMOUNT.amount_minor,
                "message": MESSAGE_ID,
            },
        ).one()
        session.commit()
    if row.last_id - row.first_id != each * clients - 1:
        raise RuntimeError("the prepared transactions' ids have gaps")
    return Prepared(payers, row.first_id, each)


_PREPARE = text("""
    WITH made AS (
        INSERT INTO transactions (group_id, user_id, kind, currency, amount_minor, idempotency_key, channel,
                                  message_id, created_at)
        SELECT m.group_id, m.user_id, 'contribution', :currency, :amount, :batch || n, 'whatsapp', :message, now()
          FROM generate_series(0, :count - 1) n
          JOIN memberships m ON m.user_id = :first_user + n * :stride % :size
         ORDER BY n
        RETURNING id)
    SELECT min(id) AS first_id, max(id) AS last_id FROM made""")
