"""Refunds in the chat: an officer wants it, another one or the group says yes, and whom it concerns hears the end."""

from typing import Any

import pytest
from sqlalchemy import select

from bot import announcing_returns
from bot.channels import gsm7
from core import db
from core.money import Money
from ledger import legs, receipts
from ledger.audit import Cause
from ledger.models import Loan, Transaction
from ledger.postings import Movement, record
from payments import collections, disputing, paid, refunded, settling
from payments.models import Checkout, Dispute, Refund
from payments.provider import Outcome, Verification
from payments.provider_records import Record, RecordsAnswer
from tests.bot.actors import Talker
from tests.bot.deciding import Circle, a_circle, code_of, confirm_code, token_of
from tests.bot.group_life import WORK, all_say, announced, asks, borrows, movements
from tests.ledger.actors import allowed
from tests.payments.actors import a_checkout

RETURNS: dict[str, Any] = {
    "bot.refund_asked": lambda s, p, at: announcing_returns.refund_asked(
        s, p["transaction"], p["witness"], p["receipt"], at
    ),
    "bot.refund_ended": lambda s, p, at: announcing_returns.refund_ended(s, p["transaction"], at),
    "bot.refund_begun": lambda s, p, at: announcing_returns.refund_begun(s, p["refund"], at),
    "bot.refunded": lambda s, p, at: announcing_returns.refunded(s, p["refund"], at),
    "bot.refund_failed": lambda s, p, at: announcing_returns.refund_failed(s, p["refund"], at),
    "bot.refund_held": lambda s, p, at: announcing_returns.refund_held(s, p["refund"], at),
    "bot.refund_slow": lambda s, p, at: announcing_returns.refund_slow(s, p["refund"], at),
    "bot.dispute_opened": lambda s, p, at: announcing_returns.dispute_opened(s, p["dispute"], at),
    "bot.dispute_won": lambda s, p, at: announcing_returns.dispute_won(s, p["dispute"], at),
    "bot.charged_back": lambda s, p, at: announcing_returns.charged_back(s, p["transaction"], p["checkout"], at),
    "bot.return_held": lambda s, p, at: announcing_returns.return_held(s, p["checkout"], at),
}


@pytest.fixture
def circle(session: db.Session, monkeypatch: pytest.MonkeyPatch) -> Circle:
    """Ama (chair, SMS), Baraka (treasurer, SMS), Chidi (WhatsApp); officers may give all of it back."""
    for kind, tell in RETURNS.items():
        monkeypatch.setitem(WORK, kind, tell)
    made = a_circle(session, "sms", "sms", "whatsapp")
    asks(made, made[0], "make Baraka treasurer")
    all_say(made, "Y", made[2])
    made.rule(reversal_limit_percent=100)
    return made


def pays(circle: Circle, talker: Talker, kind: str = "contribution") -> int:
    """The member has paid 500 by our checkout; the number of the receipt."""
    session, group, user_id = circle.session, circle.group, talker.row().id
    cause = Cause(user_id, "whatsapp", f"SM{talker.at.timestamp()}{kind}")
    wish = collections.request(session, group.id, user_id, Money(50_000, "KES"), talker.at, cause, kind=kind)
    checkout = a_checkout(session, wish)
    gross, fee = Money(wish.gross_minor, "KES"), Money(wish.fee_minor, "KES")
    said = Verification(Outcome.SUCCEEDED, "success", checkout.reference, gross, fee)
    settling.settle(session, checkout.id, said, talker.at)
    session.flush()
    announced(circle)
    found = receipts.of_transaction(session, group.id, wish.transaction_id)
    assert found is not None
    return found.number


def the_refund(circle: Circle) -> Refund:
    found = select(Refund).where(Refund.group_id == circle.group.id).order_by(Refund.id.desc()).limit(1)
    return circle.session.scalars(found, execution_options={"populate_existing": True}).one()


def states(circle: Circle) -> list[str]:
    return [each.state for each in movements(circle, "refund")]


def the_provider_says(circle: Circle, outcome: Outcome, status: str) -> None:
    """What its list says about the refund."""
    session, at = circle.session, circle[0].at
    refund = the_refund(circle)
    refund.state, refund.submitted_at = "submitting", at
    session.flush()
    made = Record("refund", "301", "", Money(refund.amount_minor, "KES"), None, outcome, status, at)
    refunded.settle(session, refund.id, RecordsAnswer(Outcome.SUCCEEDED, (made,), "ok"), at)
    announced(circle)


def submits(circle: Circle) -> list[dict[str, Any]]:
    return circle.orders("payments.submit_refund")


def the_checkout(circle: Circle) -> Checkout:
    found = select(Checkout).where(Checkout.group_id == circle.group.id).order_by(Checkout.id.desc()).limit(1)
    return circle.session.scalars(found).one()


