"""Payments without a page: a prompt on the phone, a code to dial, an account to pay into.

The attempt is written and committed, then the provider is asked, then its answer is written. A provider that surely did
not start it makes room for the next one of the routing table; one that may have is only ever asked what became of it.
"""

import base64
import logging
from collections.abc import Container
from datetime import datetime, timedelta

from sqlalchemy import select

from core import clock, crypto, db, outbox
from core.db import Session
from core.money import Money
from ledger import transactions
from ledger.models import OPEN_STATES, Group, Transaction, User
from payments import providers, references, routing, settling
from payments.emails import payer_email
from payments.models import Checkout, Collection
from payments.provider import Method, Outcome, Provider
from payments.provider_charges import ChargeAnswer, ChargeOrder
from payments.providers.connection import SPARED

FIRST_LOOK = timedelta(seconds=15)
"""Paystack wants ten seconds before it is asked what became of a prompt."""
NOT_STARTED = "no payment service could be reached"
DECLINED = "the payment was declined"
TOLD = ("dial", "transfer", "otp")
"""What a member must be told to do; a prompt comes to the phone by itself."""

log = logging.getLogger(__name__)


def start(collection_id: int) -> None:
    """Asks the first provider that takes it for the payment; the member hears when none does.

    Does nothing when an attempt is under way already, so a job may run twice. Raises `TryAgain` while a provider is
    only spared for a moment.
    """
    tried: dict[str, str] = {}
    while prepared := _prepare(collection_id, tried):
        checkout_id, order, provider = prepared
        answer = provider.start_charge(order)
        tried[provider.name] = answer.status
        with db.session() as session:
            started = _take_answer(session, checkout_id, answer, clock.now())
            session.commit()
        if started:
            return
    if SPARED in tried.values():
        raise outbox.TryAgain("a provider is spared for a moment")
    if tried:
        with db.session() as session:
            collection = session.get_one(Collection, collection_id, with_for_update=True)
            log.error("no provider could start a payment", extra={"collection": collection_id, "tried": [*tried]})
            settling.end_unpaid(session, collection, "failed", NOT_STARTED, clock.now())
            session.commit()


def take_otp(session: Session, checkout_id: int, otp: str, key: str) -> None:
    """Puts the one-time password that the payer told us to work, sealed; `key` tells this answer from every other."""
    sealed = base64.b64encode(crypto.seal(otp, _otp_of(checkout_id))).decode()
    outbox.put(session, "payments.submit_otp", {"checkout": checkout_id, "otp": sealed}, f"submit_otp:{key}")


def opened_otp(checkout_id: int, sealed: str) -> str:
    """The password that `take_otp` has sealed for this attempt."""
    return crypto.unseal(base64.b64decode(sealed), _otp_of(checkout_id))


def submit_otp(checkout_id: int, sealed: str) -> None:
    """Gives the provider the one-time password that the payer told us. Raises `TryAgain` when that surely failed."""
    otp = opened_otp(checkout_id, sealed)
    with db.session() as session:
        checkout = session.get_one(Checkout, checkout_id)
        if checkout.state not in ("opening", "open") or checkout.action not in (None, "otp"):
            return
        reference, provider_name = checkout.reference, checkout.provider
    if checkout.state == "opening":
        raise outbox.TryAgain("the provider has not asked for a password yet")
    answer = providers.by_name(provider_name).submit_otp(reference, otp)
    if answer.outcome is Outcome.NOT_SENT:
        raise outbox.TryAgain(f"the password was not given: {answer.status}")
    with db.session() as session:
        checkout = session.get_one(Checkout, checkout_id, with_for_update=True, populate_existing=True)
        if checkout.state == "open":
            now = clock.now()
            checkout.provider_status = answer.status
            checkout.next_check_at = now + FIRST_LOOK
            if answer.outcome is Outcome.DECLINED and answer.action == "otp":
                tell = {"checkout": checkout_id}
                outbox.put(session, "bot.otp_refused", tell, f"otp_refused:{checkout_id}:{int(now.timestamp())}")
            else:
                checkout.action = answer.action or "approve"
        session.commit()


def waiting_for_otp(session: Session, user_id: int) -> Checkout | None:
    """The member's newest payment that waits for a one-time password."""
    return session.scalar(
        select(Checkout)
        .join(Transaction, Transaction.id == Checkout.transaction_id)
        .where(
            Transaction.user_id == user_id,
            Transaction.state.in_(OPEN_STATES),
            Checkout.state.in_(("opening", "open")),
            (Checkout.action == "otp") | (Checkout.state == "opening"),
            Checkout.method == "mobile_money",
        )
        .order_by(Checkout.id.desc())
        .limit(1)
    )


