"""`rules`, `rule …`, `make …`, `remove …`, `leave`: the group governs itself, on a feature phone and on WhatsApp."""

import re

import pytest
from sqlalchemy import select

from bot import rulewords, texts
from bot.channels import gsm7
from bot.models import Challenge
from core import db
from core.money import Money
from ledger.models import Group
from payments import paying
from payments.models import Payout
from payments.provider import Outcome, PayoutVerification
from tests.bot.deciding import Circle, a_circle, code_of, confirm_code, has_account
from tests.bot.group_life import all_say, announced, asks, brings_cash, movements, role_of


@pytest.fixture
def circle(session: db.Session) -> Circle:
    """Ama (chair, SMS), Baraka (SMS), Chidi (WhatsApp)."""
    return a_circle(session, "sms", "sms", "whatsapp")


# Rules


def test_rules_are_told_in_plain_words_and_money_on_a_feature_phone(circle: Circle) -> None:
    ama = circle[0]
    ama.says("rules").expects("Umoja: up to 50 members", "no limit", "More: rules loans")
    assert gsm7.segments(ama.reply) <= 2
    ama.says("rules loans").expects("2 % a month (KES 1,000 for a month costs KES 20)", "12 months", "3 times")
    assert gsm7.segments(ama.reply) <= 2
    ama.says("rules repaying").expects("nothing is charged for being late", "adds to one's savings")
    ama.says("rules voting").expects("open for 3 days", "51 %", "votes too", "rule interest 3")
    assert gsm7.segments(ama.reply) <= 2


def test_rules_come_all_at_once_on_whatsapp_and_for_members_too(circle: Circle) -> None:
    circle.rule(loan_penalty_percent="1.5", loan_penalty_base="instalment", withdrawal_max_minor=2_000_000)
    chidi = circle[2]
    chidi.says("rules").expects("*Rules of Umoja*", "*Loans*", "*Paying back*", "*Votes*", "KES 20,000", "pays 1.5 %")
    assert len(chidi.reply) <= 1_600


def test_a_rule_is_proposed_confirmed_voted_and_changed(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    ama.says("rule interest 3").expects("Ask Umoja to change the interest on loans: now 2 %, then 3 %?")
    ama.says("yes").expects("reply with the four figures")  # By SMS the code only.
    ama.says(confirm_code(ama)).expects("Umoja votes now", "2 must say yes")
    announced(circle)
    assert "asks to change the interest on loans: now 2 %, then 3 %" in circle.heard(baraka)[-1]
    baraka.says(f"Y {code_of(baraka)}").expects("has decided it")
    announced(circle)
    assert circle.group.loan_rate_percent == 3
    assert "voted yes (2 of 3): the interest on loans: 3 %" in circle.heard(chidi)[-1]
    ama.says("rule interest 3").expects("That is so already")


def test_a_second_vote_about_the_same_rule_waits_for_the_first(circle: Circle) -> None:
    asks(circle, circle[0], "rule vote 2 days", "then 2 days")
    circle[0].says("rule vote 48").expects("votes about the time for a vote already")
    circle[0].says("rule term 6").expects("now 12, then 6")


def test_only_officers_propose_and_everybody_reads(circle: Circle) -> None:
    circle[1].says("rule interest 3").expects("Only an officer of Umoja", "Ama")
    circle[1].says("rule interest").expects("Now: the interest on loans - 2 %")
    circle[1].says("make Baraka treasurer").expects("Only an officer of Umoja")
    circle[1].says("remove Chidi because he is loud").expects("Only an officer of Umoja")


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        ("rule rate 2.5%", "then 2.5 %"),
        ("rule method flat", "then on the whole loan (flat)"),
        ("rule method declining principal", "equal principal"),
        ("rule period weekly", "then by the week"),
        ("rule term 6 months", "now 12, then 6"),
        ("rule limit 2", "now 3 times, then 2 times"),
        ("rule guarantors 2", "now 0, then 2"),
        ("rule grace 5", "now 3 days, then 5 days"),
        ("rule penalty 1.5", "now 0 %, then 1.5 %"),
        ("rule penalty of instalment", "now the principal, then the instalment"),
        ("rule rounding 10", "now not at all, then KES 10"),
        ("rule multiple 50", "then KES 50"),
        ("rule loans 2", "now 1, then 2"),
        ("rule overpayment refuse", "now to the savings, then refused"),
        ("rule vote 5", "now 3 days, then 5 hours"),
        ("rule abstain yes", "now no, then yes"),
        ("rule fee group", "now the member, then the group"),
        ("rule largest contribution 50,000", "then KES 50,000"),
        ("rule largest withdrawal to 20000", "then KES 20,000"),
        ("rule reversal 5", "now 10 %, then 5 %"),
        ("rules members 40", "now 50, then 40"),
        ("change rule members = 40", "now 50, then 40"),
    ],
)
def test_every_rule_can_be_proposed_as_people_write_it(circle: Circle, said: str, becomes: str) -> None:
    circle[0].says(said).expects(becomes)
    assert gsm7.segments(circle[0].reply) <= 2


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("rule", "Which rule?"),
        ("rule colour blue", "Which rule?"),
        ("rule interest lots", "percentage from 0 to 100"),
        ("rule interest 101", "percentage from 0 to 100"),
        ("rule interest 2.55555", "percentage from 0 to 100"),
        ("rule method round", "rule method equal"),
        ("rule term 0", "from 1 to 520"),
        ("rule vote 20 days", "1 hour to 14 days"),
        ("rule largest contribution 5.000,50", "an amount or none"),
        ("rule members 501", "1 to 500 members"),
        ("rule abstain maybe", "rule abstain yes"),
        ("rule largest contribution none", "That is so already"),
    ],
)
def test_what_is_no_rule_or_no_value_is_answered_with_what_there_is(circle: Circle, said: str, answer: str) -> None:
    circle[0].says(said).expects(answer)
    assert gsm7.segments(circle[0].reply) <= 2
    assert circle.votes() == []


