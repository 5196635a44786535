"""Statements: opening, lines and closing of a member and of the group, page by page, at any moment."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event

from core import db
from core.money import Money
from ledger import legs, statements, transactions
from ledger.postings import Movement, post, record
from ledger.statements import Account, Cursor
from tests.ledger.actors import AT, CAUSE, PROVIDER, World, allowed, populated, wish

DAY = timedelta(days=1)
EVER = (AT - 1000 * DAY, AT + 1000 * DAY)


@pytest.fixture
def world(session: db.Session) -> World:
    """Umoja after five days: Ama saves 50.00 by phone and 7.00 in cash, Baraka 20.00, the cash is taken to the bank."""
    world = populated(session)
    umoja, ama, baraka = world.umoja, world.ama, world.baraka
    _moves(session, world, 0, "contribution", 5000, legs.contribution(ama.id, PROVIDER, 5000, 5100, 80), ama.id)
    _moves(session, world, 1, "contribution", 2000, legs.contribution(baraka.id, PROVIDER, 2000, 2000, 30), baraka.id)
    _moves(session, world, 2, "cash_in", 700, legs.cash_in(ama.id, 700), ama.id)
    _moves(session, world, 3, "banking", 500, legs.banking(legs.CASH_BOX, PROVIDER, 500))
    _moves(session, world, 4, "cash_out", 200, legs.cash_out(ama.id, 200), ama.id)
    session.refresh(umoja)
    return world


def test_a_members_statement_adds_up_from_opening_to_closing(session: db.Session, world: World) -> None:
    found = statements.read(session, _of(world, world.ama.id), AT + DAY, AT + 4 * DAY)
    assert (found.opening, found.closing) == (_kes(5000), _kes(5700))
    assert (found.total_in, found.total_out) == (_kes(700), _kes(0))
    assert [(line.kind, line.amount, line.balance) for line in found.first.lines] == [
        ("cash_in", _kes(700), _kes(5700))
    ]


def test_the_groups_statement_tells_whose_money_came_and_where_it_stood_after(
    session: db.Session, world: World
) -> None:
    found = statements.read(session, _of(world), *EVER)
    assert [
        (line.receipt_number, line.user_id, line.amount.amount_minor, line.balance.amount_minor)
        for line in found.first.lines
    ] == [
        (1, world.ama.id, 5020, 5020),
        (2, world.baraka.id, 1970, 6990),
        (3, world.ama.id, 700, 7690),
        (4, None, 0, 7690),
        (5, world.ama.id, -200, 7490),
    ]
    assert (found.opening, found.closing) == (_kes(0), _kes(7490))
    assert (found.total_in, found.total_out) == (_kes(7690), _kes(200))


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6])
def test_pages_give_every_line_once_in_order_whatever_their_size(session: db.Session, world: World, limit: int) -> None:
    whole = statements.read(session, _of(world), *EVER).first.lines
    lines, after = [], Cursor(0, 0)
    while after is not None:
        page = statements.page(session, _of(world), *EVER, after, limit)
        assert len(page.lines) <= limit
        lines += page.lines
        after = page.next
    assert tuple(lines) == whole
    assert tuple(statements.everything(session, _of(world), *EVER)) == whole


def test_postings_of_one_and_the_same_moment_are_neither_lost_nor_doubled_between_pages(
    session: db.Session, world: World
) -> None:
    for _ in range(7):
        _moves(session, world, 9, "cash_in", 10, legs.cash_in(world.ama.id, 10), world.ama.id)
    lines, after = [], Cursor(0, 0)
    while after is not None:
        page = statements.page(session, _of(world, world.ama.id), *EVER, after, 2)
        lines += [line.receipt_number for line in page.lines]
        after = page.next
    assert lines == [1, 3, 5, *range(6, 13)]


def test_the_newest_lines_come_first_with_the_balance_after_each(session: db.Session, world: World) -> None:
    found = statements.newest(session, _of(world, world.ama.id), *EVER, 2)
    assert [(line.kind, line.amount, line.balance) for line in found] == [
        ("cash_out", _kes(-200), _kes(5500)),
        ("cash_in", _kes(700), _kes(5700)),
    ]


def test_the_newest_lines_and_their_balances_are_of_one_moment(session: db.Session, world: World) -> None:
    statements_run: list[str] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda *call: statements_run.append(call[2]))
    statements.newest(session, _of(world), *EVER, 3)
    assert len(statements_run) == 1, "two statements would see two moments"


@pytest.mark.parametrize(
    ("after_days", "own", "group"),
    [(-1, 0, 0), (0.5, 5000, 5020), (1.5, 5000, 6990), (2.5, 5700, 7690), (99, 5500, 7490)],
)
def test_what_there_was_at_a_moment(session: db.Session, world: World, after_days: float, own: int, group: int) -> None:
    moment = AT + after_days * DAY
    assert statements.balance_at(session, _of(world, world.ama.id), moment) == _kes(own)
    assert statements.balance_at(session, _of(world), moment) == _kes(group)


def test_a_moment_itself_is_not_before_itself(session: db.Session, world: World) -> None:
    assert statements.balance_at(session, _of(world), AT) == _kes(0)
    assert statements.balance_at(session, _of(world), AT + timedelta(microseconds=1)) == _kes(5020)


def test_daily_balances_follow_the_days_of_the_time_zone(session: db.Session, world: World) -> None:
    found = statements.daily_balances(session, _of(world), *EVER, "Africa/Nairobi")
    first = date(2026, 3, 14)
    assert found == [(first + n * DAY, balance) for n, balance in enumerate((5020, 6990, 7690, 7690, 7490))]
    # At 09:26 UTC it is already the next day on Kiritimati.
    assert statements.daily_balances(session, _of(world), *EVER, "Pacific/Kiritimati")[0][0] == first
    assert statements.daily_balances(session, _of(world), *EVER, "Pacific/Pago_Pago")[0][0] == first - DAY


def test_a_stranger_and_a_group_without_money_have_empty_statements(session: db.Session, world: World) -> None:
    for account in (Account(world.harambee.id, "KES"), _of(world, world.chidi.id)):
        found = statements.read(session, account, *EVER)
        assert (found.first.lines, found.opening, found.closing) == ((), _kes(0), _kes(0))
        assert statements.newest(session, account, *EVER, 5) == []


def test_what_was_reversed_is_marked(session: db.Session, world: World) -> None:
    from_ledger = statements.newest(session, _of(world, world.ama.id), *EVER, 9)
    assert not any(line.is_reversed for line in from_ledger)


def test_a_wish_that_is_not_paid_is_in_no_statement(session: db.Session, world: World) -> None:
    wish(session, world.umoja, world.ama, 99_999)
    assert statements.read(session, _of(world, world.ama.id), *EVER).closing == _kes(5500)


def test_a_clock_that_runs_behind_does_not_turn_the_book_around(session: db.Session, world: World) -> None:
    late = transactions.begin(session, world.umoja.id, "contribution", world.ama.id, _kes(100), "late", AT, CAUSE)
    post(session, world.umoja.id, late.id, legs.contribution(world.ama.id, PROVIDER, 100, 100, 0), AT - DAY, CAUSE)
    newest = statements.newest(session, _of(world, world.ama.id), *EVER, 1)[0]
    assert (newest.amount, newest.balance, newest.at) == (_kes(100), _kes(5600), AT + 4 * DAY)


def _moves(
    session: db.Session,
    world: World,
    day: int,
    kind: str,
    amount: int,
    moved: list[legs.Leg],
    user_id: int | None = None,
) -> None:
    key = f"{kind}:{day}:{datetime.now(UTC).timestamp()}:{amount}"
    movement = Movement(world.umoja.id, kind, _kes(amount), moved, key, user_id)
    record(session, allowed(session, movement), AT + day * DAY, CAUSE)


def _of(world: World, user_id: int | None = None) -> Account:
    return Account(world.umoja.id, "KES", user_id)


def _kes(amount_minor: int) -> Money:
    return Money(amount_minor, "KES")
