"""Challenges: what a member is asked from outside their conversation, with a code that only their own phone has seen.

The sender of an SMS can be forged, the receiver cannot: whoever knows the code receives at that number. A code is good
for one thing, once, and as long as the thing itself; three wrong ones cancel every code the member has.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from bot.models import Challenge
from bot.outgoing import Button
from bot.texts import Sentence
from core import tokens
from core.db import Session

MOST_WRONG = 3
CODES_A_DAY = 5
WRONG_CONFIRMATIONS_A_DAY = 6
ANSWERABLE = ("open", "cancelled")
"""A cancelled one has lost its code; the button on WhatsApp, which nobody can guess, still answers it."""


def issue(
    session: Session, user_id: int, group_id: int, kind: str, subject_id: int, expires_at: datetime, at: datetime
) -> Challenge | None:
    """The member's challenge about this: the one that is open, or a new one. None after five new codes in a day.

    Nobody can guess for long, even if they have the cancelled codes replaced again and again.
    """
    about = (Challenge.user_id == user_id, Challenge.kind == kind, Challenge.subject_id == subject_id)
    known = session.scalar(select(Challenge).where(*about, Challenge.state == "open", Challenge.expires_at > at))
    if known is not None:
        return known
    session.execute(update(Challenge).where(*about, Challenge.state == "open").values(state="expired"))
    recent = session.scalar(select(func.count()).where(*about, Challenge.created_at > at - timedelta(days=1)))
    if (recent or 0) >= CODES_A_DAY:
        return None
    challenge = Challenge(
        group_id=group_id,
        user_id=user_id,
        kind=kind,
        subject_id=subject_id,
        code=new_code(session, user_id),
        token=tokens.new(12),
        wrong=0,
        state="open",
        created_at=at,
        expires_at=expires_at,
    )
    session.add(challenge)
    session.flush()
    return challenge


def buttons(challenge: Challenge) -> list[Button]:
    """Yes and no for WhatsApp, each with a payload that is good once."""
    return [(Sentence("button-yes"), f"y:{challenge.token}"), (Sentence("button-no"), f"n:{challenge.token}")]


def by_code(session: Session, user_id: int, code: str) -> Challenge | None:
    """The member's newest challenge with this code, open or not."""
    return _newest(session, user_id, Challenge.code == code)


def by_token(session: Session, user_id: int, token: str) -> Challenge | None:
    """The member's challenge behind a button, open or not."""
    return _newest(session, user_id, Challenge.token == token)


def open_ones(session: Session, user_id: int, at: datetime, kind: str | None = None) -> list[Challenge]:
    """What the member has been asked and not answered, the oldest first."""
    found = select(Challenge).where(Challenge.user_id == user_id, Challenge.state == "open", Challenge.expires_at > at)
    if kind is not None:
        found = found.where(Challenge.kind == kind)
    return list(session.scalars(found.order_by(Challenge.id)))


def use(session: Session, challenge: Challenge) -> bool:
    """Takes the answer; False when somebody was faster. Only one answer to a challenge is ever taken."""
    answerable = Challenge.state.in_(ANSWERABLE)
    taken = update(Challenge).where(Challenge.id == challenge.id, answerable).values(state="used")
    return session.scalar(taken.returning(Challenge.id)) is not None


def waiting(session: Session, user_id: int, group_id: int, at: datetime) -> list[Challenge]:
    """The newest challenge about each thing that the member may still answer, but for ballots; the oldest first."""
    found = select(Challenge).where(
        Challenge.user_id == user_id,
        Challenge.group_id == group_id,
        Challenge.kind.not_in(("ballot", "confirm")),
        Challenge.expires_at > at,
    )
    newest = {(each.kind, each.subject_id): each for each in session.scalars(found.order_by(Challenge.id))}
    return [each for each in newest.values() if each.state in ANSWERABLE]


def note_wrong_confirmation(session: Session, user_id: int, group_id: int, at: datetime) -> None:
    """Remembers that somebody answered a confirmation of this member with a wrong code."""
    session.add(
        Challenge(
            group_id=group_id, user_id=user_id, kind="confirm", subject_id=0, code="0000", token=tokens.new(12),
            wrong=1, state="expired", created_at=at, expires_at=at,
        )
    )  # fmt: skip
    session.flush()


def too_many_wrong_confirmations(session: Session, user_id: int, at: datetime) -> bool:
    """Whether so many were wrong in the last day that nothing is confirmed by SMS any more: somebody is guessing."""
    recent = select(func.count()).where(
        Challenge.user_id == user_id, Challenge.kind == "confirm", Challenge.created_at > at - timedelta(days=1)
    )
    return (session.scalar(recent) or 0) >= WRONG_CONFIRMATIONS_A_DAY


def new_code(session: Session, user_id: int) -> str:
    """Four figures that mean nothing else to this member now."""
    taken = set(session.scalars(select(Challenge.code).where(Challenge.user_id == user_id, Challenge.state == "open")))
    while True:
        code = f"{secrets.randbelow(9_000) + 1_000}"  # Begins with no nought: people drop it.
        if code not in taken:
            return code


def miss(session: Session, user_id: int) -> int:
    """Counts a wrong code against all the member's open challenges; how many tries are left, 0 when all are cancelled.

    A forger does not say which one they are guessing at.
    """
    counted = (
        update(Challenge)
        .where(Challenge.user_id == user_id, Challenge.state == "open")
        .values(wrong=Challenge.wrong + 1)
        .returning(Challenge.wrong)
    )
    most = max(session.scalars(counted), default=0)
    session.execute(
        update(Challenge)
        .where(Challenge.user_id == user_id, Challenge.state == "open", Challenge.wrong >= MOST_WRONG)
        .values(state="cancelled")
    )
    return max(MOST_WRONG - most, 0)


def cancel(session: Session, kind: str, subject_id: int) -> None:
    """Nobody need answer about this any more."""
    session.execute(
        update(Challenge)
        .where(Challenge.kind == kind, Challenge.subject_id == subject_id, Challenge.state == "open")
        .values(state="expired")
    )


def _newest(session: Session, user_id: int, condition: object) -> Challenge | None:
    found = select(Challenge).where(Challenge.user_id == user_id, condition)  # type: ignore[arg-type]
    return session.scalar(found.order_by(Challenge.id.desc()).limit(1))
