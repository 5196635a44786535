"""Groups: founding, joining, inviting, and the currency that stays once money was promised."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from core import db
from ledger import errors, groups
from ledger.models import Group, Invitation, Membership, User, Wallet
from tests.ledger.actors import AT, CAUSE, World, audit_lines, balances, founded, person, saved, wish


def wallets(session: db.Session, group: Group) -> set[tuple[str, int | None, str]]:
    rows = session.execute(select(Wallet.kind, Wallet.user_id, Wallet.currency).where(Wallet.group_id == group.id))
    return {(kind, user_id, currency) for kind, user_id, currency in rows}


def leaves(session: db.Session, group: Group, user: User) -> None:
    membership = session.query(Membership).filter_by(group_id=group.id, user_id=user.id).one()
    membership.status = "left"
    session.flush()


def test_a_founder_is_the_chair_of_a_group_and_has_savings(session: db.Session) -> None:
    ama = person(session, "Ama")
    group = founded(session, ama, "Umoja")
    assert groups.members(session, group.id) == [groups.Member(ama.id, "Ama", "chair")]
    assert wallets(session, group) == {
        ("savings", ama.id, "KES"),
    }
    founded_line, wallet_line = audit_lines(session, group)
    assert (founded_line.action, json.loads(founded_line.data)) == ("group_created", {"currency": "KES"})
    assert wallet_line.action == "wallet_opened"


@pytest.mark.parametrize(
    ("phone", "country", "currency", "time_zone"),
    [
        ("+254712345678", "KE", "KES", "Africa/Nairobi"),
        ("+2348031234567", "NG", "NGN", "Africa/Lagos"),
        ("+256772345678", "UG", "UGX", "Africa/Kampala"),
        ("+221771234567", "SN", "XOF", "Africa/Dakar"),
    ],
)
def test_country_currency_and_time_zone_are_those_of_the_founders_phone(
    session: db.Session, phone: str, country: str, currency: str, time_zone: str
) -> None:
    group = founded(session, person(session, "Ama", phone), "Umoja")
    assert (group.country, group.currency, group.time_zone) == (country, currency, time_zone)


def test_a_founder_without_a_phone_gives_the_group_their_country(session: db.Session) -> None:
    ama = User(name="Ama", country="GH")
    session.add(ama)
    session.flush()
    group = founded(session, ama, "Susu")
    assert (group.country, group.currency, group.time_zone) == ("GH", "GHS", "UTC")


def test_a_group_is_found_by_its_code_however_typed(session: db.Session, world: World) -> None:
    code = world.umoja.code
    for typed in (code, code.lower(), code.replace("-", " "), code[-6:], f"join {code}"):
        assert groups.by_code(session, typed) is world.umoja


@pytest.mark.parametrize("typed", ["", "UMOJA", "UMOJA-222222", "7K3M9"])
@pytest.mark.usefixtures("world")
def test_a_code_of_no_group_is_unknown(session: db.Session, typed: str) -> None:
    with pytest.raises(errors.UnknownCode):
        groups.by_code(session, typed)


def test_a_new_member_has_a_wallet_and_a_line_in_the_history(session: db.Session, world: World) -> None:
    dalila = person(session, "Dalila")
    groups.join(session, world.umoja, dalila.id, AT, CAUSE)
    assert groups.members(session, world.umoja.id)[-1] == groups.Member(dalila.id, "Dalila", "member")
    assert ("savings", dalila.id, "KES") in wallets(session, world.umoja)
    joined, opened = audit_lines(session, world.umoja)[-2:]
    assert (joined.action, json.loads(joined.data)) == ("member_joined", {"member": dalila.id})
    facts = {key: value for key, value in json.loads(opened.data).items() if key != "wallet"}
    assert (opened.action, facts) == ("wallet_opened", {"kind": "savings", "user": dalila.id, "provider": ""})


def test_joining_twice_is_refused(session: db.Session, world: World) -> None:
    with pytest.raises(errors.AlreadyMember):
        groups.join(session, world.umoja, world.baraka.id, AT, CAUSE)
    assert groups.count_members(session, world.umoja.id) == 2


def test_a_full_group_takes_nobody_and_says_so(session: db.Session, world: World) -> None:
    world.umoja.member_limit = 2
    session.flush()
    with pytest.raises(errors.GroupFull):
        groups.join(session, world.umoja, world.chidi.id, AT, CAUSE)
    assert groups.count_members(session, world.umoja.id) == 2


def test_a_place_that_somebody_left_is_free_again(session: db.Session, world: World) -> None:
    world.umoja.member_limit = 2
    leaves(session, world.umoja, world.baraka)
    groups.join(session, world.umoja, world.chidi.id, AT, CAUSE)
    with pytest.raises(errors.GroupFull):
        groups.join(session, world.umoja, world.baraka.id, AT, CAUSE)


def test_whoever_rejoins_finds_their_savings_but_not_their_office(session: db.Session, world: World) -> None:
    saved(session, world.umoja, world.ama, 5000)
    leaves(session, world.umoja, world.ama)
    assert [member.name for member in groups.members(session, world.umoja.id)] == ["Baraka"]
    groups.join(session, world.umoja, world.ama.id, AT, CAUSE)
    assert groups.Member(world.ama.id, "Ama", "member") in groups.members(session, world.umoja.id)
    assert balances(session, world.umoja)["savings", world.ama.id] == 5000
    assert session.query(Membership).filter_by(group_id=world.umoja.id, user_id=world.ama.id).count() == 1
    saved(session, world.umoja, world.ama, 700)
    assert balances(session, world.umoja)["savings", world.ama.id] == 5700


def test_one_person_can_belong_to_two_groups(session: db.Session, world: World) -> None:
    groups.join(session, world.harambee, world.ama.id, AT, CAUSE)
    saved(session, world.umoja, world.ama, 5000)
    saved(session, world.harambee, world.ama, 40)
    assert balances(session, world.umoja)["savings", world.ama.id] == 5000
    assert balances(session, world.harambee)["savings", world.ama.id] == 40


def test_officers_come_first_then_members_as_they_joined(session: db.Session, world: World) -> None:
    dalila = person(session, "Dalila")
    groups.join(session, world.umoja, dalila.id, AT, CAUSE)
    session.query(Membership).filter_by(user_id=dalila.id).one().role = "treasurer"
    session.flush()
    assert [member.name for member in groups.members(session, world.umoja.id)] == ["Ama", "Dalila", "Baraka"]
    assert set(groups.officers(session, world.umoja.id)) == {world.ama.id, dalila.id}


def test_officers_who_left_are_no_officers(session: db.Session, world: World) -> None:
    leaves(session, world.umoja, world.ama)
    assert groups.officers(session, world.umoja.id) == []


def test_a_member_without_a_name_is_shown_as_a_question_mark(session: db.Session, world: World) -> None:
    world.baraka.name = None
    session.flush()
    assert [member.name for member in groups.members(session, world.umoja.id)] == ["Ama", "?"]


def test_a_phone_is_invited_once_whoever_asks(session: db.Session, world: World) -> None:
    assert groups.invite(session, world.umoja.id, world.ama.id, "+254799000111", AT, CAUSE)
    assert not groups.invite(session, world.umoja.id, world.baraka.id, "+254799000111", AT, CAUSE)
    assert session.query(Invitation).filter_by(group_id=world.umoja.id).one().invited_by == world.ama.id
    assert [line.action for line in audit_lines(session, world.umoja)].count("member_invited") == 1


def test_two_groups_may_invite_the_same_phone(session: db.Session, world: World) -> None:
    assert groups.invite(session, world.umoja.id, world.ama.id, "+254799000111", AT, CAUSE)
    assert groups.invite(session, world.harambee.id, world.chidi.id, "+254799000111", AT, CAUSE)


def test_the_history_keeps_no_part_of_an_invited_phone(session: db.Session, world: World) -> None:
    groups.invite(session, world.umoja.id, world.ama.id, "+254799000111", AT, CAUSE)
    invitation = session.scalars(select(Invitation.id)).one()
    assert json.loads(audit_lines(session, world.umoja)[-1].data) == {"invitation": invitation}


def test_a_member_cannot_be_invited_but_somebody_who_left_can(session: db.Session, world: World) -> None:
    assert world.baraka.phone
    with pytest.raises(errors.AlreadyMember):
        groups.invite(session, world.umoja.id, world.ama.id, world.baraka.phone, AT, CAUSE)
    leaves(session, world.umoja, world.baraka)
    assert groups.invite(session, world.umoja.id, world.ama.id, world.baraka.phone, AT, CAUSE)


def test_before_the_first_transaction_the_currency_can_change_and_the_wallets_follow(
    session: db.Session, world: World
) -> None:
    groups.change_currency(session, world.umoja, "NGN", AT, CAUSE)
    assert {currency for _, _, currency in wallets(session, world.umoja)} == {"NGN"}
    assert {currency for _, _, currency in wallets(session, world.harambee)} == {"KES"}
    line = audit_lines(session, world.umoja)[-1]
    assert (line.action, json.loads(line.data)) == ("currency_changed", {"currency": "NGN"})
    saved(session, world.umoja, world.ama, 5000)
    assert session.scalars(text("SELECT DISTINCT currency FROM transactions")).all() == ["NGN"]


def test_from_the_first_wish_on_the_currency_stays(session: db.Session, world: World) -> None:
    wish(session, world.umoja, world.ama)
    with pytest.raises(errors.CurrencyFixed):
        groups.change_currency(session, world.umoja, "NGN", AT, CAUSE)
    session.refresh(world.umoja)
    assert world.umoja.currency == "KES"


def test_who_was_removed_comes_back_only_when_an_officer_has_invited_them_since(
    session: db.Session, world: World
) -> None:
    number, later = world.baraka.phone or "", AT + timedelta(hours=1)
    belonging = groups.membership(session, world.umoja.id, world.baraka.id)
    assert belonging
    dalila = person(session, "Dalila")
    groups.join(session, world.umoja, dalila.id, AT, CAUSE)
    # An invitation of before, of which the group has thought better.
    session.add(Invitation(group_id=world.umoja.id, phone=number, invited_by=world.ama.id, created_at=AT))
    groups.end_membership(session, belonging, "removed", later, CAUSE)
    assert groups.removed(session, world.umoja.id, number) == world.baraka.id
    with pytest.raises(errors.Removed):
        groups.join(session, world.umoja, world.baraka.id, later, CAUSE)
    with pytest.raises(errors.Removed):
        groups.invite(session, world.umoja.id, dalila.id, number, later, CAUSE)
    after = later + timedelta(minutes=1)
    assert groups.invite(session, world.umoja.id, world.ama.id, number, after, CAUSE)
    assert not groups.invite(session, world.umoja.id, world.ama.id, number, after, CAUSE)
    groups.join(session, world.umoja, world.baraka.id, after, CAUSE)
    found = groups.membership(session, world.umoja.id, world.baraka.id)
    assert found
    assert (found.status, found.ended_at, found.joined_at) == ("active", None, after)
    assert groups.removed(session, world.umoja.id, number) is None


def test_who_has_gone_with_savings_is_known_to_those_who_stay(session: db.Session, world: World) -> None:
    saved(session, world.umoja, world.baraka, 5_000)
    assert groups.gone(session, world.umoja.id) == []
    leaves(session, world.umoja, world.baraka)
    assert groups.gone(session, world.umoja.id) == [groups.Member(world.baraka.id, "Baraka", "member")]
