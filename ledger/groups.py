"""Groups and who belongs to them: create, join, invite, list."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from core import phone
from core.db import Session
from ledger import audit, codes, errors
from ledger.models import OFFICERS, Group, Invitation, Membership, Transaction, User, Wallet
from ledger.postings import Cause

INVITATIONS_A_DAY = 20


@dataclass(frozen=True, slots=True)
class Member:
    """A member as the others may see them."""

    user_id: int
    name: str
    role: str


def create(session: Session, creator: User, name: str, at: datetime, cause: Cause) -> Group:
    """Founds a group whose chair is the creator; currency and time zone come from the creator's phone number."""
    country = phone.country(creator.phone) if creator.phone else creator.country
    group = Group(
        code=codes.new(name),
        name=name,
        country=country,
        currency=phone.currency(country),
        time_zone=phone.time_zone(creator.phone) if creator.phone else "UTC",
        created_by=creator.id,
        created_at=at,
    )
    session.add(group)
    session.flush()
    _open_wallets(session, group)
    _add(session, group, creator.id, "chair", at)
    audit.record(session, group.id, "group_created", {"currency": group.currency}, at, cause)
    return group


def by_code(session: Session, text_with_code: str) -> Group:
    """The group whose code somebody typed. Raises `UnknownCode`."""
    secret = codes.find(text_with_code)
    group = session.scalar(select(Group).where(func.right(Group.code, codes.LENGTH) == secret)) if secret else None
    if group is None:
        raise errors.UnknownCode
    return group


def join(session: Session, group: Group, user_id: int, at: datetime, cause: Cause) -> None:
    """Makes the user a member. Raises `AlreadyMember` or `GroupFull`."""
    # Two people racing for the last place queue here, on the group's lock.
    session.execute(_LOCK_GROUP, {"group": group.id})
    known = session.scalar(select(Membership).where(Membership.group_id == group.id, Membership.user_id == user_id))
    if known is not None and known.status == "active":
        raise errors.AlreadyMember
    if count_members(session, group.id) >= group.member_limit:
        raise errors.GroupFull
    if known is None:
        _add(session, group, user_id, "member", at)
    else:
        known.status, known.role, known.joined_at = "active", "member", at
    audit.record(session, group.id, "member_joined", {"member": user_id}, at, cause)


def invite(session: Session, group_id: int, inviter_id: int, invited_phone: str, at: datetime, cause: Cause) -> bool:
    """Notes the invitation of a phone (E.164). False when it was invited before.

    Raises `AlreadyMember`, or `TooManyInvitations`: each one costs an SMS and disturbs a stranger.
    """
    if session.scalar(
        select(Membership.id)
        .join(User, User.id == Membership.user_id)
        .where(Membership.group_id == group_id, Membership.status == "active", User.phone == invited_phone)
    ):
        raise errors.AlreadyMember
    since = at - timedelta(days=1)
    recent = select(func.count()).where(Invitation.invited_by == inviter_id, Invitation.created_at > since)
    if (session.scalar(recent) or 0) >= INVITATIONS_A_DAY:
        raise errors.TooManyInvitations
    statement = insert(Invitation).values(group_id=group_id, phone=invited_phone, invited_by=inviter_id, created_at=at)
    made = session.scalar(statement.on_conflict_do_nothing().returning(Invitation.id))
    if made is not None:
        audit.record(session, group_id, "member_invited", {"invitation": made}, at, cause)
    return made is not None


def change_currency(session: Session, group: Group, currency: str, at: datetime, cause: Cause) -> None:
    """Changes the currency of a group in which nothing was ever paid or promised. Raises `CurrencyFixed`."""
    session.execute(_LOCK_GROUP, {"group": group.id})
    if session.scalar(select(Transaction.id).where(Transaction.group_id == group.id).limit(1)):
        raise errors.CurrencyFixed
    group.currency = currency
    try:
        session.flush()  # The wallets follow by foreign key; a contribution begun at this moment makes it fail.
    except IntegrityError as error:
        raise errors.CurrencyFixed from error
    audit.record(session, group.id, "currency_changed", {"currency": currency}, at, cause)


def members(session: Session, group_id: int) -> list[Member]:
    """The active members, officers first, then in the order in which they joined."""
    rows = session.execute(
        select(User.id, User.name, Membership.role)
        .join(User, User.id == Membership.user_id)
        .where(Membership.group_id == group_id, Membership.status == "active")
        .order_by(Membership.role == "member", Membership.id)
    )
    return [Member(user_id, name or "?", role) for user_id, name, role in rows]


def officers(session: Session, group_id: int) -> list[int]:
    """The user ids of the group's officers."""
    return list(
        session.scalars(
            select(Membership.user_id).where(
                Membership.group_id == group_id, Membership.status == "active", Membership.role.in_(OFFICERS)
            )
        )
    )


def count_members(session: Session, group_id: int) -> int:
    """How many active members the group has."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Membership)
            .where(Membership.group_id == group_id, Membership.status == "active")
        )
        or 0
    )


def _open_wallets(session: Session, group: Group) -> None:
    for kind in ("fee_expense", "fee_income"):
        session.add(Wallet(group_id=group.id, kind=kind, currency=group.currency))


def _add(session: Session, group: Group, user_id: int, role: str, at: datetime) -> None:
    session.add(Membership(group_id=group.id, user_id=user_id, role=role, joined_at=at))
    session.add(Wallet(group_id=group.id, kind="savings", user_id=user_id, currency=group.currency))
    session.flush()


_LOCK_GROUP = text("SELECT pg_advisory_xact_lock(:group)")
