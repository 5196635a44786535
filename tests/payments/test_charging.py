"""Payments without a page, through the real jobs: started once, by the first provider that takes them."""

import itertools
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from core import clock, db
from core.money import Money
from core.outbox import TryAgain
from ledger.audit import Cause
from ledger.models import Transaction
from payments import charging, collections, errors, links
from payments.breaker import FAILURES, SharedBreaker
from payments.models import Checkout, Collection
from payments.ways import Way
from tests.conftest import settings_of
from tests.payments.actors import Saver, a_saver, assert_books_are_whole, balances, outbox, run_outbox, state_of
from tests.payments.conftest import MovableClock
from tests.payments.servers import Reply, ScriptedServer, hang_up, nobody, scripted
from tests.payments.speech import envelope, error, reports

MPESA = Way("mobile_money", "mpesa")
PROMPTED = envelope({"status": "pay_offline", "display_text": "Please complete authorisation on your phone"})


def asks(way: Way = MPESA, currency: str = "KES", major: str = "500", **rules: object) -> tuple[Saver, int]:
    with db.session() as session:
        saver = a_saver(session, currency, **rules)
        number = None
        cause = Cause(saver.user_id, "sms", f"SM-{saver.user_id}-{major}")
        made = collections.request(
            session, saver.group_id, saver.user_id, saver.money(major), clock.now(), cause, number=number, way=way
        )
        session.commit()
        return saver, made.id


def attempts(saver: Saver) -> list[Checkout]:
    with db.session() as session:
        found = select(Checkout).where(Checkout.group_id == saver.group_id).order_by(Checkout.id)
        return list(session.scalars(found))


def told(kind: str) -> int:
    with db.session() as session:
        return len(outbox(session, kind))


def submits(checkout_id: int, otp: str) -> None:
    with db.session() as session:
        charging.take_otp(session, checkout_id, otp, f"{checkout_id}:{otp}:{next(MESSAGES)}")
        session.commit()
    run_outbox("payments.submit_otp")


MESSAGES = itertools.count()


@pytest.fixture
def second(committing: str, redis_url: str, movable_clock: MovableClock) -> Iterator[ScriptedServer]:
    """Flutterwave, where Paystack does not listen at all."""
    changes = {"DATABASE_URL": committing, "REDIS_URL": redis_url, "CLOCK_FILE": str(movable_clock.path)}
    with scripted() as server:
        flutterwave = {
            "FLUTTERWAVE_BASE_URL": server.url,
            "FLUTTERWAVE_SECRET_KEY": "FLWSECK_TEST-sandbox",
            "FLUTTERWAVE_SECRET_HASH": "sandbox-hash",
        }
        with settings_of(PAYSTACK_BASE_URL=nobody(), **flutterwave, **changes):
            yield server
            db.engine().dispose()


def test_a_prompt_is_asked_for_once_and_its_payment_is_posted_when_it_is_verified(
    provider_server: ScriptedServer,
) -> None:
    saver, collection_id = asks()
    provider_server.answers(PROMPTED)
    assert run_outbox("payments.start_charge") == ["payments.start_charge"]
    charging.start(collection_id)
    (attempt,) = attempts(saver)
    assert (attempt.state, attempt.action, attempt.method, attempt.network) == (
        "open",
        "approve",
        "mobile_money",
        "mpesa",
    )
    assert len(provider_server.heard) == 1
    order = provider_server.heard[0].json
    assert (order["reference"], order["currency"], order["amount"]) == (attempt.reference, "KES", 50_800)
    assert order["mobile_money"]["provider"] == "mpesa"
    assert told("bot.charge_started") == 0, "the prompt comes to the phone by itself"
    reports(provider_server)
    collections.verify(attempt.id)
    assert state_of(saver) == [("completed", 50_000)]
    with db.session() as session:
        assert_books_are_whole(session, saver.group_id)
        assert balances(session, saver.group_id)["savings"] == 50_000
    (attempt,) = attempts(saver)
    assert (attempt.paid_minor, attempt.charged_minor) == (50_800, 762)


