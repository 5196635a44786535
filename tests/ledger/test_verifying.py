"""`ledger verify`: an honest book has no fault, and whatever somebody does to it is found and named."""

import pytest
from sqlalchemy import text

from core import db
from ledger import verifying
from ledger.verifying import Fault, Span
from tests.ledger import books
from tests.ledger.actors import World
from tests.ledger.books import Book
from tests.ledger.tamperings import BEFORE_VOTES, REHASHED_TAIL, TAMPERINGS


@pytest.fixture
def book(session: db.Session, world: World) -> Book:
    return books.written(session, world)


def test_an_honest_book_with_every_kind_of_movement_has_no_fault(session: db.Session, book: Book) -> None:
    assert list(verifying.verify(session, book.group.id, [book.old_seal, book.old_full_seal])) == []


def test_a_group_without_money_has_no_fault(session: db.Session, world: World) -> None:
    assert list(verifying.verify(session, world.harambee.id)) == []


@pytest.mark.parametrize("how", TAMPERINGS)
def test_tampering_is_found_and_named(session: db.Session, book: Book, how: str) -> None:
    tampering = TAMPERINGS[how]
    books.tampered(session, book, *tampering.statements)
    found = [(fault.what, fault.where) for fault in verifying.verify(session, book.group.id)]
    assert (tampering.what, tampering.where.format(**book.names)) in found


@pytest.mark.parametrize("how", ["an amount with all that follows from it", "savings given to another member"])
def test_where_the_tables_agree_only_the_chain_disagrees(session: db.Session, book: Book, how: str) -> None:
    books.tampered(session, book, *TAMPERINGS[how].statements)
    found = {fault.what for fault in verifying.verify(session, book.group.id)}
    # Whose savings paid for a refund is what a refund is compared with, too.
    assert found - {"not_paid_in"} == {TAMPERINGS[how].what}


def test_a_chain_computed_anew_is_found_by_an_old_seal_and_by_nothing_else(session: db.Session, book: Book) -> None:
    books.tampered(session, book, *REHASHED_TAIL)
    assert list(verifying.verify(session, book.group.id)) == []
    for seal in (book.old_seal, book.old_full_seal):
        (fault,) = verifying.verify(session, book.group.id, [seal])
        assert (fault.what, fault.where) == ("seal", f"seal {seal}")


def test_a_full_seal_must_agree_to_its_last_digit(session: db.Session, book: Book) -> None:
    forged = book.old_full_seal[:-1] + ("0" if book.old_full_seal[-1] != "0" else "1")
    assert [fault.where for fault in verifying.verify(session, book.group.id, [forged])] == [f"seal {forged}"]


def test_a_seal_may_be_written_as_people_write(session: db.Session, book: Book) -> None:
    assert list(verifying.verify(session, book.group.id, [book.old_seal.lower().replace("-", " ")])) == []


def test_what_is_no_seal_is_refused(session: db.Session, book: Book) -> None:
    with pytest.raises(ValueError, match="9F3A is no seal"):
        list(verifying.verify(session, book.group.id, ["9F3A"]))


def test_a_fault_says_what_was_found_and_what_was_expected(session: db.Session, book: Book) -> None:
    books.tampered(session, book, "UPDATE wallets SET balance_minor = balance_minor + 1 WHERE id = :savings")
    balance = session.execute(text("SELECT balance_minor FROM wallets WHERE id = :savings"), book.names).scalar_one()
    assert list(verifying.verify(session, book.group.id)) == [
        Fault(
            book.group.id,
            "wallet_balance",
            f"wallet {book.names['savings']}",
            f"its balance is {balance}, its entries add up to {balance - 1}",
        )
    ]


def test_only_the_group_that_was_tampered_with_has_faults(session: db.Session, world: World, book: Book) -> None:
    books.tampered(session, book, *TAMPERINGS["an amount"].statements)
    everything = Span(min(world.umoja.id, world.harambee.id), max(world.umoja.id, world.harambee.id))
    assert {fault.group_id for fault in verifying.faults(session, everything)} == {world.umoja.id}


def test_a_thousand_faults_of_a_kind_are_enough(session: db.Session, world: World) -> None:
    books.tampered(
        session,
        Book(world.harambee),
        """INSERT INTO receipts (group_id, number, transaction_id, seq, issued_at)
           SELECT :group, 2 * n, -n, n, now() FROM generate_series(1, 1200) n""",
    )
    found = [fault.what for fault in verifying.verify(session, world.harambee.id)]
    assert (found.count("receipt_gap"), found.count("more")) == (1000, 2)
    assert len(found) == 2002


def test_a_chain_from_before_migration_7_lists_entries_in_the_order_of_their_legs(
    session: db.Session, book: Book
) -> None:
    books.tampered(
        session,
        book,
        r"""UPDATE audit_log a SET data = regexp_replace(data, '"entries":\[(\[.*\]),(\[.*\])\]', '"entries":[\2,\1]')
              FROM receipts r WHERE r.transaction_id = :first AND a.group_id = r.group_id AND a.seq = r.seq""",
    )
    assert {fault.what for fault in verifying.verify(session, book.group.id)} == {"line_hash"}


@pytest.mark.parametrize("when", BEFORE_VOTES)
def test_a_book_from_before_there_were_votes_has_no_fault(session: db.Session, book: Book, when: str) -> None:
    books.tampered(session, book, *BEFORE_VOTES[when])
    assert list(verifying.verify(session, book.group.id)) == []
