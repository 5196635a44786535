"""A group's decisions: who may vote, when it is decided, and that nothing can be voted about twice or changed later."""

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from core import db
from core.money import Money
from ledger import approvals, audit, errors, groups
from ledger.approvals import Cast, Subject, Tally
from ledger.audit import Cause
from ledger.models import Approval, AuditRow, Group, Membership, User
from tests.ledger.actors import AT, World, as_owner, populated

CLOCK = Cause(None, "clock")


def subject(user: User, amount_minor: int = 10_000_00, **more: object) -> Subject:
    return Subject(
        "withdrawal", user.id, Money(amount_minor, "KES"), "account:7", "school fees", facts={"to": "Ama"}, **more
    )  # type: ignore[arg-type]


def crowd(session: db.Session, world: World, size: int) -> list[User]:
    """The group with exactly so many members; Ama first."""
    members = [session.get_one(User, member.user_id) for member in groups.members(session, world.umoja.id)]
    while len(members) < size:
        user = User(name=f"Member {len(members)}")
        session.add(user)
        session.flush()
        groups.join(session, world.umoja, user.id, AT, Cause(user.id, "sms"))
        members.append(user)
    assert len(members) == size
    return members


def asks(session: db.Session, world: World, user: User, what: Subject | None = None) -> Tally:
    return approvals.ask(session, world.umoja, what or subject(user), AT, Cause(user.id, "whatsapp", "SM1"))


def votes(session: db.Session, world: World, user: User, asked: Tally, choice: str, hours: float = 1) -> Cast:
    cause = Cause(user.id, "sms", f"SM-{user.id}")
    return approvals.vote(session, world.umoja.id, asked.approval_id, choice, AT + timedelta(hours=hours), cause)


@pytest.fixture
def world(session: db.Session) -> World:
    return populated(session)


@pytest.mark.parametrize(("eligible", "needed"), [(2, 2), (3, 2), (10, 6), (25, 13)])
def test_it_passes_with_the_vote_that_makes_51_percent_and_not_before(
    session: db.Session, world: World, eligible: int, needed: int
) -> None:
    members = crowd(session, world, eligible)
    asked = asks(session, world, members[0])
    assert (asked.state, asked.yes, asked.needed) == ("open", 1, needed)
    for number, member in enumerate(members[1:needed], start=2):
        cast = votes(session, world, member, asked, "yes")
        assert (cast.outcome, cast.tally.yes) == ("counted", number)
        assert cast.decided == (number == needed)
    assert cast.tally.state == "passed"


def test_it_fails_with_the_no_that_makes_passing_impossible(session: db.Session, world: World) -> None:
    members = crowd(session, world, 5)
    asked = asks(session, world, members[0])
    assert not votes(session, world, members[1], asked, "no").decided
    assert not votes(session, world, members[2], asked, "no").decided
    third = votes(session, world, members[3], asked, "no")
    assert third.decided
    assert third.tally == Tally(asked.approval_id, "failed", 1, 3, 5)


def test_in_a_group_of_one_whoever_asks_has_decided(session: db.Session, world: World) -> None:
    lone = groups.create(session, world.ama, "Solo", AT, Cause(world.ama.id, "sms"))
    asked = approvals.ask(session, lone, subject(world.ama), AT, Cause(world.ama.id, "sms"))
    assert asked.state == "passed"


def test_a_second_vote_changes_nothing_and_says_what_stands(session: db.Session, world: World) -> None:
    members = crowd(session, world, 5)
    asked = asks(session, world, members[0])
    votes(session, world, members[1], asked, "no")
    again = votes(session, world, members[1], asked, "yes")
    assert (again.outcome, again.choice, again.tally.yes, again.tally.no) == ("already", "no", 1, 1)
    assert votes(session, world, members[0], asked, "no").choice == "yes"


