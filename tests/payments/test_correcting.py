"""What an operator corrects: whatever is different between the books can be ended by one command, once, and safely."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from core import clock, db
from core.money import Money
from ledger import postings, transactions, verifying
from ledger.audit import Cause
from ledger.models import Transaction
from ledger.postings import Leg
from payments import cli, correcting, deciding, disputing, payouts, reconciling
from payments.differences import OpenDifference, open_now
from payments.models import Checkout, Dispute, Payout, Refund
from tests.payments.actors import Saver, assert_books_are_whole, at_once, balances, history, outbox, run_outbox
from tests.payments.conftest import MovableClock
from tests.payments.lists import Lists
from tests.payments.planting import GROSS, KEPT, Paid, contributes, gives_back, pays_out
from tests.payments.servers import ScriptedServer
from tests.payments.test_payouts import ASKED, FEE, SAVED

# By hand: 508.00 came, of which the provider kept 7.62; 500.00 of it are the member's.
ONE_PAYMENT = {"savings": 50_000, "cash": -50_038, "fee_income": 800, "fee_expense": -762}
TWO_PAYMENTS = {kind: 2 * amount for kind, amount in ONE_PAYMENT.items()}
BECAUSE = ("--because", "the provider's support says so")


@pytest.fixture
def lists(provider_server: ScriptedServer) -> Lists:
    return Lists(provider_server)


@dataclass
class Operator:
    """Whoever looks at the differences in the morning; an hour passes before each look."""

    clock: MovableClock

    def sees(self) -> list[str]:
        """The kinds of what is different."""
        self.clock.forward(hours=1)
        today = clock.now().date()
        reconciling.reconcile("paystack", today - timedelta(days=2), today)
        return [row.kind for row in self.rows()]

    def rows(self) -> list[OpenDifference]:
        with db.session() as session:
            return open_now(session)

    def corrects(self, reference: str = "") -> str:
        """The one thing that is different, or this."""
        reference = reference or self.rows()[0].reference
        return CliRunner().invoke(cli.payments, ["correct", reference, *BECAUSE]).output


@pytest.fixture
def operator(movable_clock: MovableClock) -> Operator:
    return Operator(movable_clock)


def books(group_id: int) -> dict[str, int]:
    with db.session() as session:
        assert_books_are_whole(session, group_id)
        assert list(verifying.verify(session, group_id)) == []
        return balances(session, group_id)


def told(kind: str) -> int:
    with db.session() as session:
        return len(outbox(session, kind))


def corrected(group_id: int) -> int:
    with db.session() as session:
        return history(session, group_id).count("corrected_by_operator")


def spends(saver: Saver, minor: int, provider: str = "") -> None:
    """The member has used this much of their savings: for the social fund, or, with a provider, it left it."""
    with db.session() as session:
        at, cause = clock.now(), Cause(None, "test")
        other = Leg("cash", minor, provider=provider) if provider else Leg("social_fund", minor)
        kind = "fee" if provider else "transfer"
        spent = transactions.begin(session, saver.group_id, kind, None, Money(minor, "KES"), "spent", at, cause)
        postings.post(session, saver.group_id, spent.id, [Leg("savings", -minor, saver.user_id), other], at, cause)
        session.commit()


def checkout(payment: Paid) -> Checkout:
    with db.session() as session:
        return session.get_one(Checkout, payment.checkout_id)


def test_a_payment_that_never_came_is_taken_out_once(lists: Lists, operator: Operator) -> None:
    payment = contributes(lists, in_lists=False)
    assert operator.sees() == ["collection_not_there"]
    assert "posted that it never came" in operator.corrects()
    assert books(payment.saver.group_id) == {}
    assert (told("bot.reversed"), corrected(payment.saver.group_id)) == (1, 1)
    assert operator.rows() == []
    assert "agree; nothing was changed" in operator.corrects(payment.reference)
    assert (operator.sees(), told("bot.reversed")) == ([], 1)


def test_one_that_never_came_and_is_there_after_all_is_different_again_and_can_be_booked(
    lists: Lists, operator: Operator
) -> None:
    payment = contributes(lists, in_lists=False)
    operator.sees()
    operator.corrects()
    lists.transactions.append(payment.row)
    assert operator.sees() == ["collection_missed"]
    assert "`payments book" in operator.corrects()
    answer = CliRunner().invoke(cli.payments, ["book", payment.reference, *BECAUSE]).output
    assert "KES 500.38 booked" in answer
    assert operator.sees() == []
    assert books(payment.saver.group_id)["cash"] == -(GROSS - KEPT)


def test_what_its_member_has_used_of_it_is_the_groups_loss(lists: Lists, operator: Operator) -> None:
    saver = contributes(lists).saver
    never = contributes(lists, saver=saver, in_lists=False)
    operator.sees()
    spends(saver, 60_000)
    assert "posted that it never came" in operator.corrects(never.reference)
    found = books(saver.group_id)
    assert (found.get("savings", 0), found["cash"], found["bad_debt"]) == (0, -50_038, 40_000 - 50_038)
    assert (told("bot.charged_back"), operator.sees()) == (1, [])


def test_what_has_left_the_provider_since_cannot_be_taken_out(lists: Lists, operator: Operator) -> None:
    saver = contributes(lists).saver
    never = contributes(lists, saver=saver, in_lists=False)
    operator.sees()
    spends(saver, 90_000, "paystack")
    before = books(saver.group_id)
    assert "insufficient_funds): the money has been used" in operator.corrects(never.reference)
    assert (books(saver.group_id), operator.sees()) == (before, ["collection_not_there"])


def test_one_that_is_still_under_way_there_is_left_alone(lists: Lists, operator: Operator) -> None:
    payment = contributes(lists, status="pending")
    operator.sees()
    assert "still says pending: wait until that has ended; nothing was changed" in operator.corrects(payment.reference)
    assert books(payment.saver.group_id) == ONE_PAYMENT


def test_nothing_is_corrected_without_an_answer_of_the_provider(lists: Lists, operator: Operator) -> None:
    payment = contributes(lists, in_lists=False)
    operator.sees()
    lists.mute.add(payment.reference)
    assert "nothing was changed: try again later" in operator.corrects()
    assert books(payment.saver.group_id) == ONE_PAYMENT
    assert "nothing here is called gw-none" in operator.corrects("gw-none")


@pytest.mark.parametrize(("came", "kept"), [(60_800, 912), (30_000, 450)])
def test_another_amount_is_booked_as_it_came(lists: Lists, operator: Operator, came: int, kept: int) -> None:
    payment = contributes(lists, amount=came, fees=kept)
    assert operator.sees()[0] == "collection_amount"
    assert f"{Money(came - kept, 'KES')} booked" in operator.corrects(payment.reference)
    assert books(payment.saver.group_id) == {
        "savings": came - kept, "cash": kept - came, "fee_income": kept, "fee_expense": -kept,
    }  # fmt: skip
    assert operator.sees() == []
    assert "agree" in operator.corrects(payment.reference)
    assert (checkout(payment).paid_minor, checkout(payment).state) == (came, "paid")


@pytest.mark.parametrize("kept", [900, 700])
def test_another_fee_is_booked_both_ways(lists: Lists, operator: Operator, kept: int) -> None:
    payment = contributes(lists, fees=kept)
    assert operator.sees() == ["collection_fee"]
    assert f"{'more' if kept > KEPT else 'less'} of a fee booked" in operator.corrects()
    assert books(payment.saver.group_id) == ONE_PAYMENT | {"cash": kept - GROSS, "fee_expense": -kept}
    assert operator.sees() == []
    payment.row["fees"] = 800  # And they change their mind.
    assert operator.sees() == ["collection_fee"]
    operator.corrects()
    assert books(payment.saver.group_id)["fee_expense"] == -800


def test_a_payment_that_was_taken_back_is_posted_as_gone(lists: Lists, operator: Operator) -> None:
    taken = contributes(lists, saver=contributes(lists).saver, status="reversed")
    lists.mute.add(taken.reference)
    assert operator.sees() == ["collection_reversed"]
    lists.mute.clear()
    assert "posted that they took it back" in operator.corrects()
    assert books(taken.saver.group_id)["cash"] == -(2 * 50_038 - GROSS)
    assert operator.sees() == []


@pytest.mark.parametrize("theirs", [{"in_lists": False}, {"status": "failed"}])
def test_a_payout_that_was_never_paid_is_taken_back_and_can_be_sent_again(
    lists: Lists, operator: Operator, theirs: dict[str, str]
) -> None:
    payout = pays_out(lists, **theirs)  # type: ignore[arg-type]
    assert operator.sees() == ["payout_not_there"]
    assert "can send it again" in operator.corrects()
    assert books(payout.group_id) == {"savings": SAVED, "cash": -SAVED}
    assert (told("bot.payout_failed"), corrected(payout.group_id), operator.sees()) == (1, 1, [])
    with db.session() as session:
        assert session.get_one(Payout, payout.id).state == "failed"
        vote = session.scalars(select(Transaction.approval_id).where(Transaction.id == payout.transaction_id)).one()
        assert vote is not None
        again = deciding.try_again(session, payout.group_id, vote, clock.now(), Cause(None, "sms"))
        assert again == "under_way"
        session.commit()
    # Before the next one is sent the first is asked about once more; it was paid after all, so that nothing is sent.
    lists.transfers.clear()
    lists.transfers_out(payout.reference, ASKED, FEE)
    run_outbox("payments.submit_payout")
    with db.session() as session:
        found = select(Payout.state).where(Payout.group_id == payout.group_id).order_by(Payout.id)
        assert list(session.scalars(found)) == ["paid", "failed"]
    assert books(payout.group_id)["cash"] == -(SAVED - ASKED - FEE)


def test_a_payout_that_is_still_under_way_there_is_left_alone(lists: Lists, operator: Operator) -> None:
    payout = pays_out(lists, status="pending")
    operator.sees()
    assert "still says pending: wait" in operator.corrects(payout.reference)
    assert books(payout.group_id)["savings"] == SAVED - ASKED - FEE


@pytest.mark.parametrize("more", [500, -1_000])
def test_another_fee_of_a_payout_is_booked_both_ways(lists: Lists, operator: Operator, more: int) -> None:
    payout = pays_out(lists, fee=FEE + more)
    assert operator.sees() == ["payout_fee"]
    operator.corrects()
    assert books(payout.group_id)["fee_expense"] == -(FEE + more)
    assert operator.sees() == []


def test_another_amount_of_a_payout_is_for_a_person(lists: Lists, operator: Operator) -> None:
    payout = pays_out(lists, amount=ASKED - 100)
    operator.sees()
    before = books(payout.group_id)
    assert "no command can correct" in operator.corrects()
    assert books(payout.group_id) == before


def test_a_payout_that_came_back_and_was_paid_after_all_is_booked_again(lists: Lists, operator: Operator) -> None:
    payout = pays_out(lists)
    lists.transfers[0]["status"] = "reversed"
    payouts.verify(payout.id)
    assert books(payout.group_id)["savings"] == SAVED
    lists.transfers[0]["status"] = "success"
    assert operator.sees() == ["payout_missed"]
    assert "posted as paid" in operator.corrects()
    assert (books(payout.group_id)["savings"], operator.sees()) == (SAVED - ASKED - FEE, [])


def test_a_refund_made_on_the_providers_page_is_booked_as_one(lists: Lists, operator: Operator) -> None:
    payment = contributes(lists)
    lists.gives_back(payment.row, 20_000)
    assert operator.sees() == ["refund_unknown"]
    assert "KES 200 posted as given back" in operator.corrects()
    assert books(payment.saver.group_id) == ONE_PAYMENT | {"savings": 30_000, "cash": -30_038}
    assert (operator.sees(), told("bot.refunded")) == ([], 1)
    lists.gives_back(payment.row, 10_000, status="pending")
    operator.sees()
    assert "still on its way" in operator.corrects()


def test_one_that_the_savings_have_not_got_is_posted_as_taken_back(lists: Lists, operator: Operator) -> None:
    payment = contributes(lists)
    other = contributes(lists, saver=payment.saver)
    spends(payment.saver, 40_000)
    lists.gives_back(payment.row, 50_800)  # The fee went back as well.
    operator.sees()
    operator.corrects()
    lists.gives_back(other.row, 9_800)
    operator.sees()
    operator.corrects()
    found = books(payment.saver.group_id)
    assert found["cash"] == -(2 * 50_038 - 50_800 - 9_800)
    assert (found.get("savings", 0), found["bad_debt"], operator.sees()) == (0, -600, [])


def test_a_refund_that_first_looked_like_a_payment_taken_back_is_posted_once(lists: Lists, operator: Operator) -> None:
    payment = contributes(lists, saver=contributes(lists).saver)
    payment.row["status"] = "reversed"
    lists.gives_back(payment.row, GROSS)
    operator.sees()
    before = books(payment.saver.group_id)
    assert before["cash"] == -(2 * 50_038 - GROSS)
    assert [row.kind for row in operator.rows()] == ["refund_unknown"]
    assert "was posted before" in operator.corrects()
    assert (books(payment.saver.group_id), operator.sees()) == (before, [])


def test_a_refund_that_never_went_back_can_be_asked_for_again(lists: Lists, operator: Operator) -> None:
    payment, row = gives_back(lists, status="failed")
    assert operator.sees() == ["refund_failed"]
    assert "can ask for it again" in operator.corrects()
    assert books(payment.saver.group_id) == ONE_PAYMENT
    assert (told("bot.refund_failed"), operator.sees()) == (1, [])
    with db.session() as session:
        assert session.scalars(select(Refund.state)).one() == "failed"
    row["status"] = "processed"
    assert operator.sees() == []  # Paid after all: found and posted.
    assert "savings" not in books(payment.saver.group_id)


def test_another_amount_that_went_back_is_booked_instead(lists: Lists, operator: Operator) -> None:
    payment, _ = gives_back(lists, amount=40_000)
    assert operator.sees() == ["refund_amount"]
    assert "KES 400 booked as given back instead" in operator.corrects()
    assert books(payment.saver.group_id) == ONE_PAYMENT | {"savings": 10_000, "cash": -10_038}
    assert operator.sees() == []


def test_two_operators_at_once_correct_it_once(lists: Lists, operator: Operator) -> None:
    payment = contributes(lists, in_lists=False)
    payout = pays_out(lists, in_lists=False)
    operator.sees()
    at_once(*[lambda: correcting.collection(payment.reference, "gone")] * 3)
    at_once(*[lambda: correcting.payout(payout.reference, "gone")] * 3)
    assert books(payment.saver.group_id) == {}
    assert books(payout.group_id) == {"savings": SAVED, "cash": -SAVED}
    assert (corrected(payment.saver.group_id), corrected(payout.group_id), operator.sees()) == (1, 1, [])


def test_a_dispute_is_ended_by_the_operators_word(lists: Lists, operator: Operator) -> None:
    payment = contributes(lists, saver=contributes(lists).saver)
    row = lists.is_disputed(payment.row)
    disputing.hear("paystack", payment.reference, str(row["id"]))
    with db.session() as session:
        dispute_id = session.scalars(select(Dispute.id)).one()

    def says(*words: str) -> str:
        return CliRunner().invoke(cli.payments, ["dispute", *words, *BECAUSE]).output

    assert "there is no dispute 4711" in says("4711", "won")
    assert f"dispute {dispute_id}: lost; KES 508 posted as gone" in says(str(dispute_id), "lost")
    assert books(payment.saver.group_id)["cash"] == -(2 * 50_038 - GROSS)
    assert "KES 508 posted as brought back" in says(str(dispute_id), "won")
    assert books(payment.saver.group_id) == TWO_PAYMENTS
