"""Collections: from a wish to pay, over a pay link and the provider's checkout, to verified money in the books.

What is asked for without a page is in `charging`, what is paid into a member's own account in `standing`.
A provider is never asked while a database transaction is open: the intent is written and committed, then the call is
made, then its result is written. Only the provider's own answer to `verify` is money; a webhook is a hint.
"""

import logging
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Select, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from core import clock, db, outbox, tokens
from core.db import Session
from core.money import Money
from ledger import contributions, transactions
from ledger.audit import Cause
from ledger.models import OPEN_STATES, Group, Transaction
from payments import errors, providers, routing, settling, ways
from payments.models import Checkout, Collection, PayHabit
from payments.provider import Method, Outcome, Provider, quote
from payments.ways import Way

# How long a payment may take, and for how long before that asking again gives the very same one.
LIFETIMES: dict[Method, timedelta] = {
    "checkout": timedelta(hours=24),
    "mobile_money": timedelta(minutes=15),
    "ussd": timedelta(minutes=30),
    "bank_transfer": timedelta(hours=8),
}
REUSABLE_FOR: dict[Method, timedelta] = {
    "checkout": timedelta(hours=1),
    "mobile_money": timedelta(minutes=10),
    "ussd": timedelta(minutes=10),
    "bank_transfer": timedelta(hours=1),
}
CHECK_AFTER = (timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
# Nobody tells us of a prompt that was declined, and a payer waits with the phone in hand; it lives for three minutes.
CHECK_PROMPT_AFTER = (
    timedelta(seconds=15), timedelta(seconds=30), timedelta(seconds=45), timedelta(seconds=60), timedelta(seconds=60),
    timedelta(minutes=4), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6),
)  # fmt: skip
PROMPTS, PROMPTS_WITHIN, PROMPTS_A_DAY = 3, timedelta(minutes=10), 12
ASK_ABOUT = ("opening", "open", "declined", "closed")
SWEEP_LIMIT = 200

log = logging.getLogger(__name__)


def request(
    session: Session,
    group_id: int,
    user_id: int,
    amount: Money,
    at: datetime,
    cause: Cause,
    kind: str = "contribution",
    number: str | None = None,
    way: Way | None = None,
) -> Collection:
    """Writes a pending contribution (or repayment) of `amount` with its quote and its way; the message is its key.

    Without a `way` it is the member's usual one, for which `number` is their phone (E.164). Whatever needs no page is
    asked for by a job. A member who asks again for the same amount while the first can still be paid gets the same one.
    Raises `UnsupportedCurrency`, `NoWayToPay`, `TooManyPrompts`, `AmountBelowMinimum`, `AmountNotPositive` or
    `AmountAboveLimit`.
    """
    rules, waiting, habit = _what_is_known(session, group_id, user_id, amount, kind, at)
    chosen = way or ways.usual(rules.country, amount.currency, cause.channel, number, habit)
    if chosen is None:
        routing.collector(rules.country, amount.currency)
        raise errors.NoWayToPay
    provider = routing.collector(rules.country, amount.currency, chosen.method)
    _check_amount(rules, provider, amount, kind, chosen.method)
    if waiting is not None and (waiting.method, waiting.network) != (chosen.method, chosen.network):
        same_way = (Collection.method == chosen.method) & Collection.network.is_not_distinct_from(chosen.network)
        unpaid = _unpaid(group_id, user_id, amount, kind, at).where(same_way)
        waiting = session.scalars(unpaid.limit(1)).one_or_none()
    if waiting is not None:
        return waiting  # Asked twice, and not paid yet: the same one, not a second debt.
    if chosen.method == "mobile_money":
        _refuse_a_flood(session, user_id, at)
    quoted = quote(provider, amount, rules.fee_bearer == "payer", chosen.method)
    key = f"{kind}:{cause.message_id or secrets.token_hex(16)}"
    transaction = transactions.begin(session, group_id, kind, user_id, amount, key, at, cause)
    statement = insert(Collection).values(
        group_id=group_id,
        transaction_id=transaction.id,
        token=tokens.new(12),
        provider=provider.name,
        method=chosen.method,
        network=chosen.network,
        amount_minor=quoted.amount.amount_minor,
        fee_minor=quoted.fee.amount_minor,
        gross_minor=quoted.gross.amount_minor,
        created_at=at,
        expires_at=at + LIFETIMES[chosen.method],
    )
    statement = statement.on_conflict_do_nothing(index_elements=["transaction_id"])
    made: Collection | None = session.scalar(statement.returning(Collection))
    if made is None:
        return session.scalars(select(Collection).where(Collection.transaction_id == transaction.id)).one()
    if chosen.method != "checkout":
        outbox.put(session, "payments.start_charge", {"collection": made.id}, f"start_charge:{made.id}")
    return made


def _unpaid(group_id: int, user_id: int, amount: Money, kind: str, at: datetime) -> Select[Collection]:
    """The member's payments of this very amount that can still be made, the newest first."""
    reusable = or_(
        *(
            (Collection.method == method)
            & (Collection.expires_at > at + spare)
            # A page that was opened may have been paid; what was prompted or dialled is still the same one.
            & Transaction.state.in_(("pending",) if method == "checkout" else OPEN_STATES)
            for method, spare in REUSABLE_FOR.items()
        )
    )
    return (
        select(Collection)
        .join(Transaction, Transaction.id == Collection.transaction_id)
        .where(
            Transaction.group_id == group_id,
            Transaction.user_id == user_id,
            Transaction.state.in_(OPEN_STATES),
            Transaction.kind == kind,
            Transaction.amount_minor == amount.amount_minor,
            reusable,
        )
        .order_by(Collection.id.desc())
    )


