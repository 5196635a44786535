"""Asks about one thing by its reference before a person is told that the provider does not have it."""

from payments import comparing
from payments.comparing import Booked, Finding
from payments.provider import Outcome, Provider
from payments.provider_records import Record

DOUBTFUL = ("collection_not_there", "payout_not_there", "refund_failed")
ASKED_AT_MOST = 200
"""In one run: if a whole list is empty by mistake, nobody asks ten thousand times."""


def ask(provider: Provider, found: list[Finding]) -> list[Finding] | None:
    """What is still different by their answer; None when they gave none."""
    own = next((finding.own for finding in found if finding.own is not None), None)
    if own is None:
        return found
    if own.kind == "collection":
        records = _collection(provider, own)
    elif own.kind == "payout":
        records = _payout(provider, own)
    else:
        records = _refund(provider, own)
    return None if records is None else comparing.compare(own.kind, own, records)


def _collection(provider: Provider, own: Booked) -> list[Record] | None:
    said = provider.verify(own.reference)
    outcome = Outcome.DECLINED if said.status == "reversed" else said.outcome
    if outcome in (Outcome.NOT_SENT, Outcome.UNKNOWN):
        return None
    if said.status == "not_found" or said.reference not in (None, own.reference):
        return []
    at = said.at or own.made_at
    paid = said.paid or own.amount
    return [Record("collection", said.id or "", own.reference, paid, said.fee, outcome, said.status, at)]


def _payout(provider: Provider, own: Booked) -> list[Record] | None:
    said = provider.verify_payout(own.reference)
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
