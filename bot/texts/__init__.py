"""Every sentence a member reads, per language: its Fluent files and the words of commands.

Fluent, because a sentence with numbers and plurals stays one readable sentence for a translator. A message may carry
an attribute `.sms`: the shorter form for a phone that pays per segment. SMS texts leave here in GSM-7.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax.ast import Junk

from bot.channels import gsm7

FALLBACK = "en"
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as a value of another: it is put into words in the language and for the channel of the whole."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)


def say(language: str, channel: str, key: str, **values: Any) -> str:
    """The sentence `key` for this language and channel. Raises `KeyError` for a key or a value that is missing."""
    bundle = _bundle(spoken(language))
    for name, value in values.items():
        if isinstance(value, Sentence):
            values[name] = say(language, channel, value.key, **value.values)
    message = bundle.get_message(key)
    pattern = (message.attributes.get("sms") if channel == "sms" else None) or message.value
    if pattern is None:
        raise KeyError(key)
    text, problems = bundle.format_pattern(pattern, values)
    if problems or not isinstance(text, str):
        raise KeyError(f"{key}: {problems[:1]}")
    return gsm7.transliterated(text) if channel == "sms" else text


def spoken(language: str) -> str:
    """The language itself where there are sentences in it, English otherwise."""
    return language if (HERE / language / "messages.ftl").exists() else FALLBACK


@cache
def command_words(language: str) -> dict[str, list[str]]:
    """The words by which each command is known in a language."""
    folder = language if (HERE / language / "commands.toml").exists() else FALLBACK
    words: dict[str, list[str]] = tomllib.loads((HERE / folder / "commands.toml").read_text())["words"]
    return words


@cache
def _bundle(language: str) -> FluentBundle:
    bundle = FluentBundle([language], use_isolating=False)
    for path in sorted((HERE / language).glob("*.ftl")):
        resource = FluentResource(path.read_text())
        unreadable = [entry.content for entry in resource.body if isinstance(entry, Junk)]
        if unreadable:
            raise ValueError(f"{path.name} of {language!r} cannot be read from here on:\n{str(unreadable[0])[:200]}")
        bundle.add_resource(resource)
    return bundle
