"""What a phone sends reaches the product as Twilio sends it, and the answer reaches the phone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import requests

from sandbox.config import SandboxConfig
from sandbox.serve import SandboxServer
from tests.sandbox.actors import Driver, free_port, twilio_client
from tests.sandbox.product import RecordingProduct

AMA = "+254712345678"
MESSAGES = "/webhooks/twilio/messages"


def test_a_text_gets_the_products_twiml_as_its_reply(driver: Driver, product: RecordingProduct) -> None:
    product.answers("Karibu Ama &amp; all")
    [reply] = driver.sends(AMA, "hello")
    assert (reply["text"], reply["channel"], reply["segments"]) == ("Karibu Ama & all", "sms", 1)
    assert reply["from"] == driver.config.twilio_sms_number
    assert [message["text"] for message in driver.inbox(AMA)] == ["Karibu Ama & all"]


def test_an_sms_carries_every_parameter_and_a_valid_signature(
    driver: Driver, product: RecordingProduct, config: SandboxConfig
) -> None:
    driver.sends(AMA, "balance ₦")
    [call] = product.of(MESSAGES)
    assert call.is_signed_by(config.twilio_auth_token)
    assert not call.is_signed_by("another token")
    form = call.form
    assert form["MessageSid"] == form["SmsSid"] == form["SmsMessageSid"]
    assert form["MessageSid"].startswith("SM") and len(form["MessageSid"]) == 34
    assert (form["From"], form["To"], form["Body"]) == (AMA, config.twilio_sms_number, "balance ₦")
    assert (form["AccountSid"], form["ApiVersion"]) == (config.twilio_account_sid, "2010-04-01")
    assert (form["NumMedia"], form["NumSegments"], form["SmsStatus"]) == ("0", "1", "received")
    assert form["FromCountry"] == "KE"
    assert call.headers["I-Twilio-Idempotency-Token"]


def test_a_whatsapp_message_names_the_profile(driver: Driver, product: RecordingProduct) -> None:
    ama = driver.person(name="Ama", country="GH")
    driver.sends(ama["e164"], "hi", channel="whatsapp")
    form = product.of(MESSAGES)[0].form
    assert form["From"] == f"whatsapp:{ama['e164']}"
    assert form["To"].startswith("whatsapp:+")
    assert (form["ProfileName"], form["WaId"], form["MessageType"]) == ("Ama", ama["e164"][1:], "text")


def test_media_of_a_phone_can_be_fetched_by_the_product(driver: Driver, product: RecordingProduct) -> None:
    driver.sends(AMA, "receipt", channel="whatsapp", media=[{"content_type": "image/gif"}])
    form = product.of(MESSAGES)[0].form
    assert (form["NumMedia"], form["MediaContentType0"], form["MessageType"]) == ("1", "image/gif", "image")
    assert form["MessageSid"].startswith("MM")
    config = driver.config
    picture = requests.get(form["MediaUrl0"], auth=(config.twilio_account_sid, config.twilio_auth_token), timeout=5)
    assert picture.headers["Content-Type"] == "image/gif" and picture.content.startswith(b"GIF89a")


def test_body_and_media_of_twiml_reach_the_phone(driver: Driver, product: RecordingProduct) -> None:
    product.twiml = (
        "<Response><Message><Body>Your statement</Body><Media>http://localhost:8000/s/1.pdf</Media></Message>"
        "<Message>Second</Message></Response>"
    )
    first, second = driver.sends(AMA, "statement", channel="whatsapp")
    assert first["text"] == "Your statement"
    assert [medium["url"] for medium in first["media"]] == ["http://localhost:8000/s/1.pdf"]
    assert second["text"] == "Second"


def test_an_empty_answer_waits_for_a_rest_message(
    driver: Driver, product: RecordingProduct, config: SandboxConfig
) -> None:
    product.twiml = "<Response/>"
    client = twilio_client(config)
    product.on_message = lambda call: (
        client.messages.create(to=call.form["From"], from_=f"whatsapp:{config.twilio_whatsapp_number}", body="later")
        and None
    )
    [reply] = driver.sends(AMA, "menu", channel="whatsapp")
    assert reply["text"] == "later"


def test_no_answer_at_all_is_an_empty_list(
    start_sandbox: Callable[..., SandboxServer], config: SandboxConfig, product: RecordingProduct
) -> None:
    start_sandbox(rest_reply_seconds=0.2)
    product.twiml = ""
    assert Driver(config).sends(AMA, "hm") == []


def test_a_500_is_retried_three_times_with_the_same_message_sid(driver: Driver, product: RecordingProduct) -> None:
    product.statuses = [500, 502, 503]
    product.answers("at last")
    [reply] = driver.sends(AMA, "hello")
    assert reply["text"] == "at last"
    calls = product.of(MESSAGES)
    assert len(calls) == 4
    assert len({call.form["MessageSid"] for call in calls}) == 1
    assert len({call.headers["I-Twilio-Idempotency-Token"] for call in calls}) == 1


def test_an_error_that_stays_is_told_and_shown(driver: Driver, product: RecordingProduct) -> None:
    product.statuses = [500] * 4
    answer = driver.sends(AMA, "hello", status=502)
    assert answer["status"] == 500 and "answered 500" in answer["error"]
    [error] = driver.webhook_errors()
    assert (error["provider"], error["status"]) == ("twilio", 500)


def test_a_refusal_is_not_retried(driver: Driver, product: RecordingProduct) -> None:
    product.statuses = [403]
    assert driver.sends(AMA, "hello", status=502)["status"] == 403
    assert len(product.of(MESSAGES)) == 1


def test_a_slow_product_is_asked_again(
    start_sandbox: Callable[..., SandboxServer], config: SandboxConfig, product: RecordingProduct
) -> None:
    start_sandbox(twilio_webhook_fragment="rc=3&rp=ct,rt,5xx&rt=60")
    product.delay_seconds = 0.15
    assert "no answer within" in Driver(config).sends(AMA, "hello", status=502)["error"]
    assert len(product.of(MESSAGES)) == 4


def test_a_product_that_is_down_is_said_so(start_sandbox: Callable[..., SandboxServer], config: SandboxConfig) -> None:
    start_sandbox(product_url=f"http://127.0.0.1:{free_port()}")
    answer = Driver(config).sends(AMA, "hello", status=502)
    assert answer["status"] is None and "no connection" in answer["error"]


def test_an_answer_that_is_no_twiml_is_an_error(driver: Driver, product: RecordingProduct) -> None:
    product.twiml = "<Response><Message>unclosed"
    assert "12100" in driver.sends(AMA, "hello", status=502)["error"]
    product.twiml = "<html/>"
    assert "12200" in driver.sends(AMA, "hello", status=502)["error"]
    product.twiml = f"<Response><Message>{'x' * 1601}</Message></Response>"
    assert "21617" in driver.sends(AMA, "hello", status=502)["error"]
    assert driver.inbox(AMA) == []


def test_a_repeated_message_sid_is_delivered_again_and_kept_once(driver: Driver, product: RecordingProduct) -> None:
    product.answers("ok")
    driver.sends(AMA, "contribute 500", message_sid="SM" + "1" * 32)
    driver.sends(AMA, "contribute 500", message_sid="SM" + "1" * 32)
    assert [call.form["MessageSid"] for call in product.of(MESSAGES)] == ["SM" + "1" * 32] * 2
    sent = [message for message in driver.inbox(AMA, "?all=1") if message["direction"] == "out"]
    assert [message["text"] for message in sent] == ["contribute 500"]


def test_the_product_address_is_signed_as_configured(
    start_sandbox: Callable[..., SandboxServer], config: SandboxConfig, product: RecordingProduct
) -> None:
    changed = replace(config, product_url=product.url.replace("127.0.0.1", "localhost"))
    start_sandbox(product_url=changed.product_url)
    Driver(changed).sends(AMA, "hello")
    [call] = product.of(MESSAGES)
    assert call.url.startswith("http://localhost:") and call.is_signed_by(config.twilio_auth_token)


def test_many_phones_at_once_each_get_their_own_answer(driver: Driver, product: RecordingProduct) -> None:
    phones = [f"+2547000000{number:02d}" for number in range(20)]
    with ThreadPoolExecutor(10) as crowd:
        answers = list(crowd.map(lambda phone: driver.sends(phone, f"I am {phone}"), phones))
    assert [[reply["text"] for reply in replies] for replies in answers] == [["ok"]] * 20
    said = {call.form["From"]: call.form["Body"] for call in product.of(MESSAGES)}
    assert said == {phone: f"I am {phone}" for phone in phones}
    assert len({call.form["MessageSid"] for call in product.of(MESSAGES)}) == 20


def test_bad_requests_say_what_is_wrong(driver: Driver) -> None:
    assert "channel" in driver.sends(AMA, "x", channel="pigeon", status=400)["error"]
    assert "needs" in driver.sends(AMA, "", status=400)["error"]
    assert "not a phone number" in driver.sends("12", "x", status=400)["error"]
    assert "WhatsApp only" in driver.sends(AMA, "", button="yes", status=400)["error"]
    assert "shows a button" in driver.sends(AMA, "", channel="whatsapp", button="yes", status=404)["error"]
