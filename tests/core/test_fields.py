"""Sealed fields of models: text to the program, sealed bytes in the row, and bound to that row."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from bot.models import ChannelIdentity, Notification
from core import db
from core.db import Base
from core.errors import CryptoError
from core.fields import all_fields, values_of
from ledger.models import User
from payments.models import ProviderEvent

AMA, BARAKA = "+254712000001", "+254712000002"


@pytest.fixture
def people(session: db.Session) -> tuple[User, User]:
    """Ama and Baraka, each with an SMS address, read afresh from the database when somebody asks."""
    ama, baraka = User(name="Ama", phone=AMA), User(phone=BARAKA, name="Baraka")
    session.add_all((ama, baraka))
    session.flush()
    for user in (ama, baraka):
        session.add(ChannelIdentity(address=user.phone, user_id=user.id, channel="sms"))
    session.flush()
    session.expire_all()
    return ama, baraka


def test_the_program_reads_what_it_wrote(session: db.Session, people: tuple[User, User]) -> None:
    ama, _ = people
    assert (ama.name, ama.phone) == ("Ama", AMA)
    ama.name = "Ama Serwaa"
    session.flush()
    session.expire_all()
    assert (ama.name, ama.version) == ("Ama Serwaa", 2)


def test_what_is_not_known_stays_so(session: db.Session) -> None:
    user = User()
    session.add(user)
    session.flush()
    session.expire_all()
    assert (user.name, user.phone) == (None, None)
    user.phone = AMA
    session.flush()
    user.phone = None
    session.flush()
    assert (user.phone_sealed, user.phone_index) == (None, None)


def test_a_phone_is_found_by_itself_alone(session: db.Session, people: tuple[User, User]) -> None:
    found = session.scalars(select(User).where(User.phone.matches(AMA))).all()
    assert found == [people[0]]
    assert session.scalars(select(User).where(User.phone.matches("+254712000003"))).all() == []


def test_a_query_for_columns_alone_can_be_opened_too(session: db.Session, people: tuple[User, User]) -> None:
    rows = session.execute(select(User.uid, User.name_sealed).order_by(User.id)).all()
    assert [User.name.of(row) for row in rows[-2:]] == ["Ama", "Baraka"]


def test_a_row_can_be_inserted_with_a_conflict_of_its_own(session: db.Session, people: tuple[User, User]) -> None:
    for number, made in ((AMA, False), ("+254712000003", True)):
        statement = insert(User).values(values_of(User(phone=number, country="KE"))).on_conflict_do_nothing()
        assert (session.scalar(statement.returning(User.id)) is not None) is made


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE users a SET name_sealed = b.name_sealed FROM users b WHERE a.id = :ama AND b.id = :baraka",
        "UPDATE users SET name_sealed = phone_sealed WHERE id = :ama",
        "UPDATE users SET uid = gen_random_uuid() WHERE id = :ama",
        "UPDATE users SET name_sealed = set_byte(name_sealed, 30, 255 - get_byte(name_sealed, 30)) WHERE id = :ama",
    ],
    ids=["another's name", "another column", "another row", "another byte"],
)
def test_a_name_that_was_moved_or_changed_in_the_database_does_not_open(
    session: db.Session, people: tuple[User, User], statement: str
) -> None:
    ama, baraka = people
    session.execute(text(statement), {"ama": ama.id, "baraka": baraka.id})
    session.expire_all()
    with pytest.raises(CryptoError):
        assert ama.name


@pytest.mark.parametrize("columns", ["phone_sealed", "phone_index", "phone_sealed, phone_index"])
def test_a_phone_cannot_be_given_to_somebody_else_in_the_database(
    session: db.Session, people: tuple[User, User], columns: str
) -> None:
    ama, baraka = people
    # Somebody who can write to the table would like Ama's account to answer to Baraka's phone.
    session.execute(text("UPDATE users SET phone_index = NULL, phone_sealed = NULL WHERE id = :id"), {"id": baraka.id})
    stolen = User(uid=baraka.uid, phone=BARAKA)
    values = {"phone_sealed": stolen.phone_sealed, "phone_index": stolen.phone_index, "id": ama.id}
    assignments = ", ".join(f"{column} = :{column}" for column in columns.split(", "))
    session.execute(text(f"UPDATE users SET {assignments} WHERE id = :id"), values)
    session.expire_all()
    with pytest.raises(CryptoError):
        assert ama.phone


def test_an_address_does_not_open_beside_anothers_index(session: db.Session, people: tuple[User, User]) -> None:
    session.execute(
        text("""UPDATE identities a SET address_sealed = b.address_sealed FROM identities b
                 WHERE a.user_id = :ama AND b.user_id = :baraka"""),
        {"ama": people[0].id, "baraka": people[1].id},
    )
    session.expire_all()
    identity = session.scalars(select(ChannelIdentity).where(ChannelIdentity.user_id == people[0].id)).one()
    with pytest.raises(CryptoError, match="identities.address:sms:"):
        assert identity.address


def test_fields_may_be_given_before_what_they_are_bound_to(configured: None) -> None:
    message = Notification(address=AMA, dedupe_key="receipt:1")
    event = ProviderEvent(body="{}", event_key="charge.success:gw-1", provider="paystack")
    assert (message.address, event.body) == (AMA, "{}")


def test_a_field_without_a_row_to_bind_it_to_is_refused(configured: None) -> None:
    with pytest.raises(ValueError, match="before the columns that it is bound to"):
        Notification(address=AMA)


def test_what_a_field_is_bound_to_tells_its_row_apart_and_is_never_empty() -> None:
    for field in all_fields():
        unique = [set(constraint.columns.keys()) for constraint in field.table.constraints]
        unique += [{column.name} for column in field.table.columns if column.unique]
        assert any(columns and columns <= set(field.bound_to) for columns in unique), field.subject
        if not field.table.c[field.column].nullable:
            assert not any(field.table.c[column].nullable for column in field.bound_to), field.subject


def test_every_sealed_column_belongs_to_a_field_and_nothing_else_is_sealed() -> None:
    known = {(field.table.name, field.column) for field in all_fields()}
    columns = {(table.name, column.name) for table in Base.metadata.sorted_tables for column in table.columns}
    assert known == {(table, column) for table, column in columns if column.endswith("_sealed")}
    assert {field.subject for field in all_fields()} >= {
        "users.name",
        "users.phone",
        "invitations.phone",
        "identities.address",
        "notifications_log.address",
        "provider_events.body",
        "approvals.facts",
        "payout_accounts.number",
        "payout_accounts.holder",
    }
