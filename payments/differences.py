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
from payments.models import DIFFERENCES, Difference

GONE = "gone"
POSTED = "found and posted"
CORRECTED = "corrected: "
"""How the reason begins of one that an operator has corrected: it is noted again if it comes back."""
LISTED_AT_MOST = 1_000

# What a person does about each, in commands that exist; a row says which side has what.
ACTIONS = {
    "collection_missed": (
        "They have money that is not booked. See why in `payments held`, then `payments book` it, or give it back "
        "there and `payments let-go`. One that is not held: `payments correct` asks about it once more and posts it."
    ),
    "collection_unknown": (
        "They have a payment that nobody here asked for. Find out at the provider who paid it and refund it there, "
        "then `payments settle-difference` with the reason."
    ),
    "collection_not_there": (
        "The books have money that they do not have. Look it up at the provider; if it never came, `payments correct` "
        "posts the opposite."
    ),
    "collection_amount": (
        "Another amount came than the one that is booked. `payments correct` books what came, and posts the opposite "
        "of what was booked."
    ),
    "collection_fee": (
        "They kept another fee than the one that is booked. Compare it with their price list and ask them; "
        "`payments correct` books the difference."
    ),
    "collection_reversed": (
        "They took a payment back that is still booked. `payments correct` posts that it is gone, and everybody hears."
    ),
    "payout_missed": (
        "They have paid what is not booked as paid. Never send it again. `payments correct` asks about it once more "
        "and posts it; see why it did not post in `payouts list`."
    ),
    "payout_unknown": (
        "Money left that nobody here sent. Find out who made the transfer at the provider; if nobody did, lock the "
        "account there and change its keys. Then `payments settle-difference` with what you found."
    ),
    "payout_not_there": (
        "The books say paid, they do not. Look it up at the provider and ask the member; if nothing came, "
        "`payments correct` posts the opposite, and the group can send it again."
    ),
    "payout_amount": (
        "Another amount left than the one that is booked, which no command can correct. Ask the provider, and the "
        "member what arrived; have the rest sent or brought back there, then `payments settle-difference`."
    ),
    "payout_fee": (
        "They took another fee for the payout than the one that is booked. Compare it with their price list and ask "
        "them; `payments correct` books the difference."
    ),
    "payout_reversed": (
        "A payout came back that is still booked as paid. `payments correct` posts the opposite, then the group can "
        "send it again."
    ),
    "refund_missed": (
        "They have given money back that is not booked as given back. See why in `payments returns`; "
        "`payments correct` asks about it once more and posts it."
    ),
    "refund_unknown": (
        "Somebody refunded a payment at the provider itself. Find out who and why; `payments correct` books it as a "
        "refund of that payment."
    ),
    "refund_amount": (
        "Another amount went back than the one that is booked. Ask the provider what the payer got; `payments correct` "
        "books that instead."
    ),
    "refund_failed": (
        "The books say that the payer has it back, they do not. Look it up at the provider; `payments correct` posts "
        "the opposite, so that the refund can be asked for again."
    ),
    "dispute_missed": (
        "A payer's bank wants money back, or has decided otherwise than the books say. Answer it at the provider "
        "before it is due; `payments correct` asks about it once more, and `payments dispute ID won|lost` writes down "
        "the end of one that is in `payments returns`."
    ),
    "settlement_sum": (
        "A settlement is not the sum of its collections. Compare its list at the provider; deductions, refunds and "
        "fees of another day are the usual reasons. Then `payments settle-difference` with the reason."
    ),
    "balance": (
        "Less lies there than the books say. See whether a settlement is under way or went to the bank: what you move "
        "for good is written down by `payments moved`. If not, look for a payout_unknown in `payments differences`, "
        "and do not pay out until it is found."
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


def end_corrected(session: Session, provider: str, kind: str, reference: str, because: str, at: datetime) -> bool:
    """Ends the open difference of this name, if there is one, once an operator has corrected the books."""
    return bool(
        session.scalars(
            update(Difference)
            .where(
                Difference.provider == provider,
                Difference.kind == kind,
                Difference.reference == reference,
                Difference.ended_at.is_(None),
            )
            .values(ended_at=at, ended_because=f"{CORRECTED}{because}")
            .returning(Difference.id)
        ).all()
    )


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
    session: Session,
    provider: str | None = None,
    group_id: int | None = None,
    since: datetime | None = None,
    kinds: Sequence[str] = DIFFERENCES,
) -> int:
    """How many are open of these kinds; with `since`, of those that were first seen then or later."""
    counted = select(func.count()).select_from(Difference).where(_about(provider, group_id), Difference.kind.in_(kinds))
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
    because = "" if last is None else last.ended_because or ""
    if last is None or because in (GONE, POSTED) or because.startswith(CORRECTED):
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
