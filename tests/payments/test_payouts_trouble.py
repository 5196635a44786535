"""Payouts when somebody acts at the provider, at the operator's desk or in the group behind the product's back."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from core import clock, db
from core.money import Money
from core.outbox import TryAgain
from ledger import approvals, errors
from ledger.audit import Cause
from ledger.legs import CASH_BOX
from ledger.models import Approval, AuditRow, Membership
from payments import accounts, cli, deciding, paying, payouts
from payments.models import Payout, PayoutAccount
from payments.provider import Outcome, PayoutVerification
from tests.payments.actors import at_once, run_outbox
from tests.payments.conftest import MovableClock
from tests.payments.desk import NO_ANSWER, REFUSED, Desk
from tests.payments.servers import ScriptedServer
from tests.payments.test_payouts import ASKED, FEE, SAVED, books, decides, states, the_payout, told

BY_SMS = Cause(None, "sms")
PAID_AFTER_ALL = "a payout that had failed was paid after all: compare it at the provider"
UNSENT = "a payout has not been sent for a day: see why, or call it failed"


@pytest.fixture
def desk(provider_server: ScriptedServer) -> Desk:
    return Desk(provider_server)


@pytest.fixture
def decided(desk: Desk) -> tuple[int, int]:
    """Group and approval: a group of one whose member has decided to take out 5,000."""
    return decides()


@pytest.fixture
def failed(decided: tuple[int, int], desk: Desk) -> Payout:
    """That payout, sent, and failed at the provider."""
    desk.status = "failed"
    run_outbox("payments.submit_payout")
    payouts.verify(the_payout(decided[0]).id)
    assert the_payout(decided[0]).state == "failed"
    return the_payout(decided[0])


def tries_again(decided: tuple[int, int]) -> str:
    with db.session() as session:
        result = deciding.try_again(session, *decided, clock.now(), BY_SMS)
        session.commit()
    return result


def is_told(payout: Payout, outcome: Outcome, status: str, reference: str | None) -> None:
    """The provider says something about a payout."""
    with db.session() as session:
        amount = Money(payout.amount_minor, "KES")
        paying.settle(session, payout.id, PayoutVerification(outcome, status, reference, amount), clock.now())
        session.commit()


def lines(group_id: int) -> list[tuple[str, dict[str, Any]]]:
    with db.session() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.group_id == group_id).order_by(AuditRow.seq))
        return [(row.action, row.data) for row in rows]


def alarms(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def states_of(*found: Payout) -> list[str]:
    with db.session() as session:
        return [session.get_one(Payout, payout.id).state for payout in found]


def test_a_failed_payout_that_was_paid_after_all_is_booked_with_an_alarm_and_never_tried_again(
    decided: tuple[int, int], failed: Payout, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.status = "success"  # The owner retried it on the provider's page.
    payouts.verify(failed.id)
    payouts.verify(failed.id)
    assert alarms(caplog) == [PAID_AFTER_ALL]
    assert (states_of(failed), states(decided[0])) == (["paid"], ["failed", "completed"])
    assert books(decided[0])["savings"] == SAVED - ASKED - FEE
    assert [action for action, _ in lines(decided[0])].count("payout_paid_after_all") == 1
    assert told("bot.paid_out") == 1
    assert tries_again(decided) == "already_carried_out"


def test_one_that_was_paid_after_all_while_another_attempt_was_under_way_is_held_and_blocks_more(
    decided: tuple[int, int], failed: Payout, desk: Desk
) -> None:
    assert tries_again(decided) == "under_way"
    run_outbox("payments.submit_payout")
    second = the_payout(decided[0])
    is_told(failed, Outcome.SUCCEEDED, "success", failed.reference)
    assert states_of(failed, second) == ["held", "pending"]
    is_told(second, Outcome.DECLINED, "failed", second.reference)
    assert tries_again(decided) == "already_carried_out"
    desk.status = "success"
    payouts.verify(failed.id)  # Nothing else is under way now: it can be booked.
    assert (states_of(failed, second), states(decided[0])) == (["paid", "failed"], ["failed", "failed", "completed"])
    assert books(decided[0])["savings"] == SAVED - ASKED - FEE


def test_another_attempt_is_not_sent_when_the_first_was_paid_meanwhile(
    decided: tuple[int, int], failed: Payout, desk: Desk
) -> None:
    assert tries_again(decided) == "under_way"
    desk.status = "success"
    run_outbox("payments.submit_payout")
    assert len(desk.sent) == 1
    assert states_of(failed, the_payout(decided[0])) == ["paid", "failed"]
    assert states(decided[0]) == ["failed", "failed", "completed"]


def test_what_an_operator_called_failed_too_early_is_not_sent_a_second_time(
    decided: tuple[int, int], desk: Desk, movable_clock: MovableClock
) -> None:
    desk.status = "otp"
    run_outbox("payments.submit_payout")
    movable_clock.forward(hours=25)
    first = the_payout(decided[0])
    payouts.verify(first.id)
    CliRunner().invoke(cli.payouts, ["failed", first.reference, "--because", "Ama, 0722 123 456, never got it"])
    assert tries_again(decided) == "under_way"
    run_outbox("payments.submit_payout")
    assert (len(desk.sent), states(decided[0])) == (1, ["failed", "failed"])
    assert "0722" not in str(lines(decided[0]))
    with db.session() as session:
        assert session.get_one(Payout, first.id).provider_status == "Ama, 0722 123 456, never got it"


def test_without_word_about_the_first_attempt_the_second_waits(
    decided: tuple[int, int], failed: Payout, desk: Desk
) -> None:
    assert tries_again(decided) == "under_way"
    desk.server.answers(lambda request: NO_ANSWER)
    with pytest.raises(TryAgain):
        payouts.submit(the_payout(decided[0]).id)
    assert (desk.tried, the_payout(decided[0]).state) == (1, "reserved")


def test_a_refusal_of_another_reference_frees_nothing(decided: tuple[int, int]) -> None:
    run_outbox("payments.submit_payout")
    is_told(the_payout(decided[0]), Outcome.DECLINED, "failed", "someone-elses")
    assert (the_payout(decided[0]).state, states(decided[0])) == ("held", ["processing"])


@pytest.mark.parametrize(("status", "reference"), [("failed", None), ("reversed", "someone-elses")])
def test_a_paid_payout_is_taken_back_only_when_it_was_reversed(
    decided: tuple[int, int], caplog: pytest.LogCaptureFixture, status: str, reference: str | None
) -> None:
    run_outbox("payments.submit_payout")
    payouts.verify(the_payout(decided[0]).id)
    is_told(the_payout(decided[0]), Outcome.DECLINED, status, reference)
    assert (the_payout(decided[0]).state, states(decided[0])) == ("paid", ["completed"])
    assert alarms(caplog) == ["a payout that was paid is not called so any more: compare it at the provider"]


def test_an_answer_and_questions_at_the_same_time_do_not_wait_for_each_other(
    decided: tuple[int, int], desk: Desk
) -> None:
    payout_id = the_payout(decided[0]).id
    desk.sending = [REFUSED]
    at_once(*[lambda: payouts.submit(payout_id)] * 3, *[lambda: payouts.verify(payout_id)] * 3)
    assert states(decided[0]) == ["failed"]


def test_what_cannot_be_sent_for_a_day_rings_once_and_may_be_called_failed(
    decided: tuple[int, int], desk: Desk, movable_clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    desk.server.stop()
    for _ in range(3):
        movable_clock.forward(hours=13)
        payouts.sweep()
        with pytest.raises(TryAgain):
            payouts.submit(the_payout(decided[0]).id)
    assert alarms(caplog) == [UNSENT]
    waiting = the_payout(decided[0])
    listed = CliRunner().invoke(cli.payouts, ["list"]).output
    assert f"reserved since 39 h  {waiting.provider_status}" in listed
    answer = CliRunner().invoke(cli.payouts, ["failed", waiting.reference, "--because", "the key was wrong"])
    assert "free again" in answer.output
    assert (states(decided[0]), books(decided[0])["savings"]) == (["failed"], SAVED)


def test_what_went_out_before_and_waits_to_be_sent_again_is_not_called_failed(
    decided: tuple[int, int], desk: Desk, movable_clock: MovableClock
) -> None:
    desk.sending = [NO_ANSWER]
    run_outbox("payments.submit_payout")
    movable_clock.forward(minutes=11)
    waiting = the_payout(decided[0])
    payouts.verify(waiting.id)
    assert the_payout(decided[0]).state == "reserved"
    answer = CliRunner().invoke(cli.payouts, ["failed", waiting.reference, "--because", "it is not there"])
    assert (answer.exit_code, the_payout(decided[0]).state) == (1, "reserved")


def test_an_account_that_was_replaced_since_is_not_paid_by_the_old_vote(
    decided: tuple[int, int], failed: Payout, movable_clock: MovableClock
) -> None:
    with db.session() as session:
        old = session.get_one(PayoutAccount, failed.account_id)
        new = PayoutAccount(
            group_id=old.group_id, user_id=old.user_id, provider="paystack", kind="mobile_money", bank_code="MPESA",
            bank_name="M-PESA", number="+254722999999", holder=None, tail="999", state="asked", created_at=clock.now(),
        )  # fmt: skip
        session.add(new)
        session.flush()
        accounts.confirm(session, new.id, clock.now(), BY_SMS)
        session.commit()
    movable_clock.forward(hours=25)
    assert tries_again(decided) == "subject_changed"
    assert the_payout(decided[0]).id == failed.id


def changes(payout: Payout, **values: Any) -> None:
    """The payee leaves, or the account is refused."""
    with db.session() as session:
        account = session.get_one(PayoutAccount, payout.account_id)
        member = session.scalars(select(Membership).where(Membership.user_id == account.user_id)).one()
        for row in (account, member):
            for name in values.keys() & row.__table__.columns.keys():
                setattr(row, name, values[name])
        session.commit()


def test_somebody_who_has_left_is_not_paid_by_an_old_vote(decided: tuple[int, int], failed: Payout) -> None:
    changes(failed, status="left")
    assert tries_again(decided) == "subject_changed"


def test_an_account_that_was_refused_is_not_paid(decided: tuple[int, int], failed: Payout) -> None:
    changes(failed, state="refused", usable_from=None)
    assert tries_again(decided) == "subject_changed"


def begins(approval: Approval | None, **changed: Any) -> None:
    """Pays by a vote as it would have been asked; the book keeps the one that was."""
    assert approval is not None
    with db.session() as session:
        for name, value in changed.items():
            setattr(approval, name, value)
        payouts.begin(session, approval, clock.now(), BY_SMS)


@pytest.fixture
def gone(decided: tuple[int, int], failed: Payout) -> Approval | None:
    """The vote, whose payee has left."""
    changes(failed, status="left")
    with db.session() as session:
        return approvals.find(session, *decided)


@pytest.mark.parametrize("changed", [{"details": {"leaving": True, "fee_minor": FEE}}, {"kind": "removal"}])
def test_whoever_goes_by_the_vote_is_paid_to_the_account_they_had(
    gone: Approval | None, changed: dict[str, Any]
) -> None:
    begins(gone, **changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"destination": CASH_BOX},
        {"kind": "removal", "destination": "account:0"},
        {"kind": "payout", "details": {"leaving": True}, "destination": CASH_BOX},
        {"kind": "payout", "details": {"leaving": True}, "destination": None},
    ],
)
def test_nobody_who_is_gone_is_paid_in_cash_and_nothing_is_spent_out_of_the_box(
    gone: Approval | None, changed: dict[str, Any]
) -> None:
    with pytest.raises(errors.SubjectChanged):
        begins(gone, **changed)


def test_a_payout_that_waits_to_be_sent_is_not_held_by_a_question(
    decided: tuple[int, int], desk: Desk, movable_clock: MovableClock
) -> None:
    movable_clock.forward(hours=25)
    waiting = the_payout(decided[0])
    payouts.verify(waiting.id)
    assert the_payout(decided[0]).state == "reserved"
    assert waiting.created_at < clock.now() - timedelta(hours=24)
    payouts.submit(waiting.id)
    assert (the_payout(decided[0]).state, len(desk.sent)) == ("pending", 1)
