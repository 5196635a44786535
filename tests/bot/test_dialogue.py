"""The way of one message: answered once, one after the other, and a question stays open for as long as it should."""

import json

import pytest
from sqlalchemy import func, select, text

from bot import dialogue
from bot.models import Dialogue, InboundMessage
from core import db
from ledger import contributions
from ledger.models import Group, Transaction, User
from ledger.postings import Cause
from tests.bot.actors import Talker, committed, plain
from tests.payments.actors import at_once


@pytest.fixture
def ama(session: db.Session) -> Talker:
    """Somebody who has told their name and founded Umoja."""
    talker = Talker(session)
    talker.is_known("Ama").founds("Umoja")
    return talker


def wishes_of(talker: Talker) -> list[int]:
    found = select(Transaction.amount_minor).where(Transaction.user_id == talker.row().id).order_by(Transaction.id)
    return list(talker.session.scalars(found))


# Once


def test_a_retry_gets_the_identical_answer_even_when_another_would_be_given_now(ama: Talker) -> None:
    first = ama.says("contribute 500", "SM-1").reply
    ama.says("contribute 700")
    assert ama.says("contribute 500", "SM-1").reply == first
    assert ama.says("anything else", "SM-1").reply == first
    assert wishes_of(ama) == [50_000, 70_000]


def test_the_answer_is_stored_as_it_was_rendered(ama: Talker) -> None:
    ama.says("balance", "SM-1", render=lambda answer: f"<{answer.text}>")
    assert ama.reply.startswith("<Umoja")
    assert ama.inbound()[-1].answer == ama.reply
    assert ama.inbound()[-1].command == "balance"


def test_a_retry_of_a_message_with_nothing_to_say_says_nothing_again(ama: Talker) -> None:
    assert ama.says("STOP", "SM-1", opt="out").reply == ""
    assert ama.says("STOP", "SM-1", opt="out").reply == ""


# One after the other (real commits)


def respond(talker: Talker, text: str, message_id: str) -> str:
    message = talker.message(text, message_id)
    return str(committed(lambda session: dialogue.respond(session, message, talker.at, plain)))


@pytest.fixture
def baraka(committing: str) -> Talker:
    with db.session() as session:
        talker = Talker(session)
        talker.is_known("Baraka").founds("Harambee")
        session.commit()
        return talker


def test_the_same_message_many_times_at_once_has_one_answer_and_one_effect(baraka: Talker) -> None:
    answers = at_once(*[lambda: respond(baraka, "contribute 500", "SM-1")] * 6)
    assert len(set(answers)) == 1 and "/p/" in answers[0]
    with db.session() as session:
        assert session.scalar(select(func.count()).select_from(Transaction)) == 1


def test_two_messages_of_a_member_at_the_same_moment_are_handled_one_after_the_other(baraka: Talker) -> None:
    respond(baraka, "contribute", "SM-0")  # The question "how much?" is open, and both answer it.
    answers = at_once(lambda: respond(baraka, "500", "SM-1"), lambda: respond(baraka, "500", "SM-2"))
    assert sorted("/p/" in answer for answer in answers) == [False, True]
    assert any("did not understand" in answer for answer in answers)
    with db.session() as session:
        assert session.scalar(select(func.count()).select_from(Transaction)) == 1


def test_a_wish_written_twice_at_the_same_moment_is_one_wish(baraka: Talker) -> None:
    works = [lambda n=n: respond(baraka, "contribute 500", f"SM-{n}") for n in range(5)]
    assert len(set(at_once(*works))) == 1
    with db.session() as session:
        assert session.scalar(select(func.count()).select_from(Transaction)) == 1


@pytest.mark.parametrize("hidden", [False, True])
def test_a_stranger_whose_first_messages_come_at_once_is_one_person(committing: str, hidden: bool) -> None:
    with db.session() as session:
        stranger = Talker(session, "whatsapp", phone=None if hidden else "+254712345678", address="KE.77")
        at_once(*[lambda n=n: respond(stranger, "hi", f"SM-{n}") for n in range(5)])
        assert len({message.user_id for message in session.scalars(select(InboundMessage))}) == 1
        if not hidden:
            assert session.scalar(select(func.count()).select_from(User)) == 1


