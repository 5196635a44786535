"""Asks about one thing by its reference before a person is told that the provider does not have it."""

from payments import comparing
from payments.comparing import Booked, Finding
from payments.held import LET_GO
from payments.provider import Outcome, PayoutVerification, Provider, Verification
from payments.provider_records import Record

DOUBTFUL = ("collection_not_there", "payout_not_there", "refund_failed")
ASKED_AT_MOST = 200
"""In one run: if a whole list is empty by mistake, nobody asks ten thousand times."""


def about(found: list[Finding]) -> bool:
    """Whether their list alone is not enough to say so."""
    return any(finding.kind in DOUBTFUL or _was_let_go(finding) for finding in found)


def ask(provider: Provider, found: list[Finding]) -> list[Finding] | None:
    """What is still different by their answer; None when they gave none."""
    own = next((finding.own for finding in found if finding.own is not None), None)
    if own is None:
        return found
    if own.state == LET_GO:
        return _let_go(provider, own, found)
    records = records_of(provider, own)
    return None if records is None else comparing.compare(own.kind, own, records)


def records_of(provider: Provider, own: Booked) -> list[Record] | None:
    """What the provider says of one thing of ours when it is asked by its reference; None when it does not say."""
    if own.kind == "collection":
        return of_collection(provider.verify(own.reference), own)
    if own.kind == "payout":
        return of_payout(provider.verify_payout(own.reference), own)
    return _refund(provider, own)


def _let_go(provider: Provider, own: Booked, found: list[Finding]) -> list[Finding] | None:
    """What an operator let go stays paid in many a list after it went back: its refunds say that it did."""
    answer = provider.refunds_of(own.reference)
    if answer.outcome is not Outcome.SUCCEEDED:
        return None
    return [] if any(record.outcome is not Outcome.DECLINED for record in answer.records) else found


def _was_let_go(finding: Finding) -> bool:
    return finding.own is not None and finding.own.state == LET_GO


def of_collection(said: Verification, own: Booked) -> list[Record] | None:
    """A provider's word about a payment as its list would have it; None when it said nothing."""
    outcome = Outcome.DECLINED if said.status == "reversed" else said.outcome
    if outcome in (Outcome.NOT_SENT, Outcome.UNKNOWN):
        return None
    if said.status == "not_found" or said.reference not in (None, own.reference):
        return []
    at = said.at or own.made_at
    paid = said.paid or own.amount
    return [Record("collection", said.id or "", own.reference, paid, said.fee, outcome, said.status, at)]


def of_payout(said: PayoutVerification, own: Booked) -> list[Record] | None:
    """A provider's word about a payout as its list would have it; None when it said nothing."""
    if said.outcome in (Outcome.NOT_SENT, Outcome.UNKNOWN):
        return None
    if said.status == "not_found" or said.reference not in (None, own.reference):
        return []
    amount = said.amount or own.amount
    return [Record("payout", "", own.reference, amount, said.fee, said.outcome, said.status, own.made_at)]


def _refund(provider: Provider, own: Booked) -> list[Record] | None:
    answer = provider.refunds_of(own.reference)
    if answer.outcome is not Outcome.SUCCEEDED:
        return None
    return [record for record in answer.records if record.id == own.provider_id]