def test_asked_again_while_the_prompt_is_there_it_is_the_same_payment(provider_server: ScriptedServer) -> None:
    saver, collection_id = asks()
    provider_server.answers(PROMPTED)
    run_outbox("payments.start_charge")
    with db.session() as session:
        cause = Cause(saver.user_id, "sms", "SM-again")
        again = collections.request(
            session, saver.group_id, saver.user_id, saver.money("500"), clock.now(), cause, way=MPESA
        )
        assert again.id == collection_id
        other = collections.request(
            session, saver.group_id, saver.user_id, saver.money("500"), clock.now(), cause, way=Way("checkout")
        )
        assert other.id != collection_id, "another way is another payment"


def test_a_provider_that_cannot_be_reached_makes_room_for_the_next(second: ScriptedServer) -> None:
    second.answers(Reply({"status": "success", "message": "Charge initiated", "data": {"id": 7, "status": "pending"}}))
    saver, _ = asks()
    run_outbox("payments.start_charge")
    first, other = attempts(saver)
    assert (first.provider, first.state) == ("paystack", "closed")
    assert (other.provider, other.state) == ("flutterwave", "open")
    assert first.reference != other.reference
    with db.session() as session:
        made = session.scalars(select(Collection).where(Collection.group_id == saver.group_id)).one()
        assert made.gross_minor == 50_800, "the payer pays what was quoted"


def test_a_prompt_that_may_have_been_sent_is_never_asked_for_elsewhere(second: ScriptedServer) -> None:
    """The first provider cannot be reached, the second says nothing: nobody is asked a third time."""
    second.answers(hang_up)
    saver, collection_id = asks()
    run_outbox("payments.start_charge")
    charging.start(collection_id)
    charging.start(collection_id)
    assert [(attempt.provider, attempt.state) for attempt in attempts(saver)] == [
        ("paystack", "closed"), ("flutterwave", "opening"),
    ]  # fmt: skip
    assert len(second.heard) == 1


def test_when_nobody_can_start_it_the_member_hears_that_nothing_was_taken(provider_server: ScriptedServer) -> None:
    provider_server.answers(error(400, "unsupported_channel"))
    saver, _ = asks()
    run_outbox("payments.start_charge")
    assert state_of(saver) == [("failed", 50_000)]
    with db.session() as session:
        failure = session.scalars(select(Transaction.failure).where(Transaction.group_id == saver.group_id)).one()
    assert failure == charging.NOT_STARTED
    assert told("bot.contribution_ended") == 1


def test_a_prompt_that_never_arrived_is_asked_for_anew_under_another_reference(
    provider_server: ScriptedServer, movable_clock: MovableClock
) -> None:
    provider_server.answers(hang_up)
    saver, _ = asks()
    run_outbox("payments.start_charge")
    provider_server.answers(error(404, "transaction_not_found"))
    collections.verify(attempts(saver)[0].id)
    assert attempts(saver)[0].state == "opening", "so soon that proves nothing"
    movable_clock.forward(minutes=3)
    collections.verify(attempts(saver)[0].id)
    provider_server.answers(PROMPTED)
    run_outbox("payments.start_charge")
    first, again = attempts(saver)
    assert (first.state, again.state) == ("closed", "open")


def test_a_prompt_that_was_sent_unseen_and_paid_is_found_by_asking(
    provider_server: ScriptedServer, movable_clock: MovableClock
) -> None:
    provider_server.answers(hang_up)
    saver, _ = asks()
    run_outbox("payments.start_charge")
    reports(provider_server)
    movable_clock.forward(seconds=20)
    collections.sweep()
    run_outbox("payments.verify")
    assert state_of(saver) == [("completed", 50_000)]
    assert len(attempts(saver)) == 1


