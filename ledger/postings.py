"""The one way into the books: `post()` completes an open transaction with legs that add up to zero.

One round trip: the database function `post_transaction` locks the group, moves the balances, writes entries, receipt
and audit row. Sign convention and worked examples: docs/ledger.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.db import Session
from core.money import MAX_MINOR
from ledger import errors


@dataclass(frozen=True, slots=True)
class Leg:
    """One movement of `amount_minor` (credit positive) on the group's wallet of this kind, owner and provider."""

    kind: str
    amount_minor: int
    user_id: int | None = None
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """Who moved it and through what: written into the group's audit log with every change."""

    actor_id: int | None
    channel: str
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """`replayed` is true when this very posting had been made before, and nothing changed now."""

    receipt_number: int
    replayed: bool


def post(session: Session, transaction_id: int, legs: Sequence[Leg], at: datetime, cause: Cause) -> Posted:
    """Posts `legs` and completes the transaction, which must be pending or processing.

    The same legs again answer the first result. Raises `Unbalanced`, `UnknownWallet`, `InsufficientFunds`,
    `IdempotencyConflict` (posted before with other legs) or `TransactionClosed` (failed, expired, cancelled); the
    database transaction can then only be rolled back.
    """
    moved = [leg for leg in legs if leg.amount_minor]
    for leg in moved:
        if not isinstance(leg.amount_minor, int) or isinstance(leg.amount_minor, bool):
            raise errors.Unbalanced(f"a leg moves whole minor units, not {leg.amount_minor!r}")
        if abs(leg.amount_minor) > MAX_MINOR:
            raise errors.PostingError("the amount is beyond what an entry can hold")
    try:
        row = session.execute(
            _POST,
            {
                "transaction": transaction_id,
                "at": at,
                "actor": cause.actor_id,
                "channel": cause.channel,
                "message": cause.message_id,
                "kinds": [leg.kind for leg in moved],
                "users": [leg.user_id for leg in moved],
                "providers": [leg.provider for leg in moved],
                "amounts": [leg.amount_minor for leg in moved],
            },
        ).one()
    except DBAPIError as error:
        raise _ledger_error(error) from error
    return Posted(row.receipt_number, row.replayed)


_POST = text("""
    SELECT receipt_number, replayed FROM post_transaction(:transaction, :at, :actor, :channel, :message,
        CAST(:kinds AS text[]), CAST(:users AS bigint[]), CAST(:providers AS text[]), CAST(:amounts AS bigint[]))""")

_BY_SQLSTATE: dict[str, type[errors.LedgerError]] = {
    "GW002": errors.Unbalanced,
    "GW003": errors.TransactionClosed,
    "GW004": errors.IdempotencyConflict,
    "GW005": errors.UnknownWallet,
}


def _ledger_error(error: DBAPIError) -> Exception:
    diagnostics = getattr(error.orig, "diag", None)
    if diagnostics is None:
        return error
    if diagnostics.constraint_name == "ck_wallets_balance_side":
        return errors.InsufficientFunds("the wallet does not hold that much")
    known = _BY_SQLSTATE.get(diagnostics.sqlstate or "")
    return known(diagnostics.message_primary) if known else error
