"""What the provider's word does to the books: posted once, held for a person, or ended, and never twice."""

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core import db
from core.money import Money
from ledger import transactions as ledger_transactions
from ledger.audit import Cause
from ledger.models import AuditRow, Transaction
from payments import settling
from payments.models import Checkout, Collection
from payments.provider import Outcome, Verification
from tests.payments.actors import (
    AT,
    OF_500,
    a_checkout,
    a_saver,
    assert_books_are_whole,
    at_once,
    balances,
    declined,
    history,
    outbox,
    outbox_of,
    receipts,
    says,
    transactions,
    wishes,
)

LATER = AT + timedelta(days=2)

# Payments that succeeded at the provider and are not what we asked for; 500.00 was asked for, with its fee.
MISMATCHES: dict[str, dict[str, Any]] = {
    "one cent less": {"paid": OF_500.gross - Money(1, "KES")},
    "one cent more": {"paid": OF_500.gross + Money(1, "KES")},
    "a hundredth of it": {"paid": Money(508, "KES")},
    "a hundred times it": {"paid": Money(OF_500.gross.amount_minor * 100, "KES")},
    "only what would have covered it": {"paid": Money(50_761, "KES")},
    "only the amount, without the fee": {"paid": OF_500.amount},
    "a weaker currency": {
        "paid": Money(OF_500.gross.amount_minor, "NGN"),
        "fee": Money(OF_500.fee.amount_minor, "NGN"),
    },
    "another reference": {"reference": "gw-1-somebodyelses0001"},
    "no reference": {"reference": None},
    "no amount": {"paid": None},
    "no fee": {"fee": None},
    "nothing": {"paid": Money(0, "KES"), "fee": Money(0, "KES")},
}


def test_a_matching_payment_is_posted_with_receipt_history_and_news(session: db.Session) -> None:
    saver = a_saver(session)
    collection = wishes(session, saver, "500")
    checkout = a_checkout(session, collection)
    settling.settle(session, checkout.id, says(collection, checkout), LATER)

    assert transactions(session, saver.group_id) == [("completed", 50_000)]
    assert balances(session, saver.group_id) == {
        "cash": -50_038,  # what arrived: 508.00 paid, of which 7.62 stayed at the provider
        "savings": 50_000,
        "fee_expense": -762,
        "fee_income": 800,  # so the whole shilling left 0.38 with the group
    }
    assert (checkout.state, checkout.provider_status, collection.closed_at) == ("paid", "success", LATER)
    assert receipts(session, saver.group_id) == [1]
    assert outbox_of(session, saver) == ["bot.contribution_completed"]
    line = session.scalars(
        select(AuditRow).where(AuditRow.group_id == saver.group_id, AuditRow.action == "contribution")
    ).one()
    assert (line.actor_id, line.channel, line.message_id) == (saver.user_id, "paystack", checkout.reference)
    assert_books_are_whole(session, saver.group_id)


def test_the_same_answer_again_changes_nothing(session: db.Session) -> None:
    saver = a_saver(session)
    collection = wishes(session, saver, "500")
    checkout = a_checkout(session, collection)
    settling.settle(session, checkout.id, says(collection, checkout), AT)
    before = (balances(session, saver.group_id), history(session, saver.group_id), outbox(session))
    later = [says(collection, checkout), declined(checkout), says(collection, checkout, paid=Money(1, "KES"))]
    for verification in [*later, Verification(Outcome.UNKNOWN, "reversed", "gw-another")]:
        settling.settle(session, checkout.id, verification, LATER)
        assert (balances(session, saver.group_id), history(session, saver.group_id), outbox(session)) == before
    assert transactions(session, saver.group_id) == [("completed", 50_000)]
    assert receipts(session, saver.group_id) == [1]


@pytest.mark.parametrize("difference", MISMATCHES)
def test_what_is_not_what_was_asked_for_is_held_and_not_posted(session: db.Session, difference: str) -> None:
    saver = a_saver(session)
    collection = wishes(session, saver, "500")
    checkout = a_checkout(session, collection)
    settling.settle(session, checkout.id, says(collection, checkout, **MISMATCHES[difference]), AT)

    assert checkout.state == "held" and checkout.held_reason
    assert balances(session, saver.group_id) == {} and receipts(session, saver.group_id) == []
    assert transactions(session, saver.group_id) == [("processing", 50_000)]
    assert history(session, saver.group_id) == ["group_created", "payment_held"]
    assert outbox_of(session, saver) == ["bot.payment_held"]
    line = session.scalars(select(AuditRow).where(AuditRow.action == "payment_held")).all()[-1]
    assert json.loads(line.data) == {"transaction": collection.transaction_id}
    assert_books_are_whole(session, saver.group_id)


