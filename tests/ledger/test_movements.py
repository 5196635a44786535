"""Every kind of movement with small real numbers: its exact entries, what they do to the balances, and what is refused.

Amounts are in cents. docs/ledger.md tells the same as a story.
"""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from core import db
from core.money import Money
from ledger import errors, legs, transactions
from ledger.legs import Allocation
from ledger.models import MOVEMENTS, Transaction
from ledger.postings import Leg, Movement, Posted, post, record
from tests.ledger.actors import AT, CAUSE, PROVIDER, World, allowed, balances, row_counts, whose

BOX = legs.CASH_BOX
Amounts = dict[str, int]
Example = tuple[str, Callable[[World], list[Leg]], Amounts]

# What stands in the book before each example: (kind, legs) in this order.
BEFORE: list[Example] = [
    ("contribution", lambda w: legs.contribution(w.ama.id, PROVIDER, 1_000_000, 1_015_300, 15_230), {}),
    ("cash_in", lambda w: legs.cash_in(w.baraka.id, 500_000), {}),
    ("social_fund", lambda w: legs.social_fund(BOX, 50_000, 50_000, 0), {}),
    ("loan_disbursement", lambda w: legs.loan_disbursement(w.baraka.id, BOX, 300_000, 0), {}),
    ("loan_fee", lambda w: legs.loan_fee(w.baraka.id, 3_000), {}),
    ("interest", lambda w: legs.interest(w.baraka.id, 6_000), {}),
    ("penalty", lambda w: legs.penalty(w.baraka.id, 1_500), {}),
    ("payout", lambda w: legs.payout("expense", BOX, 2_000, 0), {}),
]

STANDING: Amounts = {
    "savings ama": 1_000_000,
    "savings baraka": 500_000,
    "social_fund": 50_000,
    "fee_income": 15_300 + 3_000,
    "interest_income": 6_000,
    "penalty_income": 1_500,
    "cash paystack": -1_000_070,
    "cash box": -248_000,
    "fee_expense": -15_230,
    "expense": -2_000,
    "loan baraka": -300_000,
    "fee_due baraka": -3_000,
    "interest_due baraka": -6_000,
    "penalty_due baraka": -1_500,
}

PART = Allocation(penalty=1_500, fee=3_000, interest=6_000, principal=100_000)
PAID_OFF: Amounts = {
    "penalty_due baraka": 1_500,
    "fee_due baraka": 3_000,
    "interest_due baraka": 6_000,
    "loan baraka": 100_000,
}

