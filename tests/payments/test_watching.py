"""What lies at the providers: kept beside the books, with an alarm before a payout fails, and the float check."""

import logging
from typing import Any

import pytest
from sqlalchemy import select

from core import db
from core.outbox import OutboxRow
from ledger.models import Wallet
from payments import differences, payouts, providers, watching
from payments.models import Difference, Payout, ProviderBalance
from tests.payments.actors import run_outbox
from tests.payments.conftest import MovableClock
from tests.payments.desk import Desk
from tests.payments.servers import ScriptedServer
from tests.payments.test_payouts import ASKED, FEE, SAVED, decides, states, the_payout

WOULD_FAIL = "payouts would fail"
WAITS = "a payout waits"


@pytest.fixture
def desk(provider_server: ScriptedServer) -> Desk:
    return Desk(provider_server)


def kept(currency: str = "KES") -> ProviderBalance:
    with db.session() as session:
        return session.get_one(ProviderBalance, ("paystack", currency))


def open_rows() -> list[tuple[str, int | None, int | None]]:
    with db.session() as session:
        rows = session.scalars(select(Difference).where(Difference.ended_at.is_(None)))
        return [(row.reference, row.ours_minor, row.theirs_minor) for row in rows]


def alarms(caplog: pytest.LogCaptureFixture, about: str, level: int = logging.ERROR) -> list[dict[str, Any]]:
    found = [record for record in caplog.records if record.levelno == level and record.message.startswith(about)]
    return [vars(record) for record in found]


def is_sent(group_id: int, state: str = "pending") -> None:
    with db.session() as session:
        session.get_one(Payout, the_payout(group_id).id).state = state
        session.commit()


def test_the_balance_is_kept_beside_what_the_books_say(desk: Desk) -> None:
    decides()
    desk.float_minor = 2 * SAVED
    assert watching.sweep() == 1
    row = kept()
    assert (row.balance_minor, row.booked_minor, row.reserved_minor) == (2 * SAVED, SAVED, ASKED + FEE)
    assert (row.alarmed_at, open_rows()) == (None, [])
    assert kept("GHS").booked_minor == 0


def test_less_than_is_promised_rings_at_most_every_six_hours(
    desk: Desk, movable_clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    decides()
    desk.float_minor = ASKED
    for _ in range(4):
        watching.sweep()
        movable_clock.forward(hours=2)
    (first,) = alarms(caplog, WOULD_FAIL)[:1]
    assert (first["balance"], first["booked"], first["promised"]) == ("KES 5,000", "KES 12,000", "KES 5,040")
    assert len(alarms(caplog, WOULD_FAIL)) == 2  # At once, and six hours later.


def test_less_than_the_books_say_is_a_difference_when_it_is_so_twice(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    decides()
    desk.float_minor = SAVED - 1
    watching.sweep()
    assert (open_rows(), len(alarms(caplog, "less lies", logging.WARNING))) == ([], 1)
    watching.sweep()
    assert open_rows() == [("KES", SAVED, SAVED - 1)]
    watching.sweep()
    assert open_rows() == [("KES", SAVED, SAVED - 1)]
    desk.float_minor = SAVED
    watching.sweep()
    assert open_rows() == []
    assert "settlement" in differences.ACTIONS["balance"]


def test_a_gap_that_a_person_has_explained_is_news_only_when_it_grows(desk: Desk) -> None:
    decides()
    desk.float_minor = SAVED - 100
    watching.sweep()
    watching.sweep()
    with db.session() as session:
        (row,) = session.scalars(select(Difference))
        assert differences.end(session, row.id, "it went to the bank", row.last_seen_at)
        session.commit()
    desk.float_minor = SAVED - 50
    watching.sweep()
    assert open_rows() == []
    desk.float_minor = SAVED - 101
    watching.sweep()
    assert open_rows() == [("KES", SAVED, SAVED - 101)]


def test_what_was_sent_and_has_not_ended_is_not_missed(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    group_id, _ = decides()
    is_sent(group_id)
    desk.float_minor = SAVED - ASKED - FEE
    watching.sweep()
    watching.sweep()
    assert (open_rows(), alarms(caplog, "")) == ([], [])


def test_no_answer_changes_nothing(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    decides()
    watching.sweep()
    before = kept()
    desk.float_minor = None
    assert watching.sweep() == 0
    assert (kept().asked_at, open_rows()) == (before.asked_at, [])
    assert [each["provider"] for each in alarms(caplog, "no balance", logging.WARNING)] == ["paystack"]


def test_a_payout_is_not_sent_while_too_little_lies_there_and_goes_out_when_it_does(
    desk: Desk, movable_clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    group_id, _ = decides()
    desk.float_minor = ASKED + FEE - 1
    run_outbox("payments.submit_payout")
    payout = the_payout(group_id)
    assert (payout.state, payout.provider_status, payout.submitted_at) == ("reserved", "float too low", None)
    assert (desk.tried, desk.sent, states(group_id)) == (0, [], ["pending"])
    (alarm,) = alarms(caplog, WAITS)
    assert (alarm["balance"], alarm["needed"]) == ("KES 5,039.99", "KES 5,040")

    desk.float_minor = ASKED + FEE
    movable_clock.forward(minutes=3)
    assert payouts.sweep() == 1
    run_outbox("payments.submit_payout")
    run_outbox("payments.verify_payout")
    movable_clock.forward(minutes=3)
    payouts.verify(payout.id)
    assert (the_payout(group_id).state, len(desk.sent), states(group_id)) == ("paid", 1, ["completed"])


def test_a_payout_is_sent_when_nobody_says_what_lies_there(desk: Desk) -> None:
    group_id, _ = decides()
    desk.float_minor = None
    run_outbox("payments.submit_payout")
    assert (the_payout(group_id).state, len(desk.sent)) == ("pending", 1)


def test_every_provider_with_settings_is_watched(desk: Desk) -> None:
    assert watching.sweep() == len(providers.configured())


def test_a_provider_that_was_removed_while_money_is_under_way_is_named_and_its_work_waits(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    assert watching.providers_in_use() == {}
    group_id, _ = decides()
    with db.session() as session:
        session.get_one(Payout, the_payout(group_id).id).provider = "flutterwave"
        wallet = select(Wallet).where(Wallet.group_id == group_id, Wallet.kind == "cash")
        assert session.scalars(wallet).one().provider == "paystack"
        session.commit()
    assert watching.providers_in_use() == {"flutterwave": {"payouts_open": 1}}
    (alarm,) = alarms(caplog, "a provider has money under way and no settings")
    assert (alarm["provider"], alarm["payouts_open"]) == ("flutterwave", 1)

    run_outbox("payments.submit_payout")
    with db.session() as session:
        row = session.scalars(select(OutboxRow).where(OutboxRow.kind == "payments.submit_payout")).one()
    assert (row.state, row.last_error) == (
        "pending",
        "the provider flutterwave has no settings: put them back while money is under way there",
    )
    with pytest.raises(KeyError, match="nobody has no settings"):
        providers.by_name("nobody")
