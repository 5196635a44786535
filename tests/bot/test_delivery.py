"""The way of a queued message: sent once whatever happens, on the channel that still works, or not at all."""

import logging
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from bot import delivery, dialogue, jobs, outgoing
from bot.commands.creating import join_link
from bot.models import ChannelIdentity, Notification
from core import clock, db
from core.outbox import OutboxRow, TryAgain
from core.settings import settings
from ledger.models import Group, User
from tests.bot.actors import (
    Reader,
    Talker,
    a_message,
    a_reader,
    also_on,
    committed,
    identity_of,
    log_of,
    messages_to,
    plain,
    work,
)
from tests.bot.speech import listed, listing, new_sid, refused, taken
from tests.conftest import settings_of
from tests.payments.actors import a_saver
from tests.payments.conftest import MovableClock
from tests.payments.servers import Heard, Reply, ScriptedServer, hang, nobody, reset

SID = "SM" + "a" * 32


def sends(server: ScriptedServer) -> list[dict[str, str]]:
    """What Twilio was asked to send."""
    return [heard.form for heard in server.heard if heard.method == "POST"]


def questions(server: ScriptedServer) -> int:
    return sum(heard.method == "GET" for heard in server.heard)


def test_a_message_is_sent_once_and_its_id_is_kept(twilio_server: ScriptedServer) -> None:
    reader = a_reader()
    message = a_message(reader)
    for _ in range(3):
        delivery.deliver(message)
    (sent,) = sends(twilio_server)
    assert (sent["To"], sent["Body"]) == (reader.address, "Thank you, Ama.")
    assert sent["StatusCallback"] == f"http://localhost:8000/webhooks/twilio/status?n={message}"
    log = log_of(message)
    assert (log.status, log.rank, log.error_code) == ("sent", 3, None)
    assert log.provider_message_id and log.sent_at and log.delivered_at is None


def test_the_job_of_the_outbox_sends_and_is_done(twilio_server: ScriptedServer) -> None:
    message = a_message(a_reader())
    with db.session() as session:
        row = session.scalars(select(OutboxRow)).one()
    assert (row.kind, row.payload, row.dedupe_key) == ("bot.deliver", {"notification": message}, f"deliver:{message}")
    for _ in range(2):
        jobs.deliver(row.id)
    with db.session() as session:
        assert session.get_one(OutboxRow, row.id).state == "done"
    assert len(sends(twilio_server)) == 1


# How the send ends


def test_what_never_left_is_sent_again_without_asking(twilio_server: ScriptedServer) -> None:
    message = a_message(a_reader())
    with settings_of(**database_of(twilio_server) | {"TWILIO_BASE_URL": nobody()}):
        with pytest.raises(TryAgain):
            delivery.deliver(message)
        assert (log_of(message).status, log_of(message).sending_at) == ("queued", None)
        db.engine().dispose()
    delivery.deliver(message)
    assert len(sends(twilio_server)) == 1 and questions(twilio_server) == 0
    assert log_of(message).status == "sent"


@pytest.mark.parametrize("trouble", [hang, reset, Reply("", 500), refused(20503, 503)])
def test_when_nobody_knows_twilio_is_asked_before_it_is_sent_again(
    twilio_server: ScriptedServer, trouble: object
) -> None:
    message = a_message(a_reader())
    twilio_server.answers(trouble)  # type: ignore[arg-type]
    with pytest.raises(TryAgain):
        delivery.deliver(message)
    assert log_of(message).status == "sending"
    twilio_server.answers(taken)
    delivery.deliver(message)
    assert [heard.method for heard in twilio_server.heard] == ["POST", "GET", "POST"]
    assert log_of(message).status == "sent"


def test_what_arrived_although_nobody_knew_is_not_sent_again(twilio_server: ScriptedServer) -> None:
    message = a_message(a_reader())
    twilio_server.answers(hang)
    with pytest.raises(TryAgain):
        delivery.deliver(message)
    twilio_server.answers(listing(listed(SID, "Thank you, Ama.", clock.now())))
    delivery.deliver(message)
    assert len(sends(twilio_server)) == 1
    log = log_of(message)
    assert (log.status, log.provider_message_id) == ("sent", SID)


@pytest.mark.parametrize("arrived", [True, False])
def test_a_worker_that_died_while_sending_leaves_a_message_that_is_asked_about(
    twilio_server: ScriptedServer, arrived: bool
) -> None:
    message = a_message(a_reader())
    committed(lambda session: session.execute(update(Notification).values(status="sending", sending_at=clock.now())))
    if arrived:
        twilio_server.answers(listing(listed(SID, "Thank you, Ama.", clock.now())))
    delivery.deliver(message)
    assert questions(twilio_server) == 1
    assert len(sends(twilio_server)) == (0 if arrived else 1)
    assert log_of(message).status == "sent"


