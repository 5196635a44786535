"""Papers: made once from the book, stored for good, fetched while their link lives, held against the book for ever."""

import io
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import select, text

from bot import announcing, issuing, orders, weekly
from bot.models import Document, Notification
from core import clock, db
from core.errors import StorageUnavailable
from core.money import Money
from core.outbox import OutboxRow
from ledger import legs, reversals, seals
from ledger.models import Transaction
from ledger.postings import Movement, record
from tests.bot.actors import Talker, committed
from tests.bot.test_proving import brings_cash, group_of, saves
from tests.conftest import settings_of
from tests.ledger.actors import CAUSE, as_owner
from tests.payments.conftest import MovableClock
from tests.payments.web import client

SHILLINGS = 100
# As many movements as a paper holds, beside the one that is there.
MANY = text("""
    SELECT count(*) FROM generate_series(1, 3000) n, record_transaction(:group, :user, 'cash_in', 'KES', 100, 'n' || n,
        NULL, NULL, NULL, NULL, now(), :user, 'sms', NULL,
        '{cash,savings}', ARRAY[0, :user], '{box,""}', '{-100,100}')""")


@pytest.fixture
def ama(committing: str) -> Iterator[Talker]:
    """Ama on WhatsApp, who has founded Umoja and saved KES 5,000; all of it committed."""
    with db.session() as session:
        talker = Talker(session, channel="whatsapp", at=clock.now() - timedelta(hours=1)).is_known("Ama")
        talker.founds("Umoja")
        saves(talker, 5_000 * SHILLINGS)
        session.commit()
    with db.session() as session:
        talker.session = session
        yield talker


@pytest.fixture
def ticking(committing: str, redis_url: str, movable_clock: MovableClock) -> Iterator[MovableClock]:
    """A clock that can be moved, in front of which commits are real."""
    with settings_of(DATABASE_URL=committing, REDIS_URL=redis_url, CLOCK_FILE=str(movable_clock.path)):
        yield movable_clock
        db.engine().dispose()


@pytest.fixture
def away(committing: str, redis_url: str, tmp_path: Path) -> Iterator[None]:
    """A storage that nobody can write to or read from."""
    (tmp_path / "file").write_text("")
    with settings_of(DATABASE_URL=committing, REDIS_URL=redis_url, STORAGE_URL=f"file://{tmp_path}/file/below"):
        yield
        db.engine().dispose()


def asks(talker: Talker, words: str) -> list[dict[str, object]]:
    """The orders for papers that these words led to."""
    talker.says(words)
    found = list(talker.session.scalars(select(OutboxRow.payload).where(OutboxRow.kind == "bot.issue")))
    talker.session.commit()
    return found


def messages_of(talker: Talker, kind: str) -> list[Notification]:
    """What was queued for somebody, of one kind."""
    with db.session() as session:
        reader = Talker(session, channel=talker.channel, phone=talker.phone, address=talker.address).row()
        found = select(Notification).where(Notification.user_id == reader.id, Notification.kind == kind)
        return list(session.scalars(found.order_by(Notification.id)))


def paper_text(data: bytes) -> str:
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages).replace("\u00a0", " ")


def only_document() -> Document:
    with db.session() as session:
        return session.scalars(select(Document)).one()


def test_a_statement_is_made_stored_and_sent_as_a_link(ama: Talker, web: FlaskClient) -> None:
    order, _ = asks(ama, "statement group")
    issuing.issue(order)
    document = only_document()
    [message] = messages_of(ama, "statement-paper")
    assert message.media_url == orders.link(str(order["token"]), "statement")
    assert "the statement of the whole group" in message.body
    answer = web.get(f"/d/{document.token}/statement.pdf")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert "no-store" in answer.headers["Cache-Control"]
    said = paper_text(answer.data)
    for words in ("Umoja", "R-1", "Ama", "5,000", "Statement of the whole group"):
        assert words in said
    with db.session() as session:
        assert seals.head(session, document.group_id).short in said


def test_a_job_that_runs_twice_makes_and_sends_one_paper(ama: Talker) -> None:
    order, _ = asks(ama, "statement")
    for _ in range(2):
        issuing.issue(order)
    only_document()
    assert len(messages_of(ama, "statement-paper")) == 1


def test_money_that_comes_while_a_paper_is_made_is_not_half_in_it(ama: Talker, web: FlaskClient) -> None:
    order, _ = asks(ama, "statement group")
    with db.snapshot() as moment:
        sealed = seals.head(moment, group_of(ama).id)
        saves(ama, 300 * SHILLINGS)
        ama.session.commit()
        paper = issuing.make(moment, order, clock.now())
    assert paper.seal == sealed
    assert paper.facts["amount"] == "KES 5,000"
    said = paper_text(paper.data)
    assert "R-2" not in said
    assert "300" not in said.split("Seal")[0]


