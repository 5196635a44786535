"""The rows of what a provider's books and ours do not agree about: noted once, ended when gone, read with what to do.

A difference that a person has settled is not noted again, unless its amounts have changed since.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert

from core.db import Session
from core.money import Money
from ledger.models import Group
from payments.comparing import Finding
from payments.models import Difference

GONE = "gone"
POSTED = "found and posted"
LISTED_AT_MOST = 1_000

# What a person does about each; a row says which side has what.
ACTIONS = {
    "collection_missed": (
        "They have money that is not booked. It was asked about and did not post: see why in `payments held`, then "
        "`payments book` it, or give it back there and `payments let-go`."
    ),
    "collection_unknown": (
        "They have a payment that nobody here asked for. Find out at the provider who paid it, then refund it there, "
        "or settle this with the reason."
    ),
    "collection_not_there": (
        "The books have money that they do not have. Look it up at the provider; if it never came, reverse the "
        "payment in the group's book."
    ),
    "collection_amount": (
        "Another amount came than the one that is booked. Refund what is too much, or reverse the payment and book "
        "what came."
    ),
    "collection_fee": (
        "They kept another fee than the one that is booked. Compare it with their price list; ask them, or settle "
        "this with the reason."
    ),
    "collection_reversed": (
        "They took a payment back that is still booked. Reverse it in the group's book and tell the officers."
    ),
    "payout_missed": (
        "They have paid what is not booked as paid. It was asked about and did not post: see `payouts list`, and "
        "never send it again."
    ),
    "payout_unknown": (
        "Money left that nobody here sent. Find out who made the transfer at the provider; if nobody did, lock the "
        "account there and change its keys."
    ),
    "payout_not_there": (
        "The books say paid, they do not. Look it up at the provider and ask the member; if nothing came, reverse the "
        "payout in the group's book."
    ),
    "payout_amount": (
        "Another amount left than the one that is booked. Ask the provider, and the member what arrived."
    ),
    "payout_fee": (
        "They took another fee for the payout than the one that is booked. Compare it with their price list; ask "
        "them, or settle this with the reason."
    ),
    "payout_reversed": (
        "A payout came back that is still booked as paid. Reverse it in the group's book, then the group can send it "
        "again."
    ),
    "refund_missed": (
        "They have given money back that is not booked as given back. It was asked about and did not post: see why it "
        "is held here."
    ),
    "refund_unknown": (
        "Somebody refunded a payment at the provider itself. Find out who and why, and book it as a refund."
    ),
    "refund_amount": ("Another amount went back than the one that was asked for. Ask the provider what the payer got."),
    "refund_failed": (
        "The books say that the payer has it back, they do not. Look it up at the provider, and ask for the refund "
        "again."
    ),
    "dispute_missed": (
        "A payer's bank wants money back, or has decided, and nothing is noted. Answer it at the provider before it "
        "is due."
    ),
    "settlement_sum": (
        "A settlement is not the sum of its collections. Compare its list at the provider; deductions, refunds and "
        "fees of another day are the usual reasons."
    ),
    "balance": (
        "Less lies there than the books say. See whether a settlement is under way or went to the bank; if not, look "
        "for a payout_unknown, and do not pay out until it is found."
    ),
}


@dataclass(frozen=True, slots=True)
class OpenDifference:
    """An open row for people: `group_code` is "" where it is about no group, `action` what to do about it."""

    id: int
    provider: str
    kind: str
    reference: str
    group_code: str
    ours: Money | None
    theirs: Money | None
    detail: str
    first_seen_at: datetime

    @property
    def action(self) -> str:
        return ACTIONS[self.kind]


def note(session: Session, provider: str, finding: Finding, at: datetime) -> int | None:
    """Writes a difference, or that it is still there. Returns the row; None where a person has settled just that."""
    if _is_settled(session, provider, finding):
        return None
    told = {"ours_minor": finding.ours_minor, "theirs_minor": finding.theirs_minor, "detail": finding.detail}
    statement = insert(Difference).values(
        provider=provider,
        kind=finding.kind,
        reference=finding.reference,
        group_id=finding.group_id,
        currency=finding.currency,
        first_seen_at=at,
        last_seen_at=at,
        **told,
    )
    return session.scalars(
        statement.on_conflict_do_update(
            index_elements=["provider", "kind", "reference"],
            index_where=Difference.ended_at.is_(None),
            set_={**told, "group_id": finding.group_id, "last_seen_at": at},
        ).returning(Difference.id)
    ).one()


def end(session: Session, difference_id: int, because: str, at: datetime) -> bool:
    """Ends an open difference, which is kept with the reason. False when there is no such open one."""
    ended = session.scalar(
        update(Difference)
        .where(Difference.id == difference_id, Difference.ended_at.is_(None))
        .values(ended_at=at, ended_because=because)
        .returning(Difference.id)
    )
    return ended is not None


def end_gone(
    session: Session,
    provider: str,
    kinds: Sequence[str],
    references: Collection[str],
    still: Collection[tuple[str, str]],
    at: datetime,
) -> int:
    """Ends what is open about these references, of these kinds, and not among `still` (kind, reference); how many."""
    about = (Difference.provider == provider) & Difference.ended_at.is_(None) & Difference.kind.in_(kinds)
    rows = session.scalars(select(Difference).where(about, Difference.reference.in_(references))).all()
    gone = [row for row in rows if (row.kind, row.reference) not in still]
    return sum(end(session, row.id, GONE, at) for row in gone)


def open_now(
    session: Session, provider: str | None = None, group_id: int | None = None, limit: int = LISTED_AT_MOST
) -> list[OpenDifference]:
    """What is open, the newest last; at most `limit`, the newest of them."""
    rows = session.execute(
        select(Difference, Group.code)
        .outerjoin(Group, Group.id == Difference.group_id)
        .where(_about(provider, group_id))
        .order_by(Difference.first_seen_at.desc(), Difference.id.desc())
        .limit(limit)
    ).all()
    return [_shown(row, code) for row, code in reversed(rows)]


def count_open(
    session: Session, provider: str | None = None, group_id: int | None = None, since: datetime | None = None
) -> int:
    """How many are open; with `since`, of those that were first seen then or later."""
    counted = select(func.count()).select_from(Difference).where(_about(provider, group_id))
    if since is not None:
        counted = counted.where(Difference.first_seen_at >= since)
    return session.scalar(counted) or 0


def age(since: datetime, at: datetime) -> str:
    """How long something has been so, for people: `5 min`, `7 h`, `3 d`."""
    passed = max(at - since, timedelta(0))
    if passed < timedelta(hours=1):
        return f"{passed // timedelta(minutes=1)} min"
    return f"{passed // timedelta(hours=1)} h" if passed < timedelta(days=1) else f"{passed.days} d"


def _is_settled(session: Session, provider: str, finding: Finding) -> bool:
    same = (Difference.provider == provider, Difference.kind == finding.kind, Difference.reference == finding.reference)
    last = session.scalars(
        select(Difference)
        .where(*same, Difference.ended_at.is_not(None))
        .order_by(Difference.ended_at.desc(), Difference.id.desc())
        .limit(1)
    ).one_or_none()
    if last is None or last.ended_because in (GONE, POSTED):
        return False
    if finding.kind == "balance":
        # Settled as "it went to the bank", say: the balance changes all day, and only a larger gap is news.
        return _gap(finding) <= _gap(last)
    return (last.ours_minor, last.theirs_minor) == (finding.ours_minor, finding.theirs_minor)


def _gap(told: Finding | Difference) -> int:
    return (told.ours_minor or 0) - (told.theirs_minor or 0)


def _about(provider: str | None, group_id: int | None) -> ColumnElement[bool]:
    about: list[ColumnElement[bool]] = [Difference.ended_at.is_(None)]
    if provider is not None:
        about.append(Difference.provider == provider)
    if group_id is not None:
        about.append(Difference.group_id == group_id)
    return and_(*about)


def _shown(row: Difference, group_code: str | None) -> OpenDifference:
    def money(amount_minor: int | None) -> Money | None:
        return None if amount_minor is None else Money(amount_minor, row.currency)

    return OpenDifference(
        id=row.id,
        provider=row.provider,
        kind=row.kind,
        reference=row.reference,
        group_code=group_code or "",
        ours=money(row.ours_minor),
        theirs=money(row.theirs_minor),
        detail=row.detail,
        first_seen_at=row.first_seen_at,
    )
