"""A new key for what is sealed: everything once, nothing lost, by the operator's own command."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from click.testing import Result
from sqlalchemy import select, text

from core import crypto, db, rotation
from core.fields import all_fields
from core.money import Money
from ledger import approvals
from ledger.approvals import Subject
from ledger.audit import Cause
from ledger.models import Approval, User
from payments.models import PayoutAccount, ProviderEvent
from tests.conftest import copy_of
from tests.core.keys import knowing
from tests.core.racing import until_blocked
from tests.ledger.actors import populated
from wsgi import create_app

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
Flask = Callable[..., Result]


@pytest.fixture
def database_url(server_url: str, migrated: str) -> Iterator[str]:
    """A database of the test's own: a rotation goes through all of it."""
    with copy_of(server_url, migrated) as url:
        yield url


@pytest.fixture
def flask(committing: str) -> Flask:
    """`flask("fields", "rotate")`, as the operator types it, in a process that was started for it."""

    def run(*words: str) -> Result:
        return create_app().test_cli_runner().invoke(args=list(words))

    return run


@pytest.fixture
def ama(committing: str) -> int:
    """Ama, whose name and phone are sealed under the key of 2025; her number in the table."""
    with knowing("2025"), db.session() as session:
        user = User(name="Ama", phone="+254712345678")
        session.add(user)
        session.commit()
        return user.id


def columns(user_id: int) -> tuple[bytes | None, bytes | None, bytes | None, int]:
    with db.session() as session:
        user = session.get_one(User, user_id)
        return user.name_sealed, user.phone_sealed, user.phone_index, user.version


def counted(result: Result) -> dict[str, int]:
    """The lines of a command: field → number, for the fields of which there is something."""
    lines = [line.split() for line in result.stdout.splitlines()]
    return {line[0]: int(line[1].replace(",", "")) for line in lines if line[1:2] and line[1] != "0"}


def test_a_rotation_seals_everything_anew_and_changes_nothing_else(flask: Flask, ama: int) -> None:
    with knowing("2025"):
        name, phone, index, version = columns(ama)
    with knowing("2025", "2026"):
        result = flask("fields", "rotate")
        assert (result.exit_code, counted(result)) == (0, {"users.name": 1, "users.phone": 1})
        new_name, new_phone, new_index, new_version = columns(ama)
        assert crypto.is_current(new_name or b"") and crypto.is_current(new_phone or b"")
        assert (new_name, new_phone) != (name, phone)
        assert (new_index, new_version) == (index, version)
    with knowing("2026"), db.session() as session:  # The old key can go.
        user = session.scalars(select(User).where(User.phone.matches("+254712345678"))).one()
        assert (user.id, user.name, user.phone) == (ama, "Ama", "+254712345678")


def test_what_was_voted_about_and_where_money_goes_are_sealed_anew_too(flask: Flask, committing: str) -> None:
    with knowing("2025"), db.session() as session:
        world = populated(session)
        subject = Subject("withdrawal", world.ama.id, Money(50_00, "KES"), facts={"to": "Ama"})
        asked = approvals.ask(session, world.umoja, subject, AT, Cause(world.ama.id, "sms"))
        session.add(PayoutAccount(
            group_id=world.umoja.id, user_id=world.ama.id, provider="paystack", kind="mobile_money", bank_code="MPESA",
            bank_name="M-PESA", number="0712345678", holder="AMA SERWAA", tail="678", created_at=AT,
        ))  # fmt: skip
        session.commit()
    with knowing("2025", "2026"):
        resealed = counted(flask("fields", "rotate"))
    sealed = {"approvals.facts": 1, "payout_accounts.number": 1, "payout_accounts.holder": 1}
    assert {name: resealed.get(name) for name in sealed} == sealed
    with knowing("2026"), db.session() as session:
        approval, account = session.get_one(Approval, asked.approval_id), session.scalars(select(PayoutAccount)).one()
        assert (approvals.facts_of(approval), approval.state, approval.yes) == ({"to": "Ama"}, "open", 1)
        assert (account.number, account.holder) == ("0712345678", "AMA SERWAA")


def test_a_second_rotation_finds_nothing_to_do(flask: Flask, ama: int) -> None:
    with knowing("2025", "2026"):
        flask("fields", "rotate")
        before = columns(ama)
        result = flask("fields", "rotate")
        assert (result.exit_code, counted(result)) == (0, {})
        assert columns(ama) == before


