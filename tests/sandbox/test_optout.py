"""STOP, START and HELP by SMS: Twilio answers by itself, tells the product too, and enforces the opt-out."""

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from sandbox.config import SandboxConfig
from tests.sandbox.actors import Driver
from tests.sandbox.product import RecordingProduct

AMA = "+254712345678"


def test_after_an_opt_out_nothing_reaches_the_phone(
    driver: Driver, twilio: Client, product: RecordingProduct, config: SandboxConfig
) -> None:
    for word in ("STOP", "stopall", " Unsubscribe ", "CANCEL", "End", "quit", "REVOKE", "optout"):
        phone = driver.person()["e164"]
        replies = driver.sends(phone, word)
        assert ["unsubscribed" in reply["text"] for reply in replies] == [True], word
        assert product.heard[-1].form["Body"] == word
        with pytest.raises(TwilioRestException) as caught:
            twilio.messages.create(to=phone, from_=config.twilio_sms_number, body="x")
        assert caught.value.code == 21610


def test_start_opens_the_phone_again(driver: Driver, twilio: Client, config: SandboxConfig) -> None:
    driver.sends(AMA, "stop")
    restarted, answer = driver.sends(AMA, "Start")
    assert "re-subscribed" in restarted["text"] and answer["text"] == "ok"
    twilio.messages.create(to=AMA, from_=config.twilio_sms_number, body="welcome back")
    assert driver.inbox(AMA)[-1]["text"] == "welcome back"


def test_help_is_answered_and_changes_nothing(driver: Driver) -> None:
    driver.sends(AMA, "stop")
    [reply] = driver.sends(AMA, "HELP")
    assert reply["text"].startswith("Reply STOP")


def test_a_word_within_a_sentence_is_not_an_opt_out(driver: Driver) -> None:
    assert [reply["text"] for reply in driver.sends(AMA, "stop the loan")] == ["ok"]


def test_whatsapp_has_no_opt_out_of_twilios(driver: Driver, twilio: Client, config: SandboxConfig) -> None:
    assert [reply["text"] for reply in driver.sends(AMA, "STOP", channel="whatsapp")] == ["ok"]
    driver.sends(AMA, "STOP")
    twilio.messages.create(to=f"whatsapp:{AMA}", from_=f"whatsapp:{config.twilio_whatsapp_number}", body="still here")
    assert driver.inbox(AMA)[-1]["text"] == "still here"
