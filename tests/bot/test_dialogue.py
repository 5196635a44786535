"""The way of one message: answered once, one after the other, and a question stays open for as long as it should."""

import json

import pytest
from sqlalchemy import func, select, text

from bot import dialogue
from bot.models import InboundMessage
from core import db
from ledger import contributions, groups
from ledger.audit import Cause
from ledger.models import Transaction, User
from tests.bot.actors import Talker, committed, plain
from tests.ledger.actors import as_owner
from tests.payments.actors import OF_500, at_once


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
    assert len(set(answers)) == 1 and "asks for your PIN" in answers[0]
    with db.session() as session:
        assert session.scalar(select(func.count()).select_from(Transaction)) == 1


def test_two_messages_of_a_member_at_the_same_moment_are_handled_one_after_the_other(baraka: Talker) -> None:
    respond(baraka, "contribute", "SM-0")  # The question "how much?" is open, and both answer it.
    answers = at_once(lambda: respond(baraka, "500", "SM-1"), lambda: respond(baraka, "500", "SM-2"))
    assert sorted("you save" in answer for answer in answers) == [False, True]
    assert any("did not understand" in answer for answer in answers)
    with db.session() as session:
        assert session.scalar(select(func.count()).select_from(Transaction)) == 1


def test_whatsapp_and_sms_of_one_member_at_the_same_moment_take_turns_too(baraka: Talker) -> None:
    other = Talker(baraka.session, "whatsapp", baraka.phone)
    respond(other, "hi", "SM-hi")
    for turn in range(5):
        respond(baraka, "contribute", f"SM-{turn}")
        answers = at_once(
            lambda turn=turn: respond(baraka, f"50{turn}", f"sms-{turn}"),
            lambda turn=turn: respond(other, f"50{turn}", f"whatsapp-{turn}"),
        )
        assert sorted("you save" in answer for answer in answers) == [False, True]


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


# Questions


def test_an_open_question_is_answered_by_the_next_message(ama: Talker) -> None:
    ama.says("contribute").expects("How much")
    ama.says("lots").expects("in figures")
    ama.says("5.000,50").expects("not sure")
    ama.says("500").expects("KES 500", "asks for your PIN")
    ama.says("500").expects("did not understand")


def test_a_question_is_forgotten_after_a_day(ama: Talker) -> None:
    ama.says("contribute").waits(hours=23, minutes=59).says("500").expects("asks for your PIN")
    ama.says("contribute").waits(hours=24).says("500").expects("did not understand")
    assert wishes_of(ama) == [50_000]


def test_a_question_that_is_asked_again_stays_open_for_another_day(session: db.Session) -> None:
    guest = Talker(session).says("create Umoja").expects("name?")
    guest.waits(hours=23).says("123").expects("only your name")
    guest.waits(hours=2).says("Ama").expects("Umoja is ready")


def test_a_command_interrupts_a_question(ama: Talker) -> None:
    ama.says("contribute").says("invite 0712345678").expects("invitation")
    ama.says("500").expects("did not understand")


def test_who_only_looks_something_up_has_not_left_the_question(ama: Talker) -> None:
    ama.says("contribute").says("balance").expects("you have KES 0")
    ama.says("500").expects("you save KES 500")


def test_help_interrupts_and_the_question_is_still_open(ama: Talker) -> None:
    ama.says("contribute").says("menu").expects("balance").says("500").expects("asks for your PIN")


def test_a_message_that_is_no_text_leaves_the_question_open(ama: Talker) -> None:
    ama.says("contribute")
    ama.says("", media=("https://m/1.jpg",)).expects("only read text")
    ama.says("   ").expects("empty")
    ama.says("5" * 501).expects("too long")
    ama.says("500").expects("asks for your PIN")


def test_nought_stops_a_question_and_says_when_there_is_none(ama: Talker) -> None:
    ama.says("contribute").says("0").expects("nothing was done").says("500").expects("did not understand")
    ama.says("0").expects("nothing to stop")


def test_a_guess_is_asked_about_before_anything_is_written(ama: Talker) -> None:
    ama.says("contrbute 500").expects("Did you mean: contribute KES 500 to Umoja?")
    assert wishes_of(ama) == []
    ama.says("perhaps").expects("1 for yes").says("2").expects("nothing was done")
    assert wishes_of(ama) == []
    ama.says("contrbute 500").says("Yes!").expects("asks for your PIN")
    assert wishes_of(ama) == [50_000]
    ama.says("contrbute lots").expects("Did you mean: contribute?")


def test_cents_that_no_phone_can_send_are_asked_about_again_and_nothing_is_written(ama: Talker) -> None:
    ama.says("contribute 500.50").expects("whole amounts of KES", "without cents")
    assert wishes_of(ama) == []
    ama.says("500.01").expects("without cents").says("500").expects("asks for your PIN")
    ama.says("contrbute 700.50").expects("Did you mean").says("yes").expects("without cents").says("700").expects(
        "asks for your PIN"
    )
    assert wishes_of(ama) == [50_000, 70_000]