EXAMPLES: dict[str, Example] = {
    "the payer bears the fee": (
        "contribution",
        lambda w: legs.contribution(w.ama.id, PROVIDER, 500_000, 507_700, 7_616),
        {"cash paystack": -500_084, "fee_expense": -7_616, "fee_income": 7_700, "savings ama": 500_000},
    ),
    "the group bears the fee": (
        "contribution",
        lambda w: legs.contribution(w.ama.id, PROVIDER, 500_000, 500_000, 7_500),
        {"cash paystack": -492_500, "fee_expense": -7_500, "savings ama": 500_000},
    ),
    "a contribution as small as its fee": (
        "contribution",
        lambda w: legs.contribution(w.ama.id, PROVIDER, 1, 1, 1),
        {"fee_expense": -1, "savings ama": 1},
    ),
    "notes into the box": (
        "cash_in",
        lambda w: legs.cash_in(w.ama.id, 20_000),
        {"cash box": -20_000, "savings ama": 20_000},
    ),
    "notes out of the box": (
        "cash_out",
        lambda w: legs.cash_out(w.ama.id, 20_000),
        {"cash box": 20_000, "savings ama": -20_000},
    ),
    "the member bears the fee of a withdrawal": (
        "withdrawal",
        lambda w: legs.withdrawal(w.ama.id, PROVIDER, 100_000, 98_000, 2_000),
        {"savings ama": -100_000, "cash paystack": 100_000, "fee_expense": -2_000, "fee_income": 2_000},
    ),
    "the group bears the fee of a withdrawal": (
        "withdrawal",
        lambda w: legs.withdrawal(w.ama.id, PROVIDER, 100_000, 100_000, 2_000),
        {"savings ama": -100_000, "cash paystack": 102_000, "fee_expense": -2_000},
    ),
    "a refund with its own fee": (
        "refund",
        lambda w: legs.refund(w.ama.id, PROVIDER, 500_000, 1_000),
        {"savings ama": -500_000, "cash paystack": 501_000, "fee_expense": -1_000},
    ),
    "a refund for nothing": (
        "refund",
        lambda w: legs.refund(w.ama.id, PROVIDER, 500_000),
        {"savings ama": -500_000, "cash paystack": 500_000},
    ),
    "a loan": (
        "loan_disbursement",
        lambda w: legs.loan_disbursement(w.ama.id, PROVIDER, 900_000, 4_000),
        {"loan ama": -900_000, "cash paystack": 904_000, "fee_expense": -4_000},
    ),
    "the group's fee for a loan": (
        "loan_fee",
        lambda w: legs.loan_fee(w.baraka.id, 700),
        {"fee_due baraka": -700, "fee_income": 700},
    ),
    "interest falls due": (
        "interest",
        lambda w: legs.interest(w.baraka.id, 5_823),
        {"interest_due baraka": -5_823, "interest_income": 5_823},
    ),
    "a penalty": (
        "penalty",
        lambda w: legs.penalty(w.baraka.id, 1_545),
        {"penalty_due baraka": -1_545, "penalty_income": 1_545},
    ),
    "a repayment with too much, by phone": (
        "repayment",
        lambda w: legs.repayment(
            w.baraka.id, PROVIDER, Allocation(1_500, 3_000, 6_000, 291_149, 851), gross=307_200, fee=4_608
        ),
        {
            "cash paystack": -302_592,
            "fee_expense": -4_608,
            "fee_income": 4_700,
            "penalty_due baraka": 1_500,
            "fee_due baraka": 3_000,
            "interest_due baraka": 6_000,
            "loan baraka": 291_149,
            "savings baraka": 851,
        },
    ),
    "a repayment of interest alone, in notes": (
        "repayment",
        lambda w: legs.repayment(w.baraka.id, BOX, Allocation(interest=6_000), gross=6_000, fee=0),
        {"cash box": -6_000, "interest_due baraka": 6_000},
    ),
    "dues settled from own savings": (
        "transfer",
        lambda w: legs.transfer(w.baraka.id, PART),
        {"savings baraka": -110_500, **PAID_OFF},
    ),
    "a guarantor pays": (
        "guarantee",
        lambda w: legs.guarantee(w.ama.id, w.baraka.id, PART),
        {"savings ama": -110_500, **PAID_OFF},
    ),
    "dues given up": (
        "write_off",
        lambda w: legs.write_off(w.baraka.id, PART),
        {"bad_debt": -110_500, **PAID_OFF},
    ),
    "taken back by a bank": (
        "chargeback",
        lambda w: legs.chargeback(w.ama.id, PROVIDER, 20_000, 15_000),
        {"savings ama": -15_000, "bad_debt": -5_000, "cash paystack": 20_000},
    ),
    "taken back, and nothing is saved": (
        "chargeback",
        lambda w: legs.chargeback(w.ama.id, PROVIDER, 20_000, 0),
        {"bad_debt": -20_000, "cash paystack": 20_000},
    ),
    "into the social fund": (
        "social_fund",
        lambda w: legs.social_fund(PROVIDER, 10_000, 10_200, 153),
        {"cash paystack": -10_047, "fee_expense": -153, "fee_income": 200, "social_fund": 10_000},
    ),
    "help from the social fund": (
        "payout",
        lambda w: legs.payout("social_fund", PROVIDER, 30_000, 2_000),
        {"social_fund": -30_000, "cash paystack": 32_000, "fee_expense": -2_000},
    ),
    "the group spends": (
        "payout",
        lambda w: legs.payout("expense", BOX, 8_000, 0),
        {"expense": -8_000, "cash box": 8_000},
    ),
    "the box is paid in": (
        "banking",
        lambda w: legs.banking(BOX, PROVIDER, 200_000),
        {"cash box": 200_000, "cash paystack": -200_000},
    ),
    "a provider took a fee": (
        "fee",
        lambda w: legs.fee(PROVIDER, 2_500),
        {"cash paystack": 2_500, "fee_expense": -2_500},
    ),
    "the profit becomes savings": (
        "share_out",
        lambda w: legs.share_out(
            {w.ama.id: 5_713, w.baraka.id: 2_857},
            {"fee_income": 18_300, "interest_income": 6_000, "penalty_income": 1_500},
            {"fee_expense": 15_230, "expense": 2_000},
        ),
        {
            "fee_income": -18_300,
            "interest_income": -6_000,
            "penalty_income": -1_500,
            "fee_expense": 15_230,
            "expense": 2_000,
            "savings ama": 5_713,
            "savings baraka": 2_857,
        },
    ),
}

