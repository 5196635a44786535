"""A member's own account number: asked for, told, and what is said when no provider opens one."""

from datetime import datetime

from bot import outgoing
from bot.talk import Answer, GroupView, Talk
from bot.texts import Sentence
from core.db import Session
from ledger.models import Group
from payments import errors, standing
from payments.models import StandingAccount


def tell(talk: Talk, view: Group | GroupView) -> Answer:
    """The member's number in this group, or that it is on its way."""
    try:
        account = standing.ask(talk.session, view.id, talk.user_id, talk.at)
    except errors.UnsupportedCurrency:
        return talk.answer("account-number-not-here", group=view.name)
    if account.state != "open":
        return talk.answer("account-number-asked", group=view.name)
    group = talk.session.get_one(Group, view.id)
    return talk.answer("account-number", **_values(group, account))


def answered(session: Session, account_id: int, at: datetime) -> None:
    """The member hears their number, or what to do instead."""
    account = session.get_one(StandingAccount, account_id)
    group = session.get_one(Group, account.group_id)
    key = f"standing_answered:{account_id}:{account.state}:{at:%Y%m%d%H%M}"
    if account.state == "open":
        values = _values(group, account)
        outgoing.notify(session, account.user_id, "account-number", values, group_id=group.id, dedupe_key=key, at=at)
    elif account.state == "refused":
        refused = {"group": group.name}
        outgoing.notify(
            session, account.user_id, "account-number-refused", refused, group_id=group.id, dedupe_key=key, at=at
        )


def _values(group: Group, account: StandingAccount) -> dict[str, str | Sentence]:
    return {
        "group": group.name,
        "bank": account.bank or "",
        "digits": account.number or "",
        "holder": account.holder or "none",
        "bearer": group.fee_bearer,
    }
