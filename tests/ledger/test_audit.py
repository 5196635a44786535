"""The audit chain: anybody can compute it again, and no line can be touched without being found."""

import hashlib
import json

import pytest
from sqlalchemy import text

from core import db
from ledger import audit
from ledger.audit import Cause
from ledger.models import AuditRow
from tests.ledger.actors import AT, CAUSE, World, as_owner, audit_lines, saved

LINES = ["group_created", "wallet_opened", "member_joined", *["wallet_opened"] * 2, *["contribution"] * 3]

# Each change by somebody who may switch triggers off, and the first line that then is wrong, of a chain of eight.
TAMPERED = {
    "another group": ("UPDATE audit_log SET group_id = :other WHERE group_id = :group AND seq = 7", 8),
    "another time": ("UPDATE audit_log SET at = at + interval '1 microsecond' WHERE group_id = :group AND seq = 6", 6),
    "another actor": ("UPDATE audit_log SET actor_id = 7 WHERE group_id = :group AND seq = 6", 6),
    "another action": ("UPDATE audit_log SET action = 'gift' WHERE group_id = :group AND seq = 6", 6),
    "another amount": (
        "UPDATE audit_log SET data = replace(data, '500', '600') WHERE group_id = :group AND seq = 6",
        6,
    ),
    "another channel": ("UPDATE audit_log SET channel = 'whatsapp' WHERE group_id = :group AND seq = 6", 6),
    "another message": ("UPDATE audit_log SET message_id = 'SM0' WHERE group_id = :group AND seq = 6", 6),
    "another hash": ("UPDATE audit_log SET hash = sha256('x') WHERE group_id = :group AND seq = 6", 6),
    "another predecessor": ("UPDATE audit_log SET previous_hash = sha256('x') WHERE group_id = :group AND seq = 6", 6),
    "another number": ("UPDATE audit_log SET seq = 9 WHERE group_id = :group AND seq = 8", 9),
    "first line removed": ("DELETE FROM audit_log WHERE group_id = :group AND seq = 1", 2),
    "line removed": ("DELETE FROM audit_log WHERE group_id = :group AND seq = 6", 7),
    "line changed and hashed again": (
        """UPDATE audit_log SET channel = 'x', hash = sha256(previous_hash || convert_to(
               audit_line(group_id, seq, at, actor_id, action, data, 'x', message_id), 'UTF8'))
            WHERE group_id = :group AND seq = 6""",
        7,
    ),
    "last line numbered as if one were missing and hashed again": (
        """UPDATE audit_log SET seq = 9, hash = sha256(previous_hash || convert_to(
               audit_line(group_id, 9, at, actor_id, action, data, channel, message_id), 'UTF8'))
            WHERE group_id = :group AND seq = 8""",
        9,
    ),
    "first line started from another chain": (
        """UPDATE audit_log SET previous_hash = sha256('x'), hash = sha256(sha256('x') || convert_to(
               audit_line(group_id, seq, at, actor_id, action, data, channel, message_id), 'UTF8'))
            WHERE group_id = :group AND seq = 1""",
        1,
    ),
    "line removed and the rest moved up": (
        """WITH gone AS (DELETE FROM audit_log WHERE group_id = :group AND seq = 7 RETURNING 1)
           UPDATE audit_log SET seq = 9 - (SELECT count(*) FROM gone) * 2 WHERE group_id = :group AND seq = 8""",
        7,
    ),
    "line forged at the end": (
        """INSERT INTO audit_log (group_id, seq, at, action, data, channel, previous_hash, hash)
           SELECT group_id, 9, at, action, data, channel, hash, sha256('forged') FROM audit_log
            WHERE group_id = :group AND seq = 8""",
        9,
    ),
}


@pytest.fixture
def chain(session: db.Session, world: World) -> list[AuditRow]:
    """Eight lines: founded, joined, each with a wallet, and three contributions, the first of which opens the cash."""
    for _ in range(3):
        saved(session, world.umoja, world.ama, 500)
    return audit_lines(session, world.umoja)


def test_an_untouched_chain_is_whole(session: db.Session, world: World, chain: list[AuditRow]) -> None:
    assert [line.action for line in chain] == LINES
    assert [line.seq for line in chain] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert audit.first_broken_line(session, world.umoja.id) is None


def test_a_group_without_lines_is_whole(session: db.Session) -> None:
    assert audit.first_broken_line(session, 2**62) is None


def test_each_group_has_its_own_chain(session: db.Session, world: World, chain: list[AuditRow]) -> None:
    assert [line.seq for line in audit_lines(session, world.harambee)] == [1, 2]
    assert audit_lines(session, world.harambee)[0].previous_hash == b""


def test_anybody_can_compute_the_chain_with_plain_sha256(
    session: db.Session, world: World, chain: list[AuditRow]
) -> None:
    audit.record(session, world.umoja.id, "naïve ☂", {"b": "ü", "a": 1}, AT, Cause(world.ama.id, "sms", None))
    seal = b""
    for line in audit_lines(session, world.umoja):
        fields = (
            str(line.group_id),
            str(line.seq),
            line.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "" if line.actor_id is None else str(line.actor_id),
            line.action,
            line.data,
            line.channel,
            line.message_id or "",
        )
        assert line.previous_hash == seal
        seal = hashlib.sha256(seal + "\n".join(fields).encode()).digest()
        assert line.hash == seal


def test_the_time_zone_of_a_reader_does_not_break_the_chain(
    session: db.Session, world: World, chain: list[AuditRow]
) -> None:
    session.execute(text("SET LOCAL timezone = 'Africa/Nairobi'"))
    assert audit.first_broken_line(session, world.umoja.id) is None


def test_data_is_written_the_same_way_whatever_the_order_of_its_keys(session: db.Session, world: World) -> None:
    audit.record(session, world.umoja.id, "x", {"b": 2, "a": 1}, AT, CAUSE)
    line = audit_lines(session, world.umoja)[-1]
    assert line.data == '{"a":1,"b":2}'
    assert json.loads(line.data) == {"a": 1, "b": 2}


@pytest.mark.parametrize("how", TAMPERED)
def test_tampering_is_found(session: db.Session, world: World, chain: list[AuditRow], how: str) -> None:
    statement, first_broken = TAMPERED[how]
    as_owner(session)
    session.execute(text("ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only"))
    session.execute(text(statement), {"group": world.umoja.id, "other": world.harambee.id})
    assert audit.first_broken_line(session, world.umoja.id) == first_broken


def test_a_line_moved_into_another_group_breaks_that_groups_chain(
    session: db.Session, world: World, chain: list[AuditRow]
) -> None:
    as_owner(session)
    session.execute(text("ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only"))
    statement, _ = TAMPERED["another group"]
    session.execute(text(statement), {"group": world.umoja.id, "other": world.harambee.id})
    assert audit.first_broken_line(session, world.harambee.id) == 7


def test_tampering_in_one_group_leaves_the_others_whole(
    session: db.Session, world: World, chain: list[AuditRow]
) -> None:
    as_owner(session)
    session.execute(text("ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only"))
    session.execute(text("UPDATE audit_log SET action = 'x' WHERE group_id = :group"), {"group": world.umoja.id})
    assert audit.first_broken_line(session, world.harambee.id) is None