def test_a_vote_after_the_deadline_is_late_even_before_anybody_closed_it(session: db.Session, world: World) -> None:
    members = crowd(session, world, 3)
    asked = asks(session, world, members[0])
    assert votes(session, world, members[1], asked, "yes", hours=72).outcome == "late"
    assert approvals.close(
        session, world.umoja.id, asked.approval_id, "failed", "time", AT + timedelta(hours=72), CLOCK
    )
    assert votes(session, world, members[1], asked, "yes", hours=73).outcome == "closed"


def test_nobody_can_close_it_as_failed_before_its_time(session: db.Session, world: World) -> None:
    asked = asks(session, world, crowd(session, world, 3)[0])
    assert not approvals.close(
        session, world.umoja.id, asked.approval_id, "failed", "time", AT + timedelta(hours=71), CLOCK
    )
    assert approvals.close(session, world.umoja.id, asked.approval_id, "withdrawn", "changed my mind", AT, CLOCK)
    assert not approvals.close(session, world.umoja.id, asked.approval_id, "void", "again", AT, CLOCK)


def test_who_joins_later_has_no_vote(session: db.Session, world: World) -> None:
    asked = asks(session, world, crowd(session, world, 3)[0])
    late = crowd(session, world, 4)[3]
    assert votes(session, world, late, asked, "yes").outcome == "not_eligible"


def test_who_has_left_has_no_vote_any_more_but_still_counts(session: db.Session, world: World) -> None:
    members = crowd(session, world, 3)
    asked = asks(session, world, members[0])
    gone = session.scalars(
        select(Membership).where(Membership.user_id == members[1].id, Membership.group_id == world.umoja.id)
    ).one()
    gone.status = "left"
    session.flush()
    cast = votes(session, world, members[1], asked, "yes")
    assert (cast.outcome, cast.tally.eligible, cast.tally.state) == ("left", 3, "open")


def test_who_left_and_came_back_has_no_vote_in_what_was_asked_before(session: db.Session, world: World) -> None:
    members = crowd(session, world, 4)
    asked = asks(session, world, members[0])
    again = session.scalars(
        select(Membership).where(Membership.user_id == members[1].id, Membership.group_id == world.umoja.id)
    ).one()
    groups.end_membership(session, again, "left", AT, CLOCK)
    groups.join(session, world.umoja, members[1].id, AT + timedelta(minutes=1), CLOCK)
    cast = votes(session, world, members[1], asked, "yes")
    assert (cast.outcome, cast.tally.yes, cast.tally.eligible) == ("not_eligible", 1, 4)
    cause = Cause(members[0].id, "sms")
    rule = Subject("rule", details={"rule": "vote_hours"})
    later = approvals.ask(session, world.umoja, rule, AT + timedelta(minutes=1), cause)
    assert votes(session, world, members[1], later, "yes").outcome == "counted"


def test_a_member_of_another_group_and_an_unknown_vote_are_refused(session: db.Session, world: World) -> None:
    members = crowd(session, world, 3)
    asked = asks(session, world, members[0])
    other = groups.create(session, members[2], "Harambee", AT, Cause(members[2].id, "sms"))
    stranger = approvals.vote(session, other.id, asked.approval_id, "yes", AT, Cause(members[2].id, "sms"))
    assert stranger.outcome == "unknown"
    assert approvals.find(session, other.id, asked.approval_id) is None


def test_by_the_groups_rule_whoever_gets_the_money_abstains(session: db.Session, world: World) -> None:
    world.umoja.beneficiary_abstains = True
    members = crowd(session, world, 4)
    asked = asks(session, world, members[0])
    assert (asked.eligible, asked.yes, asked.needed) == (3, 0, 2)
    assert votes(session, world, members[0], asked, "yes").outcome == "not_eligible"
    rule = asks(session, world, members[0], Subject("rule", details={"rule": "vote_hours"}))
    assert (rule.eligible, rule.yes) == (4, 1)


def test_nobody_decides_when_the_only_member_abstains(session: db.Session, world: World) -> None:
    lone = groups.create(session, world.ama, "Solo", AT, Cause(world.ama.id, "sms"))
    lone.beneficiary_abstains = True
    session.flush()
    with pytest.raises(errors.NobodyMayVote):
        approvals.ask(session, lone, subject(world.ama), AT, Cause(world.ama.id, "sms"))