def test_the_status_counts_values_by_key(flask: Flask, ama: int) -> None:
    with knowing("2025", "2026"):
        with db.session() as session:
            session.add(User(name="Baraka"))
            session.commit()
        lines = [line.split() for line in flask("fields", "status").output.splitlines()]
    assert lines == [
        ["users.name", "2025", "1"],
        ["users.name", "2026", "1", "current"],
        ["users.phone", "2025", "1"],
    ]


def test_a_missing_key_is_named_and_its_values_are_left(flask: Flask, ama: int) -> None:
    with knowing("2026"):
        before = columns(ama)
        assert "users.name                   2025                      1  MISSING" in flask("fields", "status").output
        result = flask("fields", "rotate")
        assert result.exit_code == 1
        assert "sealed under the key '2025', which is missing from FIELD_KEYS" in result.output
        assert "2 values do not open and were left as they are" in result.output
        assert columns(ama) == before


def test_a_value_that_does_not_open_keeps_nobody_elses_from_being_sealed_anew(flask: Flask, ama: int) -> None:
    with knowing("2025"), db.session() as session:
        session.add(User(name="Baraka"))
        session.execute(
            text("UPDATE users SET name_sealed = (SELECT phone_sealed FROM users WHERE id = :id) WHERE id = :id"),
            {"id": ama},
        )
        session.commit()
    with knowing("2025", "2026"):
        result = flask("fields", "rotate")
    assert result.exit_code == 1
    assert f"row {ama}: users.name:" in result.output and "does not open" in result.output
    assert counted(result)["users.name"] == 1 and "712345678" not in result.output


def test_a_rotation_that_was_stopped_is_finished_by_the_next_one(flask: Flask, committing: str) -> None:
    many = rotation.BATCH + 1
    with knowing("2025"), db.session() as session:
        for number in range(many):
            key, body = f"charge.success:{number}", f'{{"number": {number}}}'
            session.add(ProviderEvent(provider="paystack", event_key=key, reference="gw", body=body, received_at=AT))
        session.commit()
    with knowing("2025", "2026"):
        body_field = next(field for field in all_fields() if field.subject == "provider_events.body")
        first = next(rotation.rotate(body_field))
        assert (first.looked_at, first.resealed, first.broken) == (rotation.BATCH, rotation.BATCH, [])
        assert rotation.counts(body_field) == {"2025": 1, "2026": rotation.BATCH}
        assert counted(flask("fields", "rotate")) == {"provider_events.body": 1}
    with knowing("2026"), db.session() as session:
        bodies = [event.body for event in session.scalars(select(ProviderEvent).order_by(ProviderEvent.id))]
    assert bodies == [f'{{"number": {number}}}' for number in range(many)]


def test_a_name_that_changes_while_it_is_sealed_anew_is_not_lost(ama: int) -> None:
    name_field = next(field for field in all_fields() if field.subject == "users.name")
    with knowing("2025", "2026"), db.session() as writing, ThreadPoolExecutor() as pool:
        writing.get_one(User, ama).name = "Ama Serwaa"
        writing.flush()
        # The rotation has read "Ama" and waits for the row, on which somebody else has written.
        rotating = pool.submit(lambda: list(rotation.rotate(name_field)))
        until_blocked()
        writing.commit()
        (batch,) = rotating.result(timeout=5)
        assert (batch.looked_at, batch.resealed) == (1, 0)
        with db.session() as session:
            assert session.get_one(User, ama).name == "Ama Serwaa"


def test_who_read_a_name_before_the_rotation_can_still_change_it_afterwards(flask: Flask, ama: int) -> None:
    with knowing("2025", "2026"), db.session() as session:
        user = session.get_one(User, ama)
        session.commit()
        assert flask("fields", "rotate").exit_code == 0
        user.name = "Ama Serwaa"
        session.commit()  # No stale row: what the row says had not changed.
        assert session.get_one(User, ama, populate_existing=True).name == "Ama Serwaa"


def test_rows_without_a_value_are_passed_over(flask: Flask, committing: str) -> None:
    with knowing("2025"), db.session() as session:
        session.add(User())
        session.commit()
    with knowing("2025", "2026"):
        assert counted(flask("fields", "rotate")) == {}
