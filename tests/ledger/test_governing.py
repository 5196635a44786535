"""What a group decides about itself is carried out as it was voted, or refused with the reason."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from core import db
from core.money import Money
from core.outbox import OutboxRow
from ledger import approvals, audit, errors, governing, groups, guaranteeing, loans, repaying, rules, transactions
from ledger.approvals import Subject
from ledger.audit import Cause
from ledger.errors import GoverningError
from ledger.models import Approval, Loan, Membership, User
from ledger.postings import Leg, Movement, record
from tests.ledger.actors import AT, CAUSE, PROVIDER, World, audit_lines, populated, saved


@pytest.fixture
def world(session: db.Session) -> World:
    return populated(session)


def decided(session: db.Session, world: World, kind: str, user: User | None = None, **details: Any) -> Approval:
    """A vote of Umoja's two members that has passed, and is not carried out yet."""
    subject = Subject(kind, user.id if user else None, details=details)
    asked = approvals.ask(session, world.umoja, subject, AT, Cause(world.ama.id, "sms"))
    cast = approvals.vote(session, world.umoja.id, asked.approval_id, "yes", AT, Cause(world.baraka.id, "sms"))
    assert cast.tally.state == "passed"
    return session.get_one(Approval, asked.approval_id)


def asked(session: db.Session, world: World, by: User, subject: Subject) -> Approval:
    """A vote that is open."""
    tally = approvals.ask(session, world.umoja, subject, AT, Cause(by.id, "sms"))
    return session.get_one(Approval, tally.approval_id)


def carried_out(session: db.Session, approval: Approval) -> None:
    governing.carry_out(session, approval, AT, CAUSE)


def role(session: db.Session, world: World, user: User) -> tuple[str, str]:
    found = select(Membership).where(Membership.group_id == world.umoja.id, Membership.user_id == user.id)
    belonging = session.scalars(found).one()
    return belonging.status, belonging.role


def asks_for_loan(session: db.Session, world: World, user: User, amount_minor: int) -> Loan:
    amount = Money(amount_minor, "KES")
    quoted = loans.quote(session, world.umoja, user.id, amount, 2, None, AT.date(), PROVIDER)
    return loans.ask(session, world.umoja, user.id, quoted, "a roof", AT, Cause(user.id, "sms"))


def borrows(session: db.Session, world: World, user: User, amount_minor: int) -> Loan:
    """A loan that the group has voted for and that was paid out today."""
    loan = asks_for_loan(session, world, user, amount_minor)
    subject = Subject("loan", user.id, Money(amount_minor, "KES"), details={"loan": loan.id})
    tally = approvals.ask(session, world.umoja, subject, AT, Cause(world.ama.id, "sms"))
    approvals.vote(session, world.umoja.id, tally.approval_id, "yes", AT, Cause(world.baraka.id, "sms"))
    loans.approve(session, loan, tally.approval_id)
    paid = loans.begin_disbursement(session, loan, PROVIDER, 0, f"loan {loan.id}", AT, CAUSE)
    loans.complete_disbursement(session, paid, PROVIDER, 0, AT.date(), AT, CAUSE)
    return loan


def owes(session: db.Session, world: World, user: User, amount_minor: int) -> None:
    moved = [Leg("interest_due", -amount_minor, user.id), Leg("interest_income", amount_minor)]
    money = Money(amount_minor, "KES")
    record(session, Movement(world.umoja.id, "interest", money, moved, f"i{user.id}", user.id), AT, CAUSE)


# Rules


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("loan_rate_percent", Decimal("2.5000"), "2.5"),
        ("loan_rate_percent", Decimal(10), "10"),
        ("loan_max_periods", 12, "12"),
        ("contribution_max_minor", None, None),
        ("contribution_max_minor", 5_000_000, "5000000"),
        ("beneficiary_abstains", True, True),
        ("loan_method", "flat", "flat"),
    ],
)
def test_a_value_is_written_for_a_vote_without_loss(name: str, value: object, text: object) -> None:
    assert rules.written(value) == text
    assert rules.read_back(name, rules.written(value)) == value


