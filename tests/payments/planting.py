"""What stands in our books and in a provider's lists: the same in both, or one difference of each kind."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core import clock, db
from core.money import Money
from payments import paying, refunded, refunding, settling
from payments.models import Payout
from payments.provider import Outcome, PayoutVerification
from payments.provider_records import Record, RecordsAnswer
from tests.payments.actors import Saver, a_checkout, a_saver, says, wishes
from tests.payments.lists import Lists, Row
from tests.payments.test_payouts import ASKED, FEE, decides, the_payout

GROSS, KEPT = 50_800, 762

Line = tuple[str, str, int | None, int | None]


@dataclass(frozen=True)
class Paid:
    """A contribution of 500 in our books: `row` is the provider's side of it."""

    saver: Saver
    reference: str
    checkout_id: int
    row: Row


def contributes(
    lists: Lists, ours: str = "paid", in_lists: bool = True, saver: Saver | None = None, **theirs: Any
) -> Paid:
    """A member's 500: `ours` is paid, open or held; `theirs` changes what the provider has of it."""
    with db.session() as session:
        at = clock.now()
        saver = saver or a_saver(session)
        collection = wishes(session, saver, "500", at=at)
        checkout = a_checkout(session, collection)
        checkout.created_at = at
        if ours == "paid":
            settling.settle(session, checkout.id, says(collection, checkout), at)
        if ours == "held":
            settling.settle(session, checkout.id, says(collection, checkout, paid=Money(1, "KES")), at)
            checkout.paid_minor = None
        session.commit()
        reference, checkout_id = checkout.reference, checkout.id
    row = lists.collects(reference, **({"amount": GROSS} | theirs))
    if not in_lists:
        lists.transactions.remove(row)
    return Paid(saver, reference, checkout_id, row)


def pays_out(lists: Lists, ours: str = "paid", in_lists: bool = True, **theirs: Any) -> Payout:
    """A payout of 5,000 that our books call `ours`; `theirs` changes what the provider has of it."""
    group_id, _ = decides()
    payout = the_payout(group_id)
    with db.session() as session:
        at = clock.now()
        row = paying.lock(session, payout.id)
        row.state, row.submitted_at = "pending", at
        if ours in ("paid", "failed"):
            outcome = Outcome.SUCCEEDED if ours == "paid" else Outcome.DECLINED
            amount, fee = Money(ASKED, "KES"), Money(FEE, "KES")
            said = PayoutVerification(outcome, ours, payout.reference, amount, fee)
            paying.settle(session, payout.id, said, at)
        session.commit()
    if in_lists:
        lists.transfers_out(payout.reference, **({"amount": ASKED, "fee": FEE} | theirs))
    return the_payout(group_id)


def gives_back(lists: Lists, ours: str = "paid", **theirs: Any) -> tuple[Paid, Row]:
    """A payment and its refund, which our books call `ours`."""
    payment = contributes(lists)
    row = lists.gives_back(payment.row, **({"amount": 50_000} | theirs))
    at = clock.now()
    with db.session() as session:
        refund = refunding.begin(session, payment.saver.group_id, 1, "by mistake", payment.saver.user_id, at)
        refund.state, refund.submitted_at, refund.provider_id = "pending", at, str(row["id"])
        if ours == "paid":
            amount = Money(50_000, "KES")
            record = Record(
                "refund", str(row["id"]), payment.reference, amount, None, Outcome.SUCCEEDED, "processed", at
            )
            refunded.settle(session, refund.id, RecordsAnswer(Outcome.SUCCEEDED, (record,), "ok"), at)
        session.commit()
    return payment, row


@dataclass
class Planted:
    """Differences, each of another kind, that no question to the provider can mend yet, and how each is mended."""

    expected: set[Line] = field(default_factory=set)
    mend: list[Callable[[], Any]] = field(default_factory=list)


def agrees_about_much(lists: Lists) -> None:
    """What is the same in both books, of every kind and state."""
    contributes(lists)
    contributes(lists, "open", status="abandoned")
    pays_out(lists)
    pays_out(lists, "failed", status="failed")
    pays_out(lists, "pending", status="pending")
    gives_back(lists)
    gives_back(lists, "pending", status="pending")
    own = contributes(lists)
    lists.settles(own.row, total=GROSS)


def plant(lists: Lists) -> Planted:
    """One difference of every kind but the balance."""
    planted = Planted()
    _plant_collections(lists, planted)
    _plant_payouts(lists, planted)
    _plant_returns(lists, planted)
    return planted


