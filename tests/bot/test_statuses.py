"""Status callbacks come late, twice and in any order; what is known about a message only ever grows."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot import delivery
from bot.channels.twilio import STATUSES
from bot.models import ChannelIdentity, Notification
from core import db
from core.outbox import OutboxRow, TryAgain
from ledger.models import User
from tests.bot.actors import AT, a_message, a_reader, committed, log_of, messages_to, new_phone
from tests.bot.speech import new_sid, taken
from tests.payments.servers import Heard, Reply, ScriptedServer, hang


def a_sent_message(session: db.Session, channel: str = "sms") -> Notification:
    """A message that Twilio has taken, in a transaction that is rolled back."""
    phone, sid = new_phone(), new_sid()
    user = User(phone=phone, name="Ama")
    session.add(user)
    session.flush()
    session.add(ChannelIdentity(user_id=user.id, channel=channel, address=phone, last_inbound_at=AT))
    message = Notification(
        user_id=user.id,
        channel=channel,
        address=phone,
        kind="receipt",
        body="Receipt",
        dedupe_key=sid,
        provider_message_id=sid,
        status="sent",
        rank=3,
        created_at=AT,
        sending_at=AT,
        sent_at=AT,
    )
    session.add(message)
    session.flush()
    return message


def told(session: db.Session, message: Notification, status: str, error_code: str = "") -> tuple[str, int]:
    delivery.status_changed(session, message.id, status, error_code, message.provider_message_id or "")
    session.flush()
    return message.status, message.rank


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=st.lists(st.sampled_from(sorted(STATUSES)), max_size=8))
@example(story=["read", "delivered", "sent", "queued"])
@example(story=["delivered", "undelivered", "failed", "read"])
@example(story=["failed", "sent", "delivered"])
def test_in_whatever_order_they_come_nothing_goes_back(session: db.Session, story: list[str]) -> None:
    message = a_sent_message(session)
    ranks = [3] + [told(session, message, status)[1] for status in story]
    assert all(before <= after for before, after in pairwise(ranks))
    assert ranks[-1] == max([3, *(STATUSES[status][1] for status in story)])
    furthest = {ours for ours, rank in STATUSES.values() if rank == ranks[-1]}
    assert message.status in furthest


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(["queued", "sending", "sent", "delivered", "read"]))
def test_the_same_five_in_any_order_end_as_read(session: db.Session, order: list[str]) -> None:
    message = a_sent_message(session, "whatsapp")
    for status in [*order, *order]:
        told(session, message, status)
    assert (message.status, message.rank) == ("read", 5)
    assert message.delivered_at is not None


def test_an_unknown_status_or_message_is_ignored(session: db.Session) -> None:
    message = a_sent_message(session)
    for status in ("", "vanished", "DELIVERED", "receiving"):
        assert told(session, message, status) == ("sent", 3)
    delivery.status_changed(session, 10**9, "delivered", "", "SM1")


def test_the_moment_of_delivery_is_the_first_that_was_told(session: db.Session) -> None:
    message = a_sent_message(session)
    told(session, message, "delivered")
    first = message.delivered_at
    told(session, message, "read")
    assert message.delivered_at == first


def test_a_failure_keeps_its_first_code(session: db.Session) -> None:
    message = a_sent_message(session)
    told(session, message, "undelivered", "30005")
    told(session, message, "failed", "30006")
    assert (message.status, message.error_code) == ("failed", "30005")


def test_a_failure_on_whatsapp_that_is_told_later_is_carried_on_by_sms(twilio_server: ScriptedServer) -> None:
    reader = a_reader("whatsapp")
    message = a_message(reader)
    delivery.deliver(message)
    sid = log_of(message).provider_message_id or ""
    for _ in range(2):
        committed(lambda session: delivery.status_changed(session, message, "undelivered", "63024", sid))
    assert [(found.channel, found.status) for found in messages_to(reader)] == [
        ("whatsapp", "failed"),
        ("sms", "queued"),
    ]


@pytest.mark.parametrize("story", [["read", "failed"], ["delivered", "undelivered"], ["read", "undelivered"]])
def test_a_failure_that_is_told_after_the_delivery_is_old_news(session: db.Session, story: list[str]) -> None:
    message = a_sent_message(session, "whatsapp")
    told(session, message, story[0])
    before = (message.status, message.rank)
    assert told(session, message, story[1], "63024") == before
    assert message.error_code is None
    others = select(Notification).where(Notification.user_id == message.user_id, Notification.id != message.id)
    assert session.scalars(others).all() == []


@pytest.mark.parametrize("code", ["30003", "30008", "63018"])
def test_a_passing_failure_that_is_told_later_is_tried_once_more_after_a_while(
    twilio_server: ScriptedServer, code: str
) -> None:
    reader = a_reader()
    message = a_message(reader)
    delivery.deliver(message)
    fail(message, code)
    first, again = messages_to(reader)
    assert (first.status, first.error_code, again.status, again.body) == ("failed", code, "queued", first.body)
    with db.session() as session:
        row = session.scalars(select(OutboxRow).where(OutboxRow.dedupe_key == f"deliver:{again.id}")).one()
        assert row.next_attempt_at - row.created_at >= timedelta(minutes=10)
    delivery.deliver(again.id)
    fail(again.id, code)
    assert [found.status for found in messages_to(reader)] == ["failed", "failed"]


def fail(message: int, code: str) -> None:
    sid = log_of(message).provider_message_id or ""
    committed(lambda session: delivery.status_changed(session, message, "undelivered", code, sid))


def test_a_callback_about_a_send_that_nobody_knew_settles_it(twilio_server: ScriptedServer) -> None:
    message, sid = a_message(a_reader()), new_sid()
    twilio_server.answers(hang)
    with pytest.raises(TryAgain):
        delivery.deliver(message)
    committed(lambda session: delivery.status_changed(session, message, "sent", "", sid))
    twilio_server.answers(taken)
    delivery.deliver(message)
    assert [heard.method for heard in twilio_server.heard] == ["POST"]
    assert (log_of(message).status, log_of(message).provider_message_id) == ("sent", sid)


@pytest.mark.parametrize("first", ["queued", "sent", "delivered"])
def test_a_callback_may_come_before_the_answer_to_the_call(twilio_server: ScriptedServer, first: str) -> None:
    message, sid = a_message(a_reader()), new_sid()

    def answer(heard: Heard) -> Reply:
        committed(lambda session: delivery.status_changed(session, message, first, "", sid))
        return Reply({"sid": sid}, 201)

    twilio_server.answers(answer)
    delivery.deliver(message)
    log = log_of(message)
    assert (log.status, log.provider_message_id) == ("delivered" if first == "delivered" else "sent", sid)
    delivery.deliver(message)
    assert len(twilio_server.heard) == 1
