"""`cancel loan`, cash that is taken back, and what the clock ends: everybody concerned hears what became of it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot import announcing_loans, expiring
from bot.channels import gsm7
from core import clock, db, outbox
from core.money import Money
from ledger import cash, guaranteeing, lapsing, loans
from ledger.audit import Cause
from ledger.models import Loan
from payments import paying
from payments.models import Payout
from tests.bot.actors import Talker, work
from tests.bot.deciding import Circle, a_circle, code_of, confirm_code, has_account
from tests.bot.group_life import all_say, announced, asks, borrows, brings_cash, movements
from tests.ledger.actors import populated


@pytest.fixture
def circle(session: db.Session) -> Circle:
    """Ama (chair), Baraka and Chidi write SMS; they have savings at the provider, and Ama has an account."""
    circle = a_circle(session, "sms", "sms", "sms")
    circle.save("12000", "5000", "5000")
    has_account(circle[0], circle.group)
    return circle


def loan_of(circle: Circle) -> Loan:
    newest = select(Loan).where(Loan.group_id == circle.group.id).order_by(Loan.id.desc())
    return circle.session.scalars(newest, execution_options={"populate_existing": True}).first()  # type: ignore[return-value]


def waits_for_guarantor(circle: Circle, guarantor: str = "Chidi") -> Loan:
    circle.rule(loan_guarantors=1)
    asks(circle, circle[0], "borrow 4000 for 3 months because of the roof")
    circle[0].says(f"guarantor {guarantor}").expects(f"I have asked {guarantor}")
    announced(circle)
    return loan_of(circle)


def decided(circle: Circle) -> Loan:
    """Chidi stands for Ama's loan, and the group has said yes."""
    waits_for_guarantor(circle)
    circle[2].says(f"Y {code_of(circle[2], 'guarantee')}").expects("is held")
    announced(circle)
    all_say(circle, "Y", circle[1])
    return loan_of(circle)


def payout_fails(circle: Circle) -> None:
    [payout] = circle.session.scalars(select(Payout).where(Payout.group_id == circle.group.id))
    paying.fail(circle.session, payout.id, "declined", circle[0].at)
    announced(circle)


def gives_up(talker: Talker, *expected: str) -> Talker:
    talker.says("cancel loan").expects("Give up the loan of KES 4,000 from Umoja (the roof)?")
    return talker.says(confirm_code(talker)).expects(*expected)


# Loans


def test_a_loan_that_waits_for_guarantors_can_be_given_up(circle: Circle) -> None:
    waits_for_guarantor(circle)
    gives_up(circle[0], "is given up", "borrow 4000 for 3 months")
    announced(circle)
    assert loan_of(circle).state == "cancelled"
    circle[2].says(f"Y {code_of(circle[2], 'guarantee')}").expects("no longer waits")
    circle[0].says("cancel my loan").expects("no loan from Umoja that waits")


def test_giving_up_a_loan_that_is_voted_about_ends_the_vote_and_everybody_hears(circle: Circle) -> None:
    waits_for_guarantor(circle)
    circle[2].says(f"Y {code_of(circle[2], 'guarantee')}")
    announced(circle)
    gives_up(circle[0], "is given up")
    announced(circle)
    assert (loan_of(circle).state, circle.votes()[0].state) == ("refused", "withdrawn")
    assert "Ama took the question back: loan of KES 4,000" in circle.heard(circle[1])[-1]
    assert "Your KES 4,000 are free again" in circle.heard(circle[2])[-1]


def test_a_loan_whose_payout_failed_can_be_given_up_but_none_that_is_on_its_way(circle: Circle) -> None:
    ama, _, chidi = circle.members
    decided(circle)
    ama.says("cancel loan").expects("The KES 4,000 from Umoja are on their way to you")
    payout_fails(circle)
    gives_up(ama, "is given up")
    announced(circle)
    assert loan_of(circle).state == "cancelled"
    assert "the loan of KES 4,000 for Ama is not paid out. Your KES 4,000 are free again" in circle.heard(chidi)[-1]
    assert gsm7.segments(circle.heard(chidi)[-1]) == 1
    assert len(list(circle.session.scalars(select(Payout.id).where(Payout.group_id == circle.group.id)))) == 1


def test_a_loan_that_begins_while_the_question_is_open_is_not_given_up(circle: Circle) -> None:
    ama = circle[0]
    decided(circle)
    payout_fails(circle)
    ama.says("cancel loan")
    loan, group_id, cause = loan_of(circle), circle.group.id, Cause(ama.row().id, "sms")
    loans.begin_disbursement(circle.session, loan, "paystack", 0, "again", ama.at, cause)
    ama.says(confirm_code(ama)).expects("on their way to you")
    assert (loan_of(circle).state, group_id) == ("approved", circle.group.id)


def test_who_has_no_loan_is_told_so(circle: Circle) -> None:
    circle[1].says("cancel loan").expects("no loan from Umoja that waits", "write: loan")


