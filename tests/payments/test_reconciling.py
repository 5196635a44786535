"""Reconciliation against a provider's lists: every kind of difference is found, once, and ends when it is mended."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import select

from core import clock, db
from core.outbox import OutboxRow, TryAgain
from ledger.models import Group
from payments import cli, differences, links, reconciling
from payments.models import DIFFERENCES, Checkout, Difference, StandingAccount
from payments.reconciling import Report
from sandbox.config import SandboxConfig
from tests.conftest import settings_of
from tests.payments.actors import (
    a_link,
    a_saver,
    assert_books_are_whole,
    at_once,
    checkouts,
    outbox,
    run_outbox,
    state_of,
    wishes,
)
from tests.payments.conftest import MovableClock
from tests.payments.lists import Lists
from tests.payments.planting import GROSS, KEPT, Line, agrees_about_much, contributes, pays_out, plant
from tests.payments.servers import ScriptedServer
from tests.payments.test_payouts import decides, the_payout


@pytest.fixture
def lists(provider_server: ScriptedServer) -> Lists:
    return Lists(provider_server)


def reconcile() -> Report:
    today = clock.now().date()
    return reconciling.reconcile("paystack", today - timedelta(days=2), today)


def open_lines() -> list[Line]:
    with db.session() as session:
        rows = differences.open_now(session)
    return [
        (
            row.kind,
            row.reference,
            None if row.ours is None else row.ours.amount_minor,
            None if row.theirs is None else row.theirs.amount_minor,
        )
        for row in rows
    ]


def endings() -> dict[tuple[str, str], str | None]:
    with db.session() as session:
        rows = session.scalars(select(Difference).where(Difference.ended_at.is_not(None)))
        return {(row.kind, row.reference): row.ended_because for row in rows}


def test_each_of_nineteen_planted_differences_is_found_and_no_other(lists: Lists, movable_clock: MovableClock) -> None:
    agrees_about_much(lists)
    planted = plant(lists)
    lists.balance = 100
    movable_clock.forward(hours=1)
    reconcile()
    report = reconcile()  # A balance that is too low is a difference when it is so twice.
    with db.session() as session:
        (balance,) = [row for row in differences.open_now(session) if row.kind == "balance"]
    assert balance.ours is not None
    planted.expected.add(("balance", "KES", balance.ours.amount_minor, 100))

    assert set(open_lines()) == planted.expected
    assert len(open_lines()) == len(planted.expected) == 19 == report.open
    assert len({kind for kind, *_ in planted.expected}) == 19
    assert (report.posted, report.unread) == ([], [])

    first_seen = _rows()
    movable_clock.forward(hours=1)
    reconcile()
    assert {row.id for row in _rows()} == {row.id for row in first_seen}
    assert all(row.last_seen_at > row.first_seen_at for row in _rows())
    with db.session() as session:
        shown = differences.open_now(session)
    assert all(row.action for row in shown)
    assert {row.kind for row in shown if not row.group_code} == {
        "collection_unknown", "payout_unknown", "settlement_sum", "balance",
    }  # fmt: skip

    for mend in planted.mend:
        mend()
    lists.balance = 10**12
    last = reconcile()
    assert open_lines() == []
    assert (last.open, len(last.posted)) == (0, 6)
    posted = {kind for (kind, _), because in endings().items() if because == differences.POSTED}
    assert posted == {
        "collection_missed", "collection_reversed", "payout_missed", "payout_reversed", "refund_missed",
        "dispute_missed",
    }  # fmt: skip
    gone = {kind for (kind, _), because in endings().items() if because == differences.GONE}
    assert len(gone) == 13
    movable_clock.forward(hours=1)
    assert (reconcile().open, open_lines(), len(_rows())) == (0, [], 0)
    _all_books_are_whole()


def _rows() -> list[Difference]:
    with db.session() as session:
        return list(session.scalars(select(Difference).where(Difference.ended_at.is_(None)).order_by(Difference.id)))


def _all_books_are_whole() -> None:
    with db.session() as session:
        for group_id in session.scalars(select(Group.id)):
            assert_books_are_whole(session, group_id)


def test_a_lost_webhook_is_posted_and_the_row_says_so(lists: Lists, movable_clock: MovableClock) -> None:
    lost = contributes(lists, "open")
    movable_clock.forward(hours=1)
    said: list[str] = []
    today = clock.now().date()
    report = reconciling.reconcile("paystack", today - timedelta(days=1), today, said.append)
    assert endings() == {("collection_missed", lost.reference): differences.POSTED}
    assert [state for state, _ in state_of(lost.saver)] == ["completed"]
    assert (report.open, report.compared["collection"]) == (0, 1)
    assert f"paystack: found and posted: collection_missed {lost.reference} KES 508" in said
    assert "paystack: collections … 1 compared" in said


def test_what_is_younger_than_ten_minutes_is_left_alone(lists: Lists, movable_clock: MovableClock) -> None:
    contributes(lists, "open")
    pays_out(lists, in_lists=False)
    assert (reconcile().open, endings()) == (0, {})
    movable_clock.forward(minutes=11)
    reconcile()
    assert [kind for kind, *_ in open_lines()] == ["payout_not_there"]


def test_the_edges_of_the_time_make_no_difference(lists: Lists, movable_clock: MovableClock) -> None:
    at_midnight = datetime.combine(clock.now().date(), datetime.min.time(), UTC)
    for reference_is_a_day in ("before", "after"):
        paid = contributes(lists, at=at_midnight - timedelta(seconds=1))
        with db.session() as session:
            moved = timedelta(seconds=-2 if reference_is_a_day == "after" else 1)
            session.get_one(Checkout, paid.checkout_id).created_at = at_midnight + moved
            session.get_one(Checkout, paid.checkout_id).paid_at = at_midnight + moved
            session.commit()
    movable_clock.forward(days=1)
    for day in (at_midnight.date() - timedelta(days=1), at_midnight.date()):
        report = reconciling.reconcile("paystack", day, day)
        assert (report.open, endings()) == (0, {})


def test_what_a_list_leaves_out_is_asked_about_before_anybody_is_told(
    lists: Lists, movable_clock: MovableClock
) -> None:
    left_out = contributes(lists, in_lists=False)
    lists.says[left_out.reference] = {
        "status": "success",
        "amount": GROSS,
        "fees": KEPT,
        "reference": left_out.reference,
    }
    silent = contributes(lists, in_lists=False)
    lists.mute.add(silent.reference)
    movable_clock.forward(hours=1)
    report = reconcile()
    assert (open_lines(), report.unread) == ([], [silent.reference])  # No answer is no difference, but no success.
    lists.mute.clear()
    assert reconcile().open == 1
    lists.mute.add(silent.reference)
    assert (reconcile().open, endings()) == (1, {})  # And nobody has said that it is gone.


def test_a_list_that_cannot_be_read_finds_nothing_and_is_read_again(lists: Lists, movable_clock: MovableClock) -> None:
    contributes(lists, in_lists=False)
    lists.mute |= {"/transaction", "/settlement"}
    movable_clock.forward(hours=1)
    today = clock.now().date()
    with pytest.raises(TryAgain, match="collections of"):
        reconciling.work_through("paystack", "collection", today)
    with pytest.raises(TryAgain, match="settlements"):
        reconciling.work_through("paystack", "settlement", today)
    assert open_lines() == []
    lists.mute.clear()
    reconciling.work_through("paystack", "collection", today)
    assert [kind for kind, *_ in open_lines()] == ["collection_not_there"]


def test_what_a_person_has_settled_stays_settled_until_its_amounts_change(
    lists: Lists, movable_clock: MovableClock
) -> None:
    strange = lists.collects("somebody-elses-000001", 9_900)
    movable_clock.forward(hours=1)
    reconcile()
    (row,) = _rows()
    with db.session() as session:
        assert differences.end(session, row.id, "our other shop", clock.now())
        assert not differences.end(session, row.id, "again", clock.now())
        session.commit()
    assert reconcile().open == 0
    strange["amount"] = 12_000
    assert (reconcile().open, [row.theirs_minor for row in _rows()]) == (1, [12_000])


def test_a_run_ends_only_what_it_covers(lists: Lists, movable_clock: MovableClock) -> None:
    strange = lists.collects("somebody-elses-000001", 9_900)
    made_on = clock.now().date()
    movable_clock.forward(days=5)
    reconciling.reconcile("paystack", made_on, made_on)
    assert [row.reference for row in _rows()] == ["somebody-elses-000001"]
    strange["status"] = "failed"
    assert reconcile().open == 1
    assert reconciling.reconcile("paystack", made_on, made_on).open == 0


def test_a_settlement_tells_of_payments_of_any_day(lists: Lists, movable_clock: MovableClock) -> None:
    lost = contributes(lists, "open", in_lists=False)
    lists.says[lost.reference] = {**lost.row}
    movable_clock.forward(days=9)
    lists.settles(lost.row, total=GROSS)
    movable_clock.forward(hours=1)
    assert [each.kind for each in reconcile().posted] == ["collection_missed"]
    assert [state for state, _ in state_of(lost.saver)] == ["completed"]


def test_money_in_a_standing_account_is_credited_though_its_webhook_was_lost(
    lists: Lists, movable_clock: MovableClock
) -> None:
    with db.session() as session:
        saver = a_saver(session, "NGN")
        who = {"group_id": saver.group_id, "user_id": saver.user_id, "created_at": clock.now()}
        account = {"bank": "Wema Bank", "number": "9930000737", "holder": "Umoja / Ama"}
        session.add(StandingAccount(provider="paystack", state="open", **who, **account))
        session.commit()
    into = {"currency": "NGN", "channel": "dedicated_nuban"}
    for reference, number in (("T100000000000001", "9930000737"), ("T100000000000002", "9930000001")):
        lists.collects(reference, 500_000, 5_000, authorization={"receiver_bank_account_number": number}, **into)
    movable_clock.forward(hours=1)
    assert [each.reference for each in reconcile().posted] == ["T100000000000001"]
    assert state_of(saver) == [("completed", 495_000)]
    assert open_lines() == [("collection_unknown", "T100000000000002", None, 500_000)]  # Nobody's account.


def test_only_a_new_difference_rings(
    lists: Lists, movable_clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    lists.collects("somebody-elses-000001", 9_900)
    movable_clock.forward(hours=1)
    today = clock.now().date()
    for _ in range(3):
        for part in reconciling.PARTS:
            reconciling.work_through("paystack", part, today)
    assert [record.levelname for record in caplog.records if "differ" in record.message] == ["ERROR"]


def test_two_runs_at_once_write_each_difference_once(lists: Lists, movable_clock: MovableClock) -> None:
    for number in range(5):
        lists.collects(f"somebody-elses-{number:06d}", 9_900)
    lost = contributes(lists, "open")
    movable_clock.forward(hours=1)
    at_once(reconcile, reconcile, reconcile)
    assert len(_rows()) == len(open_lines()) == 5
    assert [state for state, _ in state_of(lost.saver)] == ["completed"]
    _all_books_are_whole()


def test_pages_of_many_rows_are_all_compared(lists: Lists, movable_clock: MovableClock) -> None:
    for number in range(1_203):
        lists.collects(f"somebody-elses-{number:06d}", 9_900, status="success" if number % 400 == 0 else "failed")
    movable_clock.forward(hours=1)
    report = reconcile()
    assert (report.open, report.compared["collection"]) == (4, 1_203)


def test_every_kind_says_what_to_do_by_commands_that_exist() -> None:
    assert set(differences.ACTIONS) == set(DIFFERENCES)
    known = {f"{group.name} {name}" for group in (cli.payments, cli.payouts) for name in group.commands}
    for kind, action in differences.ACTIONS.items():
        named = [" ".join(words.split()[:2]) for words in re.findall(r"`([^`]+)`", action)]
        assert named and set(named) <= known, kind


def test_once_a_night_each_day_is_put_out_once(lists: Lists, movable_clock: MovableClock) -> None:
    at = clock.now()
    night = datetime.combine(at.date() + timedelta(days=(1 - at.weekday()) % 7 + 7), datetime.min.time(), UTC)
    movable_clock.forward(seconds=(night - at).total_seconds() + 3_660)
    assert reconciling.sweep() == 0  # One o'clock.
    movable_clock.forward(hours=1)
    assert (reconciling.sweep(), reconciling.sweep()) == (3, 3)
    with db.session() as session:
        put = [payload for _, payload in outbox(session, "payments.reconcile")]
    today = clock.now().date()
    assert put == [
        {"provider": "paystack", "kind": part, "day": str(today - timedelta(days=back))}
        for back in (3, 2, 1)
        for part in ("collection", "payout", "refund", "dispute", "settlement")
    ] + [{"provider": "paystack", "kind": "balance", "day": str(today)}]
    assert run_outbox("payments.reconcile") == ["payments.reconcile"] * 16
    with db.session() as session:
        rows = session.scalars(select(OutboxRow).where(OutboxRow.kind == "payments.reconcile"))
        assert {row.state for row in rows} == {"done"}
    movable_clock.forward(days=6)  # A Monday: a whole month, for what was taken back long after it was made.
    assert reconciling.sweep() == 30


def test_the_stand_in_of_paystack_and_the_books_agree_once_lost_webhooks_are_posted(
    stand_in: SandboxConfig, movable_clock: MovableClock
) -> None:
    saver, token = a_link()
    links.open_checkout(token)
    links.open_checkout(a_link()[1])  # Nobody pays this one.
    group_id, _ = decides()
    run_outbox("payments.submit_payout")
    reference, (checkout,) = the_payout(group_id).reference, checkouts(token)

    def happens(what: str, **body: Any) -> Any:
        return requests.post(f"{stand_in.public_url}/sandbox/{what}", json=body, timeout=5).json()

    happens(f"payments/{checkout.reference}/pay")
    happens(f"transfers/{reference}/success")
    happens("settle", currency="KES")
    movable_clock.forward(hours=1)
    report = reconcile()
    assert [each.kind for each in report.posted] == ["collection_missed", "payout_missed"]
    assert (report.open, report.unread) == (0, [])
    assert report.compared == {"collection": 2, "payout": 1, "refund": 0, "dispute": 0, "settlement": 1}
    assert ([state for state, _ in state_of(saver)], the_payout(group_id).state) == (["completed"], "paid")

    happens(f"payments/{checkout.reference}/dispute")
    happens(f"transfers/{reference}/reverse")
    movable_clock.forward(hours=1)
    report = reconcile()
    assert [each.kind for each in report.posted] == ["payout_reversed", "dispute_missed"]
    assert (report.open, the_payout(group_id).state) == (0, "reversed")
    assert (reconcile().posted, open_lines()) == ([], [])
    _all_books_are_whole()


def test_the_stand_in_of_flutterwave_and_the_books_agree_too(
    stand_in: SandboxConfig, movable_clock: MovableClock
) -> None:
    named = {"FLUTTERWAVE_SECRET_KEY": stand_in.flutterwave_secret_key}
    named |= {"FLUTTERWAVE_SECRET_HASH": stand_in.flutterwave_secret_hash}
    with settings_of(**named, FLUTTERWAVE_BASE_URL=f"{stand_in.public_url}/flutterwave/v3"):
        with db.session() as session:
            saver = a_saver(session, "UGX")
            token = wishes(session, saver, "500", at=clock.now()).token  # 50,000 shillings.
            session.commit()
        links.open_checkout(token)
        (checkout,) = checkouts(token)
        assert checkout.provider == "flutterwave"
        paid = f"{stand_in.public_url}/sandbox/flutterwave/transactions/{checkout.reference}/pay"
        assert requests.post(paid, json={}, timeout=5).status_code == 200
        movable_clock.forward(hours=1)
        today = clock.now().date()
        report = reconciling.reconcile("flutterwave", today - timedelta(days=1), today)
        assert [each.kind for each in report.posted] == ["collection_missed"]
        assert (report.open, report.unread, state_of(saver)) == (0, [], [("completed", 50_000)])
        db.engine().dispose()