def test_members_do_not_wait_for_each_other(committing: str) -> None:
    with db.session() as session, db.session() as other:
        first, second = Talker(session), Talker(other)
        first.says("hi")  # not committed: the first member's row is locked
        second.says("hi").expects("What is your name?")


# The first words


def test_a_name_is_asked_first_and_what_was_wanted_is_done_right_after(session: db.Session, ama: Talker) -> None:
    code = session.scalars(select(Group.code)).one()
    guest = Talker(session)
    guest.says(f"join {code}").expects("What is your name?")
    guest.says("12345").expects("only your name")
    guest.says("my name is chidi obi").expects("Welcome to Umoja, Chidi Obi!")
    assert guest.row().name == "Chidi Obi"


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


# Questions


def test_an_open_question_is_answered_by_the_next_message(ama: Talker) -> None:
    ama.says("contribute").expects("How much")
    ama.says("lots").expects("in figures")
    ama.says("5.000,50").expects("not sure")
    ama.says("500").expects("KES 500", "/p/")
    ama.says("500").expects("did not understand")


def test_a_question_is_forgotten_after_a_day(ama: Talker) -> None:
    ama.says("contribute").waits(hours=23, minutes=59).says("500").expects("/p/")
    ama.says("contribute").waits(hours=24).says("500").expects("did not understand")
    assert wishes_of(ama) == [50_000]


def test_a_question_that_is_asked_again_stays_open_for_another_day(session: db.Session) -> None:
    guest = Talker(session).says("create Umoja").expects("name?")
    guest.waits(hours=23).says("123").expects("only your name")
    guest.waits(hours=2).says("Ama").expects("Umoja is ready")


def test_a_command_interrupts_a_question(ama: Talker) -> None:
    ama.says("contribute").says("balance").expects("you have KES 0")
    ama.says("500").expects("did not understand")


def test_help_interrupts_and_the_question_is_still_open(ama: Talker) -> None:
    ama.says("contribute").says("menu").expects("balance").says("500").expects("/p/")


def test_a_message_that_is_no_text_leaves_the_question_open(ama: Talker) -> None:
    ama.says("contribute")
    ama.says("", media=("https://m/1.jpg",)).expects("only read text")
    ama.says("   ").expects("empty")
    ama.says("5" * 501).expects("too long")
    ama.says("500").expects("/p/")


def test_nought_stops_a_question_and_says_when_there_is_none(ama: Talker) -> None:
    ama.says("contribute").says("0").expects("stopped").says("500").expects("did not understand")
    ama.says("0").expects("nothing to stop")


def test_a_guess_is_asked_about_before_anything_is_written(ama: Talker) -> None:
    ama.says("contrbute 500").expects("Did you mean: contribute KES 500 to Umoja?")
    assert wishes_of(ama) == []
    ama.says("perhaps").expects("1 for yes").says("2").expects("nothing was done")
    assert wishes_of(ama) == []
    ama.says("contrbute 500").says("Yes!").expects("/p/")
    assert wishes_of(ama) == [50_000]
    ama.says("contrbute lots").expects("Did you mean: contribute?")


def test_saying_that_one_has_paid_moves_no_money(ama: Talker) -> None:
    ama.says("contribute 500").says("i have paid 5000").expects("when the payment service confirms it", "KES 500")
    ama.says("balance").expects("you have KES 0")
    assert wishes_of(ama) == [50_000]


# Groups


def test_with_two_groups_the_question_is_which_and_then_the_wish_goes_on(session: db.Session, ama: Talker) -> None:
    ama.founds("Harambee")
    session.get_one(Dialogue, ama.row().id).group_id = None
    session.flush()
    ama.says("contribute 500").expects("Which group?", "1 Umoja", "2 Harambee")
    ama.says("9").expects("Which group?").says("both").expects("Which group?")
    ama.says("2").expects("Harambee: save KES 500", "/p/")
    ama.says("contribute 600").expects("Harambee: save KES 600")
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


