"""The vocabulary of the tests about decisions: a group with savings, accounts that may be used, ballots that arrive."""

import itertools
import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from bot import announcing_votes
from bot.models import Challenge, Notification
from core import db
from core.money import Money
from core.outbox import OutboxRow
from ledger import contributions
from ledger.audit import Cause
from ledger.models import Approval, Group, Membership
from payments.models import PayoutAccount
from tests.bot.actors import Talker


@dataclass
class Circle:
    """A group of talkers; the first one founded it."""

    session: db.Session
    members: list[Talker]

    def __getitem__(self, place: int) -> Talker:
        return self.members[place]

    @property
    def group(self) -> Group:
        return self.session.scalars(
            select(Group).join(Membership).where(Membership.user_id == self[0].row().id).order_by(Group.id)
        ).first()  # type: ignore[return-value]

    def save(self, *amounts: str) -> None:
        """What each member in turn has paid in through the provider, in major units."""
        for talker, amount in zip(self.members, amounts, strict=False):
            money = Money.of_major(Decimal(amount), self.group.currency)
            if money.amount_minor:
                pays_in(talker, self.group, money)

    def rule(self, **values: Any) -> None:
        group = self.group
        for name, value in values.items():
            setattr(group, name, value)
        self.session.flush()

    def votes(self) -> list[Approval]:
        found = select(Approval).where(Approval.group_id == self.group.id).order_by(Approval.id)
        return list(self.session.scalars(found, execution_options={"populate_existing": True}))

    def announced(self) -> None:
        """Does what the outbox has for the members of the group, as a worker would."""
        waiting = select(OutboxRow).where(OutboxRow.kind.in_(ANNOUNCED), OutboxRow.state == "pending")
        for row in self.session.scalars(waiting.order_by(OutboxRow.id)).all():
            at, payload = max(talker.at for talker in self.members), row.payload
            if payload.get("group", self.group.id) == self.group.id:
                ANNOUNCED[row.kind](self.session, payload, at)
                row.state = "done"
        self.session.flush()

    def heard(self, talker: Talker) -> list[str]:
        """What this member was told by us, besides answers."""
        found = select(Notification.body).where(Notification.user_id == talker.row().id).order_by(Notification.id)
        return list(self.session.scalars(found))

    def orders(self, kind: str) -> list[dict[str, Any]]:
        found = select(OutboxRow.payload).where(OutboxRow.kind == kind).order_by(OutboxRow.id)
        return list(self.session.scalars(found))


_numbers = itertools.count(1)

ANNOUNCED = {
    "bot.vote_opened": lambda s, p, at: announcing_votes.opened(s, p["group"], p["approval"], at),
    "bot.vote_ended": lambda s, p, at: announcing_votes.ended(s, p["group"], p["approval"], p["result"], at),
    "bot.account_checked": lambda s, p, at: announcing_votes.account_checked(s, p["account"], p["problem"], at),
    "bot.account_changed": lambda s, p, at: announcing_votes.account_changed(s, p["account"], at),
}


def a_circle(session: db.Session, *channels: str, country: str = "KE") -> Circle:
    """A group with a member for each channel: Ama, Baraka, Chidi, Dede, Efua."""
    names = ("Ama", "Baraka", "Chidi", "Dede", "Efua", "Faraja", "Grace")
    founder = Talker(session, channels[0]).is_known(names[0])
    code = founder.founds("Umoja")
    members = [founder]
    for name, channel in zip(names[1:], channels[1:], strict=False):
        talker = Talker(session, channel)
        talker.says(f"join {code}").says(name).expects("Welcome to")
        members.append(talker)
    return Circle(session, members)


def pays_in(talker: Talker, group: Group, money: Money) -> None:
    cause = Cause(talker.row().id, "paystack", "gw-1")
    key = f"in:{next(_numbers)}"
    wish = contributions.begin(talker.session, group.id, talker.row().id, money, key, talker.at, cause)
    contributions.complete(talker.session, wish, "paystack", money.amount_minor, 0, talker.at, cause)
    talker.session.flush()


def has_account(talker: Talker, group: Group, **values: Any) -> PayoutAccount:
    """The member's payout account, usable since yesterday."""
    account = PayoutAccount(
        **{
            "group_id": group.id,
            "user_id": talker.row().id,
            "provider": "paystack",
            "kind": "mobile_money",
            "bank_code": "MPESA",
            "bank_name": "M-PESA",
            "number": talker.phone,
            "holder": None,
            "tail": (talker.phone or "")[-3:],
            "state": "confirmed",
            "created_at": talker.at - timedelta(days=3),
            "usable_from": talker.at - timedelta(days=2),
        }
        | values
    )
    talker.session.add(account)
    talker.session.flush()
    return account


def code_of(talker: Talker, kind: str = "ballot") -> str:
    """The code of the newest thing that the member was asked."""
    found = select(Challenge.code).where(Challenge.user_id == talker.row().id, Challenge.kind == kind)
    return talker.session.scalars(found.order_by(Challenge.id.desc())).first() or ""


def token_of(talker: Talker) -> str:
    found = select(Challenge.token).where(Challenge.user_id == talker.row().id)
    return talker.session.scalars(found.order_by(Challenge.id.desc())).first() or ""


def confirm_code(talker: Talker) -> str:
    """The code in the last reply: "Reply 4821 for yes"."""
    found = re.search(r"(?:Reply|figures) (\d{4})", talker.reply)
    assert found, f"no code in {talker.reply!r}"
    return found[1]