@pytest.mark.parametrize(("name", "value"), [("beneficiary_abstains", "yes"), ("vote_hours", True)])
def test_a_value_of_another_kind_is_refused(name: str, value: rules.Written) -> None:
    with pytest.raises(errors.RuleOutOfRange):
        rules.read_back(name, value)


def test_every_rule_is_a_column_and_can_be_changed(session: db.Session, world: World) -> None:
    for name in rules.RULES:
        now = rules.written(getattr(world.umoja, name))
        version = world.umoja.version
        rules.change(session, world.umoja, version, {name: rules.read_back(name, now)}, AT, CAUSE)
        assert (rules.written(getattr(world.umoja, name)), world.umoja.version) == (now, version + 1), name


def test_a_rule_changes_with_its_line_in_the_chain(session: db.Session, world: World) -> None:
    carried_out(session, decided(session, world, "rule", rule="loan_rate_percent", **{"from": "2"}, to="2.5"))
    assert world.umoja.loan_rate_percent == Decimal("2.5")
    assert '"from":"2"' in audit_lines(session, world.umoja)[-1].data
    assert audit.first_broken_line(session, world.umoja.id) is None


@pytest.mark.parametrize(
    ("details", "error"),
    [
        ({"rule": "vote_hours", "from": "48", "to": "5"}, errors.StaleVersion),
        ({"rule": "vote_hours", "from": "72", "to": "0"}, errors.RuleOutOfRange),
        ({"rule": "vote_hours", "from": "72", "to": None}, errors.RuleOutOfRange),
        ({"rule": "loan_rate_percent", "from": "2", "to": "1000"}, errors.RuleOutOfRange),
        ({"rule": "currency", "from": "KES", "to": "NGN"}, errors.UnknownRule),
    ],
)
def test_a_rule_that_is_not_what_was_voted_about_stays(
    session: db.Session, world: World, details: dict[str, str | None], error: type[Exception]
) -> None:
    approval = decided(session, world, "rule", **details)
    with pytest.raises(error), session.begin_nested():
        carried_out(session, approval)
    assert (world.umoja.vote_hours, world.umoja.loan_rate_percent, world.umoja.currency) == (72, Decimal(2), "KES")


# Offices


def test_an_office_changes_hands(session: db.Session, world: World) -> None:
    carried_out(session, decided(session, world, "role", world.baraka, role="chair"))
    assert role(session, world, world.baraka) == ("active", "chair")
    assert role(session, world, world.ama) == ("active", "member")
    assert [line.action for line in audit_lines(session, world.umoja)[-2:]] == ["role_changed", "role_changed"]


def test_an_office_can_be_laid_down_but_not_by_the_only_chair(session: db.Session, world: World) -> None:
    carried_out(session, decided(session, world, "role", world.baraka, role="treasurer"))
    carried_out(session, decided(session, world, "role", world.baraka, role="member"))
    assert role(session, world, world.baraka) == ("active", "member")
    with pytest.raises(GoverningError, match="last_chair"):
        carried_out(session, decided(session, world, "role", world.ama, role="treasurer"))


def test_nobody_gets_an_office_in_a_group_they_have_left(session: db.Session, world: World) -> None:
    approval = decided(session, world, "role", world.baraka, role="treasurer")
    governing.leave(session, world.umoja, world.baraka.id, AT, CAUSE)
    with pytest.raises(GoverningError, match="not_a_member"):
        carried_out(session, approval)


# Going


