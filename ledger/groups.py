"""Groups and who belongs to them: create, join, invite, list."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from core import phone
from core.db import Session
from core.fields import values_of
from core.money import Money
from ledger import audit, codes, errors
from ledger.audit import Cause
from ledger.models import OFFICERS, Group, Guarantee, Invitation, Loan, Membership, Transaction, User, Wallet
from ledger.postings import CAUSE, call

INVITATIONS_A_DAY = 20
OWED = ("loan", "interest_due", "penalty_due", "fee_due")


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
    audit.record(session, group.id, "group_created", {"currency": group.currency}, at, cause)
    _add(session, group, creator.id, "chair", at, cause)
    return group


def by_code(session: Session, text_with_code: str) -> Group:
    """The group whose code somebody typed. Raises `UnknownCode`."""
    secret = codes.find(text_with_code)
    group = session.scalar(select(Group).where(func.right(Group.code, codes.LENGTH) == secret)) if secret else None
    if group is None:
        raise errors.UnknownCode
    return group


def join(session: Session, group: Group, user_id: int, at: datetime, cause: Cause) -> None:
    """Makes the user a member. Raises `AlreadyMember`, `GroupFull`, or `Removed` when the group does not want them.

    Whoever was removed comes back only when an officer has invited their phone since.
    """
    # Two people racing for the last place queue here, on the group's lock.
    session.execute(_LOCK_GROUP, {"group": group.id})
    known = session.scalar(select(Membership).where(Membership.group_id == group.id, Membership.user_id == user_id))
    if known is not None and known.status == "active":
        raise errors.AlreadyMember
    if known is not None and known.status == "removed" and not _invited_since(session, known):
        raise errors.Removed
    if count_members(session, group.id) >= group.member_limit:
        raise errors.GroupFull
    audit.record(session, group.id, "member_joined", {"member": user_id}, at, cause)
    if known is None:
        _add(session, group, user_id, "member", at, cause)
    else:
        known.status, known.role, known.joined_at, known.ended_at = "active", "member", at, None
        session.flush()


def invite(session: Session, group_id: int, inviter_id: int, invited_phone: str, at: datetime, cause: Cause) -> bool:
    """Notes the invitation of a phone (E.164). False when it was invited before.

    Somebody whom the group has removed is invited anew, by an officer only. Raises `AlreadyMember`, `Removed`, or
    `TooManyInvitations`: each one costs an SMS and disturbs a stranger.
    """
    known = session.scalar(
        select(Membership)
        .join(User, User.id == Membership.user_id)
        .where(Membership.group_id == group_id, User.phone.matches(invited_phone))
    )
    if known is not None and known.status == "active":
        raise errors.AlreadyMember
    removed = known is not None and known.status == "removed"
    if removed and inviter_id not in officers(session, group_id):
        raise errors.Removed
    since = at - timedelta(days=1)
    recent = select(func.count()).where(Invitation.invited_by == inviter_id, Invitation.created_at > since)
    if (session.scalar(recent) or 0) >= INVITATIONS_A_DAY:
        raise errors.TooManyInvitations
    invitation = Invitation(group_id=group_id, phone=invited_phone, invited_by=inviter_id, created_at=at)
    statement = insert(Invitation).values(values_of(invitation))
    if removed and known is not None:
        # Invited before, perhaps: what counts for them is who invites them after their removal, and when.
        statement = statement.on_conflict_do_update(
            index_elements=["group_id", "phone_index"],
            set_={"invited_by": inviter_id, "created_at": at},
            where=Invitation.created_at <= func.coalesce(known.ended_at, at),
        )
    else:
        statement = statement.on_conflict_do_nothing()
    made = session.scalar(statement.returning(Invitation.id))
    if made is not None:
        audit.record(session, group_id, "member_invited", {"invitation": made}, at, cause)
    return made is not None


def removed(session: Session, group_id: int, number: str) -> int | None:
    """The user id of somebody with this phone whom the group has removed; None for anybody else."""
    return session.scalar(
        select(Membership.user_id)
        .join(User, User.id == Membership.user_id)
        .where(Membership.group_id == group_id, Membership.status == "removed", User.phone.matches(number))
    )


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
        select(User.id, User.uid, User.name_sealed, Membership.role)
        .join(User, User.id == Membership.user_id)
        .where(Membership.group_id == group_id, Membership.status == "active")
        .order_by(Membership.role == "member", Membership.id)
    )
    return [Member(row.id, User.name.of(row) or "?", row.role) for row in rows]


def names(session: Session, user_ids: Iterable[int | None]) -> dict[int, str]:
    """The names of these people; who told none is left out."""
    wanted = {user_id for user_id in user_ids if user_id is not None}
    if not wanted:
        return {}
    rows = session.execute(select(User.id, User.uid, User.name_sealed).where(User.id.in_(wanted)))
    return {row.id: name for row in rows if (name := User.name.of(row))}


def savings(session: Session, group_id: int, currency: str) -> list[tuple[str, Money]]:
    """What each member has saved, by name, the largest first; who left with nothing is left out."""
    rows = session.execute(
        select(User.id, User.uid, User.name_sealed, Wallet.balance_minor)
        .join(User, User.id == Wallet.user_id)
        .join(Membership, (Membership.group_id == Wallet.group_id) & (Membership.user_id == Wallet.user_id))
        .where(
            Wallet.group_id == group_id,
            Wallet.kind == "savings",
            (Membership.status == "active") | (Wallet.balance_minor > 0),
        )
        .order_by(Wallet.balance_minor.desc(), User.id)
    )
    return [(User.name.of(row) or "?", Money(row.balance_minor, currency)) for row in rows]


def officers(session: Session, group_id: int) -> list[int]:
    """The user ids of the group's officers."""
    return list(
        session.scalars(
            select(Membership.user_id).where(
                Membership.group_id == group_id, Membership.status == "active", Membership.role.in_(OFFICERS)
            )
        )
    )


