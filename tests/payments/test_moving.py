"""Money that the operator has moved: where it lies by the book, and what can be paid out from there."""

import re

import pytest
from click.testing import CliRunner

from core import clock, db
from core.money import Money
from ledger import contributions, reading
from ledger.audit import Cause
from ledger.errors import InsufficientFunds
from ledger.models import Group
from payments import cli, closing, moving
from payments.models import PayoutAccount
from tests.payments.actors import Saver, a_saver, at_once, balances, history
from tests.payments.desk import Desk
from tests.payments.servers import ScriptedServer

BECAUSE = ("--because", "most payouts go by Paystack")


@pytest.fixture
def scattered(provider_server: ScriptedServer) -> Saver:
    """A member has 1,000 at each of two providers, and an account at the first."""
    Desk(provider_server)
    with db.session() as session:
        at, saver = clock.now(), a_saver(session)
        cause = Cause(saver.user_id, "sms")
        for provider in ("paystack", "flutterwave"):
            wish = contributions.begin(
                session, saver.group_id, saver.user_id, Money(100_000, "KES"), provider, at, cause
            )
            contributions.complete(session, wish, provider, 100_000, 0, at, cause)
        account = PayoutAccount(
            group_id=saver.group_id, user_id=saver.user_id, provider="paystack", kind="mobile_money",
            bank_code="MPESA", bank_name="M-PESA", number="+254712345678", holder=None, tail="678",
            state="confirmed", created_at=at, usable_from=at,
        )  # fmt: skip
        session.add(account)
        session.commit()
    return saver


def code(saver: Saver) -> str:
    with db.session() as session:
        return session.get_one(Group, saver.group_id).code


def runs(*words: str) -> str:
    return CliRunner().invoke(cli.payments, words).output


def moves(saver: Saver, source: str, target: str, amount: str) -> str:
    return runs("moved", "--group", code(saver), "--from", source, "--to", target, "--amount", amount, *BECAUSE)


def lies_at(saver: Saver) -> dict[str, int]:
    with db.session() as session:
        return {
            place: reading.available(session, saver.group_id, 0, "KES", place).cash.amount_minor
            for place in ("paystack", "flutterwave", "bank")
        }


def plan(saver: Saver, minor: int = 200_000) -> closing.Closing:
    with db.session() as session:
        group = session.get_one(Group, saver.group_id)
        left = Money(minor, "KES")
        return closing.plan(session, group, saver.user_id, left, clock.now(), in_cash=False, member_pays_fee=True)


def test_what_was_moved_lies_elsewhere_and_the_groups_money_is_the_same(scattered: Saver) -> None:
    assert "KES 400.50 lies at flutterwave now" in moves(scattered, "paystack", "flutterwave", "400.50")
    assert lies_at(scattered) == {"paystack": 59_950, "flutterwave": 140_050, "bank": 0}
    assert "KES 1,000 lies at bank now" in moves(scattered, "flutterwave", "bank", "1,000")
    assert lies_at(scattered) == {"paystack": 59_950, "flutterwave": 40_050, "bank": 100_000}
    with db.session() as session:
        assert balances(session, scattered.group_id)["savings"] == 200_000
        assert history(session, scattered.group_id).count("banking") == 2


def test_no_more_is_moved_than_is_free_there(scattered: Saver) -> None:
    assert "has KES 1,000 free at paystack; nothing was written down" in moves(
        scattered, "paystack", "flutterwave", "1000.01"
    )
    for source, target, amount in (
        ("paystack", "paystack", "10"),
        ("paystack", "box", "10"),
        ("paystack", "flutterwave", "0"),
        ("paystack", "flutterwave", "-5"),
        ("paystack", "flutterwave", "much"),
        ("paystack", "flutterwave", "0.001"),
    ):
        assert "Usage:" in moves(scattered, source, target, amount), amount
    assert lies_at(scattered)["paystack"] == 100_000
    assert "there is no group NONE" in runs(
        "moved", "--group", "NONE", "--from", "paystack", "--to", "bank", "--amount", "1", *BECAUSE
    )


def test_the_same_words_twice_on_a_day_are_written_down_once(scattered: Saver) -> None:
    moves(scattered, "paystack", "flutterwave", "400")
    assert "stood in its book already" in moves(scattered, "paystack", "flutterwave", "400")
    assert lies_at(scattered)["paystack"] == 60_000


def test_whoever_leaves_hears_that_the_money_lies_elsewhere_and_goes_once_it_was_moved(
    scattered: Saver, caplog: pytest.LogCaptureFixture
) -> None:
    assert (plan(scattered).problem, plan(scattered).quote) == ("money_elsewhere", None)
    assert "payments moved" in caplog.text
    assert plan(scattered, 500_000).problem == "no_money"
    moves(scattered, "flutterwave", "paystack", "1000")
    found = plan(scattered)
    assert (found.problem, found.destination is not None) == ("", True)


def test_the_operator_sees_what_each_group_has_where(scattered: Saver) -> None:
    told = runs("balances")
    lines = [line for line in told.splitlines() if line.startswith(code(scattered))]
    assert [re.split(r"  +", line)[1:3] for line in lines] == [["flutterwave", "KES 1,000"], ["paystack", "KES 1,000"]]
    assert all("more than one place" in line for line in lines)
    assert code(scattered) not in runs("balances", "--group", "OTHER")


def test_two_operators_at_once_cannot_move_the_same_money_twice(scattered: Saver) -> None:
    def move(because: str) -> bool:
        with db.session() as session:
            group = session.get_one(Group, scattered.group_id)
            try:
                moving.write_down(session, group, "paystack", "bank", Money(60_000, "KES"), because, clock.now())
            except InsufficientFunds:
                return False
            session.commit()
            return True

    assert sorted(at_once(lambda: move("one"), lambda: move("two"))) == [False, True]
    assert lies_at(scattered)["paystack"] == 40_000
