"""Where a member wants their money: `payout account`, shown masked, changed with a code and a day of waiting."""

import re

from bot import ballots, examples
from bot.models import Challenge
from bot.talk import Answer, Talk
from core import outbox
from ledger.models import Group
from payments import accounts, deciding, errors, routing


def payout_account(talk: Talk, rest: str) -> Answer:
    """`payout account`, `payout account mpesa`, `payout account gtbank 0123456789`, `payout account stop`."""
    said = rest.strip(" .:")
    if said.casefold() in ("stop", "no", "wrong"):
        return _stop(talk)
    if not said:
        return _show(talk)
    group = talk.group()
    bank, number = _split(said)
    try:
        accounts.propose(talk.session, talk.session.get_one(Group, group.id), talk.user(), bank, number, talk.at)
    except errors.UnsupportedCurrency:
        return talk.answer("payout-no-currency", currency=group.currency)
    except errors.UnreadableAccount:
        return talk.answer("account-unreadable", example=examples.account(group.currency))
    except errors.TooManyAccounts:
        return talk.answer("account-too-many")
    return talk.answer("account-checking")


def answered(talk: Talk, challenge: Challenge, says_yes: bool) -> Answer:
    """The answer to "is that right?"."""
    group = talk.session.get_one(Group, challenge.group_id)
    if not says_yes:
        accounts.refuse(talk.session, challenge.subject_id)
        return talk.answer("account-refused", example=examples.account(group.currency))
    account = deciding.confirm_account(talk.session, challenge.subject_id, talk.at, talk.cause)
    if account is None or account.usable_from is None:
        return talk.answer("answered-before")
    until = ballots.moment(account.usable_from, group.time_zone, talk.language)
    return talk.answer("account-confirmed", account=accounts.shown(account), until=until)


def _show(talk: Talk) -> Answer:
    group = talk.group()
    try:
        routing.payer_out(group.country, group.currency)
    except errors.UnsupportedCurrency:
        return talk.answer("payout-no-currency", currency=group.currency)
    now = accounts.current(talk.session, group.id, talk.user_id, talk.at)
    coming = accounts.coming(talk.session, group.id, talk.user_id, talk.at)
    values = {"group": group.name, "example": examples.account(group.currency)}
    if coming is not None and coming.usable_from is not None:
        until = ballots.moment(coming.usable_from, group.time_zone, talk.language)
        shown = accounts.shown(now) if now else "none"
        return talk.answer(
            "account-shown-coming", group=group.name, now=shown, account=accounts.shown(coming), until=until
        )
    if now is not None:
        return talk.answer("account-shown", account=accounts.shown(now), **values)
    return talk.answer("account-none", **values)


def _stop(talk: Talk) -> Answer:
    group = talk.group()
    stopped = accounts.stop(talk.session, group.id, talk.user_id, talk.at, talk.cause)
    if stopped is None:
        return talk.answer("account-stop-none")
    outbox.put(talk.session, "bot.account_stopped", {"account": stopped.id}, f"account_stopped:{stopped.id}")
    now = accounts.current(talk.session, group.id, talk.user_id, talk.at)
    shown = accounts.shown(now) if now else "none"
    return talk.answer("account-stopped", account=accounts.shown(stopped), now=shown)


def _split(said: str) -> tuple[str, str]:
    """The bank's name and the number, in either order: "gtbank 0123456789", "0712 345 678 mpesa"."""
    digits = re.search(r"\+?\d[\d\s-]{5,}\d|\+?\d{6,}", said)
    if digits is None:
        return said, ""
    name = (said[: digits.start()] + " " + said[digits.end() :]).strip(" ,.:;-")
    return name, digits[0].strip()
