"""People, their inboxes, their mail, and the clock they share with the product."""

import smtplib
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import phonenumbers
import requests
from twilio.rest import Client

from sandbox.config import SandboxConfig
from sandbox.serve import SandboxServer
from tests.sandbox.actors import Driver, free_port
from tests.sandbox.product import eventually


def test_a_made_up_number_is_a_valid_mobile_of_its_country(driver: Driver) -> None:
    people = [driver.person(country=country) for country in ("KE", "NG", "GH", "ZA", "UG", "CI", "KE")]
    for person in people:
        number = phonenumbers.parse(person["e164"])
        assert phonenumbers.is_valid_number(number)
        assert phonenumbers.region_code_for_number(number) == person["country"]
        assert person["phone_kind"] == "smart" and person["email"].endswith("@sandbox.test")
    assert len({person["email"] for person in people}) == len({person["name"] for person in people}) == 7


def test_what_is_given_is_kept(driver: Driver) -> None:
    given = {"name": "Ama", "e164": "+233241234567", "phone_kind": "feature"}
    person = driver.person(**given)
    assert person | given == person and person["country"] == "GH" and person["email"] == "ama@sandbox.test"
    assert driver.person(name="Ama")["email"] == "ama.2@sandbox.test"
    assert [one["name"] for one in driver.get("/sandbox/people")] == ["Ama", "Ama"]
    driver.post("/sandbox/people", {"e164": "+233241234567"}, 409)
    driver.post("/sandbox/people", {"phone_kind": "tablet"}, 400)
    driver.post("/sandbox/people", {"country": "XX"}, 400)
    driver.post("/sandbox/people", {"name": 5}, 400)


def test_an_unknown_phone_is_added_when_it_is_messaged(twilio: Client, driver: Driver, config: SandboxConfig) -> None:
    twilio.messages.create(to="+2348031234567", from_=config.twilio_sms_number, body="hello")
    driver.sends("+254712345678", "hi")
    assert {person["e164"]: person["country"] for person in driver.get("/sandbox/people")} == {
        "+2348031234567": "NG",
        "+254712345678": "KE",
    }


def test_an_inbox_is_read_from_where_one_left_off(driver: Driver) -> None:
    phone = driver.person()["e164"]
    driver.sends(phone, "one")
    [first] = driver.inbox(phone)
    driver.sends(phone, "two")
    assert [message["text"] for message in driver.inbox(phone, f"?after={first['id']}")] == ["ok"]
    everything = driver.inbox(phone, "?all=1")
    assert [(m["direction"], m["text"]) for m in everything] == [
        ("out", "one"),
        ("in", "ok"),
        ("out", "two"),
        ("in", "ok"),
    ]
    assert driver.inbox("254" + phone[4:])[0]["id"] == first["id"]
    driver.get(f"/sandbox/phones/{phone}/inbox?after=x", 400)


def test_a_long_sms_costs_what_its_segments_cost(twilio: Client, driver: Driver, config: SandboxConfig) -> None:
    phone = driver.person()["e164"]
    sent = twilio.messages.create(to=phone, from_=config.twilio_sms_number, body="₦" * 71)
    [message] = driver.inbox(phone)
    assert (message["segments"], message["encoding"], message["cost"]) == (2, "ucs2", "0.0500 USD")
    assert sent.num_segments == "2"


def test_mail_reaches_the_inbox_of_its_owner(
    start_sandbox: Callable[..., SandboxServer], config: SandboxConfig
) -> None:
    port = free_port()
    start_sandbox(smtp_port=port)
    driver = Driver(config)
    ama = driver.person(name="Ama")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "GroupWallet <no-reply@gw.test>", "Ama@sandbox.test", "Lipa ₦ mkopo"
    mail.set_content("Your loan is late — please pay.")
    mail.add_alternative("<p>html</p>", subtype="html")
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        client.send_message(mail)
    [letter] = driver.inbox(ama["e164"])
    assert (letter["channel"], letter["subject"]) == ("email", "Lipa ₦ mkopo")
    assert letter["text"] == "Your loan is late — please pay."
    assert letter["from"] == "GroupWallet <no-reply@gw.test>"


def test_the_clock_goes_forward_and_back(driver: Driver, config: SandboxConfig) -> None:
    assert driver.get("/sandbox/clock")["offset_seconds"] == 0
    driver.post("/sandbox/clock", {"forward": "3d"})
    moved = driver.post("/sandbox/clock", {"forward": "1h 30m"})
    offset_seconds = 3 * 86_400 + 5_400
    assert moved["offset_seconds"] == offset_seconds
    assert Path(config.clock_file).read_text() == str(offset_seconds)
    ahead = datetime.fromisoformat(moved["now"]) - datetime.now(UTC)
    assert abs(ahead.total_seconds() - offset_seconds) < 5
    assert driver.post("/sandbox/clock", {"reset": True})["offset_seconds"] == 0
    for bad in ({"forward": "soon"}, {"forward": "-1d"}, {"forward": "9999w"}, {}):
        driver.post("/sandbox/clock", bad, 400)


def test_other_addresses_answer_in_json(driver: Driver, config: SandboxConfig) -> None:
    assert driver.get("/healthz") == {"status": "ok"}
    assert driver.get("/sandbox/nothing", 404)["error"]
    assert eventually(lambda: requests.get(config.public_url, timeout=5).status_code) == 200