def test_a_paper_is_made_of_one_moment(ama: Talker) -> None:
    with db.snapshot() as session:
        assert session.scalar(text("SHOW transaction_isolation")) == "repeatable read"
        assert session.scalar(text("SHOW transaction_read_only")) == "on"


def test_a_statement_that_does_not_fit_is_refused_with_what_to_ask_for(ama: Talker) -> None:
    values = {"group": group_of(ama).id, "user": ama.row().id}
    ama.session.execute(MANY, values)
    ama.session.commit()
    order, _ = asks(ama, "statement")
    for _ in range(2):
        issuing.issue(order)
    [message] = messages_of(ama, "paper-too-long")
    assert "statement october" in message.body
    with db.session() as session:
        assert session.scalars(select(Document)).all() == []


def test_a_job_that_was_killed_before_it_committed_stores_the_same_paper_again(ama: Talker) -> None:
    order, _ = asks(ama, "statement")
    issuing.issue(order)
    first = only_document().storage_key

    def forget(session: db.Session) -> None:
        as_owner(session)
        session.execute(text("DELETE FROM documents"))

    committed(forget)
    issuing.issue(order)
    assert only_document().storage_key == first


def test_the_picture_is_a_png(ama: Talker, web: FlaskClient) -> None:
    _, order = asks(ama, "statement")
    issuing.issue(order)
    answer = web.get(f"/d/{only_document().token}/chart.png")
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.data.startswith(b"\x89PNG")


def test_a_receipt_says_what_it_is_for_and_whether_it_still_counts(ama: Talker, web: FlaskClient) -> None:
    brings_cash(ama, 200 * SHILLINGS)
    ama.session.commit()
    with db.session() as session:
        transaction = session.scalars(select(Transaction).where(Transaction.kind == "cash_in")).one()
        reversals.undo(session, transaction, "wrong member", clock.now(), CAUSE)
        session.commit()
    [order] = asks(ama, "receipt 2")
    issuing.issue(order)
    said = paper_text(web.get(f"/d/{only_document().token}/receipt.pdf").data)
    for words in ("Receipt", "R-2", "KES 200", "Cash received", "Ama", "reversed by R-3"):
        assert words in said


def test_a_link_runs_out_and_the_verify_page_does_not(ama: Talker, web: FlaskClient) -> None:
    order, _ = asks(ama, "statement")
    issuing.issue(order)
    token = only_document().token
    committed(lambda session: session.execute(text("UPDATE documents SET expires_at = now()")))
    answer = web.get(f"/d/{token}/statement.pdf")
    assert answer.status_code == 410
    assert "To get a new one" in answer.text
    assert web.get(f"/v/{token}").status_code == 200


@pytest.mark.parametrize("path", ["/d/unknown/statement.pdf", "/d/unknown/x", "/v/unknown", "/v/" + "x" * 500])
def test_an_unknown_address_is_a_page_for_people(web: FlaskClient, path: str) -> None:
    answer = web.get(path)
    assert answer.status_code == 404
    assert "We do not know this paper" in answer.text


def test_a_paper_is_not_given_out_under_another_ending(ama: Talker, web: FlaskClient) -> None:
    order, _ = asks(ama, "statement")
    issuing.issue(order)
    assert web.get(f"/d/{only_document().token}/statement.png").status_code == 404


def test_the_verify_page_repeats_the_paper_and_says_that_the_book_stands(ama: Talker, web: FlaskClient) -> None:
    order, _ = asks(ama, "statement")
    issuing.issue(order)
    saves(ama, 100 * SHILLINGS)
    ama.session.commit()
    document = only_document()
    page = web.get(f"/v/{document.token}")
    assert len(page.data) < 15_000
    for words in ("The book stands", "Umoja", "Ama", "KES 5,000", bytes(document.seal).hex()):
        assert words in page.text


def test_the_verify_page_warns_when_the_book_was_changed(ama: Talker, web: FlaskClient) -> None:
    order, _ = asks(ama, "statement")
    issuing.issue(order)

    def tamper(session: db.Session) -> None:
        as_owner(session)
        session.execute(text("ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only"))
        session.execute(text("UPDATE audit_log SET channel = 'x' WHERE seq = 1"))

    committed(tamper)
    assert "does not match" in web.get(f"/v/{only_document().token}").text


