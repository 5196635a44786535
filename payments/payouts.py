"""Payouts: from what the group has decided to verified money in a member's hands, and the books that say so.

reserved → submitting (the reference is committed) → pending | unknown → paid | failed | held; paid → reversed. No
provider is called while a database transaction is open. A payout whose outcome is unknown keeps its money reserved and
is only ever asked about; the same reference goes out again only when the provider says for sure that it has none.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select

from core import clock, db, outbox
from core.db import Session
from core.money import Money
from ledger import approvals, groups, loans, transactions
from ledger import errors as ledger_errors
from ledger.audit import Cause
from ledger.legs import CASH_BOX
from ledger.models import Approval, Group, Loan, Transaction
from ledger.postings import Leg
from payments import accounts, errors, paying, providers, references
from payments.models import UNDER_WAY, Payout, PayoutAccount
from payments.provider import AccountDetails, Outcome, PayoutAnswer, PayoutOrder, Provider

ASK_AFTER = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
)
RETRY_WITHIN = timedelta(days=30)
SWEEP_LIMIT = 200
FLOAT_TOO_LOW = "float too low"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PayoutQuote:
    """`amount` reaches the member; `fee` is what the provider takes, `member_fee` what of it the member bears."""

    amount: Money
    fee: Money
    member_fee: Money
    provider: str


def quote(group: Group, account: PayoutAccount | None, amount: Money, member_pays_fee: bool = True) -> PayoutQuote:
    """What a payout of this amount would cost; without an account it is cash from the box, which costs nothing.

    Raises `UnsupportedCurrency`, `AmountBelowMinimum`, `AmountAboveMaximum` or `AmountNotPayable`.
    """
    nothing = Money(0, amount.currency)
    if account is None:
        return PayoutQuote(amount, nothing, nothing, CASH_BOX)
    provider = providers.by_name(account.provider)
    kind = paying.kind_of(account)
    smallest, largest = provider.payout_limits(amount.currency, kind)
    if amount.amount_minor < smallest.amount_minor:
        raise errors.AmountBelowMinimum(smallest)
    if amount.amount_minor > largest.amount_minor:
        raise errors.AmountAboveMaximum(largest)
    if amount.amount_minor % provider.payout_step_minor(amount.currency):
        raise errors.AmountNotPayable(amount.currency)
    fee = provider.payout_fee(amount, kind)
    return PayoutQuote(amount, fee, fee if member_pays_fee and group.fee_bearer == "payer" else nothing, provider.name)


def fee_of(account: PayoutAccount) -> Callable[[Money], Money]:
    """What the provider takes for a payout of some amount to this account."""
    provider, kind = providers.by_name(account.provider), paying.kind_of(account)
    return lambda amount: provider.payout_fee(amount, kind)


def step_minor(account: PayoutAccount, currency: str) -> int:
    """What a payout to this account must be a multiple of, in minor units."""
    return providers.by_name(account.provider).payout_step_minor(currency)


def begin(session: Session, approval: Approval, at: datetime, cause: Cause) -> Transaction:
    """Reserves what the group has decided to pay out, and puts the payout (or the handing over of cash) to work.

    Raises `SubjectChanged` when the payee has another account by now or has left, so that it has to be asked anew,
    `InsufficientFunds` when the money is not there any more, or `AlreadyCarriedOut`, also while a payout of it is held;
    nothing is written then, if the caller rolls back to where it was before.
    """
    transactions.lock_group(session, approval.group_id)
    account = _account(session, approval, at)
    _refuse_second(session, approval)
    fee_minor, member_fee = approval.details.get("fee_minor", 0), approval.details.get("member_fee_minor", 0)
    provider = account.provider if account else CASH_BOX
    transaction = _begin_transaction(session, approval, provider, fee_minor, member_fee, at, cause)
    if account is None:
        outbox.put(session, "bot.cash_due", {"transaction": transaction.id}, f"cash_due:{transaction.id}")
        return transaction
    payout = Payout(
        group_id=approval.group_id,
        transaction_id=transaction.id,
        account_id=account.id,
        provider=account.provider,
        reference=references.of_payout(transaction.id),
        amount_minor=approval.amount_minor,
        fee_minor=fee_minor,
        next_check_at=at + ASK_AFTER[1],
        created_at=at,
    )
    session.add(payout)
    session.flush()
    outbox.put(session, "payments.submit_payout", {"payout": payout.id}, f"submit_payout:{payout.id}")
    return transaction


def retry(session: Session, group_id: int, approval_id: int, at: datetime, cause: Cause) -> Transaction:
    """Another attempt at what the group has decided, without a new vote, to the very same account.

    Raises `NotVoted` when it did not pass or is older than 30 days, or what `begin` raises.
    """
    approval = approvals.find(session, group_id, approval_id)
    if approval is None or approval.state != "passed" or approval.decided_at is None:
        raise ledger_errors.NotVoted
    if approval.kind not in approvals.PAYING_SUBJECTS or approval.amount_minor is None:
        raise ledger_errors.NotVoted
    if approval.decided_at < at - RETRY_WITHIN:
        raise ledger_errors.NotVoted
    return begin(session, approval, at, cause)


def submit(payout_id: int) -> None:
    """Sends a reserved payout, once. Raises `TryAgain` when it surely was not sent and may be later."""
    if not _earlier_are_over(payout_id) or not _float_covers(payout_id):
        return
    prepared = _prepare(payout_id)
    if prepared is None:
        return
    order, provider = prepared
    answer = provider.send_payout(order)
    with db.session() as session:
        again = _take_answer(session, payout_id, answer, clock.now())
        session.commit()
    if again:
        raise outbox.TryAgain(f"the payout was not sent: {answer.status}")


def verify(payout_id: int) -> None:
    """Asks the provider what became of a payout, and writes down what it says.

    Also of one that failed: somebody may have finished it on the provider's page.
    """
    with db.session() as session:
        payout = session.get_one(Payout, payout_id)
    if payout.state == "reversed":
        return
    said = providers.by_name(payout.provider).verify_payout(payout.reference)
    with db.session() as session:
        paying.settle(session, payout_id, said, clock.now())
        session.commit()


def sweep() -> int:
    """Puts to work what nobody told us about: payouts under way that are due for a question. Returns how many."""
    now = clock.now()
    with db.session() as session:
        # Rows that somebody else holds are left out, and no group's lock is taken after them: nobody waits in a circle.
        due = session.scalars(
            select(Payout)
            .where(Payout.state.in_(UNDER_WAY), Payout.next_check_at <= now)
            .order_by(Payout.next_check_at)
            .limit(SWEEP_LIMIT)
            .with_for_update(skip_locked=True)
        ).all()
        for payout in due:
            payout.checks += 1
            payout.next_check_at = now + ASK_AFTER[min(payout.checks, len(ASK_AFTER) - 1)]
            work = "submit_payout" if payout.state == "reserved" else "verify_payout"
            _alarm_unsent(payout, now)
            outbox.put(session, f"payments.{work}", {"payout": payout.id}, f"{work}:{payout.id}:{payout.checks}")
        session.commit()
    return len(due)


def _account(session: Session, approval: Approval, at: datetime) -> PayoutAccount | None:
    """Where the money goes, as the vote names it: None is the cash box. Raises `SubjectChanged`.

    Whoever goes, or is gone by this very vote, names no new account any more; theirs must only not be refused.
    """
    account = accounts.of_destination(session, approval.group_id, approval.destination)
    payee = approval.details.get("payee", approval.user_id) or 0
    if account is None and (approval.kind == "payout" or (approval.destination or CASH_BOX) != CASH_BOX):
        raise ledger_errors.SubjectChanged  # What the group spends never comes out of the box, nor out of thin air.
    if account is not None and (account.user_id != payee or account.state != "confirmed"):
        raise ledger_errors.SubjectChanged
    if approval.kind == "removal" or approval.details.get("leaving"):
        return account
    if groups.membership(session, approval.group_id, payee) is None:
        raise ledger_errors.SubjectChanged
    if account is not None:
        current = accounts.current(session, approval.group_id, payee, at)
        if current is None or current.id != account.id:
            raise ledger_errors.SubjectChanged
    return account


def _attempts(approval_id: int | None) -> Select[Payout]:
    """Every payout by that vote."""
    made = select(Payout).join(Transaction, Transaction.id == Payout.transaction_id)
    return made.where(Transaction.approval_id == approval_id).order_by(Payout.id)


def _refuse_second(session: Session, approval: Approval) -> None:
    """Raises `AlreadyCarriedOut` where the money may have left, though no transaction says so (yet)."""
    may_have_left = _attempts(approval.id).where(Payout.state.in_((*UNDER_WAY, "held", "paid")))
    if session.scalar(may_have_left.limit(1)) is not None:
        raise ledger_errors.AlreadyCarriedOut


def _earlier_are_over(payout_id: int) -> bool:
    """Whether no earlier attempt by the same vote can still pay; else this one fails, and nothing is sent.

    An operator may have called one failed too early, or somebody may have finished it on the provider's page since.
    Raises `TryAgain` when the provider gives no answer.
    """
    with db.session() as session:
        payout = session.get_one(Payout, payout_id)
        approval_id = session.get_one(Transaction, payout.transaction_id).approval_id
        earlier = session.scalars(_attempts(approval_id).where(Payout.state == "failed")).all()
    if payout.state != "reserved":
        return False
    for attempt in earlier:
        said = providers.by_name(attempt.provider).verify_payout(attempt.reference)
        if said.outcome is Outcome.UNKNOWN or said.reference not in (None, attempt.reference):
            raise outbox.TryAgain(f"the provider did not say what became of an earlier attempt: {said.status}")
        if said.outcome is Outcome.DECLINED or said.status == "not_found":
            continue
        log.error(
            "an earlier attempt of a payout is not over at the provider: nothing was sent",
            extra={"payout": payout_id, "reference": attempt.reference, "reason": said.status},
        )
        with db.session() as session:
            if paying.lock(session, payout_id).state == "reserved":  # Not when another worker has sent it by now.
                paying.fail(session, payout_id, "an earlier attempt is not over", clock.now())
            paying.settle(session, attempt.id, said, clock.now())
            session.commit()
        return False
    return True


def _float_covers(payout_id: int) -> bool:
    """Whether what lies at the provider is enough; else nothing is sent, and the sweep tries again.

    Where the provider does not say, it is sent: the provider itself refuses what it cannot pay. Raises `TryAgain` when
    the provider is away.
    """
    with db.session() as session:
        payout = session.get_one(Payout, payout_id)
        currency = session.get_one(Group, payout.group_id).currency
    needed = Money(payout.amount_minor + payout.fee_minor, currency)
    answer = providers.by_name(payout.provider).balances()
    there = next((balance for balance in answer.balances if balance.currency == currency), None)
    is_away = answer.outcome is Outcome.NOT_SENT
    if not is_away and (there is None or there.amount_minor >= needed.amount_minor):
        return True
    with db.session() as session:
        payout = paying.lock(session, payout_id)
        if payout.state == "reserved":
            payout.provider_status = answer.detail if is_away else FLOAT_TOO_LOW  # For whoever asks why it waits.
        session.commit()
    if is_away:
        raise outbox.TryAgain(f"the payout was not sent: {answer.detail}")
    log.error(
        "a payout waits, for too little lies at the provider: top the balance up there, it is sent by itself then",
        extra={"payout": payout_id, "provider": payout.provider, "balance": str(there), "needed": str(needed)},
    )
    return False


def _alarm_unsent(payout: Payout, at: datetime) -> None:
    """Once, about a payout that has waited for a day to be sent: the key is wrong, or the provider is away."""
    if payout.state != "reserved" or payout.alarmed_at is not None or at - payout.created_at < paying.HELD_AFTER:
        return
    payout.alarmed_at = at
    log.error(
        "a payout has not been sent for a day: see why, or call it failed",
        extra={"payout": payout.id, "reference": payout.reference, "reason": payout.provider_status},
    )


def _begin_transaction(
    session: Session, approval: Approval, provider: str, fee_minor: int, member_fee: int, at: datetime, cause: Cause
) -> Transaction:
    attempts = session.scalar(select(func.count()).where(Transaction.approval_id == approval.id)) or 0
    key = f"payout:{approval.id}:{attempts + 1}"
    if approval.kind == "loan":
        loan = session.scalars(select(Loan).where(Loan.approval_id == approval.id)).one()
        return loans.begin_disbursement(session, loan, provider, fee_minor, key, at, cause)
    group = session.get_one(Group, approval.group_id)
    amount = Money(approval.amount_minor or 0, group.currency)
    kind = "cash_out" if provider == CASH_BOX else "payout" if approval.kind == "payout" else "withdrawal"
    transaction = transactions.begin(
        session, group.id, kind, approval.user_id, amount, key, at, cause, approval.reason, approval.id
    )
    holds = [Leg("cash", amount.amount_minor + fee_minor, provider=provider)]
    if approval.kind != "payout":
        holds.append(Leg("savings", amount.amount_minor + member_fee, approval.user_id))
    transactions.reserve(session, group.id, transaction.id, holds, at, cause)
    return transaction


def _prepare(payout_id: int) -> tuple[PayoutOrder, Provider] | None:
    """The order, once its payout is marked as being sent; None when it is not to be sent (again)."""
    with db.session() as session:
        payout = session.get_one(Payout, payout_id)
        account = session.get_one(PayoutAccount, payout.account_id)
        group = session.get_one(Group, payout.group_id)
        if payout.state != "reserved":
            return None
    provider = providers.by_name(payout.provider)
    code = account.recipient_code or _make_recipient(payout, account, group.currency, provider)
    if code is None:
        return None
    with db.session() as session:
        payout = paying.lock(session, payout_id)
        if payout.state != "reserved":
            return None
        now = clock.now()
        payout.state, payout.submitted_at = "submitting", now
        payout.next_check_at = now + ASK_AFTER[0]
        transactions.mark_processing(session, payout.transaction_id)
        amount = Money(payout.amount_minor, group.currency)
        session.commit()
        details = _details(account, group.currency)
        return PayoutOrder(payout.reference, amount, code, group.name, details), provider


def _make_recipient(payout: Payout, account: PayoutAccount, currency: str, provider: Provider) -> str | None:
    """The provider's name for the account. None when it refuses the account, and so the payout has failed."""
    answer = provider.recipient(_details(account, currency))
    declined = answer.outcome is Outcome.DECLINED
    with db.session() as session:
        if answer.code is not None:
            session.get_one(PayoutAccount, account.id).recipient_code = answer.code
        elif declined:
            paying.fail(session, payout.id, "the account was refused", clock.now(), answer.detail)
        else:
            paying.lock(session, payout.id).provider_status = answer.detail  # For whoever asks why it waits.
        session.commit()
    if answer.code is None and not declined:
        raise outbox.TryAgain(f"the provider did not take the account: {answer.detail}")
    return answer.code


def _details(account: PayoutAccount, currency: str) -> AccountDetails:
    holder = account.holder or f"member {account.user_id}"
    return AccountDetails(paying.kind_of(account), account.bank_code, account.number, holder, currency)


def _take_answer(session: Session, payout_id: int, answer: PayoutAnswer, at: datetime) -> bool:
    """Writes what came of sending; True when it surely never left and must be sent again."""
    payout = paying.lock(session, payout_id)
    if payout.state != "submitting":
        return False  # A webhook was faster than this answer.
    payout.provider_status = answer.status
    payout.transfer_code = answer.transfer_code or payout.transfer_code
    if answer.outcome is Outcome.NOT_SENT:
        payout.state, payout.submitted_at = "reserved", None
        return True
    if answer.outcome is Outcome.DECLINED:
        paying.fail(session, payout_id, answer.status, at)
    elif answer.outcome is Outcome.UNKNOWN:
        payout.state = "unknown"
        log.warning("nobody knows whether a payout was taken: it is asked about", extra={"payout": payout_id})
    else:
        payout.state = "pending"
        if answer.outcome is Outcome.SUCCEEDED:
            outbox.put(session, "payments.verify_payout", {"payout": payout_id}, f"verify_payout:{payout_id}:sent")
    return False
