"""A member's own account to pay into: asked for once, and whatever comes in is booked once, as what it is."""

from typing import Any

import pytest
from sqlalchemy import select

from core import clock, db
from core.outbox import TryAgain, put
from ledger.models import Transaction
from payments import errors, standing
from payments.models import Checkout, ProviderEvent, StandingAccount
from tests.payments.actors import (
    Saver,
    a_saver,
    assert_books_are_whole,
    at_once,
    balances,
    outbox,
    run_outbox,
    state_of,
)
from tests.payments.servers import Heard, Reply, ScriptedServer, hang_up
from tests.payments.speech import envelope, error

NUMBER = "9930000737"
INFLOW = "1740032947-provider-made"


def has_account(saver: Saver) -> StandingAccount:
    with db.session() as session:
        account = standing.ask(session, saver.group_id, saver.user_id, clock.now())
        account.number, account.bank, account.holder, account.state = NUMBER, "Wema Bank", "GW / AMA", "open"
        session.commit()
        return account


def a_nigerian(**rules: Any) -> Saver:
    with db.session() as session:
        saver = a_saver(session, "NGN", **rules)
        session.commit()
        return saver


def pays_in(server: ScriptedServer, paid: int = 500_000, fee: int = 5_000, number: str = NUMBER, **more: Any) -> None:
    """From now on the provider says that this came into the account."""

    def report(heard: Heard) -> Reply:
        data = {
            "status": "success", "reference": heard.route.rsplit("/", 1)[1], "amount": paid, "fees": fee,
            "currency": "NGN", "channel": "dedicated_nuban", "id": 77, "paid_at": "2026-11-20T10:00:00.000Z",
            "authorization": {"channel": "dedicated_nuban", "receiver_bank_account_number": number},
        }  # fmt: skip
        return envelope(data | more)

    server.answers(report)


def test_it_is_asked_for_once_and_told_when_it_is_there(provider_server: ScriptedServer) -> None:
    saver = a_nigerian()

    def opens(heard: Heard) -> Reply:
        if heard.route == "/customer":
            return envelope({"customer_code": "CUS_1", "id": 1})
        return envelope({"bank": {"name": "Wema Bank", "slug": "wema-bank", "id": 20}, "account_number": NUMBER,
                         "account_name": "GW / AMA", "assigned": True, "active": True, "currency": "NGN"})  # fmt: skip

    provider_server.answers(opens)
    for _ in range(2):
        with db.session() as session:
            standing.ask(session, saver.group_id, saver.user_id, clock.now())
            session.commit()
    assert run_outbox("payments.open_standing") == ["payments.open_standing"]
    with db.session() as session:
        account = session.scalars(select(StandingAccount).where(StandingAccount.group_id == saver.group_id)).one()
        assert (account.state, account.bank, account.number, account.holder) == (
            "open",
            "Wema Bank",
            NUMBER,
            "GW / AMA",
        )
        assert [payload for kind, payload in outbox(session, "bot.standing_answered")] == [{"account": account.id}]
        assert NUMBER.encode() not in bytes(account.number_sealed or b"")
    emails = {heard.json["email"] for heard in provider_server.heard if heard.route == "/customer"}
    assert emails == {f"member-{saver.user_id}-{saver.group_id}@payers.groupwallet.example"}


def test_a_refusal_is_told_and_asking_again_tries_again(provider_server: ScriptedServer) -> None:
    saver = a_nigerian()
    provider_server.answers(error(400, "feature_unavailable", "Dedicated NUBAN is not available for your business"))
    with db.session() as session:
        standing.ask(session, saver.group_id, saver.user_id, clock.now())
        session.commit()
    run_outbox("payments.open_standing")
    with db.session() as session:
        account = session.scalars(select(StandingAccount).where(StandingAccount.group_id == saver.group_id)).one()
        assert account.state == "refused" and account.refused_because
        assert standing.ask(session, saver.group_id, saver.user_id, clock.now()).state == "opening"