def test_a_removal_ends_what_they_ask_and_what_is_asked_about_them(session: db.Session, world: World) -> None:
    removal = decided(session, world, "removal", world.baraka)
    theirs = asked(session, world, world.baraka, Subject("rule", details={"rule": "vote_hours"}))
    about = asked(session, world, world.ama, Subject("role", world.baraka.id, details={"role": "treasurer"}))
    for_them = asked(
        session,
        world,
        world.ama,
        Subject("withdrawal", world.ama.id, Money(100, "KES"), details={"payee": world.baraka.id}),
    )
    other = asked(session, world, world.ama, Subject("rule", details={"rule": "loan_max_periods"}))
    carried_out(session, removal)
    assert role(session, world, world.baraka) == ("removed", "member")
    states = [approvals.find(session, world.umoja.id, each.id).state for each in (theirs, about, for_them, other)]  # type: ignore[union-attr]
    assert states == ["void", "void", "void", "open"]
    kinds = list(
        session.scalars(select(OutboxRow.kind).where(OutboxRow.kind.in_(("bot.vote_ended", "bot.member_gone"))))
    )
    assert sorted(kinds) == ["bot.member_gone", *["bot.vote_ended"] * 3]
    assert audit.first_broken_line(session, world.umoja.id) is None


def test_savings_stay_theirs_after_a_removal(session: db.Session, world: World) -> None:
    saved(session, world.umoja, world.baraka, 5_000)
    carried_out(session, decided(session, world, "removal", world.baraka))
    assert ("Baraka", Money(5_000, "KES")) in groups.savings(session, world.umoja.id, "KES")
    with pytest.raises(GoverningError, match="not_a_member"):
        governing.leave(session, world.umoja, world.baraka.id, AT, CAUSE)


def test_who_owes_more_than_they_saved_cannot_go(session: db.Session, world: World) -> None:
    saved(session, world.umoja, world.baraka, 5_000)
    owes(session, world, world.baraka, 5_001)
    with pytest.raises(GoverningError, match="still_owes"):
        governing.check_going(session, world.umoja, world.baraka.id, AT)


def test_what_they_owe_is_taken_off_what_they_get(session: db.Session, world: World) -> None:
    saved(session, world.umoja, world.baraka, 5_000)
    owes(session, world, world.baraka, 2_000)
    assert governing.check_going(session, world.umoja, world.baraka.id, AT) == Money(3_000, "KES")
    assert groups.owes(session, world.umoja.id, world.baraka.id, "KES") == Money(2_000, "KES")
    assert groups.owes(session, world.umoja.id, world.ama.id, "KES") == Money(0, "KES")


def test_a_loan_is_settled_from_savings_when_its_borrower_is_removed(session: db.Session, world: World) -> None:
    saved(session, world.umoja, world.baraka, 500_000)
    loan = borrows(session, world, world.baraka, 300_000)
    left = governing.check_going(session, world.umoja, world.baraka.id, AT)
    assert left == Money(500_000, "KES") - repaying.owed(session, loan, AT.date()).settle
    carried_out(session, decided(session, world, "removal", world.baraka))
    session.refresh(loan)
    assert loan.state == "settled"
    assert groups.owes(session, world.umoja.id, world.baraka.id, "KES") == Money(0, "KES")
    assert ("Baraka", left) in groups.savings(session, world.umoja.id, "KES")


def test_a_loan_above_the_savings_keeps_its_borrower_in_the_group(session: db.Session, world: World) -> None:
    saved(session, world.umoja, world.baraka, 200_000)
    saved(session, world.umoja, world.ama, 500_000)
    borrows(session, world, world.baraka, 300_000)
    with pytest.raises(GoverningError, match="still_owes"), session.begin_nested():
        carried_out(session, decided(session, world, "removal", world.baraka))
    assert role(session, world, world.baraka) == ("active", "member")


