"""Our rows beside a provider's records, and what they do not agree about. Pure: no database, no HTTP, no clock.

`DIFFERENCES` in `models/words.py` names every kind that can be found here, but for `balance`, which is in `watching`.
Whatever a person has to decide about stays out of it: a payment that is held, and is paid there, is still a difference.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.money import Money
from payments.outcomes import Outcome
from payments.provider_records import Record, RecordKind, Settlement

NOT_YET = timedelta(minutes=10)
"""What is younger may still be on its way from one book to the other."""

# The kinds that are found in each list, in the order in which a person reads them.
KINDS: dict[RecordKind, tuple[str, ...]] = {
    "collection": (
        "collection_missed",
        "collection_unknown",
        "collection_not_there",
        "collection_amount",
        "collection_fee",
        "collection_reversed",
    ),
    "payout": (
        "payout_missed",
        "payout_unknown",
        "payout_not_there",
        "payout_amount",
        "payout_fee",
        "payout_reversed",
    ),
    "refund": ("refund_missed", "refund_unknown", "refund_amount", "refund_failed"),
    "dispute": ("dispute_missed",),
}


@dataclass(frozen=True, slots=True)
class Booked:
    """One row of ours, as far as a provider can know it.

    `reference` and `provider_id` are what `Record` calls reference and id. `amount` is what was paid, or is to be paid;
    `fee` what the provider kept of it, None where nobody noted that. `made_at` is when the provider may first have
    heard of it, `changed_at` when it came to its state. `given_back`: there is a refund or a dispute of it.
    """

    kind: RecordKind
    id: int
    group_id: int
    reference: str
    state: str
    amount: Money
    fee: Money | None
    made_at: datetime
    changed_at: datetime
    provider_id: str | None = None
    given_back: bool = False
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. Amounts are minor units of `currency`, None where one side has nothing."""

    kind: str
    reference: str
    group_id: int | None
    currency: str
    ours_minor: int | None
    theirs_minor: int | None
    detail: str
    own: Booked | None = None
    record: Record | None = None


def name_of(kind: RecordKind, reference: str, provider_id: str | None) -> str:
    """How one thing is called in both books: by our reference; a refund or dispute by its payment's and its own id."""
    if kind in ("collection", "payout"):
        return reference or provider_id or ""
    return "/".join(part for part in (reference, provider_id) if part)


def by_name(records: Iterable[Record]) -> dict[str, list[Record]]:
    """The records of a list; several under one name are attempts at the same payment."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(name_of(record.kind, record.reference, record.id), []).append(record)
    return found


def pair_refunds(records: Iterable[Record], ours: Sequence[Booked]) -> dict[str, Booked]:
    """Whose refund each record is: ours by its id; else the newest of the payment that has no id, and this amount."""
    paired: dict[str, Booked] = {}
    by_id = {row.provider_id: row for row in ours if row.provider_id}
    nameless = [row for row in ours if not row.provider_id]
    for record in records:
        row = by_id.get(record.id)
        if row is None:
            fitting = (row for row in nameless if (row.reference, row.amount) == (record.reference, record.amount))
            row = max(fitting, key=lambda row: row.id, default=None)
        if row is not None:
            paired[name_of("refund", record.reference, record.id)] = row
            nameless = [other for other in nameless if other.id != row.id]
    return paired


def too_young(ours: Booked | None, theirs: Sequence[Record], at: datetime) -> bool:
    """Whether one side may simply not have heard yet."""
    moments = [record.at for record in theirs] + ([ours.changed_at] if ours else [])
    return any(moment > at - NOT_YET for moment in moments)


def compare(kind: RecordKind, ours: Booked | None, theirs: Sequence[Record]) -> list[Finding]:
    """What is different about one thing; `theirs` is empty when they have nothing of that name."""
    return _COMPARISONS[kind](ours, theirs)


def settlement(paid_together: Settlement, collections: Sequence[Record]) -> Finding | None:
    """Whether a settlement's total is the sum of its collections; nothing can be said where they are not listed."""
    total = paid_together.total
    if not collections:
        return None
    foreign = [record for record in collections if record.amount.currency != total.currency]
    summed = sum(record.amount.amount_minor for record in collections if record not in foreign)
    if summed == total.amount_minor and not foreign:
        return None
    missing = total.amount_minor - summed
    counted = "1 collection" if len(collections) == 1 else f"{len(collections):,} collections"
    more = "more" if missing >= 0 else "less"
    detail = f"{counted}, {Money(abs(missing), total.currency)} {more} in the total"
    if foreign:
        detail += f"; {len(foreign)} in another currency"
    return Finding("settlement_sum", paid_together.id, None, total.currency, summed, total.amount_minor, detail)


def _collection(ours: Booked | None, theirs: Sequence[Record]) -> list[Finding]:
    paid = [record for record in theirs if record.outcome is Outcome.SUCCEEDED]
    if ours is None:
        where = "paid into a standing account" if any(record.receiver for record in paid) else "paid there"
        return [_found("collection_unknown", None, record, where) for record in paid[:1]]
    if ours.state == "paid":
        return _booked_collection(ours, theirs, paid)
    # One that was taken back stays paid in their list where a dispute was lost; one that was let go must go back there.
    if paid and ours.state != "reversed":
        return [_found("collection_missed", ours, paid[0], _here(ours))]
    return []


