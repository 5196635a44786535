"""The pay page in each state of a contribution, on a slow line and without JavaScript."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from core import clock, db
from ledger.models import Transaction
from payments import links, settling
from payments.models import Checkout, Collection
from tests.payments.actors import (
    AT,
    OF_500,
    a_checkout,
    a_link,
    a_saver,
    checkouts,
    outbox,
    says,
    state_of,
    wishes,
)
from tests.payments.servers import ScriptedServer
from tests.payments.speech import error, page
from tests.payments.web import client

LARGEST_PAGE_BYTES = 15_000

# What the page shows in each state, and whether its button is there.
STATES = {
    "pending": (f"Pay {OF_500.gross}<", True),
    "processing": (f"Pay {OF_500.gross}<", True),
    "completed": ("Receipt R-1", False),
    "failed": ("did not go through", False),
    "expired": ("no longer open", False),
    "cancelled": ("no longer open", False),
    "held": ("A person is checking this payment", False),
}


def a_link_in(state: str) -> str:
    """The token of a link whose contribution is in this state."""
    with db.session() as session:
        saver = a_saver(session)
        collection = wishes(session, saver, "500", at=clock.now())
        if state != "pending":
            checkout = a_checkout(session, collection)
        if state == "completed":
            settling.settle(session, checkout.id, says(collection, checkout), AT)
        elif state == "held":
            settling.settle(session, checkout.id, says(collection, checkout, reference="gw-2-other"), AT)
        elif state not in ("pending", "processing"):
            settling.end_unpaid(session, collection, state, "because", AT)
        session.commit()
        return collection.token


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_a_page_that_says_what_is_and_what_to_do(web: FlaskClient, state: str) -> None:
    words, has_button = STATES[state]
    answer = web.get(f"/p/{a_link_in(state)}")
    assert answer.status_code == 200
    assert words in answer.text
    assert ("<button>" in answer.text) == has_button
    assert "Umoja" in answer.text
    if state in ("failed", "expired", "cancelled"):
        assert "contribute 500" in answer.text


@pytest.mark.parametrize("state", STATES)
def test_every_page_is_small_private_and_needs_no_script(web: FlaskClient, state: str) -> None:
    answer = web.get(f"/p/{a_link_in(state)}?back=1")
    assert len(answer.data) < LARGEST_PAGE_BYTES
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    seen = Page()
    seen.feed(answer.text)
    assert "script" not in seen.tags and "style" not in seen.tags and "iframe" not in seen.tags
    assert not [name for name in seen.attributes if name == "style" or name.startswith("on")]
    assert seen.tags.count("h1") == 1
    assert seen.attributes.get("lang") == "en"
    assert "width=device-width" in answer.text and 'content="noindex"' in answer.text


def test_the_style_sheet_of_the_page_is_there(web: FlaskClient) -> None:
    found = re.search(r'<link rel="stylesheet" href="([^"]+)"', web.get(f"/p/{a_link_in('pending')}").text)
    assert found
    answer = web.get(found[1])
    assert answer.status_code == 200 and answer.mimetype == "text/css"


def test_the_page_shows_what_is_saved_the_fee_and_what_is_paid(web: FlaskClient) -> None:
    text = " ".join(re.sub(r"<[^>]+>", " ", web.get(f"/p/{a_link_in('pending')}").text).split())
    assert "Into your savings KES 500" in text
    # What the payer pays on top, whatever of it the provider keeps: the three lines add up.
    assert f"Payment fee {OF_500.gross - OF_500.amount} You pay {OF_500.gross}" in text
    assert str(OF_500.fee) not in text
    assert "Contribution by Ama" in text


def test_a_fee_that_the_group_bears_is_said_so(web: FlaskClient) -> None:
    with db.session() as session:
        token = wishes(session, a_saver(session, fee_bearer="group"), "500", at=clock.now()).token
        session.commit()
    text = " ".join(re.sub(r"<[^>]+>", " ", web.get(f"/p/{token}").text).split())
    assert "Payment fee KES 7.50 paid by the group" in text
    assert "You pay KES 500" in text


def test_names_are_shown_as_text_and_never_as_markup(web: FlaskClient) -> None:
    with db.session() as session:
        saver = a_saver(session, name="<script>alert(1)</script>")
        token = wishes(session, saver, "500", at=clock.now()).token
        session.commit()
    text = web.get(f"/p/{token}").text
    assert "<script>" not in text and "&lt;script&gt;" in text


def test_an_unknown_link_is_not_found_whatever_is_done_with_it(web: FlaskClient) -> None:
    for answer in (
        web.get("/p/%00"),
        web.get("/p/x"),
        web.get(f"/p/{'x' * 500}"),
        web.get("/p/no-such-link"),
        web.get("/p/no-such-link?back=1"),
        web.post("/p/no-such-link"),
    ):
        assert (answer.status_code, answer.mimetype) == (404, "text/html")
        assert "We do not know this link" in answer.text and "contribute 5000" in answer.text
        assert "unknown_link" not in answer.text and "<button>" not in answer.text
        assert len(answer.data) < LARGEST_PAGE_BYTES
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert web.head("/p/no-such-link").status_code == 404


def test_only_the_button_starts_a_checkout_so_a_chats_preview_starts_none(provider_server: ScriptedServer) -> None:
    provider_server.answers(page)
    _, token = a_link()
    with client() as web:
        for method in (web.get, web.head):
            assert method(f"/p/{token}", headers={"User-Agent": "WhatsApp/2.23.20.0"}).status_code == 200
        assert checkouts(token) == [] and provider_server.heard == []
        answer = web.post(f"/p/{token}")
    assert (answer.status_code, answer.location) == (303, checkouts(token)[0].url)


def test_a_provider_that_is_down_gives_a_page_to_try_again_and_the_contribution_stays(
    provider_server: ScriptedServer,
) -> None:
    provider_server.answers(error(429, "rate_limited"), page)
    saver, token = a_link()
    with client() as web:
        answer = web.post(f"/p/{token}")
        assert answer.status_code == 503
        assert (answer.headers["Retry-After"], answer.headers["Cache-Control"]) == ("30", "no-store")
        assert "Nothing was taken" in answer.text and "<button>Try again</button>" in answer.text
        assert len(answer.data) < LARGEST_PAGE_BYTES
        assert state_of(saver) == [("pending", 50_000)]
        assert web.post(f"/p/{token}").status_code == 303
    assert state_of(saver) == [("processing", 50_000)]


@pytest.mark.parametrize("state", ["completed", "failed", "expired", "cancelled"])
def test_the_button_of_an_old_tab_leads_back_to_what_is(web: FlaskClient, state: str) -> None:
    token = a_link_in(state)
    answer = web.post(f"/p/{token}")
    assert (answer.status_code, answer.location) == (303, f"/p/{token}")
    assert STATES[state][0] in web.get(answer.location).text


def test_a_link_past_its_time_shows_no_button_even_before_it_was_swept(web: FlaskClient) -> None:
    with db.session() as session:
        token = wishes(session, a_saver(session), "500", at=clock.now() - timedelta(hours=24)).token
        session.commit()
    assert web.post(f"/p/{token}").status_code == 303
    assert "no longer open" in web.get(f"/p/{token}").text
    assert "<button>" not in web.get(f"/p/{token}").text


def test_back_from_the_provider_the_page_waits_asks_and_looks_again_ever_more_slowly(web: FlaskClient) -> None:
    token = a_link_in("processing")
    first = web.get(f"/p/{token}?back=1")
    assert "Waiting for the payment" in first.text
    assert f'content="1;url=/p/{token}?back=1&amp;look=1"' in first.text
    with db.session() as session:
        assert [kind for kind, _ in outbox(session)] == ["payments.verify"]
    waits = [int(re.search(r'content="(\d+);', web.get(f"/p/{token}?back=1&look={n}").text)[1]) for n in range(40)]
    assert waits == sorted(waits) and waits[-1] <= 10
    assert "http-equiv" not in web.get(f"/p/{token}?back=1&look=40").text, "it does not look for ever"


@pytest.mark.parametrize(("look", "looks_again"), [("39", True), ("40", False), ("999", False)])
def test_whoever_has_waited_long_is_still_told_to_wait_and_not_to_pay_again(
    web: FlaskClient, look: str, looks_again: bool
) -> None:
    answer = web.get(f"/p/{a_link_in('processing')}", query_string={"back": "1", "look": look})
    assert "Waiting for the payment" in answer.text and "<button>" not in answer.text
    assert ("http-equiv" in answer.text) == looks_again
    assert ("This page looks again by itself" in answer.text) == looks_again
    assert ("Please do not pay again" in answer.text) != looks_again


@pytest.mark.parametrize("state", ["pending", "completed", "failed", "expired", "held"])
def test_back_where_nothing_is_awaited_asks_nobody(web: FlaskClient, state: str) -> None:
    token = a_link_in(state)
    with db.session() as session:
        before = outbox(session, "payments.")
    answer = web.get(f"/p/{token}?back=1")
    assert "http-equiv" not in answer.text
    with db.session() as session:
        assert outbox(session, "payments.") == before


@pytest.mark.parametrize("look", ["", "x", "-1", "1.5", "999", "0", "²", "٣", "9" * 5_000])
def test_whatever_stands_in_the_address_the_page_is_shown(web: FlaskClient, look: str) -> None:
    assert web.get(f"/p/{a_link_in('processing')}", query_string={"back": "1", "look": look}).status_code == 200


def test_looking_at_the_page_changes_nothing(web: FlaskClient) -> None:
    token = a_link_in("processing")
    with db.session() as session:
        session.execute(update(Checkout).values(state="closed"))
        session.commit()
    web.get(f"/p/{token}")
    with db.session() as session:
        assert session.scalars(select(Transaction.state)).one() == "processing"
        assert session.scalars(select(Collection.closed_at)).one() is None
        assert outbox(session) == []
        assert links.look_at(session, token, clock.now()).state == "processing"


class Page(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, str | None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(attrs)
