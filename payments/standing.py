"""A member's own account to pay into: whatever is paid in is their contribution, from any bank, at any time."""

import logging
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert

from core import clock, db, outbox, tokens
from core.db import Session
from core.fields import values_of
from ledger import contributions, transactions
from ledger.audit import Cause
from ledger.models import Group, User
from payments import providers, routing
from payments.emails import payer_email
from payments.models import Checkout, Collection, StandingAccount
from payments.provider import Method, Outcome, Quote, Verification
from payments.provider_charges import StandingOrder

METHOD: Method = "standing_account"

log = logging.getLogger(__name__)


def ask(session: Session, group_id: int, user_id: int, at: datetime) -> StandingAccount:
    """The member's account for this group; asked for at the provider by a job when it is not there yet.

    Raises `UnsupportedCurrency` where no provider has such accounts.
    """
    group = session.get_one(Group, group_id)
    provider = routing.collector(group.country, group.currency, METHOD)
    made = StandingAccount(group_id=group_id, user_id=user_id, provider=provider.name, number=None, created_at=at)
    session.execute(insert(StandingAccount).values(values_of(made)).on_conflict_do_nothing())
    account = session.scalars(
        select(StandingAccount)
        .where(StandingAccount.group_id == group_id, StandingAccount.user_id == user_id)
        .with_for_update()
    ).one()
    if account.state == "refused":
        account.state, account.refused_because = "opening", None  # Asked once more: they may have mended it.
    if account.state == "opening":
        key = f"open_standing:{account.id}:{int(at.timestamp()) // 60}"
        outbox.put(session, "payments.open_standing", {"account": account.id}, key)
    return account


def open_at_provider(account_id: int) -> None:
    """Asks the provider for the account and has the member told. Raises `TryAgain` when it gave no answer."""
    with db.session() as session:
        account = session.get_one(StandingAccount, account_id)
        member = session.get_one(User, account.user_id)
        group = session.get_one(Group, account.group_id)
    if account.state != "opening":
        return
    first, _, last = (member.name or "Member").partition(" ")
    order = StandingOrder(payer_email(member.id, group.id), first, last or group.name, member.phone, group.currency)
    answer = providers.by_name(account.provider).open_standing_account(order)
    if answer.outcome not in (Outcome.SUCCEEDED, Outcome.DECLINED):
        raise outbox.TryAgain(f"the provider opened no account: {answer.detail}")
    with db.session() as session:
        account = session.get_one(StandingAccount, account_id, with_for_update=True, populate_existing=True)
        if account.state == "opening":
            if answer.account is not None:
                account.bank, account.number = answer.account.bank, answer.account.number
                account.holder, account.state = answer.account.holder, "open"
            else:
                account.state, account.refused_because = "refused", answer.detail
                log.error("the provider opens no account for a member", extra={"account": account_id,
                          "detail": answer.detail})  # fmt: skip
            payload = {"account": account_id}
            outbox.put(
                session, "bot.standing_answered", payload, f"standing:{account_id}:{account.state}:{clock.now()}"
            )
        session.commit()


def take_inflow(provider_name: str, reference: str) -> bool:
    """Books a payment into a standing account, once; `reference` is the provider's. False when it is not one of ours.

    The fee is taken from what came when the payer bears it, for nobody could ask them for more. Raises `TryAgain` when
    the provider gave no answer, or does not call it paid yet.
    """
    with db.session() as session:
        if session.scalar(_known(provider_name, reference)) is not None:
            return True
    said = providers.by_name(provider_name).verify(reference)
    if said.outcome not in (Outcome.SUCCEEDED, Outcome.DECLINED):
        raise outbox.TryAgain(f"the provider does not confirm it (yet): {said.status}")
    if said.outcome is not Outcome.SUCCEEDED or said.receiver is None or said.reference != reference:
        return False
    with db.session() as session:
        account = session.scalar(
            select(StandingAccount).where(
                StandingAccount.provider == provider_name, StandingAccount.number.matches(said.receiver)
            )
        )
        if account is None:
            log.error("money came into an account that is nobody's", extra={"reference": reference})
            return False
        booked = _book(session, account, reference, said)
        session.commit()
    return booked


def _known(provider_name: str, reference: str) -> Select[int]:
    return select(Checkout.id).where(Checkout.provider == provider_name, Checkout.reference == reference)


def _book(session: Session, account: StandingAccount, reference: str, said: Verification) -> bool:
    at = clock.now()
    # Two that hear of the same payment queue here, and the second finds it booked.
    transactions.lock_group(session, account.group_id)
    if session.scalar(_known(account.provider, reference)) is not None:
        return True
    group = session.get_one(Group, account.group_id)
    paid, fee = said.paid, said.fee
    credited = paid - fee if paid and fee and paid.currency == fee.currency == group.currency else None
    if paid is None or fee is None or credited is None or credited.amount_minor <= 0:
        log.error("a payment into a member's account cannot be booked: decide by hand", extra={"reference": reference})
        return False
    amount = credited if group.fee_bearer == "payer" else paid
    cause = Cause(account.user_id, account.provider, reference)
    key = f"inflow:{account.provider}:{reference}"
    transaction = transactions.begin(session, group.id, "contribution", account.user_id, amount, key, at, cause)
    quoted = Quote(amount, fee, paid)
    _write_down(session, account, transaction.id, reference, quoted, said, at)
    contributions.complete(session, transaction, account.provider, paid.amount_minor, fee.amount_minor, at, cause)
    payload = {"transaction": transaction.id}
    outbox.put(session, "bot.contribution_completed", payload, f"contribution_completed:{transaction.id}")
    return True


def _write_down(
    session: Session,
    account: StandingAccount,
    transaction_id: int,
    reference: str,
    quoted: Quote,
    said: Verification,
    at: datetime,
) -> None:
    """The payment with its attempt, as every other one has them: for refunds, disputes and reconciliation."""
    facts = {"group_id": account.group_id, "transaction_id": transaction_id, "provider": account.provider}
    session.add(
        Collection(
            **facts,
            token=tokens.new(12),
            method=METHOD,
            amount_minor=quoted.amount.amount_minor,
            fee_minor=quoted.fee.amount_minor,
            gross_minor=quoted.gross.amount_minor,
            created_at=at,
            expires_at=at,
            closed_at=at,
        )
    )
    session.add(
        Checkout(
            **facts,
            reference=reference,
            method=METHOD,
            state="paid",
            provider_id=said.id,
            provider_status=said.status,
            paid_minor=quoted.gross.amount_minor,
            charged_minor=quoted.fee.amount_minor,
            paid_at=said.at or at,
            next_check_at=at,
            created_at=at,
        )
    )
    session.flush()
