"""The operator's commands: payouts that are stuck, the provider's books beside ours, and what lies there."""

from datetime import timedelta

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from core import clock, db
from ledger.models import AuditRow, Group
from payments import cli, payouts, watching
from payments.models import Difference, Payout
from tests.payments.actors import run_outbox
from tests.payments.conftest import MovableClock
from tests.payments.desk import OTP, Desk
from tests.payments.lists import Lists
from tests.payments.planting import contributes, pays_out
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


def test_a_payout_goes_on_with_the_one_time_password(provider_server: ScriptedServer) -> None:
    desk = Desk(provider_server, status="otp")
    group_id, _ = decides()
    run_outbox("payments.submit_payout")
    reference = the_payout(group_id).reference
    too_early = runs("otp", reference, OTP)
    assert (too_early.exit_code, "waits for no password" in too_early.output) == (1, True)
    runs("ask", reference)
    assert f"waits for a one-time password: payouts otp {reference} CODE" in runs("list").output

    wrong = runs("otp", reference, "000000")
    assert (wrong.exit_code, "the password is wrong" in wrong.output) == (1, True)
    assert the_payout(group_id).provider_status == "otp"
    assert f"{reference}: pending, the provider says: pending" in runs("otp", reference, OTP).output
    desk.status = "success"
    runs("ask", reference)
    assert (the_payout(group_id).state, desk.tried) == ("paid", 1)


def operates(*words: str) -> Result:
    return CliRunner().invoke(cli.payments, list(words))


@pytest.fixture
def lists(provider_server: ScriptedServer) -> Lists:
    return Lists(provider_server)


def test_reconcile_says_what_it_compared_what_it_mended_and_what_is_left(
    lists: Lists, movable_clock: MovableClock
) -> None:
    lost = contributes(lists, "open")
    dearer = contributes(lists, fees=900)
    pays_out(lists)
    lists.transfers_out("by-whom-000000000001", 77_000)
    movable_clock.forward(days=1)
    answer = operates("reconcile")
    assert answer.exit_code == 1
    assert answer.stdout.splitlines()[-1] == (
        "paystack: 2 collections, 2 payouts, 0 refunds, 0 disputes, 0 settlements compared; "
        "1 missing webhook found and posted; 2 differences open"
    )
    for words in ("collection_fee", dearer.reference, "KES 7.62", "KES 9", "payout_unknown", "KES 770", "price list"):
        assert words in answer.stdout
    assert f"found and posted: collection_missed {lost.reference} KES 508" in answer.stderr
    assert "paystack: payouts of" in answer.stderr


def test_reconcile_ends_well_when_nothing_is_different(lists: Lists, movable_clock: MovableClock) -> None:
    contributes(lists)
    movable_clock.forward(hours=1)
    day = clock.now().date()
    answer = operates("reconcile", "--from", f"{day - timedelta(days=1)}", "--to", f"{day}", "--provider", "paystack")
    assert (answer.exit_code, answer.stdout.count("\n")) == (0, 1)
    assert "1 collection, 0 payouts, " in answer.stdout
    wrong = operates("reconcile", "--from", "2026-11-24", "--to", "2026-11-01")
    assert (wrong.exit_code, "is after" in wrong.output) == (2, True)


def test_reconcile_says_what_could_not_be_read(lists: Lists) -> None:
    lists.mute.add("/dispute")
    answer = operates("reconcile")
    assert answer.exit_code == 1
    assert "lists not read, run it again" in answer.stdout
    assert "paystack: not read: disputes of" in answer.stderr


def test_differences_are_listed_by_group_and_settled_with_a_reason(lists: Lists, movable_clock: MovableClock) -> None:
    dearer = contributes(lists, fees=900)
    lists.collects("somebody-elses-000001", 9_900)
    movable_clock.forward(hours=1)
    operates("reconcile")
    movable_clock.forward(days=3)
    with db.session() as session:
        code = session.get_one(Group, dearer.saver.group_id).code
    answer = operates("differences", "--group", code.lower())
    assert (answer.exit_code, "3 d" in answer.output, "somebody" in answer.output) == (0, True, False)
    assert answer.output.splitlines()[-1] == "1 difference open"
    assert "2 differences open" in operates("differences").output
    assert operates("differences", "--group", "NONE").exit_code == 2

    with db.session() as session:
        (row,) = session.scalars(select(Difference).where(Difference.kind == "collection_fee"))
    assert operates("settle-difference", str(row.id)).exit_code == 2
    assert operates("settle-difference", str(row.id), "--because", "gone").exit_code == 2
    settled = operates("settle-difference", str(row.id), "--because", "their price list of November")
    assert (settled.exit_code, f"{row.id}: collection_fee" in settled.output) == (0, True)
    assert operates("settle-difference", str(row.id), "--because", "again").exit_code == 1
    with db.session() as session:
        assert session.get_one(Difference, row.id).ended_because == "their price list of November"


def test_balances_stand_beside_the_books(provider_server: ScriptedServer) -> None:
    desk = Desk(provider_server, float_minor=5_000_00)
    decides()
    (line,) = [
        line for line in operates("balances").output.splitlines() if line.startswith("paystack") and "KES" in line
    ]
    for words in ("KES 5,000", "KES 12,000", "KES 5,040", "0 min ago", "payouts would fail"):
        assert words in line
    desk.float_minor = 10_000_00
    assert "below our books" in operates("balances").output
    desk.float_minor = None
    assert "gave no answer" in operates("balances").output
    assert watching.sweep() == 0