@pytest.mark.parametrize("trouble", [hang, reset, Reply("", 500), refused(20003, 401), Reply("<html>")])
def test_without_an_answer_to_the_question_nothing_is_sent(twilio_server: ScriptedServer, trouble: object) -> None:
    message = a_message(a_reader())
    committed(lambda session: session.execute(update(Notification).values(status="sending", sending_at=clock.now())))
    twilio_server.answers(trouble)  # type: ignore[arg-type]
    for _ in range(2):
        with pytest.raises(TryAgain):
            delivery.deliver(message)
    assert sends(twilio_server) == []
    assert log_of(message).status == "sending"


def test_the_same_words_sent_before_are_not_taken_for_this_message(twilio_server: ScriptedServer) -> None:
    reader = a_reader()
    first, second = a_message(reader), a_message(reader)
    delivery.deliver(first)
    sent = log_of(first).provider_message_id or ""
    committed(
        lambda session: session.execute(
            update(Notification).where(Notification.id == second).values(status="sending", sending_at=clock.now())
        )
    )
    twilio_server.answers(listing(listed(sent, "Thank you, Ama.", clock.now())), taken)
    delivery.deliver(second)
    assert len(sends(twilio_server)) == 2
    assert log_of(second).provider_message_id not in (None, sent)


# What a refusal means


@pytest.mark.parametrize("code", [20429, 30001, 63018, 63038, 21611])
def test_a_passing_refusal_is_tried_again_as_it_was(twilio_server: ScriptedServer, code: int) -> None:
    message = a_message(a_reader())
    twilio_server.answers(refused(code, 429 if code == 20429 else 400), taken)
    with pytest.raises(TryAgain):
        delivery.deliver(message)
    assert (log_of(message).status, log_of(message).error_code) == ("queued", None)
    delivery.deliver(message)
    assert log_of(message).status == "sent"
    assert questions(twilio_server) == 0


@pytest.mark.parametrize("code", [21211, 21614, 30005, 30006, 30007])
def test_a_number_that_cannot_be_reached_is_given_up(twilio_server: ScriptedServer, code: int) -> None:
    reader = a_reader()
    message = a_message(reader)
    twilio_server.answers(refused(code))
    for _ in range(2):
        delivery.deliver(message)
    assert (log_of(message).status, log_of(message).error_code) == ("failed", str(code))
    assert len(messages_to(reader)) == len(twilio_server.heard) == 1


@pytest.mark.parametrize("code", [63016, 63024, 63003, 63032, 63049, 63014])
def test_whom_whatsapp_does_not_reach_gets_the_same_words_by_sms(twilio_server: ScriptedServer, code: int) -> None:
    reader = a_reader("whatsapp")
    message = receipt_to(reader)
    twilio_server.answers(refused(code), taken)
    delivery.deliver(message)
    first, second = messages_to(reader)
    assert (first.status, first.error_code) == ("failed", str(code))
    assert (second.channel, second.address, second.status) == ("sms", reader.address, "queued")
    assert "*" in first.body and second.body == first.body.replace("*", "")
    assert {"notification": second.id} in work("bot.deliver")
    delivery.deliver(second.id)
    assert [sent["To"] for sent in sends(twilio_server)] == [f"whatsapp:{reader.address}", reader.address]
    assert log_of(second.id).status == "sent"


def test_the_sms_instead_is_queued_once_however_often_the_failure_is_told(twilio_server: ScriptedServer) -> None:
    reader = a_reader("whatsapp")
    message = a_message(reader)
    twilio_server.answers(refused(63024))
    delivery.deliver(message)
    for _ in range(3):
        committed(lambda session: delivery.status_changed(session, message, "failed", "63024", SID))
    assert len(messages_to(reader)) == 2


def test_no_sms_goes_to_somebody_who_left_sms_or_has_no_number(twilio_server: ScriptedServer) -> None:
    left, hidden = a_reader("whatsapp"), a_reader("whatsapp", phone=None)
    also_on(left, "sms", timedelta(days=9), opted_out_at=clock.now())
    twilio_server.answers(refused(63024))
    for reader in (left, hidden):
        delivery.deliver(a_message(reader))
        assert [message.status for message in messages_to(reader)] == ["failed"]


def test_an_sms_that_fails_is_not_followed_by_another(twilio_server: ScriptedServer) -> None:
    reader = a_reader("whatsapp")
    message = a_message(reader)
    twilio_server.answers(refused(63024), refused(21614))
    delivery.deliver(message)
    delivery.deliver(messages_to(reader)[1].id)
    assert [found.status for found in messages_to(reader)] == ["failed", "failed"]