def test_a_held_payment_waits_for_a_person_whatever_the_provider_says_next(session: db.Session) -> None:
    saver = a_saver(session)
    collection = wishes(session, saver, "500")
    checkout = a_checkout(session, collection)
    for verification in (
        says(collection, checkout, paid=Money(1, "KES")),
        says(collection, checkout, paid=Money(1, "KES")),
        says(collection, checkout),
        declined(checkout),
    ):
        settling.settle(session, checkout.id, verification, AT)
    settling.end_unpaid(session, collection, "expired", "not paid in time", LATER)

    assert checkout.state == "held"
    assert transactions(session, saver.group_id) == [("processing", 50_000)]
    assert balances(session, saver.group_id) == {}
    assert outbox_of(session, saver) == ["bot.payment_held"]


def test_a_held_payment_is_told_to_the_operator(session: db.Session, caplog: pytest.LogCaptureFixture) -> None:
    collection = wishes(session, a_saver(session), "500")
    checkout = a_checkout(session, collection)
    settling.settle(session, checkout.id, says(collection, checkout, paid=Money(1, "KES")), AT)
    told = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(told) == 1
    assert vars(told[0])["reference"] == checkout.reference


def test_a_declined_payment_ends_the_contribution_and_the_member_is_told_once(session: db.Session) -> None:
    saver = a_saver(session)
    collection = wishes(session, saver, "500")
    checkout = a_checkout(session, collection)
    for _ in range(2):
        settling.settle(session, checkout.id, declined(checkout), LATER)
    assert (checkout.state, collection.closed_at) == ("declined", LATER)
    assert transactions(session, saver.group_id) == [("failed", 50_000)]
    assert history(session, saver.group_id) == ["group_created", "contribution_failed"]
    assert outbox_of(session, saver) == ["bot.contribution_ended"]
    assert balances(session, saver.group_id) == {}


def test_a_declined_page_ends_nothing_while_another_page_is_open(session: db.Session) -> None:
    saver = a_saver(session)
    collection = wishes(session, saver, "500")
    first, second = a_checkout(session, collection), a_checkout(session, collection, "opening")
    settling.settle(session, first.id, declined(first), AT)
    assert transactions(session, saver.group_id) == [("processing", 50_000)]
    assert outbox_of(session, saver) == []
    settling.settle(session, second.id, declined(second), AT)
    assert transactions(session, saver.group_id) == [("failed", 50_000)]
    assert outbox_of(session, saver) == ["bot.contribution_ended"]


def test_a_declined_page_beside_a_held_one_leaves_the_decision_to_a_person(session: db.Session) -> None:
    saver = a_saver(session)
    collection = wishes(session, saver, "500")
    first, second = a_checkout(session, collection), a_checkout(session, collection)
    settling.settle(session, first.id, says(collection, first, paid=Money(1, "KES")), AT)
    settling.settle(session, second.id, declined(second), AT)
    assert transactions(session, saver.group_id) == [("processing", 50_000)]
    assert outbox_of(session, saver) == ["bot.payment_held"]


@pytest.mark.parametrize("status", ["abandoned", "ongoing", "pending", "processing", "queued", "not_found"])
def test_a_payment_under_way_changes_nothing_but_what_is_known(session: db.Session, status: str) -> None:
    saver = a_saver(session)
    collection = wishes(session, saver, "500")
    checkout = a_checkout(session, collection)
    settling.settle(session, checkout.id, says(collection, checkout, status), AT)
    assert (checkout.state, checkout.provider_status) == ("open", status)
    assert transactions(session, saver.group_id) == [("processing", 50_000)]
    assert outbox_of(session, saver) == []


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.NOT_SENT])
def test_no_usable_answer_decides_nothing(session: db.Session, outcome: Outcome) -> None:
    saver = a_saver(session)
    collection = wishes(session, saver, "500")
    checkout = a_checkout(session, collection)
    settling.settle(session, checkout.id, Verification(outcome, "HTTP 500"), AT)
    assert checkout.state == "open"
    assert transactions(session, saver.group_id) == [("processing", 50_000)]
    assert outbox_of(session, saver) == []


def test_a_payment_that_the_provider_reversed_is_held(session: db.Session) -> None:
    saver = a_saver(session)
    collection = wishes(session, saver, "500")
    checkout = a_checkout(session, collection)
    settling.settle(session, checkout.id, Verification(Outcome.UNKNOWN, "reversed", checkout.reference), AT)
    assert (checkout.state, checkout.held_reason) == ("held", "the provider reversed it")
    assert outbox_of(session, saver) == ["bot.payment_held"]


