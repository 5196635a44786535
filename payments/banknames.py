"""Which bank a member means: by its full name, how people shorten it, its initials, or a small slip of the thumb."""

from collections.abc import Sequence

from rapidfuzz import fuzz, process

from payments.provider import Bank

NEAR = 85
# What people say where neither the name nor its initials help.
NICKNAMES = {
    "gtbank": "guaranty trust bank",
    "gtco": "guaranty trust bank",
    "coop": "co-operative bank",
    "stanchart": "standard chartered",
    "vodafone": "telecel cash",
    "vodafonecash": "telecel cash",
    "vodacash": "telecel cash",
    "airteltigo": "at money",
    "tigo": "at money",
    "momo": "mtn",
    "safaricom": "mpesa",
    "mtnmomo": "mtn",
}
EMPTY_WORDS = frozenset({"bank", "plc", "limited", "ltd", "of", "for", "the", "account"})


def find(banks: Sequence[Bank], said: str) -> Bank | None:
    """The bank that is meant, unless none or several fit."""
    wanted = _words(said)
    wanted = _words(NICKNAMES.get("".join(wanted)) or " ".join(wanted))
    for fits in (_is, _is_in_short, _begins, _has_initials, _has_words):
        fitting = [bank for bank in banks if fits(_words(bank.name), wanted)]
        if fitting:
            return fitting[0] if len(fitting) == 1 else None
    names = [" ".join(_words(bank.name)) for bank in banks]
    near = process.extract(" ".join(wanted), names, scorer=fuzz.ratio, score_cutoff=NEAR, limit=2)
    return banks[near[0][2]] if len(near) == 1 else None


def _is(name: list[str], said: list[str]) -> bool:
    return "".join(name) == "".join(said)


def _is_in_short(name: list[str], said: list[str]) -> bool:
    """So "access" is Access Bank, and not Access Bank (Diamond)."""
    return _telling(name) == _telling(said) != []


def _begins(name: list[str], said: list[str]) -> bool:
    """So "first bank" begins "First Bank of Nigeria", also written together."""
    return bool(said) and "".join(name).startswith("".join(said)) and len("".join(said)) >= 3


def _has_initials(name: list[str], said: list[str]) -> bool:
    """So "uba" is the United Bank for Africa, "kcb bank" the Kenya Commercial Bank."""
    telling = [word for word in name if word not in ("of", "for", "the", "plc", "limited", "ltd")]
    initials = "".join(word[0] for word in telling)
    return len(said[0]) >= 3 and initials == said[0] if said else False


def _has_words(name: list[str], said: list[str]) -> bool:
    """Every word that tells something stands in the name: "ibtc", "union bank nigeria"."""
    telling = _telling(said)
    return bool(telling) and all(word in name for word in telling)


def _telling(words: list[str]) -> list[str]:
    return [word for word in words if word not in EMPTY_WORDS]


def _words(text: str) -> list[str]:
    kept = "".join(char if char.isalnum() else "" if char in "-'." else " " for char in text.casefold())
    return kept.split()
