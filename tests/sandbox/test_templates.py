"""Message templates: made by the Content API of the SDK, shown on phones, tapped by members."""

import json
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client
from twilio.rest.content.v1.content import ContentList

from sandbox.config import SandboxConfig
from tests.sandbox.actors import Driver
from tests.sandbox.product import RecordingProduct

AMA = "+254712345678"


def made(twilio: Client, types: dict[str, Any], variables: dict[str, str] | None = None) -> str:
    request = ContentList.ContentCreateRequest(
        {
            "friendly_name": "vote",
            "language": "en",
            "variables": variables or {},
            "types": ContentList.Types(types),
        }
    )
    return str(twilio.content.v1.contents.create(request).sid)


def quick_reply(*titles: str) -> dict[str, Any]:
    actions = [
        ContentList.QuickReplyAction({"type": "QUICK_REPLY", "title": title, "id": f"id-{title}"}) for title in titles
    ]
    return {
        "twilio/quick-reply": ContentList.TwilioQuickReply({"body": "Pay {{1}} to {{2}}?", "actions": actions}),
        "twilio/text": ContentList.TwilioText({"body": "Pay {{1}} to {{2}}? Reply 1 or 2."}),
    }


def sent(twilio: Client, config: SandboxConfig, sid: str, to: str, **variables: str) -> None:
    whatsapp = to.startswith("whatsapp:")
    twilio.messages.create(
        to=to,
        from_=f"whatsapp:{config.twilio_whatsapp_number}" if whatsapp else config.twilio_sms_number,
        content_sid=sid,
        content_variables=json.dumps({key.lstrip("_"): value for key, value in variables.items()}),
    )


def test_a_quick_reply_is_shown_and_tapped(
    twilio: Client, driver: Driver, product: RecordingProduct, config: SandboxConfig
) -> None:
    sid = made(twilio, quick_reply("Yes", "No"), {"1": "KES 1", "2": "nobody"})
    # The window of 24 hours never opened, and a template comes through all the same.
    sent(twilio, config, sid, f"whatsapp:{AMA}", _1="KES 5,000", _2="Ama")
    [message] = driver.inbox(AMA)
    assert message["text"] == "Pay KES 5,000 to Ama?"
    assert [(button["id"], button["title"]) for button in message["buttons"]] == [("id-Yes", "Yes"), ("id-No", "No")]
    driver.sends(AMA, channel="whatsapp", button="id-Yes")
    form = product.of("/webhooks/twilio/messages")[0].form
    assert (form["ButtonPayload"], form["ButtonText"], form["Body"]) == ("id-Yes", "Yes", "Yes")
    assert form["OriginalRepliedMessageSid"] == message["sid"]


def test_an_sms_gets_the_plain_text_of_a_template(twilio: Client, driver: Driver, config: SandboxConfig) -> None:
    sent(twilio, config, made(twilio, quick_reply("Yes"), {"1": "KES 1", "2": "Kofi"}), AMA, _1="KES 2")
    [message] = driver.inbox(AMA)
    assert (message["text"], message["buttons"]) == ("Pay KES 2 to Kofi? Reply 1 or 2.", [])


def test_a_list_is_picked_from(
    twilio: Client, driver: Driver, product: RecordingProduct, config: SandboxConfig
) -> None:
    items = [ContentList.ListItem({"item": f"Group {n}", "id": f"g{n}", "description": "3 members"}) for n in (1, 2)]
    picker = ContentList.TwilioListPicker({"body": "Which group?", "button": "Choose", "items": items})
    sent(twilio, config, made(twilio, {"twilio/list-picker": picker}), f"whatsapp:{AMA}")
    driver.sends(AMA, channel="whatsapp", button="g2")
    form = product.of("/webhooks/twilio/messages")[0].form
    assert (form["ListId"], form["ListTitle"], form["MessageType"]) == ("g2", "Group 2", "interactive")


def test_more_than_three_buttons_need_an_approval(twilio: Client, driver: Driver, config: SandboxConfig) -> None:
    sid = made(twilio, quick_reply("A", "B", "C", "D"))
    sent(twilio, config, sid, f"whatsapp:{AMA}")
    assert driver.inbox(AMA) == []
    assert twilio.content.v1.contents(sid).approval_fetch().fetch().whatsapp["status"] == "unsubmitted"
    request = {"name": "vote", "category": "UTILITY"}
    create = twilio.content.v1.contents(sid).approval_create
    approved = create.create(type(create).ContentApprovalRequest(request))
    assert approved.status == "approved"
    sent(twilio, config, sid, f"whatsapp:{AMA}")
    assert len(driver.inbox(AMA)[0]["buttons"]) == 4


TURNED_DOWN: list[dict[str, Any]] = [
    {},
    quick_reply("A title of more than 20 characters"),
    quick_reply(*"ABCDEFGHIJK"),
    {"twilio/text": ContentList.TwilioText({"body": "x" * 1601})},
    {"twilio/list-picker": ContentList.TwilioListPicker({"body": "Which?", "button": "Go", "items": []})},
]


def test_a_template_over_a_limit_is_turned_down(twilio: Client) -> None:
    for types in TURNED_DOWN:
        with pytest.raises(TwilioRestException) as caught:
            made(twilio, types)
        assert caught.value.status == 400


def test_wrong_variables_are_21656(twilio: Client, config: SandboxConfig) -> None:
    sid = made(twilio, quick_reply("Yes"))
    with pytest.raises(TwilioRestException) as caught:
        twilio.messages.create(to=AMA, from_=config.twilio_sms_number, content_sid=sid, content_variables="[1]")
    assert caught.value.code == 21656


def test_templates_are_listed_fetched_and_deleted(twilio: Client) -> None:
    sids = {made(twilio, quick_reply("Yes")) for _ in range(3)}
    assert {content.sid for content in twilio.content.v1.contents.list(page_size=2)} == sids
    sid = sids.pop()
    assert twilio.content.v1.contents(sid).fetch().friendly_name == "vote"
    assert twilio.content.v1.contents(sid).delete()
    with pytest.raises(TwilioRestException) as caught:
        twilio.content.v1.contents(sid).fetch()
    assert caught.value.status == 404
