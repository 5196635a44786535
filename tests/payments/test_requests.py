"""The wish to contribute: a quote, a pay link, and the limits within which it is written down."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from core import db
from core.money import Money
from ledger import errors as ledger_errors
from ledger.audit import Cause
from ledger.models import Transaction
from payments import collections, links
from payments.errors import AmountBelowMinimum, AmountNotPayable, PaymentError, UnknownLink, UnsupportedCurrency
from payments.models import Collection
from payments.provider import quote
from payments.providers import by_name
from tests.payments.actors import AT, OF_500, a_checkout, a_saver, the_group, transactions, wishes


def test_a_wish_is_a_pending_contribution_with_a_quote_and_a_link_for_a_day(session: db.Session) -> None:
    saver = a_saver(session)
    collection = wishes(session, saver, "5000", message="SM1")
    transaction = session.get_one(Transaction, collection.transaction_id)
    assert (transaction.state, transaction.amount_minor, transaction.currency) == ("pending", 500_000, "KES")
    assert (transaction.user_id, transaction.channel, transaction.message_id) == (saver.user_id, "whatsapp", "SM1")
    assert (collection.amount_minor, collection.fee_minor, collection.gross_minor) == (500_000, 7_616, 507_700)
    assert collection.expires_at - collection.created_at == timedelta(hours=24)
    assert re.fullmatch(r"http://localhost:8000/p/[A-Za-z0-9]{12}", links.link_url(collection.token))


def test_asking_again_before_paying_gives_the_same_link_and_no_second_debt(session: db.Session) -> None:
    saver = a_saver(session)
    first = wishes(session, saver, "500")
    again = wishes(session, saver, "500", at=AT + timedelta(hours=22, minutes=59))
    assert again.id == first.id
    assert transactions(session, saver.group_id) == [("pending", 50_000)]


def test_a_link_with_an_hour_or_less_to_live_is_not_given_again(session: db.Session) -> None:
    saver = a_saver(session)
    first = wishes(session, saver, "500")
    late = AT + timedelta(hours=23)
    again = wishes(session, saver, "500", at=late)
    assert again.id != first.id and again.token != first.token
    assert again.expires_at == late + timedelta(hours=24)
    assert wishes(session, saver, "500", at=late).id == again.id


def test_a_links_token_is_letters_and_digits_so_that_no_phone_cuts_it(session: db.Session) -> None:
    saver = a_saver(session)
    tokens = [wishes(session, saver, str(major)).token for major in range(100, 140)]
    assert all(re.fullmatch(r"[A-Za-z0-9]{12}", token) for token in tokens), tokens
    assert len(set(tokens)) == len(tokens)


@pytest.mark.parametrize("bearer", ["payer", "group"])
@pytest.mark.parametrize("major", ["3.01", "500.50", "500.99"])
def test_cents_that_cannot_be_sent_are_refused_before_anything_is_written(
    session: db.Session, major: str, bearer: str
) -> None:
    saver = a_saver(session, fee_bearer=bearer)
    with pytest.raises(AmountNotPayable):
        wishes(session, saver, major)
    assert transactions(session, saver.group_id) == []


@pytest.mark.parametrize("currency", ["NGN", "GHS"])
def test_where_cents_can_be_sent_they_are_saved(session: db.Session, currency: str) -> None:
    saver = a_saver(session, currency)
    assert wishes(session, saver, "500.01").amount_minor == 50_001


def test_the_same_message_twice_is_one_wish_even_after_the_button(session: db.Session) -> None:
    saver = a_saver(session)
    first = wishes(session, saver, "500", message="SM7")
    a_checkout(session, first)
    assert wishes(session, saver, "500", message="SM7").id == first.id
    assert transactions(session, saver.group_id) == [("processing", 50_000)]


def test_a_message_that_stands_for_one_amount_never_stands_for_another(session: db.Session) -> None:
    saver = a_saver(session)
    wishes(session, saver, "500", message="SM8")
    with pytest.raises(ledger_errors.IdempotencyConflict):
        wishes(session, saver, "600", message="SM8")


def test_another_amount_another_member_or_another_time_is_another_wish(session: db.Session) -> None:
    saver, other = a_saver(session), a_saver(session)
    wishes_made = [
        wishes(session, saver, "500"),
        wishes(session, saver, "501"),
        wishes(session, other, "500"),
        wishes(session, saver, "500", at=AT + timedelta(hours=24)),
    ]
    assert len({collection.id for collection in wishes_made}) == 4
    assert len({collection.token for collection in wishes_made}) == 4


def test_once_the_button_was_pressed_the_next_wish_is_a_new_one(session: db.Session) -> None:
    saver = a_saver(session)
    first = wishes(session, saver, "500")
    a_checkout(session, first)
    assert wishes(session, saver, "500").id != first.id


def test_a_wish_without_a_message_has_a_key_of_its_own(session: db.Session) -> None:
    saver = a_saver(session)
    cause = Cause(saver.user_id, "web")
    first = collections.request(session, saver.group_id, saver.user_id, saver.money("500"), AT, cause)
    a_checkout(session, first)
    second = collections.request(session, saver.group_id, saver.user_id, saver.money("500"), AT, cause)
    assert second.transaction_id != first.transaction_id


@pytest.mark.parametrize(
    ("currency", "below", "smallest"), [("KES", "2.99", "3"), ("NGN", "49.99", "50"), ("GHS", "0.09", "0.10")]
)
def test_below_the_providers_minimum_nothing_is_written(
    session: db.Session, currency: str, below: str, smallest: str
) -> None:
    saver = a_saver(session, currency)
    with pytest.raises(AmountBelowMinimum) as refused:
        wishes(session, saver, below)
    assert refused.value.limit == saver.money(smallest)
    assert transactions(session, saver.group_id) == []
    assert wishes(session, saver, smallest).amount_minor == saver.money(smallest).amount_minor


@pytest.mark.parametrize("currency", ["KES", "NGN", "GHS"])
@pytest.mark.parametrize("bearer", ["payer", "group"])
def test_the_providers_maximum_is_for_what_is_paid_fee_included(
    session: db.Session, currency: str, bearer: str
) -> None:
    saver = a_saver(session, currency, fee_bearer=bearer)
    _, largest = by_name("paystack").limits(currency)
    with pytest.raises(ledger_errors.AmountAboveLimit) as refused:
        wishes(session, saver, f"{largest.major + 1}")
    assert transactions(session, saver.group_id) == []
    most = refused.value.limit
    assert wishes(session, saver, f"{most.major}").gross_minor <= largest.amount_minor
    provider = by_name("paystack")
    next_one = most + Money(provider.step_minor(currency), currency)
    assert quote(provider, next_one, bearer == "payer").gross.amount_minor > largest.amount_minor
    with pytest.raises(ledger_errors.AmountAboveLimit):
        wishes(session, saver, f"{most.major + Decimal('0.01')}")


def test_the_groups_own_limit_holds_and_never_lifts_the_providers(session: db.Session) -> None:
    saver = a_saver(session, contribution_max_minor=100_000)
    assert wishes(session, saver, "1000").amount_minor == 100_000
    with pytest.raises(ledger_errors.AmountAboveLimit) as refused:
        wishes(session, saver, "1000.01")
    assert refused.value.limit == saver.money("1000")
    the_group(session, saver).contribution_max_minor = 10**15
    with pytest.raises(ledger_errors.AmountAboveLimit):
        wishes(session, saver, "9999999")


@pytest.mark.parametrize("amount", ["0", "-5"])
def test_nothing_and_less_than_nothing_are_refused(session: db.Session, amount: str) -> None:
    saver = a_saver(session)
    with pytest.raises(ledger_errors.AmountNotPositive):
        wishes(session, saver, amount)
    assert transactions(session, saver.group_id) == []


def test_a_currency_that_no_provider_collects_is_refused_before_anything_is_written(session: db.Session) -> None:
    saver = a_saver(session, "UGX")
    with pytest.raises(UnsupportedCurrency):
        wishes(session, saver, "5000")
    assert transactions(session, saver.group_id) == []
    assert session.scalar(select(func.count()).select_from(Collection)) == 0


def test_what_the_page_shows_follows_the_contribution(session: db.Session) -> None:
    saver = a_saver(session)
    collection = wishes(session, saver, "500")
    link = links.look_at(session, collection.token, AT)
    assert (link.group_name, link.payer_name, link.state, link.held) == ("Umoja", "Ama", "pending", False)
    assert link.quote == OF_500
    assert link.receipt_number is None
    late = links.look_at(session, collection.token, AT + timedelta(hours=24))
    assert late.state == "expired", "nobody has swept it yet, and it is over all the same"
    for unknown in (collection.token + "x", "", "\x00", "ünknown-link", "x" * 1_000):
        with pytest.raises(UnknownLink):
            links.look_at(session, unknown, AT)


def test_every_error_has_a_code_of_its_own() -> None:
    kinds = PaymentError.__subclasses__()
    codes = {kind.code for kind in kinds}
    assert len(codes) == len(kinds) and PaymentError.code not in codes
