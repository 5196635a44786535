"""Twilio's REST API as its own SDK sees it."""

from datetime import timedelta
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from sandbox.config import SandboxConfig
from tests.sandbox.actors import Driver, twilio_client
from tests.sandbox.product import RecordingProduct, eventually

AMA = "+254712345678"
STATUS_PATH = "/webhooks/twilio/status"


def statuses(product: RecordingProduct, count: int) -> list[str]:
    eventually(lambda: len(product.of(STATUS_PATH)) >= count)
    return [call.form["MessageStatus"] for call in product.of(STATUS_PATH)]


def test_a_sent_sms_is_queued_then_lands_on_the_phone(twilio: Client, driver: Driver, config: SandboxConfig) -> None:
    message = twilio.messages.create(to=AMA, from_=config.twilio_sms_number, body="Hujambo")
    assert message.sid is not None and message.sid.startswith("SM") and len(message.sid) == 34
    assert (message.status, message.num_segments, message.price) == ("queued", "1", None)
    assert (message.direction, message.to, message.from_) == ("outbound-api", AMA, config.twilio_sms_number)
    assert message.date_created is not None and message.account_sid == config.twilio_account_sid
    [arrived] = driver.inbox(AMA)
    assert (arrived["text"], arrived["direction"], arrived["cost"]) == ("Hujambo", "in", "0.0250 USD")
    assert eventually(lambda: twilio.messages(str(message.sid)).fetch().status == "delivered")


@pytest.mark.parametrize(
    ("channel", "expected"), [("", ["sent", "delivered"]), ("whatsapp:", ["sent", "delivered", "read"])]
)
def test_status_reports_come_signed_and_in_order(
    channel: str, expected: list[str], twilio: Client, driver: Driver, product: RecordingProduct, config: SandboxConfig
) -> None:
    driver.sends(AMA, "hi", channel="whatsapp")
    number = config.twilio_whatsapp_number if channel else config.twilio_sms_number
    message = twilio.messages.create(
        to=channel + AMA, from_=channel + number, body="x", status_callback=f"{product.url}{STATUS_PATH}?kind=a"
    )
    assert statuses(product, len(expected)) == expected
    for call in product.of(STATUS_PATH):
        assert call.is_signed_by(config.twilio_auth_token)
        assert call.form["MessageSid"] == call.form["SmsSid"] == message.sid
        assert "ErrorCode" not in call.form


TURNED_DOWN: list[tuple[dict[str, Any], int]] = [
    ({"body": ""}, 21602),
    ({"body": "x" * 1601}, 21617),
    ({"to": "+1", "body": "x"}, 21211),
    ({"to": "Ama", "body": "x"}, 21211),
    ({"from_": "+254700000000", "body": "x"}, 21606),
    ({"from_": "whatsapp:+14155238886", "body": "x"}, 21910),
    ({"content_sid": "HX" + "0" * 32}, 21655),
    ({"body": "x", "media_url": ["ftp://somewhere"]}, 21620),
]


def test_what_twilio_turns_down(twilio: Client, config: SandboxConfig) -> None:
    for fields, code in TURNED_DOWN:
        with pytest.raises(TwilioRestException) as caught:
            twilio.messages.create(**{"to": AMA, "from_": config.twilio_sms_number, **fields})
        assert (caught.value.code, caught.value.status) == (code, 400), fields


def test_wrong_credentials_get_twilios_401(driver: Driver, config: SandboxConfig) -> None:
    with pytest.raises(TwilioRestException) as caught:
        twilio_client(config, auth_token="wrong").messages.create(to=AMA, from_="+1", body="x")
    assert (caught.value.status, caught.value.code) == (401, 20003)
    plain = requests.get(f"{config.public_url}/2010-04-01/Accounts/AC{'1' * 32}/Messages.json", timeout=5)
    assert plain.json() == {
        "code": 20003,
        "message": "Authenticate",
        "more_info": "https://www.twilio.com/docs/errors/20003",
        "status": 401,
    }
    assert requests.get(f"{config.public_url}/v1/Content", timeout=5).status_code == 401


def test_an_unknown_message_is_20404(twilio: Client) -> None:
    with pytest.raises(TwilioRestException) as caught:
        twilio.messages("SM" + "0" * 32).fetch()
    assert (caught.value.status, caught.value.code) == (404, 20404)


def test_messages_are_listed_newest_first_page_by_page(twilio: Client, driver: Driver, config: SandboxConfig) -> None:
    for number in range(5):
        twilio.messages.create(to=AMA, from_=config.twilio_sms_number, body=f"text {number}")
    twilio.messages.create(to="+254700000001", from_=config.twilio_sms_number, body="other")
    assert [message.body for message in twilio.messages.list(to=AMA, page_size=2)] == [
        f"text {number}" for number in (4, 3, 2, 1, 0)
    ]
    driver.sends(AMA, "from me")
    [mine] = twilio.messages.list(from_=AMA)
    assert (mine.body, mine.direction, mine.status) == ("from me", "inbound", "received")
    sent = twilio.messages.list(to=AMA)[0].date_created
    assert sent is not None
    assert twilio.messages.list(date_sent_after=sent + timedelta(hours=1)) == []
    assert len(twilio.messages.list(date_sent=sent.date())) == 8


