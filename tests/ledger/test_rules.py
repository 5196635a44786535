"""Rules are edited by people: a change made on an old version is refused, and every change is in the chain."""

import json

import pytest

from core import db
from ledger import audit, errors, rules
from ledger.models import Group
from tests.core.racing import at_once
from tests.ledger.actors import AT, CAUSE, World, audit_lines, populated


def test_a_change_is_written_down_with_what_it_was_before(session: db.Session, world: World) -> None:
    group = world.umoja
    rules.change(session, group, group.version, {"member_limit": 30, "fee_bearer": "group"}, AT, CAUSE)
    assert (group.member_limit, group.fee_bearer, group.version) == (30, "group", 2)
    lines = [line for line in audit_lines(session, group) if line.action == "rule_changed"]
    assert [json.loads(line.data) for line in lines] == [
        {"rule": "fee_bearer", "from": "payer", "to": "group"},
        {"rule": "member_limit", "from": 50, "to": 30},
    ]
    assert audit.first_broken_line(session, group.id) is None


def test_a_change_made_on_an_old_version_is_refused_and_told_the_new_one(session: db.Session, world: World) -> None:
    group, read = world.umoja, world.umoja.version
    rules.change(session, group, read, {"member_limit": 30}, AT, CAUSE)
    with pytest.raises(errors.StaleVersion) as caught:
        rules.change(session, group, read, {"member_limit": 20}, AT, CAUSE)
    assert caught.value.version == group.version == read + 1
    assert group.member_limit == 30


def test_a_rule_that_stays_as_it_is_leaves_no_line(session: db.Session, world: World) -> None:
    before = len(audit_lines(session, world.umoja))
    rules.change(session, world.umoja, world.umoja.version, {"member_limit": 50}, AT, CAUSE)
    assert len(audit_lines(session, world.umoja)) == before


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"currency": "NGN"}, errors.UnknownRule),
        ({"member_limit": 501}, errors.RuleOutOfRange),
        ({"fee_bearer": "nobody"}, errors.RuleOutOfRange),
        ({"contribution_max_minor": 0}, errors.RuleOutOfRange),
        ({"reversal_limit_percent": 101}, errors.RuleOutOfRange),
    ],
)
def test_what_is_no_rule_or_no_value_changes_nothing(
    session: db.Session, world: World, changes: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        rules.change(session, world.umoja, world.umoja.version, changes, AT, CAUSE)
    session.refresh(world.umoja)
    assert (world.umoja.version, world.umoja.member_limit) == (1, 50)


def test_of_two_officers_at_once_one_is_asked_again(committing: str) -> None:
    with db.session() as session:
        world = populated(session)
        session.commit()

    def changes(limit: int) -> int:
        with db.session() as session:
            group = session.get_one(Group, world.umoja.id)
            rules.change(session, group, 1, {"member_limit": limit}, AT, CAUSE)
            session.commit()
            return limit

    results = at_once(*(lambda limit=limit: changes(limit) for limit in (20, 30)))  # type: ignore[misc]
    assert sorted(type(result).__name__ for result in results) == ["StaleVersion", "int"]
    with db.session() as session:
        assert session.get_one(Group, world.umoja.id).member_limit in results