def _booked_collection(ours: Booked, theirs: Sequence[Record], paid: Sequence[Record]) -> list[Finding]:
    if not paid:
        back = [record for record in theirs if record.status == "reversed"]
        if back:
            # A refund or a lost dispute ends as `reversed` there: the books know of it by its own row.
            return [] if ours.given_back else [_found("collection_reversed", ours, back[0], "they took it back")]
        return [_found("collection_not_there", ours, _first(theirs), _there(theirs))]
    foreign = [record for record in paid if record.amount.currency != ours.amount.currency]
    if foreign:
        detail = f"{foreign[0].amount} there, {ours.amount} here"
        return [_found("collection_amount", ours, foreign[0], detail, theirs_minor=foreign[0].amount.amount_minor)]
    found = []
    total = sum(record.amount.amount_minor for record in paid)
    if total != ours.amount.amount_minor:
        times = f"paid {len(paid)} times under one reference" if len(paid) > 1 else "another amount was paid"
        found.append(_found("collection_amount", ours, paid[0], times, theirs_minor=total))
    return found + _fee("collection_fee", ours, paid)


def _payout(ours: Booked | None, theirs: Sequence[Record]) -> list[Finding]:
    record = _best(theirs)
    if ours is None:
        sent = record is not None and record.outcome in (Outcome.SUCCEEDED, Outcome.PENDING)
        return [_found("payout_unknown", None, record, _there(theirs))] if sent else []
    if ours.state != "paid":
        paid = record is not None and record.outcome is Outcome.SUCCEEDED
        return [_found("payout_missed", ours, record, _here(ours))] if paid else []
    if record is not None and record.status == "reversed":
        return [_found("payout_reversed", ours, record, "they brought it back")]
    if record is None or record.outcome is not Outcome.SUCCEEDED:
        return [_found("payout_not_there", ours, record, _there(theirs))]
    found = []
    if record.amount != ours.amount:
        found.append(_found("payout_amount", ours, record, f"{record.amount} there, {ours.amount} here"))
    return found + _fee("payout_fee", ours, [record])


def _refund(ours: Booked | None, theirs: Sequence[Record]) -> list[Finding]:
    record = _best(theirs)
    going = record is not None and record.outcome in (Outcome.SUCCEEDED, Outcome.PENDING)
    if ours is None:
        return [_found("refund_unknown", None, record, _there(theirs))] if going else []
    found = []
    if record is not None and going and record.amount != ours.amount:
        found.append(_found("refund_amount", ours, record, f"{record.amount} there, {ours.amount} here"))
    if record is not None and record.outcome is Outcome.SUCCEEDED and ours.state != "paid":
        found.append(_found("refund_missed", ours, record, _here(ours)))
    if ours.state == "paid" and (record is None or record.outcome is Outcome.DECLINED):
        found.append(_found("refund_failed", ours, record, _there(theirs)))
    return found


def _dispute(ours: Booked | None, theirs: Sequence[Record]) -> list[Finding]:
    record = _best(theirs)
    if record is None:
        return []
    decided = {Outcome.SUCCEEDED: "decided for us", Outcome.DECLINED: "lost"}.get(record.outcome, "open")
    # One that ended well before anybody here heard of it has moved no money.
    if ours is None and record.outcome is not Outcome.SUCCEEDED:
        return [_found("dispute_missed", None, record, f"{decided} there, nothing here")]
    ended = {"open": (Outcome.SUCCEEDED, Outcome.DECLINED), "won": (Outcome.DECLINED,), "lost": (Outcome.SUCCEEDED,)}
    if ours is not None and record.outcome in ended.get(ours.state, ()):
        return [_found("dispute_missed", ours, record, f"{decided} there, {ours.state} here")]
    return []


def _fee(kind: str, ours: Booked, paid: Sequence[Record]) -> list[Finding]:
    fees = [record.fee for record in paid if record.fee is not None]
    if ours.fee is None or len(fees) < len(paid) or {fee.currency for fee in fees} != {ours.fee.currency}:
        return []
    charged = sum(fee.amount_minor for fee in fees)
    if charged == ours.fee.amount_minor:
        return []
    booked = ours.fee.amount_minor
    detail = f"of a payment of {ours.amount}"
    return [_found(kind, ours, paid[0], detail, ours_minor=booked, theirs_minor=charged)]


def _found(
    kind: str,
    ours: Booked | None,
    record: Record | None,
    detail: str,
    ours_minor: int | None = None,
    theirs_minor: int | None = None,
) -> Finding:
    """The amounts are those of both sides, unless given; an amount that did not count is none."""
    side = ours or record
    assert side is not None, "a difference is about something"
    if record is not None and theirs_minor is None and not kind.endswith(("_not_there", "_reversed", "_failed")):
        theirs_minor = record.amount.amount_minor
    if ours is not None and ours_minor is None and not kind.endswith("_missed"):
        ours_minor = ours.amount.amount_minor
    provider_id = record.id if record is not None else ours.provider_id if ours is not None else None
    name = name_of(side.kind, side.reference, provider_id)
    group_id = ours.group_id if ours is not None else None
    return Finding(kind, name, group_id, side.amount.currency, ours_minor, theirs_minor, detail, ours, record)


def _best(theirs: Sequence[Record]) -> Record | None:
    """What counts among several records of one thing: what was paid, then what may yet be."""
    order = (Outcome.SUCCEEDED, Outcome.PENDING, Outcome.UNKNOWN)
    return min(theirs, key=lambda record: order.index(record.outcome) if record.outcome in order else 9, default=None)


def _first(theirs: Sequence[Record]) -> Record | None:
    return theirs[0] if theirs else None


def _here(ours: Booked) -> str:
    return f"{ours.state} here: {ours.remark}" if ours.remark else f"{ours.state} here"


def _there(theirs: Sequence[Record]) -> str:
    best = _best(theirs)
    return f"they say {best.status}" if best is not None else "they have none"


_COMPARISONS: dict[RecordKind, Callable[[Booked | None, Sequence[Record]], list[Finding]]] = {
    "collection": _collection,
    "payout": _payout,
    "refund": _refund,
    "dispute": _dispute,
}
