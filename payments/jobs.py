"""Payments' work in the background: each job takes an outbox id, calls one function, and is safe to run twice."""

from datetime import date

from core import outbox
from payments import (
    accounts,
    charging,
    collections,
    disputing,
    drifting,
    hearing,
    payouts,
    reconciling,
    refunding,
    standing,
)


@outbox.job
def verify(payload: outbox.Payload) -> None:
    """Asks the provider about one checkout."""
    collections.verify(payload["checkout"])


@outbox.job
def read_event(payload: outbox.Payload) -> None:
    """Follows a webhook's hint."""
    hearing.follow(payload["event"])


@outbox.job
def start_charge(payload: outbox.Payload) -> None:
    """Asks a provider to prompt the payer, or for what they are to dial or to pay into."""
    charging.start(payload["collection"])


@outbox.job
def submit_otp(payload: outbox.Payload) -> None:
    """Gives the provider the one-time password that a payer sent us."""
    charging.submit_otp(payload["checkout"], payload["otp"])


@outbox.job
def open_standing(payload: outbox.Payload) -> None:
    """Asks a provider for a member's own account to pay into."""
    standing.open_at_provider(payload["account"])


@outbox.job
def expire(payload: outbox.Payload) -> None:
    """Ends a contribution whose pay link ran out."""
    collections.expire(payload["collection"])


@outbox.job
def check_account(payload: outbox.Payload) -> None:
    """Asks the provider about the account that a member wants their money on."""
    accounts.check(payload["account"])


@outbox.job
def submit_payout(payload: outbox.Payload) -> None:
    """Sends a payout that is reserved."""
    payouts.submit(payload["payout"])


@outbox.job
def verify_payout(payload: outbox.Payload) -> None:
    """Asks the provider what became of a payout."""
    payouts.verify(payload["payout"])


@outbox.job
def submit_refund(payload: outbox.Payload) -> None:
    """Asks for a refund that is reserved."""
    refunding.submit(payload["refund"])


@outbox.job
def verify_refund(payload: outbox.Payload) -> None:
    """Asks the provider what became of a refund."""
    refunding.verify(payload["refund"])


@outbox.job
def slow_refund(payload: outbox.Payload) -> None:
    """The alarm about a refund that has not ended for a day."""
    refunding.alarm_slow(payload["refund"])


@outbox.job
def read_dispute(payload: outbox.Payload) -> None:
    """Asks the provider what became of a dispute."""
    disputing.read(payload["dispute"])


@outbox.job
def reconcile(payload: outbox.Payload) -> None:
    """Compares one of a provider's lists with our books, for one day."""
    reconciling.work_through(payload["provider"], payload["kind"], date.fromisoformat(payload["day"]))


@outbox.job
def check_fees(payload: outbox.Payload) -> None:
    """Lays the fees of a day beside what payers were quoted."""
    drifting.check(date.fromisoformat(payload["day"]))
