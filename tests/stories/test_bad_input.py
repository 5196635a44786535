"""Whatever a member sends gets a short answer that says what to write instead, and loses nothing."""

from collections.abc import Callable

import pytest

from tests.stories.actors import Member, World

HELPFUL = {
    "contribute 0": "must be more than zero",
    "contribute -5": "must be more than zero",
    "contribute 9999999999": "at most KES 246,250",
    "contribute 1": "smallest payment is KES 3",
    "contribute 5.000,50": "not sure about that amount",
    "contribute five thousand": "in figures",
    "contribute 😀": "in figures",
    "contribute $50": "saves in KES",
    "contribute ₦5000": "saves in KES",
    "contribute 10.555": "not sure about that amount",
    "😀": "did not understand",
    "x" * 4000: "too long",
    "   ": "empty",
    "borrow lots": "for example: borrow 5000",
    "withdraw plenty for fun": "in figures",
    "repay lots": "no loan",
    "vote": "nothing is being voted about",
    "Y 4821": "asked you nothing that still waits",
    "payout account": "payout account mpesa",
    "invite my friend": "could not read that phone number",
    "join UMOJA-222222": "No group has this code",
    "1": "did not understand",
}


@pytest.mark.parametrize("channel", ["whatsapp", "sms"])
def test_every_odd_message_gets_a_helpful_answer(member: Callable[..., Member], channel: str) -> None:
    ama = member("Ama", channel=channel)
    ama.founds("Umoja")
    for said, helpful in HELPFUL.items():
        ama.texts(said).expects(helpful)
        ama.texts("0")  # Leaves whatever question is open.
    ama.texts("balance").expects("KES 0")


@pytest.mark.parametrize("channel", ["whatsapp", "sms"])
def test_a_photo_or_a_voice_note_is_answered_in_words(
    world: World, member: Callable[..., Member], channel: str
) -> None:
    ama = member("Ama", channel=channel)
    ama.founds("Umoja")
    for kind in ("image/jpeg", "audio/ogg"):
        ama.texts("", media=[{"content_type": kind}]).expects("I can only read text")


def test_a_typo_near_money_is_asked_about_and_a_typo_elsewhere_is_understood(member: Callable[..., Member]) -> None:
    ama = member("Ama")
    ama.founds("Umoja")
    ama.texts("contrbute 5000").expects("Did you mean: contribute KES 5,000 to Umoja?")
    ama.texts("maybe").expects("1 for yes")
    ama.texts("2").expects("nothing was done")
    ama.texts("balance").expects("KES 0")
    assert "Not paid yet" not in ama.reply
    ama.texts("contrbute 5000").expects("Did you mean")
    ama.texts("1").expects("KES 5,000", "/p/")
    ama.texts("balanse").expects("Not paid yet: KES 5,000")
    ama.texts("I have paid 5000").expects("when the payment service tells me")


def test_the_same_amount_is_read_however_it_is_written(member: Callable[..., Member]) -> None:
    ama = member("Ama")
    ama.founds("Umoja")
    links = set()
    for amount in ("5000", "5,000", "5k", "5 000", "ksh 5000", "KES 5,000.00", "5000/=", "5000 please"):
        links.add(ama.texts(f"contribute {amount}").expects("you save KES 5,000.").link())
    assert len(links) == 1


def test_a_full_group_a_wrong_code_and_a_second_join_are_said_so(world: World, member: Callable[..., Member]) -> None:
    ama, baraka = member("Ama"), member("Baraka", channel="sms")
    code = ama.founds("Umoja")
    world.sql("UPDATE groups SET member_limit = 1 WHERE code = :code RETURNING id", code=code)
    baraka.is_known()
    baraka.texts(f"join {code}").expects("is full", "1 member")
    ama.texts(f"join {code}").expects("already a member")
    world.sql("UPDATE groups SET member_limit = 2 WHERE code = :code RETURNING id", code=code)
    baraka.texts(f"join {code.lower().replace('-', ' ')}").expects("Welcome to Umoja")
    for _ in range(5):
        ama.texts("join UMOJA-222222").expects("No group has this code")
    ama.texts("join UMOJA-222222").expects("too many wrong codes")


def test_leaving_the_messages_and_coming_back(world: World, member: Callable[..., Member]) -> None:
    ama, baraka = member("Ama"), member("Baraka", channel="sms")
    code = ama.founds("Umoja")
    baraka.joins(code)
    ama.texts("STOP").expects("no more messages")
    baraka.texts("contribute 500").pays()
    baraka.hears("Receipt R-1")
    ama.texts("start").expects("Welcome back")
    assert ama.count("Baraka contributed") == 0
    baraka.texts("contribute 600").pays()
    ama.hears("Baraka contributed KES 600")
    baraka.texts("STOP")
    assert "GroupWallet" not in baraka.reply  # Twilio answers STOP on SMS by itself; a second answer would be noise.
    baraka.texts("start")
    baraka.texts("balance").expects("KES 1,100")
