"""Ways to pay as members say them: "by mpesa", "ussd gtbank", "link"; and which ones a member can be offered.

A prompt goes only to the member's own phone, so wallets are offered to whom it can reach. Nothing here guesses: what
names no way that is offered is answered with those that are.
"""

import re
from dataclasses import dataclass

from bot.talk import GroupView, Talk
from bot.texts import Sentence
from core import phone
from ledger.models import Group
from payments import routing, ways
from payments.provider import Method
from payments.ways import LINK, Way

# What is easiest on a phone comes first; a link needs the internet.
ORDER: tuple[Method, ...] = ("mobile_money", "bank_transfer", "standing_account", "ussd", "checkout")
ACCOUNT, TRANSFER = Way("standing_account"), Way("bank_transfer")
ASKS_FOR_A_VOUCHER = frozenset({"telecel"})
"""Wallets whose payer dials for a voucher first and tells it to us."""

CASH = frozenset({"cash", "in cash", "hand", "by hand"})
PLAIN = {
    LINK: ("link", "a link", "page", "card", "checkout", "web", "internet", "online"),
    TRANSFER: ("transfer", "bank transfer", "bank"),
    ACCOUNT: ("account", "own account", "account number", "own account number", "standing account"),
}
OWN_WALLET = frozenset({"mobile money", "momo", "wallet", "phone", "prompt", "pin", "cash wallet"})
WALLETS = {
    "mpesa": "mpesa", "m pesa": "mpesa", "safaricom": "mpesa", "lipa na mpesa": "mpesa",
    "mtn": "mtn", "mtn momo": "mtn", "mtn mobile money": "mtn",
    "telecel": "telecel", "telecel cash": "telecel", "vodafone": "telecel", "vodafone cash": "telecel",
    "voda": "telecel", "vodacash": "telecel",
    "at": "at", "at money": "at", "airteltigo": "at", "airtel tigo": "at", "airteltigo money": "at", "airtel": "at",
    "tigo": "at",
}  # fmt: skip
BANKS = {
    "gtb": "gtbank", "gt": "gtbank", "gt bank": "gtbank", "guaranty trust": "gtbank", "737": "gtbank",
    "919": "uba", "822": "sterling", "966": "zenith", "first bank": "firstbank",
}  # fmt: skip
CODE_WORDS = ("ussd", "code", "dial", "bank")

_BY = re.compile(r"(?:^|\s)(?P<how>by|via|through|using|with)\s+(?P<way>\S.*)$", re.I | re.S)
_AMOUNT_LAST = re.compile(r"^(?P<way>\D.*?)\s+(?P<amount>\d\S*)$", re.S)
_LITTLE_WORDS = re.compile(r"\b(?:my|the|a|an|please|pls|plz|thanks|now|this time|once)\b")


@dataclass(frozen=True, slots=True)
class Offer:
    """A way that a member can take: what it is called, and the word that chooses it."""

    way: Way
    label: Sentence
    word: str


def split(rest: str) -> tuple[str, str | None]:
    """("500", "mpesa") of "500 by mpesa" or "by mpesa 500"; the way is None where none is named.

    "with" names one only where a known way follows: "500 with love" is a greeting.
    """
    found = _BY.search(rest)
    if found is None or (found["how"].casefold() == "with" and not names_a_way(found["way"])):
        return rest, None
    before, way = rest[: found.start()].strip(), found["way"].strip()
    turned = _AMOUNT_LAST.match(way)
    if not before and turned:
        before, way = turned["amount"], turned["way"]
    return before, way


def names_a_way(said: str) -> bool:
    """Whether these words name a way to pay anywhere at all."""
    word = _plain(said)
    known = {*OWN_WALLET, *WALLETS, *BANKS, *BANKS.values(), *(each for words in PLAIN.values() for each in words)}
    return _without_code_words(word) in known | {""} or word in known


def read(said: str, group: Group | GroupView, number: str | None) -> Way | None:
    """The way that is meant in the group's country; None for anything that nobody understands.

    A code without its bank is `Way("ussd", None)`; `number` (E.164) tells which wallet "mobile money" is.
    """
    word = _plain(said)
    for way, words in PLAIN.items():
        if word in words:
            return way
    wallets = ways.networks(group.country, group.currency, "mobile_money")
    if word in OWN_WALLET:
        own = ways.wallet_of(number) if number else None
        return Way("mobile_money", own if own in wallets else next(iter(wallets), None))
    if (wallet := WALLETS.get(word, word)) in wallets or word in WALLETS:
        return Way("mobile_money", wallet)
    banks = ways.networks(group.country, group.currency, "ussd")
    bank = _without_code_words(word)
    if not bank:
        return Way("ussd")
    named = {name.casefold(): code for code, name in banks.items()} | {code: code for code in banks}
    code = BANKS.get(bank) or named.get(bank) or named.get(f"{bank} bank")
    return Way("ussd", code) if code else None


def offers(group: Group | GroupView, number: str | None) -> list[Offer]:
    """Every way in which this member can pay in the group, the easiest first; `number` is their phone (E.164)."""
    found = []
    own = ways.wallet_of(number) if number else None
    offered = routing.methods(group.country, group.currency)
    for method in (each for each in ORDER if each in offered and _reaches(each, group, number)):
        names = ways.networks(group.country, group.currency, method)
        found += [Way(method, code) for code in sorted(names, key=lambda code: code != own)] or [Way(method)]
    return [offer(group, way) for way in found]


def offer(group: Group | GroupView, way: Way) -> Offer:
    """A way with its name and its word."""
    name = called(group, way)
    word = way.network or {"checkout": "link", "bank_transfer": "transfer", "standing_account": "account"}.get(
        way.method, "ussd"
    )
    return Offer(way, Sentence(f"way-{way.method}", {"wallet": name}), word)


def called(group: Group | GroupView, way: Way) -> str:
    """What people call the wallet or the bank of a way; "" where it has none."""
    return ways.networks(group.country, group.currency, way.method).get(way.network or "", "")


def reaches(way: Way, talk: Talk, group: Group | GroupView) -> bool:
    """Whether the member's own phone can be asked that way."""
    return _reaches(way.method, group, talk.phone)


def _reaches(method: Method, group: Group | GroupView, number: str | None) -> bool:
    return method != "mobile_money" or (number is not None and phone.country(number) == group.country)


def _plain(said: str) -> str:
    words = re.sub(r"[^\w\s]", " ", said.casefold().replace("m-pesa", "mpesa"))
    return " ".join(_LITTLE_WORDS.sub(" ", words).split())


def _without_code_words(word: str) -> str:
    """ "gtbank" of "ussd gtbank" or "gtbank code"; "" of "ussd"."""
    kept = [each for each in word.split() if each not in CODE_WORDS]
    return " ".join(kept)