def test_where_cents_can_be_paid_they_are_taken(session: db.Session) -> None:
    ngozi = Talker(session, phone="+2348031200001").is_known("Ngozi")
    ngozi.founds("Umoja")
    ngozi.says("contribute 500.50").expects("you save NGN 500.50", "account number to pay into")
    assert wishes_of(ngozi) == [50_050]


def test_the_fee_a_member_reads_is_what_they_pay_on_top(session: db.Session) -> None:
    guest = Talker(session, "whatsapp").is_known("Ama")
    guest.founds("Umoja")
    guest.says("contribute 500").expects(str(OF_500.gross - OF_500.amount), str(OF_500.gross))
    assert str(OF_500.fee) not in guest.reply


def test_a_currency_without_payments_is_said_to_be_one_when_it_is_chosen(ama: Talker) -> None:
    ama.says("currency UGX").expects("now saves in UGX", "not possible in UGX yet")


# Lists


@pytest.mark.parametrize(("channel", "longest"), [("sms", 320), ("whatsapp", 1_600)])
def test_a_long_list_of_members_is_cut_to_what_the_channel_takes(
    session: db.Session, channel: str, longest: int
) -> None:
    ama = Talker(session, channel).is_known("Ama")
    code = ama.founds("Umoja")
    group = groups.by_code(session, code)
    for number in range(group.member_limit - 1):
        user = User(phone=f"+2547000{number:05d}", name="Nakato Namubiru Nabirye Nankya Nalubegas")
        session.add(user)
        session.flush()
        groups.join(session, group, user.id, ama.at, Cause(user.id, "sms"))
    everyone = group.member_limit
    ama.says("members").expects("Ama (chair)", f"{everyone} members", " more")
    shown = ama.reply.count("Nakato") + 1
    assert f"and {everyone - shown} more" in ama.reply
    assert len(ama.reply) <= longest
    assert channel == "sms" or shown > 20, "there is room for many on WhatsApp"


def test_saying_that_one_has_paid_moves_no_money(ama: Talker) -> None:
    ama.says("contribute 500").says("i have paid 5000").expects(
        "when the payment service tells me", "Not there yet: KES 500."
    )
    ama.says("balance").expects("you have KES 0")
    assert wishes_of(ama) == [50_000]


# Odd messages


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("   \n ", "empty"),
        ("x" * 501, "too long"),
        ("x" * 10_000, "too long"),
        ("😀", "did not understand"),
        ("contribute 500.50", "without cents"),
        ("contribute 9999999", "at most"),
        ("contribute 1", "smallest payment"),
    ],
)
def test_an_odd_message_gets_a_helpful_answer_and_is_kept(ama: Talker, text: str, words: str) -> None:
    ama.says(text).expects(words)
    stored = ama.inbound()[-1]
    assert stored.answer == ama.reply
    assert stored.body == text[:2_000]


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


@pytest.mark.parametrize("word", ["Stop!", "STOP.", " stop ! "])
def test_on_sms_a_stop_that_twilio_does_not_know_is_confirmed_by_us(ama: Talker, word: str) -> None:
    ama.says(word, opt="out").expects("no more messages", "write: start")
    assert ama.inbound()[-1].command == "stop"
    ama.says("Start!", opt="in").expects("Welcome back")


@pytest.mark.parametrize("word", ["stop", " Stop ", "UNSUBSCRIBE\n"])
def test_on_sms_the_bare_word_gets_no_second_answer(ama: Talker, word: str) -> None:
    assert ama.says(word, opt="out").reply == ""


def test_on_whatsapp_a_stop_is_confirmed_and_start_leads_back(session: db.Session) -> None:
    guest = Talker(session, "whatsapp").is_known("Ama")
    guest.says("STOP", opt="out").expects("no more messages", "write: start")
    guest.says("start", opt="in").expects("Welcome back")
    guest.says("start", opt="in").expects("Hello Ama!")


def test_a_yes_on_sms_that_opts_nobody_in_is_an_ordinary_word(ama: Talker) -> None:
    ama.says("contrbute 500").expects("Did you mean").says("yes", opt="in").expects("asks for your PIN")


def test_leaving_one_channel_does_not_leave_the_other(session: db.Session) -> None:
    guest = Talker(session, "whatsapp").is_known("Ama")
    guest.says("stop", opt="out")
    guest.says("hi", channel="sms").expects("Hello Ama!")
    guest.says("start", channel="sms", opt="in").expects("Hello Ama!")


def test_whatsapp_and_sms_of_one_number_are_one_person_in_one_conversation(session: db.Session) -> None:
    guest = Talker(session, "whatsapp").is_known("Ama")
    guest.founds("Umoja")
    guest.says("contribute").expects("How much").says("500", channel="sms").expects("asks for your PIN")
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
    contributions.complete(
        session,
        transaction,
        "paystack",
        OF_500.gross.amount_minor,
        OF_500.fee.amount_minor,
        guest.at,
        Cause(None, "paystack"),
    )
    as_owner(session)
    session.execute(text("ALTER TABLE receipts DISABLE TRIGGER receipts_append_only"))
    session.execute(text("UPDATE receipts SET number = 1234"))
    session.execute(text("ALTER TABLE receipts ENABLE TRIGGER receipts_append_only"))
    session.expunge_all()
    guest.says("history").expects("R-1234")
