"""Whatever borrowers, guarantors, the clock and the group do: the loans' rows are the book, and the book is whole."""

import os
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from core import db
from core.money import Money
from ledger import chargebacks, errors, guaranteeing, loans, repaying, schedules, verifying
from ledger.models import Loan, Transaction, User
from tests.ledger.actors import CAUSE, PROVIDER
from tests.ledger.lending import Lender, a_lender

DEEP = os.environ.get("LEDGER_DEPTH") == "deep"


@pytest.mark.timeout(1800 if DEEP else 120)
@settings(max_examples=300 if DEEP else 12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(
                (
                    "borrow",
                    "borrow",
                    "wait",
                    "wait",
                    "pay",
                    "pay",
                    "pay",
                    "settle",
                    "savings",
                    "write off",
                    "undo",
                    "take back",
                    "take back",
                    "bring back",
                )  # fmt: skip
            ),
            st.sampled_from(("ama", "baraka")),
            st.integers(1, 40_000),
        ),
        max_size=12,
    ),
    principal=st.integers(1, 25_000),
    periods=st.integers(1, 12),
    method=st.sampled_from(("declining_equal", "declining_principal", "flat")),
    rate=st.sampled_from(("0", "0.5", "2", "10", "60")),
    penalty=st.sampled_from(("0", "1.5", "100")),
    base=st.sampled_from(("principal", "instalment")),
    guarantors=st.integers(0, 2),
)
def test_whatever_is_paid_and_charged_the_rows_are_the_book(
    shared_engine: Engine, configured: None, steps: list[tuple[str, str, int]], principal: int, periods: int,
    method: str, rate: str, penalty: str, base: str, guarantors: int,
) -> None:  # fmt: skip
    with shared_engine.connect() as connection:
        outer = connection.begin()
        with db.Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            lender = a_lender(session)
            standing = [lender.joins(name, 15_000_00) for name in ("Dalila", "Efua")]
            lender.rules(
                loan_method=method, loan_rate_percent=Decimal(rate), loan_penalty_percent=Decimal(penalty),
                loan_penalty_base=base, loan_grace_days=1, loan_guarantors=guarantors, loans_open_max=2,
                loan_savings_multiple=10,
            )  # fmt: skip
            walk = Walk(lender, standing[:guarantors], principal, periods)
            for step, who, amount in [("borrow", "ama", principal), *steps]:
                walk.does(step, getattr(lender.world, who), amount)
                lender.assert_rows_are_the_book()
                walk.assert_guarantees_cover_what_is_owed()
            assert list(verifying.verify(session, lender.group.id)) == []
        outer.rollback()