def is_disputed(circle: Circle, outcome: Outcome, *, stands: bool = False) -> None:
    session, checkout, at = circle.session, the_checkout(circle), circle[0].at
    payment = paid.of_checkout(session, checkout)
    assert payment is not None
    amount = paid.amount(session, payment)
    record_ = Record("dispute", "358", checkout.reference, amount, None, outcome, "said", at, due_at=at)
    disputing.settle(session, checkout.id, record_, at, stands=stands)
    announced(circle)


def test_an_officer_wants_it_another_confirms_and_all_concerned_hear(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    number = pays(circle, chidi)
    ama.says(f"refund R-{number} paid twice").expects(
        f"Give KES 500 back to Chidi (R-{number}, paid twice)?", "Then Baraka is asked to confirm it"
    )
    ama.says(confirm_code(ama)).expects("I ask Baraka to confirm it")
    announced(circle)
    asked = circle.heard(baraka)[-1]
    code = code_of(baraka, "refund")
    assert asked == (
        f"Umoja: Ama wants to give KES 500 back to Chidi (R-{number}, paid twice). Right?"
        f" Reply Y {code}. If not, reply N {code}."
    )
    assert gsm7.segments(asked) == 1
    assert (states(circle), submits(circle)) == (["pending"], [])
    baraka.says(f"Y {code}").expects("KES 500 are on their way back to Chidi")
    announced(circle)
    assert "your KES 500 are on their way back to you (paid twice)" in circle.heard(chidi)[-1]
    assert "on their way back to Chidi" in circle.heard(ama)[-1]
    assert (the_refund(circle).asked_by, submits(circle)) == (ama.row().id, [{"refund": the_refund(circle).id}])
    the_provider_says(circle, Outcome.SUCCEEDED, "processed")
    assert "your KES 500 are back with you. In the group you now have KES 0." in circle.heard(chidi)[-1]
    assert "KES 500 are back with Chidi" in circle.heard(ama)[-1]
    assert "KES 500 are back with Chidi" in circle.heard(baraka)[-1]
    ama.says(f"refund R-{number} once more").expects("cannot go back twice")
    baraka.says(f"Y {code}").expects("answered that before")


def test_the_words_alone_of_a_forged_sms_move_nothing(circle: Circle) -> None:
    number = pays(circle, circle[2])
    circle[0].says(f"refund R-{number} paid twice")
    circle[0].says("yes")
    assert states(circle) == []


def test_a_no_keeps_it_and_the_officers_hear(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    number = pays(circle, chidi)
    asks(circle, ama, f"refund {number} paid twice")
    ama.says(f"refund {number} paid twice").expects("another officer has still to confirm it")
    baraka.says(f"N {code_of(baraka, 'refund')}").expects("stay in Umoja")
    announced(circle)
    assert states(circle) == ["cancelled"]
    assert "do not go back to Chidi: an officer said no" in circle.heard(ama)[-1]
    assert submits(circle) == []


def test_the_vote_list_shows_what_waits_for_an_officer(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    asks(circle, ama, f"refund {pays(circle, chidi)} paid twice")
    baraka.says("vote").expects("Do the KES 500 go back to Chidi?", f"Y {code_of(baraka, 'refund')}")


def test_an_officer_whose_own_money_it_is_never_confirms_it(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    number = pays(circle, baraka)
    asks(circle, ama, f"refund {number} paid twice", "The group votes about it")
    assert states(circle) == []
    ballot = circle.heard(baraka)[-1]
    assert f"Ama asks to give KES 500 back to Baraka through the payment service (R-{number}): paid twice." in ballot
    all_say(circle, "Y", chidi)
    assert states(circle) == ["pending"]
    assert submits(circle) == [{"refund": the_refund(circle).id}]
    assert the_refund(circle).asked_by == ama.row().id
    assert "The money is on its way" in " ".join(circle.heard(ama))
    assert "your KES 500 are on their way back to you" in circle.heard(baraka)[-1]
    the_provider_says(circle, Outcome.SUCCEEDED, "processed")
    assert "KES 500 are back with Baraka" in circle.heard(chidi)[-1]


def test_an_officer_may_ask_for_their_own_and_another_confirms(circle: Circle) -> None:
    ama, baraka, _ = circle.members
    asks(circle, ama, f"refund {pays(circle, ama)} paid twice", "Then Baraka is asked")
    baraka.says(f"Y {code_of(baraka, 'refund')}").expects("on their way back to Ama")


def test_above_the_officers_limit_the_group_votes(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    number = pays(circle, chidi)
    circle.rule(reversal_limit_percent=10)
    asks(circle, ama, f"refund {number} paid twice", "The group votes about it")
    all_say(circle, "N", baraka, chidi)
    assert (states(circle), circle.votes()[-1].state) == ([], "failed")
    asks(circle, ama, f"refund {number} paid twice", "The group votes about it")
    all_say(circle, "Y", baraka)
    assert states(circle) == ["pending"]


def test_what_was_used_while_the_group_voted_cannot_go_back(circle: Circle, session: db.Session) -> None:
    ama, baraka, chidi = circle.members
    number = pays(circle, chidi)
    circle.rule(reversal_limit_percent=0)
    asks(circle, ama, f"refund {number} paid twice")
    user_id = chidi.row().id
    used = Movement(circle.group.id, "refund", Money(1, "KES"), legs.refund(user_id, "paystack", 1), "used")
    record(session, allowed(session, used), ama.at, Cause(None, "sms"))
    all_say(circle, "Y", baraka)
    assert the_states_of_refunds(circle) == []
    assert "there is not enough free money" in circle.heard(ama)[-1]


def test_what_was_used_before_is_said_at_once(circle: Circle, session: db.Session) -> None:
    number, user_id = pays(circle, circle[2]), circle[2].row().id
    used = Movement(circle.group.id, "refund", Money(1, "KES"), legs.refund(user_id, "paystack", 1), "used")
    record(session, allowed(session, used), circle[0].at, Cause(None, "sms"))
    circle[0].says(f"refund {number} paid twice").expects("its money has been used since")


def the_states_of_refunds(circle: Circle) -> list[str]:
    return list(circle.session.scalars(select(Refund.state).where(Refund.group_id == circle.group.id)))


def test_in_a_group_of_one_it_is_decided_at_once(session: db.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, tell in RETURNS.items():
        monkeypatch.setitem(WORK, kind, tell)
    alone = a_circle(session, "sms")
    alone.rule(reversal_limit_percent=100)
    number = pays(alone, alone[0])
    asks(alone, alone[0], f"refund {number} paid twice")
    alone[0].expects("KES 500 are on their way back to Ama")


def test_a_code_that_comes_too_late_says_what_has_changed(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    asks(circle, ama, f"refund {pays(circle, chidi)} paid twice")
    circle.rule(reversal_limit_percent=0)
    baraka.says(f"Y {code_of(baraka, 'refund')}").expects("cannot go back now")
    announced(circle)
    assert states(circle) == ["cancelled"]
    assert "more than officers may decide" in circle.heard(ama)[-1]


def test_somebody_who_is_no_officer_any_more_confirms_nothing(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    asks(circle, ama, f"refund {pays(circle, chidi)} paid twice")
    code = code_of(baraka, "refund")
    asks(circle, ama, "make Baraka member")
    all_say(circle, "Y", chidi)
    baraka.says(f"Y {code}").expects("Only an officer of Umoja")
    assert submits(circle) == []


def test_on_whatsapp_a_button_is_enough(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    asks(circle, ama, "make Chidi secretary")
    all_say(circle, "Y", chidi)
    number = pays(circle, baraka)
    asks(circle, ama, f"refund {number} paid twice", "Then Chidi is asked")
    chidi.says(f"y:{token_of(chidi)}").expects("on their way back to Baraka")


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("refund", "refund R-12 paid twice"),
        ("refund paid twice", "refund R-12 paid twice"),
        ("refund R-1", "Please say why"),
        ("refund R-1 x", "Please say why"),
        ("refund R-99 paid twice", "R-99"),
    ],
)
def test_what_cannot_be_read_is_answered_with_an_example(circle: Circle, said: str, answer: str) -> None:
    pays(circle, circle[2])
    circle[0].says(said).expects(answer)


def test_only_officers_ask(circle: Circle) -> None:
    number = pays(circle, circle[2])
    circle[2].says(f"refund {number} paid twice").expects("Only an officer of Umoja")


def test_cash_is_reversed_and_not_given_back(circle: Circle, session: db.Session) -> None:
    ama = circle[0]
    user_id = ama.row().id
    cash = Movement(circle.group.id, "cash_in", Money(100, "KES"), legs.cash_in(user_id, 100), "c", user_id)
    number = record(session, cash, ama.at, Cause(user_id, "sms")).receipt_number
    ama.says(f"refund {number} counted twice").expects(f"write: reverse R-{number} and why")
    ama.says(f"reverse R-{pays(circle, circle[2])} paid twice").expects("To give a payment back, write: refund R-")


def test_what_paid_a_loan_back_stays_and_what_was_over_goes_back(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    circle.save("5000", "5000", "5000")
    borrows(circle, chidi, 40_000)
    number = pays(circle, chidi, "repayment")
    ama.says(f"refund {number} too much").expects("paid a loan back, and that stays as it is")
    again = pays(circle, chidi.waits(minutes=1), "repayment")
    ama.says(f"refund {again} paid twice").expects("Then Baraka is asked to confirm it")


def test_a_refund_that_fails_is_told_to_the_payer_and_the_officers(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    asks(circle, ama, f"refund {pays(circle, chidi)} paid twice")
    baraka.says(f"Y {code_of(baraka, 'refund')}")
    the_provider_says(circle, Outcome.DECLINED, "failed")
    assert states(circle) == ["failed"]
    assert "They are still yours" in circle.heard(chidi)[-1]
    for officer in (ama, baraka):
        assert "could not go back to Chidi" in circle.heard(officer)[-1]


def test_a_refund_that_waits_for_a_person_is_told(circle: Circle, session: db.Session) -> None:
    ama, baraka, chidi = circle.members
    asks(circle, ama, f"refund {pays(circle, chidi)} paid twice")
    baraka.says(f"Y {code_of(baraka, 'refund')}")
    the_provider_says(circle, Outcome.PENDING, "needs-attention")
    assert "A person is checking it" in circle.heard(chidi)[-1]
    announcing_returns.refund_slow(session, the_refund(circle).id, ama.at)
    assert "can take two weeks" in circle.heard(ama)[-1]


def test_a_dispute_is_told_to_the_officers_and_its_loss_to_everybody(circle: Circle, session: db.Session) -> None:
    ama, baraka, chidi = circle.members
    pays(circle, baraka)
    pays(circle, chidi)
    is_disputed(circle, Outcome.PENDING)
    heard = circle.heard(ama)[-1]
    assert "the bank of Chidi asks for KES 508 back" in heard
    assert "by 20 Nov." in heard
    assert not any("the bank of" in each for each in circle.heard(chidi))
    is_disputed(circle, Outcome.DECLINED)
    assert session.scalars(select(Dispute.state)).all() == ["lost"]
    for talker in circle.members:
        said = circle.heard(talker)[-1]
        assert "the payment service took back KES 508 of Chidi" in said
        assert "the group lost KES 8" in said


def test_a_dispute_that_is_won_is_told_to_the_officers(circle: Circle) -> None:
    pays(circle, circle[2])
    is_disputed(circle, Outcome.PENDING)
    is_disputed(circle, Outcome.SUCCEEDED)
    assert "stay in the group" in circle.heard(circle[0])[-1]


def test_what_was_lost_and_is_brought_back_is_told_to_everybody(circle: Circle) -> None:
    _, baraka, chidi = circle.members
    pays(circle, baraka)
    pays(circle, chidi)
    is_disputed(circle, Outcome.DECLINED)
    is_disputed(circle, Outcome.SUCCEEDED)
    assert "has not brought them back yet" in circle.heard(circle[0])[-1]
    is_disputed(circle, Outcome.SUCCEEDED, stands=True)
    for talker in circle.members:
        assert "the payment service brought back the KES 508 of Chidi that it had taken" in circle.heard(talker)[-1]


def test_a_repayment_that_is_taken_back_is_owed_again_and_everybody_hears_how_much(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    for talker in (baraka, chidi):
        pays(circle, talker)
    borrows(circle, chidi, 40_000)
    number = pays(circle, chidi, "repayment")
    assert number
    chidi.says("my loan").expects("no loan")
    is_disputed(circle, Outcome.DECLINED)
    # By hand: 400.00 and 8.00 of interest were paid off; 92.00 had gone to the savings, and 8.00 were paid on top.
    said = circle.heard(ama)[-1]
    assert "took back KES 508 of Chidi. It had paid back a loan: KES 4" in said
    assert "The group lost" not in said
    assert circle.session.scalars(select(Loan.state)).all() == ["active"]


def test_what_was_taken_back_and_cannot_be_booked_is_told_to_the_officers(circle: Circle, session: db.Session) -> None:
    pays(circle, circle[2])
    disputing.take_back(session, the_checkout(circle), "reversed", circle[0].at)
    announced(circle)
    assert "A person is checking it" in circle.heard(circle[0])[-1]
    assert session.scalars(select(Transaction.id).where(Transaction.kind == "chargeback")).all() == []


def test_the_history_and_the_receipt_name_what_went_back(circle: Circle) -> None:
    ama, baraka, chidi = circle.members
    pays(circle, baraka)
    pays(circle, chidi)
    is_disputed(circle, Outcome.PENDING)
    chidi.says("history").expects("taken back, kept aside until it is decided")
    is_disputed(circle, Outcome.DECLINED)
    chidi.says("history").expects("taken back R-")
    number = receipts.find(circle.session, circle.group.id)
    assert number is not None
    ama.says(f"receipt {number.number}").expects("taken back of Chidi")
