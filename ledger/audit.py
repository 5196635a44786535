"""The group's history: one chained line for everything that members must be able to check later."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from core.db import Session


@dataclass(frozen=True, slots=True)
class Cause:
    """Who moved it and through what: written into the group's audit log with every change."""

    actor_id: int | None
    channel: str
    message_id: str | None = None


def record(session: Session, group_id: int, action: str, data: dict[str, Any], at: datetime, cause: Cause) -> None:
    """Appends a line to the group's chain. `data` holds ids and plain values, never names or phone numbers."""
    session.execute(
        _APPEND,
        {
            "group": group_id,
            "at": at,
            "actor": cause.actor_id,
            "action": action,
            "data": json.dumps(data, separators=(",", ":"), sort_keys=True),
            "channel": cause.channel,
            "message": cause.message_id,
        },
    )


def actor_of(session: Session, group_id: int, seq: int) -> int | None:
    """Who caused a line; None for a program."""
    actor: int | None = session.scalar(_ACTOR, {"group": group_id, "seq": seq})
    return actor


def first_broken_line(session: Session, group_id: int, up_to: int | None = None) -> int | None:
    """The `seq` of the first line whose hash, predecessor or number is wrong; None when the chain is whole.

    `up_to` looks no further than that line.
    """
    broken: int | None = session.scalar(_FIRST_BROKEN, {"group": group_id, "up_to": up_to or 2**62})
    return broken


_APPEND = text("SELECT seq FROM audit_append(:group, :at, :actor, :action, :data, :channel, :message)")

_ACTOR = text("SELECT actor_id FROM audit_log WHERE group_id = :group AND seq = :seq")

_FIRST_BROKEN = text("""
    SELECT min(seq) FROM (
        SELECT seq, hash, previous_hash, row_number() OVER chain AS place,
               lag(hash, 1, CAST('' AS bytea)) OVER chain AS hash_before,
               sha256(previous_hash || convert_to(
                   audit_line(group_id, seq, at, actor_id, action, data, channel, message_id), 'UTF8')) AS computed
          FROM audit_log WHERE group_id = :group AND seq <= :up_to WINDOW chain AS (ORDER BY seq)) line
     WHERE hash <> computed OR previous_hash <> hash_before OR seq <> place""")
