"""Sending through Twilio over real HTTP: what is asked for, how each end is understood, what a code means."""

import base64
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.channels import twilio
from bot.channels.twilio import REMEDIES, STATUSES, Sent
from bot.models import STATUSES as KNOWN_STATUSES
from tests.bot.speech import (
    ACCOUNT,
    OUR_SMS,
    OUR_WHATSAPP,
    TOKEN,
    listed,
    listing,
    lose_patience,
    refused,
    taken,
)
from tests.conftest import settings_of
from tests.payments.servers import Reply, ScriptedServer, break_off, hang, hang_up, nobody, reset, scripted

TO = "+254712345678"
CALLBACK = "https://groupwallet.example/webhooks/twilio/status?n=7"
UNUSED = {"DATABASE_URL": "postgresql://unused", "REDIS_URL": "redis://unused"}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Twilio as the test wants it, at the other end of the product's client."""
    with scripted(taken) as started, settings_of(TWILIO_BASE_URL=started.url, **UNUSED):
        lose_patience()
        yield started


def send(channel: str = "sms", body: str = "Hello", template_sid: str | None = None) -> Sent:
    return twilio.send(channel, TO, body, CALLBACK, template_sid)


def test_an_sms_is_asked_for_as_documented(server: ScriptedServer) -> None:
    assert send(body="Receipt R-1: KES 5,000 & more").outcome == "sent"
    heard = server.heard[0]
    assert (heard.method, heard.path) == ("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
    assert heard.headers["authorization"] == "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    assert heard.headers["content-type"] == "application/x-www-form-urlencoded"
    assert heard.form == {
        "To": TO,
        "From": OUR_SMS,
        "Body": "Receipt R-1: KES 5,000 & more",
        "StatusCallback": CALLBACK,
    }


def test_a_whatsapp_message_goes_from_and_to_whatsapp(server: ScriptedServer) -> None:
    send("whatsapp", "*Hello* ₦😀")
    assert server.heard[0].form == {
        "To": f"whatsapp:{TO}",
        "From": f"whatsapp:{OUR_WHATSAPP}",
        "Body": "*Hello* ₦😀",
        "StatusCallback": CALLBACK,
    }


def test_a_template_carries_the_words_as_its_variable_and_no_body(server: ScriptedServer) -> None:
    send("whatsapp", "*Receipt R-1*\nKES 500 received\n\nThank  you,\tAma!", "HX0123456789abcdef0123456789abcdef")
    heard = server.heard[0].form
    assert "Body" not in heard
    assert heard["ContentSid"] == "HX0123456789abcdef0123456789abcdef"
    # WhatsApp takes no line breaks, tabs or rows of spaces in a variable.
    assert json.loads(heard["ContentVariables"]) == {"1": "Receipt R-1 KES 500 received Thank you, Ama!"}


def test_what_twilio_took_has_its_id(server: ScriptedServer) -> None:
    server.answers(Reply({"sid": "SM" + "a" * 32, "status": "queued"}, 201))
    assert send() == Sent("sent", "SM" + "a" * 32, None)


@pytest.mark.parametrize("code", sorted(REMEDIES))
def test_a_refusal_tells_its_code(server: ScriptedServer, code: str) -> None:
    server.answers(refused(int(code), 429 if code == "20429" else 400))
    assert send() == Sent("refused", None, code)


def test_a_refusal_without_json_tells_its_http_status(server: ScriptedServer) -> None:
    server.answers(Reply("<html>Not Found</html>", 404, "text/html"))
    assert send() == Sent("refused", None, "404")


UNCLEAR = {
    "no answer in time": hang,
    "a reset connection": reset,
    "a closed connection": hang_up,
    "an answer that breaks off": break_off,
    "HTTP 500": Reply("Internal Server Error", 500, "text/plain"),
    "HTTP 503 with JSON": refused(20503, 503),
    "a redirect": Reply("", 307),
    "a page instead of JSON": Reply("<html>", 201, "text/html"),
    "a message without an id": Reply({}, 201),
    "a list": Reply([], 201),
}


@pytest.mark.parametrize("trouble", UNCLEAR)
def test_an_unclear_end_is_unknown_and_the_call_is_not_repeated(server: ScriptedServer, trouble: str) -> None:
    assert send_after(server, UNCLEAR[trouble]) == "unknown"
    assert len(server.heard) == 1


def send_after(server: ScriptedServer, step: object) -> str:
    server.answers(step)  # type: ignore[arg-type]
    return send().outcome


def test_a_refused_connection_was_never_sent() -> None:
    with settings_of(TWILIO_BASE_URL=nobody(), **UNUSED):
        assert send() == Sent("not_sent", None, "ConnectionError")


def test_the_token_is_in_no_log_line_and_every_call_is_in_the_log(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for step in (taken, refused(21610), Reply("", 500), reset):
        send_after(server, step)
    told = " ".join(str(vars(record)) for record in caplog.records if record.name.startswith("bot."))
    assert TOKEN not in told and TO not in told
    calls = [vars(record) for record in caplog.records if record.name == "bot.channels.twilio"]
    assert [call["outcome"] for call in calls] == ["sent", "refused", "unknown", "unknown"]


# What a code means

RETRY = ["63018", "20429", "30001", "30003", "30008", "30410", "63012", "63038", "21611"]
BY_SMS = ["63016", "63024", "63003", "63032", "63049", "63014"]
GIVE_UP = ["21211", "21614", "21635", "30005", "30006", "30004", "30007"]
OPERATOR = ["21408", "21606", "21608", "21612", "63007", "63015", "63020", "63051", "30002", "20003"]
OPERATOR += ["63013", "63027", "63028", "63030", "63041", "63005", "63021", "21617", "21602", "404", ""]


@pytest.mark.parametrize(
    ("codes", "remedy"), [(RETRY, "retry"), (BY_SMS, "sms"), (GIVE_UP, "give_up"), (["21610"], "opted_out")]
)
def test_every_code_has_its_remedy(codes: list[str], remedy: str) -> None:
    assert {REMEDIES[code] for code in codes} == {remedy}


def test_faults_of_the_account_the_sender_or_a_template_are_the_operators() -> None:
    assert not set(OPERATOR) & set(REMEDIES)


def test_no_code_has_a_remedy_that_is_not_in_the_table_here() -> None:
    assert set(REMEDIES) == {*RETRY, *BY_SMS, *GIVE_UP, "21610"}


def test_every_status_of_twilio_is_one_of_ours() -> None:
    twilios = "accepted scheduled queued sending sent failed delivered undelivered read canceled partially_delivered"
    assert set(STATUSES) == set(twilios.split())
    assert {status for status, _ in STATUSES.values()} <= set(KNOWN_STATUSES)


# What became of an unknown send

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def test_only_messages_with_the_same_words_from_about_then_are_found(server: ScriptedServer) -> None:
    server.answers(
        listing(
            listed("SM1", "Hello", AT),
            listed("SM2", "Hello", AT - timedelta(minutes=1)),  # Twilio's clock is not ours.
            listed("SM3", "Hello", AT - timedelta(minutes=3)),
            listed("SM4", "Hello", AT + timedelta(minutes=9)),
            listed("SM5", "Good bye", AT),
            listed("SM6", "GroupWallet: Hello. Reply to talk.", AT),  # what a template made of the words
            {**listed("SM7", "Hello", AT), "body": None},
        )
    )
    assert twilio.find_sent("sms", TO, "Hello", AT) == ["SM1", "SM2", "SM4", "SM6"]


def test_the_question_is_about_this_address_and_also_finds_what_was_not_sent_yet(server: ScriptedServer) -> None:
    assert twilio.find_sent("whatsapp", TO, "Hello", AT) == []
    heard = server.heard[0]
    assert heard.method == "GET"
    assert "To=whatsapp%3A%2B254712345678" in heard.path
    assert "DateSent" not in heard.path, "a message that still waits at Twilio has no such date"


@pytest.mark.parametrize("trouble", [hang, reset, Reply("", 500), refused(20003, 401), Reply("<html>"), Reply({})])
def test_no_answer_is_an_error_and_never_a_no(server: ScriptedServer, trouble: object) -> None:
    server.answers(trouble)  # type: ignore[arg-type]
    with pytest.raises(twilio.NO_ANSWER):
        twilio.find_sent("sms", TO, "Hello", AT)
