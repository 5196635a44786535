"""What members read: their savings, the group's money, what they promised, and their latest lines."""

from core import db
from core.money import Money
from ledger import reading, transactions
from tests.ledger.actors import AT, CAUSE, World, pay, saved, wish


def kes(amount_minor: int) -> Money:
    return Money(amount_minor, "KES")


def test_a_new_member_reads_zero_everywhere(session: db.Session, world: World) -> None:
    found = reading.balances(session, world.umoja.id, world.ama.id, "KES")
    assert (found.own, found.group, found.open, found.paying) == (kes(0), kes(0), kes(0), kes(0))


def test_own_savings_the_groups_money_and_open_promises_are_apart(session: db.Session, world: World) -> None:
    saved(session, world.umoja, world.ama, 5000)
    saved(session, world.umoja, world.baraka, 700)
    saved(session, world.harambee, world.chidi, 40)
    wish(session, world.umoja, world.ama, 100)
    transactions.mark_processing(session, wish(session, world.umoja, world.ama, 20).id)
    transactions.end(session, world.umoja.id, wish(session, world.umoja, world.ama, 3).id, "expired", "", AT, CAUSE)
    wish(session, world.umoja, world.baraka, 9)
    found = reading.balances(session, world.umoja.id, world.ama.id, "KES")
    assert (found.own, found.group, found.open) == (kes(5000), kes(5700), kes(120))


def test_only_what_a_member_wants_to_pay_in_is_not_paid_yet(session: db.Session, world: World) -> None:
    payment = saved(session, world.umoja, world.ama, 5000)
    wish(session, world.umoja, world.ama, 100)
    for kind, returns in (("repayment", None), ("guarantee", None), ("refund", payment.id)):
        transactions.begin(session, world.umoja.id, kind, world.ama.id, kes(700), kind, AT, CAUSE, returns_id=returns)
    found = reading.balances(session, world.umoja.id, world.ama.id, "KES")
    assert (found.open, found.paying) == (kes(100), kes(800))
    lines = reading.own_lines(session, world.umoja.id, world.ama.id, limit=3)
    assert [line.kind for line in lines] == ["refund", "guarantee", "repayment"]


def test_the_group_has_what_arrived_after_fees(session: db.Session, world: World) -> None:
    pay(session, wish(session, world.umoja, world.ama, 10_000), fee_minor=150)
    found = reading.balances(session, world.umoja.id, world.ama.id, "KES")
    assert (found.own, found.group) == (kes(10_000), kes(9_850))


def test_own_lines_are_the_newest_first_and_only_ones_own(session: db.Session, world: World) -> None:
    saved(session, world.umoja, world.ama, 100)
    saved(session, world.umoja, world.baraka, 999)
    saved(session, world.umoja, world.ama, 200)
    wish(session, world.umoja, world.ama, 300)
    lines = reading.own_lines(session, world.umoja.id, world.ama.id, limit=10)
    assert [(line.amount, line.state, line.receipt_number) for line in lines] == [
        (kes(300), "pending", None),
        (kes(200), "completed", 3),
        (kes(100), "completed", 1),
    ]
    assert {line.at for line in lines} == {AT}


def test_own_lines_end_at_the_limit(session: db.Session, world: World) -> None:
    for amount_minor in (1, 2, 3):
        wish(session, world.umoja, world.ama, amount_minor)
    lines = reading.own_lines(session, world.umoja.id, world.ama.id, limit=2)
    assert [line.amount.amount_minor for line in lines] == [3, 2]
