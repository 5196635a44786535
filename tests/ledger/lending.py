"""The vocabulary of the tests about loans: a group that lends, a loan that was decided and handed over, a payment."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select, text, update

from core import db
from core.money import Money
from ledger import (
    approvals,
    charging,
    contributions,
    groups,
    guaranteeing,
    instalments,
    loans,
    repaying,
    transactions,
)
from ledger.approvals import Subject
from ledger.audit import Cause
from ledger.models import Group, Instalment, Loan, Membership, Transaction, User
from ledger.postings import Posted
from tests.ledger.actors import AT, CAUSE, PROVIDER, World, person, populated

START = date(2026, 1, 31)


def kes(major: str) -> Money:
    return Money.of_major(Decimal(major), "KES")


def months(count: int) -> date:
    """The day on which instalment `count` of a loan of the start is due."""
    return (date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31))[count - 1]


def a_lender(session: db.Session) -> "Lender":
    """Ama has 10,000 and Baraka 20,000 in the group; it lends at 2 % a month."""
    lender = Lender(session, populated(session))
    # Before everything that happens here: who joins after a vote was opened has no vote in it.
    session.execute(update(Membership).values(joined_at=datetime.combine(START, AT.timetz())))
    lender.saves(lender.world.ama, 10_000_00)
    lender.saves(lender.world.baraka, 20_000_00)
    return lender


@dataclass
class Lender:
    """Umoja, whose Ama borrows; on `day` everything happens."""

    session: db.Session
    world: World
    day: date = START
    payments: int = 0

    @property
    def group(self) -> Group:
        return self.world.umoja

    @property
    def at(self) -> datetime:
        return datetime.combine(self.day, AT.timetz())

    def rules(self, **values: Any) -> "Lender":
        for name, value in values.items():
            setattr(self.group, name, value)
        self.session.flush()
        return self

    def saves(self, user: User, amount_minor: int) -> None:
        self.payments += 1
        key, money = f"save:{self.payments}", Money(amount_minor, "KES")
        wish = contributions.begin(self.session, self.group.id, user.id, money, key, self.at, CAUSE)
        contributions.complete(self.session, wish, PROVIDER, amount_minor, 0, self.at, CAUSE)

    def joins(self, name: str, saved_minor: int) -> User:
        """Another member, with savings."""
        member = person(self.session, name)
        groups.join(self.session, self.group, member.id, self.at, CAUSE)
        self.saves(member, saved_minor)
        return member

    def asks(self, major: int | Decimal, periods: int, user: User | None = None) -> Loan:
        borrower = user or self.world.ama
        money = Money.of_major(Decimal(major), "KES")
        quoted = loans.quote(self.session, self.group, borrower.id, money, periods, None, self.day, PROVIDER)
        return loans.ask(self.session, self.group, borrower.id, quoted, "the roof", self.at, Cause(borrower.id, "sms"))

    def decides(self, loan: Loan) -> int:
        """The group says yes to the loan."""
        subject = Subject("loan", loan.user_id, Money(loan.principal_minor, "KES"), details={"loan": loan.id})
        return self.passes(subject, loan)

    def passes(self, subject: Subject, loan: Loan) -> int:
        tally = approvals.ask(self.session, self.group, subject, self.at, Cause(loan.user_id, "sms"))
        for user_id in approvals.silent(self.session, self.group.id, tally.approval_id):
            if tally.state == "open":
                cause = Cause(user_id, "sms")
                voted = approvals.vote(self.session, self.group.id, tally.approval_id, "yes", self.at, cause)
                tally = voted.tally
        return tally.approval_id

    def hands_over(self, loan: Loan, fee_minor: int = 0) -> Loan:
        """Decided, paid out, begun today."""
        loans.approve(self.session, loan, self.decides(loan))
        return self.pays_out(loan, fee_minor)

    def pays_out(self, loan: Loan, fee_minor: int = 0, provider: str = PROVIDER) -> Loan:
        """An approved loan reaches the member today."""
        self.payments += 1
        key = f"payout:{loan.id}:{self.payments}"
        out = loans.begin_disbursement(self.session, loan, provider, fee_minor, key, self.at, CAUSE)
        loans.complete_disbursement(self.session, out, provider, fee_minor, self.day, self.at, CAUSE)
        return loan

    def lends(self, major: int | Decimal, periods: int, user: User | None = None) -> Loan:
        return self.hands_over(self.asks(major, periods, user))

    def stands(self, loan: Loan, user: User) -> None:
        """The member is named, and says yes."""
        guaranteeing.name_guarantor(self.session, loan, user.id, self.at, CAUSE)
        guaranteeing.answer_guarantee(self.session, loan, user.id, True, self.at, CAUSE)

    def gives_up(self, loan: Loan) -> list[Posted]:
        """The group votes the loan away, and it is written off."""
        return loans.write_off(self.session, loan, self.votes_away(loan), self.at, CAUSE)

    def votes_away(self, loan: Loan) -> int:
        lost = loans.write_off_amount(self.session, loan, self.day)
        subject = Subject("write_off", loan.user_id, lost if lost.amount_minor else None, details={"loan": loan.id})
        return self.passes(subject, loan)

    def goes_to(self, day: date) -> "Lender":
        """The day has come, and what fell due has been charged."""
        self.day = day
        for group_id, loan_id in charging.due_loans(self.session, day, 100):
            charging.charge_due(self.session, group_id, loan_id, day, self.at, CAUSE)
        return self

    def pays(self, minor: int, user: User | None = None) -> Posted:
        """A payment of the borrower has arrived."""
        self.payments += 1
        payer, key = (user or self.world.ama).id, f"repay:{self.payments}"
        wish = transactions.begin(
            self.session, self.group.id, "repayment", payer, Money(minor, "KES"), key, self.at, CAUSE
        )
        return self.completes(wish)

    def completes(self, wish: Transaction) -> Posted:
        return repaying.complete_repayment(self.session, wish, PROVIDER, wish.amount_minor, 0, self.day, self.at, CAUSE)

    def owed(self, loan: Loan) -> repaying.Owed:
        return repaying.owed(self.session, loan, self.day)

    def rows(self, loan: Loan) -> list[Instalment]:
        return instalments.of(self.session, loan)

    def wallet(self, kind: str, user: User | None = None) -> int:
        """What stands on a wallet of the member, credit positive."""
        found = self.session.scalar(
            text("SELECT balance_minor FROM wallets WHERE group_id = :g AND kind = :k AND owner_id = :u"),
            {"g": self.group.id, "k": kind, "u": (user or self.world.ama).id},
        )
        return found or 0

    def income(self, kind: str) -> int:
        found = self.session.scalar(
            text("SELECT balance_minor FROM wallets WHERE group_id = :g AND kind = :k AND owner_id = 0"),
            {"g": self.group.id, "k": kind},
        )
        return found or 0

    def held(self, user: User) -> int:
        """What of the member's savings is reserved."""
        found: int = self.session.execute(
            text("SELECT reserved_minor FROM wallets WHERE group_id = :g AND kind = 'savings' AND owner_id = :u"),
            {"g": self.group.id, "u": user.id},
        ).scalar_one()
        return found

    def assert_rows_are_the_book(self) -> None:
        """What the loans' rows say is owed is what the wallets say, of every member."""
        owing: dict[tuple[int, str], int] = {}
        for loan in self.session.scalars(select(Loan).where(Loan.group_id == self.group.id, Loan.state == "active")):
            for row in self.rows(loan):
                for kind, amount in (
                    ("loan", row.principal_minor - row.paid_principal_minor),
                    ("interest_due", row.interest_charged_minor - row.paid_interest_minor),
                    ("penalty_due", row.penalty_minor - row.paid_penalty_minor),
                ):
                    owing[loan.user_id, kind] = owing.get((loan.user_id, kind), 0) + amount
        wallets = self.session.execute(
            text(
                "SELECT owner_id, kind, -balance_minor FROM wallets WHERE group_id = :g"
                " AND kind IN ('loan', 'interest_due', 'penalty_due') AND balance_minor <> 0"
            ),
            {"g": self.group.id},
        )
        assert {(owner, kind): amount for owner, kind, amount in wallets} == {k: v for k, v in owing.items() if v}
