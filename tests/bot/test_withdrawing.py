"""Withdrawals and votes in the chat: asked, confirmed with a code, voted by code and by button, decided once."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.channels import gsm7
from bot.models import Challenge, Notification
from core import db
from core.money import Money
from ledger import transactions
from ledger.audit import Cause
from ledger.models import Reservation, Transaction
from ledger.postings import Leg
from payments import deciding, paying
from payments.models import Payout
from tests.bot.actors import AT, Talker
from tests.bot.deciding import Circle, a_circle, code_of, confirm_code, has_account, token_of


@pytest.fixture
def circle(session: db.Session) -> Circle:
    """Ama (SMS) and Baraka (WhatsApp) and three more by SMS; Ama has 12,000 and an account."""
    circle = a_circle(session, "sms", "whatsapp", "sms", "sms", "sms")
    circle.save("12000", "5000", "5000")
    has_account(circle[0], circle.group)
    return circle


def asks(circle: Circle, said: str = "withdraw 10000 for school fees") -> None:
    """Ama asks the group, and the ballots have gone out."""
    circle[0].says(said).expects("Reply")
    circle[0].says(confirm_code(circle[0])).expects("Umoja votes now")
    circle.announced()


def tries_again(talker: Talker) -> Talker:
    talker.says("try again").expects("Try once more")
    return talker.says(confirm_code(talker))


def takes_back(talker: Talker) -> None:
    talker.says("take back").expects("Take back your question")
    talker.says(confirm_code(talker)).expects("Taken back")


def payouts(circle: Circle) -> list[Payout]:
    return list(circle.session.scalars(select(Payout).where(Payout.group_id == circle.group.id)))


def test_a_withdrawal_says_back_what_where_what_is_left_and_the_fee(circle: Circle) -> None:
    ama = circle[0].says("withdraw 10,000 for school fees")
    ama.expects(
        "KES 10,000", "M-PESA ..." + ama.phone[-3:], "school fees", "Fee KES 40", "KES 1,960", "The group votes"
    )
    assert gsm7.segments(ama.reply) <= 2
    ama.says(confirm_code(ama)).expects("5 members can vote, 3 must say yes", "Your own yes counts already")
    assert [vote.state for vote in circle.votes()] == ["open"]


def test_everybody_gets_a_ballot_with_a_code_of_their_own(circle: Circle) -> None:
    asks(circle)
    codes = {code_of(member) for member in circle.members[1:]}
    for member in circle.members[1:]:
        [ballot] = [body for body in circle.heard(member) if "votes:" in body]
        for words in ("Umoja", "Ama", "KES 10,000", "school fees", "M-PESA", code_of(member)):
            assert words in ballot
    assert not [body for body in circle.heard(circle[0]) if "votes:" in body]
    assert len(codes) >= 3


def test_the_vote_that_makes_51_percent_reserves_the_money_and_puts_one_payout_to_work(circle: Circle) -> None:
    asks(circle)
    circle[2].says(f"Y {code_of(circle[2])}").expects("Your yes counts", "2 of 5 say yes, 3 are needed")
    circle[3].says(f"yes {code_of(circle[3])}").expects("decided it", "the group says yes (3 of 5)")
    circle[4].says(f"y{code_of(circle[4])}").expects("This vote is over: the group said yes")
    [payout] = payouts(circle)
    assert (payout.state, payout.amount_minor, payout.fee_minor) == ("reserved", 10_000_00, 40_00)
    held = circle.session.scalars(select(Reservation.amount_minor).where(Reservation.group_id == circle.group.id))
    assert sorted(held) == [10_040_00, 10_040_00]
    circle.announced()
    assert any("voted yes (3 of 5)" in body and "The money is on its way" in body for body in circle.heard(circle[0]))
    assert not any("has voted" in body for body in circle.heard(circle[4]))


def test_it_fails_early_at_the_third_no_and_everybody_hears(circle: Circle) -> None:
    asks(circle)
    for member in circle.members[1:4]:
        member.says(f"N {code_of(member)}")
    circle[3].expects("has decided it: the group says no (3 of 5 against)")
    circle.announced()
    for member in circle.members:
        assert any("Umoja has voted no (3 of 5 against): KES 10,000 to Ama" in body for body in circle.heard(member))
    assert payouts(circle) == []


def test_a_button_on_whatsapp_is_good_once(circle: Circle) -> None:
    asks(circle)
    token = token_of(circle[1])
    buttons = circle.session.scalars(
        select(Notification.buttons).where(Notification.user_id == circle[1].row().id, Notification.kind == "ballot")
    ).one()
    assert buttons == [["Yes", f"y:{token}"], ["No", f"n:{token}"]]
    circle[1].says(f"y:{token}").expects("Your yes counts")
    circle[1].says(f"n:{token}").expects("You have voted yes before, and that stays")
    circle[1].says("y:AAAAAAAAAAAA").expects("no longer good")


def test_a_spoofed_sms_without_the_code_changes_nothing_and_three_guesses_cancel_the_code(circle: Circle) -> None:
    asks(circle)
    baraka_by_sms = Talker(circle.session, "sms", phone=circle[2].phone)
    right = code_of(circle[2])
    wrong = "1000" if right != "1000" else "1001"
    for said in ("yes", "Y", "vote yes", f"y:{token_of(circle[2])}"):
        baraka_by_sms.says(said)
    baraka_by_sms.says(f"Y {wrong}").expects("not a code of yours")
    baraka_by_sms.says(f"Y {wrong}").expects("One more wrong code")
    baraka_by_sms.says(f"Y {wrong}").expects("Three wrong codes", "Write vote to get a new one")
    baraka_by_sms.says(f"Y {right}").expects("no longer good")
    assert circle.votes()[0].yes == 1
    circle[2].says("vote").expects("KES 10,000 to Ama", "1 of 5 say yes, 3 needed")
    new = code_of(circle[2])
    assert new != right
    circle[2].says(f"Y {new}").expects("Your yes counts")


def test_new_codes_run_out_so_that_nobody_can_guess_for_ever(circle: Circle) -> None:
    asks(circle)
    for _ in range(4):
        for _ in range(3):
            circle[2].says(f"Y {'1000' if code_of(circle[2]) != '1000' else '1001'}")
        circle[2].says("vote")
    for _ in range(3):
        circle[2].says(f"Y {'1000' if code_of(circle[2]) != '1000' else '1001'}")
    circle[2].says("vote").expects("Write vote again tomorrow for a code")
    count = circle.session.scalars(select(Challenge.id).where(Challenge.user_id == circle[2].row().id)).all()
    assert len(count) == 5


def test_a_code_of_another_member_or_of_an_ended_vote_is_refused_with_the_reason(circle: Circle) -> None:
    asks(circle)
    theirs = code_of(circle[3])
    if theirs != code_of(circle[2]):
        circle[2].says(f"Y {theirs}").expects("not a code of yours")
    old = code_of(circle[4])
    takes_back(circle[0])
    circle[4].says(f"Y {old}").expects("This vote is over: it was taken back")


def test_a_vote_breaks_no_conversation(circle: Circle) -> None:
    asks(circle)
    circle[2].says("contribute").expects("How much")
    circle[2].says(f"Y {code_of(circle[2])}").expects("Your yes counts")
    circle[2].says("500").expects("you save KES 500")


def test_a_forger_cannot_hide_guesses_behind_a_question_that_takes_no_code(circle: Circle) -> None:
    asks(circle)
    forged = Talker(circle.session, "sms", phone=circle[2].phone, at=circle[2].at)
    wrong = "1000" if code_of(circle[2]) != "1000" else "1001"
    forged.says("contribute").expects("How much")
    for _ in range(3):
        forged.says(f"Y {wrong}")
    forged.expects("Three wrong codes")
    assert circle.votes()[0].yes == 1


def test_wrong_confirmations_are_counted_over_all_requests_of_a_day(circle: Circle) -> None:
    ama = circle[0]
    for _ in range(3):
        ama.says("withdraw 1000 for fees").expects("Reply")
        wrong = "1000" if confirm_code(ama) != "1000" else "1001"
        ama.says(wrong)
        ama.says(wrong)
    ama.says("withdraw 1000 for fees").expects("too many wrong codes today")
    assert ama.waits(hours=25).says("withdraw 1000 for fees").reply.count("Reply") == 1


def test_a_yes_on_whatsapp_does_not_confirm_what_a_forged_sms_has_asked(circle: Circle) -> None:
    has_account(circle[1], circle.group)
    forged = Talker(circle.session, "sms", phone=circle[1].phone, at=circle[1].at)
    forged.says("withdraw 1000 for fees").expects("Reply")
    circle[1].at = forged.at
    circle[1].says("yes").expects("KES 1,000", "Reply *1* for yes")
    assert circle.votes() == []
    circle[1].says("1").expects("votes now")


def test_a_forged_take_back_and_try_again_do_nothing_without_the_code(circle: Circle) -> None:
    asks(circle)
    circle[0].says("take back").says("yes").says("Y")
    assert circle.votes()[0].state == "open"


def test_a_button_still_works_when_somebody_has_used_up_the_code(circle: Circle) -> None:
    asks(circle)
    token = token_of(circle[1])
    forged = Talker(circle.session, "sms", phone=circle[1].phone, at=circle[1].at)
    for _ in range(3):
        forged.says(f"Y {'1000' if code_of(circle[1]) != '1000' else '1001'}")
    forged.expects("Three wrong codes")
    circle[1].at = forged.at
    circle[1].says(f"y:{token}").expects("Your yes counts")


def test_when_the_only_member_abstains_they_are_told_how_to_go_on(session: db.Session) -> None:
    circle = a_circle(session, "sms")
    circle.save("5000")
    circle.rule(beneficiary_abstains=True)
    has_account(circle[0], circle.group)
    ama = circle[0].says("withdraw 1000 for fees")
    ama.says(confirm_code(ama)).expects("rule abstain no")


def test_a_code_alone_is_asked_about(circle: Circle) -> None:
    asks(circle)
    code = code_of(circle[2])
    circle[2].says(code).expects("Is it yes or no?", f"Y {code}")
    assert circle.votes()[0].yes == 1


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("withdraw 13000 for fees", "You can take out KES 11,960 now"),
        ("withdraw 5 for sweets", "smallest payout"),
        ("withdraw 100.50 for fees", "without cents"),
        ("withdraw 1000 to Zoe for fees", "Zoe is no member of Umoja"),
        ("withdraw 1000 to Baraka for fees", "Baraka has told me no account yet"),
        ("withdraw 1000 in cash for fees", "can pay out KES 0 from the cash box"),
        ("withdraw five thousand for fees", "figures"),
        ("withdraw 1.000 for fees", "not sure"),
        ("withdraw $100 for fees", "in KES"),
        ("withdraw 0 for fees", "more than zero"),
        ("withdraw", "How much do you want to take out"),
        ("withdraw 1000", "What is it for?"),
    ],
)
def test_what_cannot_be_paid_is_told_with_the_reason(circle: Circle, said: str, answer: str) -> None:
    circle[0].says(said).expects(answer)
    assert circle.votes() == []


def test_the_most_that_the_provider_sends_at_once_is_told(circle: Circle) -> None:
    circle.save("300000")
    circle[0].says("withdraw 260000 for land").expects("pays out KES 250,000 at most at once")
    assert circle.votes() == []


def test_the_form_asks_for_what_is_missing_one_at_a_time(circle: Circle) -> None:
    circle[0].says("withdraw").says("2000").expects("What is it for?")
    circle[0].says("medicine for my mother").expects("KES 2,000", "medicine for my mother", "Reply")
    circle[0].says(confirm_code(circle[0])).expects("votes now")
    assert circle.votes()[0].reason == "medicine for my mother"


REASONS = (
    "name giving ceremony", "create a shop", "balance of school fees", "loan for mother", "remove a tooth",
    "pay back Tom", "cashew nuts", "3 months rent", "done with the roof",
)  # fmt: skip


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_in_ones_own_words_is_no_command(circle: Circle, reason: str) -> None:
    circle[0].says("withdraw 2000").expects("What is it for?")
    circle[0].says(reason).expects("KES 2,000", reason, "Reply")


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("withdraw 5000 to buy seeds", ("buy seeds", "KES 5,000")),
        ("withdraw 5000 to my mpesa for fees", ("fees", "KES 5,000")),
        ("withdraw 5000 school fees", ("school fees",)),
        ("withdraw 5000: food", ("food",)),
        ("withdraw 2000 for 2 months rent please", ("2 months rent",)),
        ("WITHDRAW 5k FOR term 2 fees.", ("term 2 fees", "KES 5,000")),
        ("please withdraw 5,000/= for cash crops", ("cash crops", "KES 5,000")),
        ("withdraw 5000 Baraka", ("Who gets it: you, or Baraka?",)),
        ("withdraw 5000 for Baraka", ("Who gets it: you, or Baraka?",)),
        ("withdraw 5000 for school fees to Baraka", ("Who gets it: you, or Baraka?",)),
        ("withdraw to Baraka 5000", ("Baraka has told me no account",)),
        ("withdrw 5000 for fees", ("Did you mean: withdraw?",)),
        ("withdraw 1000 for food in cash", ("from the cash box",)),
    ],
)
def test_a_request_is_understood_as_it_was_meant(circle: Circle, said: str, parts: tuple[str, ...]) -> None:
    circle[0].says(said).expects(*parts)
    assert circle.votes() == []


def test_what_was_said_before_the_amount_stays_said(circle: Circle) -> None:
    has_account(circle[1], circle.group)
    circle[0].says("withdraw to Baraka for fees").expects("How much")
    circle[0].says("5000").expects("KES 5,000", "for Baraka", "fees")
    circle[0].says("0").says("withdraw five thousand to Baraka for fees").expects("could not read")
    circle[0].says("5000").expects("KES 5,000", "for Baraka", "fees")


@pytest.mark.parametrize("said", ["{c}", "Reply {c} for yes", "{c} please", "1 {c}", "ok {c}", "code {c}", "YES {c}."])
def test_the_code_is_taken_with_whatever_stands_around_it(circle: Circle, said: str) -> None:
    circle[0].says("withdraw 1000 for fees")
    circle[0].says(said.format(c=confirm_code(circle[0]))).expects("votes now")


@pytest.mark.parametrize("said", ["1", "ok", "Okay", "yes please", "YES.", "👍", "sure"])
def test_a_yes_on_whatsapp_has_many_forms(circle: Circle, said: str) -> None:
    has_account(circle[1], circle.group)
    circle[1].says("withdraw 1000 for fees").says(said).expects("votes now")


def test_a_look_at_something_loses_no_question(circle: Circle) -> None:
    circle[0].says("withdraw 1000 for fees")
    code = confirm_code(circle[0])
    circle[0].says("balance").expects("you have KES 12,000")
    circle[0].says(code).expects("votes now")


def test_a_vote_that_is_almost_right_is_told_how(circle: Circle) -> None:
    asks(circle)
    for said in ("Y", "yes", "No"):
        circle[2].says(said).expects("Please write the code too")
    circle[2].says("Y 12").expects("four figures")
    circle[2].says(f"Reply Y {code_of(circle[2])} please").expects("Your yes counts")
    circle[3].says(f"I say yes {code_of(circle[3])}").expects("decided it")


def test_a_decided_withdrawal_is_sent_again_and_not_asked_for_twice(circle: Circle) -> None:
    asks(circle)
    for member in circle.members[2:4]:
        member.says(f"Y {code_of(member)}")
    paying.fail(circle.session, payouts(circle)[0].id, "refused", circle[0].at)
    circle[0].says("withdraw 500 for more").expects("has decided your KES 10,000", "try again")


def test_everything_is_what_is_left_after_the_fee(circle: Circle) -> None:
    circle[0].says("withdraw all for school fees").expects("KES 11,960", "Fee KES 40", "you then have KES 0")


def test_the_rules_of_the_group_limit_one_withdrawal(circle: Circle) -> None:
    circle.rule(withdrawal_max_minor=3_000_00)
    circle[0].says("withdraw 3001 for fees").expects("the most at once is KES 3,000")


def test_without_an_account_nothing_can_be_asked_for(circle: Circle) -> None:
    circle[1].says("withdraw 1000 for fees").expects("First tell me where your money should go")


def test_a_no_and_a_wrong_code_ask_nobody(circle: Circle) -> None:
    ama = circle[0].says("withdraw 10000 for school fees")
    code = confirm_code(ama)
    ama.says(f"no {code}").expects("nothing was done")
    ama.says("withdraw 10000 for school fees")
    for _ in range(2):
        ama.says("1234" if confirm_code(ama) != "1234" else "1235").expects(
            "not the code"
        ) if "Reply" in ama.reply else ama.says("1235")
    assert circle.votes() == []


def test_a_question_of_whatsapp_is_not_confirmed_by_a_forged_sms(circle: Circle) -> None:
    has_account(circle[1], circle.group)
    baraka = circle[1].says("withdraw 1000 for fees").expects("Reply *1* for yes")
    forged = Talker(circle.session, "sms", phone=baraka.phone, at=baraka.at)
    forged.says("1").expects("Reply", "for yes, 0 for no")
    forged.says("yes")
    assert circle.votes() == []
    forged.says(confirm_code(forged)).expects("votes now")
    assert len(circle.votes()) == 1


def test_a_confirmation_is_good_for_ten_minutes(circle: Circle) -> None:
    ama = circle[0].says("withdraw 1000 for fees")
    code = confirm_code(ama)
    ama.waits(minutes=11).says(code).expects("good for ten minutes")
    assert circle.votes() == []


def test_one_question_at_a_time_and_it_can_be_taken_back(circle: Circle) -> None:
    asks(circle)
    circle[0].says("withdraw 500 for more").expects("already asked for KES 10,000", "take back")
    circle[1].says("take back").expects("no open question")
    takes_back(circle[0])
    circle[0].says("withdraw 500 for more").expects("KES 500")


def test_what_the_group_decided_is_not_paid_twice_however_often_it_is_tried_again(circle: Circle) -> None:
    asks(circle)
    for member in circle.members[2:4]:
        member.says(f"Y {code_of(member)}")
    circle[0].says("try again").expects("Nothing of yours waits")
    transaction = circle.session.scalars(select(Transaction).where(Transaction.kind == "withdrawal")).one()
    assert transaction.approval_id == circle.votes()[0].id


def test_when_the_money_is_gone_it_stays_decided_and_can_be_tried_later(circle: Circle) -> None:
    asks(circle)
    ama, group = circle[0].row().id, circle.group
    cause = Cause(ama, "sms")
    # Meanwhile Ama stands for somebody's loan, and so a part of her savings is held.
    five_thousand = Money(5_000_00, "KES")
    stands = transactions.begin(circle.session, group.id, "guarantee", ama, five_thousand, "g", AT, cause)
    transactions.reserve(circle.session, group.id, stands.id, [Leg("savings", 5_000_00, ama)], AT, cause)
    for member in circle.members[2:4]:
        member.says(f"Y {code_of(member)}")
    assert circle.votes()[0].state == "passed"
    circle.announced()
    for member in circle.members:
        assert any("It cannot be done now: there is not enough free money" in body for body in circle.heard(member))
    assert payouts(circle) == []
    tries_again(circle[0]).expects("still not possible", "not enough free money")
    transactions.end(circle.session, group.id, stands.id, "cancelled", "paid back", AT, cause)
    tries_again(circle[0]).expects("I try again")
    circle[0].says("try again").expects("Nothing of yours waits")
    assert len(payouts(circle)) == 1


def test_a_vote_without_enough_votes_ends_at_its_deadline(circle: Circle) -> None:
    asks(circle)
    later = circle[0].at + timedelta(hours=73)
    vote = circle.votes()[0]
    circle[2].waits(hours=73).says(f"Y {code_of(circle[2])}").expects("time for this vote is over")
    assert deciding.end(circle.session, circle.group.id, vote.id, "failed", "deadline", later, deciding.BY_THE_CLOCK)
    circle.announced()
    assert any("too few voted yes in time" in body for body in circle.heard(circle[3]))