def _plant_collections(lists: Lists, planted: Planted) -> None:
    missed = contributes(lists, "open")
    lists.mute.add(missed.reference)
    planted.expected.add(("collection_missed", missed.reference, None, GROSS))
    planted.mend.append(lambda: lists.mute.discard(missed.reference))

    strange = lists.collects("somebody-elses-000001", 9_900)
    planted.expected.add(("collection_unknown", "somebody-elses-000001", None, 9_900))
    planted.mend.append(lambda: strange.update(status="reversed"))

    absent = contributes(lists, in_lists=False)
    planted.expected.add(("collection_not_there", absent.reference, GROSS, None))
    planted.mend.append(lambda: lists.transactions.append(absent.row))

    larger = contributes(lists, amount=60_800)
    planted.expected.add(("collection_amount", larger.reference, GROSS, 60_800))
    planted.mend.append(lambda: larger.row.update(amount=GROSS))

    dearer = contributes(lists, fees=900)
    planted.expected.add(("collection_fee", dearer.reference, KEPT, 900))
    planted.mend.append(lambda: dearer.row.update(fees=KEPT))

    # The payer gets the fee back as well, which the provider keeps: it comes out of the group's other money.
    taken = contributes(lists, saver=contributes(lists).saver, status="reversed")
    lists.says[taken.reference] = {"status": "success"}
    planted.expected.add(("collection_reversed", taken.reference, GROSS, None))
    planted.mend.append(lambda: lists.says.pop(taken.reference))


def _plant_payouts(lists: Lists, planted: Planted) -> None:
    sent = pays_out(lists, "pending")
    lists.mute.add(sent.reference)
    planted.expected.add(("payout_missed", sent.reference, None, ASKED))
    planted.mend.append(lambda: lists.mute.discard(sent.reference))

    theft = lists.transfers_out("by-whom-000000000001", 77_000)
    planted.expected.add(("payout_unknown", "by-whom-000000000001", None, 77_000))
    planted.mend.append(lambda: theft.update(status="failed"))

    never = pays_out(lists, in_lists=False)
    planted.expected.add(("payout_not_there", never.reference, ASKED, None))
    planted.mend.append(lambda: lists.transfers_out(never.reference, ASKED, at=never.submitted_at))

    less = pays_out(lists, amount=ASKED - 100)
    planted.expected.add(("payout_amount", less.reference, ASKED, ASKED - 100))
    planted.mend.append(lambda: _of(lists.transfers, less.reference).update(amount=ASKED))

    costly = pays_out(lists, fee=FEE + 500)
    planted.expected.add(("payout_fee", costly.reference, FEE, FEE + 500))
    planted.mend.append(lambda: _of(lists.transfers, costly.reference).update(fee_charged=FEE))

    back = pays_out(lists, status="reversed")
    lists.says[back.reference] = {"status": "success"}
    planted.expected.add(("payout_reversed", back.reference, ASKED, None))
    planted.mend.append(lambda: lists.says.pop(back.reference))


def _plant_returns(lists: Lists, planted: Planted) -> None:
    returned, returned_row = gives_back(lists, "pending")
    lists.mute.add(returned.reference)
    planted.expected.add(("refund_missed", f"{returned.reference}/{returned_row['id']}", None, 50_000))
    planted.mend.append(lambda: lists.mute.discard(returned.reference))

    by_hand = contributes(lists)
    by_hand_row = lists.gives_back(by_hand.row, 50_000)
    planted.expected.add(("refund_unknown", f"{by_hand.reference}/{by_hand_row['id']}", None, 50_000))
    planted.mend.append(lambda: by_hand_row.update(status="failed"))

    part, part_row = gives_back(lists, amount=40_000)
    planted.expected.add(("refund_amount", f"{part.reference}/{part_row['id']}", 50_000, 40_000))
    planted.mend.append(lambda: part_row.update(amount=50_000))

    bounced, bounced_row = gives_back(lists, status="failed")
    planted.expected.add(("refund_failed", f"{bounced.reference}/{bounced_row['id']}", 50_000, None))
    planted.mend.append(lambda: bounced_row.update(status="processed"))

    disputed = contributes(lists)
    dispute = lists.is_disputed(disputed.row)
    lists.mute.add(f"/dispute/{dispute['id']}")
    planted.expected.add(("dispute_missed", f"{disputed.reference}/{dispute['id']}", None, GROSS))
    planted.mend.append(lambda: lists.mute.discard(f"/dispute/{dispute['id']}"))

    one, two = contributes(lists), contributes(lists)
    batch = lists.settles(one.row, two.row, total=3 * GROSS)
    planted.expected.add(("settlement_sum", str(batch["id"]), 2 * GROSS, 3 * GROSS))
    planted.mend.append(lambda: batch.update(total_processed=2 * GROSS))


def _of(rows: list[Row], reference: str) -> Row:
    return next(row for row in rows if row["reference"] == reference)
