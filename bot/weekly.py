"""The weekly note with a group's seal: Sunday evening where the group lives, when there is anything new."""

from datetime import timedelta

from sqlalchemy import text

from core import clock, db, outbox


def sweep() -> int:
    """Orders the notes that are due; returns how many groups' notes it looked at. Safe to run twice and at once."""
    now = clock.now()
    with db.session() as session:
        due = session.execute(_DUE, {"now": now, "since": now - timedelta(days=7)}).all()
        for row in due:
            key = f"weekly_seal:{row.id}:{row.week}"
            outbox.put(session, "bot.weekly_seal", {"group": row.id, "week": row.week}, key)
        session.commit()
    return len(due)


# A group's last line is one step down an index, however long its book is.
_DUE = text("""
    SELECT g.id, to_char(CAST(:now AS timestamptz) AT TIME ZONE g.time_zone, 'IYYY-"W"IW') AS week
      FROM groups g
     CROSS JOIN LATERAL (SELECT at FROM audit_log WHERE group_id = g.id ORDER BY seq DESC LIMIT 1) last
     WHERE extract(isodow FROM CAST(:now AS timestamptz) AT TIME ZONE g.time_zone) = 7
       AND extract(hour FROM CAST(:now AS timestamptz) AT TIME ZONE g.time_zone) BETWEEN 17 AND 19
       AND last.at > :since
       AND NOT EXISTS (SELECT FROM outbox o WHERE o.dedupe_key = 'weekly_seal:' || g.id || ':'
                || to_char(CAST(:now AS timestamptz) AT TIME ZONE g.time_zone, 'IYYY-"W"IW'))""")
