"""What is told when somebody no longer belongs to a group: to them, and to the others when they went by themselves."""

from datetime import datetime

from sqlalchemy import update

from bot import outgoing
from bot.models import Challenge
from core.db import Session
from ledger import groups, reading
from ledger.models import Group


def member_gone(
    session: Session, group_id: int, user_id: int, status: str, key: str, at: datetime, *, knows: bool = False
) -> None:
    """`status` is left or removed. Nothing that they were asked in this group can be answered any more.

    The others hear of a removal as the result of their vote.
    """
    if groups.membership(session, group_id, user_id) is not None:
        return  # They are back already.
    session.execute(
        update(Challenge)
        .where(Challenge.group_id == group_id, Challenge.user_id == user_id, Challenge.state == "open")
        .values(state="cancelled")
    )
    group = session.get_one(Group, group_id)
    own = reading.balances(session, group_id, user_id, group.currency).own
    values = {
        "group": group.name,
        "name": groups.names(session, [user_id]).get(user_id, "?"),
        "count": groups.count_members(session, group_id),
        "own": str(own) if own.amount_minor else "none",
    }
    if not knows:
        outgoing.notify(
            session, user_id, f"gone-{status}", values, group_id=group_id, dedupe_key=f"{key}:{user_id}", at=at
        )
    if status != "left":
        return
    for member in groups.members(session, group_id):
        outgoing.notify(
            session,
            member.user_id,
            "member-left",
            values,
            group_id=group_id,
            dedupe_key=f"{key}:{member.user_id}",
            at=at,
        )