# Odd messages


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("   \n ", "empty"),
        ("x" * 501, "too long"),
        ("x" * 10_000, "too long"),
        ("😀", "did not understand"),
        ("\x00", "did not understand"),
        ("contribute \x00 500", "figures"),
        ("contribute 9999999", "at most"),
        ("contribute 1", "smallest payment"),
    ],
)
def test_an_odd_message_gets_a_helpful_answer_and_is_kept(ama: Talker, text: str, words: str) -> None:
    ama.says(text).expects(words)
    stored = ama.inbound()[-1]
    assert stored.answer == ama.reply
    assert stored.body == text.replace("\x00", "")[:2_000]


def test_a_picture_with_words_is_read_for_its_words(ama: Talker) -> None:
    ama.says("balance", media=("https://m/1.jpg",)).expects("you have KES 0")
    assert ama.inbound()[-1].media == ["https://m/1.jpg"]


def test_a_picture_from_a_stranger_is_answered_in_words(session: db.Session) -> None:
    Talker(session).says("", media=("https://m/1.ogg",)).expects("only read text").says("hi").expects("your name?")


# Leaving and coming back


def test_on_sms_twilio_has_answered_a_stop_so_nothing_is_said(ama: Talker) -> None:
    assert ama.says("STOP", opt="out").reply == ""
    assert ama.inbound()[-1].command == "stop"
    assert ama.says("START", opt="in").reply == ""
    ama.says("balance").expects("you have KES 0")


def test_on_whatsapp_a_stop_is_confirmed_and_start_leads_back(session: db.Session) -> None:
    guest = Talker(session, "whatsapp").is_known("Ama")
    guest.says("STOP", opt="out").expects("no more messages", "write: start")
    guest.says("start", opt="in").expects("Welcome back")
    guest.says("start", opt="in").expects("Hello Ama!")


def test_a_yes_on_sms_that_opts_nobody_in_is_an_ordinary_word(ama: Talker) -> None:
    ama.says("contrbute 500").expects("Did you mean").says("yes", opt="in").expects("/p/")


def test_leaving_one_channel_does_not_leave_the_other(session: db.Session) -> None:
    guest = Talker(session, "whatsapp").is_known("Ama")
    guest.says("stop", opt="out")
    guest.says("hi", channel="sms").expects("Hello Ama!")
    guest.says("start", channel="sms", opt="in").expects("Hello Ama!")


def test_whatsapp_and_sms_of_one_number_are_one_person_in_one_conversation(session: db.Session) -> None:
    guest = Talker(session, "whatsapp").is_known("Ama")
    guest.founds("Umoja")
    guest.says("contribute").expects("How much").says("500", channel="sms").expects("/p/")
    assert len({message.user_id for message in guest.inbound()}) == 1


def test_somebody_whose_number_is_hidden_takes_part_all_the_same(session: db.Session) -> None:
    guest = Talker(session, "whatsapp", phone=None, address="KE.1234567890").is_known("Ama")
    assert (guest.row().phone, guest.row().country) == (None, "ZZ")
    guest.founds("Umoja")
    guest.says("currency KES").expects("saves in KES").says("contribute 500").expects("/p/")


def test_nothing_about_a_conversation_is_kept_that_json_cannot_hold(ama: Talker) -> None:
    ama.says("contrbute 500.50")
    kept = ama.dialogue()
    assert kept is not None and json.loads(json.dumps(kept.slots)) == {"amount_minor": 50_050}


def test_a_receipts_number_is_the_same_in_the_history_as_on_the_receipt(session: db.Session) -> None:
    guest = Talker(session).is_known("Ama")
    guest.founds("Umoja")
    guest.says("contribute 500")
    transaction = session.scalars(select(Transaction)).one()
    contributions.complete(session, transaction, "paystack", 50_761, 761, guest.at, Cause(None, "paystack"))
    session.execute(text("ALTER TABLE receipts DISABLE TRIGGER receipts_append_only"))
    session.execute(text("UPDATE receipts SET number = 1234"))
    session.execute(text("ALTER TABLE receipts ENABLE TRIGGER receipts_append_only"))
    session.expunge_all()
    guest.says("history").expects("R-1234")