def test_without_an_answer_the_job_comes_back(provider_server: ScriptedServer) -> None:
    saver = a_nigerian()
    provider_server.answers(hang_up)
    with db.session() as session:
        account = standing.ask(session, saver.group_id, saver.user_id, clock.now())
        session.commit()
    with pytest.raises(TryAgain):
        standing.open_at_provider(account.id)


def test_where_no_provider_has_such_accounts_it_is_said(session: db.Session) -> None:
    saver = a_saver(session)
    with pytest.raises(errors.UnsupportedCurrency):
        standing.ask(session, saver.group_id, saver.user_id, clock.now())


@pytest.mark.parametrize(("bearer", "saved"), [("payer", 495_000), ("group", 500_000)])
def test_what_comes_in_is_the_members_contribution(provider_server: ScriptedServer, bearer: str, saved: int) -> None:
    saver = a_nigerian(fee_bearer=bearer)
    has_account(saver)
    pays_in(provider_server)
    assert standing.take_inflow("paystack", INFLOW)
    assert standing.take_inflow("paystack", INFLOW)
    assert state_of(saver) == [("completed", saved)]
    with db.session() as session:
        assert_books_are_whole(session, saver.group_id)
        found = balances(session, saver.group_id)
        assert (found["savings"], found["cash"]) == (saved, -495_000)
        checkout = session.scalars(select(Checkout).where(Checkout.reference == INFLOW)).one()
        assert (checkout.state, checkout.paid_minor, checkout.charged_minor) == ("paid", 500_000, 5_000)
        assert len(outbox(session, "bot.contribution_completed")) == 1
    assert len(provider_server.heard) == 1, "what is booked is not asked about again"


def test_webhook_and_reconciliation_at_once_book_it_once(provider_server: ScriptedServer) -> None:
    saver = a_nigerian()
    has_account(saver)
    pays_in(provider_server)
    assert at_once(*[lambda: standing.take_inflow("paystack", INFLOW)] * 4) == [True] * 4
    assert state_of(saver) == [("completed", 495_000)]


def test_the_webhook_leads_to_it(provider_server: ScriptedServer) -> None:
    saver = a_nigerian()
    has_account(saver)
    pays_in(provider_server)
    with db.session() as session:
        event = ProviderEvent(
            provider="paystack", event_key="k", reference=INFLOW, about="collection", announces_success=True,
            body="{}", received_at=clock.now(),
        )  # fmt: skip
        session.add(event)
        session.flush()
        put(session, "payments.read_event", {"event": event.id}, "e")
        session.commit()
    run_outbox("payments.read_event")
    assert state_of(saver) == [("completed", 495_000)]


@pytest.mark.parametrize(
    "change",
    [{"status": "failed"}, {"number": "1111111111"}, {"authorization": {}}, {"reference": "another"}],
    ids=lambda change: next(iter(change)),
)
def test_what_is_not_verified_as_theirs_is_never_booked(
    provider_server: ScriptedServer, change: dict[str, Any]
) -> None:
    saver = a_nigerian()
    has_account(saver)
    pays_in(provider_server, **change)
    assert not standing.take_inflow("paystack", INFLOW)
    assert state_of(saver) == []


def test_one_that_is_announced_and_not_confirmed_yet_is_asked_about_again(provider_server: ScriptedServer) -> None:
    has_account(a_nigerian())
    pays_in(provider_server, status="pending")
    with pytest.raises(TryAgain):
        standing.take_inflow("paystack", INFLOW)


def test_another_currency_or_less_than_its_fee_needs_a_person(
    provider_server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    saver = a_nigerian()
    has_account(saver)
    for change in ({"currency": "USD"}, {"paid": 4_000, "fee": 5_000}):
        pays_in(provider_server, **change)  # type: ignore[arg-type]
        assert not standing.take_inflow("paystack", INFLOW)
    assert caplog.text.count("cannot be booked: decide by hand") == 2
    assert state_of(saver) == []


def test_without_an_answer_an_inflow_is_asked_about_again(provider_server: ScriptedServer) -> None:
    has_account(a_nigerian())
    provider_server.answers(hang_up)
    with pytest.raises(TryAgain):
        standing.take_inflow("paystack", INFLOW)
    with db.session() as session:
        assert session.scalars(select(Transaction.id)).all() == []