# The cash that each example takes or the dues that it pays are not enough: one cent less would do.
OVERDRAWN: dict[str, Example] = {
    "savings": ("cash_out", lambda w: legs.cash_out(w.baraka.id, 500_001), {}),
    "the box": ("cash_out", lambda w: legs.cash_out(w.ama.id, 248_001), {}),
    "a provider": ("withdrawal", lambda w: legs.withdrawal(w.ama.id, PROVIDER, 1_000_000, 1_000_000, 71), {}),
    "the fund": ("payout", lambda w: legs.payout("social_fund", BOX, 50_001, 0), {}),
    "the place it came from": ("banking", lambda w: legs.banking(BOX, PROVIDER, 248_001), {}),
    "more than the principal": ("transfer", lambda w: legs.transfer(w.baraka.id, Allocation(principal=300_001)), {}),
    "more than the interest": ("write_off", lambda w: legs.write_off(w.baraka.id, Allocation(interest=6_001)), {}),
    "more income than there is": (
        "share_out",
        lambda w: legs.share_out({w.ama.id: 6_001}, {"interest_income": 6_001}, {}),
        {},
    ),
}

IMPOSSIBLE: dict[str, Callable[[], list[Leg]]] = {
    "less was paid than is credited": lambda: legs.contribution(1, PROVIDER, 5_000, 4_999, 0),
    "less was paid than the dues": lambda: legs.repayment(1, PROVIDER, Allocation(interest=5_000), 4_999, 0),
    "less was paid than the fund gets": lambda: legs.social_fund(PROVIDER, 5_000, 4_999, 0),
    "more sent than taken": lambda: legs.withdrawal(1, PROVIDER, 5_000, 5_001, 0),
    "savings into themselves": lambda: legs.transfer(1, Allocation(principal=5_000, surplus=1)),
    "a guarantor with too much": lambda: legs.guarantee(1, 2, Allocation(principal=5_000, surplus=1)),
    "a surplus written off": lambda: legs.write_off(1, Allocation(principal=5_000, surplus=1)),
    "more from the savings than went back": lambda: legs.chargeback(1, PROVIDER, 5_000, 5_001),
    "less shared out than earned": lambda: legs.share_out({1: 99}, {"interest_income": 110}, {"expense": 10}),
    "more shared out than earned": lambda: legs.share_out({1: 101}, {"interest_income": 110}, {"expense": 10}),
}

