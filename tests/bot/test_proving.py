"""`seal`, `check`, `statement`, `receipt`, `reverse`: what members get to read, on a feature phone and on WhatsApp."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from bot.channels import gsm7
from core import db
from core.money import Money
from core.outbox import OutboxRow
from ledger import contributions, groups, legs, seals
from ledger.audit import Cause
from ledger.models import Group, Membership
from ledger.postings import Movement, record
from tests.bot.actors import Talker
from tests.ledger.actors import as_owner


def group_of(talker: Talker) -> Group:
    return talker.session.scalars(
        select(Group).join(Membership).where(Membership.user_id == talker.row().id).order_by(Group.id)
    ).first()  # type: ignore[return-value]


def saves(talker: Talker, amount: int, key: str = "k") -> None:
    """Money of this member arrived through the provider (minor units)."""
    group = group_of(talker)
    cause = Cause(talker.row().id, "paystack", "gw-1")
    wish = contributions.begin(
        talker.session, group.id, talker.row().id, Money(amount, "KES"), f"{key}:{amount}", talker.at, cause
    )
    contributions.complete(talker.session, wish, "paystack", amount, 0, talker.at, cause)
    talker.session.flush()
    talker.session.expunge_all()


def brings_cash(talker: Talker, amount: int) -> None:
    group, user_id = group_of(talker), talker.row().id
    movement = Movement(
        group.id, "cash_in", Money(amount, "KES"), legs.cash_in(user_id, amount), f"cash:{amount}", user_id
    )
    record(talker.session, movement, talker.at, Cause(user_id, "sms"))
    talker.session.expunge_all()


def orders(session: db.Session, kind: str) -> list[dict[str, Any]]:
    return list(session.scalars(select(OutboxRow.payload).where(OutboxRow.kind == kind).order_by(OutboxRow.id)))


def code_in(talker: Talker) -> str:
    """The code that the last question asks for."""
    return talker.reply.split("Reply ")[1][:4]


# Seals


def test_a_feature_phone_gets_the_seal_and_checks_it_later(ama: Talker) -> None:
    saves(ama, 500_000)
    ama.says("seal").expects("Umoja: the seal is now")
    seal = seals.head(ama.session, group_of(ama).id).short
    ama.expects(seal)
    saves(ama, 10_000)
    ama.says(f"check {seal}").expects("Yes.", seal, "Umoja", "receipt R-1", "Nothing before it was changed")
    assert gsm7.segments(ama.reply) == 1
    ama.says(f"check {seal.lower().replace('-', ' ')}").expects("Yes.")
    ama.says(f"seal {seal}").expects("Yes.")


def test_check_alone_asks_for_the_seal_and_takes_it_bare(ama: Talker) -> None:
    seal = seals.head(ama.session, group_of(ama).id).short
    ama.says("check").expects("Which seal?")
    ama.says("that one").expects("could not read that seal")
    ama.says(seal).expects("Yes.", "line 2 of 2")


def test_a_seal_that_stands_nowhere_is_said_so_with_what_to_do(ama: Talker) -> None:
    ama.says("check 0000-1111").expects("No.", "0000-1111", "does not stand", "talk to the other members")
    assert gsm7.segments(ama.reply) <= 2


def test_a_seal_of_ones_other_group_is_found_there(ama: Talker, session: db.Session) -> None:
    umoja = seals.head(session, group_of(ama).id).short
    ama.founds("Harambee")
    ama.says("group harambee").expects("Harambee")
    ama.says(f"check {umoja}").expects("Yes.", "Umoja")


def test_somebody_elses_group_is_not_told_about(ama: Talker, session: db.Session) -> None:
    seal = seals.head(session, group_of(ama).id).short
    stranger = Talker(session).is_known("Zuri")
    stranger.says(f"check {seal}").expects("not in a group yet")
    stranger.founds("Mara")
    stranger.says(f"check {seal}").expects("No.", "Mara")


def test_a_changed_book_makes_the_check_shout(ama: Talker, session: db.Session) -> None:
    saves(ama, 500_000)
    group_id = group_of(ama).id
    seal = seals.head(session, group_id).short
    as_owner(session)
    session.execute(text("ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only"))
    session.execute(
        text("UPDATE audit_log SET data = replace(data, 'KES', 'KE$') WHERE group_id = :group"), {"group": group_id}
    )
    session.execute(text("UPDATE audit_log SET actor_id = 1 WHERE group_id = :group AND seq = 1"), {"group": group_id})
    session.execute(text("SET LOCAL ROLE groupwallet_app"))
    ama.says(f"check {seal}").expects("Careful", seal, "Show this message to the other members")


# Statements


def test_a_statement_on_a_feature_phone_is_short_and_in_the_order_of_the_book(ama: Talker) -> None:
    for amount in (500_000, 250_050, 100):
        saves(ama, amount)
        ama.waits(days=1)
    ama.says("statement").expects("Umoja, your savings since 1 Sep 2026:")
    lines = ama.reply.splitlines()
    assert [line.split()[2] for line in lines[1:4]] == ["+5,000", "+2,500.50", "+1"]
    assert lines[-1].endswith("KES 7,501.50")
    assert gsm7.segments(ama.reply) <= 2
    assert orders(ama.session, "bot.issue") == []


def test_a_long_statement_shows_its_end_and_that_there_was_more(ama: Talker) -> None:
    for amount in range(1, 9):
        saves(ama, amount * 100)
    ama.says("statement").expects("...\n", "R-8")
    assert "R-1 " not in ama.reply
    assert gsm7.segments(ama.reply) <= 2


def test_the_groups_statement_names_who_brought_the_money(ama: Talker, session: db.Session) -> None:
    baraka = Talker(session).is_known("Baraka")
    baraka.says(f"join {group_of(ama).code}")
    saves(ama, 500_000)
    saves(baraka, 250_000)
    for words in ("statement group", "group statement", "statement of the group", "statement group this month"):
        baraka.says(words).expects("the group's money", "+5,000 R-1 Ama", "+2,500 R-2 Baraka", "KES 7,500")


def test_a_time_without_movements_says_so(ama: Talker) -> None:
    saves(ama, 500_000)
    ama.says("statement october").expects("since 1 Oct 2026", "no movements", "31 Oct 2026: KES 0")


def test_a_time_that_nobody_understands_is_asked_for_with_examples(ama: Talker) -> None:
    ama.says("statement of my uncle").expects("Which time?", "statement october")


def test_on_whatsapp_the_paper_and_the_picture_are_ordered_once(session: db.Session) -> None:
    ama = Talker(session, channel="whatsapp").is_known("Ama")
    ama.founds("Umoja")
    saves(ama, 500_000)
    ama.says("statement group", "SM-order").expects("after: *KES 5,000*", "The paper (PDF) and a picture follow")
    ama.says("statement group", "SM-order")
    found = orders(session, "bot.issue")
    assert [order["kind"] for order in found] == ["statement", "chart"]
    assert found[0] | {"token": ""} == {
        "kind": "statement",
        "group": group_of(ama).id,
        "user": ama.row().id,
        "token": "",
        "about": None,
        "first": "2026-09-01",
        "last": "2026-11-20",
    }


# Receipts


def test_every_member_can_read_every_receipt(ama: Talker, session: db.Session) -> None:
    baraka = Talker(session).is_known("Baraka")
    baraka.says(f"join {group_of(ama).code}")
    saves(ama, 500_000)
    seal = seals.head(session, group_of(ama).id).short
    for words in ("receipt 1", "receipt R-1", "receipt r1", "receipt"):
        baraka.says(words).expects("receipt R-1", "KES 5,000", "saved by Ama", f"Seal {seal}")
        assert gsm7.segments(baraka.reply) == 1


@pytest.mark.parametrize(("said", "answer"), [("receipt 9", "no receipt 9"), ("receipt for ama", "Which receipt?")])
def test_a_receipt_that_is_not_there_is_said_so(ama: Talker, said: str, answer: str) -> None:
    ama.says("receipt").expects("no receipts yet")
    saves(ama, 500_000)
    ama.says(said).expects(answer)


# Reversals


def test_an_officer_reverses_with_a_reason_and_everybody_hears_of_it(ama: Talker, session: db.Session) -> None:
    saves(ama, 5_000_000)
    brings_cash(ama, 20_000)
    ama.says("reverse R-2 wrong member").expects("Reverse R-2, KES 200 of Ama?", "wrong member", "0 for no")
    assert gsm7.segments(ama.reply) == 1
    assert orders(session, "bot.reversed") == []
    ama.says(code_in(ama)).expects("R-2 is reversed by R-3", "All members are told")
    [order] = orders(session, "bot.reversed")
    assert order["receipt"] == 2
    ama.says("receipt 2").expects("It no longer counts: R-3 took it back")
    ama.says("receipt 3").expects("correction for Ama")
    ama.says("statement").expects("+200 R-2 (reversed)", "-200 R-3", "KES 50,000")
    ama.says("reverse 2 again").expects("R-2 was reversed before")
    ama.says("reverse R-3 second thoughts").expects("R-3 cannot be reversed")
    assert len(orders(session, "bot.reversed")) == 1


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("reverse", "Which receipt, and why?"),
        ("reverse the last one", "Which receipt, and why?"),
        ("reverse R-2", "Please say why"),
        ("reverse R-2 x", "Please say why"),
        ("revers R-9 no such thing", "no receipt R-9"),
        ("reverse R-9 no such thing", "no receipt R-9"),
        ("reverse R-1 not mine", "not what went through the payment service"),
        ("reverse R-3 wrong amount", "above KES 5,070"),
    ],
)
def test_what_cannot_be_reversed_is_told_with_the_reason(ama: Talker, said: str, answer: str) -> None:
    saves(ama, 4_000_000)
    brings_cash(ama, 20_000)
    brings_cash(ama, 1_050_000)
    ama.says(said).expects(answer)
    assert orders(ama.session, "bot.reversed") == []


def test_a_member_without_an_office_reverses_nothing(ama: Talker, session: db.Session) -> None:
    baraka = Talker(session).is_known("Baraka")
    baraka.says(f"join {group_of(ama).code}")
    saves(ama, 5_000_000)
    brings_cash(ama, 20_000)
    baraka.says("reverse R-2 please").expects("Only an officer of Umoja")


def test_money_that_was_used_since_cannot_be_taken_back(ama: Talker, session: db.Session) -> None:
    saves(ama, 5_000_000)
    brings_cash(ama, 20_000)
    group, user_id = group_of(ama), ama.row().id
    moved = legs.banking(legs.CASH_BOX, "paystack", 20_000)
    record(session, Movement(group.id, "banking", Money(20_000, "KES"), moved, "b"), ama.at, Cause(user_id, "sms"))
    ama.says("reverse R-2 too late")
    ama.says(code_in(ama)).expects("its money has been used since")
    assert groups.savings(session, group.id, "KES") == [("Ama", Money(5_020_000, "KES"))]


def test_a_reason_with_a_link_is_stripped_of_it(ama: Talker, session: db.Session) -> None:
    saves(ama, 5_000_000)
    brings_cash(ama, 20_000)
    ama.waits(seconds=timedelta(minutes=1).total_seconds())
    ama.says("reverse R-2 see https://evil.example now").expects("see now")
    ama.says(code_in(ama)).expects("R-2 is reversed")
    assert session.scalar(text("SELECT reason FROM transactions WHERE kind = 'reversal'")) == "see now"


@pytest.fixture
def officer(ama: Talker) -> Talker:
    """Ama, who has been asked whether to reverse R-2."""
    saves(ama, 5_000_000)
    brings_cash(ama, 20_000)
    return ama.says("reverse R-2 wrong member").expects("Reply")


def states(session: db.Session) -> set[str]:
    return set(session.scalars(text("SELECT state FROM transactions WHERE kind IN ('cash_in', 'reversal')")))


def test_a_forged_text_alone_reverses_nothing(officer: Talker, session: db.Session) -> None:
    for guess in ("yes", "0000", "0001", "0002"):
        officer.says(guess)
    officer.expects("Three wrong codes", "Nothing was done")
    assert states(session) == {"completed"}
    officer.says("1234").expects("did not understand")


def test_a_wrong_code_may_be_put_right(officer: Talker, session: db.Session) -> None:
    code = code_in(officer)
    officer.says("0000").expects("That is not the code")
    officer.says(f" {code}. ").expects("R-2 is reversed")
    assert states(session) == {"reversed", "completed"}


def test_a_code_is_good_once_and_for_ten_minutes(officer: Talker, session: db.Session) -> None:
    code = code_in(officer)
    officer.waits(minutes=11).says(code).expects("good for ten minutes", "Nothing was done")
    officer.says(code).expects("did not understand")
    assert states(session) == {"completed"}


def test_a_reversal_that_was_left_is_left(officer: Talker, session: db.Session) -> None:
    code = code_in(officer)
    officer.says("0").expects("nothing was done")
    officer.says(code)
    assert states(session) == {"completed"}


def test_an_office_that_was_lost_meanwhile_reverses_nothing(officer: Talker, session: db.Session) -> None:
    code = code_in(officer)
    session.execute(text("UPDATE memberships SET role = 'member'"))
    officer.says(code).expects("Only an officer of Umoja")
    assert states(session) == {"completed"}


def test_a_typo_of_reverse_only_asks(ama: Talker, session: db.Session) -> None:
    saves(ama, 5_000_000)
    brings_cash(ama, 20_000)
    ama.says("revers R-2 wrong member").expects("Reverse R-2", "Reply")
    assert states(session) == {"completed"}


@pytest.mark.parametrize(
    "said",
    ["statement please", "statement group please", "group statement of october", "statement for this month, pls"],
)
def test_politeness_around_a_time_is_no_riddle(ama: Talker, said: str) -> None:
    ama.says(said).expects("Umoja, ", "no movements")


def test_without_any_movement_no_paper_is_made(session: db.Session) -> None:
    ama = Talker(session, channel="whatsapp").is_known("Ama")
    ama.founds("Umoja")
    ama.says("statement").expects("no movements")
    assert "follow" not in ama.reply
    assert orders(session, "bot.issue") == []


def test_check_my_balance_is_about_the_balance(ama: Talker) -> None:
    ama.says("check my balance").expects("you have KES 0")