def test_every_rule_has_a_name_and_a_hint_that_fit_an_sms() -> None:
    for word in rulewords.RULE_WORDS:
        name = texts.say("en", "sms", "rule-name", rule=rulewords.key_of(word))
        hint = texts.say("en", "sms", "rule-may", rule=rulewords.key_of(word))
        assert gsm7.segments(hint) == 1
        assert word == "members" or name != texts.say("en", "sms", "rule-name", rule="members")
        assert re.search(rf"rule {word}\b", hint), hint


def test_a_rule_that_changed_meanwhile_is_not_changed_by_the_vote(circle: Circle, session: db.Session) -> None:
    asks(circle, circle[0], "rule term 6")
    circle.rule(loan_max_periods=9)
    all_say(circle, "Y", circle[1])
    assert "the rule has been changed since" in circle.heard(circle[2])[-1]
    assert circle.group.loan_max_periods == 9


# Offices


def test_an_office_is_given_by_vote_and_handed_over(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    asks(circle, ama, "make Baraka treasurer", "make Baraka its treasurer?")
    assert "Ama proposes that Baraka becomes treasurer." in circle.heard(baraka)[-1]
    all_say(circle, "Y", chidi)
    assert role_of(circle, baraka) == ("active", "treasurer")
    asks(circle, baraka, "role chidi the treasurer", "Baraka then has no office any more")
    all_say(circle, "Y", ama)
    assert (role_of(circle, baraka)[1], role_of(circle, chidi)[1]) == ("member", "treasurer")
    assert "voted yes (2 of 3): Chidi as treasurer" in circle.heard(baraka)[-1]


def test_the_chair_hands_over_and_a_group_always_keeps_one(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    ama.says("make Ama member").expects("the only chair", "First make somebody else chair")
    ama.says("make me secretary").expects("the only chair")
    ama.says("leave").expects("You are the only chair", "hand over")
    asks(circle, ama, "make Baraka chair", "Ama then has no office any more")
    all_say(circle, "Y", chidi)
    assert (role_of(circle, ama)[1], role_of(circle, baraka)[1]) == ("member", "chair")
    ama.says("rule term 6").expects("Only an officer of Umoja", "Baraka")


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("make Baraka", "Who, and which office?"),
        ("make treasurer", "Who, and which office?"),
        ("make Zuri treasurer", "Zuri is no member of Umoja"),
        ("make Ama chair", "is the chair already"),
        ("make Baraka a member", "already"),
    ],
)
def test_what_cannot_be_proposed_is_told_why(circle: Circle, said: str, answer: str) -> None:
    circle[0].says(said).expects(answer)
    assert circle.votes() == []


