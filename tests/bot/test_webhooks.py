"""Twilio's webhooks: an unsigned call leaves nothing, a signed one is answered once and for all, in TwiML."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from bot.models import ChannelIdentity, InboundMessage
from core import db
from ledger.models import User
from tests.bot.actors import a_message, a_reader, log_of
from tests.bot.speech import form, signature
from tests.conftest import settings_of
from tests.payments.actors import at_once
from tests.payments.web import client

MESSAGES, STATUS = "/webhooks/twilio/messages", "/webhooks/twilio/status"
PUBLIC = "http://localhost:8000"


def post(web: FlaskClient, path: str, fields: dict[str, str], base: str = PUBLIC, signed: str | None = None):  # noqa: ANN201
    headers = {"X-Twilio-Signature": signature(base + path, fields.items()) if signed is None else signed}
    return web.post(path, data=fields, headers=headers)


def said(answer) -> str:  # noqa: ANN001
    return "".join(ElementTree.fromstring(answer.text).itertext())


def rows(model: type) -> int:
    with db.session() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.parametrize("path", [MESSAGES, f"{STATUS}?n=1"])
@pytest.mark.parametrize("signed", ["", "wrong", "a" * 28])
def test_an_unsigned_call_is_refused_and_leaves_nothing(web: FlaskClient, path: str, signed: str) -> None:
    answer = post(web, path, form("hi", MessageStatus="delivered"), signed=signed)
    assert (answer.status_code, answer.json) == (403, {"error": "bad_signature"})
    assert [rows(model) for model in (InboundMessage, User, ChannelIdentity)] == [0, 0, 0]
    assert web.post(path, data=form("hi")).status_code == 403


def test_a_signature_of_another_message_or_another_address_is_refused(web: FlaskClient) -> None:
    fields = form("contribute 5000")
    good = signature(PUBLIC + MESSAGES, fields.items())
    assert post(web, MESSAGES, {**fields, "Body": "contribute 9000"}, signed=good).status_code == 403
    assert post(web, MESSAGES, {**fields, "From": "+254712345679"}, signed=good).status_code == 403
    assert post(web, f"{MESSAGES}?x=1", fields, signed=good).status_code == 403
    assert post(web, MESSAGES, fields, base="http://localhost:8001").status_code == 403
    assert rows(InboundMessage) == 0


@pytest.mark.parametrize(("text", "kept"), [("h\x00i", "hi"), ("\x00", "")])
def test_a_nul_costs_nobody_an_answer(web: FlaskClient, text: str, kept: str) -> None:
    answer = post(web, MESSAGES, form(text))
    assert answer.status_code == 200 and said(answer)
    with db.session() as session:
        assert session.scalars(select(InboundMessage.body)).one() == kept


def test_a_message_is_answered_in_twiml(web: FlaskClient) -> None:
    answer = post(web, MESSAGES, form("hi"))
    assert (answer.status_code, answer.mimetype) == (200, "text/xml")
    assert "What is your name?" in said(answer)
    assert (rows(InboundMessage), rows(User)) == (1, 1)


def test_a_retry_gets_the_same_bytes_and_does_nothing(web: FlaskClient) -> None:
    post(web, MESSAGES, form("hi"))
    post(web, MESSAGES, form("Ama"))
    fields = form("create Umoja")
    first = post(web, MESSAGES, fields)
    assert "is ready" in said(first)
    assert [post(web, MESSAGES, fields).data for _ in range(3)] == [first.data] * 3
    assert rows(InboundMessage) == 3


def test_a_retry_that_overtakes_the_first_try_gets_the_same_bytes_too(web: FlaskClient) -> None:
    post(web, MESSAGES, form("hi"))
    fields = form("Ama")

    def send() -> bytes:
        return post(web.application.test_client(), MESSAGES, fields).data

    assert len(set(at_once(*[send] * 6))) == 1
    assert rows(InboundMessage) == 2


@contextmanager
def behind_a_proxy(database_url: str, redis_url: str) -> Iterator[FlaskClient]:
    changes = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    with settings_of(PUBLIC_BASE_URL="https://groupwallet.example", **changes), client() as web:
        yield web
        db.engine().dispose()


def test_behind_a_proxy_the_public_address_is_what_was_signed(committing: str, redis_url: str) -> None:
    fields = form("hi", Empty="", Unknown="ünïcode ₦")
    with behind_a_proxy(committing, redis_url) as web:
        for path in (MESSAGES, f"{MESSAGES}?from=twilio&empty=&x=%20b"):
            signed = signature(f"https://groupwallet.example{path}", fields.items())
            answer = web.post(
                path,
                data=fields,
                base_url="http://10.0.0.7:8000",
                headers={"X-Twilio-Signature": signed, "X-Forwarded-Host": "evil.example", "Host": "10.0.0.7:8000"},
            )
            assert answer.status_code == 200
        wrong = signature(f"http://10.0.0.7:8000{MESSAGES}", fields.items())
        assert web.post(MESSAGES, data=fields, headers={"X-Twilio-Signature": wrong}).status_code == 403


def test_blank_and_repeated_parameters_are_part_of_what_was_signed(web: FlaskClient) -> None:
    fields = [*form("hi").items(), ("Tag", "b"), ("Tag", "a"), ("Tag", "a"), ("Blank", "")]
    headers = {"X-Twilio-Signature": signature(PUBLIC + MESSAGES, fields)}
    body, kind = urlencode(fields), "application/x-www-form-urlencoded"
    assert web.post(MESSAGES, data=body, headers=headers, content_type=kind).status_code == 200
    assert web.post(MESSAGES, data=body + "&Blank=x", headers=headers, content_type=kind).status_code == 403


def test_a_signed_form_without_sender_is_a_bad_request(web: FlaskClient) -> None:
    fields = form("hi")
    del fields["From"]
    answer = post(web, MESSAGES, fields)
    assert (answer.status_code, answer.json) == (400, {"error": "unreadable_message"})


def test_a_status_is_written_down_and_answered_with_nothing(web: FlaskClient) -> None:
    message = a_message(a_reader())
    path = f"{STATUS}?n={message}"
    answer = post(web, path, {"MessageSid": "SM1", "MessageStatus": "delivered"})
    assert (answer.status_code, answer.data) == (204, b"")
    assert log_of(message).status == "delivered"


@pytest.mark.parametrize("query", ["", "?n=", "?n=abc", "?n=-1", "?n=999999", f"?n={'9' * 40}", "?n=%C2%B2", "?m=1"])
def test_a_status_of_no_message_of_ours_is_answered_all_the_same(web: FlaskClient, query: str) -> None:
    assert post(web, STATUS + query, {"MessageSid": "SM1", "MessageStatus": "delivered"}).status_code == 204


def test_a_message_is_never_redirected(web: FlaskClient) -> None:
    """A redirect would turn Twilio's POST into a GET and drop the form."""
    assert post(web, f"{MESSAGES}/", form("hi")).status_code == 404
    assert web.get(MESSAGES).status_code == 405


def test_the_picture_of_a_code_tells_nobody_which_codes_exist(web: FlaskClient) -> None:
    answer = web.get("/join/UMOJA-7K3M9Q.png")
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    assert answer.data.startswith(b"\x89PNG")
    for path in ("/join/UMOJA.png", "/join/umoja-7k3m9q.png", "/join/UMOJA-7K3M9Q%0A.png", "/join/A-AAAAAA.png"):
        assert web.get(path).status_code == 404