def test_the_facts_of_a_paper_lie_sealed(ama: Talker) -> None:
    order, _ = asks(ama, "statement")
    issuing.issue(order)
    with db.session() as session:
        kept = bytes(session.execute(text("SELECT facts_sealed FROM documents")).scalar_one())
    assert b"Ama" not in kept
    assert "Ama" in only_document().facts


def test_a_storage_that_is_away_leaves_the_order_for_later(ama: Talker, away: None) -> None:
    order, _ = asks(ama, "statement")
    with pytest.raises(StorageUnavailable):
        issuing.issue(order)
    with db.session() as session:
        assert session.scalars(select(Document)).all() == []
    assert messages_of(ama, "statement-paper") == []


def test_a_paper_that_cannot_be_fetched_now_is_asked_for_again(ama: Talker, away: None) -> None:
    with db.session() as session:
        document = Document(
            token="t" * 22, group_id=group_of(ama).id, user_id=ama.row().id, kind="statement", facts="{}",
            storage_key="groups/1/x.pdf", seal=b"x" * 32, seal_line=1, created_at=clock.now(),
            expires_at=clock.now() + timedelta(days=1),
        )  # fmt: skip
        session.add(document)
        session.commit()
    with client() as browser:
        answer = browser.get(f"/d/{'t' * 22}/statement.pdf")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")


def test_a_paper_whose_file_is_gone_is_an_alarm_and_no_stack_trace_for_the_member(
    ama: Talker, web: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    order, _ = asks(ama, "statement")
    issuing.issue(order)
    document = only_document()

    def lose(session: db.Session) -> None:
        session.execute(text("UPDATE documents SET storage_key = 'groups/0/lost.pdf'"))

    committed(lose)
    answer = web.get(f"/d/{document.token}/statement.pdf")
    assert answer.status_code == 503
    assert "cannot be fetched at the moment" in answer.text
    assert [record.detail for record in caplog.records if record.message == "a paper cannot be fetched"] == [
        "storage_missing"
    ]


# The weekly note


def test_on_sunday_evening_every_member_gets_the_seal_once(ticking: MovableClock, ama: Talker) -> None:
    with db.session() as session:
        group = group_of(ama)
        baraka = Talker(session, at=clock.now()).is_known("Baraka").says(f"join {group.code}")
        session.commit()
    assert weekly.sweep() == 0 or clock.now().isoweekday() == 7
    _to_sunday(ticking, hour_in_nairobi=18)
    assert weekly.sweep() == 1
    assert weekly.sweep() == 0
    with db.session() as session:
        payload = session.scalars(select(OutboxRow.payload).where(OutboxRow.kind == "bot.weekly_seal")).one()
        for _ in range(2):
            announcing.weekly_seal(session, payload["group"], payload["week"], clock.now())
        session.commit()
        seal = seals.head(session, group.id).short
    for member in (ama, baraka):
        [message] = messages_of(member, "weekly-seal")
        assert seal in message.body
        assert "Keep this message" in message.body


def test_a_group_in_which_nothing_happened_is_left_in_peace(ticking: MovableClock, ama: Talker) -> None:
    ticking.forward(days=30)
    _to_sunday(ticking, hour_in_nairobi=18)
    assert weekly.sweep() == 0


def test_reversals_are_told_to_everybody_but_the_officer(ama: Talker) -> None:
    with db.session() as session:
        group = group_of(ama)
        baraka = Talker(session, at=clock.now()).is_known("Baraka").says(f"join {group.code}")
        movement = Movement(
            group.id,
            "cash_in",
            Money(200 * SHILLINGS, "KES"),
            legs.cash_in(baraka.row().id, 20_000),
            "c",
            baraka.row().id,
        )
        record(session, movement, clock.now(), CAUSE)
        session.commit()
    ama.says("reverse R-2 wrong member")
    ama.says("1").expects("R-2 is reversed by R-3")
    ama.session.commit()
    with db.session() as session:
        payload = session.scalars(select(OutboxRow.payload).where(OutboxRow.kind == "bot.reversed")).one()
        announcing.reversed_by_officer(session, payload["transaction"], payload["receipt"], clock.now())
        session.commit()
    [message] = messages_of(baraka, "reversed-note")
    for words in ("Ama reversed receipt R-2 of Baraka", "KES 200", "wrong member"):
        assert words in message.body
    assert messages_of(ama, "reversed-note") == []


def _to_sunday(ticking: MovableClock, hour_in_nairobi: int) -> None:
    now = clock.now()
    days = (7 - now.isoweekday()) % 7 or 7
    sunday = date.fromordinal(now.date().toordinal() + days)
    wanted = now.replace(year=sunday.year, month=sunday.month, day=sunday.day, hour=hour_in_nairobi - 3)
    ticking.forward(seconds=(wanted - now).total_seconds())
