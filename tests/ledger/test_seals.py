"""Seals: short enough for a text message, found wherever they stand, and an alarm when the book before them changed."""

import pytest
from sqlalchemy import text

from core import db
from ledger import receipts, seals
from tests.ledger.actors import World, as_owner, audit_lines, saved


@pytest.mark.parametrize(
    "written",
    ["9F3A-22C1", "9f3a22c1", " 9f3a 22c1 ", "9F3A–22C1", "seal: 9F3A-22C1".removeprefix("seal: "), "9F3A.22CI"],
)
def test_a_seal_is_read_however_it_is_written(written: str) -> None:
    assert seals.read(written) == bytes.fromhex("9f3a22c1")


def test_a_nought_may_be_written_as_an_o(session: db.Session) -> None:
    assert seals.read("OF3A-22CO") == bytes.fromhex("0f3a22c0")


@pytest.mark.parametrize("written", ["", "9F3A", "9F3A-22C", "9F3A-22C11", "9G3A-22C1", "hello you", "12 34 56 789"])
def test_anything_else_is_no_seal(written: str) -> None:
    assert seals.read(written) is None


def test_the_head_is_the_seal_of_the_last_line_and_every_posting_moves_it(session: db.Session, world: World) -> None:
    before = seals.head(session, world.umoja.id)
    saved(session, world.umoja, world.ama)
    head, last = seals.head(session, world.umoja.id), audit_lines(session, world.umoja)[-1]
    assert (head.full, head.line, head.action) == (last.hash.hex(), last.seq, "contribution")
    assert head.short == f"{head.full[:4]}-{head.full[4:8]}".upper()
    assert head.short != before.short


def test_an_old_seal_is_found_with_its_place_and_what_came_since_does_not_matter(
    session: db.Session, world: World
) -> None:
    old = seals.head(session, world.umoja.id)
    saved(session, world.umoja, world.ama)
    finding = seals.find(session, world.umoja.id, _start(old.short))
    assert finding is not None
    assert (finding.seal, finding.intact) == (old, True)
    assert finding.last_line == old.line + 2  # The cash wallet, and the contribution.


def test_a_seal_of_another_group_is_not_found(session: db.Session, world: World) -> None:
    assert seals.find(session, world.umoja.id, _start(seals.head(session, world.harambee.id).short)) is None


def test_a_change_before_the_seal_is_noticed_and_one_after_it_is_not(session: db.Session, world: World) -> None:
    first, second = (_seal_after_saving(session, world) for _ in range(2))
    as_owner(session)
    session.execute(text("ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only"))
    session.execute(
        text("UPDATE audit_log SET channel = 'x' WHERE group_id = :group AND seq = :line"),
        {"group": world.umoja.id, "line": second.line},
    )
    findings = [seals.find(session, world.umoja.id, _start(seal.short)) for seal in (first, second)]
    assert [finding.intact for finding in findings if finding] == [True, False]


def test_a_receipt_carries_the_seal_of_its_own_line(session: db.Session, world: World) -> None:
    transaction = saved(session, world.umoja, world.ama)
    head = seals.head(session, world.umoja.id)
    saved(session, world.umoja, world.baraka)
    found = receipts.of_transaction(session, world.umoja.id, transaction.id)
    assert found is not None
    assert (found.number, found.seal, found.user_id, found.reversed_by) == (1, head, world.ama.id, None)
    assert receipts.at_line(session, world.umoja.id, head.line) == 1
    assert receipts.at_line(session, world.umoja.id, 1) is None
    newest = receipts.find(session, world.umoja.id)
    assert newest is not None
    assert newest.number == 2


def test_a_receipt_that_is_not_there_is_none(session: db.Session, world: World) -> None:
    assert receipts.find(session, world.umoja.id) is None
    assert receipts.find(session, world.umoja.id, 7) is None
    assert receipts.of_transaction(session, world.umoja.id, 2**62) is None


def _seal_after_saving(session: db.Session, world: World) -> seals.Seal:
    saved(session, world.umoja, world.ama)
    return seals.head(session, world.umoja.id)


def _start(short: str) -> bytes:
    found = seals.read(short)
    assert found is not None
    return found