def membership(session: Session, group_id: int, user_id: int) -> Membership | None:
    """How the user belongs to the group as it stands now; None when they do not, or no longer."""
    found = select(Membership).where(
        Membership.group_id == group_id, Membership.user_id == user_id, Membership.status == "active"
    )
    return session.scalar(found, execution_options={"populate_existing": True})


def end_membership(session: Session, belonging: Membership, status: str, at: datetime, cause: Cause) -> None:
    """The member is "left" or "removed" from now on; what they have saved stays theirs in the book."""
    belonging.status, belonging.role, belonging.ended_at = status, "member", at
    session.flush()
    audit.record(session, belonging.group_id, f"member_{status}", {"member": belonging.user_id}, at, cause)


def change_role(session: Session, belonging: Membership, role: str, at: datetime, cause: Cause) -> None:
    """Gives the member another role; whoever calls this has had it voted."""
    data = {"member": belonging.user_id, "from": belonging.role, "to": role}
    belonging.role = role
    session.flush()
    audit.record(session, belonging.group_id, "role_changed", data, at, cause)


def owes(session: Session, group_id: int, user_id: int, currency: str) -> Money:
    """What the member owes the group at this moment: principal, and what was charged on top."""
    owed = select(func.coalesce(-func.sum(Wallet.balance_minor), 0)).where(
        Wallet.group_id == group_id, Wallet.user_id == user_id, Wallet.kind.in_(OWED)
    )
    return Money(int(session.scalar(owed) or 0), currency)


def stands_for(session: Session, group_id: int, user_id: int) -> list[int]:
    """The borrowers whose loans hold savings of this member as a guarantee."""
    held = select(Guarantee.loan_id).where(
        Guarantee.group_id == group_id, Guarantee.user_id == user_id, Guarantee.state == "held"
    )
    return list(session.scalars(select(Loan.user_id).where(Loan.id.in_(held)).order_by(Loan.id)))


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


def _invited_since(session: Session, ended: Membership) -> bool:
    """Whether somebody who is an officer now has invited their phone after their membership ended."""
    number = session.get_one(User, ended.user_id).phone
    if number is None or ended.ended_at is None:
        return False
    invited = select(Invitation.id).where(
        Invitation.group_id == ended.group_id,
        Invitation.phone.matches(number),
        Invitation.created_at > ended.ended_at,
        Invitation.invited_by.in_(officers(session, ended.group_id)),
    )
    return session.scalar(invited) is not None


def gone(session: Session, group_id: int) -> list[Member]:
    """Who was a member and still has savings in the group, by name as the others know them, in order of joining."""
    rows = session.execute(
        select(User.id, User.uid, User.name_sealed)
        .join(Membership, Membership.user_id == User.id)
        .join(Wallet, (Wallet.group_id == Membership.group_id) & (Wallet.user_id == Membership.user_id))
        .where(
            Membership.group_id == group_id,
            Membership.status != "active",
            Wallet.kind == "savings",
            Wallet.balance_minor > 0,
        )
        .order_by(Membership.id)
    )
    return [Member(row.id, User.name.of(row) or "?", "member") for row in rows]


def _add(session: Session, group: Group, user_id: int, role: str, at: datetime, cause: Cause) -> None:
    session.add(Membership(group_id=group.id, user_id=user_id, role=role, joined_at=at))
    session.flush()
    # The other wallets are opened by the first money that needs them.
    call(session, _OPEN_SAVINGS, group.id, cause, at, {"user": user_id})


_LOCK_GROUP = text("SELECT pg_advisory_xact_lock(:group)")

_OPEN_SAVINGS = f"SELECT open_wallet(%(group)s, 'savings', %(user)s, '', {CAUSE})"  # noqa: S608