def test_a_guarantor_cannot_go_before_the_loan_is_paid_back(session: db.Session, world: World) -> None:
    world.umoja.loan_guarantors = 1
    saved(session, world.umoja, world.baraka, 500_000)
    saved(session, world.umoja, world.ama, 500_000)
    loan = asks_for_loan(session, world, world.ama, 300_000)
    guaranteeing.name_guarantor(session, loan, world.baraka.id, AT, CAUSE)
    guaranteeing.answer_guarantee(session, loan, world.baraka.id, True, AT, CAUSE)
    assert groups.stands_for(session, world.umoja.id, world.baraka.id) == [world.ama.id]
    with pytest.raises(GoverningError, match="stands_for_others"):
        carried_out(session, decided(session, world, "removal", world.baraka))


def test_who_goes_is_asked_to_stand_for_nobody_and_asks_for_no_loan(session: db.Session, world: World) -> None:
    world.umoja.loan_guarantors = 1
    saved(session, world.umoja, world.baraka, 500_000)
    saved(session, world.umoja, world.ama, 500_000)
    wanted, theirs = (asks_for_loan(session, world, user, 300_000) for user in (world.ama, world.baraka))
    guaranteeing.name_guarantor(session, wanted, world.baraka.id, AT, CAUSE)
    carried_out(session, decided(session, world, "removal", world.baraka))
    assert [each.state for each in guaranteeing.of(session, wanted)] == ["refused"]
    session.refresh(theirs)
    assert theirs.state == "cancelled"


def test_who_waits_for_money_cannot_go(session: db.Session, world: World) -> None:
    transactions.begin(session, world.umoja.id, "withdrawal", world.baraka.id, Money(100, "KES"), "w", AT, CAUSE)
    with pytest.raises(GoverningError, match="money_under_way"):
        governing.leave(session, world.umoja, world.baraka.id, AT, CAUSE)


def test_the_only_chair_goes_last(session: db.Session, world: World) -> None:
    with pytest.raises(GoverningError, match="last_chair"):
        governing.leave(session, world.umoja, world.ama.id, AT, CAUSE)
    governing.leave(session, world.umoja, world.baraka.id, AT, CAUSE)
    governing.leave(session, world.umoja, world.ama.id, AT, CAUSE)
    assert groups.count_members(session, world.umoja.id) == 0
    groups.join(session, world.umoja, world.baraka.id, AT, CAUSE)
    assert role(session, world, world.baraka) == ("active", "member")


def test_who_was_paid_everything_has_left_and_who_saved_meanwhile_stays(session: db.Session, world: World) -> None:
    leaving = decided(session, world, "withdrawal", world.baraka, leaving=True, rest_minor=50)
    saved(session, world.umoja, world.baraka, 51)
    assert not governing.settled(session, leaving, AT, CAUSE)
    assert role(session, world, world.baraka) == ("active", "member")
    carried = decided(session, world, "withdrawal", world.baraka, leaving=True, rest_minor=51)
    assert governing.settled(session, carried, AT, CAUSE)
    assert role(session, world, world.baraka) == ("left", "member")
    assert not governing.settled(session, carried, AT, CAUSE)


def test_what_is_left_of_somebody_who_has_gone_is_decided_without_ending_anything(
    session: db.Session, world: World
) -> None:
    saved(session, world.umoja, world.baraka, 5_000)
    carried_out(session, decided(session, world, "removal", world.baraka))
    assert governing.check_gone(session, world.umoja, world.baraka.id) == Money(5_000, "KES")
    subject = Subject("removal", world.baraka.id, Money(5_000, "KES"), details={"gone": True})
    rest = asked(session, world, world.ama, subject)
    assert rest.state == "passed"  # Ama is alone now.
    before = len(audit_lines(session, world.umoja))
    carried_out(session, rest)
    assert len(audit_lines(session, world.umoja)) == before
    groups.invite(session, world.umoja.id, world.ama.id, world.baraka.phone or "", AT + timedelta(minutes=1), CAUSE)
    groups.join(session, world.umoja, world.baraka.id, AT + timedelta(minutes=1), CAUSE)
    with pytest.raises(errors.SubjectChanged):
        carried_out(session, rest)  # It was never about ending the membership of a member.
    assert role(session, world, world.baraka) == ("active", "member")