def test_a_declined_prompt_ends_the_wish_and_late_money_is_booked_all_the_same(provider_server: ScriptedServer) -> None:
    provider_server.answers(PROMPTED)
    saver, _ = asks()
    run_outbox("payments.start_charge")
    (attempt,) = attempts(saver)
    reports(provider_server, "failed")
    collections.verify(attempt.id)
    assert state_of(saver) == [("failed", 50_000)]
    reports(provider_server)
    collections.verify(attempt.id)
    assert state_of(saver) == [("failed", 50_000), ("completed", 50_000)]


def test_the_voucher_of_telecel_is_passed_on_and_a_wrong_one_asked_for_again(provider_server: ScriptedServer) -> None:
    saver, _ = asks(Way("mobile_money", "telecel"), "GHS", "20")
    provider_server.answers(envelope({"status": "send_otp", "display_text": "Dial *110# to make a voucher"}))
    run_outbox("payments.start_charge")
    (attempt,) = attempts(saver)
    assert (attempt.state, attempt.action) == ("open", "otp")
    with db.session() as session:
        waiting = charging.waiting_for_otp(session, saver.user_id)
        assert waiting is not None and waiting.id == attempt.id
    provider_server.answers(error(400, "invalid_otp", "The OTP is not valid"))
    submits(attempt.id, "000000")
    assert told("bot.otp_refused") == 1
    assert attempts(saver)[0].action == "otp"
    provider_server.answers(envelope({"status": "pay_offline", "reference": attempt.reference}))
    submits(attempt.id, "123456")
    assert attempts(saver)[0].action == "approve"
    submits(attempt.id, "123456")
    assert [heard.json["otp"] for heard in provider_server.heard if "otp" in heard.route] == ["000000", "123456"]


def test_an_account_for_one_payment_is_kept_with_what_to_do(provider_server: ScriptedServer) -> None:
    saver, _ = asks(Way("bank_transfer"), "NGN", "5000")
    account = {"status": "pending_bank_transfer", "account_number": "1234567890", "account_name": "PAYSTACK CHECKOUT",
               "bank": {"slug": "wema-bank", "name": "Wema Bank", "id": 20},
               "account_expires_at": "2026-11-24T17:00:00.000Z"}  # fmt: skip
    provider_server.answers(envelope(account))
    run_outbox("payments.start_charge")
    (attempt,) = attempts(saver)
    assert attempt.action == "transfer" and attempt.instructions is not None
    assert (attempt.instructions["bank"], attempt.instructions["number"]) == ("Wema Bank", "1234567890")
    assert told("bot.charge_started") == 1


def test_nothing_without_the_internet_is_said_before_anything_is_written(session: db.Session) -> None:
    saver = a_saver(session)
    with pytest.raises(errors.NoWayToPay):
        collections.request(
            session,
            saver.group_id,
            saver.user_id,
            Money(50_000, "KES"),
            clock.now(),
            Cause(saver.user_id, "sms", "SM9"),
        )
    assert session.scalars(select(Transaction.id).where(Transaction.group_id == saver.group_id)).all() == []


def test_a_prompt_that_failed_at_the_payer_is_asked_for_nowhere_else(second: ScriptedServer) -> None:
    second.answers(Reply({"status": "success", "message": "Charge initiated", "data": {"id": 7, "status": "failed"}}))
    saver, collection_id = asks()
    run_outbox("payments.start_charge")
    assert [(attempt.provider, attempt.state) for attempt in attempts(saver)] == [
        ("paystack", "closed"), ("flutterwave", "declined"),
    ]  # fmt: skip
    assert state_of(saver) == [("failed", 50_000)]
    assert told("bot.contribution_ended") == 1
    charging.start(collection_id)
    assert len(attempts(saver)) == 2


def test_a_provider_that_is_spared_for_a_moment_ends_nobodys_payment(
    provider_server: ScriptedServer, movable_clock: MovableClock
) -> None:
    breaker = SharedBreaker("paystack", 30)
    for _ in range(FAILURES):
        breaker.note(healthy=False)
    saver, collection_id = asks()
    with pytest.raises(TryAgain):
        charging.start(collection_id)
    assert state_of(saver) == [("pending", 50_000)]
    movable_clock.forward(seconds=31)
    provider_server.answers(PROMPTED)
    charging.start(collection_id)
    assert [attempt.state for attempt in attempts(saver)] == ["closed", "open"]


