"""Twilio's webhook in our terms: whose signature it bears, who wrote what, and how the answer is put."""

import json
from dataclasses import astuple
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import twilio
from bot.errors import BadSignature, UnreadableMessage
from bot.talk import Answer
from tests.bot.speech import TOKEN, form, multi, signature
from tests.conftest import settings_of

UNUSED = {"DATABASE_URL": "postgresql://unused", "REDIS_URL": "redis://unused"}

# Twilio's own test vectors, of the token 12345.
PATH = "/myapp.php?foo=1&bar=2"
CALL = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
]
REPEATED = [
    ("Sid", "CA123"),
    ("SidAccount", "AC123"),
    ("Digits", "5678"),
    ("Digits", "1234"),
    ("Digits", "1234"),
]
HASHED = "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
VECTORS = [
    ("https://mycompany.com", PATH, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    ("https://mycompany.com", PATH, CALL, "kvajT1Ptam85bY51eRf/AJRuM3w="),  # Twilio signed the port too
    ("https://mycompany.com:443", PATH, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    ("https://mycompany.com:443", PATH, CALL, "kvajT1Ptam85bY51eRf/AJRuM3w="),
    ("http://mycompany.com", PATH, CALL, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    ("http://mycompany.com:80", PATH, CALL, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    ("https://mycompany.com", PATH, REPEATED, "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
    ("https://mycompany.com", PATH + HASHED, [], "a9nBmqA0ju/hNViExpshrM61xv4="),
]


@pytest.mark.parametrize(("base", "path", "fields", "signed"), VECTORS)
def test_twilios_own_vectors_hold(base: str, path: str, fields: list[tuple[str, str]], signed: str) -> None:
    with settings_of(PUBLIC_BASE_URL=base, TWILIO_AUTH_TOKEN="12345", **UNUSED):
        twilio.verify(path, multi(fields), signed)
        for wrong in ("", signed[:-2], signed.swapcase(), "0ZXoZLH/AAAAAGATFgpif+LLRf4=", signed + "="):
            with pytest.raises(BadSignature):
                twilio.verify(path, multi(fields), wrong)


@pytest.mark.parametrize("change", ["value", "key", "added", "removed", "path", "query", "scheme", "host"])
def test_whatever_is_changed_the_signature_no_longer_holds(change: str) -> None:
    fields = dict(CALL)
    base, path = "https://mycompany.com", PATH
    signed = signature(base + path, fields.items(), "12345")
    if change == "value":
        fields["From"] = "+14158675300"
    elif change == "key":
        fields["from"] = fields.pop("From")
    elif change == "added":
        fields["New"] = ""
    elif change == "removed":
        fields.pop("Digits")
    elif change == "path":
        path = path.replace("myapp", "other")
    elif change == "query":
        path = path.replace("bar=2", "bar=3")
    elif change == "scheme":
        base = base.replace("https", "http")
    else:
        base = base.replace("mycompany", "yourcompany")
    with settings_of(PUBLIC_BASE_URL=base, TWILIO_AUTH_TOKEN="12345", **UNUSED), pytest.raises(BadSignature):
        twilio.verify(path, multi(fields.items()), signed)


FIELDS = st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=12)), max_size=6).map(
    lambda fields: [(key, value) for key, value in fields if (key + value).isprintable()]
)


@given(fields=FIELDS, query=st.sampled_from(["", "?n=1", "?a=%20b&empty=", "?x=1&x=2"]))
def test_any_form_is_accepted_as_twilio_signs_it_blank_and_repeated_values_too(
    fields: list[tuple[str, str]], query: str
) -> None:
    path = f"/webhooks/twilio/messages{query}"
    with settings_of(PUBLIC_BASE_URL="https://groupwallet.example", **UNUSED):
        twilio.verify(path, multi(fields), signature(f"https://groupwallet.example{path}", fields, TOKEN))


# What came, and what it is in our terms: channel, address, phone, text, media, opt.
ME, WA = "+254712345678", "whatsapp:+254712345678"
PARSED: dict[str, tuple[dict[str, str], tuple[Any, ...]]] = {
    "an SMS": (form("balance", ME), ("sms", ME, ME, "balance", (), None)),
    "a WhatsApp message": (
        form("balance", WA, WaId="254712345678", ProfileName="Ama", MessageType="text"),
        ("whatsapp", ME, ME, "balance", (), None),
    ),
    "WhatsApp with an id instead of a number": (
        form("hi", "whatsapp:KE.1234567890", ExternalUserId="KE.1234567890"),
        ("whatsapp", "KE.1234567890", None, "hi", (), None),
    ),
    "WhatsApp with an id and the number beside it": (
        form("hi", "whatsapp:KE.1234567890", WaId="254712345678"),
        ("whatsapp", "KE.1234567890", ME, "hi", (), None),
    ),
    "an empty WaId": (form("hi", "whatsapp:KE.12", WaId=""), ("whatsapp", "KE.12", None, "hi", (), None)),
    "a short code": (form("hi", "40404"), ("sms", "40404", None, "hi", (), None)),
    "a name as sender": (form("hi", "SAFARICOM"), ("sms", "SAFARICOM", None, "hi", (), None)),
    "a button": (
        form("Yes", WA, ButtonText="Yes", ButtonPayload="confirm:1", MessageType="button"),
        ("whatsapp", ME, ME, "confirm:1", (), None),
    ),
    "a row of a list": (
        form("Umoja", WA, ListId="group:7", ListTitle="Umoja", ButtonPayload="", MessageType="interactive"),
        ("whatsapp", ME, ME, "group:7", (), None),
    ),
    "a picture": (
        form("", WA, NumMedia="1", MediaUrl0="https://api.twilio.com/m/1", MediaContentType0="image/jpeg"),
        ("whatsapp", ME, ME, "", ("https://api.twilio.com/m/1",), None),
    ),
    "two pictures and words": (
        form("see", WA, NumMedia="2", MediaUrl0="https://m/1", MediaUrl1="https://m/2"),
        ("whatsapp", ME, ME, "see", ("https://m/1", "https://m/2"), None),
    ),
    "a number of media that is none": (form("hi", WA, NumMedia="many"), ("whatsapp", ME, ME, "hi", (), None)),
    "an empty number of media": (form("hi", WA, NumMedia=""), ("whatsapp", ME, ME, "hi", (), None)),
    "a place": (form("", WA, Latitude="-1.28", Longitude="36.8"), ("whatsapp", ME, ME, "", (), None)),
    "Advanced Opt-Out's stop": (form("arrêt", ME, OptOutType="STOP"), ("sms", ME, ME, "arrêt", (), "out")),
    "Advanced Opt-Out's start": (form("oui", ME, OptOutType="START"), ("sms", ME, ME, "oui", (), "in")),
    "Advanced Opt-Out's help": (form("aide", ME, OptOutType="HELP"), ("sms", ME, ME, "aide", (), None)),
    "stop in a sentence": (form("stop that", ME), ("sms", ME, ME, "stop that", (), None)),
    "a NUL, which no database holds": (form("bal\x00ance\x00", ME), ("sms", ME, ME, "balance", (), None)),
    "a NUL in a button": (form("Yes", WA, ButtonPayload="con\x00firm:1"), ("whatsapp", ME, ME, "confirm:1", (), None)),
    "a NUL in a list": (form("Umoja", WA, ListId="group:\x007"), ("whatsapp", ME, ME, "group:7", (), None)),
    "nothing but a NUL": (form("\x00", ME), ("sms", ME, ME, "", (), None)),
    "stop and a NUL": (form("STOP\x00", ME), ("sms", ME, ME, "STOP", (), "out")),
    "parameters nobody has heard of": (form("hi", ME, Brand="New"), ("sms", ME, ME, "hi", (), None)),
}


@pytest.mark.parametrize("case", PARSED)
def test_what_came_is_understood(case: str) -> None:
    fields, expected = PARSED[case]
    parsed = twilio.parse(multi(fields.items()))
    assert (parsed.provider, parsed.message_id) == ("twilio", fields["MessageSid"])
    assert astuple(parsed)[2:] == expected


OUT_ON_BOTH = ["STOP", "stop", " Stop. ", "STOP!", "stopall", "unsubscribe", "optout"]
OUT_ON_SMS = ["cancel", "end", "quit", "revoke"]


@pytest.mark.parametrize("word", OUT_ON_BOTH + OUT_ON_SMS)
def test_opting_out_on_sms_is_what_twilio_takes_for_it(word: str) -> None:
    assert twilio.parse(multi(form(word, ME).items())).opt == "out"


@pytest.mark.parametrize("word", OUT_ON_BOTH)
def test_opting_out_on_whatsapp_takes_a_plain_word(word: str) -> None:
    assert twilio.parse(multi(form(word, WA).items())).opt == "out"


@pytest.mark.parametrize("word", [*OUT_ON_SMS, "yes"])
def test_words_of_daily_life_opt_nobody_out_or_in_on_whatsapp(word: str) -> None:
    assert twilio.parse(multi(form(word, WA).items())).opt is None


@pytest.mark.parametrize(("sender", "words"), [(ME, ["start", "yes", "UNSTOP"]), (WA, ["start", "Unstop"])])
def test_coming_back_has_its_words(sender: str, words: list[str]) -> None:
    assert {twilio.parse(multi(form(word, sender).items())).opt for word in words} == {"in"}


@pytest.mark.parametrize("missing", ["From", "MessageSid"])
def test_a_form_without_sender_or_id_is_unreadable(missing: str) -> None:
    fields = {key: value for key, value in form("hi").items() if key not in (missing, "SmsMessageSid")}
    with pytest.raises(UnreadableMessage):
        twilio.parse(multi(fields.items()))


def test_the_older_name_of_the_id_does_too() -> None:
    fields = form("hi")
    sid = fields.pop("MessageSid")
    assert twilio.parse(multi(fields.items())).message_id == sid


@given(fields=st.dictionaries(st.sampled_from(sorted(form())), st.text(max_size=20)))
def test_no_form_is_an_error_but_an_unreadable_one(fields: dict[str, str]) -> None:
    try:
        parsed = twilio.parse(multi(fields.items()))
    except UnreadableMessage:
        assert not fields.get("From") or not (fields.get("MessageSid") or fields.get("SmsMessageSid"))
    else:
        assert parsed.channel in ("sms", "whatsapp")
        assert "\x00" not in parsed.text


# The answer


def message_of(answer: Answer) -> ElementTree.Element:
    return ElementTree.fromstring(twilio.twiml(answer))


def test_an_answer_is_one_message_with_its_pictures() -> None:
    response = message_of(Answer("Hello", media=("https://m/1.png", "https://m/2.png")))
    assert [child.tag for child in response] == ["Message"]
    assert [(child.tag, child.text) for child in response[0]] == [
        ("Body", "Hello"),
        ("Media", "https://m/1.png"),
        ("Media", "https://m/2.png"),
    ]


def test_nothing_to_say_is_an_empty_response() -> None:
    response = message_of(Answer(""))
    assert (response.tag, len(response)) == ("Response", 0)


@pytest.mark.parametrize(
    "text",
    [
        "<Play>https://evil.example</Play>",
        "a & b < c > d",
        "]]>",
        "\"quotes\" and 'these'",
        "line\nline",
        "Ọjọ́ ₦5,000 😀",
    ],
)
def test_words_stay_words_whatever_is_in_them(text: str) -> None:
    response = message_of(Answer(text))
    assert [child.tag for child in response[0]] == ["Body"]
    assert response[0][0].text == text


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1))
def test_any_text_comes_out_as_it_went_in(text: str) -> None:
    text = text.replace("\ufffe", "").replace("\uffff", "") or "x"
    assert message_of(Answer(text))[0][0].text == text


def test_the_answer_is_the_same_bytes_for_the_same_answer() -> None:
    answer = Answer("Hello & welcome", media=("https://m/1.png",))
    assert twilio.twiml(answer) == twilio.twiml(answer)
    assert json.dumps(twilio.twiml(answer)).isascii()
