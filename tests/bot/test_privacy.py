"""Nobody's phone or name lies clear in the database after a conversation, but where the list below says so."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from core import clock, db
from tests.bot.actors import Talker, committed
from tests.payments.speech import signed, success_event

AMA, EFUA = "+254713555001", "+254713555002"
# Words as members and we wrote them. Sealing them is another issue's.
CLEAR_FOR_NOW = {("inbound_messages", "body"), ("inbound_messages", "answer"), ("notifications_log", "body")}
COLUMNS = text("""
    SELECT table_name, column_name FROM information_schema.columns
     WHERE table_schema = 'public' ORDER BY table_name, column_name""")


@pytest.fixture
def conversation(web: FlaskClient) -> None:
    """Nyakio founds a group, invites Efuanana, who joins; both hear of each other, and Paystack of them both."""
    with db.session() as session:
        nyakio = Talker(session, phone=AMA, at=clock.now()).is_known("Nyakio")
        code = nyakio.founds("Umoja")
        nyakio.says(f"invite {EFUA}").expects("sent an invitation")
        guest = Talker(session, "whatsapp", phone=None, address="KE.55500399", at=clock.now()).is_known("Wanjirusha")
        guest.says(f"join {code}").expects("Welcome to")
        efua = Talker(session, "whatsapp", phone=EFUA, at=clock.now())
        efua.says(f"join {code}").expects("What is your name?")
        efua.says("Efuanana").expects("Welcome to")
        efua.says("contribute 500").expects("/p/")
        efua.says("members").expects("Nyakio", "Efuanana")
        efua.says("invite 0713555001").expects("already a member")
        session.commit()
    event = success_event("gw-1").replace(b"{", b'{"payer": "Efuanana", "phone": "+254713555002", ', 1)
    assert (
        web.post("/webhooks/payment/paystack", data=event, headers=signed(event, "sk_test_sandbox")).status_code == 200
    )


def places_of(needle: str) -> Iterator[tuple[str, str]]:
    """Every column in which the text stands, as text or as the bytes of a text."""
    with db.session() as session:
        for table, column in session.execute(COLUMNS).all():
            written = f'CAST("{column}" AS text)'
            found = text(f'SELECT count(*) FROM "{table}" WHERE strpos(lower({written}), :needle) > 0')
            for form in (needle.lower(), needle.encode().hex()):
                if session.scalar(found, {"needle": form}):
                    yield table, column


@pytest.mark.parametrize("number", [AMA, EFUA])
def test_no_phone_is_left_in_clear(conversation: None, number: str) -> None:
    assert {place for form in (number[1:], number[4:]) for place in places_of(form)} <= CLEAR_FOR_NOW


@pytest.mark.parametrize("name", ["Nyakio", "Efuanana", "Wanjirusha"])
def test_no_name_is_left_in_clear(conversation: None, name: str) -> None:
    assert set(places_of(name)) <= CLEAR_FOR_NOW


def test_no_address_of_somebody_who_hides_their_phone_is_left_in_clear(conversation: None) -> None:
    assert set(places_of("55500399")) == set()


def test_the_search_would_find_them(conversation: None) -> None:
    assert set(places_of("Efuanana")) == CLEAR_FOR_NOW
    assert ("groups", "name") in set(places_of("Umoja"))
    committed(lambda session: session.execute(text("UPDATE users SET name_sealed = 'Efuanana', language = 'Efuanana'")))
    assert set(places_of("Efuanana")) == CLEAR_FOR_NOW | {("users", "name_sealed"), ("users", "language")}
