"""Payout accounts in the book: of several new ones only the last waits, and a stop ends all that wait."""

from datetime import timedelta

from core import db
from ledger.audit import Cause
from payments import accounts
from payments.models import PayoutAccount
from tests.payments.actors import AT, Saver, a_saver, history


def named(session: db.Session, saver: Saver, tail: str, state: str = "asked") -> PayoutAccount:
    """An account that the member (or somebody with their phone) has named."""
    account = PayoutAccount(
        group_id=saver.group_id, user_id=saver.user_id, provider="paystack", kind="mobile_money", bank_code="MPESA",
        bank_name="M-PESA", number=f"+254722000{tail}", holder=None, tail=tail, state=state, created_at=AT,
    )  # fmt: skip
    if state == "confirmed":
        account.usable_from = AT - timedelta(days=2)
    session.add(account)
    session.flush()
    return account


def current(session: db.Session, saver: Saver) -> PayoutAccount | None:
    """Their account when every day of waiting is over."""
    return accounts.current(session, saver.group_id, saver.user_id, AT + timedelta(days=3))


def test_a_new_account_takes_the_place_of_another_that_still_waits(session: db.Session) -> None:
    saver = a_saver(session)
    cause = Cause(saver.user_id, "sms")
    old, one, two = (
        named(session, saver, "100", "confirmed"),
        named(session, saver, "101"),
        named(session, saver, "102"),
    )
    accounts.confirm(session, one.id, AT, cause)
    accounts.confirm(session, two.id, AT + timedelta(minutes=1), cause)
    assert (old.state, one.state, one.usable_from, two.state) == ("confirmed", "refused", None, "confirmed")
    stopped = accounts.stop(session, saver.group_id, saver.user_id, AT + timedelta(hours=1), cause)
    assert stopped is two
    assert current(session, saver) is old
    assert accounts.stop(session, saver.group_id, saver.user_id, AT + timedelta(hours=1), cause) is None


def test_a_stop_ends_every_account_that_waits_and_none_that_is_used(session: db.Session) -> None:
    saver = a_saver(session)
    waiting = [named(session, saver, tail, "confirmed") for tail in ("101", "102")]
    for hours, account in enumerate(waiting, start=1):  # As they stood before only one could wait.
        account.usable_from = AT + timedelta(hours=hours)
    used = named(session, saver, "100", "confirmed")
    session.flush()
    stopped = accounts.stop(session, saver.group_id, saver.user_id, AT, Cause(saver.user_id, "sms"))
    assert stopped is waiting[1]
    assert current(session, saver) is used
    assert history(session, saver.group_id).count("payout_account_stopped") == 2
