"""The button of the pay page: one checkout at the provider, whatever the network does, and no money lost on the way."""

import logging
import re

import pytest
import requests
from sqlalchemy import select, update

from core import clock, db
from ledger import transactions
from ledger.models import Transaction
from payments import collections, errors, links, providers
from payments.models import Checkout, Collection
from sandbox.config import SandboxConfig
from tests.payments.actors import (
    AT,
    BY_CHAT,
    OF_500,
    a_link,
    assert_books_are_whole,
    at_once,
    balances,
    checkouts,
    outbox,
    receipts,
    run_outbox,
    state_of,
)
from tests.payments.conftest import MovableClock
from tests.payments.provider_contract import UNCLEAR
from tests.payments.servers import Heard, Reply, ScriptedServer, hang, nobody
from tests.payments.speech import error, lose_patience, page, reports

REFUSED = error(400, "invalid_amount", "Invalid Amount Sent")


@pytest.fixture
def impatient(provider_server: ScriptedServer) -> ScriptedServer:
    lose_patience()
    return provider_server


def test_the_button_opens_a_page_for_the_gross_and_tells_nothing_about_the_payer(
    stand_in: SandboxConfig,
) -> None:
    saver, token = a_link()
    url = links.open_checkout(token)
    assert url.startswith(f"{stand_in.public_url}/paystack/checkout/")
    (checkout,) = checkouts(token)
    assert (checkout.state, checkout.url) == ("open", url)
    assert re.fullmatch(r"gw-\d+-[0-9a-f]{16}", checkout.reference) and 16 <= len(checkout.reference) <= 50
    assert state_of(saver) == [("processing", 50_000)]
    (payment,) = requests.get(f"{stand_in.public_url}/sandbox/payments", timeout=5).json()["payments"]
    assert payment["reference"] == checkout.reference
    assert (payment["amount_minor"], payment["currency"]) == (OF_500.gross.amount_minor, "KES")
    shown = requests.get(url, timeout=5).text
    assert f"member-{saver.user_id}@payers.groupwallet.example" in shown
    assert "+254" not in shown and "Ama" not in shown


def test_the_order_says_what_it_is_for_and_where_to_come_back(provider_server: ScriptedServer) -> None:
    _, token = a_link()
    provider_server.answers(page)
    links.open_checkout(token)
    order = provider_server.heard[0].json
    assert order["label"] == "Umoja"
    assert order["callback_url"] == f"http://localhost:8000/p/{token}?back=1"


def test_pressing_again_leads_to_the_same_page_without_asking_the_provider(provider_server: ScriptedServer) -> None:
    provider_server.answers(page)
    _, token = a_link()
    first = links.open_checkout(token)
    assert links.open_checkout(token) == first
    assert len(provider_server.heard) == len(checkouts(token)) == 1


def test_an_unknown_link_opens_nothing(provider_server: ScriptedServer) -> None:
    with pytest.raises(errors.UnknownLink):
        links.open_checkout("no-such-link")
    assert provider_server.heard == []


def test_a_link_past_its_time_opens_nothing_even_before_it_was_swept(
    provider_server: ScriptedServer, movable_clock: MovableClock
) -> None:
    _, token = a_link()
    movable_clock.forward(hours=24)
    with pytest.raises(errors.LinkClosed):
        links.open_checkout(token)
    assert provider_server.heard == [] and checkouts(token) == []


@pytest.mark.parametrize("state", ["failed", "expired", "cancelled"])
def test_a_contribution_that_has_ended_opens_nothing(provider_server: ScriptedServer, state: str) -> None:
    saver, token = a_link()
    with db.session() as session:
        transaction = session.scalars(select(Transaction).where(Transaction.group_id == saver.group_id)).one()
        transactions.end(session, transaction.group_id, transaction.id, state, "because", AT, BY_CHAT)
        session.commit()
    with pytest.raises(errors.LinkClosed):
        links.open_checkout(token)
    assert provider_server.heard == []


def test_a_refusal_closes_the_page_and_leaves_the_contribution_open(provider_server: ScriptedServer) -> None:
    saver, token = a_link()
    for trouble in (REFUSED, error(429, "rate_limited"), error(401, "invalid_Key", "Invalid key")):
        provider_server.answers(trouble)
        with pytest.raises(errors.ProviderUnavailable):
            links.open_checkout(token)
    assert [checkout.state for checkout in checkouts(token)] == ["closed"] * 3
    assert state_of(saver) == [("pending", 50_000)]
    provider_server.answers(page)
    links.open_checkout(token)
    references = [checkout.reference for checkout in checkouts(token)]
    assert len(set(references)) == 4, "what was turned down is asked for under a new reference"


