"""Pay links: a short address that opens a provider's checkout when its button is pressed, not before.

So no provider delays the chat, a link never goes stale, and a provider that cannot be reached makes room for the next.
"""

import logging
import re
from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from core import clock, db, outbox
from core.db import Session
from core.money import Money
from core.settings import settings
from ledger import transactions
from ledger.models import OPEN_STATES, Group, Receipt, Transaction, User
from payments import errors, references, routing
from payments.collections import CHECK_AFTER
from payments.emails import payer_email
from payments.models import Checkout, Collection
from payments.provider import CheckoutAnswer, CheckoutOrder, Outcome, Provider, Quote

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PayLink:
    """What the pay page shows: `kind` is contribution or repayment; `receipt_number` once it is completed."""

    token: str
    kind: str
    group_name: str
    payer_name: str
    state: str
    held: bool
    quote: Quote
    receipt_number: int | None


def link_url(token: str) -> str:
    """The short address that is sent to the member."""
    return f"{settings().public_base_url}/p/{token}"


def look_at(session: Session, token: str, at: datetime) -> PayLink:
    """What stands behind a pay link at this moment. Raises `UnknownLink`."""
    _check_token(token)
    row = session.execute(
        select(Collection, Transaction, Group.name, User, Receipt.number)
        .join(Transaction, Transaction.id == Collection.transaction_id)
        .join(Group, Group.id == Collection.group_id)
        .join(User, User.id == Transaction.user_id)
        .outerjoin(Receipt, Receipt.transaction_id == Transaction.id)
        .where(Collection.token == token)
    ).one_or_none()
    if row is None:
        raise errors.UnknownLink
    collection, transaction, group_name, payer, receipt_number = row
    held = session.scalar(
        select(func.count())
        .select_from(Checkout)
        .where(Checkout.transaction_id == transaction.id, Checkout.state == "held")
    )
    return PayLink(
        token=token,
        kind=transaction.kind,
        group_name=group_name,
        payer_name=payer.name or "",
        # Nobody has swept yet what ran out a moment ago; it is over all the same.
        state="expired" if transaction.state in OPEN_STATES and at >= collection.expires_at else transaction.state,
        held=bool(held),
        quote=Quote(
            Money(collection.amount_minor, transaction.currency),
            Money(collection.fee_minor, transaction.currency),
            Money(collection.gross_minor, transaction.currency),
        ),
        receipt_number=receipt_number,
    )


def open_checkout(token: str) -> str:
    """The address of a checkout page for this link, made now unless there is one, by the first provider that has one.

    Raises `UnknownLink`, `LinkClosed`, or `ProviderUnavailable` when no provider gave a page: the payment stays open
    and the payer may try again.
    """
    tried: list[str] = []
    detail = "no provider takes it"
    while not isinstance(prepared := _prepare(token, tried), str):
        if prepared is None:
            raise errors.ProviderUnavailable(detail)
        checkout_id, order, provider = prepared
        tried.append(provider.name)
        answer = provider.open_checkout(order)
        url = _take_answer(checkout_id, answer)
        if url is not None:
            return url
        detail = answer.detail
        # A refusal is a fault of the account or of ours; anything else passes by itself.
        level = logging.ERROR if answer.outcome is Outcome.DECLINED else logging.WARNING
        log.log(level, "no checkout page", extra={"checkout": checkout_id, "detail": detail})
        if answer.outcome is Outcome.UNKNOWN:
            raise errors.ProviderUnavailable(detail)  # It may have one after all: nobody else is asked.
    return prepared


def _check_token(token: str) -> None:
    if not re.fullmatch(r"[\w-]{8,40}", token, re.ASCII):
        raise errors.UnknownLink


def _prepare(token: str, tried: Container[str]) -> str | tuple[int, CheckoutOrder, Provider] | None:
    """The address that is there already, or the next attempt, written down; None when there is nobody (more) to ask."""
    _check_token(token)
    with db.session() as session:
        collection = session.scalar(select(Collection).where(Collection.token == token).with_for_update())
        if collection is None:
            raise errors.UnknownLink
        transaction = session.get_one(Transaction, collection.transaction_id)
        now = clock.now()
        over = transaction.state not in OPEN_STATES or collection.closed_at or now >= collection.expires_at
        if over or collection.method != "checkout":
            raise errors.LinkClosed
        known = session.execute(
            select(Checkout.state, Checkout.url).where(
                Checkout.transaction_id == transaction.id, Checkout.state.in_(("open", "held"))
            )
        ).all()
        if any(state == "held" for state, _ in known):
            raise errors.LinkClosed
        if known:
            return str(known[0].url)
        group = session.get_one(Group, collection.group_id)
        gross = Money(collection.gross_minor, transaction.currency)
        provider = routing.next_to(group.country, gross, "checkout", None, tried)
        if provider is None:
            return None
        checkout = Checkout(
            group_id=collection.group_id,
            transaction_id=transaction.id,
            provider=provider.name,
            reference=references.of_collection(transaction.id),
            next_check_at=now + CHECK_AFTER[0],
            created_at=now,
        )
        session.add(checkout)
        session.flush()
        order = CheckoutOrder(
            reference=checkout.reference,
            gross=gross,
            payer_email=payer_email(transaction.user_id or 0),
            return_url=link_url(token) + "?back=1",
            label=group.name,
        )
        session.commit()
        return checkout.id, order, provider


def _take_answer(checkout_id: int, answer: CheckoutAnswer) -> str | None:
    """Writes what came of asking; the page's address, None without one. Raises `LinkClosed` when it ended meanwhile."""
    with db.session() as session:
        checkout = session.get_one(Checkout, checkout_id, with_for_update=True)
        ended_meanwhile = checkout.state != "opening"
        if answer.url is not None:
            checkout.url = answer.url
            if not ended_meanwhile:
                checkout.state = "open"
                transactions.mark_processing(session, checkout.transaction_id)
        elif not ended_meanwhile and answer.outcome in (Outcome.NOT_SENT, Outcome.DECLINED):
            # The provider has no such page, so nobody can ever pay it.
            checkout.state, checkout.provider_status = "closed", answer.detail
        session.commit()
    if answer.url is not None and ended_meanwhile:
        raise errors.LinkClosed
    return answer.url


def came_back(session: Session, token: str) -> None:
    """The payer returned from the checkout: ask the provider now, instead of waiting for its webhook."""
    ids = session.scalars(
        select(Checkout.id)
        .join(Collection, Collection.transaction_id == Checkout.transaction_id)
        .where(Collection.token == token, Checkout.state.in_(("opening", "open")))
    )
    for checkout_id in ids:
        # A payer who looks again and again makes us ask at most every ten seconds.
        key = f"verify:{checkout_id}:back:{int(clock.now().timestamp()) // 10}"
        outbox.put(session, "payments.verify", {"checkout": checkout_id}, key)