def test_who_has_left_meanwhile_gets_no_office(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    asks(circle, ama, "make Baraka treasurer")
    asks(circle, baraka, "leave", "Leave Umoja?")
    baraka.expects("You have left Umoja")
    assert role_of(circle, baraka) == ("left", "member")
    assert [vote.state for vote in circle.votes()] == ["void"]
    chidi.says(f"Y {code_of(chidi)}").expects("no longer")


# Going


def test_who_has_nothing_saved_leaves_at_once_and_the_others_hear(circle: Circle, session: db.Session) -> None:
    ama, baraka, chidi = circle.members
    asks(circle, ama, "rule term 6")
    code = code_of(baraka)
    asks(circle, baraka, "leave", "Leave Umoja?")
    baraka.expects("You have left Umoja")
    assert circle.heard(chidi)[-1] == "Baraka has left Umoja. 2 members are in it now."
    assert "left" not in circle.heard(baraka)[-1]  # The answer has said it.
    states = session.scalars(select(Challenge.state).where(Challenge.user_id == baraka.row().id)).all()
    assert set(states) == {"cancelled"}
    baraka.says(f"Y {code}")
    assert circle.votes()[0].yes == 1
    baraka.says("balance").expects("not in a group yet")
    baraka.says(f"join {circle.group.code}").expects("Welcome to Umoja")


def test_savings_are_paid_by_vote_before_somebody_has_left(circle: Circle, session: db.Session) -> None:
    ama, baraka, chidi = circle.members
    circle.save("1000", "2500.50", "500")
    baraka.says("leave").expects("First tell me where", "payout account")
    has_account(baraka, circle.group)
    asks(circle, baraka, "leave", "would be paid to M-PESA", "you stay a member until")
    [vote] = circle.votes()
    assert vote.details["leaving"] is True
    assert vote.amount_minor + vote.details["member_fee_minor"] + vote.details["rest_minor"] == 250_050
    assert "leaving the group" in circle.heard(ama)[-1]
    all_say(circle, "Y", ama)
    assert role_of(circle, baraka) == ("active", "member")
    assert [each.amount_minor for each in movements(circle, "withdrawal")] == [vote.amount_minor]
    baraka.says("leave").expects("on its way")


def test_savings_can_be_paid_in_cash_where_the_box_has_them(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    brings_cash(circle, baraka, 50_000)
    asks(circle, baraka, "leave in cash", "Your KES 500 would be paid in cash")
    all_say(circle, "Y", chidi)
    assert [each.state for each in movements(circle, "cash_out")] == ["pending"]


def test_a_member_is_removed_by_vote_and_hears_it(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    ama.says("remove Chidi").expects("Why should Chidi go?")
    asks(circle, ama, "he has moved away", "end the membership of Chidi (he has moved away)?")
    assert "asks to end the membership of Chidi: he has moved away." in circle.heard(chidi)[-1]
    ama.says("remove Chidi because of it").expects("votes about Chidi already")
    all_say(circle, "Y", baraka)
    assert role_of(circle, chidi) == ("removed", "member")
    assert "you are no longer a member" in circle.heard(chidi)[-1]
    assert "voted yes (2 of 3): ending the membership of Chidi" in circle.heard(baraka)[-1]
    chidi.says("rules").expects("not in a group yet")


def test_a_removed_members_savings_are_paid_by_the_same_vote(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    circle.save("1000", "1000", "2500.50")
    ama.says("remove Chidi because he has moved away").expects("First Chidi needs a place", "payout account")
    has_account(chidi, circle.group)
    asks(circle, ama, "remove Chidi because he has moved away", "KES 2,500 is paid to M-PESA")
    assert "Savings: KES 2,500 to M-PESA" in circle.heard(baraka)[-1]
    all_say(circle, "Y", baraka)
    assert role_of(circle, chidi) == ("removed", "member")
    assert [(each.amount_minor, each.state) for each in movements(circle, "withdrawal")] == [(250_000, "pending")]


def test_what_stands_in_the_way_of_a_removal_is_told_without_figures(circle: Circle, session: db.Session) -> None:
    ama, baraka, chidi = circle.members
    asks(circle, ama, "make Baraka treasurer")
    all_say(circle, "Y", chidi)
    baraka.says("remove Ama because of it").expects("Ama is the only chair of Umoja")
    baraka.says("remove Baraka because of it").expects("To leave Umoja yourself, write: leave")
    baraka.says("remove").expects("Who should go, and why?")
    baraka.says("remove Zuri because of it").expects("Zuri is no member")


def test_the_last_member_may_leave(session: db.Session) -> None:
    alone = a_circle(session, "sms")
    asks(alone, alone[0], "leave", "Leave Umoja?")
    assert role_of(alone, alone[0]) == ("left", "member")
    assert session.get_one(Group, alone.votes()[0].group_id if alone.votes() else alone.group.id)


def test_where_nobody_could_vote_about_the_money_it_is_said(session: db.Session) -> None:
    alone = a_circle(session, "sms")
    brings_cash(alone, alone[0], 50_000)
    alone.rule(beneficiary_abstains=True)
    asks(alone, alone[0], "leave in cash").expects("nobody else could vote", "rule abstain no")


# Who has gone


def test_savings_that_came_after_a_removal_are_paid_by_another_vote(circle: Circle, session: db.Session) -> None:
    ama, baraka, chidi = circle.members
    circle.save("1000", "2500")
    has_account(baraka, circle.group)
    asks(circle, ama, "remove Baraka because he has moved away")
    circle.save("0", "700")
    all_say(circle, "Y", chidi)
    assert role_of(circle, baraka) == ("removed", "member")
    ama.says("remove Baraka because of the rest").expects("Money for Baraka is on its way")
    [payout] = session.scalars(select(Payout))
    verified = PayoutVerification(
        Outcome.SUCCEEDED,
        "success",
        payout.reference,
        Money(payout.amount_minor, "KES"),
        Money(payout.fee_minor, "KES"),
    )
    paying.settle(session, payout.id, verified, ama.at)
    announced(circle)
    asks(
        circle,
        ama,
        "remove Baraka",
        "Baraka is no member any more. Ask Umoja to pay out what is still theirs",
        "KES 700",
    )
    assert "asks to pay Baraka, who is no member any more: the rest of their savings." in circle.heard(chidi)[-1]
    all_say(circle, "Y", chidi)
    assert [each.amount_minor for each in movements(circle, "withdrawal")] == [250_000, 70_000]
    assert role_of(circle, baraka) == ("removed", "member")


def test_savings_of_somebody_who_has_gone_wait_until_they_can_be_paid(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    asks(circle, ama, "remove Baraka because he has moved away")
    all_say(circle, "Y", chidi)
    ama.says("remove Baraka").expects("Baraka is no member of Umoja")
    circle.save("0", "700")
    ama.says("remove Baraka").expects("KES 700 are still theirs, but there is no account", "the box has not that much")
    has_account(baraka, circle.group)
    ama.says("remove Baraka").expects("not enough free money")  # Also for the fee, which is the group's.
    circle.save("500")
    ama.says("remove Baraka").expects("Ask Umoja to pay out what is still theirs")


def test_savings_of_somebody_who_has_gone_that_are_too_little_to_send_stay(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    asks(circle, ama, "remove Baraka because he has moved away")
    all_say(circle, "Y", chidi)
    circle.save("500", "0.50")
    has_account(baraka, circle.group)
    ama.says("remove Baraka").expects("the KES 0.50 that are still theirs are too little to be sent")


def test_who_was_removed_comes_back_only_when_an_officer_invites_them_again(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    code = circle.group.code
    asks(circle, ama, "remove Baraka because he has moved away")
    all_say(circle, "Y", chidi)
    baraka.waits(hours=1).says(f"join {code}").expects("no longer a member", "ask an officer of Umoja to invite you")
    chidi.waits(hours=1).says(f"invite {baraka.phone}").expects("Only an officer can invite them again")
    ama.waits(hours=1).says(f"invite {baraka.phone}").expects("they may come back", code)
    assert "Ama invites you to save with Umoja" in circle.heard(baraka)[-1]
    ama.says(f"invite {baraka.phone}").expects("was invited before")
    baraka.waits(hours=1).says(f"join {code}").expects("Welcome to Umoja")
    assert role_of(circle, baraka) == ("active", "member")