def test_a_decided_loan_that_is_never_paid_out_ends_and_is_told(circle: Circle) -> None:
    ama, _, chidi = circle.members
    decided(circle)
    payout_fails(circle)
    ended = lapsing.end_loans(circle.session, ama.at + timedelta(days=31), 10)
    assert ended == [loan_of(circle).id]
    outbox.put(circle.session, "bot.loan_ended", {"loan": ended[0], "lapsed": True}, f"loan_ended:{ended[0]}")
    announced(circle)
    assert "was not paid out in 30 days, so it is closed. To ask again, write: borrow 4000" in circle.heard(ama)[-1]
    assert "free again" in circle.heard(chidi)[-1]


def test_a_loan_that_finds_no_guarantors_ends_and_is_told(circle: Circle) -> None:
    ama = circle[0]
    waits_for_guarantor(circle)
    [ended] = lapsing.end_loans(circle.session, ama.at + timedelta(days=15), 10)
    outbox.put(circle.session, "bot.loan_ended", {"loan": ended, "lapsed": True}, f"loan_ended:{ended}")
    announced(circle)
    assert "waited too long for guarantors" in circle.heard(ama)[-1]
    assert not any("free again" in told for told in circle.heard(circle[2]))


# Guarantors


def test_a_guarantor_whose_codes_were_cancelled_is_asked_again_with_a_new_one(circle: Circle) -> None:
    ama, _, chidi = circle.members
    waits_for_guarantor(circle)
    code = code_of(chidi, "guarantee")
    asked = [told for told in circle.heard(chidi) if "names you as guarantor" in told]
    ama.says("guarantor Chidi").expects("I have asked Chidi")
    announced(circle)
    assert [
        told for told in circle.heard(chidi) if "names you as guarantor" in told
    ] == asked  # The code is still good.
    for wrong in [number for number in ("1111", "2222", "3333", "4444") if number != code][:3]:
        chidi.says(f"Y {wrong}")
    chidi.says(f"Y {code}").expects("no longer good")
    ama.says("guarantor Chidi").expects("I have asked Chidi")
    announced(circle)
    assert code_of(chidi, "guarantee") in circle.heard(chidi)[-1]
    chidi.says(f"Y {code_of(chidi, 'guarantee')}").expects("is held")
    ama.says("guarantor Chidi").expects("You have no loan that waits")


def test_a_guarantor_who_never_answers_makes_room_for_another(circle: Circle) -> None:
    ama, _, chidi = circle.members
    loan = waits_for_guarantor(circle)
    ama.waits(days=8)
    assert lapsing.end_guarantees(circle.session, ama.at, 10) == [(loan.id, chidi.row().id)]
    payload = {"loan": loan.id, "member": chidi.row().id}
    outbox.put(circle.session, "bot.guarantee_lapsed", payload, "guarantee_lapsed")
    announced(circle)
    assert "Chidi has not answered in 7 days" in circle.heard(ama)[-1]
    ama.says("guarantor Chidi").expects("Please name another member")
    ama.says("guarantor Baraka").expects("I have asked Baraka")
    assert [each.state for each in guaranteeing.of(circle.session, loan)] == ["asked", "refused"]


# Cash


@pytest.fixture
def due(session: db.Session) -> Circle:
    """The group has decided that Baraka gets KES 2,000 of their savings from the box."""
    circle = a_circle(session, "sms", "sms", "whatsapp")
    brings_cash(circle, circle[1], 300_000)
    asks(circle, circle[1], "withdraw 2000 in cash for food")
    all_say(circle, "Y", circle[0])
    return circle


def test_cash_that_was_taken_back_is_told_to_the_officers_and_not_handed_over(due: Circle) -> None:
    ama, baraka, _ = due.members
    ama.says("cash 2000 to Baraka").expects("Did you give Baraka KES 2,000")
    code, cause = confirm_code(ama), Cause(baraka.row().id, "sms")
    taken = cash.take_back(due.session, due.group.id, baraka.row().id, baraka.at, cause)
    assert taken
    outbox.put(due.session, "bot.cash_ended", {"transaction": taken.id}, f"cash_ended:{taken.id}")
    announced(due)
    assert "Baraka has taken back the KES 2,000 in cash for Baraka. Please do not hand it over" in due.heard(ama)[-1]
    assert not any("taken back" in told for told in due.heard(baraka))
    ama.says(code).expects("Money leaves the box only by vote")


