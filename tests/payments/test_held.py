"""What a person can do about a held payment: book what came, or end it once it was given back."""

import threading
import time
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from core import clock, db
from core.db import Session
from ledger import transactions
from payments import collections, errors, reconciling
from payments import held as holding
from payments.cli import payments
from payments.differences import open_now
from payments.models import Checkout, Collection
from tests.payments.actors import (
    Saver,
    assert_books_are_whole,
    at_once,
    balances,
    history,
    outbox,
    state_of,
)
from tests.payments.conftest import MovableClock
from tests.payments.lists import Lists
from tests.payments.planting import contributes
from tests.payments.servers import ScriptedServer
from tests.payments.speech import envelope, error


@pytest.fixture
def lists(provider_server: ScriptedServer) -> Lists:
    return Lists(provider_server)


@pytest.fixture
def held(lists: Lists) -> tuple[Saver, str]:
    """508.00 was asked for, and 300.00 came."""
    paid = contributes(lists, "open", amount=30_000, fees=450)
    collections.verify(paid.checkout_id)
    assert the(paid.reference).state == "held"
    return paid.saver, paid.reference


def the(reference: str) -> Checkout:
    with db.session() as session:
        return session.scalars(select(Checkout).where(Checkout.reference == reference)).one()


def run(*arguments: str) -> str:
    done = CliRunner().invoke(payments, arguments)
    return done.output


def test_they_are_listed_with_what_was_asked_and_what_came(held: tuple[Saver, str]) -> None:
    told = run("held")
    assert held[1] in told and "asked KES 508" in told and "came KES 300" in told and "1 held" in told


def test_what_came_is_booked_less_its_fee_and_the_member_gets_a_receipt(held: tuple[Saver, str]) -> None:
    saver, reference = held
    assert "KES 295.50 booked" in run("book", reference, "--because", "the bank says so")
    assert state_of(saver) == [("failed", 50_000), ("completed", 29_550)]
    with db.session() as session:
        assert_books_are_whole(session, saver.group_id)
        found = balances(session, saver.group_id)
        assert (found["savings"], found["cash"]) == (29_550, -29_550)
        assert "payment_booked_by_operator" in history(session, saver.group_id)
        assert len(outbox(session, "bot.contribution_completed")) == 1
        assert outbox(session, "bot.contribution_ended") == []
    assert (the(reference).state, the(reference).paid_minor) == ("paid", 30_000)


def test_a_second_decision_changes_nothing(held: tuple[Saver, str]) -> None:
    saver, reference = held
    run("book", reference, "--because", "the bank says so")
    for command in ("book", "let-go"):
        assert f"no payment {reference} is held" in run(command, reference, "--because", "once more")
    assert len(state_of(saver)) == 2


def test_what_the_provider_does_not_confirm_is_not_booked(
    held: tuple[Saver, str], lists: Lists, provider_server: ScriptedServer
) -> None:
    saver, reference = held
    lists.says[reference] = {"currency": "NGN"}
    assert "the group keeps KES" in run("book", reference, "--because", "I believe it")
    for answer in (error(404, "transaction_not_found"), envelope({"status": "failed", "reference": reference})):
        provider_server.answers(answer)
        assert "nothing was booked" in run("book", reference, "--because", "I believe it")
    assert state_of(saver)[0][0] != "completed" and the(reference).state == "held"


def test_one_that_is_on_its_way_back_is_not_booked(held: tuple[Saver, str], lists: Lists) -> None:
    lists.gives_back(lists.transactions[0], 30_000, status="pending")
    assert "lists a refund of it; nothing was booked" in run("book", held[1], "--because", "I believe it")


def test_one_that_was_given_back_ends_and_is_never_held_again(
    held: tuple[Saver, str], lists: Lists, movable_clock: MovableClock
) -> None:
    saver, reference = held
    lists.gives_back(lists.transactions[0], 30_000)
    assert "nothing was booked" in run("let-go", reference, "--because", "refunded on their page")
    assert state_of(saver) == [("failed", 50_000)]
    collections.verify(the(reference).id, again=True)
    assert the(reference).state == "reversed"
    with db.session() as session:
        assert balances(session, saver.group_id) == {}
        assert len(outbox(session, "bot.contribution_ended")) == 1
    movable_clock.forward(hours=1)
    assert differences() == []  # It stays paid in their list, and has a refund that is in none of ours.


def test_one_that_is_still_there_is_let_go_only_when_the_operator_insists(
    held: tuple[Saver, str], lists: Lists, movable_clock: MovableClock
) -> None:
    saver, reference = held
    assert "lists no refund of it; nothing was changed" in run("let-go", reference, "--because", "wrong line")
    lists.mute.add(reference)
    assert "gave no answer" in run("let-go", reference, "--because", "wrong line")
    lists.mute.clear()
    assert the(reference).state == "held"
    assert "ended" in run("let-go", reference, "--because", "wrong line", "--anyway")
    assert state_of(saver) == [("failed", 50_000)]

    movable_clock.forward(hours=1)
    assert differences() == [("collection_missed", reference)]
    assert "KES 295.50 booked" in run("book", reference, "--because", "it is there after all")
    assert state_of(saver) == [("failed", 50_000), ("completed", 29_550)]
    assert differences() == []
    with db.session() as session:
        assert_books_are_whole(session, saver.group_id)


def test_one_that_never_came_is_let_go(held: tuple[Saver, str], lists: Lists) -> None:
    lists.transactions[0]["status"] = "failed"
    assert "ended" in run("let-go", held[1], "--because", "it failed after all")


def test_many_operators_book_it_once(held: tuple[Saver, str]) -> None:
    saver, reference = held

    def books() -> str:
        try:
            return str(holding.book(reference))
        except errors.NotHeld:
            return "not held"

    assert sorted(at_once(books, books, books)) == ["KES 295.50", "not held", "not held"]
    assert [state for state, _ in state_of(saver)].count("completed") == 1


def test_booking_while_its_link_runs_out_waits_for_nobody_in_a_circle(held: tuple[Saver, str]) -> None:
    saver, reference = held
    has_row = threading.Event()

    def ends_the_link() -> None:
        with db.session() as session:
            transaction_id = the(reference).transaction_id
            session.scalars(
                select(Collection).where(Collection.transaction_id == transaction_id).with_for_update()
            ).one()
            has_row.set()
            waits_for_a_row(session)
            transactions.lock_group(session, saver.group_id)  # What `end_unpaid` takes after the collection.
            session.commit()

    def books() -> str:
        has_row.wait(5)
        return str(holding.book(reference))

    assert at_once(ends_the_link, books)[1] == "KES 295.50"


def waits_for_a_row(session: Session) -> None:
    """Until another session of this database waits for a lock."""
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    until = time.monotonic() + 10
    while not session.scalar(waits):
        assert time.monotonic() < until, "nobody came"
        time.sleep(0.02)


def differences() -> list[tuple[str, str]]:
    today = clock.now().date()
    reconciling.reconcile("paystack", today - timedelta(days=2), today)
    with db.session() as session:
        return [(row.kind, row.reference) for row in open_now(session)]