def _prepare(collection_id: int, tried: Container[str]) -> tuple[int, ChargeOrder, Provider] | None:
    """The next attempt, written down; None when there is nothing (more) to try."""
    with db.session() as session:
        collection = session.get_one(Collection, collection_id, with_for_update=True)
        transaction = session.get_one(Transaction, collection.transaction_id)
        now = clock.now()
        if transaction.state not in OPEN_STATES or collection.closed_at or now >= collection.expires_at:
            return None
        under_way = select(Checkout.id).where(
            Checkout.transaction_id == transaction.id, Checkout.state.not_in(("closed", "declined"))
        )
        if session.scalar(under_way.limit(1)) is not None:
            return None
        group = session.get_one(Group, collection.group_id)
        gross = Money(collection.gross_minor, group.currency)
        method: Method = collection.method  # type: ignore[assignment]  # held by the table's check constraint
        provider = routing.next_to(group.country, gross, method, collection.network, tried)
        if provider is None:
            if not tried:
                settling.end_unpaid(session, collection, "failed", NOT_STARTED, now)
                session.commit()
            return None
        checkout = Checkout(
            group_id=group.id,
            transaction_id=transaction.id,
            provider=provider.name,
            method=collection.method,
            network=collection.network,
            reference=references.of_collection(transaction.id),
            next_check_at=now + FIRST_LOOK,
            created_at=now,
        )
        session.add(checkout)
        session.flush()
        payer = session.get_one(User, transaction.user_id)
        order = ChargeOrder(
            reference=checkout.reference,
            gross=gross,
            method=method,
            payer_email=payer_email(payer.id),
            label=group.name,
            phone=payer.phone,
            network=collection.network,
            expires_at=collection.expires_at,
        )
        session.commit()
        return checkout.id, order, provider


def _take_answer(session: Session, checkout_id: int, answer: ChargeAnswer, at: datetime) -> bool:
    """Writes what came of asking. False when it surely was not started, so that another may."""
    checkout = session.get_one(Checkout, checkout_id, with_for_update=True, populate_existing=True)
    checkout.provider_status = answer.status
    if checkout.state != "opening":
        return True  # A webhook was faster than this answer.
    if answer.outcome is Outcome.DECLINED and answer.reached_payer:
        # The payer's wallet said no: to ask them again through somebody else could take their money twice.
        checkout.state = "declined"
        collection = select(Collection).where(Collection.transaction_id == checkout.transaction_id).with_for_update()
        settling.end_unpaid(session, session.scalars(collection).one(), "failed", DECLINED, at)
        return True
    if answer.outcome in (Outcome.NOT_SENT, Outcome.DECLINED) or answer.action == "visit":
        # A page that has to be opened is no prompt: nobody is shown it, so nobody can pay there.
        checkout.state = "closed"
        level = logging.WARNING if answer.outcome is Outcome.NOT_SENT else logging.ERROR
        log.log(level, "a payment was not started", extra={"checkout": checkout_id, "detail": answer.status})
        return False
    checkout.next_check_at = at + FIRST_LOOK
    if answer.outcome is Outcome.UNKNOWN:
        return True
    checkout.state, checkout.action, checkout.url = "open", answer.action, answer.url
    checkout.instructions = _instructions(answer)
    transactions.mark_processing(session, checkout.transaction_id)
    if answer.action in TOLD:
        outbox.put(session, "bot.charge_started", {"checkout": checkout_id}, f"charge_started:{checkout_id}")
    if answer.outcome is Outcome.SUCCEEDED:
        outbox.put(session, "payments.verify", {"checkout": checkout_id}, f"verify:{checkout_id}:started")
    return True


def _otp_of(checkout_id: int) -> str:
    return f"checkouts.otp:{checkout_id}"


def _instructions(answer: ChargeAnswer) -> dict[str, str]:
    """What the payer is to do, as it is kept: `words`, `code`, or the account's `bank`, `number` and `holder`."""
    told = {"words": answer.words, "code": answer.ussd_code or ""}
    if answer.account is not None:
        account = answer.account
        told |= {"bank": account.bank, "number": account.number, "holder": account.holder}
        told |= {"until": account.expires_at.isoformat()} if account.expires_at else {}
    return {key: value for key, value in told.items() if value}
