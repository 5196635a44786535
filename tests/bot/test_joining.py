"""From a stranger to a member of the right group: a name first, then codes, limits and choices."""

import pytest
from sqlalchemy import select

from bot.models import Dialogue
from core import db
from ledger.models import Group
from tests.bot.actors import Talker

# The first words


def test_a_name_is_asked_first_and_what_was_wanted_is_done_right_after(session: db.Session, ama: Talker) -> None:
    code = session.scalars(select(Group.code)).one()
    guest = Talker(session)
    guest.says(f"join {code}").expects("What is your name?")
    guest.says("12345").expects("only your name")
    guest.says("my name is chidi obi").expects("Welcome to Umoja, Chidi Obi!")
    assert guest.row().name == "Chidi Obi"


@pytest.mark.parametrize("said", ["my name is Joy", "My name is joy.", "MY NAME IS JOY"])
def test_a_name_may_be_the_first_thing_somebody_says(session: db.Session, said: str) -> None:
    guest = Talker(session).says(said).expects("Thank you, Joy")
    assert guest.row().name == "Joy"
    guest.says("create Umoja").expects("Umoja is ready")


def test_a_first_message_that_only_promises_a_name_is_asked_again(session: db.Session) -> None:
    guest = Talker(session).says("my name is 12345").expects("What is your name?")
    assert guest.row().name is None
    guest.says("Joy").expects("Thank you, Joy")


def test_founding_may_be_the_first_thing_somebody_says(session: db.Session) -> None:
    Talker(session).says("create Umoja").expects("name?").says("Ama").expects("Umoja is ready")


def test_what_was_wanted_survives_a_greeting_and_a_call_for_help(session: db.Session) -> None:
    guest = Talker(session)
    guest.says("create Umoja").says("hello").expects("only your name").says("help").expects("only your name")
    guest.says("Ama").expects("Umoja is ready")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Ama", "Ama"),
        ("AMA SERWAA", "Ama Serwaa"),
        ("ama", "Ama"),
        ("  Ama  ", "Ama"),
        ("I am Ama", "Ama"),
        ("i'm ama!", "Ama"),
        ("Call me Ama", "Ama"),
        ("my name is Ama", "Ama"),
        ("O'Brien", "O'Brien"),
        ("Adékúnlé Ọjọ́", "Adékúnlé Ọjọ"),
        ("Ngozi-Ada", "Ngozi-Ada"),
        ("አበበ", "አበበ"),
    ],
)
def test_a_name_is_taken_however_it_is_told(session: db.Session, said: str, name: str) -> None:
    guest = Talker(session, "whatsapp")
    guest.says("hi").says(said)
    assert guest.row().name == name


@pytest.mark.parametrize(
    "said", ["x", "1234", "Ama 2", "😀", "?!", "a b c d e", "n" * 41, "contribute 500", "ok", "..."]
)
def test_what_is_no_name_is_not_taken_for_one(session: db.Session, said: str) -> None:
    guest = Talker(session)
    guest.says("hi").says(said).expects("only your name")
    assert guest.row().name is None
    guest.says("Ama").expects("Thank you, Ama")


def test_a_name_never_becomes_a_link_or_markup(session: db.Session) -> None:
    guest = Talker(session)
    guest.says("hi").says("www.win-cash.co.ke")
    assert "." not in (guest.row().name or "")
    other = Talker(session)
    other.says("hi").says("*Ama* <b>{x}")
    assert not set("*<>{}") & set(other.row().name or "")


# Groups


def test_with_two_groups_the_question_is_which_and_then_the_wish_goes_on(session: db.Session, ama: Talker) -> None:
    ama.founds("Harambee")
    session.get_one(Dialogue, ama.row().id).group_id = None
    session.flush()
    ama.says("contribute 500").expects("Which group?", "1 Umoja", "2 Harambee")
    ama.says("9").expects("Which group?").says("both").expects("Which group?")
    ama.says("2").expects("Harambee: you save KES 500", "PIN")
    ama.says("contribute 600").expects("Harambee: you save KES 600")
    ama.says("group umoja").expects("Umoja").says("balance").expects("Umoja:")
    ama.says("group").expects("Which group?").says("harambe").expects("Harambee")


def test_a_name_that_fits_two_groups_is_asked_about_and_never_guessed(session: db.Session, ama: Talker) -> None:
    ama.founds("Umoja A")
    ama.founds("Umoja B")
    ama.says("group umoja b").expects("Umoja B")
    ama.says("group umoja c").expects("Which group?").says("umoja d").expects("Which group?")
    ama.says("umoja").expects("talk about Umoja.")


def test_a_code_is_read_however_it_is_typed(session: db.Session, ama: Talker) -> None:
    code = session.scalars(select(Group.code)).one()
    prefix, secret = code.split("-")
    ways = (code, code.lower(), f"{prefix} {secret}", f"{prefix}{secret}", secret, f"{secret[:3]} {secret[3:]}.")
    for number, way in enumerate(ways):
        guest = Talker(session).is_known("Chidi")
        guest.says("join").expects("Which code?").says(way).expects("Welcome to Umoja", f"number {number + 2}")


def test_a_wrong_code_is_asked_again_five_times_a_day(session: db.Session, ama: Talker) -> None:
    code = session.scalars(select(Group.code)).one()
    guest = Talker(session).is_known("Chidi")
    guest.says("join UMOJA-222222").expects("No group has this code")
    for _ in range(4):
        guest.says("UMOJA-222222").expects("No group has this code")
    guest.says(code).expects("too many wrong codes")
    guest.waits(hours=23).says(f"join {code}").expects("too many wrong codes")
    guest.waits(hours=25).says(f"join {code}").expects("Welcome to Umoja")


def test_a_day_without_wrong_codes_is_enough_however_much_is_talked_about_else(
    session: db.Session, ama: Talker
) -> None:
    code = session.scalars(select(Group.code)).one()
    guest = Talker(session).is_known("Chidi")
    for _ in range(5):
        guest.says("join UMOJA-222222")
    guest.waits(hours=12).says("create").expects("name of your group").says("0")
    guest.waits(hours=13).says(f"join {code}").expects("Welcome to Umoja")


def test_a_code_typed_without_its_dash_is_a_code_whatever_its_first_word_means(session: db.Session) -> None:
    Talker(session).is_known("Ama").says("create Save").expects("Save is ready")
    code = session.scalars(select(Group.code)).one()
    guest = Talker(session).is_known("Chidi")
    guest.says("join").expects("Which code?").says(code.replace("-", " ")).expects("Welcome to Save")


def test_a_right_code_forgives_the_wrong_ones(session: db.Session, ama: Talker) -> None:
    code = session.scalars(select(Group.code)).one()
    guest = Talker(session).is_known("Chidi")
    for _ in range(4):
        guest.says("join UMOJA-222222")
    guest.says(f"join {code}").expects("Welcome")
    for _ in range(5):
        guest.says("join UMOJA-222222").expects("No group has this code")


def test_a_full_group_takes_nobody_and_a_member_joins_once(session: db.Session, ama: Talker) -> None:
    group = session.scalars(select(Group)).one()
    code, group.member_limit = group.code, 2
    session.flush()
    chidi, efua = Talker(session).is_known("Chidi"), Talker(session).is_known("Efua")
    chidi.says(f"join {code}").expects("Welcome", "member number 2")
    chidi.says(f"join {code}").expects("already a member")
    efua.says(f"join {code}").expects("is full", "2 members")
    efua.says("balance").expects("not in a group yet")
