"""Our rows beside a provider's records: which difference is which, and what is none."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.money import Money
from payments import comparing
from payments.comparing import Booked
from payments.models import DIFFERENCES
from payments.provider import Outcome
from payments.provider_records import Record, RecordKind, Settlement

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
PAID, OPEN, NO = Outcome.SUCCEEDED, Outcome.PENDING, Outcome.DECLINED

Found = tuple[str, int | None, int | None]


def kes(minor: int) -> Money:
    return Money(minor, "KES")


def ours(kind: RecordKind, state: str, amount: int = 50_800, **changes: Any) -> Booked:
    named = {"refund": "R1", "dispute": "D1"}.get(kind)
    values = {"reference": "gw-1", "fee": kes(762), "made_at": AT, "changed_at": AT, "provider_id": named} | changes
    return Booked(kind, 1, 7, state=state, amount=kes(amount), **values)


def theirs(kind: RecordKind, outcome: Outcome, amount: int = 50_800, **changes: Any) -> Record:
    named = {"refund": "R1", "dispute": "D1"}.get(kind, "900")
    status = {PAID: "success", OPEN: "pending", NO: "failed"}.get(outcome, "odd")
    values = {"id": named, "reference": "gw-1", "fee": kes(762), "status": status, "at": AT} | changes
    return Record(kind, amount=kes(amount), outcome=outcome, **values)


def different(kind: RecordKind, own: Booked | None, *records: Record) -> list[Found]:
    return [(each.kind, each.ours_minor, each.theirs_minor) for each in comparing.compare(kind, own, records)]


REVERSED = {"status": "reversed"}
COLLECTIONS: list[tuple[str, Booked | None, list[Record], list[Found]]] = [
    ("paid in both", ours("collection", "paid"), [theirs("collection", PAID)], []),
    ("open in both", ours("collection", "open"), [theirs("collection", OPEN)], []),
    ("nobody paid", None, [theirs("collection", OPEN)], []),
    ("failed and unknown here", None, [theirs("collection", NO)], []),
    (
        "the webhook was lost",
        ours("collection", "open"),
        [theirs("collection", PAID)],
        [("collection_missed", None, 50_800)],
    ),
    (
        "held for a person",
        ours("collection", "held"),
        [theirs("collection", PAID)],
        [("collection_missed", None, 50_800)],
    ),
    (
        "let go by a person",
        ours("collection", "let go"),
        [theirs("collection", PAID)],
        [("collection_missed", None, 50_800)],
    ),
    ("not ours", None, [theirs("collection", PAID)], [("collection_unknown", None, 50_800)]),
    ("not in their list", ours("collection", "paid"), [], [("collection_not_there", 50_800, None)]),
    (
        "failed there",
        ours("collection", "paid"),
        [theirs("collection", NO)],
        [("collection_not_there", 50_800, None)],
    ),
    (
        "another amount",
        ours("collection", "paid"),
        [theirs("collection", PAID, 60_800)],
        [("collection_amount", 50_800, 60_800)],
    ),
    (
        "paid twice under one reference",
        ours("collection", "paid", fee=None),
        [theirs("collection", PAID), theirs("collection", PAID, id="901")],
        [("collection_amount", 50_800, 101_600)],
    ),
    (
        "another fee",
        ours("collection", "paid"),
        [theirs("collection", PAID, fee=kes(800))],
        [("collection_fee", 762, 800)],
    ),
    ("a fee they do not tell", ours("collection", "paid"), [theirs("collection", PAID, fee=None)], []),
    (
        "a failed attempt before it",
        ours("collection", "paid"),
        [theirs("collection", NO, id="899"), theirs("collection", PAID)],
        [],
    ),
    (
        "taken back",
        ours("collection", "paid"),
        [theirs("collection", NO, **REVERSED)],
        [("collection_reversed", 50_800, None)],
    ),
    ("our refund", ours("collection", "paid", given_back=True), [theirs("collection", NO, **REVERSED)], []),
    ("taken back in both", ours("collection", "reversed"), [theirs("collection", NO, **REVERSED)], []),
    ("a lost dispute", ours("collection", "reversed"), [theirs("collection", PAID)], []),
]


@pytest.mark.parametrize(
    ("own", "records", "expected"), [case[1:] for case in COLLECTIONS], ids=[case[0] for case in COLLECTIONS]
)
def test_collections(own: Booked | None, records: list[Record], expected: list[Found]) -> None:
    assert different("collection", own, *records) == expected


PAYOUTS: list[tuple[str, Booked | None, list[Record], list[Found]]] = [
    ("paid in both", ours("payout", "paid"), [theirs("payout", PAID)], []),
    ("under way in both", ours("payout", "pending"), [theirs("payout", OPEN)], []),
    ("failed in both", ours("payout", "failed"), [theirs("payout", NO)], []),
    ("its end was lost", ours("payout", "pending"), [theirs("payout", PAID)], [("payout_missed", None, 50_800)]),
    ("called failed here", ours("payout", "failed"), [theirs("payout", PAID)], [("payout_missed", None, 50_800)]),
    ("not ours", None, [theirs("payout", PAID)], [("payout_unknown", None, 50_800)]),
    ("not ours and on its way", None, [theirs("payout", OPEN)], [("payout_unknown", None, 50_800)]),
    ("not ours and failed", None, [theirs("payout", NO)], []),
    ("not in their list", ours("payout", "paid"), [], [("payout_not_there", 50_800, None)]),
    ("failed there", ours("payout", "paid"), [theirs("payout", NO)], [("payout_not_there", 50_800, None)]),
    ("another amount", ours("payout", "paid"), [theirs("payout", PAID, 50_000)], [("payout_amount", 50_800, 50_000)]),
    ("another fee", ours("payout", "paid"), [theirs("payout", PAID, fee=kes(900))], [("payout_fee", 762, 900)]),
    ("came back", ours("payout", "paid"), [theirs("payout", NO, **REVERSED)], [("payout_reversed", 50_800, None)]),
    ("came back in both", ours("payout", "reversed"), [theirs("payout", NO, **REVERSED)], []),
    ("under way here, gone there", ours("payout", "unknown"), [], []),
]


@pytest.mark.parametrize(("own", "records", "expected"), [case[1:] for case in PAYOUTS], ids=[c[0] for c in PAYOUTS])
def test_payouts(own: Booked | None, records: list[Record], expected: list[Found]) -> None:
    assert different("payout", own, *records) == expected


RETURNS: list[tuple[str, Booked | None, Record, list[Found]]] = [
    ("paid in both", ours("refund", "paid"), theirs("refund", PAID), []),
    ("under way in both", ours("refund", "pending"), theirs("refund", OPEN), []),
    ("its end was lost", ours("refund", "pending"), theirs("refund", PAID), [("refund_missed", None, 50_800)]),
    ("made on their page", None, theirs("refund", OPEN), [("refund_unknown", None, 50_800)]),
    ("failed and unknown here", None, theirs("refund", NO), []),
    ("another amount", ours("refund", "paid"), theirs("refund", PAID, 40_000), [("refund_amount", 50_800, 40_000)]),
    ("failed there", ours("refund", "paid"), theirs("refund", NO), [("refund_failed", 50_800, None)]),
    ("a dispute in both", ours("dispute", "open"), theirs("dispute", OPEN), []),
    ("never heard of", None, theirs("dispute", OPEN), [("dispute_missed", None, 50_800)]),
    ("lost unheard", None, theirs("dispute", NO), [("dispute_missed", None, 50_800)]),
    ("won unheard", None, theirs("dispute", PAID), []),
    ("decided unheard", ours("dispute", "open"), theirs("dispute", NO), [("dispute_missed", None, 50_800)]),
    ("lost after won", ours("dispute", "won"), theirs("dispute", NO), [("dispute_missed", None, 50_800)]),
    ("won after lost", ours("dispute", "lost"), theirs("dispute", PAID), [("dispute_missed", None, 50_800)]),
    ("won in both", ours("dispute", "won"), theirs("dispute", PAID), []),
    ("decided in both", ours("dispute", "lost"), theirs("dispute", NO), []),
]


@pytest.mark.parametrize(("own", "record", "expected"), [case[1:] for case in RETURNS], ids=[c[0] for c in RETURNS])
def test_refunds_and_disputes(own: Booked | None, record: Record, expected: list[Found]) -> None:
    assert different(record.kind, own, record) == expected


def test_another_currency_is_another_amount() -> None:
    foreign = theirs("collection", PAID)
    foreign = Record("collection", "900", "gw-1", Money(50_800, "UGX"), None, PAID, "success", AT)
    (found,) = comparing.compare("collection", ours("collection", "paid"), [foreign])
    assert (found.kind, found.currency, found.detail) == ("collection_amount", "KES", "UGX 50,800 there, KES 508 here")


def test_what_is_held_says_why() -> None:
    held = ours("payout", "held", remark="no answer for a day")
    (found,) = comparing.compare("payout", held, [theirs("payout", PAID)])
    assert (found.detail, found.group_id, found.reference) == ("held here: no answer for a day", 7, "gw-1")


def test_a_refund_without_an_id_is_ours_when_its_payment_and_amount_are() -> None:
    nameless = ours("refund", "unknown", provider_id=None)
    fitting, other = theirs("refund", PAID), theirs("refund", PAID, 1_000, id="R2")
    assert comparing.pair_refunds([other, fitting], [nameless]) == {"gw-1/R1": nameless}
    again = theirs("refund", PAID, id="R3")
    assert comparing.pair_refunds([fitting, again], [nameless]) == {"gw-1/R1": nameless}  # One row, one refund.


def test_what_is_younger_than_ten_minutes_is_not_compared() -> None:
    own, record = ours("collection", "paid"), theirs("collection", PAID)
    assert comparing.too_young(own, [record], AT + timedelta(minutes=9))
    assert not comparing.too_young(own, [record], AT + timedelta(minutes=10))
    assert comparing.too_young(None, [record], AT)


def test_a_settlement_is_the_sum_of_its_collections() -> None:
    total = Settlement("S1", kes(101_600), kes(1_524), "success", AT)
    one, two = theirs("collection", PAID), theirs("collection", PAID, id="901", reference="gw-2")
    assert comparing.settlement(total, [one, two]) is None
    assert comparing.settlement(total, []) is None  # This provider does not list them.
    found = comparing.settlement(total, [one])
    assert found is not None
    assert (found.kind, found.ours_minor, found.theirs_minor) == ("settlement_sum", 50_800, 101_600)
    assert found.detail == "1 collection, KES 508 more in the total"


def test_every_kind_is_found_in_some_list() -> None:
    listed = [kind for kinds in comparing.KINDS.values() for kind in kinds]
    assert [*listed, "settlement_sum", "balance"] == list(DIFFERENCES)
