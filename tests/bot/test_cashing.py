"""Cash: written down by an officer, counted when the other side says yes from their own phone."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot import expiring
from bot.channels import gsm7
from bot.models import Challenge
from core import clock, db, outbox
from core.money import Money
from ledger import cash, loans, reading, repaying
from ledger.audit import Cause
from tests.bot.actors import work
from tests.bot.deciding import Circle, a_circle, code_of, confirm_code, token_of
from tests.bot.group_life import all_say, announced, asks, borrows, brings_cash, movements
from tests.ledger.actors import populated


@pytest.fixture
def circle(session: db.Session) -> Circle:
    """Ama (chair, SMS), Baraka (SMS), Chidi (WhatsApp)."""
    return a_circle(session, "sms", "sms", "whatsapp")


def own(circle: Circle, place: int) -> str:
    group, user_id = circle.group, circle[place].row().id
    return str(reading.balances(circle.session, group.id, user_id, group.currency).own)


def in_the_box(circle: Circle) -> int:
    group = circle.group
    return reading.available(circle.session, group.id, 0, group.currency, "box").cash.amount_minor


# Into the box


def test_cash_counts_when_the_payer_says_yes_from_their_own_phone(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    asks(circle, ama, "cash 500 from Baraka", "Did you get KES 500 in cash from Baraka, for the box of Umoja?")
    ama.expects("I ask Baraka whether that is right", "within 7 days")
    assert own(circle, 1) == "KES 0"
    asked = circle.heard(baraka)[-1]
    assert asked == (
        "Umoja: Ama writes that you gave KES 500 in cash. Right?"
        f" Reply Y {code_of(baraka, 'cash_in')}. If not, reply N {code_of(baraka, 'cash_in')}."
    )
    assert gsm7.segments(asked) == 1
    baraka.says(f"Y {code_of(baraka, 'cash_in')}").expects("The KES 500 are in the box of Umoja")
    announced(circle)
    assert (own(circle, 1), in_the_box(circle)) == ("KES 500", 50_000)
    assert "Receipt R-1: KES 500 for Umoja. You have KES 500" in circle.heard(baraka)[-1]
    assert "Baraka contributed KES 500" in circle.heard(ama)[-1]
    baraka.says(f"Y {code_of(baraka, 'cash_in')}").expects("answered that before")
    assert own(circle, 1) == "KES 500"


def test_on_whatsapp_a_button_is_enough(circle: Circle) -> None:
    chidi = circle[2]
    asks(circle, circle[0], "received 500 from Chidi")
    chidi.says(f"y:{token_of(chidi)}").expects("are in the box")
    assert own(circle, 2) == "KES 500"


def test_a_no_ends_it_and_both_hear(circle: Circle) -> None:
    ama, baraka, _ = circle.members
    asks(circle, ama, "cash 500 from Baraka")
    baraka.says(f"N {code_of(baraka, 'cash_in')}").expects("do not count", "officers of Umoja are told")
    announced(circle)
    assert [each.state for each in movements(circle, "cash_in")] == ["cancelled"]
    assert "cash from Baraka were not confirmed" in circle.heard(ama)[-1]
    assert "do not count" in circle.heard(baraka)[-1]
    assert own(circle, 1) == "KES 0"


def test_a_wrong_code_counts_nothing(circle: Circle) -> None:
    asks(circle, circle[0], "cash 500 from Baraka")
    code = code_of(circle[1], "cash_in")
    circle[2].says(f"Y {code}").expects("code")
    circle[1].says(f"Y {'1234' if code != '1234' else '4321'}").expects("not a code of yours")
    assert own(circle, 1) == "KES 0"


def test_after_a_week_of_silence_it_is_closed(circle: Circle, session: db.Session) -> None:
    ama, baraka, _ = circle.members
    asks(circle, ama, "cash 500 from Baraka")
    later = ama.at + timedelta(days=6, hours=23)
    assert cash.expire(session, later, 10) == []
    [ended] = cash.expire(session, later + timedelta(hours=2), 10)
    outbox.put(session, "bot.cash_ended", {"transaction": ended}, f"cash_ended:{ended}")
    announced(circle)
    assert "write: cash 500 from Baraka" in circle.heard(ama)[-1]
    assert "within 7 days" in circle.heard(baraka)[-1]
    baraka.says(f"Y {code_of(baraka, 'cash_in')}").expects("no longer good")
    assert own(circle, 1) == "KES 0"


def test_an_officer_never_confirms_their_own_cash(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    ama.says("cash 500 from Ama").expects("another officer of Umoja has to write that down", "make Baraka treasurer")
    assert movements(circle, "cash_in") == []
    asks(circle, ama, "make Baraka treasurer")
    all_say(circle, "Y", chidi)
    asks(circle, ama, "cash 500 from me", "Then Baraka is asked to confirm it")
    assert "Ama writes that Ama put KES 500 in cash into the box" in circle.heard(baraka)[-1]
    baraka.says(f"Y {code_of(baraka, 'cash_in')}").expects("are in the box")
    assert (own(circle, 0), own(circle, 1)) == ("KES 500", "KES 0")


def test_a_forged_sms_writes_nothing_down(circle: Circle, session: db.Session) -> None:
    circle[0].says("cash 500 from Baraka").expects("Reply")
    circle[0].says("yes")
    assert movements(circle, "cash_in") == []
    assert session.scalars(select(Challenge)).all() == []


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("cash", "Write for example: cash 500 from Baraka"),
        ("cash 500", "Write for example"),
        ("cash 5.000 from Baraka", "Write for example"),
        ("cash -5 from Baraka", "Write for example"),
        ("cash 500 from Zuri", "Zuri is no member of Umoja"),
        ("cash 5001 from Baraka", "the largest contribution is KES 5,000"),
        ("cash 500 from Baraka for loan", "no loan to pay back"),
        ("cash 500 to Baraka", "Money leaves the box only by vote"),
    ],
)
def test_what_cannot_be_written_down_is_told_why(circle: Circle, said: str, answer: str) -> None:
    circle.rule(contribution_max_minor=500_000)
    circle[0].says(said).expects(answer)
    circle[1].says(said).expects("Only an officer of Umoja")


def test_the_clock_closes_what_is_overdue_once(committing: str) -> None:
    now = clock.now()
    with db.session() as session:
        world = populated(session)
        for days, message in ((8, "SM1"), (6, "SM2")):
            cause = Cause(world.ama.id, "sms", message)
            amount = Money(500, "KES")
            cash.receive(session, world.umoja.id, world.baraka.id, amount, now - timedelta(days=days), cause)
        session.commit()
    assert (expiring.sweep(), expiring.sweep()) == (1, 0)
    assert len(work("bot.cash_ended")) == 1


def test_cash_for_a_loan_pays_it_back(circle: Circle, session: db.Session) -> None:
    ama, baraka, chidi = circle.members
    circle.save("5000", "2000")
    borrows(circle, baraka, 300_000)
    asks(circle, ama, "cash 1000 from Baraka for loan", "Did you get KES 1,000 in cash from Baraka for their loan")
    assert "you gave KES 1,000 in cash for your loan. Right?" in circle.heard(baraka)[-1]
    baraka.says(f"Y {code_of(baraka, 'cash_in')}").expects("are in the box")
    [loan] = loans.active(session, circle.group.id, baraka.row().id)
    # KES 60 of it were interest.
    assert repaying.owed(session, loan, baraka.at.date()).principal == Money(206_000, "KES")
    assert (own(circle, 1), in_the_box(circle)) == ("KES 2,000", 100_000)
    assert circle.orders("bot.repayment_completed") == [{"transaction": movements(circle, "repayment")[0].id}]


# Out of the box


@pytest.fixture
def decided(circle: Circle) -> Circle:
    """Baraka has KES 3,000 in the box, and the group has decided that KES 2,000 of it are handed to Baraka."""
    ama, baraka, _ = circle.members
    brings_cash(circle, baraka, 300_000)
    asks(circle, baraka, "withdraw 2000 in cash for food")
    all_say(circle, "Y", ama)
    assert "write: cash 2000 to Baraka" in circle.heard(ama)[-1]
    return circle


def test_cash_is_booked_when_the_payee_says_that_they_have_it(decided: Circle) -> None:
    ama, baraka, chidi = decided.members
    asks(decided, ama, "cash 2000 to Baraka", "Did you give Baraka KES 2,000 in cash from the box of Umoja?")
    assert "Ama writes that you got KES 2,000 in cash from the box. Right?" in decided.heard(baraka)[-1]
    assert own(decided, 1) == "KES 3,000"
    baraka.says(f"Y {code_of(baraka, 'cash_out')}").expects("are yours")
    announced(decided)
    assert (own(decided, 1), in_the_box(decided)) == ("KES 1,000", 100_000)
    assert "KES 2,000 was paid to Baraka" in decided.heard(chidi)[-1]
    ama.says("cash 2000 to Baraka").expects("Money leaves the box only by vote")


def test_a_payee_who_has_not_got_it_says_so_and_it_stays_open(decided: Circle) -> None:
    ama, baraka, _ = decided.members
    asks(decided, ama, "cash 2000 to Baraka")
    baraka.says(f"N {code_of(baraka, 'cash_out')}").expects("nothing is booked")
    announced(decided)
    assert "Baraka says that the KES 2,000 in cash have not arrived" in decided.heard(ama)[-1]
    assert [each.state for each in movements(decided, "cash_out")] == ["processing"]
    asks(decided, ama.waits(minutes=5), "cash 2000 to Baraka")
    baraka.says(f"Y {code_of(baraka, 'cash_out')}").expects("are yours")


def test_another_amount_is_answered_with_what_there_is(decided: Circle) -> None:
    decided[0].says("cash 1500 to Baraka").expects("not decided exactly that", "cash 2000 to Baraka")
    decided[0].says("cash 2000 to Chidi").expects("cash 2000 to Baraka")


def test_who_leaves_with_cash_is_a_member_until_they_have_it(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    brings_cash(circle, baraka, 50_000)
    asks(circle, baraka, "leave in cash")
    all_say(circle, "Y", chidi)
    asks(circle, ama, "cash 500 to Baraka")
    baraka.says(f"Y {code_of(baraka, 'cash_out')}").expects("are yours")
    announced(circle)
    assert "Baraka has left Umoja" in " ".join(circle.heard(chidi))
    assert "You have left Umoja" in circle.heard(baraka)[-1]
    baraka.says("balance").expects("not in a group yet")


def test_a_removed_member_gets_the_last_of_their_savings_from_the_box(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    brings_cash(circle, baraka, 50_000)
    asks(circle, ama, "remove Baraka because he has moved away", "KES 500 is paid in cash")
    all_say(circle, "Y", chidi)
    baraka.says("balance").expects("not in a group yet")
    asks(circle, ama, "cash 500 to Baraka")
    baraka.says(f"Y {code_of(baraka, 'cash_out')}").expects("are yours")
    assert (own(circle, 1), in_the_box(circle)) == ("KES 0", 0)


def test_the_code_of_the_officer_is_no_code_of_the_payee(circle: Circle) -> None:
    ama = circle[0]
    ama.says("cash 500 from Baraka")
    code = confirm_code(ama)
    circle[1].says(f"Y {code}").expects("code")
    assert movements(circle, "cash_in") == []
