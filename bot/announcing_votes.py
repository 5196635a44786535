"""What members hear about votes and about money that goes out: ballots, reminders, results, payouts, accounts."""

from datetime import datetime, timedelta
from typing import Any

from bot import announcing_loans, ballots, challenges, examples, outgoing
from bot.texts import Sentence
from core.db import Session
from core.money import Money
from ledger import approvals, groups, reading, receipts
from ledger.legs import CASH_BOX
from ledger.models import Approval, Group, Loan, Transaction, User
from ledger.names import brief
from payments import accounts
from payments.models import PayoutAccount

ACCOUNT_ASKED_FOR = timedelta(days=2)
# What stands in the way of carrying something out, as far as there are words for it.
PROBLEMS = (
    "insufficient_funds", "not_enough_cash", "already_carried_out", "not_voted", "not_a_member", "last_chair",
    "stands_for_others", "money_under_way", "still_owes", "stale_version", "subject_changed",
    "above_savings_limit", "no_loan",
)  # fmt: skip


def opened(session: Session, group_id: int, approval_id: int, at: datetime) -> None:
    """A ballot to everybody who has not voted yet, on their own channel, with their own code."""
    _to_the_silent(session, group_id, approval_id, "ballot", at)


def reminder(session: Session, group_id: int, approval_id: int, at: datetime) -> None:
    """Once more to those who are still silent."""
    _to_the_silent(session, group_id, approval_id, "ballot-reminder", at)


def ended(session: Session, group_id: int, approval_id: int, result: str, at: datetime) -> None:
    """The result, to everybody: also who did not vote may know how the group decided.

    Of money that is on its way only whoever asked hears now; everybody hears when it has arrived. Who took their
    question back knows it.
    """
    approval, group = _approval(session, group_id, approval_id)
    challenges.cancel(session, "ballot", approval_id)
    hearing = {member.user_id for member in groups.members(session, group_id)} | {approval.asked_by}
    if result == "under_way":
        hearing = {approval.asked_by} - _told_of_cash(session, approval)
    elif approval.state == "withdrawn":
        hearing -= {approval.asked_by}
    values = ballots.tally(approval) | {
        "group": group.name,
        "what": ballots.short(approval),
        "state": approval.state,
        "asker": brief(groups.names(session, [approval.asked_by]).get(approval.asked_by, "?")),
        "why": approval.ended_why or "votes",
        "result": _shown_result(approval, result),
        "problem": problem(result),
    }
    for user_id in sorted(hearing):
        key = f"vote_ended:{approval_id}:{user_id}"
        outgoing.notify(session, user_id, "vote-ended", values, group_id=group_id, dedupe_key=key, at=at)


def paid_out(session: Session, transaction_id: int, at: datetime) -> None:
    """Everybody hears what was paid to whom, where it went, and that the group had voted for it."""
    transaction, approval, group, values = _payout(session, transaction_id)
    receipt = receipts.of_transaction(session, group.id, transaction_id)
    if receipt is None:
        raise LookupError(f"transaction {transaction_id} has no receipt")
    total = reading.balances(session, group.id, transaction.user_id or 0, group.currency).group
    values |= ballots.tally(approval) | {
        "kind": approval.kind,
        "total": str(total),
        "number": f"R-{receipt.number}",
        "seal": receipt.seal.short,
    }
    for member in groups.members(session, group.id):
        key = f"paid_out:{transaction_id}:{member.user_id}"
        outgoing.notify(session, member.user_id, "paid-out", values, group_id=group.id, dedupe_key=key, at=at)
    if approval.kind == "loan":
        announcing_loans.started(session, session.get_one(Loan, approval.details["loan"]), at)


def payout_failed(session: Session, transaction_id: int, at: datetime) -> None:
    """Whoever asked and the officers hear that the money did not arrive, that it is safe, and what to do.

    What came back after it was paid everybody hears, as they heard that it was paid.
    """
    transaction, approval, group, values = _payout(session, transaction_id)
    returned = transaction.state == "reversed"
    everybody = [member.user_id for member in groups.members(session, group.id)] if returned else []
    for user_id in sorted({approval.asked_by, *groups.officers(session, group.id), *everybody}):
        outgoing.notify(
            session,
            user_id,
            "payout-returned" if returned else "payout-failed",
            values,
            group_id=group.id,
            dedupe_key=f"payout_failed:{transaction_id}:{transaction.state}:{user_id}",
            at=at,
        )


def cash_due(session: Session, transaction_id: int, at: datetime) -> None:
    """The officers hear what is to be handed over from the box, and the payee that it is coming."""
    transaction, approval, group, values = _payout(session, transaction_id)
    payee: int = approval.details.get("payee") or transaction.user_id or 0
    values |= {"plain": Money(transaction.amount_minor, group.currency).plain}
    for user_id in sorted({payee, *groups.officers(session, group.id)}):
        outgoing.notify(
            session,
            user_id,
            "cash-due-payee" if user_id == payee else "cash-due-officer",
            values,
            group_id=group.id,
            dedupe_key=f"cash_due:{transaction_id}:{user_id}",
            at=at,
        )


