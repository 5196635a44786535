"""The one way into the books: `post()` completes an open transaction, `record()` writes one down in a single go.

Each is one round trip: a database function locks the group, moves the balances, writes entries, receipt and audit
line. Sign convention and worked examples: docs/ledger.md. The legs of every kind of movement: `ledger.legs`.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError

from core.db import Session
from core.money import MAX_MINOR, Money
from ledger import errors, seals
from ledger.audit import Cause


@dataclass(frozen=True, slots=True)
class Leg:
    """One movement of `amount_minor` (credit positive) on the group's wallet of this kind, owner and provider."""

    kind: str
    amount_minor: int
    user_id: int | None = None
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Movement:
    """A movement that needs no waiting. `key` is unique in the group; `user_id` is the member whom it is about.

    `approval_id` is the vote by which the group decided it, `returns_id` the payment that a chargeback gives back.
    """

    group_id: int
    kind: str
    amount: Money
    legs: Sequence[Leg]
    key: str
    user_id: int | None = None
    reason: str | None = None
    reverses_id: int | None = None
    approval_id: int | None = None
    returns_id: int | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """The receipt, and the seal that the chain's line `line` put under everything up to it.

    `replayed` is true when this very posting had been made before, and nothing changed now.
    """

    transaction_id: int
    receipt_number: int
    line: int
    seal: str
    replayed: bool


def post(
    session: Session, group_id: int, transaction_id: int, legs: Sequence[Leg], at: datetime, cause: Cause
) -> Posted:
    """Posts `legs` and completes the transaction, which must be pending or processing; what it reserved is settled.

    The same legs again answer the first result. Raises `AmountNotWhole`, `AmountTooLarge`, `Unbalanced`,
    `UnknownWallet`, `InsufficientFunds`, `IdempotencyConflict` (posted before with other legs), `TransactionClosed`
    (failed, expired, cancelled), `NotVoted` or `NotPaidIn`; after an answer of the database that transaction can
    only be rolled back.
    """
    row = call(session, POST, group_id, cause, at, columns(legs) | {"transaction": transaction_id})
    return Posted(transaction_id, row.receipt, row.line, seals.short(bytes(row.seal)), row.replayed)


def record(session: Session, movement: Movement, at: datetime, cause: Cause) -> Posted:
    """Writes down a movement with its legs. The same key with the same content answers the first result.

    Raises what `post` raises, `AmountNotPositive`, `WrongCurrency`, `AlreadyReversed` for a second reversal, and
    `AlreadyCarriedOut` for a second movement by the same vote.
    """
    if movement.amount.amount_minor <= 0:
        raise errors.AmountNotPositive
    values = {
        "user": movement.user_id,
        "kind": movement.kind,
        "currency": movement.amount.currency,
        "amount": movement.amount.amount_minor,
        "key": movement.key,
        "reason": movement.reason,
        "reverses": movement.reverses_id,
        "approval": movement.approval_id,
        "returns": movement.returns_id,
    }
    row = call(session, RECORD, movement.group_id, cause, at, columns(movement.legs) | values)
    return Posted(row.transaction, row.receipt, row.line, seals.short(bytes(row.seal)), row.replayed)


def columns(legs: Sequence[Leg]) -> dict[str, Any]:
    """The legs as the database functions take them: one per wallet, without zeros, always in the same order.

    So an overdraft is judged by wallet, and the same legs in another order are the same content.
    Raises `AmountNotWhole` or `AmountTooLarge`.
    """
    amounts: defaultdict[tuple[str, int, str], int] = defaultdict(int)
    for leg in legs:
        if type(leg.amount_minor) is not int:
            raise errors.AmountNotWhole(f"a leg moves whole minor units, not {leg.amount_minor!r}")
        amounts[leg.kind, leg.user_id or 0, leg.provider] += leg.amount_minor
    moved = sorted((wallet, amount) for wallet, amount in amounts.items() if amount)
    if any(abs(amount) > MAX_MINOR for _, amount in moved):
        raise errors.AmountTooLarge("the amount is beyond what an entry can hold")
    return {
        "kinds": [kind for (kind, _, _), _ in moved],
        "owners": [owner for (_, owner, _), _ in moved],
        "providers": [provider for (_, _, provider), _ in moved],
        "amounts": [amount for _, amount in moved],
    }


def call(
    session: Session, statement: str, group_id: int, cause: Cause, at: datetime, values: dict[str, Any]
) -> Row[Any]:
    """One of the book's database functions; its refusals come as this package's errors.

    Without SQLAlchemy's compiler in between: it would cost as much as a third of the posting itself.
    """
    # As array literals: psycopg2's own adapter for lists costs more than everything else in this function.
    values = {name: _array(value) if isinstance(value, list) else value for name, value in values.items()} | {
        "group": group_id,
        "at": at,
        "actor": cause.actor_id,
        "channel": cause.channel,
        "message": cause.message_id,
    }
    try:
        return session.connection().exec_driver_sql(statement, values).one()
    except DBAPIError as error:
        raise ledger_error(error) from error


def _array(items: Sequence[str | int]) -> str:
    """The items as PostgreSQL writes an array: `{1,2}`, `{"cash","savings"}`."""
    quoted = (f'"{_ESCAPED.sub(BACKSLASH, item)}"' if isinstance(item, str) else str(item) for item in items)
    return "{" + ",".join(quoted) + "}"


_ESCAPED, BACKSLASH = re.compile(r'(["\\\\])'), r"\\\1"

CAUSE = "%(at)s, %(actor)s, %(channel)s, %(message)s"
LEGS = "%(kinds)s::text[], %(owners)s::bigint[], %(providers)s::text[], %(amounts)s::bigint[]"

POST = f"SELECT * FROM post_transaction(%(group)s, %(transaction)s, {CAUSE}, {LEGS})"  # noqa: S608

RECORD = f"""SELECT * FROM record_transaction(%(group)s, %(user)s, %(kind)s, %(currency)s, %(amount)s, %(key)s,
    %(reason)s, %(reverses)s, %(approval)s, %(returns)s, {CAUSE}, {LEGS})"""  # noqa: S608

_BY_SQLSTATE: dict[str, type[errors.LedgerError]] = {
    "GW002": errors.Unbalanced,
    "GW003": errors.TransactionClosed,
    "GW004": errors.IdempotencyConflict,
    "GW005": errors.UnknownWallet,
    "GW006": errors.NotHeld,
    "GW007": errors.NotVoted,
    "GW008": errors.NobodyMayVote,
    "GW009": errors.NotPaidIn,
    "22003": errors.AmountTooLarge,
}

_BY_CONSTRAINT: dict[str, type[errors.LedgerError]] = {
    "ck_wallets_balance_side": errors.InsufficientFunds,
    "ck_wallets_available": errors.InsufficientFunds,
    "fk_transactions_group_id_currency": errors.WrongCurrency,
    "fk_transactions_group_id_reverses_id": errors.UnknownWallet,
    "fk_transactions_group_id_returns_id": errors.NotPaidIn,
    "uq_transactions_reverses_id": errors.AlreadyReversed,
    "uq_transactions_approval": errors.AlreadyCarriedOut,
}


def ledger_error(error: DBAPIError) -> Exception:
    """What a refusal of the database means in this package's errors; the error itself when it is none of ours."""
    diagnostics = getattr(error.orig, "diag", None)
    if diagnostics is None:
        return error
    known = _BY_CONSTRAINT.get(diagnostics.constraint_name or "") or _BY_SQLSTATE.get(diagnostics.sqlstate or "")
    return known(diagnostics.message_primary) if known else error