class Walk:
    """What may happen to the loans of two members, some of whose neighbours stand for them."""

    def __init__(self, lender: Lender, standing: list[User], principal: int, periods: int) -> None:
        self.lender, self.standing, self.principal, self.periods = lender, standing, principal, periods
        self.keys = list[str]()

    def does(self, step: str, user: User, amount: int) -> None:
        """One step; what the group cannot do at this moment is refused, and changes nothing."""
        acts: dict[str, Callable[[User, int], object]] = {
            "borrow": self.borrow,
            "wait": lambda _, days: self.lender.goes_to(self.lender.day + timedelta(days=days % 60)),
            "pay": lambda who, minor: self.lender.pays(minor * 50, who),
            "settle": self.settle,
            "savings": self.pay_from_savings,
            "write off": self.write_off,
            "undo": self.undo,
            "take back": self.take_back,
            "bring back": self.bring_back,
        }
        try:
            with self.lender.session.begin_nested():
                acts[step](user, amount)
        except (errors.LoanError, errors.GuaranteeError, errors.InsufficientFunds):
            self.lender.session.expire_all()

    def borrow(self, user: User, amount: int) -> None:
        lender = self.lender
        loan = lender.asks(max(amount % (self.principal + 1), 1), self.periods, user)
        for member in self.standing:
            lender.stands(loan, member)
        assert guaranteeing.guarantors_ready(lender.session, loan)
        lender.hands_over(loan, fee_minor=amount % 100)
        drawn = lender.rows(loan)
        assert sum(row.principal_minor for row in drawn) == loan.principal_minor
        told = schedules.draw_up(loans.terms(loan, "KES", lender.day)).instalments
        assert [(row.principal_minor, row.interest_minor, row.due) for row in drawn] == [
            (each.principal.amount_minor, each.interest.amount_minor, each.due) for each in told
        ]

    def settle(self, user: User, amount: int) -> None:
        """They pay what they are told that it takes, to the cent, before the clock has charged anything."""
        loan = self.oldest(user)
        self.lender.day += timedelta(days=amount % 40)
        told = self.lender.owed(loan)
        assert told.settle.amount_minor <= told.remaining.amount_minor
        saved = self.lender.wallet("savings", user)
        self.lender.pays(told.settle.amount_minor, user)
        self.lender.session.refresh(loan)
        assert loan.state == "settled"
        assert self.lender.wallet("savings", user) == saved

    def pay_from_savings(self, user: User, amount: int) -> None:
        self.lender.payments += 1
        key, args = f"savings:{self.lender.payments}", (self.lender.day, self.lender.at, CAUSE)
        repaying.repay_from_savings(self.lender.session, self.oldest(user), Money(amount * 20, "KES"), *args, key)

    def write_off(self, user: User, amount: int) -> None:
        self.lender.gives_up(self.oldest(user))

    def undo(self, user: User, amount: int) -> None:
        loan = self.oldest(user)
        loans.undo_disbursement(self.lender.session, loan, "reversed", self.lender.at, CAUSE)
        self.lender.day += timedelta(days=amount % 10)
        self.lender.pays_out(loan)

    def take_back(self, user: User, amount: int) -> None:
        """The provider takes a part of a payment back, or all that is left of it; nothing of it is lost but savings."""
        payments = self.payments(user)
        if not payments:
            return
        payment = payments[amount % len(payments)]
        session, gone = self.lender.session, chargebacks.standing(self.lender.session, payment)
        left = payment.amount_minor - sum(each.amount_minor for each in gone)
        if not left:
            return
        money = Money(left if amount % 2 else amount % left + 1, "KES")
        key = f"taken:{payment.id}:{len(self.keys)}"
        owing = self.owing(user)
        with session.begin_nested():
            posted = chargebacks.take(session, payment, money, PROVIDER, key, self.lender.at, CAUSE)
        self.keys.append(key)
        taken = session.get_one(Transaction, posted.transaction_id)
        assert chargebacks.lost(session, taken) <= money.amount_minor
        assert owing <= self.owing(user) <= owing + money.amount_minor

    def bring_back(self, user: User, amount: int) -> None:
        session = self.lender.session
        gone = [each for payment in self.payments(user) for each in chargebacks.standing(session, payment)]
        if gone:
            taken = gone[amount % len(gone)]
            chargebacks.give_back(session, taken, PROVIDER, self.lender.day, self.lender.at, CAUSE)

    def payments(self, user: User) -> list[Transaction]:
        found = select(Transaction).where(
            Transaction.group_id == self.lender.group.id,
            Transaction.user_id == user.id,
            Transaction.kind == "repayment",
            Transaction.state == "completed",
        )
        return list(self.lender.session.scalars(found.order_by(Transaction.id)))

    def owing(self, user: User) -> int:
        return -sum(self.lender.wallet(kind, user) for kind in ("loan", "interest_due", "penalty_due"))

    def oldest(self, user: User) -> Loan:
        active = loans.active(self.lender.session, self.lender.group.id, user.id)
        if not active:
            raise errors.NoLoan
        return active[0]

    def assert_guarantees_cover_what_is_owed(self) -> None:
        """Each holds its share of what is left of the principal, rounded up; nothing is held for what is over.

        Once a payment was taken back it may be less: who was let go by then stays free.
        """
        session, held = self.lender.session, {member.id: 0 for member in self.standing}
        for loan in session.scalars(select(Loan).where(Loan.group_id == self.lender.group.id)).all():
            left = sum(row.principal_minor - row.paid_principal_minor for row in self.lender.rows(loan))
            for guarantee in guaranteeing.of(session, loan, ("held",)):
                assert loan.state == "active"
                share = -(-guarantee.amount_minor * left // loan.principal_minor)
                assert guarantee.held_minor == share or (self.keys and guarantee.held_minor < share)
                held[guarantee.user_id] += guarantee.held_minor
        assert {member.id: self.lender.held(member) for member in self.standing} == held