# Each would turn the movement round: a withdrawal that pays in, interest that is given.
NEGATIVE: dict[str, Callable[[], object]] = {
    "contribution": lambda: legs.contribution(1, PROVIDER, -5, 5, 0),
    "fee of a contribution": lambda: legs.contribution(1, PROVIDER, 5, 5, -1),
    "social_fund": lambda: legs.social_fund(PROVIDER, -5, 5, 0),
    "withdrawal": lambda: legs.withdrawal(1, PROVIDER, -5, -5, 0),
    "fee of a withdrawal": lambda: legs.withdrawal(1, PROVIDER, 5, 5, -1),
    "chargeback": lambda: legs.chargeback(1, PROVIDER, -5, -5),
    "savings of a chargeback": lambda: legs.chargeback(1, PROVIDER, 5, -1),
    "loan_disbursement": lambda: legs.loan_disbursement(1, PROVIDER, -5, 0),
    "fee of a loan": lambda: legs.loan_disbursement(1, PROVIDER, 5, -1),
    "refund": lambda: legs.refund(1, PROVIDER, -5),
    "payout": lambda: legs.payout("expense", PROVIDER, -5, 0),
    "fee": lambda: legs.fee(PROVIDER, -5),
    "loan_fee": lambda: legs.loan_fee(1, -5),
    "interest": lambda: legs.interest(1, -5),
    "penalty": lambda: legs.penalty(1, -5),
    "cash_in": lambda: legs.cash_in(1, -5),
    "cash_out": lambda: legs.cash_out(1, -5),
    "banking": lambda: legs.banking(BOX, PROVIDER, -5),
    "part of an allocation": lambda: Allocation(penalty=-5, principal=5),
}

by_title = pytest.mark.parametrize("title", EXAMPLES)


@pytest.fixture
def standing(session: db.Session, world: World) -> World:
    for kind, make, _ in BEFORE:
        _record(session, world, kind, make(world))
    return world


def test_the_book_before_the_examples_is_what_they_count_on(session: db.Session, standing: World) -> None:
    assert _named(session, standing) == STANDING
    assert sum(STANDING.values()) == 0


@by_title
def test_a_movement_writes_exactly_these_entries(session: db.Session, standing: World, title: str) -> None:
    kind, make, expected = EXAMPLES[title]
    posted = _record(session, standing, kind, make(standing))
    assert _entries(session, standing, posted.transaction_id) == expected
    assert sum(expected.values()) == 0


@by_title
def test_balances_move_by_the_entries_and_nothing_else_moves(session: db.Session, standing: World, title: str) -> None:
    kind, make, expected = EXAMPLES[title]
    _record(session, standing, kind, make(standing))
    wanted = {wallet: STANDING.get(wallet, 0) + expected.get(wallet, 0) for wallet in STANDING | expected}
    assert _named(session, standing) == wanted


@by_title
def test_a_movement_that_was_begun_first_writes_the_same(session: db.Session, standing: World, title: str) -> None:
    kind, make, expected = EXAMPLES[title]
    moved = make(standing)
    wanted = allowed(session, Movement(standing.umoja.id, kind, _amount(standing, moved), moved, "begun"))
    begun = transactions.begin(
        session, wanted.group_id, kind, wanted.user_id, wanted.amount, wanted.key, AT, CAUSE, "because",
        wanted.approval_id, wanted.returns_id,
    )  # fmt: skip
    post(session, wanted.group_id, begun.id, moved, AT, CAUSE)
    assert _entries(session, standing, begun.id) == expected


@by_title
def test_the_reversal_of_a_movement_writes_the_opposite(session: db.Session, standing: World, title: str) -> None:
    kind, make, expected = EXAMPLES[title]
    posted = _record(session, standing, kind, make(standing))
    back = legs.reversal(make(standing))
    undone = _record(session, standing, "reversal", back, reverses_id=posted.transaction_id)
    opposite = {wallet: -amount for wallet, amount in expected.items()}
    assert _entries(session, standing, undone.transaction_id) == opposite
    assert session.get_one(Transaction, posted.transaction_id, populate_existing=True).state == "reversed"
    found = _named(session, standing)
    assert {wallet: found[wallet] for wallet in STANDING} == STANDING


