"""A new group: its name, its code, its currency."""

import re
from urllib.parse import quote

from bot.talk import Answer, GroupView, Talk
from core import phone
from core.settings import settings
from ledger import errors, groups
from ledger.models import OFFICERS, Group
from payments import routing
from payments.errors import UnsupportedCurrency

_CURRENCY_AT_END = re.compile(r"^(?P<name>.+?)\s+in\s+(?P<currency>[A-Za-z]{3})$")


def create(talk: Talk, rest: str) -> Answer:
    """`create Umoja`, `create Umoja in NGN`."""
    if not rest:
        return talk.ask("creating.name", talk.say("ask-group-name"))
    in_currency = _CURRENCY_AT_END.match(rest)
    wanted = in_currency["currency"].upper() if in_currency else None
    if wanted and not phone.is_tender(wanted):
        wanted = None
    name = _read_name(in_currency["name"] if in_currency and wanted else rest)
    if name is None:
        return talk.ask("creating.name", talk.say("group-name-unreadable"))
    made = groups.create(talk.session, talk.user(), name, talk.at, talk.cause)
    if wanted and wanted != made.currency:
        groups.change_currency(talk.session, made, wanted, talk.at, talk.cause)
    talk.group_id = made.id
    values = {"group": made.name, "currency": made.currency, "code": made.code, "link": join_link(made.code)}
    return Answer(talk.say("created", **values), media=_qr(talk, made.code))


def take_name(talk: Talk) -> Answer:
    """The answer to "what is the group's name?"."""
    return create(talk, talk.incoming.text.strip())


def code(talk: Talk, rest: str) -> Answer:
    """`code`: how others join, as text, link and QR picture."""
    group = talk.group()
    words = talk.say("code", group=group.name, code=group.code, link=join_link(group.code))
    return Answer(words, media=_qr(talk, group.code))


def currency(talk: Talk, rest: str) -> Answer:
    """`currency NGN`: for officers, as long as nothing was paid."""
    group = talk.group()
    wanted = rest.strip().upper()
    if not wanted:
        return talk.answer("currency-ask", group=group.name, currency=group.currency)
    if group.role not in OFFICERS:
        return talk.answer("only-officers", group=group.name, officers=_officers(talk, group))
    if not phone.is_tender(wanted):
        return talk.answer("currency-unknown")
    try:
        row = talk.session.get_one(Group, group.id)
        groups.change_currency(talk.session, row, wanted, talk.at, talk.cause)
    except errors.CurrencyFixed:
        return talk.answer("currency-fixed", group=group.name, currency=group.currency)
    try:
        routing.collector(group.country, wanted)
    except UnsupportedCurrency:
        return talk.answer("currency-changed-unsupported", group=group.name, currency=wanted)
    return talk.answer("currency-changed", group=group.name, currency=wanted)


def join_link(group_code: str) -> str:
    """A link that opens WhatsApp with the text "join CODE" ready to send."""
    number = settings().twilio_whatsapp_number.removeprefix("+")
    return f"https://wa.me/{number}?text={quote(f'join {group_code}')}"


def _qr(talk: Talk, group_code: str) -> tuple[str, ...]:
    return (f"{settings().public_base_url}/join/{group_code}.png",) if talk.channel == "whatsapp" else ()


def _officers(talk: Talk, group: GroupView) -> str:
    named = [member.name for member in groups.members(talk.session, group.id) if member.role in OFFICERS]
    return ", ".join(named)


def _read_name(text: str) -> str | None:
    # No dots: a name that looks like an address would become a link in the invitations of others.
    name = re.sub(r"\s+", " ", re.sub(r"[^\w\s&'’-]", " ", text)).strip(" -")
    return name if 2 <= len(name) <= 40 and sum(char.isalpha() for char in name) >= 2 else None
