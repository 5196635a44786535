"""What a text asks for. Exact words go on, a near miss is only ever a question when money is concerned."""

import re
from dataclasses import dataclass
from functools import cache

from rapidfuzz import fuzz, process

from bot import texts

NEAR = 80
MONEY_COMMANDS = frozenset({"contribute", "withdraw", "borrow", "repay", "cash", "leave", "remove"})
# "Reply" is how our own messages begin: it stands before whatever is copied from them.
POLITE = ("please", "pls", "plz", "kindly", "reply")


@dataclass(frozen=True, slots=True)
class Understood:
    """`command` is None when nothing fits; `sure` is False for a guess from a typo; `rest` is what stood behind it."""

    command: str | None
    rest: str = ""
    sure: bool = True


def read(text: str, language: str) -> Understood:
    """The command at the start of a text. Words that only appear later never start one ("don't contribute")."""
    cleaned = _without_politeness(re.sub(r"\s+", " ", text).strip())
    if not cleaned:
        return Understood(None)
    phrases = _phrases(language)
    for length in (3, 2, 1):
        phrase, rest = _split(cleaned, length)
        if phrase in phrases:
            return Understood(phrases[phrase], rest)
    word, rest = _split(cleaned, 1)
    glued = re.fullmatch(r"([^\W\d_]{3,})(\d.*)", word)
    if glued and glued[1] in phrases:  # "contribute5000"
        return Understood(phrases[glued[1]], f"{glued[2]} {rest}".strip())
    if len(word) >= 4 and word.isalpha():
        found = process.extractOne(word, _single_words(language), scorer=fuzz.ratio, score_cutoff=NEAR)
        if found is not None:
            return Understood(phrases[found[0]], rest, sure=False)
    return Understood(None)


def _without_politeness(text: str) -> str:
    first, _, rest = text.partition(" ")
    return _without_politeness(rest) if rest and first.lower().strip(",.!") in POLITE else text


def _split(text: str, words: int) -> tuple[str, str]:
    """The first words in lower case without punctuation around them, and the rest as it was written."""
    parts = text.split(" ", words)
    head = " ".join(parts[:words]).casefold().strip("*_.,!?:;'\"“”‘’")
    return head or text[:1], " ".join(parts[words:]).strip()


@cache
def _phrases(language: str) -> dict[str, str]:
    return {word: command for command, words in texts.command_words(language).items() for word in words}


@cache
def _single_words(language: str) -> list[str]:
    return [word for word in _phrases(language) if len(word) >= 4 and word.isalpha()]
