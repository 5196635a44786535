"""Codes by which people join a group: the start of its name, so they know it, and six characters nobody can guess."""

import re
import secrets

# Crockford's alphabet without vowels: no 0/O or 1/I/L to confuse, no accidental words.
ALPHABET = "23456789BCDFGHJKMNPQRSTVWXYZ"
LENGTH = 6


def new(group_name: str) -> str:
    """A fresh code like `UMOJA-7K3M9Q`; 28⁶ ≈ 480 million possibilities for the part that counts."""
    prefix = re.sub(r"[^A-Z]", "", group_name.upper())[:8] or "GROUP"
    return f"{prefix}-{''.join(secrets.choice(ALPHABET) for _ in range(LENGTH))}"


def is_well_formed(code: str) -> bool:
    """Whether the text is exactly such a code, of a group that may or may not exist."""
    return re.fullmatch(rf"[A-Z]{{1,8}}-[{ALPHABET}]{{{LENGTH}}}", code) is not None


def find(text: str) -> str | None:
    """The unguessable part of the code in `text`, however it was typed ("umoja 7k3m 9q" too); None without one."""
    words = re.findall("[A-Z0-9]+", text.upper())
    # Without vowels hardly any word looks like a code, so "UMOJA-7K3M9Q please" is no riddle.
    whole = [word for word in words if len(word) == LENGTH and set(word) <= set(ALPHABET)]
    if whole:
        return str(whole[-1])
    match = re.search(f"[{ALPHABET}]{{{LENGTH}}}$", "".join(words))
    return match.group() if match else None