def test_whoever_left_at_twilio_has_left_here_too(twilio_server: ScriptedServer) -> None:
    reader = a_reader()
    message = a_message(reader)
    later = a_message(reader)
    twilio_server.answers(refused(21610))
    delivery.deliver(message)
    assert (log_of(message).status, log_of(message).error_code) == ("failed", "21610")
    assert identity_of(reader).opted_out_at is not None
    delivery.deliver(later)
    assert (log_of(later).status, log_of(later).error_code) == ("suppressed", "opted_out")
    assert len(sends(twilio_server)) == 1


@pytest.mark.parametrize("code", [20003, 21606, 21408, 63007, 63013, 21617, 99999])
def test_a_fault_of_the_account_or_a_template_is_the_operators_and_the_message_waits(
    twilio_server: ScriptedServer, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    reader = a_reader()
    message = a_message(reader)
    twilio_server.answers(refused(code, 401 if code == 20003 else 400))
    with pytest.raises(TryAgain):
        delivery.deliver(message)
    assert log_of(message).status == "queued"
    told = [vars(record) for record in caplog.records if record.levelno == logging.ERROR]
    assert [line["error_code"] for line in told] == [str(code)]
    assert reader.address not in str(told)


# Who may be written to


def test_who_left_after_the_message_was_queued_is_left_alone(twilio_server: ScriptedServer) -> None:
    reader = a_reader()
    message = a_message(reader)
    committed(lambda session: session.execute(update(ChannelIdentity).values(opted_out_at=clock.now())))
    delivery.deliver(message)
    assert (log_of(message).status, log_of(message).error_code) == ("suppressed", "opted_out")
    assert twilio_server.heard == []


@pytest.mark.parametrize(("wrote", "within"), [({"hours": 23, "minutes": 59}, True), ({"hours": 24}, False)])
def test_whatsapps_window_is_a_day_and_then_a_template_speaks(
    twilio_server: ScriptedServer, wrote: dict[str, float], within: bool
) -> None:
    message = a_message(a_reader("whatsapp", timedelta(**wrote)))
    with settings_of(TWILIO_CONTENT_SIDS='{"notice": "HXaaa"}', **database_of(twilio_server)):
        delivery.deliver(message)
        db.engine().dispose()
    (sent,) = sends(twilio_server)
    assert ("Body" in sent, sent.get("ContentSid")) == ((True, None) if within else (False, "HXaaa"))
    assert log_of(message).template_sid == (None if within else "HXaaa")


def test_outside_the_window_and_without_a_template_it_goes_by_sms(twilio_server: ScriptedServer) -> None:
    reader = a_reader("whatsapp", timedelta(hours=25))
    delivery.deliver(a_message(reader))
    assert twilio_server.heard == []
    first, second = messages_to(reader)
    assert (first.status, first.error_code, second.channel) == ("suppressed", "63016", "sms")
    delivery.deliver(second.id)
    assert [sent["To"] for sent in sends(twilio_server)] == [reader.address]


def test_the_window_closes_while_a_message_waits(twilio_server: ScriptedServer, movable_clock: MovableClock) -> None:
    reader = a_reader("whatsapp")
    message = a_message(reader)
    movable_clock.forward(hours=23)
    delivery.deliver(message)
    assert log_of(message).status == "suppressed"
    assert [found.channel for found in messages_to(reader)] == ["whatsapp", "sms"]


def test_sms_knows_no_window(twilio_server: ScriptedServer) -> None:
    message = a_message(a_reader("sms", timedelta(days=90)))
    delivery.deliver(message)
    assert log_of(message).status == "sent"


# Who is told, and where


def test_a_member_is_told_where_they_last_wrote(committing: str) -> None:
    reader = a_reader("sms", timedelta(hours=2))
    also_on(reader, "whatsapp", timedelta(hours=1))
    assert log_of(a_message(reader)).channel == "whatsapp"


def test_who_left_one_channel_is_told_on_the_other_and_who_left_all_nowhere(committing: str) -> None:
    reader = a_reader("sms", timedelta(hours=2))
    also_on(reader, "whatsapp", timedelta(hours=1), opted_out_at=clock.now())
    assert log_of(a_message(reader)).channel == "sms"
    gone, silent = a_reader(opted_out_at=clock.now()), a_reader(wrote=None)
    for reader in (gone, silent):
        committed(lambda session, to=reader: notify(session, to, "x"))
        assert messages_to(reader) == []


def test_the_same_news_is_told_once(committing: str) -> None:
    reader = a_reader()
    for _ in range(3):
        committed(lambda session: notify(session, reader, "same"))
    assert len(messages_to(reader)) == len(work("bot.deliver")) == 1


def test_a_message_to_a_feature_phone_is_gsm7_and_its_segments_are_counted(committing: str) -> None:
    reader = a_reader("sms")
    body = log_of(a_message(reader, name="Ṣadé ₦" + "é" * 150)).body
    assert "Sadé NGN" in body
    assert messages_to(reader)[0].segments == 2


def test_an_invited_stranger_gets_one_sms_and_one_who_left_none(committing: str) -> None:
    left = a_reader(opted_out_at=clock.now())
    assert committed(lambda session: invite(session, left.address)) is False
    assert messages_to(left) == []
    for _ in range(2):
        assert committed(lambda session: invite(session, "+254712999999")) is True
    with db.session() as session:
        stranger = session.scalars(select(User).where(User.phone.matches("+254712999999"))).one()
    (invitation,) = messages_to(Reader(stranger.id, "sms", "+254712999999"))
    assert "Ama invites you to save with Umoja" in invitation.body
    assert "Reply: join UMOJA-7K3M9Q" in invitation.body and join_link("UMOJA-7K3M9Q") in invitation.body
    assert invitation.segments == 1
    assert (stranger.country, stranger.name) == ("KE", None)


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_an_invitation_waits_for_nobody_who_is_talking_to_us_at_this_moment(committing: str, channel: str) -> None:
    reader = a_reader(channel)
    with db.session() as talking:
        dialogue.respond(talking, Talker(talking, channel, reader.address).message("menu"), clock.now(), plain)
        with db.session() as inviting:
            group_id = a_saver(inviting).group_id
            inviting.execute(text("SET LOCAL lock_timeout = '1s'"))
            values = {"inviter": "Ama", "group": "Umoja", "code": "UMOJA-7K3M9Q", "link": join_link("UMOJA-7K3M9Q")}
            assert outgoing.invite(inviting, reader.address, values, group_id=group_id, at=clock.now())
            inviting.commit()
        talking.commit()
    assert [message.kind for message in messages_to(reader)] == ["invitation"]


def test_the_inviter_reads_whether_the_invitation_went_out(session: db.Session, ama: Talker) -> None:
    efua = Talker(session).is_known("Efua")
    efua.says("stop", opt="out")
    ama.says(f"invite {efua.phone}").expects(
        f"{efua.phone} takes no messages from us", "pass on the code", "join UMOJA-"
    )
    ama.says("invite 0712 999 999").expects("We sent an invitation to +254712999999")
    invited = session.scalars(select(Notification).where(Notification.kind == "invitation")).one()
    assert invited.address == "+254712999999"


def test_a_callback_that_overtakes_the_answer_of_the_call_is_not_undone_by_it(twilio_server: ScriptedServer) -> None:
    message = a_message(a_reader())
    sid = new_sid()

    def answer(heard: Heard) -> Reply:
        committed(lambda session: delivery.status_changed(session, message, "delivered", "", sid))
        return Reply({"sid": sid}, 201)

    twilio_server.answers(answer)
    delivery.deliver(message)
    log = log_of(message)
    assert (log.status, log.rank, log.provider_message_id) == ("delivered", 4, sid)
    assert log.sent_at and log.delivered_at


def receipt_to(reader: Reader) -> int:
    values = {
        "number": "R-1",
        "seal": "9F3A-22C1",
        "amount": "KES 500",
        "group": "Umoja",
        "own": "KES 500",
        "total": "KES 500",
        "name": "Ama",
    }
    committed(
        lambda session: outgoing.notify(
            session, reader.user_id, "receipt", values, group_id=None, dedupe_key="receipt:1", at=clock.now()
        )
    )
    return messages_to(reader)[0].id


def notify(session: db.Session, reader: Reader, key: str) -> None:
    outgoing.notify(session, reader.user_id, "thanks", {}, group_id=None, dedupe_key=key, at=clock.now())


def invite(session: db.Session, number: str) -> bool:
    values = {"inviter": "Ama", "group": "Umoja", "code": "UMOJA-7K3M9Q", "link": join_link("UMOJA-7K3M9Q")}
    group_id = session.scalar(select(Group.id)) or a_saver(session).group_id
    return outgoing.invite(session, number, values, group_id=group_id, at=clock.now())


def database_of(server: ScriptedServer) -> dict[str, str]:
    """The settings that a test inside of `settings_of` wants to keep."""
    kept = settings()
    return {
        "DATABASE_URL": kept.database_url,
        "REDIS_URL": kept.redis_url,
        "CLOCK_FILE": str(kept.clock_file),
        "TWILIO_BASE_URL": server.url,
    }
