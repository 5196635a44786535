"""Approvals: what a group is asked, who may vote about it, and how it ended. Says nothing about what happens then.

The electorate is everybody who is a member at the moment of the request, and stays so. The database counts: each of
these functions is one call that locks the group first, so of two votes in the same millisecond one decides.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select, text, update

from core.db import Session
from core.money import Money
from ledger import quorum
from ledger.audit import Cause
from ledger.models import Approval, Group, Vote
from ledger.postings import CAUSE, call

MONEY_SUBJECTS = ("withdrawal", "payout", "loan")
PAYING_SUBJECTS = (*MONEY_SUBJECTS, "removal")
"""What may end with a payout; whoever is removed is paid what is theirs by the same vote."""
REMIND_BEFORE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Subject:
    """What the group is asked. `user_id` is the member whom it is about, `amount` what would reach the payee, who is
    another member only when `details` say so ("payee").

    `destination` is where the money would go, in the words of the payments package; `details` are ids and plain values
    that carrying it out needs. `facts` is everything that the ballot says, and is frozen with it.
    """

    kind: str
    user_id: int | None = None
    amount: Money | None = None
    destination: str | None = None
    reason: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tally:
    """Where a vote stands. `state`: open, passed, failed, withdrawn or void."""

    approval_id: int
    state: str
    yes: int
    no: int
    eligible: int

    @property
    def needed(self) -> int:
        """The fewest yes votes that pass."""
        return quorum.needed_yes(self.eligible)


@dataclass(frozen=True, slots=True)
class Cast:
    """What became of somebody's vote. Only "counted" changed anything; `choice` is what stands for them now.

    `outcome`: counted, already (voted before), closed, late (its time is over), not_eligible (joined later, or abstains
    by the group's rule), left, or unknown.
    """

    outcome: str
    choice: str | None
    tally: Tally

    @property
    def decided(self) -> bool:
        """Whether this very vote has ended it: whoever sees True carries it out."""
        return self.outcome == "counted" and self.tally.state != "open"


def ask(session: Session, group: Group, subject: Subject, at: datetime, cause: Cause) -> Tally:
    """Asks the group; whoever asks has said yes with it, when they may vote. It may have passed already by that.

    It closes after the group's `vote_hours`. Raises `NobodyMayVote` when the only one who could vote abstains.
    """
    facts = json.dumps(subject.facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    uid = uuid4()
    payee = subject.details.get("payee", subject.user_id)
    abstains = payee if group.beneficiary_abstains and subject.kind in MONEY_SUBJECTS else None
    values = {
        "uid": str(uid),
        "kind": subject.kind,
        "user": subject.user_id,
        "amount": subject.amount.amount_minor if subject.amount else None,
        "destination": subject.destination,
        "details": json.dumps(subject.details, sort_keys=True, separators=(",", ":")),
        "reason": subject.reason,
        "sealed": Approval.facts.columns(facts, uid=uid)["facts_sealed"],
        "hash": hashlib.sha256(facts.encode()).digest(),
        "hours": group.vote_hours,
        "abstains": abstains,
    }
    row = call(session, _OPEN, group.id, cause, at, values)
    return Tally(row.approval, row.state, row.yes, row.no, row.eligible)


def vote(session: Session, group_id: int, approval_id: int, choice: str, at: datetime, cause: Cause) -> Cast:
    """The vote ("yes" or "no") of `cause.actor_id`. Never raises for a vote that does not count: `outcome` says why."""
    if choice not in ("yes", "no"):
        raise ValueError(f"{choice!r} is no vote")
    row = call(session, _CAST, group_id, cause, at, {"approval": approval_id, "choice": choice})
    tally = Tally(approval_id, row.state or "", row.yes or 0, row.no or 0, row.eligible or 1)
    return Cast(row.outcome, row.choice, tally)


def close(session: Session, group_id: int, approval_id: int, state: str, why: str, at: datetime, cause: Cause) -> bool:
    """Ends an open vote: "failed" at its deadline, "withdrawn" by whoever asked, "void" when its subject changed.

    False when it had ended before, or for "failed" when its time is not over.
    """
    return bool(call(session, _CLOSE, group_id, cause, at, {"approval": approval_id, "state": state, "why": why}).done)


def find(session: Session, group_id: int, approval_id: int) -> Approval | None:
    """The approval as it stands now."""
    found = select(Approval).where(Approval.group_id == group_id, Approval.id == approval_id)
    return session.scalar(found, execution_options={"populate_existing": True})


def facts_of(approval: Approval) -> dict[str, Any]:
    """What the ballot said, as it was frozen."""
    facts: dict[str, Any] = json.loads(approval.facts)
    return facts


def tally_of(approval: Approval) -> Tally:
    return Tally(approval.id, approval.state, approval.yes, approval.no, approval.eligible)


def open_ones(session: Session, group_id: int, kind: str | None = None, user_id: int | None = None) -> list[Approval]:
    """The group's open votes, the oldest first; only of this kind, or about this member, when given."""
    found = select(Approval).where(Approval.group_id == group_id, Approval.state == "open").order_by(Approval.id)
    if kind is not None:
        found = found.where(Approval.kind == kind)
    if user_id is not None:
        found = found.where(Approval.user_id == user_id)
    return list(session.scalars(found, execution_options={"populate_existing": True}))


def newest(session: Session, group_id: int, limit: int) -> list[Approval]:
    """The group's last votes, the newest first."""
    found = select(Approval).where(Approval.group_id == group_id).order_by(Approval.id.desc()).limit(limit)
    return list(session.scalars(found))


def choices(session: Session, group_id: int, approval_id: int) -> dict[int, str | None]:
    """Everybody who may vote, and what they said; None for the silent. The tally is public to the group."""
    rows = session.execute(
        select(Vote.user_id, Vote.choice)
        .where(Vote.group_id == group_id, Vote.approval_id == approval_id)
        .order_by(Vote.user_id)
    )
    return {user_id: choice for user_id, choice in rows}  # noqa: C416 (a row is no pair to mypy)


def silent(session: Session, group_id: int, approval_id: int) -> list[int]:
    """Who may still vote about it."""
    return [user_id for user_id, choice in choices(session, group_id, approval_id).items() if choice is None]


def void_all(
    session: Session, group_id: int, why: str, at: datetime, cause: Cause, *, destination: str | None = None,
    user_id: int | None = None,
) -> list[int]:  # fmt: skip
    """Voids the open votes about this destination or this member, since what was asked is no more; their numbers."""
    wanted = [
        approval
        for approval in open_ones(session, group_id, user_id=user_id)
        if destination is None or approval.destination == destination
    ]
    return [each.id for each in wanted if close(session, group_id, each.id, "void", why, at, cause)]


def overdue(session: Session, at: datetime, limit: int) -> Sequence[tuple[int, int]]:
    """(group, approval) of open votes whose time is over, the oldest first."""
    rows = session.execute(
        select(Approval.group_id, Approval.id)
        .where(Approval.state == "open", Approval.closes_at <= at)
        .order_by(Approval.closes_at)
        .limit(limit)
    )
    return [(group_id, approval_id) for group_id, approval_id in rows]


def take_reminders(session: Session, at: datetime, limit: int) -> Sequence[tuple[int, int]]:
    """(group, approval) of open votes whose silent members are to be reminded now; each is given out once.

    That is a day before the end, or half-way where there is less than two days.
    """
    rows = session.execute(_REMIND, {"at": at, "before": REMIND_BEFORE, "limit": limit})
    return [(group_id, approval_id) for group_id, approval_id in rows]


def mark_reminded(session: Session, approval_id: int, at: datetime) -> None:
    """Somebody has reminded everybody by hand: the next reminder is not sent."""
    session.execute(update(Approval).where(Approval.id == approval_id).values(reminded_at=at))


_OPEN = f"""SELECT * FROM open_approval(%(group)s, %(uid)s, %(kind)s, %(user)s, %(amount)s, %(destination)s,
    %(details)s, %(reason)s, %(sealed)s, %(hash)s, %(hours)s, %(abstains)s, {CAUSE})"""  # noqa: S608

_CAST = f"SELECT * FROM cast_vote(%(group)s, %(approval)s, %(choice)s, {CAUSE})"  # noqa: S608

_CLOSE = f"SELECT close_approval(%(group)s, %(approval)s, %(state)s, %(why)s, {CAUSE}) AS done"  # noqa: S608

_REMIND = text("""
    UPDATE approvals SET reminded_at = :at
     WHERE id IN (SELECT id FROM approvals
                   WHERE state = 'open' AND reminded_at IS NULL AND closes_at > :at
                     AND closes_at - least(CAST(:before AS interval), (closes_at - opened_at) / 2) <= :at
                   ORDER BY closes_at LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING group_id, id""")