def test_after_a_month_nobody_is_kept_by_cash_that_they_never_confirm(due: Circle) -> None:
    ama, baraka, _ = due.members
    asks(due, ama, "cash 2000 to Baraka")
    ama.says("remove Baraka because he is gone").expects("Money for Baraka is on its way")
    for talker in due.members:
        talker.at = ama.at + timedelta(days=31)
    [ended] = cash.expire_due(due.session, ama.at, 10)
    outbox.put(due.session, "bot.cash_ended", {"transaction": ended}, f"cash_ended:{ended}")
    announced(due)
    assert "nobody has confirmed in 30 days that Baraka got the KES 2,000" in due.heard(ama)[-1]
    assert "If you have the money, tell an officer" in due.heard(baraka)[-1]
    assert all(gsm7.segments(told) <= 2 for told in (due.heard(ama)[-1], due.heard(baraka)[-1]))
    baraka.says(f"Y {code_of(baraka, 'cash_out')}").expects("no longer good")
    ama.says("remove Baraka because he is gone").expects("end the membership of Baraka")


def test_the_sweep_ends_each_thing_once_and_has_it_told(committing: str) -> None:
    now = clock.now()
    with db.session() as session:
        world = populated(session)
        long_ago, cause = now - timedelta(days=31), Cause(world.ama.id, "sms", "SM1")
        brought = cash.receive(session, world.umoja.id, world.ama.id, Money(900_00, "KES"), long_ago, cause)
        cash.confirm(session, brought, long_ago, cause)
        world.umoja.loan_guarantors = 1
        quoted = loans.quote(session, world.umoja, world.ama.id, Money(100_00, "KES"), 1, None, long_ago.date(), "box")
        loan = loans.ask(session, world.umoja, world.ama.id, quoted, "a roof", long_ago, cause)
        cash.confirm(
            session,
            cash.receive(
                session, world.umoja.id, world.baraka.id, Money(900_00, "KES"), long_ago, Cause(None, "sms", "SM2")
            ),
            long_ago,
            cause,
        )
        guaranteeing.name_guarantor(session, loan, world.baraka.id, long_ago, cause)
        session.commit()
        loan_id, baraka_id = loan.id, world.baraka.id
    assert (expiring.sweep(), expiring.sweep()) == (2, 0)
    assert work("bot.loan_ended") == [{"loan": loan_id, "lapsed": True}]
    assert work("bot.guarantee_lapsed") == [{"loan": loan_id, "member": baraka_id}]


def test_a_loan_that_waits_in_the_box_is_given_up_with_its_cash_unless_it_was_handed_over(
    session: db.Session,
) -> None:
    circle = a_circle(session, "sms", "sms", "sms")
    ama, baraka, chidi = circle.members
    for talker in circle.members:
        brings_cash(circle, talker, 300_000)
    asks(circle, ama, "borrow 4000 in cash for 3 months because of the roof")
    all_say(circle, "Y", baraka)
    assert cash.due(session, circle.group.id)
    gives_up(ama, "is given up")
    announced(circle)
    assert (loan_of(circle).state, movements(circle, "loan_disbursement")[0].state) == ("cancelled", "cancelled")
    assert not cash.due(session, circle.group.id)


# Penalties


def test_two_penalties_of_one_day_are_both_told_and_each_once(circle: Circle) -> None:
    ama = circle[0]
    borrows(circle, ama, 400_000)
    loan = loan_of(circle)
    for number, amount in ((1, 5_000), (2, 5_100), (1, 5_000)):
        announcing_loans.penalty_charged(circle.session, loan.id, amount, ama.at, number)
    told = [each for each in circle.heard(ama) if "was added" in each]
    assert len(told) == 2
    assert "KES 50 was added" in told[0]
    assert "KES 51 was added" in told[1]


def test_take_back_also_gives_up_a_loan(circle: Circle) -> None:
    waits_for_guarantor(circle)
    circle[0].says("take back").expects("Give up the loan of KES 4,000")
    circle[0].says(confirm_code(circle[0])).expects("is given up")


def test_cash_that_nobody_has_handed_over_is_taken_back_and_the_officers_hear(due: Circle) -> None:
    ama, baraka, _ = due.members
    baraka.says("take back").expects("Take back the KES 2,000 in cash that Umoja has decided?")
    baraka.says(confirm_code(baraka)).expects("the KES 2,000 stay in Umoja", "try again")
    announced(due)
    assert [each.state for each in movements(due, "cash_out")] == ["cancelled"]
    assert "Baraka has taken back the KES 2,000 in cash for Baraka. Please do not hand it over" in due.heard(ama)[-1]
    assert "taken back" not in due.heard(baraka)[-1]
    ama.says("cash 2000 to Baraka").expects("Money leaves the box only by vote")


def test_cash_that_an_officer_says_they_have_handed_over_is_not_taken_back(due: Circle) -> None:
    ama, baraka, _ = due.members
    baraka.says("take back").expects("Take back the KES 2,000")
    code = confirm_code(baraka)
    asks(due, ama, "cash 2000 to Baraka")
    baraka.says(code).expects("An officer of Umoja says that the KES 2,000 were handed over")
    baraka.says("take back").expects("no open question")
    baraka.says(f"Y {code_of(baraka, 'cash_out')}").expects("are yours")