def test_a_second_page_paid_too_is_a_second_contribution(session: db.Session) -> None:
    saver = a_saver(session)
    collection = wishes(session, saver, "500")
    first, second = a_checkout(session, collection), a_checkout(session, collection)
    for checkout in (first, second, first, second):
        settling.settle(session, checkout.id, says(collection, checkout), AT)
    assert transactions(session, saver.group_id) == [("completed", 50_000)] * 2
    assert balances(session, saver.group_id)["savings"] == 100_000
    assert balances(session, saver.group_id)["cash"] == -2 * (OF_500.gross - OF_500.fee).amount_minor
    assert receipts(session, saver.group_id) == [1, 2]
    assert outbox_of(session, saver) == ["bot.contribution_completed"] * 2
    assert_books_are_whole(session, saver.group_id)


@pytest.mark.parametrize("end", ["expired", "failed", "cancelled"])
def test_money_that_comes_after_the_end_is_the_members_all_the_same(session: db.Session, end: str) -> None:
    saver = a_saver(session)
    collection = wishes(session, saver, "500")
    checkout = a_checkout(session, collection)
    checkout.state = "closed"
    settling.end_unpaid(session, collection, end, "not paid in time", AT)
    for _ in range(2):
        settling.settle(session, checkout.id, says(collection, checkout), LATER)
    assert transactions(session, saver.group_id) == [(end, 50_000), ("completed", 50_000)]
    assert balances(session, saver.group_id)["savings"] == 50_000
    assert checkout.state == "paid"
    assert outbox_of(session, saver) == ["bot.contribution_ended", "bot.contribution_completed"]
    late = session.scalars(select(Transaction).where(Transaction.group_id == saver.group_id)).all()[-1]
    assert late.idempotency_key == f"late:{checkout.reference}"
    assert late.user_id == saver.user_id
    assert_books_are_whole(session, saver.group_id)


def test_a_page_that_was_declined_and_paid_after_all_is_credited(session: db.Session) -> None:
    saver = a_saver(session)
    collection = wishes(session, saver, "500")
    checkout = a_checkout(session, collection)
    settling.settle(session, checkout.id, declined(checkout), AT)
    settling.settle(session, checkout.id, says(collection, checkout), LATER)
    assert transactions(session, saver.group_id) == [("failed", 50_000), ("completed", 50_000)]
    assert balances(session, saver.group_id)["savings"] == 50_000


@pytest.mark.parametrize("charged", [0, 1, 700, 761, 763, 1_523, OF_500.gross.amount_minor])
def test_a_fee_other_than_the_quoted_one_is_booked_as_charged(
    session: db.Session, charged: int, caplog: pytest.LogCaptureFixture
) -> None:
    saver = a_saver(session)
    collection = wishes(session, saver, "500")
    checkout = a_checkout(session, collection)
    settling.settle(session, checkout.id, says(collection, checkout, fee=Money(charged, "KES")), AT)
    held = balances(session, saver.group_id)
    assert held["savings"] == 50_000
    assert held.get("cash", 0) == charged - OF_500.gross.amount_minor
    assert held.get("fee_expense", 0) == -charged
    assert held["fee_income"] == (OF_500.gross - OF_500.amount).amount_minor
    assert sum(held.values()) == 0
    assert any("fee" in record.getMessage() for record in caplog.records)
    assert_books_are_whole(session, saver.group_id)


def test_a_group_that_bears_the_fee_pays_it_from_its_cash(session: db.Session) -> None:
    saver = a_saver(session, fee_bearer="group")
    collection = wishes(session, saver, "500")
    assert (collection.gross_minor, collection.fee_minor) == (50_000, 750)
    checkout = a_checkout(session, collection)
    settling.settle(session, checkout.id, says(collection, checkout), AT)
    assert balances(session, saver.group_id) == {"savings": 50_000, "cash": -49_250, "fee_expense": -750}


def test_two_groups_never_touch_each_other(session: db.Session) -> None:
    first, second = a_saver(session), a_saver(session, "NGN")
    wish, other = wishes(session, first, "500"), wishes(session, second, "500")
    checkout = a_checkout(session, wish)
    a_checkout(session, other)
    settling.settle(session, checkout.id, says(wish, checkout), AT)
    assert balances(session, second.group_id) == {}
    assert transactions(session, second.group_id) == [("processing", 50_000)]


