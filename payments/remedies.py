"""What is tried at once about a difference: the provider is asked about it, as after a webhook that had been lost."""

import logging
from collections.abc import Callable

from core import outbox
from payments import collections, disputing, payouts, refunding, standing
from payments.comparing import Finding

log = logging.getLogger(__name__)


def attempt(provider: str, finding: Finding) -> bool:
    """Whether something was tried that may have ended it. Safe to repeat; nothing is posted that is not verified."""
    remedy = _REMEDIES.get(finding.kind)
    if remedy is None:
        return False
    try:
        return remedy(provider, finding)
    except outbox.TryAgain as later:
        log.warning(
            "a difference could not be looked into: it stays",
            extra={"kind": finding.kind, "reference": finding.reference, "reason": str(later)},
        )
        return False


def _ask_about_collection(provider: str, finding: Finding) -> bool:
    if finding.own is None:
        return False
    collections.verify(finding.own.id, again=True)
    return True


def _take_inflow(provider: str, finding: Finding) -> bool:
    record = finding.record
    return record is not None and record.receiver is not None and standing.take_inflow(provider, record.reference)


def _ask_about_payout(provider: str, finding: Finding) -> bool:
    if finding.own is None:
        return False
    payouts.verify(finding.own.id)
    return True


def _ask_about_refund(provider: str, finding: Finding) -> bool:
    if finding.own is None:
        return False
    refunding.verify(finding.own.id)
    return True


def _hear_of_dispute(provider: str, finding: Finding) -> bool:
    if finding.record is None:
        return False
    disputing.hear(provider, finding.record.reference, finding.record.id)
    return True


_REMEDIES: dict[str, Callable[[str, Finding], bool]] = {
    "collection_missed": _ask_about_collection,
    "collection_reversed": _ask_about_collection,
    "collection_unknown": _take_inflow,
    "payout_missed": _ask_about_payout,
    "payout_reversed": _ask_about_payout,
    "refund_missed": _ask_about_refund,
    "dispute_missed": _hear_of_dispute,
}