def test_a_change_of_the_destination_voids_what_names_it(session: db.Session, world: World) -> None:
    members = crowd(session, world, 3)
    first, other = asks(session, world, members[0]), asks(session, world, members[0], Subject("rule"))
    voided = approvals.void_all(session, world.umoja.id, "account changed", AT, CLOCK, destination="account:7")
    assert voided == [first.approval_id]
    assert [open_.id for open_ in approvals.open_ones(session, world.umoja.id)] == [other.approval_id]
    assert votes(session, world, members[1], first, "yes").outcome == "closed"


def test_the_silent_are_reminded_once_a_day_before_the_end(session: db.Session, world: World) -> None:
    members = crowd(session, world, 3)
    asked = asks(session, world, members[0])
    due = lambda hours: approvals.take_reminders(session, AT + timedelta(hours=hours), 10)  # noqa: E731
    assert due(47) == []
    assert due(48) == [(world.umoja.id, asked.approval_id)]
    assert due(49) == []
    assert approvals.silent(session, world.umoja.id, asked.approval_id) == [members[1].id, members[2].id]


def test_every_step_stands_in_the_chain_with_the_electorate_and_without_names(
    session: db.Session, world: World
) -> None:
    members = crowd(session, world, 3)
    asked = asks(session, world, members[0])
    votes(session, world, members[1], asked, "yes")
    lines = session.scalars(select(AuditRow).where(AuditRow.group_id == world.umoja.id).order_by(AuditRow.seq)).all()
    steps = [line for line in lines if line.action.startswith("vote")]
    assert [line.action for line in steps] == ["vote_opened", "voted", "voted", "vote_passed"]
    assert (
        f'"electorate":[{",".join(str(member.id) for member in sorted(members, key=lambda m: m.id))}]' in steps[0].data
    )
    assert "Ama" not in steps[0].data
    assert "school" not in steps[0].data
    assert (steps[2].actor_id, steps[2].channel) == (members[1].id, "sms")
    assert audit.first_broken_line(session, world.umoja.id) is None


def test_the_product_cannot_write_votes_or_change_what_is_voted_about(session: db.Session, world: World) -> None:
    asked = asks(session, world, crowd(session, world, 3)[0])
    for statement in (
        "UPDATE votes SET choice = 'yes', voted_at = now()",
        "UPDATE approvals SET amount_minor = 1",
        "INSERT INTO votes (group_id, approval_id, user_id) SELECT group_id, id, asked_by FROM approvals",
        "DELETE FROM approvals",
    ):
        with pytest.raises(ProgrammingError), session.begin_nested():
            session.execute(text(statement))
    assert approvals.find(session, world.umoja.id, asked.approval_id) is not None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE approvals SET amount_minor = 1",
        "UPDATE approvals SET destination = 'account:8'",
        "UPDATE approvals SET facts_hash = '\\x00'",
        "UPDATE approvals SET state = 'passed', decided_at = now()",
        "UPDATE votes SET choice = 'no' WHERE choice = 'yes'",
        "DELETE FROM votes",
    ],
)
def test_not_even_the_owner_can_change_a_vote_or_let_it_pass(session: db.Session, world: World, statement: str) -> None:
    asks(session, world, crowd(session, world, 3)[0])
    as_owner(session)
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(text(statement))


def test_the_frozen_text_can_be_proved(session: db.Session, world: World) -> None:
    asked = asks(session, world, crowd(session, world, 3)[0])
    approval = session.get_one(Approval, asked.approval_id)
    assert approvals.facts_of(approval) == {"to": "Ama"}
    assert hashlib.sha256(approval.facts.encode()).digest() == approval.facts_hash


def test_rules_say_how_long_a_vote_lasts(session: db.Session, world: World) -> None:
    group = session.get_one(Group, world.umoja.id)
    group.vote_hours = 5
    asked = asks(session, world, crowd(session, world, 3)[0])
    assert session.get_one(Approval, asked.approval_id).closes_at == AT + timedelta(hours=5)
