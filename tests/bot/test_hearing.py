"""What members hear of money, and of what: each in words that fit, told once, and nobody of another's debts."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from bot import announcing_votes, loanwords, texts
from bot.channels import gsm7
from bot.models import ChannelIdentity
from core import clock, db
from core.money import Money
from ledger import charging, reading, receipts
from ledger.audit import Cause
from ledger.models import User
from ledger.schedules import Terms, draw_up
from payments import accounts
from tests.bot.actors import Talker
from tests.bot.deciding import Circle, a_circle, code_of, confirm_code, has_account
from tests.bot.group_life import all_say, announced, asks, borrows, brings_cash


@pytest.fixture
def circle(session: db.Session) -> Circle:
    """Ama (chair, SMS) with 10,000, Baraka (SMS) with 5,000, Chidi (SMS)."""
    circle = a_circle(session, "sms", "sms", "sms")
    circle.save("10000", "5000")
    has_account(circle[0], circle.group)
    return circle


# Cash and accounts


def test_money_to_an_account_is_said_to_go_there_in_one_sms_each(circle: Circle) -> None:
    ama, baraka, _ = circle.members
    ama.says("withdraw 5000 for school fees")
    tail = (ama.phone or "")[-3:]
    assert f"take KES 5,000 of your savings to M-PESA ...{tail} (school fees)? Fee KES 40, you then have" in ama.reply
    assert gsm7.segments(ama.reply) == 1
    ama.says(confirm_code(ama)).expects("votes now")
    announced(circle)
    ballot = circle.heard(baraka)[-1]
    assert f"(school fees), to M-PESA ...{tail}. Group then:" in ballot
    assert gsm7.segments(ballot) == 1


def test_cash_is_said_to_be_cash_from_the_question_to_the_receipt(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    brings_cash(circle, baraka, 300_000)
    baraka.says("withdraw 2000 in cash for food").expects(
        "take KES 2,000 of your savings in cash (food)? You then have"
    )
    baraka.says(confirm_code(baraka))
    announced(circle)
    assert "of own savings (food), in cash. Group then" in circle.heard(ama)[-1]
    all_say(circle, "Y", ama)
    # One message about the result: who gets the cash hears it from the one that says how they get it.
    assert [body for body in circle.heard(baraka) if "decided" in body or "voted" in body] == circle.heard(baraka)[-1:]
    assert "KES 2,000 in cash for you. An officer gives it to you" in circle.heard(baraka)[-1]
    assert not any("on its way" in body for talker in circle.members for body in circle.heard(talker))
    baraka.says("history").expects("KES 2,000 withdrawal in cash, not handed over yet")
    asks(circle, ama, "cash 2000 to Baraka")
    baraka.says(f"Y {code_of(baraka, 'cash_out')}")
    announced(circle)
    assert "KES 2,000 was paid to Baraka (food), in cash. " in circle.heard(chidi)[-1]


def test_who_asks_for_cash_for_another_hears_that_it_is_handed_over(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    brings_cash(circle, baraka, 300_000)
    asks(circle, baraka, "withdraw 2000 to Chidi in cash for food")
    all_say(circle, "Y", ama)
    told = "Umoja has voted yes (2 of 3): KES 2,000 to Chidi (food). It is handed over in cash."
    assert circle.heard(baraka)[-1] == told
    assert "in cash for you" in circle.heard(chidi)[-1]


def test_who_took_a_question_back_is_not_told_that_they_did(circle: Circle) -> None:
    ama, baraka, _ = circle.members
    asks(circle, ama, "withdraw 5000 for school fees")
    asks(circle, ama, "take back")
    assert "Umoja: Ama took the question back: KES 5,000 to Ama (school fees)." in circle.heard(baraka)
    assert not any("took the question back" in body for body in circle.heard(ama))


# A new account


def test_a_new_account_is_told_on_every_channel_but_the_one_it_was_confirmed_on(circle: Circle) -> None:
    ama, baraka, _ = circle.members
    whatsapp = Talker(circle.session, "whatsapp", phone=ama.phone, at=ama.at - timedelta(days=1))
    whatsapp.says("hi")
    ama.says("hi")
    confirmed_at = ama.at - timedelta(seconds=1)
    account = has_account(ama, circle.group, usable_from=confirmed_at + accounts.WAIT)
    announcing_votes.account_changed(circle.session, account.id, ama.at)
    own = [body for body in circle.heard(ama) if "your money goes to" in body]
    assert len(own) == 1 and "If this was not you, write: payout account stop" in own[0]
    assert any("money for Ama goes to M-PESA" in body for body in circle.heard(baraka))
    # Whoever writes on from the other phone before we get to it hides nothing.
    whatsapp.at = ama.at
    whatsapp.says("hi")
    second = has_account(ama, circle.group, usable_from=confirmed_at + accounts.WAIT)
    announcing_votes.account_changed(circle.session, second.id, whatsapp.at)
    channels = circle.session.query(ChannelIdentity.channel).filter_by(user_id=ama.row().id).all()
    assert len(channels) == 2
    assert len([body for body in circle.heard(ama) if "your money goes to" in body]) == 2


def test_each_reads_the_day_in_their_own_language(circle: Circle) -> None:
    ama, baraka, _ = circle.members
    circle.session.get_one(User, baraka.row().id).language = "fr"
    account = has_account(ama, circle.group, usable_from=ama.at + accounts.WAIT)
    announcing_votes.account_changed(circle.session, account.id, ama.at)
    assert "sam. 21 nov." in circle.heard(baraka)[-1]


# What one owes


def test_receipts_about_a_loan_are_for_its_member_and_the_officers(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    circle.rule(loan_rate_percent=Decimal(2))
    borrows(circle, baraka, 4_000_00)
    for member in circle.members:
        member.waits(days=40)
    on = clock.day_at(ama.at, circle.group.time_zone)
    for group_id, loan_id in charging.due_loans(circle.session, on, 10):
        charging.charge_due(circle.session, group_id, loan_id, on, ama.at, Cause(None, "clock"))
    newest = receipts.find(circle.session, circle.group.id)
    assert newest is not None and newest.kind == "interest"
    number = newest.number
    chidi.says(f"receipt {number}").expects(f"receipt R-{number} is about another member's loan", "officers")
    assert "Baraka" not in chidi.reply and "KES" not in chidi.reply
    for member in (ama, baraka):
        member.says(f"receipt {number}").expects(f"{newest.amount}", "interest of Baraka")
    baraka.says("history").expects(f"{newest.amount} interest R-{number}", "KES 4,000 loan R-")
    assert reading.balances(circle.session, circle.group.id, baraka.row().id, "KES").open.amount_minor == 0
    chidi.says("statement group")
    assert f"R-{number}" not in chidi.reply


def test_no_paper_is_made_of_a_receipt_that_one_may_not_read(session: db.Session) -> None:
    circle = a_circle(session, "sms", "whatsapp", "whatsapp")
    circle.save("10000", "5000")
    borrows(circle, circle[1], 4_000_00)
    baraka, chidi = circle.members[1:]
    baraka.says("repay 1000 from savings")
    baraka.says("1").expects("paid back out of your savings")
    newest = receipts.find(session, circle.group.id)
    assert newest is not None and newest.kind == "transfer"
    chidi.says(f"receipt {newest.number}").expects("about another member's loan")
    assert circle.orders("bot.issue") == []
    baraka.says(f"receipt {newest.number}").expects("paid back from savings by Baraka")
    assert len(circle.orders("bot.issue")) == 1


# Schedules in words


def said(principal_minor: int, periods: int, start: date) -> str:
    drawn = draw_up(Terms(Money(principal_minor, "KES"), Decimal(0), periods, "flat", start))
    words = loanwords.schedule(drawn, "sms", "en")
    return texts.say("en", "sms", words.key, **words.values)


def test_equal_instalments_are_said_once_and_a_different_last_one_is_named() -> None:
    assert said(9_000_00, 3, date(2026, 3, 24)) == "3 times KES 3,000, from 24 Apr to 24 Jun"
    assert said(1_000_00, 3, date(2026, 3, 24)) == (
        "3 times KES 333.33 from 24 Apr on, the last KES 333.34 on 24 Jun"
    )  # fmt: skip


def test_a_day_of_another_year_is_said_with_its_year(session: db.Session) -> None:
    assert said(9_000_00, 3, date(2026, 11, 24)) == "3 times KES 3,000, from 24 Dec to 24 Feb 2027"
    assert loanwords.day(date(2031, 1, 5), "en") == "5 Jan 2031"
