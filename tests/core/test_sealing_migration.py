"""The step that seals what was clear: every row can still be read and found, and nothing clear is left behind."""

from collections.abc import Iterator

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, select, text

from bot.models import ChannelIdentity, Notification
from core import db
from ledger.models import Invitation, User
from payments.models import ProviderEvent
from tests.conftest import copy_of

AMA, EFUA = "+254712345678", "+254712999999"
CLEAR = """
INSERT INTO users (id, phone, name) VALUES (1, '+254712345678', 'Ama'), (2, '+254712999999', NULL), (3, NULL, 'Guest');
INSERT INTO groups (id, code, name, currency, country, time_zone, created_by)
VALUES (7, 'UMOJA-222222', 'Umoja', 'KES', 'KE', 'Africa/Nairobi', 1);
INSERT INTO invitations (group_id, phone, invited_by) VALUES (7, '+254712999999', 1);
INSERT INTO identities (user_id, channel, address) VALUES (1, 'sms', '+254712345678'), (3, 'whatsapp', 'KE.77');
INSERT INTO notifications_log (group_id, user_id, channel, address, kind, body, dedupe_key, created_at) VALUES
    (7, 2, 'sms', '+254712999999', 'invitation', '', 'invitation:7:+254712999999', now()),
    (7, 2, 'sms', '+254712999999', 'invitation', '', 'invitation:7:+254712999999:again', now()),
    (7, 1, 'sms', '+254712345678', 'receipt', '', 'receipt:1', now());
INSERT INTO provider_events (provider, event_key, reference, body, received_at)
VALUES ('paystack', 'charge.success:gw-1:success', 'gw-1', '{"email": "x"}', now());
"""


@pytest.fixture
def database_url(server_url: str) -> Iterator[str]:
    """An empty one: no step that `migrated` has taken leads back."""
    with copy_of(server_url, "template0") as url:
        yield url


@pytest.fixture
def engine(alembic: Config, committing: str) -> Iterator[Engine]:
    """The database as it was before this step, with people in it."""
    command.upgrade(alembic, "0007")
    engine = create_engine(committing)
    with engine.begin() as connection:
        connection.execute(text(CLEAR))
    yield engine
    engine.dispose()


def test_what_was_clear_is_sealed_and_read_as_before(alembic: Config, engine: Engine) -> None:
    command.upgrade(alembic, "head")
    with db.session() as session:
        users = session.scalars(select(User).order_by(User.id)).all()
        assert [(user.name, user.phone) for user in users] == [("Ama", AMA), (None, EFUA), ("Guest", None)]
        assert session.scalars(select(User.id).where(User.phone.matches(EFUA))).one() == 2
        assert session.scalars(select(Invitation).where(Invitation.phone.matches(EFUA))).one().phone == EFUA
        assert session.scalars(select(ChannelIdentity).where(ChannelIdentity.address.matches(AMA))).one().address == AMA
        assert session.scalars(select(ProviderEvent)).one().body == '{"email": "x"}'
        messages = session.scalars(select(Notification).order_by(Notification.id)).all()
    assert [message.address for message in messages] == [EFUA, EFUA, AMA]
    assert [message.dedupe_key for message in messages] == ["invitation:7:2", "invitation:7:2:again", "receipt:1"]