@pytest.mark.parametrize(
    ("trouble", "level"),
    [
        (REFUSED, logging.ERROR),
        (error(401, "invalid_Key", "Invalid key"), logging.ERROR),
        (error(429, "rate_limited"), logging.WARNING),
        (Reply("Bad Gateway", 502, "text/html"), logging.WARNING),
    ],
    ids=["a refusal", "a wrong key", "too many", "no answer"],
)
def test_a_refusal_is_the_operators_and_what_passes_is_not(
    provider_server: ScriptedServer, trouble: Reply, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    _, token = a_link()
    provider_server.answers(trouble)
    with pytest.raises(errors.ProviderUnavailable):
        links.open_checkout(token)
    (told,) = [record for record in caplog.records if record.getMessage() == "no checkout page"]
    assert told.levelno == level
    assert vars(told)["checkout"] == checkouts(token)[0].id


@pytest.mark.parametrize("end", ["closed", "declined", "paid", "held"])
def test_a_page_that_ended_while_it_was_made_stays_ended_and_keeps_its_address(
    provider_server: ScriptedServer, end: str
) -> None:
    saver, token = a_link()

    def ended(heard: Heard) -> Reply:
        with db.session() as session:
            reason = "because" if end == "held" else None
            session.execute(update(Checkout).values(state=end, held_reason=reason))
            session.commit()
        return page(heard)

    provider_server.answers(ended)
    with pytest.raises(errors.LinkClosed):
        links.open_checkout(token)
    (checkout,) = checkouts(token)
    assert (checkout.state, checkout.url) == (end, f"https://pay.example/{checkout.reference}")
    assert state_of(saver) == [("pending", 50_000)]


def test_a_link_that_runs_out_while_its_page_is_made_leads_nowhere_and_what_is_paid_there_is_found(
    provider_server: ScriptedServer, movable_clock: MovableClock
) -> None:
    saver, token = a_link()

    def run_out(heard: Heard) -> Reply:
        movable_clock.forward(hours=24)
        provider_server.answers(error(404, "transaction_not_found"))
        collections.sweep()
        run_outbox("payments.")
        return page(heard)

    provider_server.answers(run_out)
    with pytest.raises(errors.LinkClosed):
        links.open_checkout(token)
    assert state_of(saver) == [("expired", 50_000)]
    assert [(checkout.state, bool(checkout.url)) for checkout in checkouts(token)] == [("closed", True)]
    reports(provider_server)
    movable_clock.forward(hours=6)
    collections.sweep()
    run_outbox("payments.")
    assert state_of(saver) == [("expired", 50_000), ("completed", 50_000)]


def test_a_provider_that_is_down_costs_the_payer_only_another_press(
    stand_in: SandboxConfig,
) -> None:
    saver, token = a_link()
    order = {"target": "paystack", "kind": "refuse", "count": 1}
    requests.post(f"{stand_in.public_url}/sandbox/faults", json=order, timeout=5)
    with pytest.raises(errors.ProviderUnavailable):
        links.open_checkout(token)
    assert state_of(saver) == [("pending", 50_000)]
    assert links.open_checkout(token)
    assert state_of(saver) == [("processing", 50_000)]


def test_a_refused_connection_leaves_nothing_that_could_be_paid(provider_server: ScriptedServer) -> None:
    saver, token = a_link()
    providers.by_name("paystack")._base_url = nobody()  # type: ignore[attr-defined]
    with pytest.raises(errors.ProviderUnavailable):
        links.open_checkout(token)
    assert [(c.state, c.provider_status) for c in checkouts(token)] == [("closed", "ConnectionError")]
    assert state_of(saver) == [("pending", 50_000)]


@pytest.mark.parametrize("trouble", ["no answer in time", "HTTP 500", "a page instead of JSON", "a reset connection"])
def test_after_an_unclear_end_the_reference_is_kept_and_asked_about(impatient: ScriptedServer, trouble: str) -> None:
    saver, token = a_link()
    impatient.answers(UNCLEAR[trouble])
    with pytest.raises(errors.ProviderUnavailable):
        links.open_checkout(token)
    (checkout,) = checkouts(token)
    assert (checkout.state, checkout.url) == ("opening", None)
    assert checkout.reference == impatient.heard[0].json["reference"]
    assert state_of(saver) == [("pending", 50_000)]
    impatient.answers(error(404, "transaction_not_found"))
    collections.verify(checkout.id)
    assert impatient.heard[-1].path == f"/transaction/verify/{checkout.reference}"
    assert checkouts(token)[0].state == "opening"


def test_the_reference_is_in_the_database_before_the_provider_hears_of_it(provider_server: ScriptedServer) -> None:
    _, token = a_link()
    seen: list[list[str]] = []

    def look(heard: Heard) -> Reply:
        seen.append([checkout.reference for checkout in checkouts(token)])
        return page(heard)

    provider_server.answers(look)
    links.open_checkout(token)
    assert seen == [[provider_server.heard[0].json["reference"]]]


def test_while_the_provider_thinks_no_row_is_locked(impatient: ScriptedServer) -> None:
    _, token = a_link()
    free: list[bool] = []

    def look(heard: Heard) -> Reply:
        with db.session() as session:
            locked = select(Collection).where(Collection.token == token).with_for_update(nowait=True)
            free.append(session.scalars(locked).one() is not None)
            free.append(session.scalars(select(Checkout).with_for_update(nowait=True)).one() is not None)
        return page(heard)

    impatient.answers(look)
    links.open_checkout(token)
    assert free == [True, True]


def test_two_presses_at_once_may_open_two_pages_and_whatever_is_paid_is_credited(stand_in: SandboxConfig) -> None:
    saver, token = a_link()
    urls = at_once(*[lambda: links.open_checkout(token)] * 2)
    opened = checkouts(token)
    assert {checkout.url for checkout in opened} == set(urls)
    assert len({checkout.reference for checkout in opened}) == len(opened)
    for checkout in opened:
        paid = f"{stand_in.public_url}/sandbox/payments/{checkout.reference}/pay"
        assert requests.post(paid, json={}, timeout=5).ok
        collections.verify(checkout.id)
    with db.session() as session:
        assert balances(session, saver.group_id)["savings"] == 50_000 * len(opened)
        assert receipts(session, saver.group_id) == list(range(1, len(opened) + 1))
        assert_books_are_whole(session, saver.group_id)


def test_a_second_press_while_the_first_hangs_gives_the_payer_a_page(impatient: ScriptedServer) -> None:
    saver, token = a_link()
    impatient.answers(hang, page)

    def press() -> str:
        try:
            return links.open_checkout(token)
        except errors.ProviderUnavailable:
            return "unavailable"

    answers = at_once(press, press)
    assert sorted(answers)[1] == "unavailable" and sorted(answers)[0].startswith("https://pay.example/")
    assert sorted(checkout.state for checkout in checkouts(token)) == ["open", "opening"]
    assert state_of(saver) == [("processing", 50_000)]
    assert len(impatient.heard) == 2


def test_from_the_button_to_the_receipt_over_the_providers_own_page(stand_in: SandboxConfig) -> None:
    saver, token = a_link("2500")
    url = links.open_checkout(token)
    requests.post(url, data={"action": "pay"}, timeout=5, allow_redirects=False)
    with db.session() as session:
        links.came_back(session, token)
        session.commit()
    assert run_outbox("payments.") == ["payments.verify"]
    with db.session() as session:
        assert balances(session, saver.group_id)["savings"] == 250_000
        assert outbox(session, "bot.") != []
        link = links.look_at(session, token, clock.now())
    assert (link.state, link.receipt_number) == ("completed", 1)
    with pytest.raises(errors.LinkClosed):
        links.open_checkout(token)


@pytest.mark.parametrize(
    "reported",
    [
        {"amount_minor": 1},
        {"currency": "NGN"},
        {"amount_minor": OF_500.gross.amount_minor + 1},
        {"amount_minor": OF_500.gross.amount_minor * 100},
    ],
)
def test_a_provider_that_reports_something_else_is_not_believed(
    stand_in: SandboxConfig, reported: dict[str, object]
) -> None:
    saver, token = a_link()
    links.open_checkout(token)
    (checkout,) = checkouts(token)
    requests.post(f"{stand_in.public_url}/sandbox/payments/{checkout.reference}/pay", json=reported, timeout=5)
    collections.verify(checkout.id)
    assert checkouts(token)[0].state == "held"
    with db.session() as session:
        assert balances(session, saver.group_id) == {}
        assert links.look_at(session, token, clock.now()).held
    with pytest.raises(errors.LinkClosed):
        links.open_checkout(token)
    with db.session() as session:
        assert f"where {OF_500.gross} was asked for" in (checkouts(token)[0].held_reason or "")