def test_every_kind_of_movement_has_an_example() -> None:
    assert {kind for kind, _, _ in EXAMPLES.values()} | {"reversal"} == set(MOVEMENTS)


@pytest.mark.parametrize("title", OVERDRAWN)
def test_one_cent_too_much_is_refused(session: db.Session, standing: World, title: str) -> None:
    kind, make, _ = OVERDRAWN[title]
    before = row_counts(session)
    with pytest.raises(errors.InsufficientFunds), session.begin_nested():
        _record(session, standing, kind, make(standing))
    assert row_counts(session) == before
    assert _named(session, standing) == STANDING


@pytest.mark.parametrize("title", IMPOSSIBLE)
def test_amounts_that_cannot_belong_together_make_no_legs(title: str) -> None:
    with pytest.raises(errors.Unbalanced):
        IMPOSSIBLE[title]()


@pytest.mark.parametrize("what", NEGATIVE)
def test_an_amount_below_zero_makes_no_legs(what: str) -> None:
    with pytest.raises(errors.AmountNotPositive):
        NEGATIVE[what]()


@pytest.mark.parametrize("source", ["savings", "cash", "fee_income", "loan", "x"])
def test_a_payout_is_an_expense_or_help_from_the_fund(source: str) -> None:
    with pytest.raises(errors.UnknownWallet):
        legs.payout(source, PROVIDER, 5_000, 0)


def test_a_stranger_gets_no_loan(session: db.Session, standing: World) -> None:
    with pytest.raises(errors.UnknownWallet), session.begin_nested():
        _record(session, standing, "loan_disbursement", legs.loan_disbursement(standing.chidi.id, PROVIDER, 5_000, 0))


def test_the_first_loan_of_a_member_opens_their_wallet_for_it(session: db.Session, standing: World) -> None:
    opened = text("SELECT count(*) FROM audit_log WHERE group_id = :group AND action = 'wallet_opened'")
    before = session.scalar(opened, {"group": standing.umoja.id})
    for _ in range(2):
        _record(session, standing, "loan_disbursement", legs.loan_disbursement(standing.ama.id, PROVIDER, 5_000, 0))
    assert session.scalar(opened, {"group": standing.umoja.id}) == before + 1
    assert balances(session, standing.umoja)["loan", standing.ama.id] == -10_000


def test_a_kind_that_nobody_knows_is_refused(session: db.Session, standing: World) -> None:
    with pytest.raises(Exception, match="ck_transactions_kind"), session.begin_nested():
        _record(session, standing, "gift", legs.cash_in(standing.ama.id, 100))


def _record(session: db.Session, world: World, kind: str, moved: list[Leg], reverses_id: int | None = None) -> Posted:
    key = f"{kind} {session.query(Transaction).count()}"
    payer = whose(moved) if kind == "contribution" else None
    movement = Movement(
        world.umoja.id, kind, _amount(world, moved), moved, key, payer, reason="because", reverses_id=reverses_id
    )
    return record(session, allowed(session, movement), AT, CAUSE)


def _amount(world: World, moved: list[Leg]) -> Money:
    return Money(sum(leg.amount_minor for leg in moved if leg.amount_minor > 0), world.umoja.currency)


def _entries(session: db.Session, world: World, transaction_id: int) -> Amounts:
    rows = session.execute(
        text("""SELECT w.kind, w.user_id, w.provider, e.amount_minor
                  FROM entries e JOIN wallets w ON w.id = e.wallet_id WHERE e.transaction_id = :id"""),
        {"id": transaction_id},
    )
    return {_name(world, kind, user_id or provider): amount for kind, user_id, provider, amount in rows}


def _named(session: db.Session, world: World) -> Amounts:
    return {_name(world, *wallet): balance for wallet, balance in balances(session, world.umoja).items()}


def _name(world: World, kind: str, whose: int | str) -> str:
    people = {world.ama.id: "ama", world.baraka.id: "baraka"}
    return f"{kind} {people.get(whose, whose) if isinstance(whose, int) else whose}".strip()
