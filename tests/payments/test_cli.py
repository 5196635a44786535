"""The operator's commands about payouts: what is stuck, asking again, and a decision that stands in the book."""

from datetime import timedelta

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from core import clock, db
from ledger.models import AuditRow
from payments import cli, payouts
from payments.models import Payout
from tests.payments.actors import run_outbox
from tests.payments.conftest import MovableClock
from tests.payments.desk import Desk
from tests.payments.servers import ScriptedServer
from tests.payments.test_payouts import decides, states, the_payout


@pytest.fixture
def stuck(provider_server: ScriptedServer, movable_clock: MovableClock) -> tuple[int, Desk]:
    """A payout that has been pending for a day, and so is held."""
    desk = Desk(provider_server, status="pending")
    group_id, _ = decides()
    run_outbox("payments.submit_payout")
    movable_clock.forward(hours=25)
    payouts.verify(the_payout(group_id).id)
    return group_id, desk


def runs(*words: str) -> Result:
    return CliRunner().invoke(cli.payouts, list(words))


def test_what_is_held_is_listed_with_its_age_and_reason(stuck: tuple[int, Desk]) -> None:
    answer = runs("list").output
    for words in (
        the_payout(stuck[0]).reference,
        "KES 5,000",
        "held since 25 h",
        "no conclusive answer",
        "1 under way",
    ):
        assert words in answer


def test_asking_again_writes_down_what_the_provider_says(stuck: tuple[int, Desk]) -> None:
    group_id, desk = stuck
    desk.status = "success"
    assert "held -> paid" in runs("ask", the_payout(group_id).reference).output
    assert states(group_id) == ["completed"]


def test_only_a_held_payout_may_be_called_failed_and_the_book_says_so(stuck: tuple[int, Desk]) -> None:
    group_id, _ = stuck
    reference = the_payout(group_id).reference
    assert runs("failed", reference).exit_code == 2
    assert "free again" in runs("failed", reference, "--because", "not in the dashboard").output
    assert (the_payout(group_id).state, states(group_id)) == ("failed", ["failed"])
    again = runs("failed", reference, "--because", "once more")
    assert (again.exit_code, "only a held payout" in again.output) == (1, True)
    with db.session() as session:
        lines = session.scalars(select(AuditRow.action).where(AuditRow.group_id == group_id)).all()
    assert "payout_called_failed" in lines


def test_a_payout_that_nobody_knows_is_told_so(stuck: tuple[int, Desk]) -> None:
    answer = runs("ask", "gw-out-0-none")
    assert (answer.exit_code, "there is no payout" in answer.output) == (1, True)
    with db.session() as session:
        assert session.scalars(select(Payout)).one().created_at < clock.now() - timedelta(hours=24)
