"""What members are told about a payment without a page: what to dial, where to pay in, what became of it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bot import ballots, outgoing, payways
from bot.texts import Sentence
from core.db import Session
from core.money import Money
from ledger.models import Group, Transaction, User
from payments import charging
from payments.held import GIVEN_BACK
from payments.models import Checkout, Collection
from payments.ways import WITHOUT_INTERNET, Way

TELLS = frozenset({"ussd", "bank_transfer"})
"""Ways of which the member hears the details later, when a provider has given them."""
VOUCHER_CODE = "*110#"
PROMPT_LIVES = timedelta(minutes=3)
VERBS = {"repayment": "repay"}


def started(session: Session, checkout_id: int, at: datetime) -> None:
    """What the payer is to do now; nothing for a voucher that the first answer has asked for already."""
    checkout = session.get_one(Checkout, checkout_id)
    collection, transaction, group, payer = _facts(session, checkout.transaction_id)
    key = f"charge_started:{checkout_id}"
    if checkout.state != "open":
        return  # Paid or over meanwhile: what to do would only confuse.
    if checkout.action == "otp":
        if collection.network not in payways.ASKS_FOR_A_VOUCHER:
            asked = _about_a_voucher(session, checkout)
            outgoing.notify(session, payer.id, "otp-asked", asked, group_id=group.id, dedupe_key=key, at=at)
        return
    gross = str(Money(collection.gross_minor, transaction.currency))
    task = instructions(checkout, gross, group.time_zone, at, payer.language)
    if task is None:
        return
    amount = str(Money(transaction.amount_minor, transaction.currency))
    values: dict[str, str | Sentence] = {"group": group.name, "amount": amount, "task": task}
    outgoing.notify(session, payer.id, "charge-started", values, group_id=group.id, dedupe_key=key, at=at)


def instructions(checkout: Checkout | None, gross: str, time_zone: str, at: datetime, language: str) -> Sentence | None:
    """What to dial or where to pay in, with the amount; None as long as no provider has said."""
    told = (checkout.instructions if checkout is not None else None) or {}
    if told.get("code"):
        return Sentence("how-to-dial", {"dial": told["code"], "gross": gross})
    if told.get("number"):
        until = datetime.fromisoformat(told["until"]) if told.get("until") else None
        values = {
            "gross": gross,
            "bank": told.get("bank", ""),
            "digits": told["number"],
            "holder": told.get("holder") or "none",
            "until": "none" if until is None else _clock(until, time_zone, at, language),
        }
        return Sentence("how-to-transfer", values)
    return None


def otp_refused(session: Session, checkout_id: int, at: datetime) -> None:
    """The code was not the right one: nothing is lost, another one may be sent."""
    checkout = session.get_one(Checkout, checkout_id)
    _, _, group, payer = _facts(session, checkout.transaction_id)
    if checkout.state == "open":
        key = f"otp_refused:{checkout_id}:{at:%Y%m%d%H%M%S}"
        values = _about_a_voucher(session, checkout)
        outgoing.notify(session, payer.id, "otp-refused", values, group_id=group.id, dedupe_key=key, at=at)


def ended(session: Session, transaction_id: int, at: datetime) -> None:
    """A payment failed or was closed: why, that nothing was taken, and how to try again."""
    collection, transaction, group, payer = _facts(session, transaction_id)
    amount = Money(transaction.amount_minor, transaction.currency)
    values = {
        "kind": transaction.kind,
        "amount": str(amount),
        "group": group.name,
        "command": VERBS.get(transaction.kind, "contribute"),
        "plain": amount.plain,
    }
    key = f"ended:{transaction_id}"
    if transaction.state != "failed":
        outgoing.notify(session, payer.id, "payment-closed", values, group_id=group.id, dedupe_key=key, at=at)
        return
    if transaction.failure == GIVEN_BACK:
        outgoing.notify(session, payer.id, "payment-given-back", values, group_id=group.id, dedupe_key=key, at=at)
        return
    values["why"] = _why(session, collection, transaction, at)
    values["other"] = _other_way(session, collection, group, payer)
    outgoing.notify(session, payer.id, "payment-failed", values, group_id=group.id, dedupe_key=key, at=at)


def _why(session: Session, collection: Collection, transaction: Transaction, at: datetime) -> str:
    """unreachable, late or declined; "" where nothing more is known than that it did not go through."""
    if transaction.failure == charging.NOT_STARTED:
        return "unreachable"
    asked_at = session.scalar(
        select(Checkout.created_at)
        .where(Checkout.transaction_id == transaction.id)
        .order_by(Checkout.id.desc())
        .limit(1)
    )
    # Who refused and who never looked are one to the provider; after its three minutes "in time" is true of both.
    if collection.method == "mobile_money" and asked_at is not None and at - asked_at >= PROMPT_LIVES:
        return "late"
    return "declined"


def _other_way(session: Session, collection: Collection, group: Group, payer: User) -> str:
    """The word for another way to pay, "none" without: a link where there is internet, else what needs none."""
    others = [each for each in payways.offers(group, payer.phone) if each.way.method != collection.method]
    others = [each for each in others if each.way != payways.ACCOUNT]
    if outgoing.channel_of(session, payer.id) not in WITHOUT_INTERNET:
        others = [each for each in others if each.way.method == "checkout"]
    return others[0].word if others else "none"


def _about_a_voucher(session: Session, checkout: Checkout) -> dict[str, str]:
    collection, transaction, group, _ = _facts(session, checkout.transaction_id)
    way = Way(collection.method, collection.network)  # type: ignore[arg-type]  # held by the check constraint
    return {
        "group": group.name,
        "amount": str(Money(transaction.amount_minor, transaction.currency)),
        "wallet": payways.called(group, way),
        "dial": VOUCHER_CODE if collection.network in payways.ASKS_FOR_A_VOUCHER else "none",
    }


def _clock(until: datetime, time_zone: str, at: datetime, language: str) -> str:
    """ "14:30" today, "Fri 27 Nov 14:30" on another day."""
    zone = ZoneInfo(time_zone)
    local = until.astimezone(zone)
    today = local.date() == at.astimezone(zone).date()
    return f"{local:%H:%M}" if today else ballots.moment(until, time_zone, language)


def _facts(session: Session, transaction_id: int) -> tuple[Collection, Transaction, Group, User]:
    row = session.execute(
        select(Collection, Transaction, Group, User)
        .join(Transaction, Transaction.id == Collection.transaction_id)
        .join(Group, Group.id == Collection.group_id)
        .join(User, User.id == Transaction.user_id)
        .where(Transaction.id == transaction_id)
    ).one()
    return row[0], row[1], row[2], row[3]