def _refuse_a_flood(session: Session, user_id: int, at: datetime) -> None:
    """Raises `TooManyPrompts`: the sender of an SMS can be forged, and each prompt rings on the member's phone."""
    unpaid = (
        select(func.count())
        .select_from(Collection)
        .join(Transaction, Transaction.id == Collection.transaction_id)
        .where(
            Transaction.user_id == user_id,
            Transaction.state.not_in(("completed", "reversed")),
            Collection.method == "mobile_money",
        )
    )
    lately = session.scalar(unpaid.where(Collection.created_at > at - PROMPTS_WITHIN)) or 0
    today = session.scalar(unpaid.where(Collection.created_at > at - timedelta(days=1))) or 0
    if lately >= PROMPTS or today >= PROMPTS_A_DAY:
        raise errors.TooManyPrompts


def _check_amount(rules: Group, provider: Provider, amount: Money, kind: str, method: Method) -> None:
    smallest, largest = provider.limits(amount.currency)
    most = largest - provider.fee(largest, method) if rules.fee_bearer == "payer" else largest
    most_minor = most.amount_minor - most.amount_minor % provider.step_minor(amount.currency)
    limit = rules.contribution_max_minor if kind == "contribution" else None
    contributions.check_amount(amount, Money(min(limit or most_minor, most_minor), amount.currency))
    if amount.amount_minor < smallest.amount_minor:
        raise errors.AmountBelowMinimum(smallest)


def _what_is_known(
    session: Session, group_id: int, user_id: int, amount: Money, kind: str, at: datetime
) -> tuple[Group, Collection | None, PayHabit | None]:
    """The group, the member's newest payment of this very amount that can still be made, and how they like to pay.

    One round trip.
    """
    unpaid = _unpaid(group_id, user_id, amount, kind, at).limit(1).subquery()
    newest = aliased(Collection, unpaid)
    row = session.execute(
        select(Group, newest, PayHabit)
        .select_from(Group)
        .outerjoin(newest, true())
        .outerjoin(PayHabit, (PayHabit.user_id == user_id) & (PayHabit.currency == Group.currency))
        .where(Group.id == group_id)
    ).one()
    return row[0], row[1], row[2]


def sweep() -> int:
    """Puts to work what nobody asked about: checkouts due for a look, links past their time. Returns how many."""
    now = clock.now()
    with db.session() as session:
        due = session.scalars(
            select(Checkout)
            .where(
                Checkout.state.in_(ASK_ABOUT),
                Checkout.next_check_at <= now,
                Checkout.state.in_(("opening", "open"))
                | (
                    (Checkout.url.is_not(None) | (Checkout.method != "checkout"))
                    & (Checkout.created_at > now - settling.ASK_LONGEST)
                ),
            )
            .order_by(Checkout.next_check_at)
            .limit(SWEEP_LIMIT)
            .with_for_update(skip_locked=True)
        ).all()
        for checkout in due:
            checkout.checks += 1
            pauses = CHECK_AFTER if checkout.method == "checkout" else CHECK_PROMPT_AFTER
            checkout.next_check_at = now + pauses[min(checkout.checks, len(pauses) - 1)]
            key = f"verify:{checkout.id}:{checkout.checks}"
            outbox.put(session, "payments.verify", {"checkout": checkout.id}, key)
        expired = session.scalars(
            select(Collection.id)
            .where(Collection.closed_at.is_(None), Collection.expires_at <= now)
            .order_by(Collection.expires_at)
            .limit(SWEEP_LIMIT)
        ).all()
        for collection_id in expired:
            outbox.put(
                session, "payments.expire", {"collection": collection_id}, f"expire:{collection_id}:{now:%Y%m%d%H}"
            )
        session.commit()
    return len(due) + len(expired)


def verify(checkout_id: int, *, again: bool = False) -> Outcome:
    """Asks the provider about a checkout and settles what it says. Raises `TryAgain` when it gave no answer.

    One that is paid is asked about `again` only where somebody says that the provider took it back.
    """
    with db.session() as session:
        checkout = session.get_one(Checkout, checkout_id)
        reference, provider, state = checkout.reference, checkout.provider, checkout.state
    if state in ("held", "reversed") or (state == "paid" and not again):
        return Outcome.SUCCEEDED
    verification = providers.by_name(provider).verify(reference)
    with db.session() as session:
        settling.settle(session, checkout_id, verification, clock.now())
        session.commit()
    if verification.outcome in (Outcome.NOT_SENT, Outcome.UNKNOWN) and verification.status != "reversed":
        raise outbox.TryAgain(f"the provider gave no usable answer: {verification.status}")
    return verification.outcome


def expire(collection_id: int) -> None:
    """Ends a contribution whose link ran out, after asking the provider once more about each of its checkouts."""
    with db.session() as session:
        collection = session.get_one(Collection, collection_id)
        if collection.closed_at:
            return
        transaction_id = collection.transaction_id
        checkouts = session.scalars(
            select(Checkout.id).where(
                Checkout.transaction_id == collection.transaction_id, Checkout.state.in_(("opening", "open"))
            )
        ).all()
    for checkout_id in checkouts:
        verify(checkout_id)
    with db.session() as session:
        now = clock.now()
        # Checkouts before the collection, as `settle` locks them too.
        session.execute(
            update(Checkout)
            .where(Checkout.transaction_id == transaction_id, Checkout.state.in_(("opening", "open")))
            .values(state="closed")
        )
        collection = session.get_one(Collection, collection_id, with_for_update=True)
        settling.end_unpaid(session, collection, "expired", "not paid in time", now)
        session.commit()