@pytest.mark.parametrize("way", [Way("bank_transfer"), Way("ussd", "gtbank")], ids=lambda way: way.method)
def test_an_account_or_a_code_that_never_came_back_is_asked_for_anew(
    provider_server: ScriptedServer, movable_clock: MovableClock, way: Way
) -> None:
    provider_server.answers(hang_up)
    saver, _ = asks(way, "NGN", "5000")
    run_outbox("payments.start_charge")
    reports(provider_server, "ongoing")
    movable_clock.forward(seconds=130)
    collections.sweep()
    run_outbox("payments.verify")
    account = {"status": "pending_bank_transfer", "account_number": "1234567890", "account_name": "PAYSTACK CHECKOUT",
               "bank": {"name": "Wema Bank"}, "account_expires_at": "2026-11-24T17:00:00.000Z"}  # fmt: skip
    code = {"status": "pay_offline", "ussd_code": "*737*33*4*18791#"}
    provider_server.answers(envelope(account if way.method == "bank_transfer" else code))
    run_outbox("payments.start_charge")
    assert [attempt.state for attempt in attempts(saver)] == ["closed", "open"]
    assert told("bot.charge_started") == 1


def test_a_prompt_is_looked_at_while_the_payer_has_the_phone_in_hand(
    provider_server: ScriptedServer, movable_clock: MovableClock
) -> None:
    provider_server.answers(PROMPTED)
    saver, _ = asks()
    run_outbox("payments.start_charge")
    reports(provider_server, "pending")
    seen = len(provider_server.heard)
    for _ in range(20):
        movable_clock.forward(seconds=10)
        collections.sweep()
        run_outbox("payments.verify")
    assert len(provider_server.heard) - seen >= 4
    assert state_of(saver) == [("processing", 50_000)]


def test_a_flood_of_prompts_is_refused_before_it_rings(provider_server: ScriptedServer) -> None:
    provider_server.answers(PROMPTED)
    saver, _ = asks(major="100")

    def again(major: str) -> None:
        with db.session() as session:
            cause = Cause(saver.user_id, "sms", f"SM-{saver.user_id}-{major}")
            amount = saver.money(major)
            collections.request(session, saver.group_id, saver.user_id, amount, clock.now(), cause, way=MPESA)
            session.commit()

    again("200")
    again("300")
    with pytest.raises(errors.TooManyPrompts):
        again("400")
    again("300")  # The same once more rings no second time.
    with db.session() as session:
        cause = Cause(saver.user_id, "sms", "SM-link")
        link = collections.request(
            session, saver.group_id, saver.user_id, saver.money("400"), clock.now(), cause, way=Way("checkout")
        )
        assert link.method == "checkout"


def test_a_link_is_opened_by_the_second_provider_when_the_first_cannot_be_reached(second: ScriptedServer) -> None:
    second.answers(Reply({"status": "success", "message": "Hosted Link", "data": {"link": "https://flw.example/1"}}))
    with db.session() as session:
        saver = a_saver(session)
        cause = Cause(saver.user_id, "whatsapp", "SM-page")
        amount = saver.money("500")
        made = collections.request(session, saver.group_id, saver.user_id, amount, clock.now(), cause)
        session.commit()
    assert links.open_checkout(made.token) == "https://flw.example/1"
    assert links.open_checkout(made.token) == "https://flw.example/1"
    assert [(attempt.provider, attempt.state) for attempt in attempts(saver)] == [
        ("paystack", "closed"), ("flutterwave", "open"),
    ]  # fmt: skip
    assert len(second.heard) == 1


def test_a_password_is_sealed_while_it_waits_for_its_job(committing: str) -> None:
    with db.session() as session:
        charging.take_otp(session, 7, "654321", "7:sms:SM1")
        session.commit()
        ((_, payload),) = outbox(session, "payments.submit_otp")
    assert payload["checkout"] == 7 and "654321" not in str(payload)
