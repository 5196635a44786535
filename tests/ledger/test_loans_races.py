"""Loans with real commits and many at once: nothing is paid off, charged or handed over twice."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select

from core import db
from ledger import charging, errors, guaranteeing, loans, repaying, transactions
from ledger.models import Loan, Transaction, User
from tests.core.racing import at_once
from tests.ledger.actors import CAUSE, PROVIDER, World, receipt_numbers
from tests.ledger.lending import START, Lender, a_lender, kes, months


@pytest.fixture
def world(committing: str) -> World:
    with db.session() as session:
        world = a_lender(session).world
        session.commit()
        return world


def committed(world: World, act: Callable[[Lender], Any]) -> Any:
    """What the act answers, done in a transaction of its own."""
    with db.session() as session:
        lender = Lender(session, world)
        result = act(lender)
        session.commit()
        return result


def lent(world: World, lender: Lender) -> int:
    return lender.lends(12_000, 4).id


def paid(lender: Lender, wish_id: int) -> Any:
    return lender.completes(lender.session.get_one(Transaction, wish_id))


def wished(lender: Lender, key: str, major: str) -> int:
    args = (lender.session, lender.group.id, "repayment", lender.world.ama.id)
    return transactions.begin(*args, kes(major), key, lender.at, CAUSE).id


def assert_the_book_holds(world: World, loan_id: int, paid_minor: int) -> None:
    with db.session() as session:
        lender = Lender(session, world)
        lender.assert_rows_are_the_book()
        rows = lender.rows(session.get_one(Loan, loan_id))
        assert sum(row.paid_principal_minor + row.paid_interest_minor for row in rows) == paid_minor
        numbers = receipt_numbers(session, world.umoja)
        assert numbers == list(range(1, len(numbers) + 1))


def test_payments_at_once_each_pay_off_something_else(world: World) -> None:
    loan_id = committed(world, partial(lent, world))
    wishes = [committed(world, partial(wished, key=str(place), major="1000")) for place in range(4)]
    results = at_once(*(partial(committed, world, partial(paid, wish_id=each)) for each in wishes))
    assert [result.replayed for result in results] == [False] * 4
    assert_the_book_holds(world, loan_id, 4_000_00)


def test_the_same_payment_at_once_is_booked_once(world: World) -> None:
    loan_id = committed(world, partial(lent, world))
    wish_id = committed(world, partial(wished, key="one", major="500"))
    results = at_once(*[partial(committed, world, partial(paid, wish_id=wish_id))] * 4)
    assert sorted(result.replayed for result in results) == [False, True, True, True]
    assert len({result.receipt_number for result in results}) == 1
    assert_the_book_holds(world, loan_id, 500_00)


def test_all_of_it_twice_at_once_settles_once_and_the_rest_is_savings(world: World) -> None:
    loan_id = committed(world, partial(lent, world))
    wishes = [committed(world, partial(wished, key=str(place), major="12000")) for place in range(2)]
    at_once(*(partial(committed, world, partial(paid, wish_id=each)) for each in wishes))
    assert_the_book_holds(world, loan_id, 12_000_00)
    with db.session() as session:
        assert Lender(session, world).wallet("savings") == 22_000_00
        assert session.get_one(Loan, loan_id).state == "settled"


def test_a_payment_and_ones_own_savings_at_once_never_pay_the_same_twice(world: World) -> None:
    def from_savings(lender: Lender) -> Any:
        loan = lender.session.get_one(Loan, loan_id)
        return repaying.repay_from_savings(lender.session, loan, kes("9000"), lender.day, lender.at, CAUSE, "s")

    loan_id = committed(world, partial(lent, world))
    wish_id = committed(world, partial(wished, key="one", major="9000"))
    at_once(partial(committed, world, from_savings), partial(committed, world, partial(paid, wish_id=wish_id)))
    with db.session() as session:
        lender = Lender(session, world)
        lender.assert_rows_are_the_book()
        # Whichever came first, the other one met what was left. 18,000 came, and more than is owed is still theirs.
        paid_minor = 12_000_00 + lender.income("interest_income")
        assert lender.wallet("savings") == 10_000_00 + 9_000_00 - paid_minor
        assert session.get_one(Loan, loan_id).state == "settled"


def test_what_falls_due_is_charged_once_by_many_at_once(world: World) -> None:
    def charge(lender: Lender) -> Any:
        return charging.charge_due(lender.session, lender.group.id, loan_id, months(2), lender.at, CAUSE)

    loan_id = committed(world, partial(lent, world))
    results = at_once(*[partial(committed, world, charge)] * 4)
    assert sorted(len(result) for result in results) == [0, 0, 0, 2]
    with db.session() as session:
        assert Lender(session, world).income("interest_income") == 240_00 + 181_77
    assert_the_book_holds(world, loan_id, 0)


def test_a_loan_is_handed_over_once(world: World) -> None:
    def approved(lender: Lender) -> tuple[int, int]:
        loan = lender.asks(12_000, 4)
        loans.approve(lender.session, loan, lender.decides(loan))
        out = loans.begin_disbursement(lender.session, loan, PROVIDER, 0, "out", lender.at, CAUSE)
        return loan.id, out.id

    def arrived(lender: Lender) -> Any:
        out = lender.session.get_one(Transaction, out_id)
        return loans.complete_disbursement(lender.session, out, PROVIDER, 0, START, lender.at, CAUSE)

    loan_id, out_id = committed(world, approved)
    results = at_once(*[partial(committed, world, arrived)] * 3)
    assert sorted(result.replayed for result in results) == [False, True, True]
    assert_the_book_holds(world, loan_id, 0)


def test_a_yes_that_comes_while_the_loan_is_taken_back_holds_nothing(world: World) -> None:
    def asked(lender: Lender) -> int:
        loan = lender.rules(loan_guarantors=1).asks(6_000, 4)
        guaranteeing.name_guarantor(lender.session, loan, world.baraka.id, lender.at, CAUSE)
        return loan.id

    def says_yes(lender: Lender) -> Any:
        loan = lender.session.get_one(Loan, loan_id)
        return guaranteeing.answer_guarantee(lender.session, loan, world.baraka.id, True, lender.at, CAUSE)

    def taken_back(lender: Lender) -> None:
        loans.refuse(lender.session, lender.session.get_one(Loan, loan_id), lender.at, CAUSE)

    loan_id = committed(world, asked)
    answer, refused = at_once(partial(committed, world, says_yes), partial(committed, world, taken_back))
    assert refused is None
    assert answer is not None
    assert not isinstance(answer, Exception) or isinstance(answer, errors.GuaranteeError)
    with db.session() as session:
        assert Lender(session, world).held(world.baraka) == 0
        assert session.get_one(Loan, loan_id).state == "refused"


def test_loans_asked_for_at_once_have_numbers_of_their_own(world: World) -> None:
    def ask(lender: Lender, user: User) -> int:
        return lender.asks(1_000, 2, user).number

    numbers = at_once(*(partial(committed, world, partial(ask, user=user)) for user in (world.ama, world.baraka)))
    assert sorted(numbers) == [1, 2]


def test_one_member_asking_at_once_has_one_loan(world: World) -> None:
    def ask(lender: Lender) -> int:
        return lender.asks(1_000, 2).id

    at_once(*[partial(committed, world, ask)] * 3)
    with db.session() as session:
        waiting = select(func.count()).where(Loan.group_id == world.umoja.id, Loan.state == "asked")
        assert session.scalar(waiting) == 1
