"""What a person can do about a held payment: book what came, or end it once it was given back."""

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from core import db
from payments import collections, links
from payments.cli import payments
from payments.models import Checkout
from tests.payments.actors import (
    Saver,
    a_link,
    assert_books_are_whole,
    balances,
    checkouts,
    history,
    outbox,
    state_of,
)
from tests.payments.servers import ScriptedServer
from tests.payments.speech import envelope, error, page, reports


@pytest.fixture
def held(provider_server: ScriptedServer) -> tuple[Saver, str]:
    """508.00 was asked for, and 300.00 came."""
    saver, token = a_link()
    provider_server.answers(page)
    links.open_checkout(token)
    (checkout,) = checkouts(token)
    reports(provider_server, gross_minor=30_000, fee_minor=450)
    collections.verify(checkout.id)
    assert the(checkout.reference).state == "held"
    return saver, checkout.reference


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
    held: tuple[Saver, str], provider_server: ScriptedServer
) -> None:
    saver, reference = held
    for answer in (error(404, "transaction_not_found"), envelope({"status": "failed", "reference": reference})):
        provider_server.answers(answer)
        assert "nothing was booked" in run("book", reference, "--because", "I believe it")
    amounts = {"status": "success", "reference": reference, "amount": 30_000, "fees": 450, "currency": "NGN"}
    provider_server.answers(envelope(amounts))
    assert "the group keeps KES" in run("book", reference, "--because", "I believe it")
    assert state_of(saver)[0][0] != "completed" and the(reference).state == "held"


def test_one_that_was_given_back_ends_and_is_never_held_again(
    held: tuple[Saver, str], provider_server: ScriptedServer
) -> None:
    saver, reference = held
    assert "nothing was booked" in run("let-go", reference, "--because", "refunded on their page")
    assert state_of(saver) == [("failed", 50_000)]
    collections.verify(the(reference).id, again=True)
    assert the(reference).state == "reversed"
    with db.session() as session:
        assert balances(session, saver.group_id) == {}
        assert len(outbox(session, "bot.contribution_ended")) == 1
