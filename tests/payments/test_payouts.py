"""Payouts through the real jobs: paid once whatever the provider does, and the books never differ from the money."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock, db
from core.money import Money
from core.outbox import TryAgain
from ledger import contributions, errors, groups
from ledger.approvals import Subject
from ledger.audit import Cause
from ledger.models import Transaction, User
from payments import deciding, payouts
from payments.models import Payout, PayoutAccount
from tests.payments.actors import assert_books_are_whole, at_once, balances, outbox, run_outbox
from tests.payments.conftest import MovableClock
from tests.payments.desk import NO_ANSWER, REFUSED, Desk
from tests.payments.servers import Reply, ScriptedServer, hang_up

SAVED = 12_000_00
ASKED = 5_000_00
FEE = 40_00


@pytest.fixture
def desk(provider_server: ScriptedServer) -> Desk:
    return Desk(provider_server)


@pytest.fixture
def decided(desk: Desk) -> tuple[int, int]:
    """A group of one whose member has decided to take out 5,000: group and approval, committed."""
    return decides()


def decides() -> tuple[int, int]:
    with db.session() as session:
        at = clock.now()
        user = User(phone=f"+2547220{next(NUMBERS):05d}", name="Ama")
        session.add(user)
        session.flush()
        cause = Cause(user.id, "sms", "SM1")
        group = groups.create(session, user, "Umoja", at, cause)
        wish = contributions.begin(session, group.id, user.id, Money(SAVED, "KES"), "in", at, cause)
        contributions.complete(session, wish, "paystack", SAVED, 0, at, cause)
        account = PayoutAccount(
            group_id=group.id, user_id=user.id, provider="paystack", kind="mobile_money", bank_code="MPESA",
            bank_name="M-PESA", number=user.phone, holder=None, tail="678", state="confirmed",
            created_at=at, usable_from=at,
        )  # fmt: skip
        session.add(account)
        session.flush()
        details = {"payee": user.id, "fee_minor": FEE, "member_fee_minor": FEE}
        subject = Subject("withdrawal", user.id, Money(ASKED, "KES"), f"account:{account.id}", "fees", details)
        tally = deciding.ask(session, group, subject, at, cause)
        session.commit()
        return group.id, tally.approval_id


NUMBERS = iter(range(10_000, 99_999))


def the_payout(group_id: int) -> Payout:
    with db.session() as session:
        return session.scalars(select(Payout).where(Payout.group_id == group_id).order_by(Payout.id.desc())).first()  # type: ignore[return-value]


def states(group_id: int) -> list[str]:
    with db.session() as session:
        found = select(Transaction.state).where(Transaction.group_id == group_id, Transaction.kind == "withdrawal")
        return list(session.scalars(found.order_by(Transaction.id)))


def books(group_id: int) -> dict[str, int]:
    with db.session() as session:
        assert_books_are_whole(session, group_id)
        return balances(session, group_id)


def told(kind: str) -> int:
    with db.session() as session:
        return len(outbox(session, kind))


def test_a_payout_is_sent_once_asked_about_and_booked_as_it_was_charged(decided: tuple[int, int], desk: Desk) -> None:
    group_id, _ = decided
    run_outbox("payments.submit_payout")
    assert the_payout(group_id).state == "pending"
    payouts.verify(the_payout(group_id).id)
    payouts.verify(the_payout(group_id).id)
    assert [order["amount"] for order in desk.sent] == [ASKED]
    assert desk.sent[0]["reference"] == the_payout(group_id).reference
    assert states(group_id) == ["completed"]
    # The member bears the fee that was quoted; the provider took it.
    assert books(group_id) == {
        "savings": SAVED - ASKED - FEE, "cash": -(SAVED - ASKED - FEE), "fee_income": FEE, "fee_expense": -FEE,
    }  # fmt: skip
    assert told("bot.paid_out") == 1


def test_another_fee_than_quoted_is_booked_as_charged_and_the_group_bears_the_difference(
    decided: tuple[int, int], desk: Desk
) -> None:
    desk.fee_charged = 6_000
    run_outbox("payments.submit_payout")
    payouts.verify(the_payout(decided[0]).id)
    found = books(decided[0])
    assert (found["savings"], found["cash"]) == (SAVED - ASKED - FEE, -(SAVED - ASKED - 60_00))


def test_a_refusal_gives_the_money_back_and_can_be_tried_again_without_a_vote(
    decided: tuple[int, int], desk: Desk
) -> None:
    group_id, approval_id = decided
    desk.sending = [REFUSED]
    run_outbox("payments.submit_payout")
    assert (the_payout(group_id).state, states(group_id)) == ("failed", ["failed"])
    assert books(group_id) == {"savings": SAVED, "cash": -SAVED}
    assert told("bot.payout_failed") == 1
    with db.session() as session:
        assert deciding.try_again(session, group_id, approval_id, clock.now(), Cause(None, "sms")) == "under_way"
        session.commit()
    run_outbox("payments.submit_payout")
    payouts.verify(the_payout(group_id).id)
    assert states(group_id) == ["failed", "completed"]
    assert len(desk.sent) == 1


@pytest.mark.parametrize("step", [NO_ANSWER, hang_up])
def test_an_unknown_outcome_keeps_the_money_and_is_only_asked_about(
    decided: tuple[int, int], desk: Desk, step: object
) -> None:
    group_id, approval_id = decided
    desk.sending, desk.takes_unseen = [step], True  # type: ignore[list-item]
    run_outbox("payments.submit_payout")
    assert (the_payout(group_id).state, states(group_id)) == ("unknown", ["processing"])
    with db.session() as session:
        assert (
            deciding.try_again(session, group_id, approval_id, clock.now(), Cause(None, "sms")) == "already_carried_out"
        )
    payouts.submit(the_payout(group_id).id)
    assert desk.tried == 1
    payouts.verify(the_payout(group_id).id)
    assert (the_payout(group_id).state, states(group_id)) == ("paid", ["completed"])
    assert len(desk.sent) == 1


def test_what_surely_never_arrived_is_sent_again_under_the_same_reference(
    decided: tuple[int, int], desk: Desk, movable_clock: MovableClock
) -> None:
    group_id, _ = decided
    desk.sending = [NO_ANSWER]
    run_outbox("payments.submit_payout")
    reference = the_payout(group_id).reference
    payouts.verify(the_payout(group_id).id)
    assert the_payout(group_id).state == "unknown"  # "Not found" at once proves nothing.
    movable_clock.forward(minutes=11)
    payouts.verify(the_payout(group_id).id)
    run_outbox("payments.submit_payout")
    assert [order["reference"] for order in desk.sent] == [reference]
    payouts.verify(the_payout(group_id).id)
    assert states(group_id) == ["completed"]


def test_a_worker_that_died_while_sending_sends_nothing_twice(
    decided: tuple[int, int], desk: Desk, movable_clock: MovableClock
) -> None:
    group_id, _ = decided
    with db.session() as session:
        payout = session.scalars(select(Payout).where(Payout.group_id == group_id)).one()
        payout.state, payout.submitted_at = "submitting", clock.now()
        session.commit()
    payouts.submit(payout.id)
    assert desk.tried == 0
    movable_clock.forward(minutes=3)
    assert payouts.sweep() == 1
    run_outbox("payments.verify_payout")
    assert desk.tried == 0


def test_a_provider_that_cannot_be_reached_is_tried_again_later(decided: tuple[int, int], desk: Desk) -> None:
    group_id, _ = decided
    desk.server.stop()
    with pytest.raises(TryAgain):
        payouts.submit(the_payout(group_id).id)
    assert (the_payout(group_id).state, states(group_id)) == ("reserved", ["pending"])


def test_without_a_conclusive_answer_for_a_day_it_is_held_for_a_person_and_still_reserved(
    decided: tuple[int, int], desk: Desk, movable_clock: MovableClock
) -> None:
    group_id, _ = decided
    desk.status = "pending"
    run_outbox("payments.submit_payout")
    movable_clock.forward(hours=25)
    payouts.verify(the_payout(group_id).id)
    held = the_payout(group_id)
    assert (held.state, states(group_id)) == ("held", ["processing"])
    desk.status = "success"
    payouts.verify(held.id)  # Its webhook comes at last.
    assert (the_payout(group_id).state, states(group_id)) == ("paid", ["completed"])


def test_another_amount_than_ordered_is_held(decided: tuple[int, int], desk: Desk) -> None:
    group_id, _ = decided
    run_outbox("payments.submit_payout")
    desk.sent[0]["amount"] = ASKED + 1
    payouts.verify(the_payout(group_id).id)
    assert (the_payout(group_id).state, states(group_id)) == ("held", ["processing"])


def test_a_payout_that_comes_back_is_reversed_by_a_new_transaction_and_can_be_tried_again(
    decided: tuple[int, int], desk: Desk
) -> None:
    group_id, approval_id = decided
    run_outbox("payments.submit_payout")
    payouts.verify(the_payout(group_id).id)
    desk.status = "reversed"
    payouts.verify(the_payout(group_id).id)
    payouts.verify(the_payout(group_id).id)
    assert (the_payout(group_id).state, states(group_id)) == ("reversed", ["reversed"])
    assert books(group_id) == {"savings": SAVED, "cash": -SAVED}
    with db.session() as session:
        assert deciding.try_again(session, group_id, approval_id, clock.now(), Cause(None, "sms")) == "under_way"


def test_the_same_vote_never_has_two_payouts_at_once(decided: tuple[int, int]) -> None:
    group_id, approval_id = decided

    def again() -> str:
        with db.session() as session:
            result = deciding.try_again(session, group_id, approval_id, clock.now(), Cause(None, "sms"))
            session.commit()
            return result

    assert set(at_once(*[again] * 6)) == {"already_carried_out"}
    with db.session() as session, pytest.raises(errors.AlreadyCarriedOut):
        payouts.retry(session, group_id, approval_id, clock.now(), Cause(None, "sms"))


def test_webhook_and_poller_at_once_book_it_once(decided: tuple[int, int], desk: Desk) -> None:
    group_id, _ = decided
    run_outbox("payments.submit_payout")
    payout_id = the_payout(group_id).id
    at_once(*[lambda: payouts.verify(payout_id)] * 6)
    assert states(group_id) == ["completed"]
    assert told("bot.paid_out") == 1
    assert books(group_id)["savings"] == SAVED - ASKED - FEE


def test_a_decision_older_than_thirty_days_needs_a_new_vote(
    decided: tuple[int, int], desk: Desk, movable_clock: MovableClock
) -> None:
    group_id, approval_id = decided
    desk.sending = [REFUSED]
    run_outbox("payments.submit_payout")
    later = clock.now() + timedelta(days=31)
    with db.session() as session:
        assert deciding.try_again(session, group_id, approval_id, later, Cause(None, "sms")) == "not_voted"


def test_an_account_that_the_provider_refuses_fails_the_payout(decided: tuple[int, int], desk: Desk) -> None:
    group_id, _ = decided
    body = {"status": False, "message": "Account is invalid", "code": "invalid_account", "type": "validation_error"}
    desk.server.answers(Reply(body, 400))
    run_outbox("payments.submit_payout")
    assert (the_payout(group_id).state, states(group_id)) == ("failed", ["failed"])