def test_free_form_whatsapp_after_24_hours_fails_after_it_was_taken(
    twilio: Client, driver: Driver, product: RecordingProduct, config: SandboxConfig
) -> None:
    driver.sends(AMA, "hi", channel="whatsapp")
    driver.post("/sandbox/clock", {"forward": "24h"})
    message = twilio.messages.create(
        to=f"whatsapp:{AMA}",
        from_=f"whatsapp:{config.twilio_whatsapp_number}",
        body="too late",
        status_callback=f"{product.url}{STATUS_PATH}",
    )
    assert message.status == "queued"
    assert statuses(product, 1) == ["failed"]
    assert product.of(STATUS_PATH)[0].form["ErrorCode"] == "63016"
    assert twilio.messages(str(message.sid)).fetch().error_code == 63016
    assert "too late" not in [message["text"] for message in driver.inbox(AMA)]


def test_the_window_is_the_phones_own(twilio: Client, driver: Driver, config: SandboxConfig) -> None:
    driver.sends(AMA, "by sms")
    ours = f"whatsapp:{config.twilio_whatsapp_number}"
    taken = twilio.messages.create(to=f"whatsapp:{AMA}", from_=ours, body="never wrote here")
    assert eventually(lambda: twilio.messages(str(taken.sid)).fetch().status == "failed")
    driver.sends(AMA, "hi", channel="whatsapp")
    driver.post("/sandbox/clock", {"forward": "23h"})
    late = twilio.messages.create(to=f"whatsapp:{AMA}", from_=ours, body="in time")
    assert eventually(lambda: twilio.messages(str(late.sid)).fetch().status == "read")


def test_a_feature_phone_is_not_on_whatsapp(twilio: Client, driver: Driver, config: SandboxConfig) -> None:
    phone = driver.person(phone_kind="feature")["e164"]
    taken = twilio.messages.create(to=f"whatsapp:{phone}", from_=f"whatsapp:{config.twilio_whatsapp_number}", body="x")
    assert eventually(lambda: twilio.messages(str(taken.sid)).fetch().error_code == 63024)
    assert "feature phone" in driver.sends(phone, "x", channel="whatsapp", status=400)["error"]


def test_a_messaging_service_picks_the_sender(twilio: Client, config: SandboxConfig) -> None:
    service = "MG" + "1" * 32
    message = twilio.messages.create(to=AMA, messaging_service_sid=service, body="x")
    assert (message.from_, message.messaging_service_sid) == (config.twilio_sms_number, service)


def test_several_pictures_arrive(twilio: Client, driver: Driver, config: SandboxConfig) -> None:
    driver.sends(AMA, "hi", channel="whatsapp")
    urls = ["http://localhost/1.png", "http://localhost/2.png"]
    message = twilio.messages.create(
        to=f"whatsapp:{AMA}", from_=f"whatsapp:{config.twilio_whatsapp_number}", media_url=urls
    )
    assert str(message.sid).startswith("MM") and message.num_media == "2"
    assert [medium["url"] for medium in driver.inbox(AMA)[-1]["media"]] == urls


def test_a_lost_status_report_is_never_sent(
    twilio: Client, driver: Driver, product: RecordingProduct, config: SandboxConfig
) -> None:
    driver.orders_fault("twilio", "lose_webhooks", count=1)
    twilio.messages.create(
        to=AMA, from_=config.twilio_sms_number, body="x", status_callback=f"{product.url}{STATUS_PATH}"
    )
    assert statuses(product, 1) == ["delivered"]


def test_a_call_rings_is_answered_and_heard(
    twilio: Client, driver: Driver, product: RecordingProduct, config: SandboxConfig
) -> None:
    call = twilio.calls.create(
        to=AMA,
        from_=config.twilio_sms_number,
        twiml="<Response><Gather><Say>Press 1</Say></Gather><Say>Bye</Say></Response>",
        status_callback=f"{product.url}/calls",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
        machine_detection="Enable",
    )
    assert (call.status, str(call.sid)[:2]) == ("queued", "CA")
    eventually(lambda: len(product.of("/calls")) == 4)
    reports = product.of("/calls")
    assert [report.form["CallStatus"] for report in reports] == ["initiated", "ringing", "in-progress", "completed"]
    assert reports[-1].form["CallDuration"] == "20" and reports[-1].form["AnsweredBy"] == "human"
    assert reports[0].is_signed_by(config.twilio_auth_token)
    assert driver.inbox(AMA)[-1]["text"] == "Press 1\nBye"
    assert twilio.calls(str(call.sid)).fetch().status == "completed"