def account_checked(session: Session, account_id: int, problem_code: str | None, at: datetime) -> None:
    """The member is asked whether the account is right, or hears why it cannot be one."""
    account = session.get_one(PayoutAccount, account_id)
    group = session.get_one(Group, account.group_id)
    values: dict[str, Any] = {
        "group": group.name,
        "bank": account.bank_name,
        "example": examples.account(group.currency),
    }
    key = f"account_checked:{account_id}"
    if problem_code is not None:
        outgoing.notify(
            session, account.user_id, f"account-{problem_code}", values, group_id=group.id, dedupe_key=key, at=at
        )
        return
    until = at + ACCOUNT_ASKED_FOR
    asked = challenges.issue(session, account.user_id, group.id, "payout_account", account_id, until, at)
    if asked is None:
        return
    # Where no bank names the holder, the figures are all there is to check: the member sees them in full, once.
    shown = accounts.shown(account) if account.holder else f"{account.bank_name} {account.number}"
    values |= {"account": shown, "figures": asked.code}
    outgoing.notify(
        session, account.user_id, "account-ask", values,
        group_id=group.id, dedupe_key=key, at=at, buttons=challenges.buttons(asked),
    )  # fmt: skip


def account_changed(session: Session, account_id: int, at: datetime) -> None:
    """Everybody hears of a new account, and the member on every other channel they have: it may not have been them."""
    account = session.get_one(PayoutAccount, account_id)
    group = session.get_one(Group, account.group_id)
    if account.usable_from is None:
        return  # Stopped before anybody heard of it.
    values = {
        "group": group.name,
        "name": groups.names(session, [account.user_id]).get(account.user_id, "?"),
        "account": accounts.shown(account),
    }
    for member in groups.members(session, group.id):
        own = member.user_id == account.user_id
        language = session.get_one(User, member.user_id).language
        outgoing.notify(
            session,
            member.user_id,
            "account-changed-own" if own else "account-changed",
            values | {"until": ballots.moment(account.usable_from, group.time_zone, language)},
            group_id=group.id,
            dedupe_key=f"account_changed:{account_id}:{member.user_id}",
            at=at,
            known_since=account.usable_from - accounts.WAIT if own else None,
        )


def account_stopped(session: Session, account_id: int, at: datetime) -> None:
    """Everybody hears that a change was stopped."""
    account = session.get_one(PayoutAccount, account_id)
    group = session.get_one(Group, account.group_id)
    name = groups.names(session, [account.user_id]).get(account.user_id, "?")
    values = {"group": group.name, "name": name, "account": accounts.shown(account)}
    for member in groups.members(session, group.id):
        if member.user_id != account.user_id:
            key = f"account_stopped:{account_id}:{member.user_id}"
            outgoing.notify(
                session, member.user_id, "account-stopped-note", values, group_id=group.id, dedupe_key=key, at=at
            )


def problem(result: str) -> Sentence:
    """Why something that was decided cannot be carried out now."""
    return Sentence(f"problem-{result if result in PROBLEMS else 'other'}")


def _shown_result(approval: Approval, result: str) -> str:
    """done, under_way, by_hand for cash; stuck when it can be tried again, undone when it has to be asked anew."""
    if result == "under_way" and approval.destination == CASH_BOX:
        return "by_hand"
    if result in ("", "done", "under_way"):
        return result or "done"
    may_be_tried = approval.kind in approvals.PAYING_SUBJECTS and approval.amount_minor is not None
    return "stuck" if may_be_tried and result != "subject_changed" else "undone"


def _told_of_cash(session: Session, approval: Approval) -> set[int]:
    """Who hears all of it from `cash_due`: that the group has decided, and what follows. Of a removal, nobody."""
    if approval.destination != CASH_BOX or approval.kind == "removal":
        return set()
    return {approval.details.get("payee") or approval.user_id or 0, *groups.officers(session, approval.group_id)}


def _to_the_silent(session: Session, group_id: int, approval_id: int, words: str, at: datetime) -> None:
    approval, group = _approval(session, group_id, approval_id)
    if approval.state != "open":
        return
    members = {member.user_id for member in groups.members(session, group_id)}
    for user_id in approvals.silent(session, group_id, approval_id):
        if user_id not in members:
            continue
        asked = challenges.issue(session, user_id, group_id, "ballot", approval_id, approval.closes_at, at)
        if asked is None:
            continue
        language = session.get_one(User, user_id).language
        values = {
            "group": group.name,
            "question": ballots.question(approval),
            "figures": asked.code,
            "until": ballots.moment(approval.closes_at, group.time_zone, language),
        }
        outgoing.notify(
            session,
            user_id,
            words,
            values,
            group_id=group_id,
            dedupe_key=f"{words}:{approval_id}:{user_id}",
            at=at,
            buttons=challenges.buttons(asked),
        )


def _approval(session: Session, group_id: int, approval_id: int) -> tuple[Approval, Group]:
    approval = approvals.find(session, group_id, approval_id)
    if approval is None:
        raise LookupError(f"there is no approval {approval_id} in group {group_id}")
    return approval, session.get_one(Group, group_id)


def _payout(session: Session, transaction_id: int) -> tuple[Transaction, Approval, Group, dict[str, Any]]:
    """The transaction, the vote behind it, its group, and what a message about it says."""
    transaction = session.get_one(Transaction, transaction_id)
    approval, group = _approval(session, transaction.group_id, transaction.approval_id or 0)
    account = accounts.of_destination(session, group.id, approval.destination)
    payee: int = approval.details.get("payee") or transaction.user_id or 0
    names = groups.names(session, [payee, approval.asked_by])
    values = {
        "group": group.name,
        "amount": str(Money(transaction.amount_minor, group.currency)),
        "payee": brief(names.get(payee, "?")),
        "asker": brief(names.get(approval.asked_by, "?")),
        "account": accounts.masked(account) if account else "cash",
        "reason": approval.reason or "",
    }
    return transaction, approval, group, values