SAYINGS = ("paid", "paid wrong", "declined", "pending", "unknown", "expire")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=st.lists(st.tuples(st.integers(0, 1), st.sampled_from(SAYINGS)), max_size=8))
def test_whatever_is_said_in_whatever_order_each_page_is_credited_at_most_once(
    session: db.Session, story: list[tuple[int, str]]
) -> None:
    saver = a_saver(session)
    collection = wishes(session, saver, "500")
    pages = (a_checkout(session, collection), a_checkout(session, collection))
    credited = set[int]()
    for place, saying in story:
        checkout = pages[place]
        could_be_paid = checkout.state not in ("paid", "held")
        if saying == "expire":
            settling.end_unpaid(session, collection, "expired", "not paid in time", AT)
            continue
        settling.settle(session, checkout.id, _verification(collection, checkout, saying), AT)
        if saying == "paid" and could_be_paid:
            credited.add(place)
    assert balances(session, saver.group_id).get("savings", 0) == 50_000 * len(credited)
    assert len(receipts(session, saver.group_id)) == len(credited)
    assert [page.state == "paid" for page in pages] == [place in credited for place in (0, 1)]
    assert_books_are_whole(session, saver.group_id)


def _verification(collection: Collection, checkout: Checkout, saying: str) -> Verification:
    return {
        "paid": says(collection, checkout),
        "paid wrong": says(collection, checkout, paid=Money(1, "KES")),
        "declined": declined(checkout),
        "pending": says(collection, checkout, "ongoing"),
        "unknown": Verification(Outcome.UNKNOWN, "ReadTimeout"),
    }[saying]


def test_what_a_session_has_read_before_is_not_what_stands_there_now(committing: str) -> None:
    """A row that is locked after it was read must be read again, or the second of two workers posts a second time."""
    with db.session() as session:
        saver = a_saver(session)
        collection = wishes(session, saver, "500")
        page = a_checkout(session, collection)
        answer = says(collection, page)
        session.commit()
    with db.session() as first, db.session() as second:
        seen = [second.get_one(Checkout, page.id), second.get_one(Collection, collection.id)]
        seen.append(second.get_one(Transaction, collection.transaction_id))
        for session in (first, second):
            settling.settle(session, page.id, answer, AT)
            session.commit()
        assert seen[0].state == "paid"
    with db.session() as session:
        assert transactions(session, saver.group_id) == [("completed", 50_000)]


def test_the_webhook_and_the_clock_at_the_same_moment_post_once(committing: str) -> None:
    with db.session() as session:
        saver = a_saver(session)
        collection = wishes(session, saver, "500")
        pages = [a_checkout(session, collection) for _ in range(2)]
        answers = [(page.id, says(collection, page)) for page in pages]
        session.commit()

    def settle(checkout_id: int, verification: Verification) -> None:
        with db.session() as session:
            settling.settle(session, checkout_id, verification, AT)
            session.commit()

    at_once(*[lambda answer=answer: settle(*answer) for answer in answers for _ in range(3)])
    with db.session() as session:
        assert transactions(session, saver.group_id) == [("completed", 50_000)] * 2
        assert balances(session, saver.group_id)["savings"] == 100_000
        assert [kind for kind, _ in outbox(session)] == ["bot.contribution_completed"] * 2
        assert_books_are_whole(session, saver.group_id)


@pytest.mark.parametrize(
    "fee",
    [Money(-1, "KES"), OF_500.gross + Money(1, "KES"), Money(OF_500.gross.amount_minor * 100, "KES"), None],
    ids=str,
)
def test_a_fee_that_cannot_be_is_held_for_a_person(session: db.Session, fee: Money | None) -> None:
    saver = a_saver(session)
    collection = wishes(session, saver, "500")
    checkout = a_checkout(session, collection)
    settling.settle(session, checkout.id, says(collection, checkout, fee=fee), AT)
    assert checkout.state == "held"
    assert checkout.held_reason == f"a fee of {fee} cannot be, for {OF_500.gross}"
    assert balances(session, saver.group_id) == {} and receipts(session, saver.group_id) == []
    assert outbox_of(session, saver) == ["bot.payment_held"]


def test_what_was_paid_and_cannot_be_booked_is_held_with_the_reason(session: db.Session) -> None:
    saver = a_saver(session)
    collection = wishes(session, saver, "500")
    checkout = a_checkout(session, collection)
    session.get_one(Transaction, collection.transaction_id).state = "expired"
    # The key under which a late payment is booked stands for something else.
    other, cause = saver.money("1"), Cause(saver.user_id, "whatsapp")
    ledger_transactions.begin(
        session, saver.group_id, "contribution", saver.user_id, other, f"late:{checkout.reference}", AT, cause
    )
    settling.settle(session, checkout.id, says(collection, checkout), LATER)
    assert (checkout.state, checkout.held_reason) == ("held", "paid, but not booked: idempotency_conflict")
    assert "payment_held" in history(session, saver.group_id)
    assert balances(session, saver.group_id) == {}
